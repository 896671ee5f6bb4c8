"""Parameters, buffers, multiply-accumulates and connections of each layer."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cnnshape.analysis.walk import Applied, Walk
from cnnshape.layer import Layer, Shape


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
            known[key] = _figures(applied.layer, applied)
        figures[name] = known[key]
    return figures


def _figures(layer: Layer, applied: Applied) -> Figures:
    x, y = applied.x, applied.y
    return Figures(
        stored(layer.weights(*x)),
        stored(layer.buffers(*x)),
        layer.macs(y, *x),
        layer.connections(y, *x),
        prod(y),
    )


def stored(tensors: dict[str, Shape]) -> int:
    """The number of values in named tensors."""
    return sum(map(prod, tensors.values()))
