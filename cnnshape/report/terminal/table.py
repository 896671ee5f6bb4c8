"""The layer table as rich draws it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Literal

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from cnnshape.analysis.result import Analysis
from cnnshape.layer import show
from cnnshape.report.table import Column, Row, indented, rows

WIDEST_PAGE = 1000


def draw_columns(
    analysis: Analysis,
    console: Console,
    depth: int | None,
    shown: Sequence[Column],
    below: Sequence[tuple[str, str]],
) -> Group:
    """The table, its head and the figures below it, as wide as the console allows."""
    body = rows(analysis, depth)
    cells = [[column.cell(row, analysis) for column in shown] for row in body]
    cells = [
        indented(shown, texts, "  " * row.level) for row, texts in zip(body, cells, strict=True)
    ]
    widths = _fit(shown, cells, console.width)
    kept = [number for number, width in enumerate(widths) if width]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for number in kept:
        column = shown[number]
        side: Literal["left", "right"] = "right" if column.number else "left"
        table.add_column(
            column.title, justify=side, no_wrap=True, overflow="ellipsis", width=widths[number]
        )
    for row, texts in zip(body, cells, strict=True):
        table.add_row(*(texts[number] for number in kept), style=_style(row))
    sums = Table.grid(padding=(0, 2))
    for name, text in below:
        sums.add_row(Text(name, style="bold"), text)
    inputs = ", ".join(f"{name} {show(shape)}" for name, shape in analysis.inputs.items())
    head = Text.assemble((analysis.model or "", "bold"), f"  {inputs}")
    return Group(head, Text(), table, Text(), sums)


def _style(row: Row) -> str:
    if row.faulty:
        return "red"
    return "dim" if row.open else ""


GAP = 3
STEPS = (
    *(("Share", 0), ("Type", 8), ("Layer", 14), ("Type", 0), ("Connections", 0)),
    *(("MACs", 16), ("Output", 24), ("MACs", 0)),  # formulas of named sizes grow long
)
"""What a narrow terminal does in turn: which column it narrows, and to what (0: goes without)."""


def _fit(shown: Sequence[Column], cells: list[list[str]], available: int) -> list[int]:
    """The width of each column, 0 for those that there is no room for."""
    widths = [
        max([len(column.title), *(len(row[number]) for row in cells)])
        for number, column in enumerate(shown)
    ]
    titles = [column.title for column in shown]
    for title, least in STEPS:
        excess = sum(width + GAP for width in widths if width) - GAP - available
        if excess <= 0:
            break
        if title in titles:
            number = titles.index(title)
            narrowed = max(widths[number] - excess, least)
            widths[number] = min(narrowed, widths[number]) if least else 0
    return widths


def console(file: IO[str] | None, width: int | None) -> Console:
    """The terminal, or a page of `width` columns (None: as wide as the table wants to be)."""
    if file is None:
        return Console(highlight=False)
    return Console(
        file=file,
        force_terminal=False,  # whatever FORCE_COLOR says
        highlight=False,
        no_color=True,
        width=width or WIDEST_PAGE,
    )
