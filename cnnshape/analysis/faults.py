"""From a rule that does not hold to a diagnostic: the field's place, the other number's origin."""

from __future__ import annotations

from collections.abc import Iterable

from cnnshape.analysis.origin import Origin, trace
from cnnshape.analysis.walk import Fault, Walk
from cnnshape.diagnostics import Diagnostic, Fix, Span
from cnnshape.graph import Node, Place
from cnnshape.layer import show


def diagnose(walk: Walk) -> list[Diagnostic]:
    """One diagnostic a fault; a fault that a block repeats is told once."""
    found: list[Diagnostic] = []
    seen: set[tuple[str, Span]] = set()
    for fault in walk.faults:
        item = _diagnostic(walk, fault)
        if item.span is not None:
            key = (item.rule, item.span)
            if key in seen:
                continue
            seen.add(key)
        found.append(item)
    return found


def _diagnostic(walk: Walk, fault: Fault) -> Diagnostic:
    error, node = fault.error, fault.node
    span = place_of(node.place, error.field)
    origin = _origin(walk, fault)
    labels = [label for label in origin.labels if label.span != span]
    notes = [*origin.notes, *([error.note] if error.note else ())]
    return Diagnostic(
        error.rule,
        f"`{node.name}` {error.message}",
        layer=node.name,
        span=span,
        caption=_caption(error.rule, error.expected),
        labels=tuple(labels),
        notes=(*dict.fromkeys(notes), *used(node.place)),
        help=error.help,
        expected=error.expected,
        found=error.found,
        fix=_fix(node, fault, span),
    )


def place_of(place: Place, field: str | None) -> Span | None:
    """Where an argument stands, or the layer's head where it is not written."""
    return place.fields.get(field, place.span) if field is not None else place.span


def used(place: Place) -> Iterable[str]:
    """Notes on the blocks around a place, from the inside out."""
    for use in place.uses:
        where = f"{use.span.file}:{use.span.line}:{use.span.column}"
        yield f"in the block `{use.block}`, used as `{use.layer}` at {where}"


def _caption(rule: str, expected: object) -> str | None:
    if rule == "size-mismatch" and isinstance(expected, int):
        return f"expected {expected}"
    return None


def _origin(walk: Walk, fault: Fault) -> Origin:
    """Where the sizes at fault were decided."""
    node, error = fault.node, fault.error
    if fault.axis is not None:
        return trace(walk, node.inputs[fault.operand], _outer_axis(walk, fault, fault.axis))
    if error.rule == "shape-mismatch":
        return _operands(walk, fault)
    if error.rule in ("bad-groups", "size-mismatch") and fault.x and len(fault.x[0]) > 1:
        return trace(walk, node.inputs[0], _outer_axis(walk, fault, 1))
    if error.rule in ("bad-rank", "bad-reshape", "empty-output") and node.inputs:
        arrived = [
            f"`{name}` gives {show(shape)}"
            for name in dict.fromkeys(node.inputs)
            if (shape := walk.shapes.get(name)) is not None
        ]
        return Origin([], arrived[:3])
    return Origin()


def _outer_axis(walk: Walk, fault: Fault, axis: int) -> int:
    """An axis of the layer's own layout in the model's."""
    rank = len(fault.x[fault.operand])
    layer = fault.node.layer
    if layer is not None and walk.moves_axes(layer) and rank > 2:
        return rank - 1 if axis == 1 else axis - 1 if axis else 0
    return axis


def _operands(walk: Walk, fault: Fault) -> Origin:
    """Both operands of a merge whose shapes differ, and where each got the size that differs."""
    second = fault.error.operand or 0
    names = (fault.node.inputs[0], fault.node.inputs[second])
    shapes = [walk.shapes[name] for name in names]
    origin = Origin([], [f"`{n}` gives {show(s)}" for n, s in zip(names, shapes, strict=True) if s])
    if shapes[0] is None or shapes[1] is None or len(shapes[0]) != len(shapes[1]):
        return origin
    sizes = (fault.error.expected, fault.error.found)
    pairs = enumerate(zip(*shapes, strict=True))
    axis = next((axis for axis, pair in pairs if pair == sizes), None)
    if axis is not None:
        for name in dict.fromkeys(names):
            traced = trace(walk, name, axis)
            origin.labels += traced.labels
            origin.notes += traced.notes
    labels = {label.span: label for label in origin.labels}
    return Origin(list(labels.values()), list(dict.fromkeys(origin.notes))[:4])


def _fix(node: Node, fault: Fault, span: Span | None) -> Fix | None:
    """The number to write, where the number written is at fault and stands outside of blocks."""
    if fault.field is None or span is None or node.place.uses:
        return None
    width = span.end_column - span.column
    if fault.field not in node.place.fields or width != len(str(fault.declared)):
        return None
    return Fix(span, str(fault.arrived))
