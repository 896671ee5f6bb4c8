"""Operations of programs whose shapes alone are known here: special functions, running extremes."""

from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Kind, Layer, Shape, show
from cnnshape.layers.axis import Axis, axes_of, axis_of
from cnnshape.layers.pointwise import Pointwise
from cnnshape.layers.reduction import AlongAxis
from cnnshape.layers.shape import Flow
from cnnshape.layers.size import AnyInteger


class SpecialFunction(Pointwise):
    """A function of each value (PyTorch, lgamma, digamma, erfinv, i0)."""

    types: ClassVar = dict.fromkeys(("lgamma", "digamma", "erfinv", "i0"))

    @property
    def gives(self) -> Kind:
        return "floats"


class RunningExtreme(AlongAxis):
    """The largest or smallest value so far, or its place (PyTorch, cummax, cummin)."""

    types: ClassVar = dict.fromkeys(("cummax", "cummin", "cummax_indices", "cummin_indices"))

    dim: Axis

    @property
    def gives(self) -> Kind:
        return "integers" if self.type.endswith("indices") else "same"


class DiagonalMatrix(Layer):
    """The last axis as a diagonal of two new ones (PyTorch, diag_embed)."""

    types: ClassVar = {"diag_embed": None}
    in_files: ClassVar = False

    offset: AnyInteger = 0
    dim1: Axis = -2
    dim2: Axis = -1

    def check(self, x: Shape, *others: Shape) -> None:
        if not x:
            raise RuleError("bad-rank", "takes one axis or more, but () arrives", expected=1)
        axes_of((self.dim1, self.dim2), (*x, 1), field="dim2")

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        size = x[-1] + abs(self.offset)
        taken = axes_of((self.dim1, self.dim2), (*x, 1), field="dim2")
        rest = iter(x[:-1])
        return tuple(size if axis in taken else next(rest) for axis in range(len(x) + 1))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        taken = (axis_of(self.dim1, y), axis_of(self.dim2, y))
        return ((*(axis for axis in range(len(y)) if axis not in taken), None),)


class Between(Layer):
    """Between which of sorted bounds each value lies (PyTorch, bucketize, searchsorted).

    Operands: for `bucketize` the values and the bounds (n), for `searchsorted` the bounds, (n) or
    (*, n), and the values (*, m).
    """

    types: ClassVar = dict.fromkeys(("bucketize", "searchsorted"))
    in_files: ClassVar = False
    arity: ClassVar = (2, 2)

    @property
    def gives(self) -> Kind:
        return "integers"

    def sides(self, x: Shape, *others: Shape) -> tuple[Shape, Shape]:
        """The values, and the bounds."""
        return (x, others[0]) if self.type == "bucketize" else (others[0], x)

    def check(self, x: Shape, *others: Shape) -> None:
        values, bounds = self.sides(x, *others)
        shared = self.type == "bucketize" or len(bounds) == 1
        if len(bounds) != 1 if shared else not values or values[:-1] != bounds[:-1]:
            raise RuleError(
                "shape-mismatch",
                f"looks for {show(values)} between bounds of {show(bounds)}",
                operand=1,
                help="give bounds of one axis",
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return self.sides(x, *others)[0]

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        values, bounds = self.sides(x, *others)
        kept, mixed = tuple(range(len(values))), (None,) * len(bounds)
        return (kept, mixed) if self.type == "bucketize" else (mixed, kept)
