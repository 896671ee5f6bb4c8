"""The text and the syntax tree of every Python file that was loaded, and the places in it."""

from __future__ import annotations

import ast
import io
import os
import tokenize
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from cnnshape.diagnostics import Diagnostic, Span, UnreadableError

LARGEST = 10_000_000
"""Bytes of source; what is larger is no file that a person wrote."""

Position = tuple[int, int, int, int]
"""Line, column, last line, last column: columns are characters from 1, the end is exclusive."""


class SourceFile:
    """One file of Python: its text, its tree, and conversions from Python's places to ours."""

    def __init__(self, path: str, shown: str, text: str, tree: ast.Module) -> None:
        self.path = path
        self.shown = shown
        self.text = text
        self.tree = tree

    @cached_property
    def lines(self) -> list[str]:
        """The lines as Python counts them, without their ends."""
        return self.text.split("\n")

    def column(self, line: int, offset: int) -> int:
        """The character, from 1, at which Python's count of UTF-8 bytes from 0 points."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode()[:offset].decode(errors="ignore")) + 1

    def position(self, node: ast.stmt | ast.expr | ast.keyword) -> Position:
        """Where a node stands."""
        end_line = node.end_lineno or node.lineno
        end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return (
            node.lineno,
            self.column(node.lineno, node.col_offset),
            end_line,
            self.column(end_line, end),
        )

    def span(self, node: ast.stmt | ast.expr | ast.keyword) -> Span:
        """Where a node stands, with the file as the user knows it."""
        return Span(self.shown, *self.position(node))

    @cached_property
    def calls(self) -> dict[Position, ast.Call]:
        """Every call by the place that the frame which makes it gives."""
        found: dict[Position, ast.Call] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                found[self.position(node)] = node
        return found

    @cached_property
    def method_calls(self) -> dict[tuple[int, int], ast.Call]:
        """Calls of attributes that stand on a later line than their object: Python gives the line
        and the column of the attribute's end for them, and not the whole call's.
        """
        found: dict[tuple[int, int], ast.Call] = {}
        for call in self.calls.values():
            callee = call.func
            if isinstance(callee, ast.Attribute) and callee.end_lineno != callee.lineno:
                line = callee.end_lineno or callee.lineno
                found[line, self.column(line, (callee.end_col_offset or 0) - _width(callee))] = call
        return found


def _width(attribute: ast.Attribute) -> int:
    """As Python reckons it: characters of the name."""
    return len(attribute.attr)


CONTENTS: dict[str, bytes] = {}
"""What files are to hold, by their absolute paths, whatever is written there: a repair tries it."""
SOURCES: dict[str, SourceFile | None] = {}
"""Every file that was read, by its absolute path; None where there is nothing to read."""


def read(path: str, shown: str | None = None) -> SourceFile:
    """A file read and parsed, once; UnreadableError with the place where it is no Python."""
    path = os.path.abspath(path)
    known = SOURCES.get(path)
    if known is None:
        known = SOURCES[path] = _parse(path, shown or shown_path(path))
    return known


def source_of(path: str) -> SourceFile | None:
    """The file behind a code object, or None where there is none that can be read."""
    if path not in SOURCES:
        try:
            read(path)
        except UnreadableError:
            SOURCES[path] = None
    return SOURCES[path]


def shown_path(path: str) -> str:
    """A file as a person here would name it: relative to the working directory, if it is below."""
    here = os.path.join(os.getcwd(), "")
    return path[len(here) :] if path.startswith(here) else path


def _parse(path: str, shown: str) -> SourceFile:
    text = _text(path, shown)
    with understood(shown, text), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text, path)
    return SourceFile(path, shown, text, tree)


@contextmanager
def understood(shown: str, text: str) -> Iterator[None]:
    """Turns what Python's parser and compiler raise into UnreadableError."""
    try:
        yield
    except SyntaxError as error:
        raise _no_python(shown, text, error) from None
    except (RecursionError, MemoryError):
        raise _unreadable(shown, "the code is nested too deeply to be read", text) from None
    except ValueError as error:
        raise _unreadable(shown, f"this is no Python: {error}", text) from None


def _text(path: str, shown: str) -> str:
    try:
        content = CONTENTS[path] if path in CONTENTS else _content(path)
    except OSError as error:
        raise _unreadable(shown, (error.strerror or str(error)).lower()) from None
    if len(content) > LARGEST:
        raise _unreadable(shown, f"the file is larger than {LARGEST // 1_000_000} MB")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise _unreadable(shown, "the file holds null bytes, so it is no Python", line=line)
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"the file is not {error.encoding.upper()} text"
        raise _unreadable(shown, message, line=line) from None
    except (SyntaxError, LookupError) as error:
        raise _unreadable(shown, f"the file cannot be decoded: {error}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(LARGEST + 1)


def _no_python(shown: str, text: str, error: SyntaxError) -> UnreadableError:
    """Python's own words and place; its columns are characters from 1 already."""
    line, column = error.lineno or 1, max(error.offset or 1, 1)
    end_line, end_column = error.end_lineno or line, error.end_offset or 0
    if (end_line, end_column) <= (line, column):
        end_line, end_column = line, column + 1
    span = Span(shown, line, column, end_line, end_column)
    problem = UnreadableError([Diagnostic("syntax", f"{error.msg}", span=span)])
    problem.text = text
    return problem


def _unreadable(shown: str, message: str, text: str = "", line: int = 1) -> UnreadableError:
    span = Span(shown, line, 1, line, 2)
    problem = UnreadableError([Diagnostic("syntax", message, span=span)])
    problem.text = text
    return problem
