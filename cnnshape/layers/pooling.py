"""Pooling with a sliding window, and LeCun's trainable subsampling."""

from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    INDEX_BYTES,
    Kept,
    PerAxis,
    PositiveInt,
    Shape,
    Size,
)
from cnnshape.layers.sliding import Padding, Sliding


class Pool(Sliding):
    """A window over each channel by itself; the output has the input's channels."""

    def check(self, x: Shape, *others: Shape) -> None:
        """A pad is at most half the undilated kernel (PyTorch, MaxPool2d); `same` is free."""
        if isinstance(self.pads, str):
            return
        for slide in self.slides(x):
            pad, bound = max(slide.before, slide.after), slide.kernel // 2
            if pad > bound:
                raise RuleError(
                    "bad-padding",
                    f"pads {pad} on a side, more than half its kernel of {slide.kernel}",
                    field="padding",
                    expected=bound,
                    found=pad,
                    help=f"pad at most {bound}",
                    choices=(bound,),
                )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:2], *self.output_sizes(x))


class MaxPool(Pool):
    """The largest value of each window.

    Per axis the rule of convolution, by default with a stride of the kernel's size; `ceil_mode`
    rounds up and drops a last window that would start in the right padding (PyTorch, MaxPool2d).
    """

    kernel: ClassVar = "cnnshape.kernels.pooling"
    types: ClassVar = {"max_pool1d": 1, "max_pool2d": 2, "max_pool3d": 3}
    torch: ClassVar[tuple[str, ...]] = ("MaxPool1d", "MaxPool2d", "MaxPool3d")

    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: Padding = 0
    dilation: PerAxis = 1
    return_indices: bool = False
    ceil_mode: bool = False

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept(inputs=True, bytes=INDEX_BYTES * prod(y))


class AvgPool(Pool):
    """The mean of each window, counting its padding or not (PyTorch, AvgPool2d).

    Per axis the rule of convolution, by default with a stride of the kernel's size.
    """

    kernel: ClassVar = "cnnshape.kernels.pooling"
    types: ClassVar = {"avg_pool1d": 1, "avg_pool2d": 2, "avg_pool3d": 3}
    torch: ClassVar = ("AvgPool1d", "AvgPool2d", "AvgPool3d")

    kernel_size: PerAxis
    stride: PerAxis | None = None
    padding: Padding = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: PositiveInt | None = None

    def check(self, x: Shape, *others: Shape) -> None:
        """In three dimensions PyTorch wants the kernel no larger than the input without padding."""
        super().check(x)
        for slide in self.slides(x) if self.axes == 3 else ():
            if slide.kernel > slide.size:
                raise RuleError(
                    "empty-output",
                    f"averages over {slide.kernel} values of an axis that has {slide.size}",
                    field="kernel_size",
                    expected=slide.size,
                    found=slide.kernel,
                    help="use a smaller kernel; padding does not count here (PyTorch, AvgPool3d)",
                )


class LPPool(Pool):
    """The p-norm of each window, (Σ xᵖ)^(1/p), without padding (PyTorch, LPPool2d)."""

    kernel: ClassVar = "cnnshape.kernels.pooling"
    types: ClassVar = {"lp_pool2d": 2}
    torch: ClassVar = ("LPPool2d",)

    norm_type: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    kernel_size: PerAxis
    stride: PerAxis | None = None
    ceil_mode: bool = False

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """The powers, and the four steps from their mean to its root."""
        return Kept(inputs=True, values=prod(x) + 4 * prod(y))


class Subsample(Pool):
    """LeCun's subsampling: each window's mean, times one trainable gain a map, plus one bias a map.

    C gains and C biases. A connection is one use of the gain by each input of the window, or one of
    the bias (LeCun et al. 1998, section II.B); as pooling it costs 0 MACs.
    """

    kernel: ClassVar = "cnnshape.kernels.pooling"
    types: ClassVar = {"subsample2d": 2}

    kernel_size: PerAxis = 2
    stride: PerAxis | None = None

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (x[1],), "bias": (x[1],)}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        positions = prod(y[2:])
        return {"weight": prod(self.kernel_sizes) * positions, "bias": positions}

    def macs(self, y: Shape, x: Shape, *others: Shape) -> Size:
        return 0
