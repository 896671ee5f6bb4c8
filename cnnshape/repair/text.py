"""A model file's characters as they are, byte order mark and line ends too, and changes to them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from cnnshape.diagnostics import Span
from cnnshape.sources.spec.document import BYTE_ORDER_MARK, LINE_BREAK

MARK = BYTE_ORDER_MARK.decode()


class Edit(NamedTuple):
    """Characters to write in place of others, which are counted from the start of the file."""

    start: int
    end: int
    text: str


class Text:
    """The characters of a file; `raw` is all of them."""

    def __init__(self, raw: str) -> None:
        self.raw = raw

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts, as the reader of model files counts lines."""
        starts = [len(MARK) if self.raw.startswith(MARK) else 0]
        body = LINE_BREAK.sub("\n", self.raw)
        end = body.find("\n")
        while end >= 0:
            starts.append(end + 1)
            end = body.find("\n", end + 1)
        return starts

    @property
    def content(self) -> bytes:
        return self.raw.encode()

    def offset(self, line: int, column: int) -> int:
        """The place of a character whose line and column count from 1."""
        start = self.starts[line - 1] if line <= len(self.starts) else len(self.raw)
        return min(start + column - 1, len(self.raw))

    def start(self, span: Span) -> int:
        return self.offset(span.line, span.column)

    def end(self, span: Span) -> int:
        return self.offset(span.end_line, span.end_column)

    def at(self, span: Span) -> str:
        """What stands in a place."""
        return self.raw[self.start(span) : self.end(span)]

    def span(self, file: str, edit: Edit) -> Span:
        """The place that an edit changes."""
        (line, column), (end_line, end_column) = map(self.place, (edit.start, edit.end))
        return Span(file, line, column, end_line, end_column)

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of a character."""
        line = max(bisect_right(self.starts, offset), 1)
        return line, offset - self.starts[line - 1] + 1

    def line_end(self, line: int) -> int:
        """Where a line's characters end, before what breaks the line."""
        last = line >= len(self.starts)
        stop = len(self.raw) if last else self.starts[line] - 1
        return stop - 1 if not last and self.raw[stop - 1 : stop + 1] == "\r\n" else stop

    def line_break(self, line: int) -> str:
        """What breaks a line from the next; for the last one, what breaks the one before it."""
        number = min(line, len(self.starts) - 1)
        if number < 1:
            return "\n"
        return self.raw[self.line_end(number) : self.starts[number]]

    def changed(self, edits: Iterable[Edit]) -> Text:
        """The text with the edits made, none of which overlap."""
        parts: list[str] = []
        done = 0
        for start, end, text in sorted(edits):
            parts += [self.raw[done:start], text]
            done = end
        return Text("".join([*parts, self.raw[done:]]))
