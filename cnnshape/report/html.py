"""The layer table for a notebook."""

from __future__ import annotations

from html import escape

from cnnshape.analysis.result import Analysis
from cnnshape.report.snippet import plain
from cnnshape.report.table import columns, rows, totals
from cnnshape.report.text import findings


def as_html(analysis: Analysis) -> str:
    """A table, its totals, and what was found wrong."""
    shown = columns(connections=False)
    head = "".join(f"<th>{escape(column.title)}</th>" for column in shown)
    body = []
    for row in rows(analysis):
        texts = [column.cell(row, analysis) for column in shown]
        cells = [
            f'<td style="text-align: {"right" if column.number else "left"}">{escape(text)}</td>'
            for column, text in zip(shown, texts, strict=True)
        ]
        cells[0] = cells[0].replace("left", f"left; padding-left: {row.level + 0.5}em", 1)
        colour = ' style="color: #c00"' if row.faulty else ""
        body.append(f"<tr{colour}>{''.join(cells)}</tr>")
    sums = "<br>".join(
        f"<b>{escape(name)}</b> {escape(text)}"
        for name, text in totals(analysis, connections=False)
    )
    found = plain(findings(analysis))
    wrong = f"<pre>{escape(found)}</pre>" if found else ""
    return (
        f"<b>{escape(analysis.model or analysis.path)}</b>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        f"<p>{sums}</p>{wrong}"
    )
