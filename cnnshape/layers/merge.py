"""Layers that bring branches together: sums, products, concatenation."""

from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Batch, Formulas, Kept, Layer, Shape, Size, show
from cnnshape.layers.axis import Axis, axis_of

Flow = tuple[tuple[int | None, ...], ...]


class Elementwise(Layer):
    """Sum, difference, product, maximum or mean, value by value.

    Shapes are aligned at their last axes, and a size of 1 is repeated (PyTorch, broadcasting
    semantics).
    """

    kernel: ClassVar = "cnnshape.kernels.merge"
    types: ClassVar = {
        "add": None,
        "subtract": None,
        "multiply": None,
        "maximum": None,
        "average": None,
    }
    arity: ClassVar[tuple[int, int | None]] = (2, None)

    def check(self, x: Shape, *others: Shape) -> None:
        joint = x
        for operand, shape in enumerate(others, 1):
            clash = first_clash(joint, shape)
            if clash is not None:
                left, right = clash
                raise RuleError(
                    "shape-mismatch",
                    f"joins {show(joint)} and {show(shape)}, which differ: {left} against {right}",
                    operand=operand,
                    expected=left,
                    found=right,
                    help=f"bring both to one shape before they meet: {remedy(joint, shape)}",
                )
            joint = broadcast(joint, shape)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        joint = x
        for shape in others:
            if first_clash(joint, shape) is None:
                joint = broadcast(joint, shape)
        return joint

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """A sum needs nothing; a product and a maximum need what they joined."""
        return Kept(inputs=self.type in ("multiply", "maximum"))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        def target(shape: Shape, axis: int) -> int | None:
            aligned = axis + len(y) - len(shape)
            return aligned if aligned >= 0 and y[aligned] == shape[axis] else None

        return tuple(
            tuple(target(shape, axis) for axis in range(len(shape))) for shape in (x, *others)
        )


def broadcast(x: Shape, y: Shape) -> Shape:
    """The common shape of two that do not clash."""
    longer, shorter = (x, y) if len(x) >= len(y) else (y, x)
    skipped = len(longer) - len(shorter)
    pairs = zip(longer[skipped:], shorter, strict=True)
    return (*longer[:skipped], *(_repeated(a, b) for a, b in pairs))


def _repeated(a: Size, b: Size) -> Size:
    """The common size of two that are equal, or of which one is 1."""
    if isinstance(a, Batch) or isinstance(b, Batch):
        return a if isinstance(a, Batch) else b
    return b if a != b and a == 1 else a


def first_clash(x: Shape, y: Shape) -> tuple[Size, Size] | None:
    """The first sizes, from the front, that neither agree nor are 1."""
    count = min(len(x), len(y))
    for a, b in zip(x[len(x) - count :], y[len(y) - count :], strict=True):
        if isinstance(a, Batch) != isinstance(b, Batch):
            # one sample here, but any number of them when the network runs
            agree = (b if isinstance(a, Batch) else a) == 1
        else:
            agree = a == b or 1 in (a, b)
        if not agree:
            return a, b
    return None


def remedy(x: Shape, y: Shape) -> str:
    """What usually makes two shapes equal, by the axis in which they differ."""
    if len(x) == len(y) and len(x) > 2 and x[2:] == y[2:]:
        return "a 1×1 convolution gives a branch the channels of the other"
    if len(x) == len(y) and len(x) > 2:
        return "equal strides and padding in each branch, a crop, or an input that divides evenly"
    return "a linear layer, a reshape or a flatten"


class Concat(Layer):
    """The inputs one behind the other along `dim`, by default the channels; the rest agrees.

    (PyTorch, cat.)
    """

    kernel: ClassVar = "cnnshape.kernels.merge"
    types: ClassVar = {"concat": None}
    arity: ClassVar = (1, None)
    channel_dim: ClassVar = "dim"

    dim: Axis = 1

    def check(self, x: Shape, *others: Shape) -> None:
        axis = axis_of(self.dim, x)
        for operand, shape in enumerate(others, 1):
            if len(shape) != len(x):
                raise RuleError(
                    "bad-rank",
                    f"joins {show(x)} and {show(shape)}, which have {len(x)} and {len(shape)} axes",
                    operand=operand,
                    expected=len(x),
                    found=len(shape),
                )
            for other, (a, b) in enumerate(zip(x, shape, strict=True)):
                if a != b and other != axis:
                    raise RuleError(
                        "shape-mismatch",
                        f"joins {show(x)} and {show(shape)} along axis {axis}, but axis {other} "
                        f"differs: {a} against {b}",
                        operand=operand,
                        expected=a,
                        found=b,
                        help="bring both to one size before they meet: "
                        + remedy((0, 0, *x[2:]) if axis == 1 else x, shape),
                    )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis = axis_of(self.dim, x)
        if isinstance(x[axis], Batch):
            raise RuleError("bad-reshape", "joins its inputs along the batch axis", field="dim")
        return (*x[:axis], sum(self._sizes(axis, x, *others)), *x[axis + 1 :])

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept()

    def _sizes(self, axis: int, x: Shape, *others: Shape) -> list[Size]:
        """What each input adds; one of another rank, which was reported, adds nothing."""
        return [shape[axis] for shape in (x, *others) if len(shape) == len(x)]

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        axis = axis_of(self.dim, x)
        kept = tuple(None if i == axis and i > 1 else i for i in range(len(x)))
        return tuple(
            kept if len(shape) == len(x) else (None,) * len(shape) for shape in (x, *others)
        )

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        axis = axis_of(self.dim, x)
        sizes = " + ".join(map(str, self._sizes(axis, x, *others)))
        return [("channels" if axis == 1 else f"axis {axis}", f"{sizes} = {y[axis]}")]


class Matmul(Layer):
    """The matrix product over the last two axes; the others are broadcast (PyTorch, matmul).

    (*, n, k) and (*, k, m) → (*, n, m), n·k·m MACs a product. A vector counts as a row before, as
    a column behind, and its axis goes again.
    """

    kernel: ClassVar = "cnnshape.kernels.merge"
    types: ClassVar = {"matmul": None}
    arity: ClassVar = (2, 2)

    def matrices(self, x: Shape, *others: Shape) -> tuple[Shape, Shape]:
        """The shapes of both operands, vectors as matrices."""
        for operand, shape in enumerate((x, *others)):
            if not shape:
                raise RuleError("bad-rank", "multiplies by a number, not by a matrix",
                                operand=operand, help="that is `multiply`")  # fmt: skip
        (other,) = others
        return x if len(x) > 1 else (1, *x), other if len(other) > 1 else (*other, 1)

    def check(self, x: Shape, *others: Shape) -> None:
        a, b = self.matrices(x, *others)
        other = others[0]
        if a[-1] != b[-2]:
            alike = len(x) > 1 and len(other) > 1 and (a[-1] == b[-1] or a[-2] == b[-2])
            raise RuleError(
                "shape-mismatch",
                f"multiplies {show(x)} by {show(other)}: the last axis of the first has {a[-1]}, "
                f"the {'last but one' if len(other) > 1 else 'only one'} of the second {b[-2]}",
                operand=1,
                expected=a[-1],
                found=b[-2],
                help="transpose one of them" if alike else None,
            )
        if first_clash(a[:-2], b[:-2]) is not None:
            raise RuleError(
                "shape-mismatch",
                f"multiplies {show(x)} by {show(other)}, which differ before the last two axes",
                operand=1,
                expected=list(x[1:-2]),
                found=list(other[1:-2]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        a, b = self.matrices(x, *others)
        rows, columns = a[-2:-1] * (len(x) > 1), b[-1:] * (len(others[0]) > 1)
        return (*broadcast(a[:-2], b[:-2]), *rows, *columns)

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"product": (*y[1:], x[-1])}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        leading = len(y) - (len(x) > 1) - (len(others[0]) > 1)

        def before(shape: Shape) -> tuple[int, ...]:
            shift = leading - max(len(shape) - 2, 0)
            return tuple(axis + shift for axis in range(len(shape) - 2))

        own = (leading, None) if len(x) > 1 else (None,)
        other = (None, len(y) - 1) if len(others[0]) > 1 else (None,)
        return (*before(x), *own), (*before(others[0]), *other)

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        (n, k), (j, m) = (shape[-2:] for shape in self.matrices(x, *others))
        return [("matrix", f"{n}×{k} · {j}×{m} = {n}×{m}")]
