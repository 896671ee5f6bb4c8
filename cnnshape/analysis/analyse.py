"""From a graph to an analysis: shapes, counts, receptive fields, memory, claims, diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnnshape import collector
from cnnshape.analysis.batch import compared
from cnnshape.analysis.claims import broken_expectations, exceeded_limits, unexplained
from cnnshape.analysis.counts import Figures, count, stored_by
from cnnshape.analysis.design.registry import findings as design_findings
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.faults import diagnose, place_of, used
from cnnshape.analysis.fields import Fields, receptive_fields
from cnnshape.analysis.memory import memory
from cnnshape.analysis.receptive_field import Reach
from cnnshape.analysis.result import Analysis, LayerResult, ReceptiveField, Totals
from cnnshape.analysis.spelling import in_python
from cnnshape.analysis.walk import Applied, Walk, walk
from cnnshape.diagnostics import Diagnostic, Label, RuleError
from cnnshape.graph import Graph, Node
from cnnshape.layer import show

KnownFields = Mapping[str, ReceptiveField]


def analyse(graph: Graph) -> Analysis:
    """Everything that is known of a network without running it."""
    if graph.sizes:
        from cnnshape.analysis.named import analyse_named

        return analyse_named(graph)
    with collector.paused(), compared(graph):
        return _analyse(graph)


def figures_of(
    graph: Graph, taken: Walk, doubtful: Callable[[], bool]
) -> tuple[tuple[LayerResult, ...], Totals]:
    """Every layer's figures, less receptive fields that are in doubt, and their totals."""
    known = _known(receptive_fields(taken, doubtful)[0])
    layers = _layers(graph, taken, known)
    return tuple(layers.values()), _totals(taken, layers)


def _analyse(graph: Graph) -> Analysis:
    taken = walk(graph)
    fields, unaligned = receptive_fields(taken)
    layers = _layers(graph, taken, _known(fields))
    totals = _totals(taken, layers)
    faulty = {fault.node.name for fault in taken.faults}
    broken, believed = broken_expectations(graph, taken, layers, faulty)
    faults = unexplained(graph, taken, believed)
    told = diagnose(taken, faults)
    if told and not any(item.severity == "error" for item in graph.findings):
        from cnnshape.analysis.sizes.remedy import with_remedies

        told = with_remedies(graph, taken, told)
    diagnostics = [*graph.findings, *told, *_shared_weights(taken), *broken]
    outputs = {name: layers.get(name) for name in graph.outputs}
    errors = [item for item in diagnostics if item.severity == "error"]
    if all(item.rule == "expectation-failed" for item in errors):
        diagnostics += exceeded_limits(graph, totals, outputs)
    sound = [item for item in unaligned if item.node.name not in faulty]
    subject = Subject(taken, layers, totals, fields, sound)
    diagnostics += design_findings(subject, errors=bool(errors))
    if graph.program:
        diagnostics = [in_python(item) for item in diagnostics]
        diagnostics.sort(key=lambda item: item.severity != "error")
    return Analysis(
        model=graph.name,
        path=graph.path,
        inputs={item.name: item.shape for item in graph.inputs},
        outputs={name: taken.shapes[name] for name in graph.outputs},
        layers=tuple(layers.values()),
        totals=totals,
        diagnostics=tuple(diagnostics if graph.program and errors else _in_order(diagnostics)),
        texts=graph.texts,
        held=tuple(item for item in graph.held if any(item.stored)),
    )


def _in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """By place in the file; those without one keep their order, first."""
    return sorted(diagnostics, key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0))


def _layers(graph: Graph, taken: Walk, known: Mapping[str, KnownFields]) -> dict[str, LayerResult]:
    figures = count(taken)
    return {
        node.name: _layer(taken, node, figures.get(node.name), known.get(node.name, {}))
        for node in graph.nodes
    }


def _layer(taken: Walk, node: Node, figures: Figures | None, known: KnownFields) -> LayerResult:
    shapes = taken.shapes
    inputs = tuple(shapes.get(name) for name in node.inputs)
    if figures is None:
        return LayerResult(
            name=node.name,
            type=node.type,
            inputs=node.inputs,
            input_shapes=inputs,
            output_shape=shapes[node.name],
            weights_from=node.weights_from,
            scopes=node.scopes,
            span=node.place.span,
        )
    stored = stored_by(taken.applied[node.name])
    return LayerResult(
        name=node.name,
        type=node.type,
        inputs=node.inputs,
        input_shapes=inputs,
        output_shape=shapes[node.name],
        params=stored.params,
        trainable_params=stored.trainable,
        buffers=stored.buffers,
        macs=figures.macs,
        connections=figures.connections,
        activations=figures.activations,
        receptive_field=next(iter(known.values()), None),
        receptive_fields=known,
        weights_from=node.weights_from,
        scopes=node.scopes,
        span=node.place.span,
        **_window(taken.applied[node.name]),
    )


def _window(applied: Applied) -> dict[str, Any]:
    """The kernel of a layer that has one, its stride and its padding, a value an axis."""
    values, count = vars(applied.layer), len(applied.x[0]) - 2
    if "kernel_size" not in values or count < 1:
        return {}
    try:
        kernel = applied.layer.along("kernel_size", len(PAIR) if "output_size" in values else count)
        strides = applied.layer.along("stride", len(kernel), 1)
        padding = values.get("padding", 0)
        if not isinstance(padding, str):
            pads = applied.layer.along("padding", len(kernel), 0)
            padding = tuple(pad if isinstance(pad, tuple) else (pad, pad) for pad in pads)
    except RuleError:  # the layer's own rules have said so
        return {}
    stride = tuple(k if s is None else s for k, s in zip(kernel, strides, strict=True))
    return {"kernel": kernel, "stride": stride, "padding": padding}


PAIR = ("height", "width")
"""The axes of a fold, which reads columns."""


def _known(fields: Mapping[str, Fields]) -> dict[str, KnownFields]:
    """The fields by layer, as figures; layers that share theirs share these too."""
    figures: dict[int, KnownFields] = {}
    found: dict[str, KnownFields] = {}
    for name, field in fields.items():
        if id(field) not in figures:
            figures[id(field)] = {source: _field(reaches) for source, reaches in field.items()}
        found[name] = figures[id(field)]
    return found


def _field(reaches: tuple[Reach, ...]) -> ReceptiveField:
    return ReceptiveField(
        tuple([reach.size for reach in reaches]),
        tuple([reach.stride for reach in reaches]),
        tuple([reach.start for reach in reaches]),
    )


def _totals(taken: Walk, layers: dict[str, LayerResult]) -> Totals:
    known = [layer for layer in layers.values() if layer.params is not None]
    held = [item.stored for item in taken.graph.held]
    params = sum(layer.params or 0 for layer in known) + sum(item.params for item in held)
    trainable = sum(layer.trainable_params or 0 for layer in known)
    trainable += sum(item.trainable for item in held)
    buffers = sum(layer.buffers or 0 for layer in known) + sum(item.buffers for item in held)
    return Totals(
        params,
        trainable,
        buffers,
        macs=sum(layer.macs or 0 for layer in known),
        connections=sum(layer.connections or 0 for layer in known),
        activations=sum(layer.activations or 0 for layer in known),
        memory=memory(taken, params, trainable, buffers),
    )


def _shared_weights(taken: Walk) -> list[Diagnostic]:
    """Layers that use the weights of another one with other shapes."""
    found: dict[object, Diagnostic] = {}
    for node in taken.graph.nodes:
        ours = taken.applied.get(node.name)
        if node.weights_from is None or ours is None or _is_unknown(taken, node.weights_from):
            continue
        theirs = taken.applied.get(node.weights_from)
        wanted = ours.layer.weights(*ours.x)
        given = theirs.layer.weights(*theirs.x) if theirs is not None else {}
        name = next((name for name in (*wanted, *given) if wanted.get(name) != given.get(name)), "")
        if not name:
            continue
        span = place_of(node.place, "weights_from")
        needs, has = (show(w[name]) if name in w else "none" for w in (wanted, given))
        diagnostic = Diagnostic(
            "shape-mismatch",
            f"`{node.name}` needs a `{name}` of {needs}, but `{node.weights_from}` has {has}"
            if name in wanted
            else f"`{node.name}` has no `{name}`, but `{node.weights_from}` has one of {has}",
            layer=node.name,
            span=span,
            labels=_there(theirs, f"{has} here"),
            notes=tuple(used(node.place)),
            expected=wanted.get(name),
            found=given.get(name),
        )
        found.setdefault(span or node.name, diagnostic)
    return list(found.values())


def _there(theirs: Applied | None, text: str) -> tuple[Label, ...]:
    span = None if theirs is None else theirs.node.place.span
    return () if span is None else (Label(span, text),)


def _is_unknown(taken: Walk, name: str) -> bool:
    """Whether what a name gives is not known because of a fault."""
    return taken.shapes.get(name) is None
