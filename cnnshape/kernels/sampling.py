"""Sampling at places between the pixels, which are inputs too (PyTorch, grid_sample)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from cnnshape.kernels.arena import Array


class _Place(NamedTuple):
    """Places along one axis: the pixel before them, the rest, and what a step of 1 is in pixels."""

    first: Array
    rest: Array
    slope: Array


class _Corner(NamedTuple):
    """One of the four pixels around the places, its two weights, and on which sides it lies."""

    rows: Array
    columns: Array
    inside: Array
    down: Array
    right: Array
    signs: tuple[int, int]


def grid_sample(
    x: Array, grid: Array, *, padding_mode: str = "zeros", align_corners: bool = False
) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """(N, C, H, W) at (N, *places, 2), of column and row in -1 … 1, bilinear.

    → (N, C, *places), and the function that gives the gradients by `x` and by `grid`.
    """
    border = padding_mode == "border"
    columns, rows = (
        _place(grid[..., axis], size, border=border, corners=align_corners)
        for axis, size in ((0, x.shape[3]), (1, x.shape[2]))
    )
    pixels = x.transpose(0, 2, 3, 1)
    samples = np.arange(len(x)).reshape(-1, *(1,) * (grid.ndim - 2))
    corners = list(_corners(rows, columns, x.shape[2:]))
    values = [
        pixels[samples, corner.rows, corner.columns] * corner.inside[..., None]
        for corner in corners
    ]
    y = sum(
        value * (corner.down * corner.right)[..., None]
        for value, corner in zip(values, corners, strict=True)
    )

    def pullback(g: Array) -> tuple[Array, Array]:
        g = np.moveaxis(g, 1, -1)
        by_pixels = np.zeros(pixels.shape, g.dtype)
        by_row, by_column = np.zeros_like(rows.rest), np.zeros_like(columns.rest)
        for value, corner in zip(values, corners, strict=True):
            share = (corner.down * corner.right * corner.inside)[..., None]
            np.add.at(by_pixels, (samples, corner.rows, corner.columns), g * share)
            along = (g * value).sum(axis=-1)
            by_row += along * corner.right * corner.signs[0]
            by_column += along * corner.down * corner.signs[1]
        by_grid = np.stack((by_column * columns.slope, by_row * rows.slope), axis=-1)
        return by_pixels.transpose(0, 3, 1, 2), by_grid

    return np.moveaxis(np.asarray(y), -1, 1), pullback


def _place(grid: Array, size: int, *, border: bool, corners: bool) -> _Place:
    """From -1 … 1 to pixels: their middles at both ends, or with `corners` the ends themselves."""
    if corners:
        places, slope = (grid + 1) / 2 * (size - 1), (size - 1) / 2
    else:
        places, slope = ((grid + 1) * size - 1) / 2, size / 2
    moved = np.ones_like(places)
    if border:
        moved = ((places > 0) & (places < size - 1)).astype(grid.dtype)
        places = np.clip(places, 0, size - 1)
    first = np.floor(places)
    return _Place(first.astype(int), places - first, moved * slope)


def _corners(rows: _Place, columns: _Place, sizes: tuple[int, ...]) -> Iterator[_Corner]:
    for below in (0, 1):
        for beside in (0, 1):
            row, column = rows.first + below, columns.first + beside
            inside = (row >= 0) & (row < sizes[0]) & (column >= 0) & (column < sizes[1])
            yield _Corner(
                np.clip(row, 0, sizes[0] - 1),
                np.clip(column, 0, sizes[1] - 1),
                inside,
                rows.rest if below else 1 - rows.rest,
                columns.rest if beside else 1 - columns.rest,
                (1 if below else -1, 1 if beside else -1),
            )
