"""Resampling: upsampling, and channels moved into space or among themselves."""

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from operator import index
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    Formulas,
    Kept,
    Layer,
    PerAxis,
    PositiveInt,
    Shape,
    Size,
    division,
    per_axis_formulas,
    show,
)
from cnnshape.layers.normalisation import near_divisors, nearest_divisors
from cnnshape.window import Window

Scale = Annotated[float, Field(gt=0, le=2**20, allow_inf_nan=False)]
REACH = {"nearest": 0, "nearest-exact": 0, "linear": 1, "bilinear": 1, "trilinear": 1, "bicubic": 2}
"""Mode → how many inputs on each side an output is interpolated from; 0: it copies one."""
FINEST = 1024
"""The largest denominator that a scale is taken to have: 0.333333 is meant as 1/3."""
MODE_AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


class Resampling(Layer):
    """A layer that gives the same sums of values for any input: nothing of it is kept."""

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept()


class Upsample(Resampling):
    """Resizes the spatial axes to `size`, or to floor(W·scale_factor) (PyTorch, Upsample)."""

    kernel: ClassVar = "cnnshape.kernels.resample"
    types: ClassVar = {"upsample": None}
    torch: ClassVar = ("Upsample",)
    channels: ClassVar = True

    size: PerAxis | None = None
    scale_factor: Scale | tuple[Scale, ...] | None = None
    mode: Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"] = (
        "nearest"
    )
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    def ranks(self) -> tuple[int, ...]:
        axes = MODE_AXES.get(self.mode)
        return (3, 4, 5) if axes is None else (axes + 2,)

    def check(self, x: Shape, *others: Shape) -> None:
        if self.size is not None and self.scale_factor is not None:
            message = "is given both `size` and `scale_factor`, and needs one"
            raise RuleError("invalid-value", message, field="scale_factor")
        if self.align_corners is not None and self.mode not in MODE_AXES:
            raise RuleError(
                "invalid-value",
                f"has align_corners, which mode {self.mode} does not know",
                field="align_corners",
                help="leave it out, or interpolate (`mode: bilinear`)",
            )

    def output_sizes(self, x: Shape) -> Shape:
        if self.size is not None:
            return self.along("size", len(x) - 2)
        if self.scale_factor is None:
            raise RuleError("invalid-value", "needs `size` or `scale_factor`")
        scales = self.along("scale_factor", len(x) - 2)
        return tuple(scaled(*pair) for pair in zip(x[2:], scales, strict=True))

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        sizes = self.output_sizes(x)
        if any(size < 1 for size in sizes):
            raise RuleError(
                "empty-output",
                f"scales {show(x)} down to nothing",
                field="scale_factor",
                note=" and ".join(text for _, text in self.formulas((*x[:2], *sizes), x)),
            )
        return (*x[:2], *sizes)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        sizes = zip(x[2:], self.output_sizes(x), self._scales(len(x) - 2), strict=True)
        return {axis: self._window(*values) for axis, values in enumerate(sizes, 2)}

    def _scales(self, count: int) -> tuple[float | None, ...]:
        """The scale that sets how far apart outputs look, one an axis; None: their sizes do."""
        if self.size is not None or self.recompute_scale_factor or self.align_corners:
            return (None,) * count
        return self.along("scale_factor", count)

    def _window(self, size: Size, output: Size, scale: float | None) -> Window:
        """What an output sees: the inputs around the place (o + 1/2)·ratio - 1/2 of its middle.

        The ratio is 1/scale, or W/O where the output's size is given. With `align_corners` the
        place is o·(W - 1)/(O - 1), for `nearest` it is floor(o·ratio). Places are kept in units of
        1/up of an input, so that all bounds are integers.
        """
        reach = REACH[self.mode]
        if self.align_corners:
            ratio = Fraction(index(size) - 1, index(output) - 1) if output > 1 else Fraction(0)
            offset = Fraction(0)
        else:
            exact = None if scale is None else Fraction(str(scale)).limit_denominator(FINEST)
            ratio = 1 / exact if exact else Fraction(index(size), index(output))
            offset = (ratio - 1) / 2 if reach or self.mode == "nearest-exact" else Fraction(0)
        step, up = ratio.numerator, ratio.denominator
        if not reach:
            # floor(o·ratio + 1/2 + offset) for nearest-exact, floor(o·ratio) for nearest
            middle = offset + Fraction(1, 2) if self.mode == "nearest-exact" else Fraction(0)
            highest = floor(middle * up)
            return Window(up, step, up - 1 - highest, up)
        lowest = floor((offset - reach) * up) + 1
        highest = -floor(-(offset + reach) * up) - 1
        return Window(highest - lowest + 1, step, -lowest, up)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        if axis < 2:
            return None
        return "size" if self.size is not None else "scale_factor"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        if self.size is not None:
            return per_axis_formulas([f"{size}, as given" for size in y[2:]])
        scales = self.along("scale_factor", len(x) - 2)
        triples = zip(x[2:], scales, y[2:], strict=True)
        return per_axis_formulas([f"floor({w} · {scale:g}) = {o}" for w, scale, o in triples])


def scaled(size: Size, scale: float) -> Size:
    """floor(W·scale) as PyTorch has it, in double: exact where the scale is a short fraction."""
    ratio = Fraction(scale)
    if ratio.denominator <= FINEST:
        return size * ratio.numerator // ratio.denominator
    return floor(float(size) * scale)


class PixelShuffle(Resampling):
    """Channels into space: (N, C·r², H, W) → (N, C, H·r, W·r).

    (Shi et al. 2016; PyTorch, PixelShuffle.)
    """

    kernel: ClassVar = "cnnshape.kernels.resample"
    types: ClassVar = {"pixel_shuffle": 2}
    torch: ClassVar = ("PixelShuffle",)
    channels: ClassVar = True

    upscale_factor: PositiveInt

    def check(self, x: Shape, *others: Shape) -> None:
        parts = self.upscale_factor**2
        if x[1] % parts:
            raise RuleError(
                "bad-reshape",
                f"needs channels divisible by {self.upscale_factor}² = {parts}, but {x[1]} arrive",
                field="upscale_factor",
                found=x[1],
                note=division(x[1], parts),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        r = self.upscale_factor
        self.check(x)
        return (x[0], x[1] // r**2, *(size * r for size in x[2:]))

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        r = self.upscale_factor
        return dict.fromkeys(range(2, len(x)), Window(r, 1, r - 1, r))

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "upscale_factor" if axis else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        r = self.upscale_factor
        sizes = [f"{size}·{r} = {output}" for size, output in zip(x[2:], y[2:], strict=True)]
        return [("channels", f"{x[1]}/{r}² = {y[1]}"), *per_axis_formulas(sizes)]


class PixelUnshuffle(Resampling):
    """Space into channels: (N, C, H·r, W·r) → (N, C·r², H, W) (PyTorch, PixelUnshuffle)."""

    kernel: ClassVar = "cnnshape.kernels.resample"
    types: ClassVar = {"pixel_unshuffle": 2}
    torch: ClassVar = ("PixelUnshuffle",)
    channels: ClassVar = True

    downscale_factor: PositiveInt

    def check(self, x: Shape, *others: Shape) -> None:
        r = self.downscale_factor
        if any(size % r for size in x[2:]):
            raise RuleError(
                "bad-reshape",
                f"needs height and width divisible by {r}, but {x[2]}×{x[3]} arrives",
                field="downscale_factor",
                found=list(x[2:]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        r = self.downscale_factor
        self.check(x)
        return (x[0], x[1] * r**2, *(size // r for size in x[2:]))

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        r = self.downscale_factor
        return dict.fromkeys(range(2, len(x)), Window(r, r))

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "downscale_factor" if axis else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        r = self.downscale_factor
        sizes = [f"{size}/{r} = {output}" for size, output in zip(x[2:], y[2:], strict=True)]
        return [("channels", f"{x[1]}·{r}² = {y[1]}"), *per_axis_formulas(sizes)]


class ChannelShuffle(Resampling):
    """Channels of `groups` groups in turn (Zhang et al. 2018; PyTorch, ChannelShuffle)."""

    kernel: ClassVar = "cnnshape.kernels.resample"
    types: ClassVar = {"channel_shuffle": None}
    torch: ClassVar = ("ChannelShuffle",)
    channels: ClassVar = True

    groups: PositiveInt

    def ranks(self) -> tuple[int, ...]:
        return (3, 4, 5)

    def check(self, x: Shape, *others: Shape) -> None:
        if x[1] % self.groups:
            raise RuleError(
                "bad-groups",
                f"has {self.groups} groups, which do not divide the {x[1]} channels that arrive",
                field="groups",
                found=self.groups,
                note=division(x[1], self.groups),
                help=nearest_divisors("groups", x[1], self.groups),
                choices=near_divisors(x[1], self.groups),
            )
