"""What the author states, against what is computed: `expect` on layers, `limits` on the model."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from cnnshape.analysis.counts import count
from cnnshape.analysis.faults import used
from cnnshape.analysis.fields import receptive_fields
from cnnshape.analysis.result import LayerResult, Totals
from cnnshape.analysis.walk import Walk, walk
from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import Claim, Graph, Node
from cnnshape.layer import Shape, show

BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


class Broken(NamedTuple):
    """A claim that does not hold, and what is computed instead."""

    node: Node
    claim: Claim
    computed: object


def broken_expectations(
    graph: Graph, taken: Walk, layers: Mapping[str, LayerResult], faulty: set[str]
) -> list[Diagnostic]:
    """The expectations that fail, less those that only follow from one that failed before."""
    broken: list[Broken] = []
    for node in graph.nodes:
        if node.expect and node.name not in faulty:
            broken += _broken(node, layers[node.name])
    shapes = [item for item in broken if item.claim.figure == "shape"]
    if shapes:
        broken = _independent(graph, broken)
    return list(_diagnostics(taken, broken))


def _broken(node: Node, layer: LayerResult) -> Iterator[Broken]:
    for claim in node.expect:
        computed = figure(layer, claim.figure)
        if computed is not None and not holds(claim, computed):
            yield Broken(node, claim, computed)


def figure(layer: LayerResult, name: str) -> object:
    """A figure of a layer by the name that `expect` gives it; None where it is not known."""
    if name == "shape":
        return layer.output_shape
    if name == "receptive_field":
        field = layer.receptive_field
        return None if field is None else field.size
    return getattr(layer, name)


def holds(claim: Claim, computed: object) -> bool:
    """Whether a claim is true of what is computed; one number stands for every axis."""
    value = claim.value
    if isinstance(computed, tuple) and not isinstance(value, tuple):
        return bool(computed) and all(BOUNDS[claim.bound](size, value) for size in computed)
    return BOUNDS[claim.bound](computed, value)


def _independent(graph: Graph, broken: list[Broken]) -> list[Broken]:
    """Claims that fail even if the shapes that the author states before them were right."""
    believed: dict[str, Shape] = {}
    kept: list[Broken] = []
    order = {node.name: number for number, node in enumerate(graph.nodes)}
    for item in sorted(broken, key=lambda item: order[item.node.name]):
        if believed and _follows(graph, believed, item):
            continue
        kept.append(item)
        if item.claim.figure == "shape" and isinstance(item.claim.value, tuple):
            believed[item.node.name] = item.claim.value
    return kept


def _follows(graph: Graph, believed: Mapping[str, Shape], item: Broken) -> bool:
    """Whether a claim would hold if the believed shapes were right."""
    if item.node.name in believed:
        return False
    there = walk(graph, believed)
    name, wanted = item.node.name, item.claim.figure
    applied = there.applied.get(name)
    if applied is None:
        return False
    if wanted == "shape":
        return holds(item.claim, there.shapes[name])
    if wanted == "receptive_field":
        fields = receptive_fields(there)[0].get(name, {})
        return any(holds(item.claim, tuple(r.size for r in f)) for f in fields.values())
    return holds(item.claim, getattr(count(there)[name], wanted))


def _diagnostics(taken: Walk, broken: list[Broken]) -> Iterator[Diagnostic]:
    seen = set()
    for item in broken:
        key = (item.claim.span, item.claim.figure)
        if item.claim.span is not None and key in seen:
            continue
        seen.add(key)
        yield _diagnostic(taken, item)


def _diagnostic(taken: Walk, item: Broken) -> Diagnostic:
    claim, node = item.claim, item.node
    applied = taken.applied[node.name]
    stated, computed = in_words(claim.figure, claim.value), in_words(claim.figure, item.computed)
    notes: list[str] = []
    if claim.figure == "shape":
        formulas = applied.layer.formulas(applied.y, *applied.x)
        notes = [f"{axis}: {text}" for axis, text in formulas]
    return Diagnostic(
        "expectation-failed",
        f"`{node.name}` {SAYS[claim.figure]} {computed}, but {stated} is expected",
        layer=node.name,
        span=claim.span or node.place.span,
        caption=f"computed {computed}",
        notes=(*notes, *used(node.place)),
        help=f"check the layer's arguments, or write {written(item.computed)} if they are meant so",
        expected=claim.value,
        found=item.computed,
    )


SAYS = {
    "shape": "gives",
    "params": "has",
    "macs": "takes",
    "receptive_field": "has a receptive field of",
}
UNITS = {"params": " parameters", "macs": " MACs"}


def in_words(figure: str, value: object) -> str:
    """A figure for a message: `(N, 96, 56, 56)`, `61,706 parameters`, `35×35`."""
    if figure in ("shape", "output") and isinstance(value, tuple):
        return show(value)
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    return f"{value:,}{UNITS.get(figure, '')}" if isinstance(value, int | float) else str(value)


def written(value: object) -> str:
    """A figure as it stands in a file."""
    if isinstance(value, tuple):
        sizes = [str(size) for size in value if str(size) != "N"]
        return f"`[{', '.join(sizes)}]`"
    return f"`{value}`"


def exceeded_limits(
    graph: Graph, totals: Totals, outputs: Mapping[str, LayerResult | None]
) -> Iterator[Diagnostic]:
    """The limits that the model breaks."""
    for claim in graph.limits:
        computed = _total(claim.figure, totals, outputs)
        if computed is None or holds(claim, computed):
            continue
        name = NAMES[claim.figure]
        stated, found = _amount(claim.figure, claim.value), _amount(claim.figure, computed)
        bound = "" if claim.bound == "==" else f"{claim.bound} "
        yield Diagnostic(
            "limit-exceeded",
            f"{name} {found}, and the limit is {bound}{stated}",
            span=claim.span,
            caption=f"computed {found}",
            expected=claim.value,
            found=computed,
        )


NAMES = {
    "params": "the model has",
    "macs": "the model takes",
    "receptive_field": "the output sees",
    "output": "the output is",
    "memory.params": "the parameters take",
    "memory.forward": "a forward pass takes",
    "memory.training": "training takes",
}


def _total(figure_name: str, totals: Totals, outputs: Mapping[str, LayerResult | None]) -> object:
    if figure_name.startswith("memory."):
        return getattr(totals.memory, figure_name.removeprefix("memory."))
    if figure_name in ("receptive_field", "output"):
        last = next(iter(outputs.values()), None)
        wanted = "shape" if figure_name == "output" else figure_name
        return None if last is None else figure(last, wanted)
    return getattr(totals, figure_name)


def _amount(figure_name: str, value: object) -> str:
    if figure_name.startswith("memory.") and isinstance(value, int | float):
        return in_bytes(value)
    return in_words(figure_name, value)


def in_bytes(value: float) -> str:
    """Bytes in the largest binary unit of which there is one: `1.5 MiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.2f} {unit}"
