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
    arity: ClassVar = (2, None)

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
        if axis == 0:
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

    (*, n, k) and (*, k, m) → (*, n, m), n·k·m MACs a product.
    """

    kernel: ClassVar = "cnnshape.kernels.merge"
    types: ClassVar = {"matmul": None}
    arity: ClassVar = (2, 2)

    def ranks(self) -> tuple[int, ...]:
        return (2, 3, 4, 5, 6)

    def check(self, x: Shape, *others: Shape) -> None:
        other = others[0]
        if x[-1] != other[-2]:
            raise RuleError(
                "shape-mismatch",
                f"multiplies {show(x)} by {show(other)}: the last axis of the first has {x[-1]}, "
                f"the last but one of the second {other[-2]}",
                operand=1,
                expected=x[-1],
                found=other[-2],
                help="transpose one of them" if x[-1] == other[-1] or x[-2] == other[-2] else None,
            )
        if first_clash(x[:-2], other[:-2]) is not None:
            raise RuleError(
                "shape-mismatch",
                f"multiplies {show(x)} by {show(other)}, which differ before the last two axes",
                operand=1,
                expected=list(x[1:-2]),
                found=list(other[1:-2]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*broadcast(x[:-2], others[0][:-2]), x[-2], others[0][-1])

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"product": (*y[1:], x[-1])}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        rows, columns = len(y) - 2, len(y) - 1
        shift, other_shift = len(y) - len(x), len(y) - len(others[0])
        first = tuple(i + shift for i in range(len(x) - 2))
        second = tuple(i + other_shift for i in range(len(others[0]) - 2))
        return ((*first, rows, None), (*second, None, columns))

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        return [("matrix", f"{x[-2]}×{x[-1]} · {others[0][-2]}×{others[0][-1]} = {y[-2]}×{y[-1]}")]
