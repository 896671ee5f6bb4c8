"""Sampling at places that are computed, and pooling undone. 0 MACs."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Kind, Layer, PerAxis, PerAxisFrom0, Shape, Size, show
from cnnshape.layers.pooling import MaxPool
from cnnshape.layers.shape import Flow
from cnnshape.layers.size import AnySize
from cnnshape.window import Spread, Window


class GridSample(Layer):
    """x at the places of a grid: (N, C, *in), (N, *out, axes) → (N, C, *out) (grid_sample)."""

    kernel: ClassVar = "cnnshape.kernels.sampling"
    types: ClassVar = {"grid_sample": None}
    in_files: ClassVar = False
    reads: ClassVar = "floats"
    arity: ClassVar = (2, 2)

    mode: Literal["bilinear", "nearest", "bicubic"] = "bilinear"
    padding_mode: Literal["zeros", "border", "reflection"] = "zeros"
    align_corners: bool | None = None

    def ranks(self) -> tuple[int, ...]:
        return (4, 5)

    def check(self, x: Shape, *others: Shape) -> None:
        grid = others[0]
        axes = len(x) - 2
        if len(grid) != len(x) or x[0] != grid[0] or grid[-1] != axes:
            raise RuleError(
                "shape-mismatch",
                f"samples {show(x)} by a grid of {show(grid)}, which must be "
                f"({x[0]}, {'H, W' if axes == 2 else 'D, H, W'}, {axes})",
                operand=1,
                expected=axes,
                found=grid[-1],
            )
        if self.mode == "bicubic" and axes != 2:
            raise RuleError("invalid-value", "has mode bicubic, which takes (N, C, H, W)",
                            field="mode", found=self.mode)  # fmt: skip
        if any(size == 0 for size in x[2:]):
            raise RuleError("empty-output", f"samples {show(x)}, which has no values")

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:2], *others[0][1:-1])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        """Where an output looks is computed: it may see everything."""
        spatial = (None,) * (len(x) - 2)
        return (0, 1, *spatial), (0, *range(2, len(x)), None)


class AffineGrid(Layer):
    """The places that an affine map gives: (N, axes, axes + 1) → (N, *size[2:], axes).

    `size` is the shape of what is to be sampled, (N, C, *out) (PyTorch, affine_grid).
    """

    kernel: ClassVar = "cnnshape.kernels.sampling"
    types: ClassVar = {"affine_grid": None}
    in_files: ClassVar = False
    reads: ClassVar = "floats"

    size: tuple[AnySize, ...]
    align_corners: bool | None = None

    def check(self, x: Shape, *others: Shape) -> None:
        axes = len(self.size) - 2
        if axes not in (2, 3) or any(size < 1 for size in self.size):
            raise RuleError(
                "invalid-value",
                f"makes a grid for {show(self.size)}, which is no (N, C, H, W) or (N, C, D, H, W)",
                field="size",
            )
        if x != (self.size[0], axes, axes + 1):
            wanted = (self.size[0], axes, axes + 1)
            raise RuleError(
                "shape-mismatch",
                f"takes {show(wanted)} for a grid of {show(self.size)}, but {show(x)} arrives",
                operand=0,
                expected=list(wanted),
                found=list(x),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], *self.size[2:], len(self.size) - 2)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((0, None, None),)


class MaxPoolIndices(MaxPool):
    """The places of the largest values of each window (PyTorch, MaxPool2d, `return_indices`)."""

    kernel: ClassVar = "cnnshape.kernels.sampling"
    types: ClassVar = {"max_pool1d_indices": 1, "max_pool2d_indices": 2, "max_pool3d_indices": 3}
    torch: ClassVar = ()
    in_files: ClassVar = False

    @property
    def gives(self) -> Kind:
        return "integers"


class MaxUnpool(Layer):
    """Values put back to where a max pooling took them from, among zeros.

    Operands: x, and the indices that the pooling gave. Per axis (W - 1)s - 2p + k, or what
    `output_size` says, which lies less than a stride from it (PyTorch, MaxUnpool2d).
    """

    kernel: ClassVar = "cnnshape.kernels.sampling"
    types: ClassVar = {"max_unpool1d": 1, "max_unpool2d": 2, "max_unpool3d": 3}
    torch: ClassVar = ("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d")
    in_files: ClassVar = False
    arity: ClassVar = (2, 2)

    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: PerAxisFrom0 = 0
    output_size: tuple[AnySize, ...] | None = None

    def spreads(self, x: Shape) -> list[Spread]:
        """The transposed windows, one a spatial axis."""
        count = len(x) - 2
        kernels = self.along("kernel_size", count)
        strides = kernels if self.stride is None else self.along("stride", count)
        pads = self.along("padding", count)
        return [
            Spread(size, kernel, stride, 1, pad, pad)
            for size, kernel, stride, pad in zip(x[2:], kernels, strides, pads, strict=True)
        ]

    def check(self, x: Shape, *others: Shape) -> None:
        if x != others[0]:
            raise RuleError(
                "shape-mismatch",
                f"puts {show(x)} back by indices of {show(others[0])}, which differ",
                operand=1,
                expected=list(x),
                found=list(others[0]),
            )
        for spread, size in zip(self.spreads(x), self.sizes(x), strict=True):
            usual = spread.output_size()
            if not usual - spread.stride < size < usual + spread.stride:
                raise RuleError(
                    "invalid-value",
                    f"puts {spread.size} values back into {size}, which is not within a stride of "
                    f"{usual}",
                    field="output_size",
                    expected=usual,
                    found=size,
                    note=spread.formula(),
                )

    def sizes(self, x: Shape) -> tuple[Size, ...]:
        """The output's spatial sizes; `output_size` may hold the batch and the channels too."""
        if self.output_size is None:
            return tuple(spread.output_size() for spread in self.spreads(x))
        count = len(x) - 2
        if len(self.output_size) not in (count, len(x)):
            raise RuleError(
                "bad-rank",
                f"has an output_size of {len(self.output_size)} axes, not of {count}",
                field="output_size",
                expected=count,
                found=len(self.output_size),
            )
        return self.output_size[-count:]

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        sizes = self.sizes(x)
        if any(size < 1 for size in sizes):
            raise RuleError("empty-output", f"leaves nothing of its input {show(x)}",
                            field="padding")  # fmt: skip
        return (*x[:2], *sizes)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {axis: spread.window() for axis, spread in enumerate(self.spreads(x), 2)}

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        spreads = enumerate(self.spreads(x), 2)
        return [(f"axis {axis}", spread.formula()) for axis, spread in spreads]

    def ranks(self) -> tuple[int, ...]:
        return ((self.axes or 0) + 2,)
