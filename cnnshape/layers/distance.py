"""How alike or how far apart vectors are. 0 MACs."""

from typing import Annotated, ClassVar

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, Real, Shape, show
from cnnshape.layers.axis import Axis, axis_of
from cnnshape.layers.merge import Elementwise, broadcast, first_clash
from cnnshape.layers.product import differ
from cnnshape.layers.shape import Flow


class Similarity(Elementwise):
    """Two operands, broadcast, that become one number along an axis."""

    in_files: ClassVar = False
    reads: ClassVar = "floats"
    arity: ClassVar = (2, 2)

    def axis(self, joint: Shape) -> int:
        """The axis along which they are compared."""
        raise NotImplementedError

    @property
    def keeps_axis(self) -> bool:
        """Whether the axis stays, with a size of 1."""
        return bool(vars(self).get("keepdim"))

    def check(self, x: Shape, *others: Shape) -> None:
        super().check(x, *others)
        self.axis(super().output_shape(x, *others))

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        joint = super().output_shape(x, *others)
        axis = self.axis(joint)
        return (*joint[:axis], *(1,) * self.keeps_axis, *joint[axis + 1 :]) if joint else ()

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        joint = super().output_shape(x, *others)
        axis = self.axis(joint)

        def target(place: int | None) -> int | None:
            if place is None or place == axis:
                return None
            return place - (place > axis and not self.keeps_axis)

        return tuple(tuple(map(target, places)) for places in super().flow(joint, x, *others))


class CosineSimilarity(Similarity):
    """x₁·x₂/(|x₁||x₂|) along an axis, each norm at least `eps` (PyTorch, CosineSimilarity)."""

    kernel: ClassVar = "cnnshape.kernels.distance"
    types: ClassVar = {"cosine_similarity": None}
    torch: ClassVar = ("CosineSimilarity",)

    dim: Axis = 1
    eps: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-8

    def axis(self, joint: Shape) -> int:
        return axis_of(self.dim, joint or (1,))


class PairwiseDistance(Similarity):
    """The p-norm of x₁ - x₂ + eps along the last axis (PyTorch, PairwiseDistance)."""

    kernel: ClassVar = "cnnshape.kernels.distance"
    types: ClassVar = {"pairwise_distance": None}
    torch: ClassVar = ("PairwiseDistance",)

    p: float = 2.0
    eps: Real = 1e-6
    keepdim: bool = False

    def axis(self, joint: Shape) -> int:
        return axis_of(-1, joint or (1,))


class Cdist(Layer):
    """The p-norm of each row less each other row: (*, P, M), (*, R, M) → (*, P, R).

    (PyTorch, cdist.)
    """

    kernel: ClassVar = "cnnshape.kernels.distance"
    types: ClassVar = {"cdist": None}
    in_files: ClassVar = False
    reads: ClassVar = "floats"
    arity: ClassVar = (2, 2)

    p: Annotated[float, Field(ge=0)] = 2.0

    def check(self, x: Shape, *others: Shape) -> None:
        for operand, shape in enumerate((x, *others)):
            if len(shape) < 2:
                raise RuleError(
                    "bad-rank",
                    f"takes rows of features, but {show(shape)} arrives",
                    operand=operand,
                    expected=2,
                    found=len(shape),
                )
        if x[-1] != others[0][-1]:
            raise differ("rows", x, "rows", others[0], "features", x[-1], others[0][-1], 1)
        clash = first_clash(x[:-2], others[0][:-2])
        if clash is not None:
            raise differ("rows", x, "rows", others[0], "leading sizes", *clash, 1)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*broadcast(x[:-2], others[0][:-2]), x[-2], others[0][-2])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        def places(shape: Shape, rows: int) -> tuple[int | None, ...]:
            shift = len(y) - len(shape)
            leading = (
                a + shift if y[a + shift] == shape[a] else None for a in range(len(shape) - 2)
            )
            return (*leading, rows, None)

        return places(x, len(y) - 2), places(others[0], len(y) - 1)
