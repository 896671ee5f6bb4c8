"""Receptive fields of a whole graph: each layer's reach along each axis of each input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnshape.analysis.layout import axis_to_first, axis_to_last
from cnnshape.analysis.receptive_field import Reach, own, through, union, whole
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.graph import Input, Node
from cnnshape.window import Window

Fields = dict[str, tuple[Reach, ...]]
"""Input name → what is seen along each of its spatial axes."""


@dataclass(frozen=True, slots=True)
class Unaligned:
    """A node at which branches meet whose receptive fields do not line up."""

    node: Node
    one: str
    other: str
    axis: int
    reaches: tuple[Reach, Reach]


def spatial_axes(item: Input, channels_last: bool) -> range:
    """The axes of an input that are neither batch nor channels."""
    rank = len(item.shape)
    if rank < 3:
        return range(0)
    return range(1, rank - 1) if channels_last else range(2, rank)


def receptive_fields(walk: Walk) -> tuple[dict[str, Fields], list[Unaligned]]:
    """The fields of every layer whose shape is known, and where branches are not aligned."""
    graph = walk.graph
    sizes: dict[str, tuple[int, ...]] = {}
    fields: dict[str, Fields] = {}
    for item in graph.inputs:
        axes = spatial_axes(item, graph.channels_last)
        sizes[item.name] = tuple(item.shape[axis] for axis in axes)
        fields[item.name] = {item.name: tuple(own(axis) for axis in axes)}
    unaligned: list[Unaligned] = []
    for node in graph.nodes:
        applied = walk.applied.get(node.name)
        if applied is not None:
            known = [fields.get(name, {}) for name in node.inputs]
            moved = walk.moves_axes(applied.layer)
            fields[node.name] = _field(applied, known, sizes, moved, unaligned)
    return fields, unaligned


def _field(
    applied: Applied,
    known: list[Fields],
    sizes: Mapping[str, tuple[int, ...]],
    moved: bool,
    unaligned: list[Unaligned],
) -> Fields:
    layer, x, y = applied.layer, applied.x, applied.y
    windows = layer.windows(*x)
    flow = layer.flow(y, *x)
    result: Fields = {}
    origin: dict[str, str] = {}
    for operand, axes in enumerate(flow):
        rank = len(x[operand])
        for source, reaches in known[operand].items():
            passed = []
            for reach, size in zip(reaches, sizes[source], strict=True):
                axis = reach.axis
                if axis is not None and moved:
                    axis = axis_to_first(axis, rank)
                passed.append(_pass(reach, axis, axes, windows if operand == 0 else {}, size, y))
            arrived = tuple(
                _place(reach, axis_to_last(reach.axis, len(y))) if moved and reach.axis else reach
                for reach in passed
            )
            if source not in result:
                result[source], origin[source] = arrived, applied.node.inputs[operand]
            else:
                names = (origin[source], applied.node.inputs[operand])
                result[source] = _join(applied, result[source], arrived, names, unaligned)
    return result


def _pass(
    reach: Reach,
    axis: int | None,
    flow: tuple[int | None, ...],
    windows: Mapping[int, Window | None],
    size: int,
    y: tuple[int, ...],
) -> Reach:
    """One reach on its way through one layer; its new axis is the output's."""
    if axis is None:
        return reach
    target = flow[axis]
    if target is None:
        return whole(size)
    if axis not in windows:
        return reach if target == reach.axis else _place(reach, target)
    window = windows[axis]
    if window is None:
        return whole(size)
    passed = through(reach, window)
    return passed if target == passed.axis else _place(passed, target)


def _place(reach: Reach, axis: int) -> Reach:
    return Reach(axis, reach.first, reach.last, reach.advance)


def _join(
    applied: Applied,
    ours: tuple[Reach, ...],
    theirs: tuple[Reach, ...],
    names: tuple[str, str],
    unaligned: list[Unaligned],
) -> tuple[Reach, ...]:
    joined = []
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        outputs = applied.y[one.axis] if one.axis is not None and one.axis < len(applied.y) else 1
        reach, aligned = union(one, other, outputs)
        joined.append(reach)
        if not aligned and not any(item.node is applied.node for item in unaligned):
            unaligned.append(Unaligned(applied.node, *names, number, (one, other)))
    return tuple(joined)
