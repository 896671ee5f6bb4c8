"""From a rule that does not hold to a diagnostic: the field's place, the other number's origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnnshape.analysis.origin import Origin, trace
from cnnshape.analysis.walk import Fault, Walk
from cnnshape.diagnostics import Diagnostic, Fix, Label, Span
from cnnshape.graph import Place
from cnnshape.layer import show

MOST = 100
"""Faults that are told each by itself."""


def diagnose(walk: Walk, told: Iterable[Fault]) -> list[Diagnostic]:
    """One diagnostic a fault; a fault that a block repeats is told once."""
    faults: dict[object, Fault] = {}
    for fault in told:
        span = _span(fault)
        key = fault.node.name if span is None else span
        faults.setdefault((fault.error.rule, key), fault)
    told = list(faults.values())[:MOST]
    agreed = _agreed(walk, told)
    found = _roots([_diagnostic(walk, fault, agreed) for fault in told])
    if len(faults) > MOST:
        rest = list(faults.values())[MOST]
        more = f"{len(faults) - MOST:,} more layers have errors, `{rest.node.name}` is the first"
        found.append(Diagnostic(rest.error.rule, more, layer=rest.node.name, span=_span(rest)))
    return found


def _roots(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Less those of the same two numbers where the one that arrives was decided at one place."""
    found: dict[object, Diagnostic] = {}
    for number, item in enumerate(diagnostics):
        places = tuple(label.span for label in item.labels)
        alike = item.rule == "size-mismatch" and places
        found.setdefault((str(item.expected), str(item.found), places) if alike else number, item)
    return list(found.values())


def _span(fault: Fault) -> Span | None:
    """What is at fault: the argument, or where the operands are named, or the layer."""
    error, place = fault.error, fault.node.place
    if error.field is None and error.rule == "shape-mismatch":
        return place_of(place, "from")
    return place_of(place, error.field)


def _diagnostic(walk: Walk, fault: Fault, agreed: Agreed) -> Diagnostic:
    error, node = fault.error, fault.node
    span = _span(fault)
    origin = origin_of(walk, fault)
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
        fix=_fix(walk, fault, span, agreed),
    )


def place_of(place: Place, field: str | None) -> Span | None:
    """Where an argument stands, or the layer's head where it is not written."""
    if field is None:
        return place.span
    return place.fields.get(field, place.made or place.span)


def used(place: Place) -> Iterable[str]:
    """Notes on the blocks around a place, from the inside out."""
    for use in place.uses:
        where = f"{use.span.file}:{use.span.line}:{use.span.column}"
        yield f"in the block `{use.block}`, used as `{use.layer}` at {where}"


def _caption(rule: str, expected: object) -> str | None:
    if rule == "size-mismatch" and isinstance(expected, int):
        return f"expected {expected}"
    return None


def origin_of(walk: Walk, fault: Fault) -> Origin:
    """Where the sizes at fault were decided."""
    node, error = fault.node, fault.error
    if fault.axis is not None:
        return trace(walk, node.inputs[fault.operand], _outer_axis(walk, fault, fault.axis))
    if error.rule == "shape-mismatch":
        return _operands(walk, fault)
    if error.against is not None:
        other = node.place.fields.get(error.against)
        size = getattr(node.layer, error.against)
        return Origin([] if other is None else [Label(other, f"{size} channels from here")])
    if error.rule in ("bad-groups", "size-mismatch") and fault.x and len(fault.x[0]) > 1:
        first = node.layer is None or node.layer.channels
        axis = 1 if first else len(fault.x[0]) - 1
        return trace(walk, node.inputs[0], _outer_axis(walk, fault, axis))
    if error.rule in ("bad-rank", "bad-reshape", "empty-output") and node.inputs:
        return _arrived(walk, list(dict.fromkeys(node.inputs))[:3])
    return Origin()


def _arrived(walk: Walk, names: list[str]) -> Origin:
    """What gave the shapes that arrive: marked where it stands, or else noted."""
    given = {item.name: item.span for item in walk.graph.inputs}
    given |= {item.name: item.span for item in walk.graph.held}
    places = {node.name: node.place.span for node in walk.graph.nodes if node.name in names}
    origin = Origin()
    for name in names:
        shape = walk.shapes.get(name)
        span = given.get(name) or places.get(name)
        if shape is None:
            continue
        verb = "is" if name in given else "gives"
        if span is None:
            origin.notes.append(f"`{name}` {verb} {show(shape)}")
        else:
            origin.labels.append(Label(span, f"`{name}` {verb} {show(shape)}"))
    return origin


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
    return Origin(_joined(origin.labels), list(dict.fromkeys(origin.notes))[:4])


Agreed = Mapping[tuple[str, Span], object]
"""An argument's place → what every layer that it is an argument of would have instead."""


def _agreed(walk: Walk, told: Iterable[Fault]) -> Agreed:
    """What could be written at the places of faults; in a block they serve several layers."""
    wanted = {
        fault.node.name: (fault.error.field, fault.error.choices[0])
        for fault in walk.faults
        if fault.error.field is not None and fault.error.choices
    }
    fields = {wanted[fault.node.name][0] for fault in told if fault.node.name in wanted}
    if not fields:
        return {}
    found: dict[tuple[str, Span], list[object]] = {}
    places: dict[int, list[tuple[str, Span]]] = {}
    for node in walk.graph.nodes:
        own = node.place.fields
        if id(own) not in places:
            places[id(own)] = [(f, own[f]) for f in fields if f is not None and f in own]
        for place in places[id(own)]:
            field, choice = wanted.get(node.name, (None, None))
            found.setdefault(place, []).append(choice if field == place[0] else None)
    return {
        place: choices[0]
        for place, choices in found.items()
        if choices[0] is not None and all(choice == choices[0] for choice in choices)
    }


def _fix(walk: Walk, fault: Fault, span: Span | None, agreed: Agreed) -> Fix | None:
    """The number to write, where the number written is at fault, and for every use of it."""
    from cnnshape.analysis.rewrite import fix_at

    field = fault.error.field
    if field is None or span is None or (field, span) not in agreed:
        return None
    return fix_at(walk.graph.texts, span, fault.error.found, agreed[field, span])


def _joined(labels: Iterable[Label]) -> list[Label]:
    """Labels of one place as one."""
    texts: dict[Span, dict[str, None]] = {}
    for label in labels:
        texts.setdefault(label.span, {})[label.text] = None
    return [Label(span, ", ".join(own)) for span, own in texts.items()]
