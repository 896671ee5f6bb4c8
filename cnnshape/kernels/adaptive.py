"""Pooling to a given size. Output o covers floor(o·W/O) to ceil((o + 1)·W/O) - 1."""

from __future__ import annotations

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, scalar
from cnnshape.kernels.linear_map import mapped, mapped_gradient
from cnnshape.kernels.maxima import Reading, largest_and_which, scattered
from cnnshape.layers.adaptive import AdaptiveAvgPool, AdaptiveMaxPool, GlobalPool


def bounds(size: int, outputs: int) -> tuple[Array, Array]:
    """Where each output's window begins, and where it ends."""
    o = np.arange(outputs)
    return o * size // outputs, -(-(o + 1) * size // outputs)


def _mean_matrix(size: int, outputs: int) -> Array:
    first, end = bounds(size, outputs)
    places = np.arange(size)
    inside = (places >= first[:, None]) & (places < end[:, None])
    return inside / (end - first)[:, None]


def _mean(x: Array, shape: tuple[int, ...]) -> Step:
    """One value a channel: the mean of all positions."""
    axes = tuple(range(2, x.ndim))
    count = x[0, 0].size

    def pullback(g: Array) -> Gradients:
        share = g.reshape(*x.shape[:2], *(1,) * len(axes)) / scalar(count, x)
        return Gradients((np.broadcast_to(share, x.shape),))

    return Step(x.mean(axis=axes).reshape(shape), pullback, loose=True)


@kernel(AdaptiveAvgPool)
def pool_to_means(layer: AdaptiveAvgPool, context: Context, x: Array) -> Step:
    sizes = layer.output_sizes(x.shape)
    if set(sizes) == {1}:
        return _mean(x, (*x.shape[:2], *sizes))
    matrices = [_mean_matrix(size, o) for size, o in zip(x.shape[2:], sizes, strict=True)]
    return Step(
        mapped(matrices, x), lambda g: Gradients((mapped_gradient(matrices, g),)), loose=True
    )


def _reading(size: int, outputs: int) -> Reading:
    """Windows of several lengths: shorter ones read their last value again."""
    first, end = bounds(size, outputs)
    longest = int((end - first).max())
    taps = [np.minimum(first + tap, end - 1) for tap in range(longest)]
    apart = bool((first[1:] >= end[:-1]).all())
    return Reading(taps, first, 1, size, apart)


def max_pool_to(sizes: tuple[int, ...], context: Context, x: Array) -> Step:
    """The largest value of every window."""
    arena = context.arena
    readings = [_reading(size, o) for size, o in zip(x.shape[2:], sizes, strict=True)]
    y, which = largest_and_which(x, readings, arena)
    return Step(y, lambda g: Gradients((scattered(g, which, readings, arena),)), loose=True)


@kernel(AdaptiveMaxPool)
def pool_to_largest(layer: AdaptiveMaxPool, context: Context, x: Array) -> Step:
    return max_pool_to(layer.output_sizes(x.shape), context, x)


@kernel(GlobalPool)
def pool_all(layer: GlobalPool, context: Context, x: Array) -> Step:
    shape = layer.output_shape(x.shape)
    if layer.type == "global_avg_pool":
        return _mean(x, shape)
    inner = (*x.shape[:2], *(1,) * (x.ndim - 2))
    step = max_pool_to(inner[2:], context, x)
    return Step(step.output.reshape(shape), lambda g: step.pullback(g.reshape(inner)), loose=True)
