"""Values in another arrangement: seen in a shape, repeated, turned, stacked, padded. 0 MACs."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Layer, PositiveInt, Shape, Size, show
from cnnshape.layers.axis import Axis, axes_of, axis_of
from cnnshape.layers.shape import Flow, Reordering, View, split
from cnnshape.layers.size import AnyExtent, AnyInteger, AnySize, Number
from cnnshape.layers.sliding import Pair, check_padding_mode
from cnnshape.window import Window


class Arrangement(Layer):
    """Values of the input, once, several times or not at all."""

    in_files: ClassVar = False


class ViewAs(View):
    """All values in another shape, the batch's axis in it; one size may be -1: what is left.

    (PyTorch, Tensor.view, reshape.)
    """

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"view": None}
    in_files: ClassVar = False

    shape: tuple[AnyExtent, ...]

    def check(self, x: Shape, *others: Shape) -> None:
        self.output_shape(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return split(self.shape, prod(x), x, "shape")

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return (kept_axes(x, y),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return None if axis in kept_axes(x, y) else "shape"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        left, right = (" · ".join(map(str, shape)) for shape in (x, y))
        return [("values", f"{left} = {prod(x)} = {right}")]


def kept_axes(x: Shape, y: Shape) -> tuple[int | None, ...]:
    """For each axis of `x` that of `y` which has its values: as many stand before and in it."""
    places: list[int | None] = [None] * len(x)
    i = j = 0
    ahead: Size = 1
    behind: Size = 1
    while i < len(x) and j < len(y):
        if ahead == behind and x[i] == y[j]:
            places[i] = j
            i, j = i + 1, j + 1
        elif ahead == behind and x[i] == 1:
            i += 1
        elif ahead == behind and y[j] == 1:
            j += 1
        elif ahead <= behind:
            ahead, i = ahead * x[i], i + 1
        else:
            behind, j = behind * y[j], j + 1
    return tuple(places)


class Flip(Arrangement):
    """The values of axes in reverse (PyTorch, flip)."""

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"flip": None}

    dims: tuple[Axis, ...]

    def axes_of(self, x: Shape) -> tuple[int, ...]:
        """The axes that are turned."""
        return axes_of(self.dims, x or (1,), field="dims")

    def check(self, x: Shape, *others: Shape) -> None:
        self.axes_of(x)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return dict.fromkeys(self.axes_of(x))


class Roll(Arrangement):
    """Axes moved on by `shifts`, what leaves at the end coming in in front (PyTorch, roll)."""

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"roll": None}

    shifts: AnyInteger | tuple[AnyInteger, ...]
    dims: Axis | tuple[Axis, ...] | None = None

    def moves(self, x: Shape) -> list[tuple[int, int]]:
        """The axes, and by how much each is moved; none: all values in a row are."""
        shifts = self.shifts if isinstance(self.shifts, tuple) else (self.shifts,)
        dims = self.dims if isinstance(self.dims, tuple) else (self.dims,)
        dims = tuple(dim for dim in dims if dim is not None)
        if len(shifts) != (len(dims) or 1):
            raise RuleError(
                "invalid-value",
                f"has {len(shifts)} shifts for {len(dims)} axes",
                field="shifts",
                expected=len(dims) or 1,
                found=len(shifts),
            )
        return [(axis_of(dim, x, field="dims"), s) for dim, s in zip(dims, shifts, strict=False)]

    def check(self, x: Shape, *others: Shape) -> None:
        self.moves(x)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        axes = [axis for axis, _ in self.moves(x)]
        return dict.fromkeys(axes or range(len(x)))


class Movedim(Reordering):
    """Axes put in other places, the rest in their order (PyTorch, movedim)."""

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"movedim": None}
    in_files: ClassVar = False

    source: Axis | tuple[Axis, ...]
    destination: Axis | tuple[Axis, ...]

    def order(self, x: Shape) -> tuple[int, ...]:
        """Output axis → input axis."""
        one, other = (
            axes_of(dims if isinstance(dims, tuple) else (dims,), x, field=field)
            for field, dims in (("source", self.source), ("destination", self.destination))
        )
        if len(one) != len(other):
            raise RuleError(
                "invalid-value",
                f"moves {len(one)} axes to {len(other)} places",
                field="destination",
                expected=len(one),
                found=len(other),
            )
        moved = dict(zip(other, one, strict=True))
        rest = iter(axis for axis in range(len(x)) if axis not in one)
        return tuple(moved[axis] if axis in moved else next(rest) for axis in range(len(x)))


class Diagonal(Arrangement):
    """What stands on a diagonal of two axes, as a new last axis (PyTorch, diagonal)."""

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"diagonal": None}
    view: ClassVar = True

    offset: AnyInteger = 0
    dim1: Axis = 0
    dim2: Axis = 1

    def axes_of(self, x: Shape) -> tuple[int, int]:
        """The axes of rows and columns."""
        one, other = axis_of(self.dim1, x, field="dim1"), axis_of(self.dim2, x, field="dim2")
        if one == other:
            raise RuleError("invalid-value", f"names axis {one} twice", field="dim2", found=one)
        return one, other

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        one, other = self.axes_of(x)
        rows, columns = x[one], x[other]
        if self.offset >= 0:
            columns = columns - self.offset
        else:
            rows = rows + self.offset
        count = rows if rows <= columns else columns
        rest = (size for axis, size in enumerate(x) if axis not in (one, other))
        return (*rest, count if count > 0 else 0)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        taken = self.axes_of(x)
        kept = [axis for axis in range(len(x)) if axis not in taken]
        return (tuple(None if a in taken else kept.index(a) for a in range(len(x))),)


class Triangle(Arrangement):
    """Zeros above (`tril`) or below (`triu`) a diagonal of the last two axes (PyTorch, tril)."""

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"tril": None, "triu": None}

    diagonal: AnyInteger = 0

    def check(self, x: Shape, *others: Shape) -> None:
        if len(x) < 2:
            raise RuleError(
                "bad-rank", f"takes 2 axes or more, but {show(x)} arrives", operand=0,
                expected=2, found=len(x),
            )  # fmt: skip


class UnfoldAxis(Arrangement):
    """Windows of an axis, every `step`, as a new last axis (PyTorch, Tensor.unfold)."""

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"unfold_axis": None}
    view: ClassVar = True

    dimension: Axis
    size: AnySize
    step: PositiveInt

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis = axis_of(self.dimension, x or (1,), field="dimension")
        whole = x[axis] if x else 1
        if self.size > whole:
            raise RuleError(
                "empty-output",
                f"takes windows of {self.size} from axis {axis} of {show(x)}, which has {whole}",
                field="size",
                expected=whole,
                found=self.size,
                help=f"take windows of at most {whole}",
            )
        if not x:
            return (self.size,)
        return (*x[:axis], (whole - self.size) // self.step + 1, *x[axis + 1 :], self.size)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        axis = axis_of(self.dimension, x or (1,), field="dimension")
        return {axis: Window(self.size, self.step)}

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        axis = axis_of(self.dimension, x or (1,), field="dimension")
        windows = f"floor(({x[axis]} - {self.size})/{self.step}) + 1 = {y[axis]}" if x else "1"
        return [(f"axis {axis}", windows)]


class PadAxes(Arrangement):
    """The last axes with values around them: W + before + after (PyTorch, functional.pad).

    `pad` is PyTorch's flat list, from the last axis to the first; below 0 values are taken away.
    """

    kernel: ClassVar = "cnnshape.kernels.arrangement"
    types: ClassVar = {"pad": None}

    pad: tuple[AnyInteger, ...]
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: Number = 0.0

    def pads(self, x: Shape) -> tuple[Pair, ...]:
        """Values before and after, a pair an axis of the last ones, in the order of the axes."""
        pairs = tuple(zip(self.pad[::2], self.pad[1::2], strict=False))[::-1]
        count = len(pairs)
        if len(self.pad) % 2 or count > len(x):
            raise RuleError(
                "bad-padding",
                f"pads {show(x)} by {show(self.pad)}, which are no pairs for its axes",
                field="pad",
                found=len(self.pad),
            )
        if self.mode != "constant" and not (1 <= count <= 3 and len(x) in (count + 1, count + 2)):
            raise RuleError(
                "bad-padding",
                f"pads {count} ax{'is' if count == 1 else 'es'} of {show(x)} by {self.mode}, which "
                f"takes {count + 1} or {count + 2} axes",
                field="pad",
                found=len(self.pad),
            )
        return pairs

    def check(self, x: Shape, *others: Shape) -> None:
        pairs = self.pads(x)
        padded = list(zip(x[len(x) - len(pairs) :], pairs, strict=True))
        for axis, (size, (before, after)) in enumerate(padded, len(x) - len(pairs)):
            taken = (-before if before < 0 else 0) + (-after if after < 0 else 0)
            if taken > size:
                raise RuleError(
                    "bad-padding",
                    f"takes {taken} values of axis {axis} of {show(x)}, which has {size}",
                    field="pad",
                    expected=size,
                    found=taken,
                )
        check_padding_mode(self.mode, [(size, a, b) for size, (a, b) in padded], field="pad")

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        pairs = self.pads(x)
        first = len(x) - len(pairs)
        padded = zip(x[first:], pairs, strict=True)
        y = (*x[:first], *(size + before + after for size, (before, after) in padded))
        least = 0 if self.mode == "constant" else 1
        if any(size < least for size in y[first:]):
            raise RuleError(
                "empty-output",
                f"takes away more than all of its input {show(x)}",
                field="pad",
                note="; ".join(text for _, text in self.formulas(y, x)),
            )
        return y

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        pairs = self.pads(x)
        return {axis: Window(1, 1, a) for axis, (a, _) in enumerate(pairs, len(x) - len(pairs))}

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "pad" if axis >= len(x) - len(self.pad) // 2 else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        pairs = self.pads(x)
        first = len(x) - len(pairs)
        padded = enumerate(zip(x[first:], pairs, y[first:], strict=True), first)
        return [(f"axis {axis}", f"{w} + {a} + {b} = {o}") for axis, (w, (a, b), o) in padded]
