"""Windows that slide along an axis: output sizes, padding, and what one output sees."""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """What one output index sees along one input axis; the receptive field follows from it.

    Output `o` sees the inputs `i` with `o·step - before <= i·up < o·step - before + extent`. A
    convolution has `up = 1`; a transposed convolution of stride s reads a grid that holds an input
    at every s-th place, `up = s` (Dumoulin and Visin 2016, section 4). With a `spacing` of d only
    every d-th of these places counts, from the first on: the taps of a dilated kernel.
    """

    extent: int
    step: int = 1
    before: int = 0
    up: int = 1
    spacing: int = 1


class Slide(NamedTuple):
    """A kernel that slides along one axis of `size` values."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False
    same: bool = False
    """The padding was chosen for an output of ceil(W/s) values."""

    @property
    def extent(self) -> int:
        """Values from the first tap to the last: d(k - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def output_size(self) -> int:
        """floor((W + p_before + p_after - d(k - 1) - 1)/s) + 1 (Dumoulin, Visin 2016, section 2).

        With `ceil` the division rounds up, and a last window that would start beyond the input and
        its left padding is dropped (PyTorch, MaxPool2d, `ceil_mode`): of ceil((W + p_before)/s)
        starts the rest is within.
        """
        stride = self.stride
        if self.same:
            return -(-self.size // stride)
        room = self.before + self.after - self.extent
        if self.ceil:
            room = min(room + stride, self.before) - 1
        return (self.size + (room + stride)) // stride

    def left_over(self) -> int:
        """Values at the far edge behind the last whole step, which no output sees.

        A stride larger than the kernel steps over values everywhere; those are meant, and not
        counted.
        """
        step = max(self.extent, self.stride)
        end = (self.output_size() - 1) * self.stride - self.before + step
        return max(self.size - end, 0)

    def window(self) -> Window:
        return Window(self.extent, self.stride, self.before, spacing=self.dilation)

    def formula(self) -> str:
        """The rule with its numbers: `(28 - 5 + 2·0)/1 + 1 = 24`."""
        if self.dilation == 1 and self.before == self.after:
            room = f"{self.size} - {self.kernel} + 2·{self.before}"
        else:
            taps = f"{self.dilation}·({self.kernel} - 1) - 1"
            room = f"{self.size} + {self.before} + {self.after} - {taps}"
        quotient = f"({room})/{self.stride}"
        rest = (self.size + self.before + self.after - self.extent) % self.stride
        if not isinstance(rest, int) or rest:
            quotient = f"{'ceil' if self.ceil else 'floor'}({quotient})"
        result = self.output_size()
        known = isinstance(result, int)
        dropped = " - 1" if self.ceil and known and self.rounded_up() > result else ""
        return f"{quotient} + 1{dropped} = {result}"

    def rounded_up(self) -> int:
        """ceil((W + p_before + p_after - d(k - 1) - 1)/s) + 1, before a last window is dropped."""
        return -(-(self.size + self.before + self.after - self.extent) // self.stride) + 1


def same_padding(size: int, extent: int, stride: int, *, lower: bool) -> tuple[int, int]:
    """Padding before and after for an output of ceil(W/s) values.

    The total is max((ceil(W/s) - 1)s + extent - W, 0); its odd value goes after the input
    (TensorFlow `SAME`, ONNX `SAME_UPPER`), or before it if `lower` (ONNX `SAME_LOWER`).
    """
    outputs = -(-size // stride)
    total = larger((outputs - 1) * stride + extent - size, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def larger(a: int, b: int) -> int:
    """max(a, b), which is a formula where a or b is one."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    from cnnshape.dim import maximum

    return maximum(a, b)


class Spread(NamedTuple):
    """A transposed convolution along one axis of `size` values."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    output_padding: int = 0

    def output_size(self) -> int:
        """(W - 1)s - p_before - p_after + d(k - 1) + output_padding + 1 (ConvTranspose2d)."""
        taps = self.dilation * (self.kernel - 1)
        pads = self.before + self.after
        return (self.size - 1) * self.stride - pads + taps + self.output_padding + 1

    def window(self) -> Window:
        """The convolution over the stretched input whose padding is d(k - 1) - p."""
        taps = self.dilation * (self.kernel - 1)
        return Window(taps + 1, 1, taps - self.before, self.stride, self.dilation)

    def formula(self) -> str:
        pads = f"2·{self.before}" if self.before == self.after else f"{self.before} - {self.after}"
        taps = f"{self.dilation}·({self.kernel} - 1)"
        return (
            f"({self.size} - 1)·{self.stride} - {pads} + {taps} + {self.output_padding} + 1"
            f" = {self.output_size()}"
        )
