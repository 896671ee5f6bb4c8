"""Pooling with a sliding window: maxima, means, p-norms, and LeCun's subsampling.

Windows are taken one axis at a time: the largest of the largest, the sum of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.columns import Axes, padded, unpadded
from cnnshape.kernels.convolution import axis_of_slide
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, scalar
from cnnshape.kernels.maxima import along, largest, largest_and_which, places, reading, scattered
from cnnshape.layers.pooling import AvgPool, LPPool, MaxPool, Subsample
from cnnshape.window import Slide


def max_pool(axes: Axes, context: Context, x: Array) -> tuple[Array, Step]:
    """Which tap of each window is the largest, and the step."""
    arena, readings = context.arena, [reading(axis) for axis in axes]
    y, which = largest_and_which(padded(x, axes, arena, -np.inf), readings, arena)

    def pullback(g: Array) -> Gradients:
        by_padded = scattered(g, which, readings, arena)
        return Gradients((unpadded(by_padded, x.shape, axes, arena),))

    return which, Step(y, pullback, loose=True)


def indices(which: Array, axes: Axes) -> Array:
    """The indices of maxima among the positions of the input (PyTorch, `return_indices`)."""
    found = np.zeros(which.shape, np.int64)
    place = places(which, [reading(axis) for axis in axes])
    coordinates = np.unravel_index(place, [axis.reach for axis in axes])
    for axis, coordinate in zip(axes, coordinates, strict=True):
        found = found * axis.size + coordinate - axis.before
    return found


@kernel(MaxPool)
def pool_largest(layer: MaxPool, context: Context, x: Array) -> Step:
    axes = [axis_of_slide(slide) for slide in layer.slides(context.shapes[0])]
    if context.backward:
        return max_pool(axes, context, x)[1]
    source = padded(x, axes, context.arena, -np.inf)
    return Step(largest(source, [reading(axis) for axis in axes], context.arena), no_way_back)


def no_way_back(g: Array) -> Gradients:
    """In the place of a pullback where none was asked for."""
    raise RuntimeError("this step was computed without a way back")


def sums(x: Array, axes: Axes, context: Context) -> Array:
    """The sum of each window of the padded x."""
    for place, axis in zip(range(-1, -len(axes) - 1, -1), reversed(axes), strict=True):
        parts = [along(x, place, axis.read(tap)) for tap in range(axis.kernel)]
        y = context.arena.like(parts[0])
        np.add(parts[0], parts[1] if len(parts) > 1 else scalar(0, x), out=y)
        for part in parts[2:]:
            y += part
        x = y
    return x


def sums_gradient(g: Array, axes: Axes, context: Context) -> Array:
    """The gradient by the padded x: along each axis, what the windows on a position got."""
    for place, axis in zip(range(-len(axes), 0), axes, strict=True):
        shape = list(g.shape)
        shape[place] = axis.reach
        spread = context.arena.like(g, shape)
        tiled = axis.stride == axis.kernel and axis.dilation == 1
        if not tiled:
            spread.fill(0)
        for tap in range(axis.kernel):
            target = along(spread, place, axis.read(tap))
            if tiled:
                target[...] = g
            else:
                target += g
        g = spread
    return g


def _counts(slide: Slide, *, with_pads: bool) -> Array:
    """For each output along an axis the values that its mean is of.

    A window may hang over the end of input and padding (`ceil_mode`); what lies there never counts
    (PyTorch, AvgPool2d).
    """
    first = np.arange(slide.output_size()) * slide.stride - slide.before
    end = np.minimum(first + slide.kernel, slide.size + slide.after)
    if with_pads:
        return end - first
    return np.minimum(end, slide.size) - np.maximum(first, 0)


def mean_pool(
    slides: list[Slide], context: Context, x: Array, divisor: Array
) -> tuple[Array, Callable[[Array], Array]]:
    """Sums of windows, divided; and the gradient by x."""
    axes, arena = [axis_of_slide(slide) for slide in slides], context.arena
    factor = (1 / divisor).astype(x.dtype)
    y = sums(padded(x, axes, arena), axes, context)
    y *= factor

    def gradient(g: Array) -> Array:
        shared = np.multiply(g, factor, out=arena.like(g))
        return unpadded(sums_gradient(shared, axes, context), x.shape, axes, arena)

    return y, gradient


def _outer(counts: list[Array]) -> Array:
    return reduce(np.multiply.outer, counts)


@kernel(AvgPool)
def pool_mean(layer: AvgPool, context: Context, x: Array) -> Step:
    slides = layer.slides(context.shapes[0])
    counts = [_counts(slide, with_pads=layer.count_include_pad) for slide in slides]
    given = layer.divisor_override
    divisor = _outer(counts) if given is None else np.array(given)
    y, gradient = mean_pool(slides, context, x, divisor)
    return Step(y, lambda g: Gradients((gradient(g),)), loose=True)


@kernel(LPPool)
def pool_norm(layer: LPPool, context: Context, x: Array) -> Step:
    """PyTorch's way: the p-th root of the mean of xᵖ times the kernel's size.

    Where a window of `ceil_mode` hangs over the end, its mean is of fewer values, so the norm is
    larger than that of its values.
    """
    power, size = layer.norm_type, prod(layer.kernel_sizes)
    slides = layer.slides(context.shapes[0])
    divisor = _outer([_counts(slide, with_pads=True) for slide in slides])
    means, gradient = mean_pool(slides, context, x**power, divisor)
    total = np.maximum(means, 0) * scalar(size, x)
    y = total ** (1 / power)

    def pullback(g: Array) -> Gradients:
        positive = total > 0
        slope = np.zeros_like(total)
        np.divide(y, power * total, out=slope, where=positive)
        by_power = gradient(g * slope * scalar(size, x))
        return Gradients((by_power * power * x ** (power - 1),))

    return Step(y, pullback)


@kernel(Subsample)
def subsample(layer: Subsample, context: Context, x: Array) -> Step:
    """Each window's mean, times a gain a map, plus a bias a map."""
    slides = layer.slides(context.shapes[0])
    along = (-1, *(1,) * (x.ndim - 2))
    gain, bias = (context.weights[name].reshape(along) for name in ("weight", "bias"))
    means, gradient = mean_pool(slides, context, x, np.array(prod(layer.kernel_sizes)))

    def pullback(g: Array) -> Gradients:
        others = (0, *range(2, g.ndim))
        weights = {"weight": (g * means).sum(axis=others), "bias": g.sum(axis=others)}
        return Gradients((gradient(g * gain),), weights)

    return Step(means * gain + bias, pullback, loose=True)
