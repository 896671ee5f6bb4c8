"""A diagnostic under the source lines that it points at, as lines of styled pieces of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from cnnshape.diagnostics import Diagnostic, Span

Piece = tuple[str, str]
"""Text, and what it is: one of the styles below."""
Line = list[Piece]

PLAIN, TITLE, GUTTER, PRIMARY, SECONDARY = "plain", "title", "gutter", "primary", "secondary"

WIDEST = 160
"""Columns of a line where nothing else bounds them."""


class Pointer(NamedTuple):
    """An underline below a source line."""

    column: int
    end_column: int
    text: str
    style: str

    @property
    def mark(self) -> str:
        return "^" if self.style != SECONDARY else "-"


def render(diagnostic: Diagnostic, texts: Mapping[str, str], columns: int = WIDEST) -> list[Line]:
    """The whole picture: head, place, source lines with underlines, notes and help.

    Source lines of more than `columns` are cut around what is pointed at.
    """
    severity = diagnostic.severity
    lines: list[Line] = [
        [(f"{severity}[{diagnostic.rule}]", severity), (f": {diagnostic.message}", TITLE)]
    ]
    span = diagnostic.span
    width = 1
    if span is not None:
        pointers = _pointers(diagnostic, span)
        source = _lines(texts.get(span.file, ""))
        known = {number: own for number, own in pointers.items() if number <= len(source)}
        width = len(str(max(known, default=1)))
        lines.append(
            [
                (" " * width, PLAIN),
                ("--> ", GUTTER),
                (f"{span.file}:{span.line}:{span.column}", PLAIN),
            ]
        )
        if texts.get(span.file):
            lines += _source_lines(known, source, width, columns - width - 3)
    return [*lines, *_remarks(diagnostic, width), []]


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return text.split("\n")


def _pointers(diagnostic: Diagnostic, span: Span) -> dict[int, list[Pointer]]:
    """Line number → underlines, in the order of lines and columns."""
    marks: list[tuple[Span, str, str]] = [(span, diagnostic.caption or "", diagnostic.severity)]
    marks += [
        (label.span, label.text, SECONDARY)
        for label in diagnostic.labels
        if label.span.file == span.file
    ]
    pointers: dict[int, list[Pointer]] = {}
    for place, text, style in sorted(marks, key=lambda mark: (mark[0].line, mark[0].column)):
        end = place.end_column if place.end_line == place.line else 10**9
        pointers.setdefault(place.line, []).append(Pointer(place.column, end, text, style))
    return pointers


def _source_lines(
    pointers: Mapping[int, list[Pointer]], source: list[str], width: int, columns: int
) -> list[Line]:
    lines: list[Line] = [_gutter("", width)]
    previous: int | None = None
    for number, own in sorted(pointers.items()):
        if previous is not None and number > previous + 1:
            lines.append([("...", GUTTER)])
        previous = number
        text, cut = _cut(source[number - 1].rstrip("\r"), own, columns)
        lines.append([*_gutter(str(number), width), (f" {text}".rstrip(), PLAIN)])
        lines += [[*_gutter("", width), *_underline(pointer, text, cut)] for pointer in own]
    lines.append(_gutter("", width))
    return lines


def _gutter(number: str, width: int) -> Line:
    return [(f"{number:>{width}} |", GUTTER)]


def _cut(text: str, pointers: list[Pointer], columns: int) -> tuple[str, int]:
    """The part of a line that is shown, and how many of its characters are left out before it.

    What is at fault stays in sight, and its words where there is room.
    """
    start = 0
    if len(text) > columns:
        first = min(pointers, key=lambda pointer: (pointer.style == SECONDARY, pointer.column))
        needed = min(first.end_column, first.column + columns // 2) + len(first.text) + 1
        start = max(0, min(needed - columns, first.column - 1))
    shown = text[start : start + columns]
    return "".join(" " if c == "\t" else c if c.isprintable() else "�" for c in shown), start


def _underline(pointer: Pointer, text: str, cut: int) -> Line:
    first = min(max(pointer.column - 1 - cut, 0), len(text))
    last = min(max(pointer.end_column - 1 - cut, first), len(text))
    before = _cells(text[:first])
    length = max(_cells(text[first:last]), 1)
    words = f" {pointer.text}" if pointer.text else ""
    return [(" " * (before + 1), PLAIN), (f"{pointer.mark * length}{words}", pointer.style)]


def _cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _remarks(diagnostic: Diagnostic, width: int) -> list[Line]:
    remarks = [("note", note) for note in diagnostic.notes]
    if diagnostic.help:
        remarks.append(("help", diagnostic.help))
    return [
        [(" " * width, PLAIN), (" = ", GUTTER), (f"{kind}: ", kind), (text, PLAIN)]
        for kind, text in remarks
    ]


def plain(lines: list[Line]) -> str:
    """The lines without style."""
    return "\n".join("".join(text for text, _ in line) for line in lines)
