"""A `flatten` before a linear layer that was meant to see all values of its input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cnnshape.analysis.rewrite import anchor_end
from cnnshape.analysis.walk import Fault, lacks_flatten
from cnnshape.diagnostics import Diagnostic, Span
from cnnshape.graph import Node
from cnnshape.repair.proposal import Proposal
from cnnshape.repair.site import Entry
from cnnshape.repair.state import State, key_of_fault
from cnnshape.repair.text import Edit
from cnnshape.sources.spec.document import Value

LAYER = "flatten"
SIMPLE_NAME = re.compile(r"[A-Za-z_][\w-]*")


class Inserted(NamedTuple):
    """A new item of a list; `head` is where the new layer's name, or type, then stands."""

    edit: Edit
    head: Span


def flatten(state: State, diagnostic: Diagnostic) -> Iterator[Proposal]:
    """The layer put in, reading what the linear layer read."""
    fault = state.fault_of(diagnostic)
    if fault is None or fault.field is None or fault.declared is None:
        return
    x = fault.x[fault.operand]
    span = fault.node.place.span
    entry = state.sites.entries.get(span) if span is not None else None
    if entry is None or not lacks_flatten(fault.field, fault.declared, x):
        return
    if not state.sites.is_inside(entry.value, entry.parent):
        return
    yield from _put_in(state, fault, entry)


def _put_in(state: State, fault: Fault, entry: Entry) -> Iterator[Proposal]:
    source = entry.value.data.get("from")
    item, indent = LAYER, 0
    redirect: tuple[Edit, ...] = ()
    if source is not None:
        name = _free_name(state, fault.node)
        only = _only(source)
        place = state.document.span(only) if only is not None else None
        if name is None or place is None or not state.sites.is_inside(source, entry.value):
            return
        item = f"{{name: {name}, type: {LAYER}, from: {state.text.at(place)}}}"
        redirect = (Edit(state.text.start(place), state.text.end(place), name),)
        indent = len("{name: ")
    inserted = _inserted(state, entry, item, indent)
    if inserted is not None:
        alike = state.alike(fault)
        targets = {other.node.name for other in alike}
        yield Proposal(
            (inserted.edit, *redirect),
            f"a `{LAYER}` before `{fault.node.name}`",
            tuple(map(key_of_fault, alike)),
            strict=True,
            against=lambda before, after: (
                None
                if _reads_the_same(before, after, inserted.head, targets)
                else "would change what other layers read"
            ),
        )


def _only(source: Value) -> Value | None:
    """The one name that a `from` gives, where it is no expression."""
    if isinstance(source.data, list):
        source = source.data[0] if len(source.data) == 1 else Value(None)
    plain = isinstance(source.data, str | int) and "${" not in str(source.data)
    return source if plain else None


def _free_name(state: State, node: Node) -> str | None:
    """A name that nothing in the file has yet."""
    taken = {part for name in state.nodes for part in name.split(".")}
    taken |= {part for n in state.graph.nodes for s in n.scopes for part in s.name.split(".")}
    own = node.name.rpartition(".")[2]
    for name in (LAYER, f"{own}_{LAYER}", f"{own}_{LAYER}_1"):
        if name not in taken and SIMPLE_NAME.fullmatch(name):
            return name
    return None


def _inserted(state: State, entry: Entry, item: str, indent: int) -> Inserted | None:
    """The edit for a new item before an entry: a line, or in brackets an item and a comma."""
    at = state.document.span(entry.value)
    parent = state.document.span(entry.parent)
    if at is None or parent is None:
        return None
    text = state.text
    raw, place = text.raw, text.start(at)
    if _is_flow(text.at(parent)):
        head = at._replace(column=at.column + indent)
        return Inserted(Edit(place, place, f"{item}, "), head)
    first = text.offset(at.line, 1)
    before = re.fullmatch(r"([ ]*)-([ ]+)", raw[first:place])
    if before is None:
        return None
    line = f"{before[1]}- {item}{text.line_break(at.line)}"
    column = len(before[1]) + 3 + indent
    return Inserted(Edit(first, first, line), at._replace(column=column))


def _is_flow(text: str) -> bool:
    """Whether a list's text, behind an anchor, is one in brackets."""
    return text[anchor_end(text) :].startswith("[")


def _reads_the_same(before: State, after: State, head: Span, targets: set[str]) -> bool:
    """Whether all other layers, and the outputs, are what they were.

    A new layer moves the numbers of default names, `flatten_1`, by which others may be called.
    """
    new = {
        node.name: node
        for node in after.graph.nodes
        if node.place.span is not None and node.place.span[1:3] == head[1:3]
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
