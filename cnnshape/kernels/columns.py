"""Windows of an input, copied into columns (Chellapilla et al. 2006), and columns summed back.

Arrays are channel-major, (C, N, *spatial), so that one matrix product over columns serves all
samples. Where a kernel moves by a stride, the input is first dealt out into its phases, every
s-th value from the first, from the second, …: what a tap reads then lies side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import gcd, prod
from typing import Any, NamedTuple

from numpy.lib.stride_tricks import as_strided

from cnnshape.kernels.arena import Arena, Array, trailing

COLUMNS = 1 << 21
"""Values in a buffer of columns: 8 MB in single precision."""
LINE = 16
"""Values of a line of the processor's cache, in single precision."""
FEWEST = 512
"""Positions below which a matrix product is not worth its while."""


class Axis(NamedTuple):
    """A kernel that slides along one axis: output `o` reads o·stride + tap·dilation - before."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    output: int

    @property
    def reach(self) -> int:
        """Values from the first that is read to the last, padding and all."""
        return (self.output - 1) * self.stride + self.dilation * (self.kernel - 1) + 1

    @property
    def length(self) -> int:
        """Values of a phase."""
        return -(-self.reach // self.stride)

    def read(self, tap: int) -> slice:
        """What a tap reads of the padded axis."""
        start = tap * self.dilation
        return slice(start, start + (self.output - 1) * self.stride + 1, self.stride)

    @property
    def step(self) -> int:
        """Values of a phase between the reads of two taps of it that follow each other."""
        return self.dilation // gcd(self.stride, self.dilation)

    def alike(self) -> list[slice]:
        """The taps of the kernel, by the phase that they read."""
        apart = self.stride // gcd(self.stride, self.dilation)
        return [slice(tap, self.kernel, apart) for tap in range(min(apart, self.kernel))]

    def spans(self) -> list[tuple[slice, slice]]:
        """For every phase, the part of it that the input fills, and the values that fill it."""
        found = []
        for phase in range(self.stride):
            first = max(-((phase - self.before) // self.stride), 0)
            start = first * self.stride + phase - self.before
            count = max(min(-((start - self.size) // self.stride), self.length - first), 0)
            end = start + (count - 1) * self.stride + 1 if count else start
            found.append((slice(first, first + count), slice(start, end, self.stride)))
        return found


Axes = Sequence[Axis]


def channel_major(x: Array, arena: Arena) -> Array:
    """(N, C, *spatial) as (C, N, *spatial), contiguous."""
    moved = x.swapaxes(0, 1)
    if moved.flags.c_contiguous:
        return moved
    copy = arena.empty(moved.shape, x.dtype)
    copy[...] = moved
    return copy


def padded(x: Array, axes: Axes, arena: Arena, fill: float = 0) -> Array:
    """`x` with what its windows read around it, and without what none of them reads."""
    wanted = tuple(axis.reach for axis in axes)
    before = tuple(axis.before for axis in axes)
    if not any(before) and wanted == x.shape[2:]:
        return x
    if all(b == 0 and w <= axis.size for b, w, axis in zip(before, wanted, axes, strict=True)):
        return x[trailing(map(slice, wanted))]
    y = arena.empty((*x.shape[:2], *wanted), x.dtype)
    y.fill(fill)
    inner, outer = overlap(axes)
    y[trailing(inner)] = x[trailing(outer)]
    return y


def overlap(axes: Axes) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the input lies in the padded array, and which part of the input lies there."""
    inner, outer = [], []
    for axis in axes:
        count = min(axis.size, axis.reach - axis.before)
        inner.append(slice(axis.before, axis.before + count))
        outer.append(slice(0, count))
    return tuple(inner), tuple(outer)


def unpadded(padded_gradient: Array, shape: Sequence[int], axes: Axes, arena: Arena) -> Array:
    """The gradient by `x` of that by `padded(x)`; what no window read has none."""
    inner, outer = overlap(axes)
    part = padded_gradient[trailing(inner)]
    if part.shape == tuple(shape):
        return part
    whole = arena.zeros(shape, part.dtype)
    whole[trailing(outer)] = part
    return whole


class Block(NamedTuple):
    """Samples and rows of outputs whose columns are made at a time."""

    samples: slice
    rows: slice


def blocks(column: int, samples: int, axes: Axes) -> Iterator[Block]:
    """Whole samples, as many as the buffer holds, or of each sample as many rows."""
    rows = axes[0].output
    row = column * prod(axis.output for axis in axes[1:])
    limit = max(COLUMNS, FEWEST * column)
    at_once = limit // max(row * rows, 1)
    if at_once >= 1:
        at_once = -(-samples // -(-samples // at_once))  # blocks of nearly one size
        for first in range(0, samples, at_once):
            yield Block(slice(first, min(first + at_once, samples)), slice(0, rows))
        return
    height = max(limit // row, 1)
    height = -(-rows // -(-rows // height))
    for sample, first in product(range(samples), range(0, rows, height)):
        yield Block(slice(sample, sample + 1), slice(first, min(first + height, rows)))


def everything(samples: int, axes: Axes) -> Block:
    """All outputs as one block."""
    return Block(slice(0, samples), slice(0, axes[0].output))


def phases(x: Array, axes: Axes, arena: Arena) -> Array:
    """(*strides, C, N, *lengths): the padded input, dealt out."""
    strides, lengths = [axis.stride for axis in axes], [axis.length for axis in axes]
    bare = all(axis.stride == 1 and axis.before == 0 and axis.reach == axis.size for axis in axes)
    if bare:
        return x[(None,) * len(axes)]
    y = arena.zeros((*strides, *x.shape[:2], *lengths), x.dtype)
    for phase, inner, outer in _parts(axes):
        y[phase][trailing(inner)] = x[trailing(outer)]
    return y


def phases_gradient(by_phases: Array, axes: Axes, arena: Arena) -> Array:
    """The gradient by `x` of that by `phases(x)`; what no window read has none."""
    if all(axis.stride == 1 and axis.before == 0 and axis.reach == axis.size for axis in axes):
        return by_phases[(0,) * len(axes)]
    shape = by_phases.shape[len(axes) : len(axes) + 2]
    by_x = arena.zeros((*shape, *(axis.size for axis in axes)), by_phases.dtype)
    for phase, inner, outer in _parts(axes):
        by_x[trailing(outer)] = by_phases[phase][trailing(inner)]
    return by_x


def _parts(axes: Axes) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...], tuple[slice, ...]]]:
    """Every phase, the part of it that the input fills, and the part of the input."""
    for numbered in product(*(enumerate(axis.spans()) for axis in axes)):
        phase = tuple(number for number, _ in numbered)
        inner = tuple(part for _, (part, _) in numbered)
        yield phase, inner, tuple(part for _, (_, part) in numbered)


def gather(
    source: Array, axes: Axes, block: Block, arena: Arena, buffer: Array | None = None
) -> Array:
    """(C·taps, positions of the block): what each output of the block reads of the phases."""
    shape = _column_shape(source.shape[len(axes)], axes, block)
    column, positions = prod(shape[: 1 + len(axes)]), prod(shape[1 + len(axes) :])
    size = column * pitch(positions)
    if buffer is None:
        buffer = arena.empty((size,), source.dtype)
    matrix = buffer[:size].reshape(column, -1)[:, :positions]
    gathered = matrix.reshape(shape)
    for alike in product(*(axis.alike() for axis in axes)):
        tap = tuple(part.start for part in alike)
        first = source[_reads(axes, tap, block)]
        gathered[at(alike)] = _windows(first, axes, [_length(part) for part in alike])
    return matrix


def _length(part: slice) -> int:
    return len(range(part.start, part.stop, part.step))


def _windows(first: Array, axes: Axes, taps: Sequence[int]) -> Array:
    """What taps of one phase read, (C, *taps, N, *outputs), of which the first reads `first`."""
    moves = [axis.step * stride for axis, stride in zip(axes, first.strides[2:], strict=True)]
    shape = (len(first), *taps, *first.shape[1:])
    strides = (first.strides[0], *moves, *first.strides[1:])
    return as_strided(first, shape, strides, writeable=False)


def pitch(positions: int) -> int:
    """Values from row to row of a matrix of columns: an odd number of the cache's lines.

    Rows a power of two apart, or nearly, would push each other out of the cache.
    """
    return (-(-positions // LINE) | 1) * LINE


def scatter(gathered: Array, target: Array, axes: Axes, block: Block) -> None:
    """Add columns to where in the phases they were read from."""
    gathered = gathered.reshape(_column_shape(target.shape[len(axes)], axes, block))
    for tap in taps(axes):
        target[_reads(axes, tap, block)] += gathered[at(tap)]


def _column_shape(channels: int, axes: Axes, block: Block) -> tuple[int, ...]:
    kernel = [axis.kernel for axis in axes]
    samples, rows = (part.stop - part.start for part in block)
    return (channels, *kernel, samples, rows, *(axis.output for axis in axes[1:]))


def at(tap: Sequence[int | slice]) -> Any:
    """The index of a tap in (C, *kernel, …)."""
    return (slice(None), *tap)


def taps(axes: Axes) -> Iterator[tuple[int, ...]]:
    """The places of a kernel."""
    return product(*(range(axis.kernel) for axis in axes))


def _reads(axes: Axes, tap: Sequence[int], block: Block) -> Any:
    """The index in the phases of what one tap reads for a block."""
    offsets = [t * axis.dilation for t, axis in zip(tap, axes, strict=True)]
    phase = [offset % axis.stride for offset, axis in zip(offsets, axes, strict=True)]
    starts = [offset // axis.stride for offset, axis in zip(offsets, axes, strict=True)]
    rows = slice(starts[0] + block.rows.start, starts[0] + block.rows.stop)
    others = zip(starts[1:], axes[1:], strict=True)
    parts = (slice(start, start + axis.output) for start, axis in others)
    return (*phase, slice(None), block.samples, rows, *parts)


def column_buffer(column: int, samples: int, axes: Axes, x: Array, arena: Arena) -> Array:
    """Room for the columns of the largest block."""
    largest = next(blocks(column, samples, axes))
    count, rows = (part.stop - part.start for part in largest)
    positions = prod(axis.output for axis in axes[1:])
    return arena.empty((column * pitch(positions * rows * count),), x.dtype)
