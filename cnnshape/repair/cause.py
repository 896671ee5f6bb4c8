"""Where the numbers of expressions come from: `vars`, arguments of blocks, their defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from cnnshape.analysis.walk import Fault
from cnnshape.graph import Node, Use
from cnnshape.repair.site import mentions
from cnnshape.repair.state import State
from cnnshape.sources.spec.document import Value

MOST_FAULTS = 5_000
"""Faults that are looked at to find those of one cause."""
ONE_NAME = re.compile(r"\$\{\s*([A-Za-z_]\w*)\s*\}")


class Literal(NamedTuple):
    """The number that an expression of one name stands for, and what it is called."""

    value: Value
    key: str
    owner: str


@dataclass
class Cause:
    """A literal, the faults that come from it, and what would mend them."""

    literal: Literal
    faults: list[Fault] = field(default_factory=list)

    @property
    def choices(self) -> set[object]:
        return {fault.error.choices[0] for fault in self.faults}


@lru_cache(maxsize=1)
def causes(state: State) -> dict[str, Cause]:
    """Layers at fault → the cause, where it is one literal that is there for nothing else."""
    faults = [fault for fault in state.faults.values() if fault.error.choices][:MOST_FAULTS]
    values = {fault.node.name: state.written(fault) for fault in faults}
    finder = _Finder(state, {id(value) for value in values.values() if value is not None})
    found: dict[int, Cause] = {}
    by_layer: dict[str, Cause] = {}
    for fault in faults:
        value = values[fault.node.name]
        literal = finder.literal(fault.node, value) if value is not None else None
        if literal is not None:
            cause = found.setdefault(id(literal.value), Cause(literal))
            cause.faults.append(fault)
            by_layer[fault.node.name] = cause
    return by_layer


def together(state: State, fault: Fault, alike: Sequence[Fault]) -> Iterable[Cause]:
    """The causes of all faults of one place, or else that of the one; empty where there is none."""
    known = causes(state)
    every = {id(cause): cause for f in alike if (cause := known.get(f.node.name)) is not None}
    if all(f.node.name in known for f in alike) and _agree(every.values()):
        return every.values()
    own = known.get(fault.node.name)
    return [own] if own is not None and _agree([own]) else []


def _agree(found: Iterable[Cause]) -> bool:
    return all(len(cause.choices) == 1 for cause in found)


class _Finder:
    def __init__(self, state: State, allowed: set[int]) -> None:
        self.state = state
        self.allowed = allowed
        """Values at fault, which a name may serve."""
        self.known: dict[tuple[int, str], list[Value]] = {}

    def literal(self, node: Node, value: Value) -> Literal | None:
        """What gives an expression of one name its value, if the name serves faults only."""
        uses, owner, name = node.place.uses, "", ""
        while isinstance(value.data, str):
            match = ONE_NAME.fullmatch(value.data.strip())
            if match is None:
                return None
            name = match[1]
            found = self._argument(name, uses[0]) if uses else None
            scope = self.state.document.root
            if found is not None:
                owner, scope = f"`{uses[0].layer}`", self.state.sites.blocks[uses[0].block]
                uses = uses[1:]
            else:
                owner, uses = "`vars`", ()
                found = self.state.sites.section("vars").get(name)
            if found is None or not self._is_free(found, name, scope, value):
                return None
            value = found
        return Literal(value, name, owner) if owner and type(value.data) is int else None

    def _is_free(self, found: Value, name: str, scope: Value, value: Value) -> bool:
        """Whether a name is used, in its scope, by this value and by others at fault only."""
        key = (id(scope), name)
        if key not in self.known:
            self.known[key] = list(mentions(scope, name))
        served = (item for item in self.known[key] if item is not value)
        keys = self.state.sites.keys_of(found)
        return keys == {name} and all(id(item) in self.allowed for item in served)

    def _argument(self, name: str, use: Use) -> Value | None:
        """What the use of a block gives for a parameter, or the parameter's default."""
        block = self.state.sites.blocks.get(use.block)
        params = block.data.get("params") if block is not None else None
        if params is None or not isinstance(params.data, dict) or name not in params.data:
            return None
        entry = self.state.sites.entries.get(use.span)
        given = entry.value.data.get(name) if entry and isinstance(entry.value.data, dict) else None
        found: Value = given or params.data[name]
        return found
