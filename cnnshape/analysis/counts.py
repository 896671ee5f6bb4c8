"""Parameters, buffers, multiply-accumulates and connections of each layer."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cnnshape.analysis.batch import of_one_sample
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.graph import Stored
from cnnshape.layer import Layer, Shape, Size


class Figures(NamedTuple):
    """One layer's counts, for one sample."""

    params: int
    buffers: int
    macs: int
    connections: int
    activations: int


def count(walk: Walk) -> dict[str, Figures]:
    """The figures of every layer whose shape is known; equal layers are counted once."""
    known: dict[tuple[int, tuple[Shape, ...]], Figures] = {}
    figures: dict[str, Figures] = {}
    for name, applied in walk.applied.items():
        key = (id(applied.layer), applied.x)
        if key not in known:
            known[key] = _figures(applied.layer, applied, walk.graph.batch)
        figures[name] = known[key]
    return figures


def _figures(layer: Layer, applied: Applied, batch: Size) -> Figures:
    x, y = applied.x, applied.y
    samples = y[layer.batch_axis(x[0])] if y and x else 1
    return Figures(
        stored(layer.weights(*x)),
        stored(layer.buffers(*x)),
        of_one_sample(layer.macs(y, *x) * samples, batch),
        of_one_sample(layer.connections(y, *x) * samples, batch),
        of_one_sample(prod(y), batch),
    )


def stored_by(applied: Applied) -> Stored:
    """What a layer stores itself."""
    node, layer, x = applied.node, applied.layer, applied.x
    if node.stored is not None:
        return node.stored
    if node.weights_from is not None:
        return Stored()
    params = stored(layer.weights(*x))
    return Stored(params, params if node.trainable else 0, stored(layer.buffers(*x)))


def stored(tensors: dict[str, Shape]) -> int:
    """The number of values in named tensors."""
    return sum(map(prod, tensors.values()))
