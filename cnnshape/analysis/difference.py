"""What is different between two networks: layers, their figures, and the totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from cnnshape.analysis.matching import Pairs, in_order, is_named, matched
from cnnshape.analysis.result import Analysis, LayerResult
from cnnshape.graph import DTYPE_BYTES, Graph, Node
from cnnshape.layer import Shape

Kind = Literal["added", "removed", "changed", "renamed", "same"]
OUTSIDE = "type"
"""A field of every layer that is no argument."""


class Side(NamedTuple):
    """One of the two networks."""

    graph: Graph
    analysis: Analysis


class Argument(NamedTuple):
    """An argument with two values; None: it has none there."""

    name: str
    before: object
    after: object


class Change(NamedTuple):
    """One layer, as it was and as it is."""

    kind: Kind
    before: LayerResult | None
    after: LayerResult | None
    arguments: tuple[Argument, ...] = ()

    @property
    def follows(self) -> bool:
        """Whether only figures changed, because of other layers."""
        same_type = self.before and self.after and self.before.type == self.after.type
        return self.kind == "changed" and bool(same_type) and not self.arguments

    @property
    def layer(self) -> LayerResult:
        """The layer as it is, or else as it was."""
        found = self.after or self.before
        assert found is not None
        return found


class Total(NamedTuple):
    """A total of both; one that is a formula is no number to compare."""

    name: str
    before: int
    after: int


class Difference(NamedTuple):
    """All that is different, layers in the order of the second network."""

    before: Analysis
    after: Analysis
    changes: tuple[Change, ...]
    totals: tuple[Total, ...]

    def of(self, kind: Kind, *, follows: bool = False) -> list[Change]:
        """The changes of a kind."""
        return [item for item in self.changes if item.kind == kind and item.follows == follows]

    @property
    def equal(self) -> bool:
        """Whether nothing is different."""
        ends = [str(shapes(side)) for side in (self.before, self.after)]
        return all(item.kind == "same" for item in self.changes) and ends[0] == ends[1]


def shapes(analysis: Analysis) -> tuple[list[Shape | None], list[Shape | None]]:
    """What goes in, and what comes out."""
    return [*analysis.inputs.values()], [*analysis.outputs.values()]


def difference(before: Side, after: Side) -> Difference:
    """Two networks compared."""
    old, new = before.analysis.layers, after.analysis.layers
    pairs = matched(old, new)
    compared = _Compared(before, after, pairs)
    return Difference(
        before.analysis,
        after.analysis,
        tuple(_in_order(old, new, pairs, compared)),
        tuple(_totals(before.analysis, after.analysis)),
    )


def memory_of(layer: LayerResult) -> int | None:
    """Bytes of a layer's output in float32, for one sample."""
    return None if layer.activations is None else layer.activations * DTYPE_BYTES["float32"]


def field_of(layer: LayerResult) -> tuple[int, ...] | None:
    """The size of what a layer sees."""
    return None if layer.receptive_field is None else layer.receptive_field.size


def figures(layer: LayerResult) -> tuple[object, ...]:
    """What is compared of a layer, as texts: a formula has no other equality."""
    found = (layer.output_shape, layer.params, layer.macs, memory_of(layer), field_of(layer))
    return tuple(map(str, found))


def _in_order(
    old: Sequence[LayerResult], new: Sequence[LayerResult], pairs: Pairs, compared: _Compared
) -> Iterator[Change]:
    """Every layer in the order of the second network; what is gone stands where it stood."""
    partner = {after: before for before, after in pairs.items()}
    fixed = {after: before for before, after in in_order(pairs)}
    removed = [number for number in range(len(old)) if number not in pairs]
    ends: list[int] = []  # up to which layer before it all has had its turn, the last one first
    for number in reversed(range(len(new))):
        ends.append(fixed.get(number, ends[-1] if ends else len(old)))
    for number, layer in enumerate(new):
        while removed and removed[0] < ends[-1 - number]:
            yield Change("removed", old[removed.pop(0)], None)
        if number in partner:
            yield compared.change(old[partner[number]], layer)
        else:
            yield Change("added", None, layer)
    yield from (Change("removed", old[number], None) for number in removed)


class _Compared:
    """Two networks whose layers are matched."""

    def __init__(self, before: Side, after: Side, pairs: Pairs) -> None:
        old, new = before.analysis.layers, after.analysis.layers
        self.before = {node.name: node for node in before.graph.nodes}
        self.after = {node.name: node for node in after.graph.nodes}
        self.renamed = {old[a].name: new[b].name for a, b in pairs.items()}
        inputs = zip(before.analysis.inputs, after.analysis.inputs, strict=False)
        self.renamed.update(inputs)
        self.kept = {*self.renamed.values()}

    def change(self, old: LayerResult, new: LayerResult) -> Change:
        arguments = tuple(self._arguments(self.before[old.name], self.after[new.name]))
        differs = arguments or old.type != new.type or figures(old) != figures(new)
        kind: Kind = "changed" if differs else "same"
        if _is_renamed(old, new):
            kind = "renamed"
        return Change(kind, old, new, arguments)

    def _arguments(self, old: Node, new: Node) -> Iterator[Argument]:
        if old.type == new.type:
            before, after = _written(old), _written(new)
            for name in dict.fromkeys((*before, *after)):
                if _plain(before.get(name)) != _plain(after.get(name)):
                    yield Argument(name, before.get(name), after.get(name))
        was = tuple(self._there(name, self.before, self.renamed) for name in old.inputs)
        now = tuple(self._there(name, self.after, self.kept) for name in new.inputs)
        if tuple(self.renamed.get(name, name) for name in was) != now:
            yield Argument("from", ", ".join(old.inputs), ", ".join(new.inputs))
        shared = None if old.weights_from is None else self.renamed.get(old.weights_from)
        if shared != new.weights_from:
            yield Argument("weights_from", old.weights_from, new.weights_from)
        if old.trainable != new.trainable:
            yield Argument("trainable", old.trainable, new.trainable)

    def _there(
        self, name: str, nodes: Mapping[str, Node], matched_names: Mapping[str, str] | set[str]
    ) -> str:
        """What a name reads in the end, through layers that only one of the networks has.

        So a layer that is put in, or taken out, does not change the one behind it.
        """
        while name not in matched_names and name in nodes and nodes[name].inputs:
            name = nodes[name].inputs[0]
        return name


def _is_renamed(old: LayerResult, new: LayerResult) -> bool:
    """Whether a layer is called otherwise; names that only count change with their neighbours."""
    if old.name == new.name:
        return False
    if is_named(old) or is_named(new):
        return True
    return old.name.rpartition(".")[0] != new.name.rpartition(".")[0]


def _written(node: Node) -> dict[str, object]:
    """A layer's arguments, less those that only repeat what arrives."""
    layer = node.layer
    if layer is None:
        return {}
    return {
        name: value
        for name, value in vars(layer).items()
        if name in type(layer).model_fields and name not in layer.stated and name != OUTSIDE
    }


def _plain(value: object) -> object:
    """A value as it is compared: one number an axis is the number, where all are the same."""
    if isinstance(value, tuple | list) and value:
        items = [_plain(item) for item in value]
        return items[0] if all(item == items[0] for item in items) else items
    return value


def _totals(before: Analysis, after: Analysis) -> Iterator[Total]:
    from cnnshape.analysis.baseline import totals

    old, new = totals(before), totals(after)
    return (Total(name, old[name], new[name]) for name in old if name in new)
