"""Padding layers, and their opposites: crop and slice."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    LARGEST,
    Batch,
    Count,
    Formulas,
    Kept,
    Layer,
    PerAxis,
    PositiveInt,
    Real,
    Shape,
    Size,
    per_axis_formulas,
    show,
)
from cnnshape.layers.axis import Axis, axis_of
from cnnshape.layers.sliding import Pair, check_padding_mode
from cnnshape.window import Window


def _validate_pads(value: object) -> object:
    values = value if isinstance(value, tuple) else (value,)
    pairs = [item for item in values if isinstance(item, tuple)]
    numbers = [number for pair in pairs for number in pair] if pairs else list(values)
    whole = all(type(number) is int and abs(number) <= LARGEST for number in numbers)
    paired = not pairs or (len(pairs) == len(values) and all(len(pair) == 2 for pair in pairs))
    if not (values and whole and paired):
        wanted = (
            "must be an integer, PyTorch's flat list [left, right, top, bottom], "
            "or a pair [before, after] an axis"
        )
        raise PydanticCustomError("pads", wanted)
    return value


_INTEGER = {"type": "integer"}
_PAIR = {"type": "array", "items": _INTEGER, "minItems": 2, "maxItems": 2}
Pads = Annotated[
    int | tuple[int | Pair, ...],
    PlainValidator(_validate_pads),
    WithJsonSchema(
        {
            "anyOf": [
                _INTEGER,
                {"type": "array", "items": _INTEGER, "minItems": 2},
                {"type": "array", "items": _PAIR, "minItems": 1},
            ]
        }
    ),
]


class Pad(Layer):
    """Puts values around the input: W + before + after (PyTorch, ZeroPad2d, …).

    `padding` is one number, PyTorch's flat list from the last axis to the first
    ([left, right, top, bottom]), or a pair [before, after] an axis from the first to the last.
    Negative numbers take values away.
    """

    channels: ClassVar = True

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """What mirrors or repeats its edges keeps its input (PyTorch); copies keep nothing."""
        return Kept(inputs=isinstance(self, ReflectionPad | ReplicationPad))

    def pads(self) -> tuple[Pair, ...]:
        """Values before and after, a pair an axis from the first to the last."""
        count = self.axes or 0
        padding: Any = vars(self)["padding"]
        if not isinstance(padding, tuple):
            return ((padding, padding),) * count
        if not isinstance(padding[0], tuple):
            padding = tuple(zip(padding[::2], padding[1::2], strict=False))[::-1]
        if len(padding) != count:
            raise RuleError(
                "invalid-value",
                f"pads {len(padding)} ax{'is' if len(padding) == 1 else 'es'}, but it has {count}",
                field="padding",
                expected=count,
                found=len(padding),
            )
        return tuple(padding)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        pairs = zip(x[2:], self.pads(), strict=True)
        y = (*x[:2], *(size + before + after for size, (before, after) in pairs))
        if any(size < 1 for size in y[2:]):
            raise RuleError(
                "empty-output",
                f"takes away all of its input {show(x)}",
                field="padding",
                note=" and ".join(text for _, text in self.formulas(y, x)),
            )
        return y

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {axis: Window(1, 1, before) for axis, (before, _) in enumerate(self.pads(), 2)}

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "padding" if axis > 1 else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        triples = zip(x[2:], self.pads(), y[2:], strict=True)
        return per_axis_formulas([f"{w} + {a} + {b} = {o}" for w, (a, b), o in triples])


class ValuePad(Pad):
    """A padding with one value, which takes away before it puts in (PyTorch, functional.pad)."""

    def check(self, x: Shape, *others: Shape) -> None:
        for size, (before, after) in zip(x[2:], self.pads(), strict=True):
            taken = -min(before, 0) - min(after, 0)
            if taken > size:
                raise RuleError(
                    "bad-padding",
                    f"takes {taken} values away from an axis of {size}",
                    field="padding",
                    expected=size,
                    found=taken,
                    help=f"take away fewer than {size}",
                )


class ZeroPad(ValuePad):
    """Puts zeros around the input: W + before + after (PyTorch, ZeroPad2d)."""

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"zero_pad1d": 1, "zero_pad2d": 2, "zero_pad3d": 3}
    torch: ClassVar = ("ZeroPad1d", "ZeroPad2d", "ZeroPad3d")

    padding: Pads


class ConstantPad(ValuePad):
    """Puts one value around the input: W + before + after (PyTorch, ConstantPad2d)."""

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"constant_pad1d": 1, "constant_pad2d": 2, "constant_pad3d": 3}
    torch: ClassVar = ("ConstantPad1d", "ConstantPad2d", "ConstantPad3d")

    padding: Pads
    value: Real


class ModePad(Pad):
    """A padding whose values come from the input, which bounds it."""

    mode: ClassVar[str]

    def check(self, x: Shape, *others: Shape) -> None:
        pairs = zip(x[2:], self.pads(), strict=True)
        check_padding_mode(self.mode, [(size, before, after) for size, (before, after) in pairs])


class ReflectionPad(ModePad):
    """Mirrors the input at its edges; less than an axis' size (PyTorch, ReflectionPad2d)."""

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"reflection_pad1d": 1, "reflection_pad2d": 2, "reflection_pad3d": 3}
    torch: ClassVar = ("ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d")
    mode: ClassVar = "reflect"

    padding: Pads


class ReplicationPad(ModePad):
    """Repeats the values at the edges (PyTorch, ReplicationPad2d)."""

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"replication_pad1d": 1, "replication_pad2d": 2, "replication_pad3d": 3}
    torch: ClassVar = ("ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d")
    mode: ClassVar = "replicate"

    padding: Pads


class CircularPad(ModePad):
    """Goes on with the other end; no more than an axis' size (PyTorch, CircularPad2d)."""

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"circular_pad1d": 1, "circular_pad2d": 2, "circular_pad3d": 3}
    torch: ClassVar = ("CircularPad1d", "CircularPad2d", "CircularPad3d")
    mode: ClassVar = "circular"

    padding: Pads


class Crop(Layer):
    """Takes values away at the edges.

    `cropping` says how many, as `padding` does in a padding layer; `size` keeps the centre of that
    size; with two inputs, the first is cut down to the spatial size of the second. The centre
    starts at floor((W - size)/2) (Ronneberger et al. 2015).
    """

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"crop": None}
    channels: ClassVar = True
    arity: ClassVar = (1, 2)
    view: ClassVar = True

    size: PerAxis | None = None
    cropping: Annotated[
        Count | tuple[Annotated[tuple[Count, ...], Field(min_length=2, max_length=2)], ...] | None,
        Field(),
    ] = None

    def ranks(self) -> tuple[int, ...]:
        return (3, 4, 5)

    def margins(self, x: Shape, *others: Shape) -> tuple[Pair, ...]:
        """Values taken away before and after, a pair a spatial axis."""
        count = len(x) - 2
        ways = sum(way is not None for way in (self.size, self.cropping)) + len(others)
        if ways != 1:
            raise RuleError(
                "invalid-value",
                "needs one of `size`, `cropping`, and a second input whose size it takes",
                field="size" if self.size is not None and ways > 1 else None,
            )
        if self.cropping is not None:
            cropping = self.along("cropping", count)
            return tuple(c if isinstance(c, tuple) else (c, c) for c in cropping)
        wanted = others[0][2:] if others else self.along("size", count)
        if len(wanted) != count:
            raise RuleError(
                "bad-rank", f"cuts {show(x)} to the size of {show(others[0])}", operand=1
            )
        return tuple(
            ((size - keep) // 2, size - keep - (size - keep) // 2)
            for size, keep in zip(x[2:], wanted, strict=True)
        )

    def check(self, x: Shape, *others: Shape) -> None:
        for size, (before, after) in zip(x[2:], self.margins(x, *others), strict=True):
            left = size - before - after
            if before < 0 or after < 0:
                raise RuleError(
                    "shape-mismatch" if others else "invalid-value",
                    f"keeps {left} values of an axis that has {size}",
                    field="size" if self.size is not None else None,
                    operand=0 if others else None,
                    expected=size,
                    found=left,
                )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        triples = zip(x[2:], self.margins(x, *others), strict=True)
        y = (*x[:2], *(size - before - after for size, (before, after) in triples))
        if any(size < 1 for size in y[2:]):
            raise RuleError(
                "empty-output", f"takes away all of its input {show(x)}", field="cropping"
            )
        return y

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        margins = self.margins(x, *others)
        return {axis: Window(1, 1, -before) for axis, (before, _) in enumerate(margins, 2)}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        """Only the first input's values arrive; the second lends its size."""
        return (tuple(range(len(x))),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        if axis < 2 or others:
            return None
        return "size" if self.size is not None else "cropping"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        triples = zip(x[2:], self.margins(x, *others), y[2:], strict=True)
        return per_axis_formulas([f"{w} - {a} - {b} = {o}" for w, (a, b), o in triples])


class Slice(Layer):
    """Every step-th value of one axis, from start up to before end, as Python's slices."""

    kernel: ClassVar = "cnnshape.kernels.padding"
    types: ClassVar = {"slice": None}
    view: ClassVar = True

    dim: Axis = 1
    start: int = 0
    end: int | None = None
    step: PositiveInt = 1

    def kept(self, x: Shape) -> tuple[int, Size, Size, Size]:
        """The axis, the indices from which and before which values are kept, and how many."""
        axis = axis_of(self.dim, x)
        if isinstance(x[axis], Batch):
            raise RuleError(
                "invalid-value",
                "slices the batch axis",
                field="dim",
                help="axis 1 is the first of a sample",
            )
        start = within(self.start, x[axis])
        end = x[axis] if self.end is None else within(self.end, x[axis])
        return axis, start, end, (end - start + self.step - 1) // self.step if end > start else 0

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis, _, _, count = self.kept(x)
        if count < 1:
            raise RuleError(
                "empty-output",
                f"keeps nothing of axis {axis} of {show(x)}",
                field="start" if "start" in self.model_fields_set else "end",
                note=f"indices 0 to {x[axis] - 1}, from {self.start} up to before {self.end}",
            )
        return (*x[:axis], count, *x[axis + 1 :])

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        axis, start, _, _ = self.kept(x)
        return {axis: Window(1, self.step, -start)} if axis > 1 else {}

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return ("end" if self.end is not None else "start") if y[axis] != x[axis] else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        axis, start, end, count = self.kept(x)
        return [(f"axis {axis}", f"({end} - {start})/{self.step} = {count}")]


def within(index: int, size: Size) -> Size:
    """An index as Python's slices have it: negative from the end, and no further than either."""
    if index < 0:
        return size + index if size + index > 0 else 0
    return index if index < size else size
