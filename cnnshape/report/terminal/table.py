"""The layer table as rich draws it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from cnnshape.analysis.result import Analysis
from cnnshape.layer import show
from cnnshape.report.table import Column, Row, columns, rows, totals

NARROWEST_NAME = 14
WIDEST_PAGE = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdecimal() else 1000
"""Columns of what is no terminal; COLUMNS, as everywhere, says otherwise."""


def draw(analysis: Analysis, console: Console, depth: int | None, *, connections: bool) -> Group:
    """The table, its head and its totals, as wide as the console allows."""
    shown = columns(connections=connections)
    body = rows(analysis, depth)
    cells = [[column.cell(row, analysis) for column in shown] for row in body]
    for row, texts in zip(body, cells, strict=True):
        texts[0] = "  " * row.level + texts[0]
    shown, cells = _fit(shown, cells, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for number, column in enumerate(shown):
        table.add_column(
            column.title,
            justify="right" if column.number else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=NARROWEST_NAME if number == 0 else None,
            ratio=None,
        )
    for row, texts in zip(body, cells, strict=True):
        table.add_row(*texts, style=_style(row))
    sums = Table.grid(padding=(0, 2))
    for name, text in totals(analysis, connections=connections):
        sums.add_row(Text(name, style="bold"), text)
    inputs = ", ".join(f"{name} {show(shape)}" for name, shape in analysis.inputs.items())
    head = Text.assemble((analysis.model or "", "bold"), f"  {inputs}")
    return Group(head, Text(), table, Text(), sums)


def _style(row: Row) -> str:
    if row.faulty:
        return "red"
    return "dim" if row.open else ""


OPTIONAL = ("Share", "Type", "Connections")
"""What a narrow terminal goes without, in this order."""


def _fit(
    shown: Sequence[Column], cells: list[list[str]], width: int
) -> tuple[tuple[Column, ...], list[list[str]]]:
    """The columns that fit, the name cut if need be."""
    kept = list(range(len(shown)))

    def wanted() -> int:
        return sum(
            max([len(shown[number].title), *(len(row[number]) for row in cells)]) + 2
            for number in kept
        )

    def least() -> int:
        name = max([len(shown[0].title), *(len(row[0]) for row in cells)])
        return wanted() - max(name - NARROWEST_NAME, 0)

    for title in OPTIONAL:
        if least() <= width:
            break
        kept = [number for number in kept if shown[number].title != title]
    return tuple(shown[number] for number in kept), [[row[n] for n in kept] for row in cells]


def console(file: IO[str] | None) -> Console:
    """The terminal, or a page as wide as the table wants to be."""
    if file is None:
        return Console(highlight=False)
    return Console(file=file, highlight=False, no_color=True, width=WIDEST_PAGE)
