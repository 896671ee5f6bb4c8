"""Operations along axes: sums, means, extremes, running sums, orders. 0 MACs."""

from collections.abc import Mapping
from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Kind, Layer, Real, Shape, show
from cnnshape.layers.axis import Axis, axes_of, axis_of
from cnnshape.layers.size import AnySize
from cnnshape.window import Window

Flow = tuple[tuple[int | None, ...], ...]
Axes = Axis | tuple[Axis, ...] | None


class Reduction(Layer):
    """One value for all those along the axes `dim`, by default all of them.

    The axes go, or with `keepdim` stay with a size of 1.
    """

    in_files: ClassVar = False

    def reduced(self, x: Shape) -> tuple[int, ...]:
        """The axes that are reduced."""
        dim: Axes = vars(self)["dim"]
        dims = dim if isinstance(dim, tuple) else () if dim is None else (dim,)
        if not x and all(-1 <= one <= 0 for one in dims):
            return ()  # PyTorch lets a number be reduced along its axis 0 or -1
        return axes_of(dims, x) if dims else tuple(range(len(x)))

    @property
    def keeps_axis(self) -> bool:
        """Whether reduced axes stay, with a size of 1."""
        return bool(vars(self).get("keepdim"))

    def check(self, x: Shape, *others: Shape) -> None:
        self.reduced(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        reduced = self.reduced(x)
        if self.keeps_axis:
            return tuple(1 if axis in reduced else size for axis, size in enumerate(x))
        return tuple(size for axis, size in enumerate(x) if axis not in reduced)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        reduced = self.reduced(x)
        kept = [axis for axis in range(len(x)) if self.keeps_axis or axis not in reduced]
        return (tuple(None if a in reduced else kept.index(a) for a in range(len(x))),)

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        sizes = [x[axis] for axis in self.reduced(x)]
        return [("values of each", f"{' · '.join(map(str, sizes))} = {prod(sizes)}")]


class Total(Reduction):
    """The sum, or the norms and counts that a sum makes (PyTorch, sum, amax, all, …).

    `amax` and `amin` are the extremes, `any` and `all` whether some or all are true.
    """

    kernel: ClassVar = "cnnshape.kernels.reduction"
    types: ClassVar = dict.fromkeys(("sum", "prod", "amax", "amin", "any", "all", "count_nonzero"))

    dim: Axes = None
    keepdim: bool = False

    @property
    def gives(self) -> Kind:
        return "integers" if self.type in ("any", "all", "count_nonzero") else "same"

    def check(self, x: Shape, *others: Shape) -> None:
        for axis in self.reduced(x):
            if self.type in ("amax", "amin") and x[axis] == 0:
                raise nothing(x, axis)


class Mean(Reduction):
    """The mean, or log Σ exp(x) (PyTorch, mean, logsumexp)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    reads: ClassVar = "floats"
    types: ClassVar = dict.fromkeys(("mean", "logsumexp"))

    dim: Axes = None
    keepdim: bool = False


class Variance(Reduction):
    """The variance or its root: Σ(x - mean)²/(n - correction) (PyTorch, var, std)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    reads: ClassVar = "floats"
    types: ClassVar = dict.fromkeys(("var", "std"))

    dim: Axes = None
    correction: Real = 1
    keepdim: bool = False


class Norm(Reduction):
    """The p-norm (Σ|x|ᵖ)^(1/p); infinite p: the extremes, 0: how many are not 0 (PyTorch, norm)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    reads: ClassVar = "floats"
    types: ClassVar = {"norm": None}

    p: float = 2.0
    dim: Axes = None
    keepdim: bool = False


class Pick(Reduction):
    """The place of the largest or smallest value, or the lower median (PyTorch, argmax, median).

    Without `dim` the place among all values.
    """

    kernel: ClassVar = "cnnshape.kernels.reduction"
    types: ClassVar = dict.fromkeys(("argmax", "argmin", "median"))

    dim: Axis | None = None
    keepdim: bool = False

    @property
    def gives(self) -> Kind:
        return "same" if self.type == "median" else "integers"

    def check(self, x: Shape, *others: Shape) -> None:
        for axis in self.reduced(x):
            if x[axis] == 0 and not (self.type == "median" and self.dim is None):
                raise nothing(x, axis)


class AlongAxis(Layer):
    """What changes the values along one axis by all of it, and leaves the shape."""

    in_files: ClassVar = False

    def axis(self, x: Shape) -> int:
        """The axis; a number has one of size 1, for PyTorch."""
        return axis_of(vars(self)["dim"], x or (1,))

    def check(self, x: Shape, *others: Shape) -> None:
        self.axis(x)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {self.axis(x): None}


class Running(AlongAxis):
    """The sum (product, log Σ exp) of the values so far (PyTorch, cumsum, cumprod)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    types: ClassVar = dict.fromkeys(("cumsum", "cumprod", "logcumsumexp"))

    dim: Axis


class Softmin(AlongAxis):
    """exp(-x)/Σ exp(-x) along an axis, by default the second, or the first (PyTorch, Softmin)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    reads: ClassVar = "floats"
    types: ClassVar = {"softmin": None}
    torch: ClassVar = ("Softmin",)

    dim: Axis | None = None

    def axis(self, x: Shape) -> int:
        """PyTorch's choice where none is given: axis 0 of 0, 1 or 3 axes, else 1."""
        usual = 0 if len(x) in (0, 1, 3) else 1
        return axis_of(usual if self.dim is None else self.dim, x or (1,))


class Normalize(AlongAxis):
    """x by its p-norm along axes, or by `eps` where that is larger (PyTorch, normalize)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    reads: ClassVar = "floats"
    types: ClassVar = {"normalize": None}

    p: float = 2.0
    dim: Axis | tuple[Axis, ...] = 1
    eps: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-12

    def axes_of(self, x: Shape) -> tuple[int, ...]:
        """The axes along which the norm is taken."""
        return axes_of(self.dim if isinstance(self.dim, tuple) else (self.dim,), x or (1,))

    def check(self, x: Shape, *others: Shape) -> None:
        self.axes_of(x)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return dict.fromkeys(self.axes_of(x))


class Sort(AlongAxis):
    """The values in order, or their places in that order (PyTorch, sort, argsort)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    types: ClassVar = dict.fromkeys(("sort", "argsort"))

    dim: Axis = -1
    descending: bool = False
    stable: bool = False

    @property
    def gives(self) -> Kind:
        return "integers" if self.type == "argsort" else "same"


class TopK(AlongAxis):
    """The k largest (smallest) values of an axis in order, or their places (PyTorch, topk)."""

    kernel: ClassVar = "cnnshape.kernels.reduction"
    types: ClassVar = dict.fromkeys(("topk", "topk_indices"))

    k: AnySize
    dim: Axis = -1
    largest: bool = True
    sorted: bool = True

    @property
    def gives(self) -> Kind:
        return "integers" if self.type == "topk_indices" else "same"

    def check(self, x: Shape, *others: Shape) -> None:
        axis = self.axis(x)
        size = x[axis] if x else 1
        if self.k > size:
            raise RuleError(
                "invalid-value",
                f"takes {self.k} values of axis {axis} of {show(x)}, which has {size}",
                field="k",
                expected=size,
                found=self.k,
                choices=(size,),
                help=f"take at most {size}",
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis = self.axis(x)
        return (*x[:axis], self.k, *x[axis + 1 :]) if x else ()

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "k" if axis == self.axis(x) else None


def nothing(x: Shape, axis: int) -> RuleError:
    """An axis without values has no largest one."""
    return RuleError(
        "empty-output", f"looks along axis {axis} of {show(x)}, which has no values", field="dim"
    )
