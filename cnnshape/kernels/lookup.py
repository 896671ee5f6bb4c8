"""Values looked up by tensors of indices; the way back adds up what was looked up twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.kernels.pointwise import flat
from cnnshape.layers.lookup import FunctionalEmbedding, Gather, IndexSelect, OneHot, Scatter


def _places(index: Array, axis: int) -> tuple[Any, ...]:
    """Where indices along an axis point: themselves there, their own place on the other axes."""
    places: list[Any] = list(np.ogrid[tuple(map(slice, index.shape))])
    if index.ndim:
        places[axis] = index
    return tuple(places)


@kernel(Gather)
def gather(layer: Gather, context: Context, x: Array, index: Array) -> Step:
    whole, asked = x.reshape(x.shape or (1,)), index.reshape(index.shape or (1,))
    places = _places(asked, layer.axis(x.shape))

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(whole.shape, g.dtype)
        np.add.at(by_x, places, g.reshape(asked.shape))
        return Gradients((by_x.reshape(x.shape),))

    return Step(np.asarray(whole[places]).reshape(index.shape), pullback)


@kernel(IndexSelect)
def select(layer: IndexSelect, context: Context, x: Array, index: Array) -> Step:
    whole, axis = x.reshape(x.shape or (1,)), layer.axis(x.shape)
    places = index.reshape(-1)

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
    places = _places(index, layer.axis(x.shape))
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
    return flat((x[..., None] == np.arange(layer.num_classes)).astype(np.int64))


@kernel(FunctionalEmbedding)
def look_up(layer: FunctionalEmbedding, context: Context, x: Array, table: Array) -> Step:
    def pullback(g: Array) -> Gradients:
        by_table = np.zeros(table.shape, g.dtype)
        np.add.at(by_table, x, g)
        return Gradients((None, by_table))

    return Step(table[x], pullback)
