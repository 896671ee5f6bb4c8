"""Padding layers, and their opposites."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnshape.kernels.arena import Arena, Array, trailing
from cnnshape.kernels.border import Pair, border_gradient, bordered
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layers.padding import ConstantPad, Crop, ModePad, Slice, ZeroPad


@kernel(ZeroPad, ConstantPad)
def pad_with_value(layer: ZeroPad | ConstantPad, context: Context, x: Array) -> Step:
    value = layer.value if isinstance(layer, ConstantPad) else 0.0
    return surrounded(x, layer.pads(), value, context.arena)


def surrounded(x: Array, pads: Sequence[Pair], value: float, arena: Arena) -> Step:
    """The last axes of `x` with one value around them; a negative pad takes away."""
    sizes = x.shape[x.ndim - len(pads) :]
    taken = [(max(-before, 0), max(-after, 0)) for before, after in pads]
    left = tuple(slice(a, size - b) for size, (a, b) in zip(sizes, taken, strict=True))
    starts = [max(before, 0) for before, _ in pads]
    place = tuple(
        slice(start, start + part.stop - part.start)
        for start, part in zip(starts, left, strict=True)
    )
    shape = [size + before + after for size, (before, after) in zip(sizes, pads, strict=True)]
    y = arena.like(x, (*x.shape[: x.ndim - len(pads)], *shape))
    y.fill(value)
    y[trailing(place)] = x[trailing(left)]

    def pullback(g: Array) -> Gradients:
        return Gradients((put_back(g[trailing(place)], x.shape, left),))

    return Step(y, pullback, loose=True)


def put_back(g: Array, shape: Sequence[int], part: Sequence[slice]) -> Array:
    """Zeros of a shape, with `g` in a part of the last axes."""
    if g.shape == tuple(shape):
        return g
    whole = np.zeros(shape, g.dtype)
    whole[trailing(part)] = g
    return whole


@kernel(ModePad)
def pad_with_input(layer: ModePad, context: Context, x: Array) -> Step:
    pads, sizes = layer.pads(), x.shape[2:]
    return Step(
        bordered(x, pads, layer.mode),
        lambda g: Gradients((border_gradient(g, sizes, pads, layer.mode),)),
    )


@kernel(Crop)
def crop(layer: Crop, context: Context, x: Array, *others: Array) -> Step:
    """The second input lends its size alone, and gets no gradient."""
    margins = layer.margins(x.shape, *(other.shape for other in others))
    pairs = zip(x.shape[2:], margins, strict=True)
    part = tuple(slice(before, size - after) for size, (before, after) in pairs)
    return Step(x[trailing(part)], lambda g: Gradients((put_back(g, x.shape, part),)))


@kernel(Slice)
def take_slice(layer: Slice, context: Context, x: Array) -> Step:
    axis, start, end, _ = layer.kept(x.shape)
    part = [slice(None)] * x.ndim
    part[axis] = slice(start, end, layer.step)
    return Step(x[tuple(part)], lambda g: Gradients((put_back(g, x.shape, part),)))
