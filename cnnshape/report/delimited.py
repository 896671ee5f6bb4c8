"""The layer table as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from cnnshape.analysis.result import Analysis, LayerResult, ReceptiveField
from cnnshape.graph import NOTHING
from cnnshape.report.table import Column, columns, indented, rows, totals

CSV_COLUMNS = (
    "name",
    "type",
    "inputs",
    "output_shape",
    "params",
    "trainable_params",
    "buffers",
    "macs",
    "connections",
    "activations",
    "receptive_field",
    "stride",
    "start",
)


def as_csv(
    analysis: Analysis,
    chosen: Mapping[str, Column] | None = None,
    more: Mapping[str, Column] = NOTHING,
) -> str:
    """One line a layer, every figure as a plain number, the sizes of a shape joined by `x`.

    The columns are those that were chosen, or the usual ones and `more` behind them.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*CSV_COLUMNS, *more) if chosen is None else chosen)
    for layer in analysis.layers:
        if chosen is not None:
            writer.writerow(_plain(layer, chosen, analysis))
            continue
        field = layer.receptive_field or ReceptiveField((), (), ())
        writer.writerow(
            [
                layer.name,
                layer.type,
                " ".join(layer.inputs),
                _joined(layer.output_shape or ()),
                layer.params,
                layer.trainable_params,
                layer.buffers,
                layer.macs,
                layer.connections,
                layer.activations,
                _joined(field.size),
                _joined(field.stride),
                _joined(field.start),
                *_plain(layer, more, analysis),
            ]
        )
    return text.getvalue().rstrip("\n")


def _plain(layer: LayerResult, shown: Mapping[str, Column], analysis: Analysis) -> list[object]:
    """What stands in columns for a layer."""
    cells = [column.plain for column in shown.values() if column.plain is not None]
    return [cell(layer, analysis) for cell in cells]


def _joined(sizes: Sequence[object]) -> str:
    return "x".join(map(str, sizes))


def as_markdown(
    analysis: Analysis,
    depth: int | None,
    *,
    connections: bool = False,
    page: tuple[Sequence[Column], Sequence[tuple[str, str]]] | None = None,
) -> str:
    """The table and its totals, for a pull request or a notebook; `page` says what is in it."""
    shown, below = page or (columns(connections=connections), None)
    if below is None:
        below = totals(analysis, connections=connections)
    lines = [
        f"### {analysis.model or analysis.path}",
        "",
        _row([column.title for column in shown]),
        _row(["--:" if column.number else ":--" for column in shown]),
    ]
    for row in rows(analysis, depth):
        cells = [column.cell(row, analysis) for column in shown]
        lines.append(_row(indented(shown, cells, "&nbsp;&nbsp;" * row.level)))
    lines += [
        "",
        *(f"- {name}: {text}" for name, text in below),
    ]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
