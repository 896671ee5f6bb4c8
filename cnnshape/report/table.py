"""The layer table as data: rows of texts, whatever they are printed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from cnnshape.analysis.result import Analysis, LayerResult, ReceptiveField
from cnnshape.graph import Scope
from cnnshape.layer import Shape, show

UNKNOWN = "?"


class Row(NamedTuple):
    """A layer, or a block with what it holds; `level` is the number of blocks around it.

    `open` says that a block's layers follow, so that its sums stand for nothing new.
    """

    layers: tuple[LayerResult, ...]
    name: str
    type: str
    level: int
    is_block: bool = False
    open: bool = False
    faulty: bool = False


def rows(analysis: Analysis, depth: int | None = None) -> list[Row]:
    """The table's rows, blocks opened up to `depth` levels (None: all)."""
    faulty = {item.layer for item in analysis.diagnostics if item.severity == "error"}
    return list(_rows(analysis.layers, 0, depth, faulty))


def _rows(
    layers: Sequence[LayerResult], level: int, depth: int | None, faulty: set[str | None]
) -> Iterator[Row]:
    start = 0
    while start < len(layers):
        layer = layers[start]
        if len(layer.scopes) <= level:
            prefix = layer.scopes[-1].name + "." if layer.scopes else ""
            name = layer.name.removeprefix(prefix)
            yield Row((layer,), name, layer.type, level, faulty=layer.name in faulty)
            start += 1
            continue
        scope = layer.scopes[level]
        end = start
        while end < len(layers) and layers[end].scopes[level : level + 1] == (scope,):
            end += 1
        inside = tuple(layers[start:end])
        opened = depth is None or level + 1 < depth
        bad = not opened and any(item.name in faulty for item in inside)
        yield Row(inside, _local(layer, level, scope), scope.type, level, True, opened, bad)
        if opened:
            yield from _rows(inside, level + 1, depth, faulty)
        start = end


def _local(layer: LayerResult, level: int, scope: Scope) -> str:
    return scope.name.removeprefix(layer.scopes[level - 1].name + ".") if level else scope.name


class Column(NamedTuple):
    """One column: its title, and what stands in a row; numbers are justified right."""

    title: str
    cell: Callable[[Row, Analysis], str]
    number: bool = True
    plain: Callable[[LayerResult, Analysis], object] | None = None
    """What stands in a table of plain data."""


def _shape(row: Row, analysis: Analysis) -> str:
    shape: Shape | None = row.layers[-1].output_shape
    return UNKNOWN if shape is None else show(shape)


def summed(figure: Callable[[LayerResult], int | None]) -> Callable[[Row, Analysis], str]:
    """A cell of a figure that blocks add up."""

    def cell(row: Row, analysis: Analysis) -> str:
        if row.open:
            return ""
        total = 0
        for layer in row.layers:
            value = figure(layer)
            if value is None:
                return UNKNOWN
            total += value
        return f"{total:,}" if total else "-"

    return cell


def _share(row: Row, analysis: Analysis) -> str:
    params = sum(layer.params or 0 for layer in row.layers)
    total = analysis.totals.params
    if row.open or not params or not isinstance(total, int):
        return ""
    return f"{params / total:.1%}"


def _field(row: Row, analysis: Analysis) -> str:
    """What is seen of each input; one figure where it is the same of all."""
    if row.open:
        return ""
    texts = map(field_text, row.layers[-1].receptive_fields.values())
    return ", ".join(dict.fromkeys(filter(None, texts)))


def field_text(field: ReceptiveField) -> str:
    """`14`, or `14×10` where the axes differ; nothing where there is no axis."""
    sizes: list[int | Fraction] = list(dict.fromkeys(field.size))
    return str(sizes[0]) if len(sizes) == 1 else "×".join(map(str, field.size))


COLUMNS = (
    Column("Layer", lambda row, _: row.name, number=False),
    Column("Type", lambda row, _: row.type, number=False),
    Column("Output", _shape, number=False),
    Column("Params", summed(lambda layer: layer.params)),
    Column("Share", _share),
    Column("MACs", summed(lambda layer: layer.macs)),
    Column("Field", _field),
)
CONNECTIONS = Column("Connections", summed(lambda layer: layer.connections))


def indented(shown: Sequence[Column], cells: Sequence[str], indent: str) -> list[str]:
    """A row's cells, its name moved in by the blocks around it."""
    return [
        indent + text if column.title == "Layer" else text
        for column, text in zip(shown, cells, strict=True)
    ]


def columns(*, connections: bool) -> tuple[Column, ...]:
    """The table's columns, from left to right."""
    return (*COLUMNS, CONNECTIONS) if connections else COLUMNS


MOST_HELD = 6


def _outside(analysis: Analysis) -> str:
    """Parameters and buffers that no row counts, each with its shape."""
    from cnnshape.layer import show

    texts = [
        f"{item.name} {show(item.shape)}{'' if item.used else ', never used'}"
        for item in analysis.held
    ]
    left = len(texts) - MOST_HELD
    return " · ".join([*texts[:MOST_HELD], *([f"{left} more"] if left > 0 else [])])


def totals(analysis: Analysis, *, connections: bool) -> list[tuple[str, str]]:
    """What stands below the table."""
    from cnnshape.analysis.claims import in_bytes

    figures = analysis.totals
    trained = (
        "all trainable"
        if figures.trainable_params == figures.params
        else f"{figures.trainable_params:,} trainable"
    )
    lines = [
        ("Parameters", f"{figures.params:,} ({trained})"),
        ("Multiply-accumulates", f"{figures.macs:,}"),
        ("Activations", f"{figures.activations:,} values"),
        (
            "Memory",
            f"params {in_bytes(figures.memory.params)} · forward "
            f"{in_bytes(figures.memory.forward)} · training {in_bytes(figures.memory.training)}",
        ),
    ]
    if figures.buffers:
        lines.insert(1, ("Buffers", f"{figures.buffers:,}"))
    if analysis.held:
        lines.insert(1, ("Outside the layers", _outside(analysis)))
    if connections:
        lines.append(("Connections", f"{figures.connections:,}"))
    return lines
