"""Rules of what leads where: `unused-layer`."""

from __future__ import annotations

from collections.abc import Iterator

from cnnshape.analysis.design.finding import listed, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import Node


def unused_layer(subject: Subject) -> Iterator[Diagnostic]:
    """Layers that nothing reads and that are no output; with what leads to them alone."""
    dead = [node for node in subject.graph.nodes if node.name not in subject.live]
    ends = [node for node in dead if not subject.readers.get(node.name) and _counts(subject, node)]
    told: set[object] = set()
    for end in ends:
        if end.place.span in told:
            continue
        told.add(end.place.span or end.name)
        before = [node.name for node in _before(end, dead) if node.name not in told]
        told.update(before)
        outputs = " or ".join(f"`{name}`" for name in subject.graph.outputs)
        yield warning_at(
            "unused-layer",
            end,
            "gives what nothing reads, and it is no output",
            notes=[f"{listed(before)} leads nowhere else"] if len(before) == 1 else
            [f"{listed(before)} lead nowhere else"] if before else (),
            help=f"read it on the way to {outputs}, name it in `outputs`, or leave it out",
        )  # fmt: skip


def _counts(subject: Subject, node: Node) -> bool:
    """Whether a dead end is worth telling: of a program, only what holds weights."""
    return not subject.graph.program or bool(node.stored and node.stored.params)


def _before(end: Node, dead: list[Node]) -> list[Node]:
    """The dead layers that lead to this end, in their order."""
    wanted, found = set(end.inputs), []
    for node in reversed(dead):
        if node.name in wanted:
            found.append(node)
            wanted.update(node.inputs)
    return found[::-1]
