"""From what was seen to diagnostics: what disagrees, is not finite, or gets no gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

import numpy as np

from cnnshape.analysis.faults import used
from cnnshape.diagnostics import Diagnostic, Severity
from cnnshape.execute.field_check import Ends, FieldSeen
from cnnshape.execute.gradient_check import Slope
from cnnshape.execute.plan import Plan, Stage
from cnnshape.execute.run import Result
from cnnshape.execute.sight import Sight, norm
from cnnshape.graph import leading_out
from cnnshape.layer import show

ACTIVATIONS = "cnnshape.kernels.activation"
MOST_NAMES = 6


def findings(plan: Plan, sights: Mapping[str, Sight], result: Result) -> list[Diagnostic]:
    """What disagrees; else what is not finite; else what gets no gradient."""
    shapes = [*_other_shapes(plan, sights), *_other_weights(plan, result)]
    infinite = _not_finite(plan, sights, result)
    if shapes or infinite is not None:
        return [*shapes, *([] if infinite is None else [infinite])]
    starved = _starved(plan, result)
    hidden = _leading_nowhere(plan)
    dead = [stage for stage in plan.stages if _is_dead(stage, sights)]
    hidden |= {name for stage in dead for name in _leading_to(plan, stage.name)}
    if dead:
        hidden |= {name for name in starved if starved[name] and _reads_zeros(plan, name, sights)}
    told = [
        *(_dead(plan, stage, sights, starved) for stage in dead),
        *_no_gradient(plan, {n: starved[n] for n in starved if n not in hidden}, sights),
    ]
    return sorted(
        told, key=lambda item: (item.span.line, item.span.column) if item.span else (0, 0)
    )


def _at(rule: str, message: str, stage: Stage, severity: Severity, *notes: str) -> Diagnostic:
    place = stage.node.place
    return Diagnostic(
        rule,
        message,
        severity=severity,
        layer=stage.name,
        span=place.span,
        notes=(*notes, *used(place)),
    )


def _stages(plan: Plan) -> dict[str, Stage]:
    return {stage.name: stage for stage in plan.stages}


# --- shapes -------------------------------------------------------------------------------------


def _other_shapes(plan: Plan, sights: Mapping[str, Sight]) -> Iterator[Diagnostic]:
    for stage in plan.stages:
        sight = sights[stage.name]
        if sight.gradient_shape not in (None, sight.shape):
            words = f"the gradient by `{stage.name}` is {show(sight.gradient_shape or ())}"
            yield _at("shape-mismatch", f"{words}, but it gives {show(sight.shape)}", stage,
                      "error")  # fmt: skip


def _other_weights(plan: Plan, result: Result) -> Iterator[Diagnostic]:
    for name, gradient in result.weight_gradients.items():
        shape = result.weights[name].shape if name in result.weights else gradient.shape
        if gradient.shape != shape:
            message = f"the gradient by `{name}` is {show(gradient.shape)}, but it is {show(shape)}"
            yield Diagnostic("shape-mismatch", message, layer=name.rpartition(".")[0])


# --- numbers ------------------------------------------------------------------------------------


def _not_finite(plan: Plan, sights: Mapping[str, Sight], result: Result) -> Diagnostic | None:
    """The first value that is no number, on the way forward or, if there is none, back."""
    for item in plan.graph.inputs:
        sight = Sight.of(plan.shapes[item.name], result.values[item.name])
        if sight.finite < sight.values:
            return Diagnostic("not-finite", f"`{item.name}` holds {_count(sight)}", span=item.span)
    for stage in plan.stages:
        sight = sights[stage.name]
        if sight.finite < sight.values:
            note = _read(stage, sights, result)
            return _at("not-finite", f"`{stage.name}` gives {_count(sight)}", stage, "error", note)
    if result.loss is not None and not np.isfinite(result.loss).all():
        value = float(np.sum(result.loss))
        message = f"the loss is {value}, though `{plan.graph.outputs[0]}` is finite"
        return Diagnostic("not-finite", message)
    return _not_finite_gradient(plan, sights, result)


def _count(sight: Sight) -> str:
    bad = sight.values - sight.finite
    are = "is" if bad == 1 else "are"
    if bad == sight.values:
        return "no value that is finite"
    return f"{bad:,} of {sight.values:,} values that {are} not finite"


def _read(stage: Stage, sights: Mapping[str, Sight], result: Result) -> str:
    """What arrived."""
    texts = []
    for name in dict.fromkeys(stage.node.inputs):
        sight = sights.get(name) or Sight.of((), result.values[name])
        texts.append(_range(name, sight))
    return "; ".join(texts)


def _range(name: str, sight: Sight) -> str:
    low, high = f"{sight.low:.3g}", f"{sight.high:.3g}"
    return (
        f"`{name}` is {low} everywhere" if low == high else f"`{name}` is between {low} and {high}"
    )


def _not_finite_gradient(
    plan: Plan, sights: Mapping[str, Sight], result: Result
) -> Diagnostic | None:
    for stage in reversed(plan.stages):
        length = sights[stage.name].gradient_norm
        if length is not None and not isfinite(length):
            message = f"the gradient by `{stage.name}` is not finite, though its values are"
            return _at("not-finite", message, stage, "error")
    for names in (result.weight_gradients, result.input_gradients):
        for name, gradient in names.items():
            if not isfinite(norm(gradient)):
                layer = name.rpartition(".")[0] or None
                message = f"the gradient by `{name}` is not finite, though its values are"
                return Diagnostic("not-finite", message, layer=layer)
    return None


# --- gradients ----------------------------------------------------------------------------------


def _is_dead(stage: Stage, sights: Mapping[str, Sight]) -> bool:
    """An activation that gives zeros for what is not zero."""
    source = sights.get(stage.node.inputs[0])
    return (
        stage.layer.kernel == ACTIVATIONS
        and sights[stage.name].is_zero
        and (source is None or not source.is_zero)
    )


def _dead(
    plan: Plan, stage: Stage, sights: Mapping[str, Sight], starved: Mapping[str, bool]
) -> Diagnostic:
    read = stage.node.inputs[0]
    notes = [_range(read, sights[read])] if read in sights else []
    behind = _leading_to(plan, stage.name)
    names = [
        name
        for name, came in starved.items()
        if name in behind or (came and _reads_zeros(plan, name, sights))
    ]
    if names:
        notes.append(f"no gradient gets to {_listed(_subjects(plan, names))}")
    message = f"`{stage.name}` is zero everywhere, in all {sights[stage.name].values:,} values"
    return _at("dead-activation", message, stage, "warning", *notes)


def _reads_zeros(plan: Plan, parameter: str, sights: Mapping[str, Sight]) -> bool:
    """Whether nothing arrives at the layer of a parameter."""
    inputs = plan.owners[_layer_of(plan, parameter)].node.inputs
    return all(name in sights and sights[name].is_zero for name in inputs)


def _starved(plan: Plan, result: Result) -> dict[str, bool]:
    """Trained parameters without a gradient, by name; whether one came, and was zero."""
    found = {}
    for stage in plan.owners.values():
        for name in stage.parameters if stage.trains else ():
            gradient = result.weight_gradients.get(f"{stage.name}.{name}")
            if gradient is None or not gradient.any():
                found[f"{stage.name}.{name}"] = gradient is not None
    return found


def _no_gradient(
    plan: Plan, starved: Mapping[str, bool], sights: Mapping[str, Sight]
) -> Iterator[Diagnostic]:
    """One finding for the parameters that nothing leads from, one for those with zeros."""
    for came in (False, True):
        names = [name for name in starved if starved[name] is came]
        if names:
            first, *others = _subjects(plan, names)
            notes = [f"nor {'does' if len(others) == 1 else 'do'} {_listed(others)}"]
            why = _why_zero(plan, names[0], sights) if came else _way(plan)
            stage = plan.owners[_layer_of(plan, names[0])]
            message = f"`{first}` gets no gradient: {why}"
            yield _at("no-gradient", message, stage, "warning", *(notes if others else ()))


def _why_zero(plan: Plan, parameter: str, sights: Mapping[str, Sight]) -> str:
    if _reads_zeros(plan, parameter, sights):
        return "what the layer reads is zero"
    end = _layer_of(plan, parameter)
    while sights[end].gradient_norm == 0:
        reader = next((stage.name for stage in plan.stages if end in stage.node.inputs), None)
        if reader is None:
            return "that of the output is zero"
        end = reader
    return f"none comes back from `{end}`" if end != _layer_of(plan, parameter) else "it is zero"


def _way(plan: Plan) -> str:
    graph = plan.graph
    if graph.loss is not None and len(graph.outputs) > 1:
        return f"nothing leads from it to `{graph.outputs[0]}`, which the loss is of"
    ends = " or ".join(f"`{name}`" for name in graph.outputs)
    return f"nothing leads from it to {ends}"


def _subjects(plan: Plan, names: Iterable[str]) -> list[str]:
    """Layers, where none of their parameters gets a gradient, and else the parameters."""
    by_layer: dict[str, list[str]] = {}
    for name in names:
        by_layer.setdefault(_layer_of(plan, name), []).append(name)
    found = []
    for layer, own in by_layer.items():
        found += [layer] if len(own) == len(plan.owners[layer].parameters) else own
    return found


def _layer_of(plan: Plan, parameter: str) -> str:
    """The layer of a parameter; both names may hold dots."""
    layer = parameter
    while layer not in plan.owners:
        layer = layer.rpartition(".")[0]
    return layer


def _leading_nowhere(plan: Plan) -> set[str]:
    """Parameters of unused layers, which the analysis tells."""
    live = leading_out(plan.graph)
    owners = {stage.owner for stage in plan.stages if stage.name in live}
    return {
        f"{stage.owner}.{name}"
        for stage in plan.stages
        if stage.owner not in owners
        for name in stage.parameters
    }


def _leading_to(plan: Plan, end: str) -> set[str]:
    """Parameters of the layers before this one."""
    before = {end}
    found: set[str] = set()
    for stage in reversed(plan.stages):
        if stage.name in before:
            before.update(stage.node.inputs)
            found.update(f"{stage.owner}.{name}" for name in stage.parameters)
    return found


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMES])
    rest = len(names) - MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


# --- fields and slopes --------------------------------------------------------------------------


def of_fields(plan: Plan, fields: Iterable[FieldSeen]) -> Iterator[Diagnostic]:
    """Receptive fields that the gradient does not confirm."""
    stages = _stages(plan)
    for found in fields:
        if not found.agrees:
            message = (
                f"the centre of `{found.layer}` sees {_spans(found.seen)} of `{found.input}`, "
                f"but {_spans(found.computed)} was computed"
            )
            yield _at("field-mismatch", message, stages[found.layer], "error")


def _spans(ends: tuple[Ends, ...]) -> str:
    return " × ".join(f"{first} to {last}" if first <= last else "none" for first, last in ends)


def of_slopes(plan: Plan, slopes: Iterable[Slope], tolerance: float) -> Iterator[Diagnostic]:
    """Gradients that differences do not confirm, the worst of each layer."""
    stages = _stages(plan)
    worst: dict[str, Slope] = {}
    for slope in slopes:
        name = slope.name if slope.name in plan.floats else _layer_of(plan, slope.name)
        if slope.error > (worst[name].error if name in worst else tolerance):
            worst[name] = slope
    for name, slope in worst.items():
        message = (
            f"the gradient by `{slope.name}` gives a slope of {slope.computed:.6g}, "
            f"differences give {slope.measured:.6g}"
        )
        note = f"apart by {slope.error:.1e} of it, with a tolerance of {tolerance:.1e}"
        if name in stages:
            yield _at("gradient-mismatch", message, stages[name], "error", note)
        else:
            yield Diagnostic("gradient-mismatch", message, notes=(note,))
