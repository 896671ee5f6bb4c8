"""Where a size comes from: back through the graph to the argument that decided it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnnshape.analysis.layout import axis_to_first, axis_to_last
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.diagnostics import Label
from cnnshape.graph import Held, Input
from cnnshape.layer import show

MOST_NOTES = 3


@dataclass(slots=True)
class Origin:
    """The places and the arithmetic that led to a size."""

    labels: list[Label] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def trace(walk: Walk, name: str, axis: int) -> Origin:
    """How axis `axis` (in the model's layout) of what `name` gives came to its size."""
    found = Origin()
    inputs: dict[str, Input | Held] = {item.name: item for item in walk.graph.inputs}
    inputs |= {item.name: item for item in walk.graph.held}
    while name in walk.applied:
        applied = walk.applied[name]
        moved = walk.moves_axes(applied.layer)
        inner = axis_to_first(axis, len(applied.y)) if moved else axis
        step = _step(applied, inner, found)
        if step is None:
            return found
        operand, axis = step
        if moved:
            axis = axis_to_last(axis, len(applied.x[operand]))
        name = applied.node.inputs[operand]
    item = inputs.get(name)
    if item is not None and item.span is not None:
        found.labels.append(Label(item.span, f"`{name}` is {show(item.shape)}"))
    return found


def _step(applied: Applied, axis: int, found: Origin) -> tuple[int, int] | None:
    """One layer back: the input and its axis that the size came with; None: it was decided here."""
    layer, x, y = applied.layer, applied.x, applied.y
    decided = layer.decided_by(axis, y, *x)
    if decided is not None:
        _mark(applied, decided, axis, found)
        if axis > 1 or decided not in SIZES:
            _note(applied, found)
        return None
    flow = layer.flow(y, *x)
    carriers = [
        (operand, source)
        for operand, axes in enumerate(flow)
        for source, target in enumerate(axes)
        if target == axis
    ]
    alike = [(o, s) for o, s in carriers if x[o][s] == y[axis]]
    if alike and len(carriers) <= len(flow):
        return alike[0]
    _note(applied, found)
    mixed = [source for source, target in enumerate(flow[0]) if target is None]
    if not carriers and mixed:
        return 0, mixed[0]
    _mark(applied, "from", axis, found)
    return None


SIZES = ("out_channels", "out_features", "hidden_size", "embedding_dim")
"""Arguments that are the size themselves, so that no arithmetic is needed."""


def _mark(applied: Applied, decided: str, axis: int, found: Origin) -> None:
    place = applied.node.place
    span = place.fields.get(decided, place.span)
    if span is None:
        return
    size, rank = applied.y[axis], len(applied.y)
    noun = axis_noun(axis, rank, applied.layer.channels or rank == 4)
    written = decided if decided in place.fields else None
    who = "from here" if written and not place.uses else f"from `{applied.node.name}`"
    found.labels.append(Label(span, f"{size} {noun} {who}"))


def axis_noun(axis: int, rank: int, channels: bool) -> str:
    """What is counted along an axis: channels, features, rows, columns."""
    if rank == 2 or not channels:
        return "features" if axis == rank - 1 else "steps"
    if axis == 1:
        return "channels"
    return {(2, 4): "rows", (3, 4): "columns"}.get((axis, rank), "values")


def _note(applied: Applied, found: Origin) -> None:
    """The layer's arithmetic as a note."""
    formulas = applied.layer.formulas(applied.y, *applied.x)
    if formulas and len(found.notes) < MOST_NOTES:
        texts = "; ".join(text for _, text in formulas)
        inputs = " and ".join(map(show, applied.x))
        found.notes.append(f"{applied.node.name}: {texts}, from {inputs}")
