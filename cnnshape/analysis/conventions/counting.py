"""A network counted as another tool counts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cnnshape.analysis.conventions import convention_of
from cnnshape.analysis.conventions.convention import (
    ACTIVATIONS,
    BATCH_NORMS,
    CONVOLUTIONS,
    FREE,
    MOVES,
    Convention,
    Cost,
    Costs,
    Item,
)
from cnnshape.analysis.counts import Figures, count
from cnnshape.analysis.named import of_walk
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.graph import Graph, Node


class Counted(NamedTuple):
    """A tool's total for a network, and each layer's part; None: no rule of its is known."""

    tool: str
    version: str
    unit: str
    total: int
    layers: Mapping[str, int | None]
    also: tuple[str, int] | None = None
    """A second figure that the tool prints, and its unit."""
    free: tuple[str, ...] = ()
    """Types that compute, and that the tool counts as 0."""
    unknown: tuple[str, ...] = ()
    """Types that the total leaves out, since there is no telling what the tool makes of them."""
    supposed: tuple[str, ...] = ()
    """Types taken for calls of functions, where modules would count otherwise."""


def count_like(graph: Graph, tool: str) -> Counted:
    """What a tool counts for one sample of a network."""
    return of_walk(graph, lambda taken: _counted(taken, convention_of(tool)))


def _counted(taken: Walk, convention: Convention) -> Counted:
    items = _items(taken)
    layers = {name: _cost(taken, name, item, convention) for name, item in items.items()}
    known = {name: value for name, value in layers.items() if value is not None}
    types = {name: applied.node.type for name, applied in taken.applied.items()}
    computing = {name for name, item in items.items() if not moves(item)}
    free = {types[name] for name, value in known.items() if name in computing and _is_zero(value)}
    counting = {types[name] for name, value in known.items() if not _is_zero(value)}
    return Counted(
        convention.tool,
        convention.version,
        convention.unit,
        sum(known.values()),
        layers,
        _also(items, convention),
        tuple(sorted(free - counting)),
        tuple(sorted({types[name] for name in layers if name not in known})),
        tuple(sorted({types[name] for name in _supposed(taken, items, convention)})),
    )


def _is_zero(value: int) -> bool:
    return isinstance(value, int) and value == 0


def moves(item: Item) -> bool:
    """Whether a layer moves values and computes none."""
    return item.layer.view or item.layer.type in MOVES


def _items(taken: Walk) -> dict[str, Item]:
    folded = _folded(taken)
    figures = count(taken)
    return {
        name: _item(applied, figures[name], name in folded)
        for name, applied in taken.applied.items()
    }


def _item(applied: Applied, figures: Figures, folded: bool) -> Item:
    return Item(applied.layer, applied.x, applied.y, figures.macs, figures.connections, folded)


def _folded(taken: Walk) -> set[str]:
    """Convolutions that one batch norm alone reads, and those batch norms."""
    readers: dict[str, list[Node]] = {}
    for node in taken.graph.nodes:
        for source in node.inputs:
            readers.setdefault(source, []).append(node)
    found: set[str] = set()
    for node in taken.graph.nodes:
        after = readers.get(node.name, [])
        alone = len(after) == 1 and node.name not in taken.graph.outputs
        if node.type in CONVOLUTIONS and alone and after[0].type in BATCH_NORMS:
            found |= {node.name, after[0].name}
    return found


def cost_of(type_name: str, functional: bool | None, convention: Convention) -> Cost | None:
    """The cost of a type; an activation is a function's call unless it is known to be a module."""
    if functional and convention.modules_only:
        return FREE
    called = type_name in ACTIVATIONS if functional is None else functional
    if called and type_name in convention.functions:
        return convention.functions[type_name]
    return convention.costs.get(type_name)


def _cost(taken: Walk, name: str, item: Item, convention: Convention) -> int | None:
    cost = cost_of(item.layer.type, taken.applied[name].node.functional, convention)
    if cost is None:
        return 0 if moves(item) else None
    return cost.of(item)


def _also(items: Mapping[str, Item], convention: Convention) -> tuple[str, int] | None:
    if convention.also is None:
        return None
    unit, costs = convention.also
    found = [costs[item.layer.type].of(item) for item in items.values() if item.layer.type in costs]
    return unit, sum(value for value in found if value is not None)


def _supposed(taken: Walk, items: Mapping[str, Item], convention: Convention) -> list[str]:
    """Layers of which nobody said what they are, and whose cost depends on it."""
    found = []
    for name, item in items.items():
        type_name = item.layer.type
        costs: Costs = convention.functions
        unsaid = taken.applied[name].node.functional is None
        if unsaid and type_name in ACTIVATIONS and type_name in costs:
            module = convention.costs.get(type_name)
            if module is None or module.of(item) != costs[type_name].of(item):
                found.append(name)
    return found
