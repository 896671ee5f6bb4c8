"""Layers that see their input another way: no value changes."""

from __future__ import annotations

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layers.shape import (
    Flatten,
    Reordering,
    Reshape,
    Squeeze,
    Unflatten,
    Unsqueeze,
    View,
)


@kernel(Flatten, Unflatten, Reshape, Squeeze, Unsqueeze)
def reshape(layer: View, context: Context, x: Array) -> Step:
    """The values in their order, in the shape that the layer's rule gives."""
    shape = x.shape
    y = x.reshape(layer.output_shape(*context.shapes))
    return Step(y, lambda g: Gradients((g.reshape(shape),)))


@kernel(Reordering)
def reorder(layer: Reordering, context: Context, x: Array) -> Step:
    order = layer.order(x.shape)
    back = sorted(range(x.ndim), key=order.__getitem__)
    return Step(x.transpose(order), lambda g: Gradients((g.transpose(back),)))
