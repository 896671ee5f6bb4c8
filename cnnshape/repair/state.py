"""A model file as it stands while it is repaired, checked anew after every change."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import NamedTuple

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.claims import Broken, failing
from cnnshape.analysis.result import Analysis
from cnnshape.analysis.walk import Fault, Walk, walk
from cnnshape.diagnostics import Diagnostic, Span
from cnnshape.graph import Node
from cnnshape.repair.site import Sites
from cnnshape.repair.text import Text
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import Document, Value, parse
from cnnshape.sources.spec.reader import read
from cnnshape.sources.suppression import silenced


class Key(NamedTuple):
    """What makes two errors the same one, in two states of a file."""

    rule: str
    layer: str | None
    what: str | None


class State:
    """A text, the graph in it, and what is wrong with that."""

    def __init__(self, text: Text, document: Document, options: Options) -> None:
        self.text = text
        self.document = document
        graph = read(document, options)
        if graph.sizes:
            from cnnshape.analysis.named import held_to_examples

            graph = held_to_examples(graph)
        self.graph = graph

    @cached_property
    def analysis(self) -> Analysis:
        return silenced(analyse(self.graph))

    @cached_property
    def walk(self) -> Walk:
        return walk(self.graph)

    @cached_property
    def sites(self) -> Sites:
        return Sites(self.document)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        return {node.name: node for node in self.graph.nodes}

    @cached_property
    def order(self) -> dict[str, int]:
        """Every layer's place in the network."""
        return {name: number for number, name in enumerate(self.nodes)}

    @cached_property
    def faults(self) -> dict[str, Fault]:
        """The first fault of each layer that has one."""
        found: dict[str, Fault] = {}
        for fault in self.walk.faults:
            found.setdefault(fault.node.name, fault)
        return found

    @cached_property
    def errors(self) -> list[Diagnostic]:
        return [item for item in self.analysis.diagnostics if item.severity == "error"]

    @cached_property
    def keys(self) -> Counter[Key]:
        """Every error there is, also those that are not told."""
        found = Counter(map(key_of_fault, self.walk.faults))
        told = {(key.rule, key.layer) for key in found}
        found.update(map(key_of_claim, self.broken))
        for item in self.errors:
            if item.rule != "expectation-failed" and (item.rule, item.layer) not in told:
                found[self.key_of(item)] += 1
        return found

    @cached_property
    def broken(self) -> list[Broken]:
        """Every expectation that fails."""
        return list(failing(self.graph, {item.name: item for item in self.analysis.layers}))

    def broken_of(self, diagnostic: Diagnostic) -> Broken | None:
        """The expectation that a diagnostic tells."""
        for item in self.broken if diagnostic.rule == "expectation-failed" else ():
            claim = item.claim
            if item.node.name == diagnostic.layer and claim.span == diagnostic.span:
                return item
        return None

    def key_of(self, diagnostic: Diagnostic) -> Key:
        """What a diagnostic says that no change elsewhere in the file alters."""
        broken, fault = self.broken_of(diagnostic), self.fault_of(diagnostic)
        if broken is not None:
            return key_of_claim(broken)
        if fault is not None:
            return key_of_fault(fault)
        if diagnostic.rule == "limit-exceeded":
            return Key(diagnostic.rule, None, str(diagnostic.expected))
        return Key(diagnostic.rule, None, diagnostic.message)

    @cached_property
    def sound(self) -> set[str]:
        """Layers that are known to have no fault."""
        doubtful = {*self.faults, *self.walk.unsure}
        return {name for name in self.walk.applied if name not in doubtful}

    @cached_property
    def hidden(self) -> set[str]:
        """Layers whose expectations are not judged, since there is a fault before them."""
        found = set(self.faults)
        for node in self.graph.nodes:
            if node.name not in self.walk.applied or not found.isdisjoint(node.inputs):
                found.add(node.name)
        return found

    @cached_property
    def _written(self) -> dict[int, list[Node]]:
        """The layers that one entry of the file makes, by the identity of its arguments."""
        found: dict[int, list[Node]] = {}
        for node in self.graph.nodes:
            found.setdefault(id(node.place.fields), []).append(node)
        return found

    def users(self, field: str, span: Span | None) -> list[str]:
        """The layers of which an argument stands in a place."""
        groups = (nodes for nodes in self._written.values() if span is not None)
        return [
            node.name
            for nodes in groups
            if nodes[0].place.fields.get(field) == span
            for node in nodes
        ]

    def siblings(self, fault: Fault) -> list[Key]:
        """The fault as it would be in every layer that the same entry of the file makes."""
        nodes = self._written[id(fault.node.place.fields)]
        return [Key(fault.error.rule, node.name, fault.error.field) for node in nodes]

    def fault_of(self, diagnostic: Diagnostic) -> Fault | None:
        """The fault that a diagnostic tells, where it is one of a layer's rule."""
        fault = self.faults.get(diagnostic.layer or "")
        return fault if fault is not None and fault.error.rule == diagnostic.rule else None

    def written(self, fault: Fault) -> Value | None:
        """The argument at fault, as it stands in the file."""
        span = fault.node.place.fields.get(fault.error.field or "")
        return None if span is None else self.sites.values.get(span)

    def alike(self, fault: Fault) -> list[Fault]:
        """The faults of one place: a block that is used often has it as often."""
        place, field = place_of(fault), fault.error.field
        return [
            other
            for other in self.faults.values()
            if other.error.rule == fault.error.rule
            and other.error.field == field
            and place_of(other) == place
        ]


def place_of(fault: Fault) -> Span | str:
    """Where the value at fault stands, or the layer if it is not written."""
    place = fault.node.place
    field = fault.error.field or ("from" if fault.error.rule == "shape-mismatch" else "")
    return place.fields.get(field) or place.span or fault.node.name


def key_of_fault(fault: Fault) -> Key:
    return Key(fault.error.rule, fault.node.name, fault.error.field)


def key_of_claim(broken: Broken) -> Key:
    claim = broken.claim
    return Key("expectation-failed", broken.node.name, f"{claim.block or ''} {claim.figure}")


def state_of(file: str, text: Text, options: Options) -> State:
    """A text read as a model; UnreadableError, UsageError as the reader has them."""
    return State(text, parse(file, text.content), options)


def brought(before: State, after: State) -> list[Key]:
    """The errors that a change brought, less those that others hid before."""
    new = after.keys - before.keys
    return [key for key in new if not _was_hidden(before, key)]


def _was_hidden(before: State, key: Key) -> bool:
    if key.rule == "limit-exceeded":  # judged only once there is no other error
        return bool(before.errors)
    if key.rule == "expectation-failed":
        return key.layer in before.hidden
    if key.layer is None:
        return bool(before.graph.findings)
    return key.layer in before.nodes and key.layer not in before.sound
