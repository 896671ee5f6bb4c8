"""Receptive fields of a whole graph: each layer's reach along each axis of each input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cnnshape.analysis import receptive_field
from cnnshape.analysis.layout import axis_to_first, axis_to_last
from cnnshape.analysis.receptive_field import Reach, own, through, whole
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.graph import Input, Node
from cnnshape.layer import Shape
from cnnshape.window import Window

Fields = dict[str, tuple[Reach, ...]]
"""Input name → what is seen along each of its spatial axes."""


class Unaligned(NamedTuple):
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


Union = Callable[[Reach, Reach, int], tuple[Reach, bool]]
"""Two branches and the number of outputs → what counts of them, and whether they are aligned."""


class Rules(NamedTuple):
    """What a layer says of its inputs: windows of the first, and where each axis goes."""

    windows: Mapping[int, Window | None]
    flow: tuple[tuple[int | None, ...], ...]
    moved: bool

    @property
    def passes(self) -> bool:
        """Whether every output sees what the input at its own place sees."""
        return (
            not self.windows
            and len(self.flow) == 1
            and self.flow[0] == tuple(range(len(self.flow[0])))
        )


def receptive_fields(
    walk: Walk,
    doubtful: Callable[[], bool] | None = None,
    *,
    union: Union = receptive_field.union,
) -> tuple[dict[str, Fields], list[Unaligned]]:
    """The fields of every layer whose shape is known, and where branches are not aligned.

    `doubtful` is asked after each layer whether its field holds for the example of named sizes
    alone; those fields, and what follows from them, are left out. `union` is what is seen where
    branches meet.
    """
    graph = walk.graph
    sizes: dict[str, tuple[int, ...]] = {}
    fields: dict[str, Fields] = {}
    for item in graph.inputs:
        axes = spatial_axes(item, graph.channels_last)
        sizes[item.name] = tuple(item.shape[axis] for axis in axes)
        fields[item.name] = {item.name: tuple(own(axis) for axis in axes)}
    unaligned: list[Unaligned] = []
    known: dict[tuple[int, tuple[Shape, ...]], Rules | None] = {}
    doubts: set[object] = set()
    """Names of layers, and keys of rules, that hold for an example alone."""
    for name, applied in walk.applied.items():
        layer, x = applied.layer, applied.x
        key = (id(layer), x)
        if key not in known:
            moved = walk.moves_axes(layer)
            rules = Rules(layer.windows(*x), layer.flow(applied.y, *x), moved)
            known[key] = None if rules.passes else rules
            if doubtful is not None and doubtful():
                doubts.add(key)
        found = known[key]
        sources = applied.node.inputs
        arriving = [fields.get(source, {}) for source in sources]
        if found is None:
            fields[name] = arriving[0]
        else:
            fields[name] = _field(applied, found, arriving, sizes, unaligned, union)
        doubted = doubtful is not None and doubtful()
        seen = sources if found is None else sources[: len(found.flow)]
        if (doubted or not doubts.isdisjoint((key, *seen))) and _walks_along(fields[name]):
            doubts.add(name)
    return {name: field for name, field in fields.items() if name not in doubts}, unaligned


def _walks_along(fields: Fields) -> bool:
    """Whether outputs see different parts of an input."""
    return any(reach.axis is not None for reaches in fields.values() for reach in reaches)


def _field(
    applied: Applied,
    rules: Rules,
    arriving: list[Fields],
    sizes: Mapping[str, tuple[int, ...]],
    unaligned: list[Unaligned],
    union: Union,
) -> Fields:
    result: Fields = {}
    origin: dict[str, str] = {}
    for operand in range(len(rules.flow)):
        for source, reaches in arriving[operand].items():
            passed = tuple(
                [
                    _arrive(reach, applied, operand, rules, size)
                    for reach, size in zip(reaches, sizes[source], strict=True)
                ]
            )
            if source not in result:
                result[source], origin[source] = passed, applied.node.inputs[operand]
            else:
                names = (origin[source], applied.node.inputs[operand])
                there = sizes[source]
                both = result[source], passed
                result[source] = _join(applied, both, there, names, unaligned, union)
    return result


def _arrive(reach: Reach, applied: Applied, operand: int, rules: Rules, size: int) -> Reach:
    """One reach of an operand as the layer's output has it, its axis in the model's layout."""
    axis = reach.axis
    if axis is None:
        return reach
    if rules.moved:
        axis = axis_to_first(axis, len(applied.x[operand]))
    target = rules.flow[operand][axis]
    if target is None or target >= len(applied.y):  # beyond: operands that do not fit
        return whole(size)
    if operand == 0 and axis in rules.windows:
        window = rules.windows[axis]
        if window is None:
            return whole(size)
        reach = through(reach, window)
    if rules.moved:
        target = axis_to_last(target, len(applied.y))
    return reach if target == reach.axis else reach._replace(axis=target)


def _join(
    applied: Applied,
    both: tuple[tuple[Reach, ...], tuple[Reach, ...]],
    sizes: tuple[int, ...],
    names: tuple[str, str],
    unaligned: list[Unaligned],
    union: Union,
) -> tuple[Reach, ...]:
    joined = []
    for number, (one, other) in enumerate(zip(*both, strict=True)):
        if None not in (one.axis, other.axis) and one.axis != other.axis:
            joined.append(whole(sizes[number]))  # one branch was transposed: both axes see it
            continue
        outputs = applied.y[one.axis] if one.axis is not None and one.axis < len(applied.y) else 1
        reach, aligned = union(one, other, outputs)
        joined.append(reach)
        if not aligned and not (unaligned and unaligned[-1].node is applied.node):
            unaligned.append(Unaligned(applied.node, *names, number, (one, other)))
    return tuple(joined)
