"""The largest value of each window, and which one it was.

Windows are taken one axis at a time, from the last, so that of equal values the first counts, row
by row, as with PyTorch. Which value it was is kept as the number of its tap in the window, which
for most windows fits into a byte: comparisons and maxima of bytes cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from cnnshape.kernels.arena import Arena, Array
from cnnshape.kernels.columns import Axis, channel_major

CACHED = 1 << 16
"""Values that several operations in turn find in the processor's cache."""


class Reading(NamedTuple):
    """What windows read along one axis: for every tap the places, one an output."""

    taps: Sequence[slice | Array]
    first: Array
    """The place of the first tap of every output."""
    dilation: int
    size: int
    """Places along the axis, those of padding with them."""
    apart: bool
    """No two windows share a place."""


def reading(axis: Axis) -> Reading:
    """What a kernel that slides along an axis reads of the padded input."""
    return Reading(
        [axis.read(tap) for tap in range(axis.kernel)],
        np.arange(axis.output) * axis.stride,
        axis.dilation,
        axis.reach,
        axis.stride >= axis.dilation * (axis.kernel - 1) + 1,
    )


def along(x: Array, place: int, part: slice | Array) -> Array:
    """A part of one axis, counted from the end."""
    return x[(..., part, *(slice(None),) * (-1 - place))]


def _blocks(shape: Sequence[int]) -> Iterator[slice]:
    """Channels of (C, …), as many at a time as stay in the cache."""
    count = max(CACHED // max(prod(shape[1:]), 1), 1)
    return (slice(first, first + count) for first in range(0, shape[0], count))


def largest(x: Array, readings: Sequence[Reading], arena: Arena) -> Array:
    """The maximum of each window of (N, C, *padded)."""
    x = x.swapaxes(0, 1)
    y = arena.empty(_shape_after(x, readings), x.dtype)
    for part in _blocks(x.shape):
        values = x[part]
        for place, read in _from_the_end(readings):
            found = along(values, place, read.taps[0]).copy()
            for tap in read.taps[1:]:
                np.maximum(found, along(values, place, tap), out=found)
            values = found
        y[part] = values
    return y.swapaxes(0, 1)


def _from_the_end(readings: Sequence[Reading]) -> Iterator[tuple[int, Reading]]:
    return zip(range(-1, -len(readings) - 1, -1), reversed(readings), strict=True)


def _shape_after(x: Array, readings: Sequence[Reading]) -> tuple[int, ...]:
    return (*x.shape[:2], *(len(read.first) for read in readings))


def largest_and_which(x: Array, readings: Sequence[Reading], arena: Arena) -> tuple[Array, Array]:
    """The maximum of each window of (N, C, *padded), and the number of its tap."""
    x = x.swapaxes(0, 1)
    kind = np.uint8 if prod(len(read.taps) for read in readings) <= 256 else np.int32
    shape = _shape_after(x, readings)
    y, which = arena.empty(shape, x.dtype), arena.empty(shape, kind)
    for part in _blocks(x.shape):
        values, numbers = x[part], np.zeros((), kind)
        weight = 1
        for place, read in _from_the_end(readings):
            values, numbers = _best(values, numbers, place, read, kind(weight))
            weight *= len(read.taps)
        y[part], which[part] = values, numbers
    return y.swapaxes(0, 1), which.swapaxes(0, 1)


def _best(
    values: Array, numbers: Array, place: int, read: Reading, weight: np.integer
) -> tuple[Array, Array]:
    """Along one axis the largest values, and the numbers of their taps.

    A later tap has a larger number, so the number of the last one that was better is the largest.
    """
    best = along(values, place, read.taps[0]).copy()
    which = np.zeros(best.shape, numbers.dtype)
    if numbers.ndim:
        which[...] = along(numbers, place, read.taps[0])
    for number, tap in enumerate(read.taps[1:], 1):
        part = along(values, place, tap)
        candidate = (part > best).astype(numbers.dtype)
        own = numbers.dtype.type(number) * weight
        candidate *= along(numbers, place, tap) + own if numbers.ndim else own
        np.maximum(which, candidate, out=which)
        np.maximum(best, part, out=best)
    return best, which


def _places(readings: Sequence[Reading]) -> tuple[Array, Array]:
    """The place in the padded array of every output's first tap, and what each tap adds to it."""
    first, added = np.zeros((), np.int64), np.zeros(1, np.int64)
    weight = 1
    for read in reversed(readings):
        first = (read.first * weight).reshape(-1, *(1,) * first.ndim) + first
        own = np.arange(len(read.taps)) * (read.dilation * weight)
        added = (own[:, None] + added).ravel()
        weight *= read.size
    return first, added


def places(which: Array, readings: Sequence[Reading]) -> Array:
    """The index of each maximum among the places of the padded array, row by row."""
    first, added = _places(readings)
    found: Array = added.take(which)
    found += first
    return found


def scattered(g: Array, which: Array, readings: Sequence[Reading], arena: Arena) -> Array:
    """The gradient by (N, C, *padded): each output's, at the place that its value came from."""
    g, which = channel_major(g, arena), which.swapaxes(0, 1)
    sizes = tuple(read.size for read in readings)
    by_x = arena.zeros((*g.shape[:2], *sizes), g.dtype)
    first, added = _places(readings)
    count = prod(sizes)
    apart = all(read.apart for read in readings)
    for part in _blocks(by_x.shape):
        target, values = by_x[part], g[part].reshape(-1)
        maps = np.arange(len(target) * g.shape[1]) * count
        index: Array = added.take(which[part])
        index += first
        index += maps.reshape(len(target), -1, *(1,) * len(sizes))
        if apart:
            target.reshape(-1)[index.reshape(-1)] = values
        else:
            np.add.at(target.reshape(-1), index.reshape(-1), values)
    return by_x.swapaxes(0, 1)
