"""Patches: windows taken out as columns, and columns summed back."""

from __future__ import annotations

from math import prod

from cnnshape.kernels.arena import Array
from cnnshape.kernels.columns import (
    Axes,
    channel_major,
    everything,
    gather,
    phases,
    phases_gradient,
    scatter,
)
from cnnshape.kernels.convolution import axis_of_slide
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layer import Shape
from cnnshape.layers.patches import Fold, Patches, Unfold


def _axes(layer: Patches, sizes: Shape) -> Axes:
    return [axis_of_slide(slide) for slide in layer.over(sizes)]


def _taken(x: Array, axes: Axes, context: Context) -> Array:
    """(N, C, H, W) → (N, C·∏k, L)."""
    source = phases(channel_major(x, context.arena), axes, context.arena)
    gathered = gather(source, axes, everything(len(x), axes), context.arena)
    return gathered.reshape(len(gathered), len(x), -1).swapaxes(0, 1)


def _summed(x: Array, axes: Axes, context: Context) -> Array:
    """(N, C·∏k, L) → (N, C, H, W)."""
    channels, arena = x.shape[1] // prod(axis.kernel for axis in axes), context.arena
    strides, lengths = [axis.stride for axis in axes], [axis.length for axis in axes]
    target = arena.zeros((*strides, channels, len(x), *lengths), x.dtype)
    scatter(channel_major(x, arena), target, axes, everything(len(x), axes))
    return phases_gradient(target, axes, arena).swapaxes(0, 1)


@kernel(Unfold)
def unfold(layer: Unfold, context: Context, x: Array) -> Step:
    axes = _axes(layer, x.shape[2:])
    return Step(_taken(x, axes, context), lambda g: Gradients((_summed(g, axes, context),)))


@kernel(Fold)
def fold(layer: Fold, context: Context, x: Array) -> Step:
    axes = _axes(layer, layer.along("output_size", 2))
    return Step(_summed(x, axes, context), lambda g: Gradients((_taken(g, axes, context),)))
