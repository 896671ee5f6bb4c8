"""What rules of design look at: a network that holds, its figures and its receptive fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from cnnshape.analysis.fields import Fields, Unaligned, spatial_axes
from cnnshape.analysis.layout import axis_to_last
from cnnshape.analysis.result import LayerResult, Totals
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.graph import Graph, Node, leading_out
from cnnshape.layer import Shape
from cnnshape.window import Slide


class Subject:
    """A network in which every shape is known."""

    def __init__(
        self,
        taken: Walk,
        layers: Mapping[str, LayerResult],
        totals: Totals,
        fields: Mapping[str, Fields],
        unaligned: Sequence[Unaligned],
    ) -> None:
        self.taken = taken
        self.layers = layers
        self.totals = totals
        self.fields = fields
        self.unaligned = unaligned

    @property
    def graph(self) -> Graph:
        return self.taken.graph

    @property
    def applied(self) -> Mapping[str, Applied]:
        """Layers by name, in topological order."""
        return self.taken.applied

    @cached_property
    def input_sizes(self) -> dict[str, tuple[int, ...]]:
        """The spatial sizes of each input."""
        last = self.graph.channels_last
        return {
            item.name: tuple(item.shape[axis] for axis in spatial_axes(item, last))
            for item in self.graph.inputs
        }

    @cached_property
    def readers(self) -> dict[str, list[Node]]:
        """The layers that read each input and each layer, an operand each."""
        found: dict[str, list[Node]] = {}
        for node in self.graph.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found

    @cached_property
    def live(self) -> set[str]:
        """Names of all that leads to an output, or whose weights such a layer uses."""
        if not self.graph.outputs:  # nothing is asked for, so all may be
            return {node.name for node in self.graph.nodes}
        names = leading_out(self.graph)
        used = {n.weights_from for n in self.graph.nodes if n.weights_from and n.name in names}
        return names | used if used else names

    @cached_property
    def distinct(self) -> list[Applied]:
        """Layers in use; of those that one line of a block gives with equal shapes the first."""
        found: dict[tuple[object, tuple[Shape, ...]], Applied] = {}
        used = (applied for name, applied in self.applied.items() if name in self.live)
        for applied in used:
            found.setdefault((applied.node.place.span or applied.node.name, applied.x), applied)
        return list(found.values())

    @cached_property
    def sliding(self) -> list[tuple[Applied, list[Slide]]]:
        """The distinct layers with a kernel, and its windows along each spatial axis."""
        pairs = ((applied, applied.layer.slides(applied.x[0])) for applied in self.distinct)
        return [(applied, slides) for applied, slides in pairs if slides]

    def only_reader(self, name: str) -> Node | None:
        """The one layer that reads a layer, unless that is also given out."""
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.graph.outputs else None

    def channel_axis(self, applied: Applied) -> int:
        """The axis of the output, in the model's layout, that a bias a channel belongs to."""
        rank = len(applied.y)
        if not applied.layer.channels:
            return rank - 1
        return axis_to_last(1, rank) if self.taken.moves_axes(applied.layer) else 1

    def chain_from(self, applied: Applied) -> Iterator[Applied]:
        """The layers behind a layer, as long as each is the only one to read the one before."""
        reader = self.only_reader(applied.node.name)
        while reader is not None and reader.name in self.applied:
            yield self.applied[reader.name]
            reader = self.only_reader(reader.name)
