"""Values looked up by tensors of indices; the way back adds up what was looked up twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnshape.diagnostics import RuleError
from cnnshape.kernels.arena import Array
from cnnshape.kernels.dense import normal, shortened
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.kernels.pointwise import flat
from cnnshape.layers.lookup import (
    EmbeddingBag,
    FunctionalEmbedding,
    Gather,
    IndexSelect,
    OneHot,
    Scatter,
)


def known(index: Array, size: int, *, from_end: bool = False) -> Array:
    """Indices, all of which are places of an axis; negative ones only where they count back."""
    low = -size if from_end else 0
    if index.size and not (index.min() >= low and index.max() < size):
        found = int(index.min() if index.min() < low else index.max())
        message = f"looks up the index {found}, but there are {size}, {low} to {size - 1}"
        raise RuleError("invalid-value", message, found=found)
    return index


def _places(index: Array, axis: int) -> tuple[Any, ...]:
    """Where indices along an axis point: themselves there, their own place on the other axes."""
    places: list[Any] = list(np.ogrid[tuple(map(slice, index.shape))])
    if index.ndim:
        places[axis] = index
    return tuple(places)


@kernel(Gather)
def gather(layer: Gather, context: Context, x: Array, index: Array) -> Step:
    whole, asked = x.reshape(x.shape or (1,)), index.reshape(index.shape or (1,))
    axis = layer.axis(x.shape)
    places = _places(known(asked, whole.shape[axis]), axis)

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(whole.shape, g.dtype)
        np.add.at(by_x, places, g.reshape(asked.shape))
        return Gradients((by_x.reshape(x.shape),))

    return Step(np.asarray(whole[places]).reshape(index.shape), pullback)


@kernel(IndexSelect)
def select(layer: IndexSelect, context: Context, x: Array, index: Array) -> Step:
    whole, axis = x.reshape(x.shape or (1,)), layer.axis(x.shape)
    places = known(index, whole.shape[axis]).reshape(-1)

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(whole.shape, g.dtype)
        moved = np.moveaxis(g.reshape(g.shape or (1,)), axis, 0)
        np.add.at(np.moveaxis(by_x, axis, 0), places, moved)
        return Gradients((by_x.reshape(x.shape),))

    return Step(np.take(whole, places, axis).reshape(layer.output_shape(x.shape, index.shape)),
                pullback)  # fmt: skip


@kernel(Scatter)
def scatter(layer: Scatter, context: Context, x: Array, index: Array, *given: Array) -> Step:
    y = x.copy()
    axis = layer.axis(x.shape)
    places = _places(known(index, x.shape[axis]) if x.ndim else index, axis)
    part = tuple(map(slice, index.shape))
    values: Any = given[0][part] if given else layer.value
    adds = layer.type == "scatter_add"
    if adds:
        np.add.at(y, places, values)
    else:
        y[places] = values

    def pullback(g: Array) -> Gradients:
        by_x = g
        if not adds:
            by_x = g.copy()
            by_x[places] = 0
        by_given = []
        for source in given:
            by_given.append(np.zeros(source.shape, g.dtype))
            by_given[-1][part] = g[places]
        return Gradients((by_x, None, *by_given))

    return Step(y, pullback)


@kernel(OneHot)
def one_hot(layer: OneHot, context: Context, x: Array) -> Step:
    known(x, layer.num_classes)
    return flat((x[..., None] == np.arange(layer.num_classes)).astype(np.int64))


@kernel(FunctionalEmbedding)
def look_up(layer: FunctionalEmbedding, context: Context, x: Array, table: Array) -> Step:
    known(x, len(table))

    def pullback(g: Array) -> Gradients:
        by_table = np.zeros(table.shape, g.dtype)
        np.add.at(by_table, x, g)
        return Gradients((None, by_table))

    return Step(table[x], pullback)


@kernel(EmbeddingBag, initial=normal)
def sum_bags(layer: EmbeddingBag, context: Context, x: Array, *offsets: Array) -> Step:
    """The vectors of each bag by a matrix that says which bag an integer is in."""
    weight, flat_x = context.weights["weight"], known(x, layer.num_embeddings).reshape(-1)
    if layer.max_norm is not None:
        weight = shortened(weight, x, layer.max_norm, layer.norm_type)
    bags = layer.output_shape(x.shape, *(one.shape for one in offsets))[0]
    starts = offsets[0][:bags] if offsets else np.arange(bags) * x.shape[1]
    bag = np.searchsorted(starts, np.arange(len(flat_x)), side="right") - 1
    counted = np.ones(len(flat_x), bool)
    if layer.padding_idx is not None:
        counted = flat_x != layer.padding_idx % layer.num_embeddings
    vectors, member = weight[flat_x], (bag == np.arange(bags)[:, None]) & counted
    if layer.mode == "max":
        candidates = np.where(member[..., None], vectors, -np.inf)
        best = candidates.argmax(axis=1) if len(flat_x) else np.zeros((bags, weight.shape[1]), int)
        filled = member.any(axis=1)[:, None]
        share = (np.arange(len(flat_x))[:, None] == best[:, None]) & filled[..., None]
    else:
        count = np.maximum(member.sum(axis=1), 1) if layer.mode == "mean" else np.ones(bags)
        share = (member / count[:, None])[..., None]
    share = share.astype(weight.dtype)
    y = (share * vectors).sum(axis=1)

    def pullback(g: Array) -> Gradients:
        by_vectors = (share * g[:, None]).sum(axis=0)
        by_weight = np.zeros_like(weight)
        np.add.at(by_weight, flat_x, by_vectors)
        if layer.scale_grad_by_freq:
            times = np.bincount(flat_x, minlength=len(weight))
            by_weight /= np.maximum(times, 1).astype(weight.dtype)[:, None]
        return Gradients((None,) * (1 + len(offsets)), {"weight": by_weight})

    return Step(y, pullback)
