"""The arithmetic of a network, layer by layer, with the numbers put into the formulas."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from cnnshape.analysis.fields import Fields, receptive_fields
from cnnshape.analysis.receptive_field import Reach
from cnnshape.analysis.walk import Applied, Walk, walk
from cnnshape.graph import Graph
from cnnshape.layer import SPATIAL_NAMES, Shape, is_bias, show
from cnnshape.window import Window


class Explanation(NamedTuple):
    """One layer: what arrives and leaves, and how each figure comes about."""

    name: str
    type: str
    inputs: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    fault: str | None = None


def explain(graph: Graph) -> list[Explanation]:
    """Every layer's arithmetic, in the order of the graph; of named sizes, at their examples."""
    if not graph.sizes:
        return _explain(graph)
    from cnnshape.analysis.named import chosen_examples
    from cnnshape.dim import recording

    with recording(chosen_examples(graph)):
        return _explain(graph)


def _explain(graph: Graph) -> list[Explanation]:
    taken = walk(graph)
    fields, _ = receptive_fields(taken)
    faults = {fault.node.name: fault.error.message for fault in reversed(taken.faults)}
    return [
        Explanation(
            node.name,
            node.type,
            tuple((name, _text(taken.shapes.get(name))) for name in node.inputs),
            tuple(arithmetic(taken, taken.applied.get(node.name), fields)),
            faults.get(node.name),
        )
        for node in graph.nodes
    ]


def _text(shape: Shape | None) -> str:
    return "?" if shape is None else show(shape)


def arithmetic(
    taken: Walk, applied: Applied | None, fields: dict[str, Fields]
) -> Iterator[tuple[str, str]]:
    """What is computed of a layer, and how: `("MACs", "5·5·10·20 · 8·8 = 320,000")`."""
    if applied is None:
        return
    layer, x, y = applied.layer, applied.x, applied.y
    yield from layer.formulas(y, *x)
    yield "output", _text(taken.shapes[applied.node.name])
    weights = layer.weights(*x)
    if weights and applied.node.weights_from is None:
        yield "parameters", _sum(weights)
    if weights and applied.node.weights_from is not None:
        yield "parameters", f"those of {applied.node.weights_from}"
    buffers = layer.buffers(*x)
    if buffers:
        yield "buffers", _sum(buffers)
    macs = layer.macs(y, *x)
    if macs:
        yield "MACs", f"{' + '.join(_products(applied))} = {macs:,}"
    yield from _fields(taken, applied, fields)


def _sum(tensors: dict[str, Shape]) -> str:
    """`5·5·10·20 + 20 = 5,020`: sizes from the innermost out, as filters are written."""
    terms = " + ".join("·".join(map(str, reversed(shape))) or "1" for shape in tensors.values())
    total = sum(map(prod, tensors.values()))
    return terms if terms == f"{total}" else f"{terms} = {total:,}"


def _products(applied: Applied) -> Iterator[str]:
    layer, x, y = applied.layer, applied.x, applied.y
    stored = {**layer.weights(*x), **layer.buffers(*x)}
    for name, times in layer.uses(y, *x).items():
        if not is_bias(name):
            factors = "·".join(map(str, reversed(stored[name])))
            yield factors if times == 1 else f"{factors} · {_positions(times, x, y)}"
    for factors_of in layer.products(y, *x).values():
        yield "·".join(map(str, factors_of))


def _positions(times: int, x: tuple[Shape, ...], y: Shape) -> str:
    """A number of positions as the product of the axes that it stands for."""
    for shape in (y, x[0]):
        if len(shape) > 2 and prod(shape[2:]) == times:
            return "·".join(map(str, shape[2:]))
    return str(times)


def _fields(taken: Walk, applied: Applied, fields: dict[str, Fields]) -> Iterator[tuple[str, str]]:
    """The receptive field, an axis a line, or one line where all are alike."""
    name = applied.node.name
    for source, reaches in fields.get(name, {}).items():
        texts = []
        for number, reach in enumerate(reaches):
            before = _before(applied, fields, source, number)
            window = _window(taken, applied, before)
            texts.append(_reach(reach, before, window))
        label = "receptive field" if len(fields[name]) == 1 else f"field in {source}"
        if len(set(texts)) <= 1:
            yield from ((label, text) for text in texts[:1])
            continue
        for axis, text in zip(
            SPATIAL_NAMES.get(len(texts), range(len(texts))), texts, strict=False
        ):
            yield f"{label}, {axis}", text


def _before(applied: Applied, fields: dict[str, Fields], source: str, number: int) -> Reach | None:
    """What the layer's only input sees along an axis; None where branches meet."""
    known = [fields[name][source] for name in applied.node.inputs if source in fields.get(name, {})]
    return known[0][number] if len(known) == 1 else None


def _window(taken: Walk, applied: Applied, before: Reach | None) -> Window | None:
    if before is None or before.axis is None:
        return None
    moved = taken.moves_axes(applied.layer)
    axis = before.axis + 1 if moved and len(applied.x[0]) > 2 else before.axis
    return applied.layer.windows(*applied.x).get(axis)


def _reach(reach: Reach, before: Reach | None, window: Window | None) -> str:
    if before is None:
        words = "the union of the branches: " if reach.axis is not None else ""
        return f"{words}r = {reach.size}{_step(reach)}"
    if reach.axis is None:
        return f"r = {reach.size}, all of the input"
    if window is None or reach == before:
        return f"r = {reach.size}{_step(reach)}"
    if window.up > 1 or len(before.first) > 1:
        stride = f"j = {before.stride}·{window.step}/{window.up} = {reach.stride}"
        return f"r = {reach.size}, {stride}, start = {reach.start}"
    j = before.advance
    return (
        f"r = {before.size} + ({window.extent} - 1)·{j} = {reach.size}"
        f", j = {j}·{window.step} = {reach.stride}"
        f", start = {before.start} - {window.before}·{j} = {reach.start}"
    )


def _step(reach: Reach) -> str:
    return f", j = {reach.stride}, start = {reach.start}" if reach.axis is not None else ""
