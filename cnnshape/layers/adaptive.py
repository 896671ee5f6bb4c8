"""Pooling to a given size: adaptive, and global."""

from collections.abc import Mapping
from math import gcd, prod
from operator import index
from typing import Annotated, Any, ClassVar

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    INDEX_BYTES,
    Formulas,
    Kept,
    Layer,
    Shape,
    Size,
    check_bounds,
    is_size,
    per_axis_formulas,
)
from cnnshape.window import Window


def _validate_output_size(value: Any) -> Any:
    values = value if isinstance(value, tuple) and value else (value,)
    if not all(item is None or is_size(item) for item in values):
        wanted = "must be an integer, or one an axis (null keeps the axis)"
        raise PydanticCustomError("output_size", wanted)
    for item in values:
        if item is not None:
            check_bounds(item, 1)
    return value


_ONE = {"type": ["integer", "null"], "minimum": 1}
OutputSize = Annotated[
    int | tuple[int | None, ...] | None,
    PlainValidator(_validate_output_size),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}]}),
]


class Adaptive(Layer):
    """A pooling whose output size is given, and its windows follow."""

    channels: ClassVar = True

    output_size: OutputSize

    def check(self, x: Shape, *others: Shape) -> None:
        """PyTorch keeps an axis where null stands in a list, of two or three."""
        kept = self.output_size if isinstance(self.output_size, tuple) else (self.output_size,)
        if self.output_size is None or (self.axes == 1 and None in kept):
            raise RuleError(
                "invalid-value",
                "has no output size",
                field="output_size",
                help="write a number; null stands in a list only, `[null, 7]`",
            )

    def output_sizes(self, x: Shape) -> Shape:
        wanted = self.along("output_size", len(x) - 2)
        return tuple(size if o is None else o for size, o in zip(x[2:], wanted, strict=True))

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:2], *self.output_sizes(x))

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        sizes = enumerate(zip(x[2:], self.output_sizes(x), strict=True), 2)
        return {axis: adaptive_window(size, outputs) for axis, (size, outputs) in sizes}

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return None if axis < 2 else "output_size"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        pairs = zip(x[2:], y[2:], strict=True)
        return per_axis_formulas([f"{size} → {output}, as given" for size, output in pairs])


def adaptive_window(size: Size, outputs: Size) -> Window | None:
    """What an adaptive pooling's output sees; a single output sees the whole axis."""
    if outputs == 1:
        return None
    width = index(size)
    shared = gcd(width, outputs)
    step, up = width // shared, outputs // shared
    return Window(step + up - 1, step, up - 1, up)


class AdaptiveAvgPool(Adaptive):
    """Means, with the output's size given; null keeps the axis.

    Output o covers the inputs from floor(o·W/O) to ceil((o + 1)·W/O) - 1 (PyTorch,
    AdaptiveAvgPool2d).
    """

    kernel: ClassVar = "cnnshape.kernels.adaptive"
    types: ClassVar = {
        "adaptive_avg_pool1d": 1,
        "adaptive_avg_pool2d": 2,
        "adaptive_avg_pool3d": 3,
    }
    torch: ClassVar = ("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d")

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """The mean of everything needs nothing."""
        return Kept(inputs=any(size != 1 for size in y[2:]))


class AdaptiveMaxPool(Adaptive):
    """Maxima, with the output's size given; null keeps the axis.

    Output o covers the inputs from floor(o·W/O) to ceil((o + 1)·W/O) - 1 (PyTorch,
    AdaptiveMaxPool2d).
    """

    kernel: ClassVar = "cnnshape.kernels.adaptive"
    types: ClassVar = {
        "adaptive_max_pool1d": 1,
        "adaptive_max_pool2d": 2,
        "adaptive_max_pool3d": 3,
    }
    torch: ClassVar = ("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d")

    return_indices: bool = False

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept(inputs=True, bytes=INDEX_BYTES * prod(y))


class GlobalPool(Layer):
    """One value a channel: the mean or the maximum of all positions.

    (N, C, *spatial) → (N, C), or (N, C, 1, …) with `keepdims` (Keras, GlobalAveragePooling2D).
    """

    kernel: ClassVar = "cnnshape.kernels.adaptive"
    types: ClassVar = {"global_avg_pool": None, "global_max_pool": None}
    channels: ClassVar = True

    keepdims: bool = False

    def ranks(self) -> tuple[int, ...]:
        return (3, 4, 5)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:2], *(1,) * (len(x) - 2)) if self.keepdims else x[:2]

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """A mean needs nothing, a maximum its place."""
        largest = self.type == "global_max_pool"
        return Kept(inputs=largest, output=largest)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return dict.fromkeys(range(2, len(x)))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return (tuple(axis if axis < len(y) else None for axis in range(len(x))),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return None if axis < 2 else "keepdims"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        positions = " · ".join(map(str, x[2:]))
        return [("values", f"one of {positions} = {prod(x[2:]):,} a channel")]
