"""Sampling at places between the pixels, which are inputs too, and pooling undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.convolution import axis_of_slide
from cnnshape.kernels.interpolation import CUBIC, cubic_slope, cubic_weight
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.kernels.pointwise import flat
from cnnshape.kernels.pooling import indices, max_pool
from cnnshape.layers.sampling import AffineGrid, GridSample, MaxPoolIndices, MaxUnpool


class Tap(NamedTuple):
    """One pixel along an axis for each place: its index, its weight, and what it adds to that."""

    place: Array
    inside: Array
    weight: Array
    slope: Array
    """By how much the weight grows for a step of 1 in the grid."""


@kernel(GridSample)
def sample(layer: GridSample, context: Context, x: Array, grid: Array) -> Step:
    corners = bool(layer.align_corners)
    y, pull = grid_sample(x, grid, mode=layer.mode, padding_mode=layer.padding_mode,
                          align_corners=corners)  # fmt: skip
    return Step(y, lambda g: Gradients(pull(g)))


def grid_sample(
    x: Array,
    grid: Array,
    *,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """(N, C, *in) at (N, *out, axes), of the last axis first, in -1 … 1 (PyTorch, grid_sample).

    → (N, C, *out), and the function that gives the gradients by `x` and by `grid`.
    """
    axes = x.ndim - 2
    taps = [
        list(_taps(grid[..., axes - 1 - axis], size, mode, padding_mode, corners=align_corners))
        for axis, size in enumerate(x.shape[2:])
    ]
    pixels = np.moveaxis(x, 1, -1)
    samples = np.arange(len(x)).reshape(-1, *(1,) * axes)
    y = np.zeros((*grid.shape[:-1], x.shape[1]), x.dtype)
    for corner in product(*taps):
        y += _pixels(pixels, samples, corner) * _product(tap.weight for tap in corner)[..., None]

    def pullback(g: Array) -> tuple[Array, Array]:
        g = np.moveaxis(g, 1, -1)
        by_pixels, by_grid = np.zeros(pixels.shape, g.dtype), np.zeros(grid.shape, g.dtype)
        for corner in product(*taps):
            weight = _product(tap.weight * tap.inside for tap in corner)
            np.add.at(by_pixels, (samples, *(tap.place for tap in corner)), g * weight[..., None])
            along = (g * _pixels(pixels, samples, corner)).sum(axis=-1)
            for axis, tap in enumerate(corner):
                others = (one.weight for one in corner if one is not tap)
                by_grid[..., axes - 1 - axis] += along * _product((tap.slope, *others))
        return np.moveaxis(by_pixels, -1, 1), by_grid

    return np.moveaxis(y, -1, 1), pullback


def _pixels(pixels: Array, samples: Array, corner: tuple[Tap, ...]) -> Array:
    """The values of one pixel for each place, 0 outside."""
    found = pixels[(samples, *(tap.place for tap in corner))]
    return found * _product(tap.inside for tap in corner)[..., None]


def _product(factors: Iterable[Array]) -> Array:
    return reduce(np.multiply, factors)


def _taps(grid: Array, size: int, mode: str, padding: str, *, corners: bool) -> Iterator[Tap]:
    """The pixels along one axis: one, two around the place, or four."""
    places, slope = _pixel_places(grid, size, corners=corners)
    if mode != "bicubic":
        places, turned = _bordered(places, size, padding, corners=corners)
        slope = slope * turned
    if mode == "nearest":
        yield _tap(np.rint(places), size, np.ones_like(places), np.zeros_like(places))
        return
    first = np.floor(places)
    rest = places - first
    if mode == "bilinear":
        yield _tap(first, size, 1 - rest, -slope)
        yield _tap(first + 1, size, rest, slope)
        return
    for offset in range(-1, 3):
        index = first + offset
        if padding != "zeros":
            index, _ = _bordered(index, size, padding, corners=corners)
        weight, rise = cubic_weight(rest - offset, CUBIC), cubic_slope(rest - offset, CUBIC)
        yield _tap(index, size, weight, rise * slope)


def _tap(index: Array, size: int, weight: Array, slope: Array | float) -> Tap:
    inside = (index >= 0) & (index < size)
    known = np.clip(np.where(np.isfinite(index), index, 0), 0, size - 1).astype(int)
    return Tap(known, inside.astype(weight.dtype), weight, np.asarray(slope) * np.ones_like(weight))


def _pixel_places(grid: Array, size: int, *, corners: bool) -> tuple[Array, Array]:
    """From -1 … 1 to pixels: their middles at both ends, or with `corners` the ends themselves."""
    scale = (size - 1) / 2 if corners else size / 2
    return (grid + 1) * scale - (0 if corners else 0.5), np.full_like(grid, scale)


def _bordered(places: Array, size: int, padding: str, *, corners: bool) -> tuple[Array, Array]:
    """Places moved inside, and the slope of that: 0 where they are held, -1 where they turn."""
    slope = np.ones_like(places)
    if padding == "reflection":
        low, span = (0.0, size - 1.0) if corners else (-0.5, float(size))
        if span == 0:
            return np.zeros_like(places), np.zeros_like(places)
        away = np.abs(places - low)
        turns = np.floor(away / span)
        rest = away - turns * span
        odd = turns % 2 == 1
        slope = np.where(places < low, -1, 1) * np.where(odd, -1, 1).astype(places.dtype)
        places = np.where(odd, span - rest, rest) + low
    if padding != "zeros":
        slope = slope * ((places > 0) & (places < size - 1))
        places = np.clip(places, 0, size - 1)
    return places, slope


@kernel(AffineGrid)
def affine_grid(layer: AffineGrid, context: Context, x: Array) -> Step:
    """θ times (x, y, 1), or (x, y, z, 1), of every place."""
    sizes = layer.size[2:]
    ends = [1.0 if layer.align_corners else 1 - 1 / size for size in sizes]
    lines = [
        np.linspace(-end, end, size) if size > 1 else np.zeros(1)
        for end, size in zip(ends, sizes, strict=True)
    ]
    places = np.meshgrid(*lines, indexing="ij")[::-1]
    base = np.stack([*places, np.ones(sizes)], axis=-1).reshape(-1, len(sizes) + 1).astype(x.dtype)

    def pullback(g: Array) -> Gradients:
        return Gradients((g.reshape(len(x), len(base), -1).swapaxes(1, 2) @ base,))

    return Step((base @ x.swapaxes(1, 2)).reshape(layer.output_shape(x.shape)), pullback)


@kernel(MaxPoolIndices)
def find_maxima(layer: MaxPoolIndices, context: Context, x: Array) -> Step:
    axes = [axis_of_slide(slide) for slide in layer.slides(context.shapes[0])]
    which, _ = max_pool(axes, context, x)
    return flat(indices(which, axes))


@kernel(MaxUnpool)
def unpool(layer: MaxUnpool, context: Context, x: Array, places: Array) -> Step:
    shape = layer.output_shape(x.shape)
    rows = places.reshape(*x.shape[:2], -1)
    y = np.zeros((*shape[:2], prod(shape[2:])), x.dtype)
    np.put_along_axis(y, rows, x.reshape(rows.shape), axis=-1)

    def pullback(g: Array) -> Gradients:
        found = np.take_along_axis(g.reshape(y.shape), rows, axis=-1)
        return Gradients((found.reshape(x.shape), None))

    return Step(y.reshape(shape), pullback)
