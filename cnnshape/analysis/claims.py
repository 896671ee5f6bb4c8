"""What the author states, against what is computed: `expect` on layers, `limits` on the model."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from cnnshape.analysis.counts import count
from cnnshape.analysis.faults import MOST, used
from cnnshape.analysis.fields import receptive_fields
from cnnshape.analysis.result import Analysis, LayerResult, Totals
from cnnshape.analysis.walk import Fault, Walk, walk
from cnnshape.diagnostics import Diagnostic, Fix, Span
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
) -> tuple[list[Diagnostic], dict[str, Shape]]:
    """The expectations that fail, less those that only follow from a fault before them.

    Also the shapes that their author believed, by layer. What is expected is expected of the
    file's own input: with another one nothing is held against it.
    """
    if graph.resized:
        return [], {}
    broken: list[Broken] = []
    believed: dict[str, Shape] = {}
    unsure = set(faulty)
    sums = _sums(layers) if any(c.block for node in graph.nodes for c in node.expect) else {}
    for node in graph.nodes:
        if unsure and not unsure.isdisjoint(node.inputs):
            unsure.add(node.name)
        if node.expect and node.name not in unsure:
            broken += _broken(node, layers[node.name], sums)
    if any(item.claim.figure == "shape" for item in broken):
        broken, believed = _independent(graph, broken)
    return list(_diagnostics(taken, broken)), believed


def failing(graph: Graph, layers: Mapping[str, LayerResult]) -> Iterator[Broken]:
    """Every expectation that fails, also those that only follow from another one."""
    if not graph.resized:
        sums = _sums(layers)
        for node in graph.nodes:
            yield from _broken(node, layers[node.name], sums)


def unexplained(graph: Graph, taken: Walk, believed: Mapping[str, Shape]) -> list[Fault]:
    """The faults that would be there even if the believed shapes were right."""
    if not believed or not taken.faults:
        return taken.faults
    there = walk(graph, believed)
    names = {fault.node.name for fault in there.faults}
    return [
        fault
        for fault in taken.faults
        if fault.node.name in names or fault.node.name not in there.applied
    ]


def _broken(node: Node, layer: LayerResult, sums: Sums) -> Iterator[Broken]:
    for claim in node.expect:
        computed = sums.get((claim.block, claim.figure), figure(layer, claim.figure))
        if computed is not None and not holds(claim, computed):
            yield Broken(node, claim, computed)


Sums = Mapping[tuple[str | None, str], int | None]
"""A block and a figure → the sum over its layers; None where one is not known."""


def _sums(layers: Mapping[str, LayerResult]) -> Sums:
    sums: dict[tuple[str | None, str], int | None] = {}
    for layer in layers.values():
        for scope in layer.scopes:
            for name in SUMS:
                key, value = (scope.name, name), getattr(layer, name)
                before = sums.get(key, 0)
                sums[key] = None if before is None or value is None else before + value
    return sums


SUMS = ("params", "macs")
"""Figures of a block that are the sums of its layers' figures."""


def is_inside(node: Node, block: str) -> bool:
    """Whether a layer belongs to an expansion of a block."""
    return any(scope.name == block for scope in node.scopes)


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


def _independent(graph: Graph, broken: list[Broken]) -> tuple[list[Broken], dict[str, Shape]]:
    """Claims that fail even if the shapes that the author states before them were right."""
    believed = Believed(graph)
    kept: list[Broken] = []
    order = {node.name: number for number, node in enumerate(graph.nodes)}
    for item in sorted(broken, key=lambda item: order[item.node.name]):
        if believed.shapes and believed.explains(item):
            continue
        kept.append(item)
        if item.claim.figure == "shape" and isinstance(item.claim.value, tuple):
            believed.shapes[item.node.name] = item.claim.value
    return kept, believed.shapes


MOST_WORK = 200_000
"""Layers that are looked at to tell what follows from a broken claim; then all is said to."""


class Believed:
    """The network as it would be if the shapes that its author states were right."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.shapes: dict[str, Shape] = {}
        self._walk: tuple[int, Walk] | None = None
        self._left = MOST_WORK

    def explains(self, item: Broken) -> bool:
        """Whether a broken claim would hold."""
        if item.node.name in self.shapes:
            return False
        there = self.walk()
        if there is None:
            return True
        name, wanted = item.node.name, item.claim.figure
        if name not in there.applied:
            return False
        if wanted == "shape":
            return holds(item.claim, there.shapes[name])
        if wanted == "receptive_field":
            given = {n: there.applied[n].y for n in self.shapes if n in there.applied}
            if any(len(self.shapes[n]) != len(y) for n, y in given.items()):
                return False  # axes have no numbers of their own any more
            fields = receptive_fields(there)[0].get(name, {})
            return any(holds(item.claim, tuple(r.size for r in f)) for f in fields.values())
        figures, block = count(there), item.claim.block
        names = [name]
        if block is not None:
            names = [node.name for node in self.graph.nodes if is_inside(node, block)]
        return holds(item.claim, sum(getattr(figures[n], wanted) for n in names if n in figures))

    def walk(self) -> Walk | None:
        """The propagation of the believed shapes; None where that has taken too long."""
        if self._walk is None or self._walk[0] != len(self.shapes):
            self._left -= len(self.graph.nodes)
            if self._walk is not None and self._left < 0:
                return None
            self._walk = len(self.shapes), walk(self.graph, self.shapes)
        return self._walk[1]


def _diagnostics(taken: Walk, broken: list[Broken]) -> Iterator[Diagnostic]:
    places = {
        (item.claim.span or n, item.claim.figure): item
        for n, item in reversed([*enumerate(broken)])
    }
    told = list(places.values())[::-1]
    agreed = _agreed(taken.graph, broken)
    yield from (_diagnostic(taken, item, agreed) for item in told[:MOST])
    if len(told) > MOST:
        rest = told[MOST]
        message = f"{len(told) - MOST:,} more expectations fail, `{rest.node.name}` has the first"
        span = rest.claim.span or rest.node.place.span
        yield Diagnostic("expectation-failed", message, layer=rest.node.name, span=span)


def _agreed(graph: Graph, broken: list[Broken]) -> set[tuple[Span | None, str]]:
    """The claims for which one figure is right wherever they are made, by place and figure."""
    found: dict[tuple[Span | None, str], set[object]] = {}
    for item in broken:
        found.setdefault((item.claim.span, item.claim.figure), set()).add(item.computed)
    stated = [claim for node in graph.nodes for claim in node.expect if claim.bound == "=="]
    kept = {id(item.claim) for item in broken}
    holding = {(claim.span, claim.figure) for claim in stated if id(claim) not in kept}
    return {place for place, figures in found.items() if len(figures) == 1} - holding


def _diagnostic(taken: Walk, item: Broken, agreed: set[tuple[Span | None, str]]) -> Diagnostic:
    claim, node = item.claim, item.node
    value = item.computed
    if isinstance(value, tuple) and not isinstance(claim.value, tuple) and len({*value}) == 1:
        value = value[0]
    name = claim.block or node.name
    verb = "are" if claim.figure in SUMS and claim.value != 1 else "is"
    stated = in_words(claim.figure, claim.value).removesuffix(UNITS.get(claim.figure, ""))
    exact = f"write {written(value)} if they are meant so"
    computed = in_words(claim.figure, value)
    wanted = f"{BOUND_WORDS[claim.bound]}{stated} {verb} expected"
    return Diagnostic(
        "expectation-failed",
        f"`{name}` {SAYS[claim.figure]} {computed}, but {wanted}",
        layer=node.name,
        span=claim.span or node.place.span,
        caption=f"computed {computed}",
        notes=(*_arithmetic(taken, item), *used(node.place)),
        help=f"check the layer's arguments, or {exact if claim.bound == '==' else 'the bound'}",
        expected=claim.value,
        found=item.computed,
        fix=_fix(taken, item) if (claim.span, claim.figure) in agreed else None,
    )


def _fix(taken: Walk, item: Broken) -> Fix | None:
    """The computed figure in place of the one that is stated; a bound is left to its author."""
    from cnnshape.analysis.rewrite import fix_at

    claim = item.claim
    if claim.bound != "==":
        return None
    return fix_at(taken.graph.texts, claim.span, claim.value, item.computed)


BOUND_WORDS = {
    "==": "",
    "<=": "at most ",
    ">=": "at least ",
    "<": "less than ",
    ">": "more than ",
}
LABELS = {"params": "parameters", "macs": "MACs", "receptive_field": "receptive field"}


def _arithmetic(taken: Walk, item: Broken) -> list[str]:
    """How the computed figure comes about; nothing for a sum over a block."""
    from cnnshape.analysis.explanation import arithmetic

    claim, applied = item.claim, taken.applied[item.node.name]
    if claim.figure == "shape":
        return [f"{axis}: {text}" for axis, text in applied.layer.formulas(applied.y, *applied.x)]
    if claim.block is not None:
        return []
    fields = receptive_fields(taken)[0] if claim.figure == "receptive_field" else {}
    lines = arithmetic(taken, applied, fields)
    return [text for label, text in lines if label.startswith(LABELS[claim.figure])]


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
        if not _is_number(computed) or holds(claim, computed):
            continue
        elsewhere = claim.span is not None and not graph.path.startswith(claim.span.file)
        model = f"`{graph.path}`"  # a limit of the settings speaks of many models
        subject, of = (model, f" of {model}") if elsewhere else ("the model", "")
        name = NAMES[claim.figure].format(model=subject, of=of)
        stated, found = _amount(claim.figure, claim.value), _amount(claim.figure, computed)
        stated = stated.removesuffix(UNITS.get(claim.figure, ""))
        yield Diagnostic(
            "limit-exceeded",
            f"{name} {found}, but the limit is {WORDS.get(claim.bound, '')}{stated}",
            span=claim.span,
            caption=f"computed {found}",
            expected=claim.value,
            found=computed,
        )


def _is_number(computed: object) -> bool:
    """Whether a figure is known, and no formula."""
    sizes = computed if isinstance(computed, tuple) else (computed,)
    return all(isinstance(size, int | float) for size in sizes)


def held_to_limits(graph: Graph, analysis: Analysis) -> Analysis:
    """The analysis with the limits judged that an error kept back which is not to be told."""
    errors = [item for item in analysis.suppressed if item.severity == "error"]
    if not graph.limits or not analysis.ok or all(item.rule in NO_FAULTS for item in errors):
        return analysis
    layers = {layer.name: layer for layer in analysis.layers}
    outputs = {name: layers.get(name) for name in graph.outputs}
    found = exceeded_limits(graph, analysis.totals, outputs)
    return analysis._replace(diagnostics=(*analysis.diagnostics, *found))


NO_FAULTS = ("expectation-failed", "limit-exceeded")
"""Errors that leave the figures of a model as they are."""

WORDS = {"<": "less than ", ">=": "at least ", ">": "more than "}
NAMES = {
    "params": "{model} has",
    "macs": "{model} takes",
    "receptive_field": "the output{of} sees",
    "output": "the output{of} is",
    "memory.params": "the parameters{of} take",
    "memory.forward": "a forward pass{of} takes",
    "memory.training": "training{of} takes",
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
    if not isinstance(value, int | float):
        return f"{value} bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.2f} {unit}"
