"""The three products of a convolution, for any number of axes, over channel-major arrays.

`x` is (C, N, *spatial), `w` is (O, C/groups, *kernel), `y` is (O, N, *outputs). Columns of windows
are made for as many positions at a time as stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from cnnshape.kernels import winograd
from cnnshape.kernels.arena import Arena, Array, trailing
from cnnshape.kernels.columns import (
    Axes,
    Axis,
    Block,
    blocks,
    column_buffer,
    gather,
    phases,
    phases_gradient,
    scatter,
)

SMALL = 1 << 10
"""Values of a matrix so small that BLAS does not divide its product well."""
PIECE = 1 << 12
FEW_OUTPUTS = 128
SPREAD = 1.3
"""How many more places than outputs may be read, for the way back to be a convolution, too."""


def is_pointwise(axes: Axes) -> bool:
    """Whether every output reads one input, none of the padding."""
    return all(axis.kernel == 1 and axis.before == 0 and axis.reach <= axis.size for axis in axes)


def _read(x: Array, axes: Axes) -> Array:
    """The inputs that a pointwise convolution reads."""
    return x[trailing(axis.read(0) for axis in axes)]


def correlate(
    x: Array,
    w: Array,
    axes: Axes,
    groups: int,
    arena: Arena,
    bias: Array | None = None,
    *,
    fast: bool = False,
) -> Array:
    """y: every kernel at every place. Groups are matrices of their own."""
    if fast and winograd.serves(w, axes, groups):
        return winograd.correlate(x, w, axes, arena, bias)
    samples, column = x.shape[1], len(x) * prod(w.shape[2:])
    y = arena.empty((len(w), samples, *(axis.output for axis in axes)), x.dtype)
    matrix = w.reshape(groups, len(w) // groups, -1)
    added = None if bias is None else bias.reshape(groups, -1, 1)
    if is_pointwise(axes):
        _multiply(matrix, _grouped(_read(x, axes), groups), _grouped(y, groups), added)
        return y
    source = phases(x, axes, arena)
    buffer = column_buffer(column, samples, axes, x, arena)
    for block in blocks(column, samples, axes):
        gathered = gather(source, axes, block, arena, buffer)
        gathered = gathered.reshape(groups, column // groups, -1)
        _multiply(matrix, gathered, _part(y, block, groups), added)
    return y


def _multiply(matrix: Array, gathered: Array, y: Array, bias: Array | None) -> None:
    for part in _pieces(matrix.shape[1] * matrix.shape[2], y.shape[2]):
        np.matmul(matrix, gathered[..., part], out=y[..., part])
    if bias is not None:
        y += bias


class _Outer:
    """Σ g·column over positions, group by group.

    Of few outputs the columns go first, which BLAS does faster; the sum is then turned once.
    """

    def __init__(self, outputs: int, column: int) -> None:
        self.turned = outputs <= FEW_OUTPUTS and outputs < column
        self.small = outputs * column
        self.total: Array | None = None

    def add(self, g: Array, gathered: Array) -> None:
        """(groups, O/groups, positions) and (groups, column, positions)."""
        one, other = (gathered, g) if self.turned else (g, gathered)
        for part in _pieces(self.small, g.shape[2]):
            product = np.matmul(one[..., part], other[..., part].swapaxes(1, 2))
            if self.total is None:
                self.total = product
            else:
                self.total += product

    def result(self, shape: Sequence[int]) -> Array:
        """The sum as a kernel."""
        assert self.total is not None
        return (self.total.swapaxes(1, 2) if self.turned else self.total).reshape(shape)


def _pieces(size: int, positions: int) -> list[slice]:
    """Positions multiplied at a time: pieces that stay in the cache, if the matrix is small."""
    length = PIECE if size <= SMALL else positions
    return [slice(first, first + length) for first in range(0, positions, length)]


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
    outer = _Outer(len(g) // groups, column // groups)
    if is_pointwise(axes):
        outer.add(_grouped(g, groups), _grouped(_read(x, axes), groups))
        return outer.result(shape)
    source = phases(x, axes, arena)
    buffer = column_buffer(column, samples, axes, x, arena)
    for block in blocks(column, samples, axes):
        gathered = gather(source, axes, block, arena, buffer)
        outer.add(_part(g, block, groups), gathered.reshape(groups, column // groups, -1))
    return outer.result(shape)


def input_gradient(
    g: Array, w: Array, axes: Axes, groups: int, arena: Arena, *, fast: bool = False
) -> Array:
    """The gradient by x: every kernel, weighed, at the place it was read from."""
    matrix = w.reshape(groups, len(w) // groups, -1).swapaxes(1, 2)
    if is_pointwise(axes):
        return _pointwise_gradient(g, matrix, axes, arena)
    if _is_convolution_back(w, axes, groups):
        back = [_back(axis) for axis in axes]
        return correlate(g, turned(w, groups), back, groups, arena, fast=fast)
    channels, samples, column = w.shape[1] * groups, g.shape[1], w.shape[1] * groups
    column *= prod(w.shape[2:])
    strides, lengths = [axis.stride for axis in axes], [axis.length for axis in axes]
    target = arena.zeros((*strides, channels, samples, *lengths), g.dtype)
    buffer = column_buffer(column, samples, axes, g, arena)
    for block in blocks(column, samples, axes):
        part = _part(g, block, groups)
        gathered = buffer[: column * part.shape[2]].reshape(groups, column // groups, -1)
        np.matmul(matrix, part, out=gathered)
        scatter(gathered, target, axes, block)
    return phases_gradient(target, axes, arena)


def _pointwise_gradient(g: Array, matrix: Array, axes: Axes, arena: Arena) -> Array:
    groups, channels, _ = matrix.shape
    by_read = arena.empty((groups * channels, *g.shape[1:]), g.dtype)
    np.matmul(matrix, _grouped(g, groups), out=_grouped(by_read, groups))
    sizes = tuple(axis.size for axis in axes)
    if by_read.shape[2:] == sizes:
        return by_read
    by_x = arena.zeros((*by_read.shape[:2], *sizes), g.dtype)
    by_x[trailing(axis.read(0) for axis in axes)] = by_read
    return by_x


def _is_convolution_back(w: Array, axes: Axes, groups: int) -> bool:
    """Whether windows over the outputs cost less than columns summed back into the input."""
    if any(axis.stride > 1 or _back(axis).before < 0 for axis in axes):
        return False
    reads, writes = (prod(sizes) for sizes in zip(*((a.size, a.output) for a in axes), strict=True))
    inputs, outputs = w.shape[1] * groups, len(w)
    return reads <= SPREAD * writes and outputs * reads <= 2 * inputs * writes


def turned(w: Array, groups: int) -> Array:
    """The kernels turned about their middle, inputs and outputs exchanged in every group."""
    split = w.reshape(groups, len(w) // groups, *w.shape[1:]).swapaxes(1, 2)
    flipped = split[trailing([slice(None, None, -1)] * (w.ndim - 2))]
    return np.ascontiguousarray(flipped).reshape(-1, len(w) // groups, *w.shape[2:])


def _back(axis: Axis) -> Axis:
    """The window of stride 1 over the outputs that gives the gradient by the inputs."""
    before = axis.dilation * (axis.kernel - 1) - axis.before
    return Axis(axis.output, axis.kernel, 1, axis.dilation, before, axis.size)
