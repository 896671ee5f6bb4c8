"""How alike or how far apart vectors are."""

from __future__ import annotations

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, reduced_to
from cnnshape.kernels.reduction import norm
from cnnshape.layers.distance import Cdist, CosineSimilarity, PairwiseDistance


@kernel(CosineSimilarity)
def cosine(layer: CosineSimilarity, context: Context, x: Array, other: Array) -> Step:
    """By x: other/(|x||other|), less x·cos/|x|² where the norm is not `eps`."""
    a, b = np.broadcast_arrays(x, other)
    axis = layer.axis(a.shape) if a.ndim else None
    sizes = [np.sqrt((v * v).sum(axis=axis, keepdims=True)) for v in (a, b)]
    one, two = (np.maximum(size, layer.eps) for size in sizes)
    y = (a * b).sum(axis=axis, keepdims=True) / (one * two)

    def pullback(g: Array) -> Gradients:
        g = g.reshape(y.shape)
        by_a = g * (b / (one * two) - (sizes[0] > layer.eps) * a * y / (one * one))
        by_b = g * (a / (one * two) - (sizes[1] > layer.eps) * b * y / (two * two))
        return Gradients((reduced_to(by_a, x.shape), reduced_to(by_b, other.shape)))

    return Step(y.reshape(layer.output_shape(x.shape, other.shape)), pullback)


@kernel(PairwiseDistance)
def distance(layer: PairwiseDistance, context: Context, x: Array, other: Array) -> Step:
    difference = np.asarray(x - other + layer.eps, x.dtype)
    y, slope = norm(difference.reshape(difference.shape or (1,)), layer.p)

    def pullback(g: Array) -> Gradients:
        by_x = (g.reshape(y.shape)[..., None] * slope()).reshape(difference.shape)
        return Gradients((reduced_to(by_x, x.shape), reduced_to(-by_x, other.shape)))

    return Step(np.asarray(y).reshape(layer.output_shape(x.shape, other.shape)), pullback)


@kernel(Cdist)
def distances(layer: Cdist, context: Context, x: Array, other: Array) -> Step:
    rows, columns = x[..., :, None, :], other[..., None, :, :]
    y, slope = norm(rows - columns, layer.p)

    def pullback(g: Array) -> Gradients:
        by_rows = g[..., None] * slope()
        by_x = reduced_to(by_rows, rows.shape)
        by_other = reduced_to(-by_rows, columns.shape)
        return Gradients((by_x.reshape(x.shape), by_other.reshape(other.shape)))

    return Step(y, pullback)
