"""Layers that only see their input another way: flatten, reshape, permute, …"""

from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import LARGEST, Batch, Formulas, Layer, Shape, Size, formulas, show
from cnnshape.layers.axis import Axis, axes_of, axis_of

Flow = tuple[tuple[int | None, ...], ...]
Extent = Annotated[int, Field(ge=-1, le=LARGEST), formulas]


class View(Layer):
    """The same values in another shape."""

    view: ClassVar = True


class Flatten(View):
    """Joins the axes from start_dim to end_dim into one, by default a sample's.

    (PyTorch, Flatten.)
    """

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"flatten": None}
    torch: ClassVar = ("Flatten",)

    start_dim: Axis = 1
    end_dim: Axis = -1

    def joined(self, x: Shape) -> tuple[int, int]:
        """The first and the last axis that are joined."""
        start = axis_of(self.start_dim, x, field="start_dim")
        end = axis_of(self.end_dim, x, field="end_dim")
        return start, end

    def check(self, x: Shape, *others: Shape) -> None:
        if len(x) == 1 and self.start_dim == 1:
            return
        start, end = self.joined(x)
        if start > end:
            raise RuleError(
                "bad-reshape",
                f"joins the axes {start} to {end} of {show(x)}: the first lies behind the last",
                field="start_dim" if "start_dim" in self.model_fields_set else "end_dim",
            )
        if any(isinstance(size, Batch) for size in x[start : end + 1]) and start < end:
            raise RuleError(
                "bad-reshape",
                f"joins the batch axis with the others of {show(x)}",
                field="start_dim",
                expected=1,
                found=self.start_dim,
                help="write `start_dim: 1`, so that each sample stays by itself",
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        start, end = self.joined(x)
        return x if start == end else (*x[:start], prod(x[start : end + 1]), *x[end + 1 :])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        start, end = self.joined(x)
        if start == end:
            return (tuple(range(len(x))),)
        after = range(start + 1, len(y))
        return ((*range(start), *(None,) * (end - start + 1), *after),)

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        start, end = self.joined(x)
        factors = " · ".join(map(str, x[start : end + 1]))
        return [("features", f"{factors} = {y[start]}")] if start < end else []


class Unflatten(View):
    """Splits one axis into several; one of them may be -1: what is left (PyTorch, Unflatten)."""

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"unflatten": None}
    torch: ClassVar = ("Unflatten",)

    dim: Axis
    unflattened_size: Annotated[tuple[Extent, ...], Field(min_length=1)]

    def check(self, x: Shape, *others: Shape) -> None:
        split(self.unflattened_size, x[axis_of(self.dim, x)], x, "unflattened_size")

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis = axis_of(self.dim, x)
        sizes = split(self.unflattened_size, x[axis], x, "unflattened_size")
        return (*x[:axis], *sizes, *x[axis + 1 :])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        axis = axis_of(self.dim, x)
        shift = len(y) - len(x)
        return (tuple(i if i < axis else None if i == axis else i + shift for i in range(len(x))),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        first = axis_of(self.dim, x)
        return "unflattened_size" if first <= axis < first + len(self.unflattened_size) else None


class Reshape(View):
    """The values of a sample in another shape; one size may be -1: what is left (PyTorch, reshape).

    `shape` is a sample's, without the batch axis. PyTorch's spelling with it is understood too: -1
    first, when the other sizes already hold all values of a sample.
    """

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"reshape": None}
    view: ClassVar = True

    shape: Annotated[tuple[Extent, ...], Field(min_length=1)]

    def sample_shape(self, x: Shape) -> Shape:
        """The output's shape without the batch axis."""
        first, *rest = self.shape
        if first == -1 and rest and prod(rest) == prod(x[1:]):
            return tuple(rest)
        return split(self.shape, prod(x[1:]), x, "shape")

    def check(self, x: Shape, *others: Shape) -> None:
        self.sample_shape(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], *self.sample_shape(x))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        same = 0
        while same < min(len(x), len(y)) and x[same] == y[same]:
            same += 1
        return ((*range(same), *(None,) * (len(x) - same)),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "shape" if axis else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        left, right = (" · ".join(map(str, shape[1:])) for shape in (x, y))
        return [("values", f"{left} = {prod(x[1:])} = {right}")]


class Reordering(View):
    """The axes in another order."""

    def order(self, x: Shape) -> tuple[int, ...]:
        """Output axis → input axis."""
        raise NotImplementedError

    def check(self, x: Shape, *others: Shape) -> None:
        self.order(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return tuple(x[axis] for axis in self.order(x))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        order = self.order(x)
        return (tuple(map(order.index, range(len(x)))),)


class Permute(Reordering):
    """The axes in another order, the batch counted as axis 0 (PyTorch, permute)."""

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"permute": None}

    dims: Annotated[tuple[Axis, ...], Field(min_length=1)]

    def order(self, x: Shape) -> tuple[int, ...]:
        """Output axis → input axis."""
        if len(self.dims) != len(x):
            raise RuleError(
                "bad-rank",
                f"orders {len(self.dims)} axes, but {show(x)} has {len(x)}",
                field="dims",
                expected=len(x),
                found=len(self.dims),
                help="give every axis, the batch as 0",
            )
        return axes_of(self.dims, x, field="dims")


class Transpose(Reordering):
    """Exchanges two axes, the batch counted as axis 0 (PyTorch, transpose)."""

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"transpose": None}

    dim0: Axis
    dim1: Axis

    def order(self, x: Shape) -> tuple[int, ...]:
        """Output axis → input axis."""
        first, second = axis_of(self.dim0, x, field="dim0"), axis_of(self.dim1, x, field="dim1")
        exchanged = {first: second, second: first}
        return tuple(exchanged.get(axis, axis) for axis in range(len(x)))


class Squeeze(View):
    """Drops axes of size 1: those named, or all but the batch (PyTorch, squeeze)."""

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"squeeze": None}

    dim: Axis | tuple[Axis, ...] | None = None

    def dropped(self, x: Shape) -> set[int]:
        """The axes that go; a named one of another size stays, as in PyTorch."""
        if self.dim is None:
            named = set(range(len(x)))
        else:
            dims = self.dim if isinstance(self.dim, tuple) else (self.dim,)
            named = {axis_of(dim, x) for dim in dims}
        return {axis for axis in named if x[axis] == 1 and not isinstance(x[axis], Batch)}

    def check(self, x: Shape, *others: Shape) -> None:
        self.dropped(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        dropped = self.dropped(x)
        return tuple(size for axis, size in enumerate(x) if axis not in dropped)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        dropped = self.dropped(x)
        kept = [axis for axis in range(len(x)) if axis not in dropped]
        return (tuple(kept.index(axis) if axis in kept else None for axis in range(len(x))),)


class Unsqueeze(View):
    """Puts in an axis of size 1 before axis `dim`; -1: at the end (PyTorch, unsqueeze)."""

    kernel: ClassVar = "cnnshape.kernels.shape"
    types: ClassVar = {"unsqueeze": None}

    dim: Axis

    def place(self, x: Shape) -> int:
        """The new axis' number in the output."""
        return axis_of(self.dim, x, rank=len(x) + 1)

    def check(self, x: Shape, *others: Shape) -> None:
        self.place(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        place = self.place(x)
        return (*x[:place], 1, *x[place:])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        place = self.place(x)
        return (tuple(axis + (axis >= place) for axis in range(len(x))),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "dim" if axis == self.place(x) else None


MOST_SIZES = 63
"""Axes beside the batch's: a tensor has 64 (PyTorch)."""


def split(sizes: Shape, whole: Size, x: Shape, field: str) -> Shape:
    """`sizes` with its -1 filled in, holding `whole` values; else RuleError `bad-reshape`."""
    if sizes.count(-1) > 1:
        raise RuleError("bad-reshape", "leaves more than one size open (-1)", field=field)
    if len(sizes) > MOST_SIZES:
        raise RuleError(
            "bad-rank",
            f"makes {len(sizes)} axes, but a tensor has {MOST_SIZES + 1} at most",
            field=field,
        )
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known and whole % known == 0:
        return tuple(whole // known if size == -1 else size for size in sizes)
    if -1 in sizes or known != whole:
        if -1 in sizes:
            note = f"{whole} = {known}·{whole // known} + {whole % known}" if known else None
        else:
            note = f"{'·'.join(map(str, sizes))} = {known}"
            if whole == prod(x[1:]) and len(x) > 2:
                note = f"{'·'.join(map(str, x[1:]))} = {whole}; {note}"
        raise RuleError(
            "bad-reshape",
            f"makes {show(sizes)} of the {whole} values of {show(x)}"
            + (f", which {known} does not divide" if -1 in sizes else f", but it holds {known}"),
            field=field,
            expected=whole,
            found=known,
            note=note,
        )
    return sizes
