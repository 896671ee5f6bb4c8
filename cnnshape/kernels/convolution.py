"""Convolutions: direct, transposed, unshared. The products are those of `correlation`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.border import Pair, border_gradient, bordered
from cnnshape.kernels.columns import (
    Axis,
    channel_major,
    everything,
    gather,
    phases,
    phases_gradient,
    scatter,
)
from cnnshape.kernels.correlation import correlate, input_gradient, kernel_gradient
from cnnshape.kernels.initial import Shapes, Weights, by_fan_in, uniform
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layer import Layer
from cnnshape.layers.convolution import Conv, ConvTranspose, LocallyConnected
from cnnshape.window import Slide, Spread


def axis_of_slide(slide: Slide) -> Axis:
    """What a slide reads."""
    return Axis(
        slide.size,
        slide.kernel,
        slide.stride,
        slide.dilation,
        slide.before,
        slide.output_size(),
    )


def _axis_of_spread(spread: Spread) -> Axis:
    """The convolution whose gradient a transposed one is: it reads the output, gives the input."""
    size = spread.output_size()
    return Axis(size, spread.kernel, spread.stride, spread.dilation, spread.before, spread.size)


def _bias_gradient(context: Context, g: Array) -> dict[str, Array]:
    """The sum over samples and positions of (O, N, *spatial)."""
    if "bias" not in context.weights:
        return {}
    return {"bias": g.reshape(len(g), -1).sum(axis=1)}


def _table_weights(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """Uniform in ±1/√fan_in; with a connection table a map's fan-in counts its connections."""
    table = vars(layer)["connection_table"]
    if table is None:
        return by_fan_in(layer, shapes, random)
    counts = np.array([sum(row) for row in table])
    bounds = 1 / np.sqrt(counts * prod(shapes["weight"][1:])).astype(np.float32)
    weight = uniform(random, shapes["weight"], 1)
    weight *= np.repeat(bounds, counts).reshape(-1, *(1,) * (weight.ndim - 1))
    if "bias" not in shapes:
        return {"weight": weight}
    return {"weight": weight, "bias": uniform(random, shapes["bias"], 1) * bounds}


def _dense(layer: Conv, weight: Array) -> tuple[Array, Callable[[Array], Array]]:
    """The kernels as (O, C/groups, *kernel), zeros where the table connects nothing; and back."""
    if layer.connection_table is None:
        return weight, lambda by_weight: by_weight
    table = np.array(layer.connection_table, bool)
    whole = np.zeros((*table.shape, *weight.shape[1:]), weight.dtype)
    whole[table] = weight
    return whole, lambda by_weight: by_weight[table]


@kernel(Conv, initial=_table_weights)
def convolve(layer: Conv, context: Context, x: Array) -> Step:
    slides = layer.slides(context.shapes[0])
    axes = [axis_of_slide(slide) for slide in slides]
    pads: list[Pair] = [(slide.before, slide.after) for slide in slides]
    arena, groups = context.arena, layer.groups
    weight, table_gradient = _dense(layer, context.weights["weight"])
    source = channel_major(x, arena)
    if layer.padding_mode != "zeros":
        source = bordered(source, pads, layer.padding_mode)
        axes = [axis._replace(size=size, before=0)
                for axis, size in zip(axes, source.shape[2:], strict=True)]  # fmt: skip
    bias, fast, shape = context.weights.get("bias"), context.fast, x.shape
    y = correlate(source, weight, axes, groups, arena, bias, fast=fast)

    def pullback(g: Array) -> Gradients:
        g = channel_major(g, arena)
        weights, by_x = {}, None
        if context.trains:
            by_weight = kernel_gradient(source, g, weight.shape, axes, groups, arena)
            weights = {"weight": table_gradient(by_weight), **_bias_gradient(context, g)}
        if context.wanted[0]:
            by_x = input_gradient(g, weight, axes, groups, arena, fast=fast)
            if layer.padding_mode != "zeros":
                by_x = border_gradient(by_x, shape[2:], pads, layer.padding_mode)
            by_x = by_x.swapaxes(0, 1)
        return Gradients((by_x,), weights)

    return Step(y.swapaxes(0, 1), pullback, loose=True)


@kernel(ConvTranspose, initial=by_fan_in)
def convolve_transposed(layer: ConvTranspose, context: Context, x: Array) -> Step:
    """The gradient of a convolution by its input; its own gradient is that convolution."""
    axes = [_axis_of_spread(spread) for spread in layer.spreads(context.shapes[0])]
    arena, groups = context.arena, layer.groups
    weight, bias = context.weights["weight"], context.weights.get("bias")
    source = channel_major(x, arena)
    y = input_gradient(source, weight, axes, groups, arena)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 1))

    def pullback(g: Array) -> Gradients:
        g = channel_major(g, arena)
        by_weight = kernel_gradient(g, source, weight.shape, axes, groups, arena)
        by_x = correlate(g, weight, axes, groups, arena) if context.wanted[0] else None
        weights = {"weight": by_weight, **_bias_gradient(context, g)}
        return Gradients((None if by_x is None else by_x.swapaxes(0, 1),), weights)

    return Step(y.swapaxes(0, 1), pullback, loose=True)


def _by_kernel(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """Uniform in ±1/√(C·∏k), what one output reads."""
    fan_in = prod(shapes["weight"][1:4])
    return {name: uniform(random, shape, 1 / sqrt(fan_in)) for name, shape in shapes.items()}


@kernel(LocallyConnected, initial=_by_kernel)
def convolve_unshared(layer: LocallyConnected, context: Context, x: Array) -> Step:
    """A matrix a position: (P, O, C·∏k) times columns (P, C·∏k, N)."""
    axes = [axis_of_slide(slide) for slide in layer.slides(context.shapes[0])]
    arena, weight = context.arena, context.weights["weight"]
    outputs = [axis.output for axis in axes]
    matrices = weight.reshape(len(weight), -1, prod(outputs)).transpose(2, 0, 1)
    source = phases(channel_major(x, arena), axes, arena)
    gathered = gather(source, axes, everything(len(x), axes), arena)
    gathered = gathered.reshape(-1, len(x), prod(outputs)).transpose(2, 0, 1)
    y = (matrices @ gathered).transpose(1, 2, 0).reshape(-1, len(x), *outputs)
    if layer.bias:
        y += context.weights["bias"][:, None]

    def pullback(g: Array) -> Gradients:
        g = g.swapaxes(0, 1).reshape(len(weight), len(x), -1).transpose(2, 0, 1)
        by_matrices = g @ gathered.swapaxes(1, 2)
        weights = {"weight": by_matrices.transpose(1, 2, 0).reshape(weight.shape)}
        if layer.bias:
            weights["bias"] = g.sum(axis=2).T.reshape(-1, *outputs)
        by_columns = (matrices.swapaxes(1, 2) @ g).transpose(1, 2, 0)
        target = np.zeros_like(source)
        scatter(by_columns, target, axes, everything(len(x), axes))
        return Gradients((phases_gradient(target, axes, arena).swapaxes(0, 1),), weights)

    return Step(y.swapaxes(0, 1), pullback, loose=True)
