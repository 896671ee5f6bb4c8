"""A `flatten` before a linear layer that was meant to see all values of its input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cnnshape.analysis.rewrite import anchor_end
from cnnshape.analysis.walk import Fault, lacks_flatten
from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import Node
from cnnshape.repair.proposal import Proposal, same_elsewhere
from cnnshape.repair.site import Entry
from cnnshape.repair.state import State, key_of_fault, place_of
from cnnshape.repair.text import Edit
from cnnshape.sources.spec.document import Value

LAYER = "flatten"
MOST_TOGETHER = 100
SIMPLE_NAME = re.compile(r"[A-Za-z_][\w-]*")


class Inserted(NamedTuple):
    """A new item of a list, `head` characters before its name or its type, and what reads it."""

    edits: tuple[Edit, ...]
    head: int
    faults: list[Fault]
    words: str


def flatten(state: State, diagnostic: Diagnostic) -> Iterator[Proposal]:
    """The layer put in, reading what the linear layer read; or before all that lack one."""
    fault = state.fault_of(diagnostic)
    if fault is None or not _lacks(fault):
        return
    one = _put_in(state, fault, set())
    if one is not None:
        yield _proposal([one])
    taken: set[str] = set()
    places = {place_of(other): other for other in state.faults.values() if _lacks(other)}
    every = [_put_in(state, other, taken) for other in list(places.values())[:MOST_TOGETHER]]
    known = [item for item in every if item is not None]
    if len(known) == len(every) > 1:
        yield _proposal(known)


def _lacks(fault: Fault) -> bool:
    x, declared = fault.x[fault.operand], fault.declared
    return declared is not None and lacks_flatten(fault.field or "", declared, x)


def _proposal(items: Sequence[Inserted]) -> Proposal:
    faults = [fault for item in items for fault in item.faults]
    targets = {fault.node.name for fault in faults}

    def against(before: State, after: State) -> str | None:
        if not _reads_the_same(before, after, _heads(after, items), targets):
            return "would change what other layers read"
        keys = (key for item in items for key in before.siblings(item.faults[0]))
        return same_elsewhere(after, keys)

    return Proposal(
        tuple(edit for item in items for edit in item.edits),
        " and ".join(item.words for item in items),
        tuple(map(key_of_fault, faults)),
        strict=True,
        against=against,
    )


def _heads(after: State, items: Sequence[Inserted]) -> set[tuple[int, int]]:
    """The lines and columns at which the new layers stand."""
    heads = {item.edits[0]: item.head for item in items}
    found: set[tuple[int, int]] = set()
    shift = 0
    for edit in sorted(edit for item in items for edit in item.edits):
        if edit in heads:
            found.add(after.text.place(edit.start + shift + heads[edit]))
        shift += len(edit.text) - (edit.end - edit.start)
    return found


def _put_in(state: State, fault: Fault, taken: set[str]) -> Inserted | None:
    """A new layer before one; where that says what it reads, it is made to read the new one."""
    span = fault.node.place.span
    entry = state.sites.entries.get(span) if span is not None else None
    if entry is None or not state.sites.is_inside(entry.value, entry.parent):
        return None
    source = entry.value.data.get("from")
    item, head = LAYER, 0
    redirect: tuple[Edit, ...] = ()
    if source is not None:
        name = _free_name(state, fault.node, taken)
        only = _only(source)
        place = state.document.span(only) if only is not None else None
        if name is None or place is None or not state.sites.is_inside(source, entry.value):
            return None
        taken.add(name)
        item = f"{{name: {name}, type: {LAYER}, from: {state.text.at(place)}}}"
        redirect = (Edit(state.text.start(place), state.text.end(place), name),)
        head = len("{name: ")
    edit = _inserted(state, entry, item)
    if edit is None:
        return None
    head += edit.text.index(item)
    words = f"a `{LAYER}` before `{fault.node.name}`"
    return Inserted((edit, *redirect), head, state.alike(fault), words)


def _only(source: Value) -> Value | None:
    """The one name that a `from` gives, where it is no expression."""
    if isinstance(source.data, list):
        source = source.data[0] if len(source.data) == 1 else Value(None)
    plain = isinstance(source.data, str | int) and "${" not in str(source.data)
    return source if plain else None


def _free_name(state: State, node: Node, taken: set[str]) -> str | None:
    """A name that nothing in the file has yet."""
    names = [*state.nodes, *(item.name for item in state.graph.inputs)]
    names += [scope.name for other in state.graph.nodes for scope in other.scopes]
    known = {part for name in names for part in name.split(".")} | taken
    own = node.name.rpartition(".")[2]
    for name in (LAYER, f"{own}_{LAYER}", f"{own}_{LAYER}_1"):
        if name not in known and SIMPLE_NAME.fullmatch(name):
            return name
    return None


def _inserted(state: State, entry: Entry, item: str) -> Edit | None:
    """The edit for a new item before an entry: a line, or in brackets an item and a comma."""
    at = state.document.span(entry.value)
    parent = state.document.span(entry.parent)
    if at is None or parent is None:
        return None
    text = state.text
    place, first = text.start(at), text.offset(at.line, 1)
    if _is_flow(text.at(parent)):
        return Edit(place, place, f"{item}, ")
    before = re.fullmatch(r"([ ]*)-[ ]+", text.raw[first:place])
    if before is None:
        return None
    return Edit(first, first, f"{before[1]}- {item}{text.line_break(at.line)}")


def _is_flow(text: str) -> bool:
    """Whether a list's text, behind an anchor, is one in brackets."""
    return text[anchor_end(text) :].startswith("[")


def _reads_the_same(
    before: State, after: State, heads: set[tuple[int, int]], targets: set[str]
) -> bool:
    """Whether all other layers, and the outputs, are what they were.

    A new layer moves the numbers of default names, `flatten_1`, by which others may be called.
    """
    new = {
        node.name: node
        for node in after.graph.nodes
        if node.place.span is not None and node.place.span[1:3] in heads
    }
    rest = [node for node in after.graph.nodes if node.name not in new]
    if not new or len(rest) != len(before.graph.nodes):
        return False
    names = {item.name: item.name for item in before.graph.inputs}
    names |= {one.name: two.name for one, two in zip(before.graph.nodes, rest, strict=True)}
    return tuple(map(names.get, before.graph.outputs)) == after.graph.outputs and all(
        _inputs(two, new, one.name in targets) == tuple(map(names.get, one.inputs))
        for one, two in zip(before.graph.nodes, rest, strict=True)
    )


def _inputs(node: Node, new: Mapping[str, Node], is_target: bool) -> tuple[str, ...]:
    """What a layer reads, a target through the new layer."""
    if not is_target:
        return node.inputs
    return tuple(source for name in node.inputs if name in new for source in new[name].inputs)
