"""3×3 convolutions of stride 1 with a quarter of the products: Winograd's F(4×4, 3×3).

(Lavin and Gray 2016, section 4.1.) 36 products give 4×4 outputs, for which windows take 144.
Tiles of 6×6 inputs are transformed, multiplied by transformed kernels, and transformed back; each
transform is one product with a small Kronecker matrix. In single precision the result is less
exact than that of windows, by a digit or two.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnshape.kernels.arena import Arena, Array
from cnnshape.kernels.columns import Axes, Axis, Block, gather, phases

TILE = 4
"""Outputs of a tile along an axis; it reads two more."""
FEWEST_OUTPUTS = 24
FEWEST_CHANNELS = 32
WORK = 1 << 20
"""Values of a block of transformed tiles."""
FEWEST_TILES = 256
"""Tiles below which the transformed kernels are read too often."""

INPUT = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
                  [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]])  # fmt: skip
KERNEL = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
                   [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]])  # fmt: skip
OUTPUT = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0],
                   [0, 1, -1, 8, -8, 1]])  # fmt: skip


def serves(w: Array, axes: Axes, groups: int) -> bool:
    """Whether it is a convolution for which the transforms pay."""
    plain = all(
        (axis.kernel, axis.stride, axis.dilation) == (3, 1, 1) and axis.output >= FEWEST_OUTPUTS
        for axis in axes
    )
    return plain and len(axes) == 2 and groups == 1 and min(w.shape[:2]) >= FEWEST_CHANNELS


def _twice(matrix: Array, dtype: np.dtype[np.generic]) -> Array:
    """The transform of both axes as one matrix."""
    return np.kron(matrix, matrix).astype(dtype)


def correlate(x: Array, w: Array, axes: Axes, arena: Arena, bias: Array | None = None) -> Array:
    """(C, N, H, W) and (O, C, 3, 3) → (O, N, *outputs)."""
    tiles = [_tiles(axis) for axis in axes]
    rows, columns = (axis.output for axis in tiles)
    source = phases(x, tiles, arena)
    kernels = (_twice(KERNEL, x.dtype) @ w.reshape(-1, 9).T).reshape(36, *w.shape[:2])
    y = arena.empty((len(w), x.shape[1], rows * TILE, columns * TILE), x.dtype)
    split = y.reshape(len(w), x.shape[1], rows, TILE, columns, TILE)
    for block in _blocks(len(x) + len(w), x.shape[1], rows, columns):
        tile = gather(source, tiles, block, arena).reshape(len(x), 36, -1)
        product = _multiply(kernels, tile, arena)
        if bias is not None:
            product += bias[:, None]
        part = split[:, block.samples, block.rows]
        shape = (len(w), part.shape[1], part.shape[2], columns)
        for number, values in enumerate(product):
            part[:, :, :, number // TILE, :, number % TILE] = values.reshape(shape)
    sizes = tuple(axis.output for axis in axes)
    return y if y.shape[2:] == sizes else np.ascontiguousarray(y[..., : sizes[0], : sizes[1]])


def _multiply(kernels: Array, tile: Array, arena: Arena) -> Array:
    """(36, O, C) and tiles (C, 36, t) → outputs (16, O, t)."""
    count = tile.shape[2]
    transformed = arena.empty(tile.shape, tile.dtype)
    np.matmul(_twice(INPUT, tile.dtype), tile, out=transformed)
    product = arena.empty((36, kernels.shape[1], count), tile.dtype)
    np.matmul(kernels, transformed.transpose(1, 0, 2), out=product)
    y = arena.empty((16, kernels.shape[1] * count), tile.dtype)
    np.matmul(_twice(OUTPUT, tile.dtype), product.reshape(36, -1), out=y)
    return y.reshape(16, -1, count)


def _tiles(axis: Axis) -> Axis:
    """Windows of 6 that move by 4."""
    return Axis(axis.size, TILE + 2, TILE, 1, axis.before, -(-axis.output // TILE))


def _blocks(channels: int, samples: int, rows: int, columns: int) -> Iterator[Block]:
    """Rows of tiles of one sample, or samples, whose transforms stay in the cache."""
    work, row = max(WORK, 36 * channels * FEWEST_TILES), 36 * channels * columns
    together = max(work // (row * rows), 1)
    height = rows if together > 1 else max(min(work // row, rows), 1)
    for sample in range(0, samples, together):
        for first in range(0, rows, height):
            last = min(sample + together, samples)
            yield Block(slice(sample, last), slice(first, min(first + height, rows)))
