"""From names to edges: references looked up, nodes put in topological order."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from cnnshape.graph import Node
from cnnshape.sources.spec.expand import Expansion
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.spec.frame import Pending, Reference
from cnnshape.sources.words import clip, suggest

WORK_OF_STEP = 5
MOST_SHOWN = 12
"""Names of a ring."""

FAULTY = ""
"""Stands for an input whose name means nothing; the analysis leaves alone what reads it."""


class Wiring:
    """Looks names up among inputs, layers, blocks and repeats."""

    def __init__(self, expansion: Expansion, inputs: Iterable[str], findings: Findings) -> None:
        self.expansion = expansion
        self.findings = findings
        self.inputs = tuple(inputs)
        self.known = dict.fromkeys(self.inputs, -1)
        for number, node in enumerate(expansion.pending):
            self.known[node.name] = number

    def resolve(self, reference: Reference) -> tuple[str, ...]:
        """The inputs or nodes that a name means; FAULTY where there are none."""
        if reference.name in self.known:
            return (reference.name,)
        found: list[str] = []
        opened: dict[str, None] = {}
        waiting: list[str | None] = [reference.name]
        while waiting:
            self.findings.spend(WORK_OF_STEP)
            name = waiting.pop()
            if name is None:
                opened.popitem()
            elif name in self.known:
                found.append(name)
            elif name in self.expansion.aliases and name not in opened:
                opened[name] = None
                waiting.append(None)
                waiting += [part.name for part in reversed(self.expansion.aliases[name])]
            else:
                found.append(FAULTY)
                if name:
                    self._report(name, reference, cyclic=name in opened)
        return tuple(found)

    def _report(self, name: str, reference: Reference, *, cyclic: bool) -> None:
        at = reference.value
        if self.findings.has("unknown-reference", at):
            return
        if cyclic:
            message = f"`{clip(name)}` reads what it gives itself"
            self.findings.add("cyclic-reference", message, at)
            return
        prefix = reference.prefix
        short = name.removeprefix(prefix)
        nobody = "the block has no layer" if prefix else "no layer is"
        fix = None
        if name in self.expansion.absent:
            message = f"`{clip(short)}` is left out by its `if`"
            help: str | None = "choose with an expression, `\"${'a' if … else 'b'}\"`"
        elif prefix and short in self.known:
            message = f"{nobody} called `{clip(short)}`"
            help = "a block sees its own layers and `input` only: hand it over with `from`"
        else:
            message = f"{nobody} called `{clip(short)}`"
            known = (*self.known, *self.expansion.aliases)
            near = [item.removeprefix(prefix) for item in known if item.startswith(prefix)]
            help = suggest(short, near)
            fix = self.findings.renamed(short, at, near)
        self.findings.add("unknown-reference", message, at, help=help, fix=fix)

    def nodes(self) -> tuple[Node, ...]:
        """All nodes, each behind those that it reads from."""
        nodes = [self._node(pending) for pending in self.expansion.pending]
        for name, claims in self.expansion.block_claims:
            for output in self.resolve(Reference(name)):
                number = self.known.get(output, -1)
                if number >= 0:
                    node = self.expansion.pending[number]
                    of_block = (claim._replace(block=name) for claim in claims)
                    node.expect = (*node.expect, *of_block)
                    nodes[number] = self._node(node)
        return self._ordered(nodes)

    def _node(self, pending: Pending) -> Node:
        inputs = tuple(name for reference in pending.references for name in self.resolve(reference))
        shared = None
        if pending.weights_from is not None:
            found = self.resolve(pending.weights_from)
            shared = found[0] if len(found) == 1 and found[0] != FAULTY else None
        return Node(
            pending.name,
            pending.entry.type,
            pending.layer,
            inputs,
            pending.place,
            pending.scopes,
            pending.expect,
            shared,
            pending.trainable,
            functional=pending.functional,
        )

    def _ordered(self, nodes: list[Node]) -> tuple[Node, ...]:
        """The file's order, but for nodes that read from later ones."""
        number_of = {node.name: number for number, node in enumerate(nodes)}
        waits: dict[int, int] = {}
        readers: dict[int, list[int]] = {}
        forward = False
        for number, node in enumerate(nodes):
            sources = {number_of[name] for name in node.inputs if name in number_of}
            waits[number] = len(sources)
            for source in sources:
                readers.setdefault(source, []).append(number)
                forward = forward or source >= number
        if not forward:
            return tuple(nodes)
        ready = [number for number, count in waits.items() if count == 0]
        heapify(ready)
        order: list[int] = []
        while ready:
            order.append(heappop(ready))
            for reader in readers.get(order[-1], ()):
                waits[reader] -= 1
                if waits[reader] == 0:
                    heappush(ready, reader)
        rest = sorted(set(range(len(nodes))) - set(order))
        if rest:
            self._report_cycle(nodes, set(rest), number_of)
        unknown = (nodes[number]._replace(layer=None) for number in rest)
        return (*(nodes[number] for number in order), *unknown)

    def _report_cycle(self, nodes: list[Node], rest: set[int], number_of: dict[str, int]) -> None:
        """Walk against the edges among the nodes left over until one is met again."""
        met: dict[int, None] = {}
        step = min(rest)
        while step not in met:
            met[step] = None
            inputs = nodes[step].inputs
            step = min(number_of[n] for n in inputs if number_of.get(n) in rest)
        path = list(met)
        ring = path[path.index(step) :][::-1]
        first = min(ring)
        turn = ring.index(first)
        names = [nodes[number].name for number in (*ring[turn:], *ring[: turn + 1])]
        if len(names) > MOST_SHOWN:
            names[MOST_SHOWN - 1 :] = ["…"]
        entry = self.expansion.pending[first].entry
        self.findings.add(
            "cyclic-reference",
            f"`{names[0]}` reads what depends on it: {' → '.join(names)}",
            entry.keys.get("from", entry.type_value),
            layer=names[0],
        )
