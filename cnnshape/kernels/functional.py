"""Convolutions and linear maps whose weights are operands: the kernels of the layers, called."""

from __future__ import annotations

from dataclasses import replace

from cnnshape.kernels.arena import Array
from cnnshape.kernels.convolution import convolve, convolve_transposed
from cnnshape.kernels.dense import linear
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layers.convolution import Conv
from cnnshape.layers.functional import FunctionalConvolution, FunctionalLinear


@kernel(FunctionalConvolution)
def convolve_by(
    layer: FunctionalConvolution, context: Context, x: Array, weight: Array, *bias: Array
) -> Step:
    called = layer.layer(weight.shape)
    given = {"weight": weight} | ({"bias": bias[0]} if bias else {})
    own = replace(context, weights=given, trains=True)
    step = (convolve if isinstance(called, Conv) else convolve_transposed)(called, own, x)

    def pullback(g: Array) -> Gradients:
        (by_x,), by_weights = step.pullback(g)
        return Gradients((by_x, *by_weights.values()))

    return Step(step.output, pullback, step.loose)


@kernel(FunctionalLinear)
def map_by(
    layer: FunctionalLinear, context: Context, x: Array, weight: Array, *bias: Array
) -> Step:
    """A weight of one axis is a map to one output, whose axis goes."""
    matrix = weight.reshape(-1, weight.shape[-1])
    y, back = linear(x, matrix, None, arena=context.arena)
    for one in bias:
        y = y + one

    def pullback(g: Array) -> Gradients:
        by_x, by_weight, _ = back(g.reshape(y.shape))
        rows = tuple(range(g.ndim - 1))
        added = [g.reshape(y.shape).sum(axis=rows).reshape(one.shape) for one in bias]
        return Gradients((by_x, by_weight.reshape(weight.shape), *added))

    return Step(y.reshape(layer.output_shape(x.shape, weight.shape)), pullback)
