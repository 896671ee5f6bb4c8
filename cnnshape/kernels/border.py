"""Borders whose values come from the input: mirrored, repeated, or from the other end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnshape.kernels.arena import Array

Pair = tuple[int, int]


def sources(size: int, pads: Pair, mode: str) -> Array:
    """For every place of the bordered axis the index that it copies (PyTorch, functional.pad)."""
    places = np.arange(-pads[0], size + pads[1])
    if mode == "circular":
        return places % size
    if mode == "reflect":
        places = size - 1 - np.abs(size - 1 - np.abs(places))
    return np.clip(places, 0, size - 1)


def bordered(x: Array, pads: Sequence[Pair], mode: str) -> Array:
    """The last axes of `x` with values put around them (or, below 0, taken away)."""
    for axis, pair in enumerate(pads, x.ndim - len(pads)):
        if any(pair):
            x = np.take(x, sources(x.shape[axis], pair, mode), axis)
    return x


def border_gradient(g: Array, sizes: Sequence[int], pads: Sequence[Pair], mode: str) -> Array:
    """The gradient by `x` of that by `bordered(x)`: what was copied is added up."""
    for axis, (size, pair) in enumerate(zip(sizes, pads, strict=True), g.ndim - len(pads)):
        if any(pair):
            g = np.moveaxis(_gathered(np.moveaxis(g, axis, -1), size, pair, mode), -1, axis)
    return g


def _gathered(g: Array, size: int, pads: Pair, mode: str) -> Array:
    """Along the last axis: the middle as it is, and the border by a product with 0 and 1."""
    before, after = pads
    start, first = max(-before, 0), max(before, 0)
    count = size + min(before, 0) + min(after, 0)
    inner = slice(first, first + count)
    by_x = np.zeros((*g.shape[:-1], size), g.dtype)
    by_x[..., start : start + count] = g[..., inner]
    border = np.delete(np.arange(g.shape[-1]), inner)
    copied = sources(size, pads, mode)[border]
    by_x += g[..., border] @ np.equal.outer(copied, np.arange(size)).astype(g.dtype)
    return by_x
