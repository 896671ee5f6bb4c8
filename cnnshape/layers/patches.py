"""Patches: unfold takes every window out as a column, fold sums columns back."""

from math import prod
from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Kept, Layer, PerAxis, PerAxisFrom0, Shape, division, show
from cnnshape.window import Slide


class Patches(Layer):
    """Windows over two axes, as columns of C·∏k values."""

    channels: ClassVar = False

    def over(self, sizes: Shape) -> list[Slide]:
        """The windows over (H, W)."""
        names = ("kernel_size", "stride", "dilation", "padding", "padding")
        return [Slide(*v) for v in zip(sizes, *(self.along(n, 2) for n in names), strict=True)]

    def columns(self, sizes: Shape) -> Shape:
        """Windows along each axis; RuleError where there are none."""
        counts = []
        for slide in self.over(sizes):
            counts.append(slide.output_size())
            if counts[-1] < 1:
                raise RuleError(
                    "empty-output",
                    f"takes windows of {slide.extent} from an axis of "
                    f"{slide.size + 2 * slide.before}: nothing comes out",
                    field="kernel_size",
                    note=slide.formula(),
                )
        return tuple(counts)

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept()

    def kernel_values(self) -> int:
        return prod(self.along("kernel_size", 2))


class Unfold(Patches):
    """(N, C, H, W) → (N, C·∏k, L), L windows by the rule of convolution (PyTorch, Unfold)."""

    kernel: ClassVar = "cnnshape.kernels.patches"
    types: ClassVar = {"unfold": 2}
    torch: ClassVar = ("Unfold",)
    channels: ClassVar = True

    kernel_size: PerAxis
    dilation: PerAxis = 1
    padding: PerAxisFrom0 = 0
    stride: PerAxis = 1

    def slides(self, x: Shape) -> list[Slide]:
        return self.over(x[2:])

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], x[1] * self.kernel_values(), prod(self.columns(x[2:])))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return ((0, 1, None, None),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "kernel_size" if axis else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        kernel = "·".join(map(str, self.along("kernel_size", 2)))
        counts = " · ".join(map(str, self.columns(x[2:])))
        return [("channels", f"{x[1]}·{kernel} = {y[1]}"), ("windows", f"{counts} = {y[2]}")]


class Fold(Patches):
    """(N, C·∏k, L) → (N, C, *output_size), L the windows that unfold would take (PyTorch, Fold)."""

    kernel: ClassVar = "cnnshape.kernels.patches"
    types: ClassVar = {"fold": 2}
    torch: ClassVar = ("Fold",)

    output_size: PerAxis
    kernel_size: PerAxis
    dilation: PerAxis = 1
    padding: PerAxisFrom0 = 0
    stride: PerAxis = 1

    def ranks(self) -> tuple[int, ...]:
        return (3,)

    def check(self, x: Shape, *others: Shape) -> None:
        values, sizes = self.kernel_values(), self.along("output_size", 2)
        if x[1] % values:
            raise RuleError(
                "bad-reshape",
                f"needs channels divisible by the {values} values of its kernel, but {x[1]} arrive",
                field="kernel_size",
                found=x[1],
                note=division(x[1], values),
            )
        counts = self.columns(sizes)
        if prod(counts) != x[2]:
            raise RuleError(
                "size-mismatch",
                f"folds {prod(counts)} windows into {sizes[0]}×{sizes[1]}, but {x[2]} arrive",
                field="output_size",
                expected=x[2],
                found=prod(counts),
                note=f"{counts[0]} · {counts[1]} = {prod(counts)}, from {show(x)}",
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], x[1] // self.kernel_values(), *self.along("output_size", 2))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return ((0, 1, None),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return {0: None, 1: "kernel_size"}.get(axis, "output_size")
