"""Values more than once: the way back adds up what was repeated."""

from __future__ import annotations

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, reduced_to
from cnnshape.layers.axis import axis_of
from cnnshape.layers.repetition import Expand, Repeat, RepeatInterleave, Stack


@kernel(Expand)
def expand(layer: Expand, context: Context, x: Array) -> Step:
    y = np.broadcast_to(x, layer.output_shape(x.shape))
    return Step(y, lambda g: Gradients((reduced_to(g, x.shape),)))


@kernel(Repeat)
def repeat(layer: Repeat, context: Context, x: Array) -> Step:
    shape = (1,) * (len(layer.repeats) - x.ndim) + x.shape
    pairs = [size for pair in zip(layer.repeats, shape, strict=True) for size in pair]
    times = tuple(range(0, len(pairs), 2))
    return Step(
        np.tile(x, layer.repeats),
        lambda g: Gradients((g.reshape(pairs).sum(axis=times).reshape(x.shape),)),
    )


@kernel(RepeatInterleave)
def repeat_each(layer: RepeatInterleave, context: Context, x: Array) -> Step:
    whole = x.reshape(-1) if layer.dim is None else x
    axis = 0 if layer.dim is None else axis_of(layer.dim, x.shape)
    times = layer.repeats
    pairs = (*whole.shape[: axis + 1], times, *whole.shape[axis + 1 :])
    return Step(
        np.repeat(whole, times, axis),
        lambda g: Gradients((g.reshape(pairs).sum(axis=axis + 1).reshape(x.shape),)),
    )


@kernel(Stack)
def stack(layer: Stack, context: Context, *inputs: Array) -> Step:
    place = layer.place(inputs[0].shape)
    return Step(
        np.stack(inputs, place), lambda g: Gradients(tuple(np.moveaxis(g, place, 0))), loose=True
    )
