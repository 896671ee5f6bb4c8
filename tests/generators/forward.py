"""Layers run on a list of numbers, one axis of one channel, so that inputs can be perturbed.

Numbers and weights are whole or fractions, and positive, so that nothing cancels. A maximum is run
as a sum: it reads the same values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

Numbers = list[Fraction]
Run = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Case:
    """A layer over a map of one row, and the same by hand along that row."""

    type: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]
    run: Run
    wraps: bool = False
    """Beyond the ends it reads the input again."""

    def __str__(self) -> str:
        return f"{self.type}-{len(self.arguments)}"

    def reads(self) -> list[set[int]]:
        """For each output the inputs that change it."""
        size = self.shape[-1]
        before = [Fraction(i * i + 1) for i in range(size)]
        outputs: list[set[int]] = [set() for _ in self.run(before)]
        for place in range(size):
            after = [*before[:place], before[place] + 1, *before[place + 1 :]]
            for index, pair in enumerate(zip(self.run(before), self.run(after), strict=True)):
                if pair[0] != pair[1]:
                    outputs[index].add(place)
        return outputs


def slide(k: int, s: int = 1, d: int = 1, before: int = 0, after: int = 0) -> Run:
    def run(x: Numbers) -> Numbers:
        padded = [Fraction(0)] * before + x + [Fraction(0)] * after
        starts = range(0, len(padded) - d * (k - 1), s)
        return [sum(((t + 2) * padded[o + t * d] for t in range(k)), Fraction(0)) for o in starts]

    return run


def spread(k: int, s: int, d: int = 1, before: int = 0, after: int = 0) -> Run:
    def run(x: Numbers) -> Numbers:
        y = [Fraction(0)] * ((len(x) - 1) * s + d * (k - 1) + 1)
        for i, value in enumerate(x):
            for t in range(k):
                y[i * s + t * d] += (t + 2) * value
        return y[before : len(y) - after]

    return run


def adapt(outputs: int) -> Run:
    def run(x: Numbers) -> Numbers:
        ends = [(o * len(x) // outputs, -(-(o + 1) * len(x) // outputs)) for o in range(outputs)]
        return [sum(x[first:last], Fraction(0)) for first, last in ends]

    return run


def linear(distance: Fraction) -> Fraction:
    return max(Fraction(0), 1 - distance)


def cubic(distance: Fraction) -> Fraction:
    """Keys 1981, with a = -3/4 as in PyTorch."""
    a = Fraction(-3, 4)
    if distance <= 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    return a * (distance**3 - 5 * distance**2 + 8 * distance - 4) if distance < 2 else Fraction(0)


def interpolate(place: Callable[[int], Fraction], outputs: int, weight: Any) -> Run:
    def run(x: Numbers) -> Numbers:
        y = []
        for o in range(outputs):
            near = range(floor(place(o)) - 2, ceil(place(o)) + 3)
            inside = [(i, x[min(max(i, 0), len(x) - 1)]) for i in near]
            y.append(sum((weight(abs(place(o) - i)) * value for i, value in inside), Fraction(0)))
        return y

    return run


def halfway(ratio: Fraction) -> Callable[[int], Fraction]:
    """The middle of an output in inputs."""
    return lambda o: (o + Fraction(1, 2)) * ratio - Fraction(1, 2)


def pick(choose: Callable[[int], list[int]]) -> Run:
    return lambda x: [x[i] if 0 <= i < len(x) else Fraction(0) for i in choose(len(x))]


def blocks_of(r: int) -> Run:
    return lambda x: [sum(x[o : o + r], Fraction(0)) for o in range(0, len(x), r)]


def case(type: str, shape: tuple[int, ...], run: Run, wraps: bool = False, /, **given: Any) -> Case:
    return Case(type, given, shape, run, wraps)


LINE, ROW = (1, 11), (1, 1, 12)
CASES = [
    case("conv1d", LINE, slide(3, 2, 2, 1, 3), out_channels=1, kernel_size=3, stride=2, dilation=2,
         padding=[[1, 3]]),
    case("conv1d", LINE, slide(4, 2, 1, 1, 2), out_channels=1, kernel_size=4, stride=2,
         padding="same"),
    case("conv1d", LINE, slide(4, 2, 1, 2, 1), out_channels=1, kernel_size=4, stride=2,
         padding="same_lower"),
    case("conv_transpose1d", LINE, spread(4, 3, 1, 2, 2), out_channels=1, kernel_size=4, stride=3,
         padding=2),
    case("conv_transpose1d", LINE, spread(3, 1, 2, 1, 1), out_channels=1, kernel_size=3, dilation=2,
         padding=1),
    case("locally_connected2d", ROW, slide(3, 2, 1, 1, 0), out_channels=1, kernel_size=[1, 3],
         stride=[1, 2], padding=[[0, 0], [1, 0]]),
    case("max_pool1d", LINE, slide(3, 2, 1, 1, 2), kernel_size=3, stride=2, padding=1,
         ceil_mode=True),
    case("avg_pool1d", LINE, slide(3, 3), kernel_size=3),
    case("lp_pool2d", ROW, slide(3, 2), norm_type=2, kernel_size=[1, 3], stride=[1, 2]),
    case("subsample2d", ROW, slide(4, 4), kernel_size=[1, 4]),
    case("adaptive_avg_pool1d", LINE, adapt(4), output_size=4),
    case("adaptive_max_pool1d", LINE, adapt(7), output_size=7),
    case("adaptive_max_pool1d", LINE, adapt(1), output_size=1),
    case("upsample", LINE, pick(lambda n: [o * n // 25 for o in range(25)]), size=25),
    case("upsample", LINE, pick(lambda n: [floor(o / 1.5) for o in range(16)]), scale_factor=1.5),
    case("upsample", LINE, pick(lambda n: [(2 * o + 1) * n // 14 for o in range(7)]), size=7,
         mode="nearest-exact"),
    case("upsample", LINE, interpolate(halfway(Fraction(1, 2)), 22, linear), scale_factor=2,
         mode="linear"),
    case("upsample", LINE, interpolate(halfway(Fraction(11, 4)), 4, linear), size=4, mode="linear"),
    case("upsample", LINE, interpolate(lambda o: o * Fraction(10, 14), 15, linear), size=15,
         mode="linear", align_corners=True),
    case("upsample", ROW, interpolate(halfway(Fraction(3, 2)), 8, cubic), size=[1, 8],
         mode="bicubic"),
    case("pixel_shuffle", (9, 1, 5), pick(lambda n: [o // 3 for o in range(3 * n)]),
         upscale_factor=3),
    case("pixel_unshuffle", (1, 2, 12), blocks_of(2), downscale_factor=2),
    case("zero_pad1d", LINE, pick(lambda n: list(range(-2, n + 1))), padding=[2, 1]),
    case("constant_pad1d", LINE, pick(lambda n: list(range(2, n - 1))), padding=[-2, -1],
         value=0.5),
    case("reflection_pad1d", LINE, pick(lambda n: [abs(i) for i in range(-3, n)]), True,
         padding=[3, 0]),
    case("replication_pad1d", LINE, pick(lambda n: [max(i, 0) for i in range(-3, n)]), True,
         padding=[3, 0]),
    case("circular_pad1d", LINE, pick(lambda n: [i % n for i in range(-3, n)]), True,
         padding=[3, 0]),
    case("crop", LINE, pick(lambda n: list(range(3, n - 4))), size=4),
    case("crop", LINE, pick(lambda n: list(range(1, n - 4))), cropping=[[1, 4]]),
    case("slice", LINE, pick(lambda n: list(range(2, n, 3))), dim=2, start=2, step=3),
    case("global_avg_pool", LINE, adapt(1), keepdims=True),
]  # fmt: skip
