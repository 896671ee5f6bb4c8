"""Styled lines in the colours of a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from cnnshape.report.snippet import Line

STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "help": "bold green",
    "good": "bold green",
    "title": "bold",
    "gutter": "bold blue",
    "secondary": "bold blue",
    "repair": "bold green",
    "removed": "red",
    "added": "green",
    "hunk": "cyan",
    "plain": "",
}


def print_lines(lines: Iterable[Line]) -> None:
    """The lines on the terminal, none of them broken."""
    Console(highlight=False, soft_wrap=True).print(coloured(lines))


def coloured(lines: Iterable[Line]) -> Text:
    """The lines as one text."""
    texts = [Text.assemble(*((text, STYLES[style]) for text, style in line)) for line in lines]
    return Text("\n").join(texts)
