"""Interpolation along one axis as a matrix: which inputs an output is made of, and how much.

The places are PyTorch's (`torch.nn.functional.interpolate`): output o looks at o·ratio for
`nearest`, at (o + 1/2)·ratio - 1/2 otherwise, and at o·(W - 1)/(O - 1) with `align_corners`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnnshape.kernels.arena import Array

CUBIC = -0.75
"""The parameter of the cubic kernel (Keys 1981), as PyTorch sets it."""
CUBIC_ANTIALIASED = -0.5


def nearest(size: int, outputs: int, scale: float | None, *, exact: bool) -> Array:
    """Copies; the place is computed in single precision, as PyTorch does."""
    ratio = np.float32(size / outputs if scale is None else 1 / scale)
    o = np.arange(outputs, dtype=np.float32) + np.float32(0.5 if exact else 0)
    places = np.minimum(np.floor(o * ratio).astype(int), size - 1)
    return _weighed(size, places[:, None], np.ones((outputs, 1)))


def _ratio(size: int, outputs: int, scale: float | None) -> float:
    return size / outputs if scale is None else 1 / scale


def _places(size: int, outputs: int, scale: float | None, *, corners: bool) -> Array:
    o = np.arange(outputs)
    if corners:
        return o * ((size - 1) / (outputs - 1) if outputs > 1 else 0.0)
    return (o + 0.5) * _ratio(size, outputs, scale) - 0.5


def linear(size: int, outputs: int, scale: float | None, *, corners: bool) -> Array:
    """Two inputs, by how near they are."""
    places = np.maximum(_places(size, outputs, scale, corners=corners), 0)
    first = np.minimum(places.astype(int), size - 1)
    share = np.clip(places - first, 0, 1)
    indices = np.stack((first, np.minimum(first + 1, size - 1)), axis=1)
    return _weighed(size, indices, np.stack((1 - share, share), axis=1))


def cubic(size: int, outputs: int, scale: float | None, *, corners: bool) -> Array:
    """Four inputs; beyond the edge, the edge."""
    places = _places(size, outputs, scale, corners=corners)
    first = np.floor(places).astype(int)
    offsets = np.arange(-1, 3)
    weights = cubic_weight((places - first)[:, None] - offsets, CUBIC)
    return _weighed(size, np.clip(first[:, None] + offsets, 0, size - 1), weights)


def linear_weight(distance: Array) -> Array:
    """A triangle of width 2."""
    return np.maximum(1 - np.abs(distance), 0)


def cubic_weight(distance: Array, a: float = CUBIC_ANTIALIASED) -> Array:
    """Keys' piecewise cubic of width 4."""
    t = np.abs(distance)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((t - 5) * t + 8) * a * t - 4 * a
    return np.where(t <= 1, near, np.where(t < 2, far, 0))


def cubic_slope(distance: Array, a: float) -> Array:
    """The slope of Keys' cubic."""
    t = np.abs(distance)
    near = (3 * (a + 2) * t - 2 * (a + 3)) * t
    far = (3 * t - 10) * a * t + 8 * a
    return np.sign(distance) * np.where(t <= 1, near, np.where(t < 2, far, 0))


def antialiased(size: int, outputs: int, weight: Callable[[Array], Array], reach: int) -> Array:
    """A kernel as wide as an output when it shrinks (PyTorch, interpolate, `antialias`)."""
    ratio = size / outputs
    width = max(ratio, 1.0)
    centres = (np.arange(outputs) + 0.5) * ratio
    first = np.maximum((centres - reach * width + 0.5).astype(int), 0)
    end = np.minimum((centres + reach * width + 0.5).astype(int), size)
    places = np.arange(size)
    inside = (places >= first[:, None]) & (places < end[:, None])
    weights = weight((places - centres[:, None] + 0.5) / width) * inside
    total: Array = weights.sum(axis=1, keepdims=True)
    return weights / total


def _weighed(size: int, indices: Array, weights: Array) -> Array:
    """(outputs, size) of (outputs, taps); a tap that comes twice counts twice."""
    matrix = np.zeros((len(indices), size))
    np.add.at(matrix, (np.arange(len(indices))[:, None], indices), weights)
    return matrix
