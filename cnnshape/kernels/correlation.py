"""The three products of a convolution, for any number of axes, over channel-major arrays.

`x` is (C, N, *spatial), `w` is (O, C/groups, *kernel), `y` is (O, N, *outputs): with the batch
beside the positions, one matrix product serves all samples. The windows are copied into columns
(Chellapilla et al. 2006), as many at a time as stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cnnshape.kernels.arena import Arena, Array, trailing

COLUMNS = 1 << 20
"""Values in a buffer of columns: 4 MB in single precision."""


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

    def read(self, tap: int, first: int = 0, last: int | None = None) -> slice:
        """What a tap reads of the padded axis for the outputs from `first` up to before `last`."""
        start = tap * self.dilation + first * self.stride
        count = (self.output if last is None else last) - first
        return slice(start, start + (count - 1) * self.stride + 1, self.stride)


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


def blocks(column: int, samples: int, axes: Axes, limit: int = COLUMNS) -> Iterator[Block]:
    """Whole samples, as many as the limit allows, or of each sample as many rows."""
    rows = axes[0].output
    row = column * prod(axis.output for axis in axes[1:])
    at_once = limit // max(row * rows, 1)
    if at_once >= 1:
        for first in range(0, samples, at_once):
            yield Block(slice(first, min(first + at_once, samples)), slice(0, rows))
        return
    height = max(limit // row, 1)
    height = -(-rows // -(-rows // height))  # blocks of nearly one height
    for sample, first in product(range(samples), range(0, rows, height)):
        yield Block(slice(sample, sample + 1), slice(first, min(first + height, rows)))


def everything(samples: int, axes: Axes) -> Block:
    """All outputs as one block."""
    return Block(slice(0, samples), slice(0, axes[0].output))


def gather(x: Array, axes: Axes, block: Block, arena: Arena, buffer: Array | None = None) -> Array:
    """(C·taps, positions of the block): what each output of the block reads of the padded x."""
    shape = _column_shape(len(x), axes, block)
    if buffer is None:
        buffer = arena.empty((prod(shape),), x.dtype)
    gathered = buffer[: prod(shape)].reshape(shape)
    samples = x[:, block.samples]
    for tap in taps(axes):
        gathered[at(tap)] = samples[trailing(reads(axes, tap, block.rows))]
    return gathered.reshape(len(x) * prod(axis.kernel for axis in axes), -1)


def scatter(gathered: Array, spread: Array, axes: Axes, block: Block) -> None:
    """Add columns to where they were read from."""
    gathered = gathered.reshape(_column_shape(len(spread), axes, block))
    samples = spread[:, block.samples]
    for tap in taps(axes):
        samples[trailing(reads(axes, tap, block.rows))] += gathered[at(tap)]


def _column_shape(channels: int, axes: Axes, block: Block) -> tuple[int, ...]:
    kernel = [axis.kernel for axis in axes]
    samples, rows = (part.stop - part.start for part in block)
    return (channels, *kernel, samples, rows, *(axis.output for axis in axes[1:]))


def at(tap: Sequence[int]) -> Any:
    """The index of a tap in (C, *kernel, …)."""
    return (slice(None), *tap)


def taps(axes: Axes) -> Iterator[tuple[int, ...]]:
    """The places of a kernel."""
    return product(*(range(axis.kernel) for axis in axes))


def reads(axes: Axes, tap: Sequence[int], rows: slice) -> list[slice]:
    """What one tap reads, for some rows of outputs."""
    first, *others = zip(axes, tap, strict=True)
    return [first[0].read(first[1], rows.start, rows.stop), *(a.read(t) for a, t in others)]


def is_pointwise(axes: Axes) -> bool:
    """Whether every output reads one input, and every input is read."""
    return all(
        axis.kernel == 1 and axis.stride == 1 and axis.before == 0 and axis.output == axis.size
        for axis in axes
    )


def column_buffer(column: int, samples: int, axes: Axes, x: Array, arena: Arena) -> Array:
    """Room for the columns of the largest block."""
    largest = next(blocks(column, samples, axes))
    count, rows = (part.stop - part.start for part in largest)
    positions = prod(axis.output for axis in axes[1:])
    return arena.empty((column * positions * rows * count,), x.dtype)


def correlate(
    x: Array, w: Array, axes: Axes, groups: int, arena: Arena, bias: Array | None = None
) -> Array:
    """y: every kernel at every place. Groups are matrices of their own."""
    samples, column = x.shape[1], len(x) * prod(w.shape[2:])
    y = arena.empty((len(w), samples, *(axis.output for axis in axes)), x.dtype)
    matrix = w.reshape(groups, len(w) // groups, -1)
    added = None if bias is None else bias.reshape(groups, -1, 1)
    if is_pointwise(axes):
        _multiply(matrix, _grouped(x, groups), _grouped(y, groups), added)
        return y
    x = padded(x, axes, arena)
    buffer = column_buffer(column, samples, axes, x, arena)
    for block in blocks(column, samples, axes):
        gathered = gather(x, axes, block, arena, buffer).reshape(groups, column // groups, -1)
        _multiply(matrix, gathered, _part(y, block, groups), added)
    return y


def _multiply(matrix: Array, gathered: Array, y: Array, bias: Array | None) -> None:
    np.matmul(matrix, gathered, out=y)
    if bias is not None:
        y += bias


def _grouped(x: Array, groups: int) -> Array:
    """(C, …) as (groups, C/groups, values)."""
    return x.reshape(groups, len(x) // groups, -1)


def _part(y: Array, block: Block, groups: int) -> Array:
    """The block's part of y as (groups, O/groups, positions), a view."""
    return _grouped(y[:, block.samples, block.rows], groups)


def kernel_gradient(
    x: Array, g: Array, shape: Sequence[int], axes: Axes, groups: int, arena: Arena
) -> Array:
    """The gradient by w: at every tap, what it reads times what came of it."""
    samples, column = x.shape[1], len(x) * prod(shape[2:])
    if is_pointwise(axes):
        return np.matmul(_grouped(g, groups), _grouped(x, groups).swapaxes(1, 2)).reshape(shape)
    x = padded(x, axes, arena)
    buffer = column_buffer(column, samples, axes, x, arena)
    by_w = np.zeros((groups, len(g) // groups, column // groups), x.dtype)
    for block in blocks(column, samples, axes):
        gathered = gather(x, axes, block, arena, buffer).reshape(groups, column // groups, -1)
        by_w += np.matmul(_part(g, block, groups), gathered.swapaxes(1, 2))
    return by_w.reshape(shape)


def input_gradient(g: Array, w: Array, axes: Axes, groups: int, arena: Arena) -> Array:
    """The gradient by x: every kernel, weighed, at the place it was read from."""
    channels, samples = w.shape[1] * groups, g.shape[1]
    shape = (channels, samples, *(axis.size for axis in axes))
    matrix = w.reshape(groups, len(w) // groups, -1).swapaxes(1, 2)
    if is_pointwise(axes):
        by_x = arena.empty(shape, g.dtype)
        np.matmul(matrix, _grouped(g, groups), out=_grouped(by_x, groups))
        return by_x
    back = [_back(axis) for axis in axes]
    if all(axis.stride == 1 for axis in axes) and min(axis.before for axis in back) >= 0:
        return correlate(g, turned(w, groups), back, groups, arena)
    spread = arena.zeros((channels, samples, *(axis.reach for axis in axes)), g.dtype)
    column = channels * prod(w.shape[2:])
    buffer = column_buffer(column, samples, axes, g, arena)
    for block in blocks(column, samples, axes):
        part = _part(g, block, groups)
        gathered = buffer[: column * part.shape[2]].reshape(groups, column // groups, -1)
        np.matmul(matrix, part, out=gathered)
        scatter(gathered, spread, axes, block)
    return unpadded(spread, shape, axes, arena)


def turned(w: Array, groups: int) -> Array:
    """The kernels turned about their middle, inputs and outputs exchanged in every group."""
    split = w.reshape(groups, len(w) // groups, *w.shape[1:]).swapaxes(1, 2)
    flipped = split[trailing([slice(None, None, -1)] * (w.ndim - 2))]
    return np.ascontiguousarray(flipped).reshape(-1, len(w) // groups, *w.shape[2:])


def _back(axis: Axis) -> Axis:
    """The window of stride 1 over the outputs that gives the gradient by the inputs."""
    before = axis.dilation * (axis.kernel - 1) - axis.before
    return Axis(axis.output, axis.kernel, 1, axis.dilation, before, axis.size)
