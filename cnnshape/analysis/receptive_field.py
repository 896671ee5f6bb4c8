"""Receptive fields through any graph, exact along every axis.

Output `o` of a layer sees the input indices from first(o) to last(o), counted into the padding
where it reaches there. Along a plain network first(o) = start + o·stride; behind a transposed
convolution or an upsampling it repeats with a period: a table of one period and the advance of a
whole one (Araujo, Norris and Sim 2019, extended from one step to a period of steps).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from operator import index
from typing import NamedTuple

from cnnshape.window import Window

LONGEST_PERIOD = 4096
"""Longer tables are cut: they would outgrow the axes they describe."""


class Reach(NamedTuple):
    """What the outputs see along one axis of the network's input.

    `axis` is the output's axis that walks along it; None: every output sees the same.
    Output o = q·P + r sees first[r] + q·advance to last[r] + q·advance, P being the period.
    """

    axis: int | None
    first: tuple[int, ...]
    last: tuple[int, ...]
    advance: int

    @property
    def size(self) -> int:
        """The most input indices that an output sees."""
        if len(self.first) == 1:
            return self.last[0] - self.first[0] + 1
        return max(last - first + 1 for first, last in zip(self.first, self.last, strict=True))

    @property
    def stride(self) -> int | Fraction:
        """Input steps a step of the output."""
        period = len(self.first)
        return self.advance if period == 1 else Fraction(self.advance, period)

    @property
    def has_holes(self) -> bool:
        """Whether some outputs see nothing: those between the taps of a transposed convolution."""
        return any(first > last for first, last in zip(self.first, self.last, strict=True))

    @property
    def start(self) -> int:
        """The first input index that output 0 sees; negative: in the padding."""
        return self.first[0]

    @property
    def centre(self) -> Fraction:
        """Twice the middle of what output 0 sees, on the average over a period."""
        period = len(self.first)
        ends = Fraction(index(sum(self.first) + sum(self.last)), period)
        return ends - self.stride * (period - 1)

    def at(self, index: int) -> tuple[int, int]:
        """The first and the last input index that an output sees."""
        turns, rest = divmod(index, len(self.first))
        return self.first[rest] + turns * self.advance, self.last[rest] + turns * self.advance


def whole(size: int) -> Reach:
    """Every output sees all of an input axis."""
    return Reach(None, (0,), (size - 1,), size)


def own(axis: int) -> Reach:
    """Every index sees itself: the network's input."""
    return Reach(axis, (0,), (0,), 1)


def through(reach: Reach, window: Window) -> Reach:
    """What is seen through one more window.

    For a period of one: r' = r + (extent - 1)j, j' = j·step, start' = start - before·j.
    """
    if window.up == 1 and len(reach.first) == 1:
        j = reach.advance
        first = reach.first[0] - window.before * j
        last = reach.last[0] + (window.extent - 1 - window.before) * j
        return Reach(reach.axis, (first,), (last,), j * window.step)
    inputs = len(reach.first) * window.up
    period = inputs // gcd(window.step, inputs)
    advance = reach.advance * window.step * period // inputs
    if period > LONGEST_PERIOD:
        advance, period = advance * LONGEST_PERIOD // period, LONGEST_PERIOD
    ends = not reach.has_holes and (window.spacing == 1 or window.up == 1)
    seen = _by_ends if ends else _by_taps
    firsts, lasts = zip(*[seen(reach, window, index) for index in range(period)], strict=True)
    return Reach(reach.axis, firsts, lasts, advance)


def _by_ends(reach: Reach, window: Window, output: int) -> tuple[int, int]:
    """The first and the last index that an output sees, where its window's ends tell them."""
    lowest = output * window.step - window.before
    highest = lowest + window.extent - 1
    return reach.at(-(-lowest // window.up))[0], reach.at(highest // window.up)[1]


def _by_taps(reach: Reach, window: Window, output: int) -> tuple[int, int]:
    """The same where taps fall between inputs, or on outputs that see nothing; crossed: none."""
    lowest = output * window.step - window.before
    highest = lowest + window.extent - 1
    places = range(lowest, highest + 1, window.spacing)
    spans = [reach.at(place // window.up) for place in places if place % window.up == 0]
    firsts, lasts = zip(*[span for span in spans if span[0] <= span[1]] or [(0, -1)], strict=True)
    return min(firsts), max(lasts)


def union(one: Reach, other: Reach, outputs: int) -> tuple[Reach, bool]:
    """What is seen by way of two branches, and whether these are aligned.

    They are not aligned when their strides differ or their middles are shifted (Araujo et al. 2019,
    "alignment"); then the union is taken over all `outputs` indices.
    """
    if one == other:
        return one, True
    if one.axis is None or other.axis is None:
        return (one if one.axis is None else other), True
    if one.stride == other.stride:
        period = lcm(len(one.first), len(other.first))
        aligned = one.centre == other.centre
        advance = one.advance * period // len(one.first)
    else:
        period, aligned = min(index(outputs), LONGEST_PERIOD), False
        advance = max(one.at(period)[0] - one.at(0)[0], other.at(period)[0] - other.at(0)[0])
    spans = [_span(one.at(index), other.at(index)) for index in range(period)]
    first, last = zip(*spans, strict=True)
    return Reach(one.axis, first, last, advance), aligned


def _span(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """From the first to the last index of both; one that sees nothing ends before it begins."""
    if one[0] > one[1]:
        return other
    if other[0] > other[1]:
        return one
    return min(one[0], other[0]), max(one[1], other[1])
