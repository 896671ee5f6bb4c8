"""What a run confirmed: the layer table with what was seen, its totals, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot, isfinite
from typing import TYPE_CHECKING, Any

from cnnshape.analysis.claims import in_bytes
from cnnshape.analysis.result import JSON_VERSION, Analysis
from cnnshape.layer import show
from cnnshape.report.table import Column, Row
from cnnshape.report.text import count

if TYPE_CHECKING:
    from cnnshape.execute.confirmation import Confirmation
    from cnnshape.execute.field_check import FieldSeen
    from cnnshape.execute.gradient_check import Slope
    from cnnshape.execute.sight import Sight

HOLDS, FAILS, WARNED = "✓", "✗", "!"
DIGITS = 4
"""Figures of a run in JSON; the arrays hold them all."""


def columns(seen: Confirmation) -> tuple[Column, ...]:
    """The table's columns: what was seen of each layer, and whether it holds."""
    return (
        Column("Layer", lambda row, _: row.name, number=False),
        Column("Type", lambda row, _: row.type, number=False),
        Column("Output", lambda row, _: _shape(seen, row), number=False),
        Column("Values", lambda row, _: _values(seen, row), number=False),
        Column("Gradient", lambda row, _: _gradient(seen, row)),
        Column("Weights", lambda row, _: _weights(seen, row)),
        Column("Holds", lambda row, _: mark(seen, row), number=False),
    )


def _shape(seen: Confirmation, row: Row) -> str:
    sight = seen.layers.get(row.layers[-1].name)
    return "" if sight is None else show(sight.shape)


def _values(seen: Confirmation, row: Row) -> str:
    """From the least to the largest, unless rows with layers follow."""
    sight = seen.layers.get(row.layers[-1].name)
    if sight is None or row.open:
        return ""
    if sight.finite < sight.values:
        return f"{sight.values - sight.finite:,} not finite"
    return f"{sight.low:.3g} to {sight.high:.3g}"


def _gradient(seen: Confirmation, row: Row) -> str:
    """The norm of the gradient by the output."""
    sight = seen.layers.get(row.layers[-1].name)
    if sight is None or row.open:
        return ""
    return "-" if sight.gradient_norm is None else f"{sight.gradient_norm:.3g}"


def _weights(seen: Confirmation, row: Row) -> str:
    """The norm of the gradient by all parameters of the layers."""
    if row.open:
        return ""
    norms = [length for layer in row.layers for length in parameters(seen, layer.name).values()]
    return f"{hypot(*norms):.3g}" if norms else ""


def parameters(seen: Confirmation, layer: str) -> dict[str, float]:
    """Norms of the gradients by a layer's own parameters."""
    own = seen.parameters.get(layer, ())
    return {name: seen.norms[f"{layer}.{name}"] for name in own if f"{layer}.{name}" in seen.norms}


def mark(seen: Confirmation, row: Row) -> str:
    """Whether all of a row's layers hold; nothing where the run did not get so far."""
    names = [layer.name for layer in row.layers]
    told = {item.layer: item.severity for item in seen.diagnostics}
    sights = [seen.layers.get(name) for name in names]
    severities = {told.get(name) for name in names}
    if "error" in severities or any(sight is not None and not sight.holds for sight in sights):
        return FAILS
    if None in sights:
        return ""
    return WARNED if "warning" in severities else HOLDS


def totals(analysis: Analysis, seen: Confirmation) -> list[tuple[str, str]]:
    """What stands below the table."""
    order = seen.order
    drawn = "given" if seen.given else f"drawn from seed {order.seed}"
    way = "as in training" if order.training else "as in evaluation"
    good = sum(sight.holds for sight in seen.layers.values())
    lines = [
        ("Confirmed", f"{good:,} of {count(len(analysis.layers), 'layer')}, {_ways(seen)}"),
        ("Input", f"{count(seen.batch, 'sample')} {drawn}, {order.dtype}, {way}"),
    ]
    if seen.result is not None:
        lines += [("Loss", _loss(seen)), *_fields(seen), *_slopes(seen)]
    return [*lines, ("Memory", f"about {in_bytes(seen.needed)}")]


def _ways(seen: Confirmation) -> str:
    return "forward alone" if seen.result is None else "forward and backward"


def _loss(seen: Confirmation) -> str:
    if seen.loss is None:
        return "none; random gradients of the outputs"
    target = "given" if seen.target_given else "drawn"
    return f"{seen.loss:.4g} ({seen.loss_name}, its target {target})"


def _fields(seen: Confirmation) -> Iterator[tuple[str, str]]:
    texts = [f"`{item.layer}` sees {_seen(item, seen)}" for item in seen.fields]
    if texts:
        yield "Field", f"at the centre {', '.join(texts)}"


def _seen(found: FieldSeen, seen: Confirmation) -> str:
    several = len({item.input for item in seen.fields}) > 1
    of = f" of `{found.input}`" if several else ""
    wrong = "" if found.agrees else ", which is not what was computed"
    if found.whole:
        return f"all{of}{wrong}"
    sizes = [last - first + 1 for first, last in found.seen]
    return f"{'×'.join(map(str, sizes))}{of}{wrong}"


def _slopes(seen: Confirmation) -> Iterator[tuple[str, str]]:
    worst = seen.worst
    if worst is not None:
        yield (
            "Gradients",
            f"{len(seen.slopes):,} compared, the worst off by {worst.error:.1e} at `{worst.name}`",
        )


# --- JSON ---------------------------------------------------------------------------------------


def as_data(analysis: Analysis, seen: Confirmation | None) -> dict[str, Any]:
    """What `run --format json` prints; a model that does not hold was not run."""
    known = analysis.to_dict()
    head = {"version": JSON_VERSION, **{key: known[key] for key in ("model", "path", "ok")}}
    if seen is None:
        return {**head, "layers": [], "diagnostics": known["diagnostics"]}
    order = seen.order
    return {
        **head,
        "batch": seen.batch,
        "seed": order.seed,
        "dtype": order.dtype,
        "training": order.training,
        "memory": seen.needed,
        "loss": _number(seen.loss),
        "inputs": {
            name: {"gradient_norm": _number(seen.norms.get(name))} for name in analysis.inputs
        },
        "layers": [_layer(analysis, seen, number) for number in range(len(analysis.layers))],
        "receptive_fields": [_field(item) for item in seen.fields],
        "gradcheck": _gradcheck(seen, seen.worst),
        "diagnostics": known["diagnostics"],
    }


def _number(value: float | None) -> float | None:
    """A figure to so many digits; null for what is none."""
    if value is None or not isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def _layer(analysis: Analysis, seen: Confirmation, number: int) -> dict[str, Any]:
    layer = analysis.layers[number]
    sight = seen.layers.get(layer.name)
    known = {"name": layer.name, "type": layer.type}
    return known | ({"holds": False} if sight is None else _sight(seen, layer.name, sight))


def _sight(seen: Confirmation, name: str, sight: Sight) -> dict[str, Any]:
    gradient = sight.gradient_shape
    return {
        "holds": sight.holds,
        "output_shape": list(sight.shape),
        "low": _number(sight.low),
        "high": _number(sight.high),
        "not_finite": sight.values - sight.finite,
        "gradient_shape": None if gradient is None else list(gradient),
        "gradient_norm": _number(sight.gradient_norm),
        "parameters": {key: _number(norm) for key, norm in parameters(seen, name).items()},
    }


def _field(item: FieldSeen) -> dict[str, Any]:
    return {
        "layer": item.layer,
        "input": item.input,
        "seen": [list(ends) for ends in item.seen],
        "computed": [list(ends) for ends in item.computed],
        "agrees": item.agrees,
    }


def _gradcheck(seen: Confirmation, worst: Slope | None) -> dict[str, Any] | None:
    if worst is None:
        return None
    return {
        "compared": len(seen.slopes),
        "tolerance": seen.order.tolerance,
        "worst": {
            "name": worst.name,
            "error": _number(worst.error),
            "computed": _number(worst.computed),
            "measured": _number(worst.measured),
        },
    }
