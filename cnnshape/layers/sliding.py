"""What convolutions and poolings share: a window that slides along every spatial axis."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.layer import LARGEST, Formulas, Layer, Shape, per_axis_formulas
from cnnshape.window import Slide, Window, same_padding

NAMED_PADDINGS = ("same", "same_lower", "valid")
Pair = tuple[int, int]


def _validate_padding(value: object) -> object:
    """An integer, one an axis, a pair [before, after] an axis, or a name."""
    if isinstance(value, str):
        if value in NAMED_PADDINGS:
            return value
        raise PydanticCustomError("padding", f"must be a number, or {' or '.join(NAMED_PADDINGS)}")
    values = value if isinstance(value, tuple) and value else (value,)
    pairs = [item if isinstance(item, tuple) else (item, item) for item in values]
    if any(len(pair) != 2 or {*map(type, pair)} != {int} for pair in pairs):
        wanted = "must be an integer, one an axis, or a pair [before, after] an axis"
        raise PydanticCustomError("padding", wanted)
    for number in (number for pair in pairs for number in pair):
        if not 0 <= number <= LARGEST:
            bound = "at least 0" if number < 0 else f"at most {LARGEST:,}"
            raise PydanticCustomError("padding", f"must be {bound}, not {number}")
    return value


_ONE = {"type": "integer", "minimum": 0}
_PADDING_SCHEMA = {
    "anyOf": [
        _ONE,
        {"enum": list(NAMED_PADDINGS)},
        {"type": "array", "items": _ONE, "minItems": 1},
        {
            "type": "array",
            "items": {"type": "array", "items": _ONE, "minItems": 2, "maxItems": 2},
            "minItems": 1,
        },
    ]
}
Padding = Annotated[
    int | str | tuple[int | Pair, ...],
    PlainValidator(_validate_padding),
    WithJsonSchema(_PADDING_SCHEMA),
]


class Sliding(Layer):
    """A layer with a kernel, and stride, padding, dilation, `ceil_mode` where it has them."""

    channels: ClassVar = True

    @cached_property
    def kernel_sizes(self) -> tuple[int, ...]:
        """kernel_size, one value an axis."""
        return self.along("kernel_size", self.axes or 0)

    @cached_property
    def taps(self) -> tuple[tuple[int, int, int], ...]:
        """Kernel, stride (in a pooling by default the kernel) and dilation, one of each an axis."""
        count = self.axes or 0
        strides = self.along("stride", count)
        dilations = self.along("dilation", count, 1)
        return tuple(
            (kernel, kernel if stride is None else stride, dilation)
            for kernel, stride, dilation in zip(self.kernel_sizes, strides, dilations, strict=True)
        )

    @cached_property
    def pads(self) -> tuple[Pair, ...] | str:
        """Padding before and after, one pair an axis; or the name of a rule that decides it."""
        if isinstance(vars(self).get("padding"), str):
            return str(vars(self)["padding"])
        values = self.along("padding", self.axes or 0, 0)
        return tuple(value if isinstance(value, tuple) else (value, value) for value in values)

    def slides(self, x: Shape) -> list[Slide]:
        """The windows, one a spatial axis of (N, C, *spatial)."""
        pads = self.pads
        ceil: bool = vars(self).get("ceil_mode", False)
        slides = []
        for axis, (kernel, stride, dilation) in enumerate(self.taps):
            size = x[axis + 2]
            if not isinstance(pads, str):
                before, after = pads[axis]
            elif pads == "valid":
                before = after = 0
            else:
                extent = dilation * (kernel - 1) + 1
                before, after = same_padding(size, extent, stride, lower=pads == "same_lower")
            same = isinstance(pads, str) and pads != "valid"
            slides.append(Slide(size, kernel, stride, dilation, before, after, ceil, same))
        return slides

    def output_sizes(self, x: Shape) -> Shape:
        """The spatial sizes of the output; RuleError where nothing is left."""
        sizes = []
        for slide in self.slides(x):
            size = slide.output_size()
            if size < 1:
                raise self._empty(slide, x)
            sizes.append(size)
        return tuple(sizes)

    def _empty(self, slide: Slide, x: Shape) -> RuleError:
        kernel = "×".join(map(str, self.kernel_sizes))
        spatial = "×".join(map(str, x[2:]))
        padded = slide.size + slide.before + slide.after
        dilated = f", {slide.extent} with its dilation," if slide.dilation > 1 else ""
        with_pads = f" ({padded} with its padding)" if padded != slide.size else ""
        return RuleError(
            "empty-output",
            f"slides a kernel of {kernel}{dilated} over an input of {spatial}{with_pads}: "
            "nothing comes out",
            field="kernel_size",
            expected=padded,
            found=slide.extent,
            note=slide.formula(),
            help="use a larger input, fewer poolings or strides before this layer, "
            "a smaller kernel, or padding",
        )

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {axis: slide.window() for axis, slide in enumerate(self.slides(x), 2)}

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        if axis < 2 or y[axis] == x[axis]:
            return None
        return "stride" if self.slides(x)[axis - 2].stride > 1 else "kernel_size"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        texts = [slide.formula() for slide in self.slides(x)]
        pads = {(slide.before, slide.after) for slide in self.slides(x)}
        if not isinstance(self.pads, str) or self.pads == "valid":
            return per_axis_formulas(texts)
        names = ", ".join(f"{before} before and {after} after" for before, after in sorted(pads))
        return [("padding", f"{self.pads}: {names}"), *per_axis_formulas(texts)]


def check_padding_mode(mode: str, axes: list[tuple[int, int, int]], field: str = "padding") -> None:
    """Reflection pads less than the axis, circular no more than it (PyTorch, functional.pad).

    `axes` holds (size, before, after).
    """
    for size, before, after in axes:
        pad = max(before, after)
        bound = {"reflect": size - 1, "circular": size}.get(mode, pad)
        if pad > bound:
            than = "smaller than" if mode == "reflect" else "no larger than"
            raise RuleError(
                "bad-padding",
                f"pads {pad} by {mode}, which must be {than} the axis of {size}",
                field=field,
                expected=bound,
                found=pad,
                help=f"pad at most {bound}, or use zeros",
            )
