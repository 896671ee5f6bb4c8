"""The receptive field by the gradient: where that of the centre output is not zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cnnshape.analysis.fields import Fields, receptive_fields, spatial_axes
from cnnshape.analysis.receptive_field import Reach
from cnnshape.analysis.walk import walk
from cnnshape.execute.executor import Settings, forward
from cnnshape.execute.field_mask import Masks, Seen, seen_from
from cnnshape.execute.field_probe import linear, positive_weights
from cnnshape.execute.plan import Plan, plan
from cnnshape.execute.run import drawn_inputs
from cnnshape.graph import Graph, Input, is_integer
from cnnshape.kernels.arena import Array

Ends = tuple[int, int]
"""The first and the last index; crossed where nothing is seen."""


class FieldSeen(NamedTuple):
    """What the centre output of a layer sees of an input, a pair an axis of space."""

    layer: str
    input: str
    seen: tuple[Ends, ...]
    """By the gradient."""
    computed: tuple[Ends, ...]
    """By the analysis, less what lies in the padding."""
    agrees: bool
    whole: bool
    """All of the input is seen."""


def targets(graph: Graph) -> list[str]:
    """The layers worth a probe: the last whose outputs lie in space, and the first output.

    Of layers that see the same, one after the other, the first is taken.
    """
    fields, _ = receptive_fields(walk(graph))
    placed = [name for name, field in fields.items() if _in_space(field)]
    found = [name for name in placed if fields[name] is fields[placed[-1]]][:1]
    if not placed or graph.outputs[0] not in placed:
        found.append(graph.outputs[0])
    return list(dict.fromkeys(name for name in found if _sees(graph, fields, name)))


def _in_space(field: Fields) -> bool:
    """Whether outputs stand for places of an input, along each of its axes."""
    return any(reaches and all(r.axis is not None for r in reaches) for reaches in field.values())


def _sees(graph: Graph, fields: dict[str, Fields], name: str) -> bool:
    floats = {item.name for item in graph.inputs if not is_integer(item.dtype)}
    return any(reaches and source in floats for source, reaches in fields.get(name, {}).items())


def check_field(graph: Graph, target: str, seed: int = 0) -> Iterator[FieldSeen]:
    """Probe one layer: its field of each input that holds floats and has axes of space."""
    part = _up_to(graph, target)
    planned = linear(plan(part, 1))
    fields = receptive_fields(walk(part))[0][target]
    index = _centre(planned, target, fields)
    gradients = _gradients(planned, target, index, seed)
    expected = seen_from(planned, target, index)
    for item in part.inputs:
        axes = spatial_axes(item, graph.channels_last)
        if axes and item.name in gradients and item.name in fields:
            masks = [_along(gradients[item.name], axis) for axis in axes]
            yield _compared(item, axes, masks, expected, fields[item.name], index, target)


def _up_to(graph: Graph, target: str) -> Graph:
    """The part of a model that a layer depends on."""
    needed = {target}
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
            needed.update(filter(None, [node.weights_from]))
    nodes = tuple(node for node in graph.nodes if node.name in needed)
    inputs = tuple(item for item in graph.inputs if item.name in needed)
    return graph._replace(nodes=nodes, inputs=inputs, outputs=(target,))


def _centre(planned: Plan, target: str, fields: Fields) -> Masks:
    """The middle index along axes of space; along the others all."""
    masks = [np.ones(size, bool) for size in planned.shapes[target]]
    for axis in {reach.axis for reaches in fields.values() for reach in reaches}:
        if axis is not None:
            masks[axis] = np.arange(len(masks[axis])) == len(masks[axis]) // 2
    return masks


def _gradients(planned: Plan, target: str, index: Masks, seed: int) -> dict[str, Array]:
    inputs = drawn_inputs(planned.graph, 1, seed=seed, dtype=np.float64)
    inputs = {name: np.ones_like(x) if x.dtype.kind == "f" else x for name, x in inputs.items()}
    cotangent = np.zeros(planned.shapes[target])
    cotangent[np.ix_(*index)] = 1
    settings = Settings(seed=seed, keep=frozenset((target,)))
    done = forward(planned, inputs, positive_weights(planned, seed), settings)
    found = done.backward({target: cotangent})[0]
    return {name: found.get(name, np.zeros_like(inputs[name])) for name in planned.floats}


def _along(gradient: Array, axis: int) -> Array:
    others = tuple(other for other in range(gradient.ndim) if other != axis)
    return np.asarray((gradient != 0).any(axis=others))


def _compared(
    item: Input,
    axes: range,
    masks: Masks,
    expected: Seen,
    reaches: tuple[Reach, ...],
    index: Masks,
    target: str,
) -> FieldSeen:
    wanted = expected.masks.get(item.name)
    if wanted is None:
        wanted = [np.zeros(size, bool) for size in item.shape]
    computed = []
    agrees = True
    for mask, axis, reach in zip(masks, axes, reaches, strict=True):
        ends = reach.at(0 if reach.axis is None else int(np.argmax(index[reach.axis])))
        alike = mask <= wanted[axis] if expected.loose else mask == wanted[axis]
        agrees &= bool(alike.all()) and _fits(_ends(mask), ends, len(mask), expected)
        computed.append((max(ends[0], 0), min(ends[1], len(mask) - 1)))
    whole = all(mask.all() for mask in masks)
    return FieldSeen(target, item.name, tuple(map(_ends, masks)), tuple(computed), agrees, whole)


def _ends(mask: Array) -> Ends:
    places = np.flatnonzero(mask)
    return (int(places[0]), int(places[-1])) if len(places) else (0, -1)


def _fits(found: Ends, ends: Ends, size: int, expected: Seen) -> bool:
    """Whether what is seen is what the analysis says, or what the borders leave of it."""
    if expected.wraps or found[0] > found[1]:
        return True
    if expected.loose or expected.cut or (ends[0] <= 0 and ends[1] >= size - 1):
        return ends[0] <= found[0] and found[1] <= ends[1]
    return found == ends
