"""Looking up: values, or rows of a table, by tensors of indices along one axis. 0 MACs."""

from typing import ClassVar, Literal

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Kind, Layer, PositiveInt, Real, Shape, show
from cnnshape.layers.axis import Axis, axis_of
from cnnshape.layers.shape import Flow
from cnnshape.layers.size import Number


class Looked(Layer):
    """Values looked up along one axis by a tensor of indices, which is the second operand."""

    in_files: ClassVar = False
    arity: ClassVar = (2, 2)

    def axis(self, x: Shape) -> int:
        return axis_of(vars(self)["dim"], x or (1,))


class Gather(Looked):
    """One value for each index, at its own place along the other axes (PyTorch, gather)."""

    kernel: ClassVar = "cnnshape.kernels.lookup"
    types: ClassVar = {"gather": None}

    dim: Axis

    def check(self, x: Shape, *others: Shape) -> None:
        check_indices("gathers", x, others[0], self.axis(x))

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return others[0]

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        axis = self.axis(x)
        return (tuple(None if a == axis else a for a in range(len(x))),)


def check_indices(does: str, x: Shape, index: Shape, axis: int | None, operand: int = 1) -> None:
    """As many axes, and along all but one no more indices than places."""
    if len(index or (1,)) != len(x or (1,)):
        raise RuleError(
            "bad-rank",
            f"{does} {show(x)} by indices of {show(index)}, which must have as many axes",
            operand=operand,
            expected=len(x),
            found=len(index),
        )
    for other, (size, places) in enumerate(zip(index, x, strict=False)):
        if other != axis and size > places:
            raise RuleError(
                "shape-mismatch",
                f"{does} {show(x)} by indices of {show(index)}: axis {other} has {size}, "
                f"more than {places}",
                operand=operand,
                expected=places,
                found=size,
            )


class IndexSelect(Looked):
    """The places of an axis that a list of indices names, in its order (PyTorch, index_select)."""

    kernel: ClassVar = "cnnshape.kernels.lookup"
    types: ClassVar = {"index_select": None}

    dim: Axis

    def check(self, x: Shape, *others: Shape) -> None:
        self.axis(x)
        if len(others[0]) > 1:
            raise RuleError(
                "bad-rank",
                f"takes a list of indices, but {show(others[0])} arrives",
                operand=1,
                expected=1,
                found=len(others[0]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis = self.axis(x)
        return (*x[:axis], *(others[0] or (1,)), *x[axis + 1 :]) if x else ()

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        axis = self.axis(x)
        return (tuple(None if a == axis else a for a in range(len(x))),)


class Scatter(Layer):
    """x with values put, or added, where indices along an axis say.

    Operands: x, indices, and the values, or `value`, a number (PyTorch, scatter, scatter_add).
    """

    kernel: ClassVar = "cnnshape.kernels.lookup"
    types: ClassVar = {"scatter": None, "scatter_add": None}
    in_files: ClassVar = False
    arity: ClassVar = (2, 3)

    dim: Axis
    value: Number | None = None

    def axis(self, x: Shape) -> int:
        """The axis along which the indices count."""
        return axis_of(self.dim, x or (1,))

    def check(self, x: Shape, *others: Shape) -> None:
        if (self.value is None) != (len(others) == 2):
            raise RuleError("invalid-value", "needs a third input, or a `value`", field="value")
        check_indices("scatters into", x, others[0], self.axis(x))
        for source in others[1:]:
            check_indices("scatters", source, others[0], None, operand=2)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        axis = self.axis(x)
        other = tuple(None if a == axis else a for a in range(len(x)))
        return (tuple(range(len(x))), *(other[: len(shape)] for shape in others))


class OneHot(Layer):
    """A 1 at the place of each index, among zeros: (*) → (*, num_classes) (PyTorch, one_hot)."""

    kernel: ClassVar = "cnnshape.kernels.lookup"
    types: ClassVar = {"one_hot": None}
    reads: ClassVar = "integers"
    in_files: ClassVar = False

    num_classes: PositiveInt

    @property
    def gives(self) -> Kind:
        return "integers"

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x, self.num_classes)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "num_classes" if axis == len(x) else None


class FunctionalEmbedding(Layer):
    """A row of a table for each index; operands: indices, table (PyTorch, functional.embedding)."""

    kernel: ClassVar = "cnnshape.kernels.lookup"
    types: ClassVar = {"functional_embedding": None}
    in_files: ClassVar = False
    arity: ClassVar = (2, 2)

    def check(self, x: Shape, *others: Shape) -> None:
        if len(others[0]) != 2:
            raise RuleError(
                "bad-rank",
                f"takes a table of rows and columns, but {show(others[0])} arrives",
                operand=1,
                expected=2,
                found=len(others[0]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x, others[0][1])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return tuple(range(len(x))), (None, len(x))


class EmbeddingBag(Layer):
    """The mean (sum, largest values) of the vectors of each bag of integers.

    A bag is a row, (N, L) → (N, embedding_dim); or, of integers in a row, what goes from one offset
    to the next, the offsets being the second operand (PyTorch, EmbeddingBag).
    num_embeddings·embedding_dim weights, 0 MACs.
    """

    kernel: ClassVar = "cnnshape.kernels.lookup"
    types: ClassVar = {"embedding_bag": None}
    torch: ClassVar = ("EmbeddingBag",)
    in_files: ClassVar = False
    reads: ClassVar = "integers"
    arity: ClassVar = (1, 2)

    num_embeddings: PositiveInt
    embedding_dim: PositiveInt
    max_norm: Real | None = None
    norm_type: Real = 2.0
    scale_grad_by_freq: bool = False
    mode: Literal["sum", "mean", "max"] = "mean"
    sparse: bool = False
    include_last_offset: bool = False
    padding_idx: int | None = None

    @property
    def gives(self) -> Kind:
        return "floats"

    def check(self, x: Shape, *others: Shape) -> None:
        if len(x) != 2 - len(others):
            raise RuleError(
                "bad-rank",
                f"takes rows of integers, or one row and offsets, but {show(x)} arrives "
                f"{'with' if others else 'without'} offsets",
                operand=0,
                expected=2 - len(others),
                found=len(x),
            )
        if any(len(shape) != 1 for shape in others):
            raise RuleError(
                "bad-rank",
                f"takes a list of offsets, but {show(others[0])} arrives",
                operand=1,
                expected=1,
                found=len(others[0]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        bags = others[0][0] - self.include_last_offset if others else x[0]
        return (bags, self.embedding_dim)

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((None,),) if others else ((0, None),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "embedding_dim" if axis == 1 else None
