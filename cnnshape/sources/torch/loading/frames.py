"""From running frames to places in the user's files."""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

from cnnshape.diagnostics import Span
from cnnshape.sources.torch.loading.source import Position, SourceFile, source_of

OURS = os.path.join(str(Path(__file__).resolve().parents[3]), "")
STANDARD = tuple(
    os.path.join(folder, "")
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
)
OWN: set[str] = set()
"""The user's own files among those loaded, by absolute path."""

Raw = tuple[int | None, int | None, int | None, int | None]
_positions: dict[int, tuple[CodeType, list[Raw]]] = {}
"""By identity: code objects compare by content. Each is kept, so that its number is not reused."""


class UserFrame(NamedTuple):
    """A line of the user's that was running: the expression, and the function it stands in."""

    span: Span
    function: str


def position_index(file: str) -> dict[Position, ast.Call]:
    """Every call of a file by its place; empty for a file that cannot be read."""
    source = source_of(file)
    return source.calls if source else {}


def argument_spans(file: str, call: ast.Call) -> dict[int | str, Span]:
    """Where the value of each argument stands, by its number or its keyword.

    After a starred argument numbers are not known, so these are left out.
    """
    source = source_of(file)
    if source is None:
        return {}
    spans: dict[int | str, Span] = {}
    for number, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            break
        spans[number] = source.span(value)
    for keyword in call.keywords:
        if keyword.arg is not None:
            spans[keyword.arg] = source.span(keyword.value)
    return spans


def frame_call(frame: FrameType) -> ast.Call | None:
    """The call that a frame is making, or None."""
    source = source_of(frame.f_code.co_filename)
    return _call(source, _raw(frame)) if source else None


def frame_span(frame: FrameType) -> Span:
    """The expression that a frame is evaluating; its line, where no more is known."""
    code = frame.f_code
    source = source_of(code.co_filename)
    raw = _raw(frame)
    if source is None:
        line = raw[0] or frame.f_lineno or 1
        return Span(code.co_filename, line, 1, line, 2)
    call = _call(source, raw)
    if call is not None:
        return source.span(call)
    position = _position(source, raw)
    return Span(source.shown, *(position or _line(source, raw[0] or frame.f_lineno or 1)))


def user_stack(frame: FrameType | None) -> tuple[UserFrame, ...]:
    """The user's own frames from this one outwards; those of installed packages if there are none.

    Ours and the standard library's are never among them.
    """
    frames = _outwards(frame)
    own = [each for each in frames if each.f_code.co_filename in OWN]
    chosen = own or [each for each in frames if is_installed(each.f_code.co_filename)]
    return tuple(UserFrame(frame_span(each), each.f_code.co_qualname) for each in chosen)


def error_stack(error: BaseException) -> tuple[UserFrame, ...]:
    """The user's stack at which an exception was raised, innermost first."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append((trace.tb_frame, trace.tb_lasti, trace.tb_lineno))
        trace = trace.tb_next
    files = [frame.f_code.co_filename for frame, _, _ in places]
    wanted = OWN.__contains__ if any(file in OWN for file in files) else is_installed
    return tuple(
        UserFrame(_span_at(frame.f_code, last, line), frame.f_code.co_qualname)
        for frame, last, line in reversed(places)
        if wanted(frame.f_code.co_filename)
    )


@cache
def is_installed(file: str) -> bool:
    """Whether a file belongs to an installed package: not ours, nor the standard library's."""
    if file.startswith(("<", OURS)):
        return False
    return "site-packages" in file or "dist-packages" in file or not file.startswith(STANDARD)


def importer() -> FrameType | None:
    """The innermost frame outside the import machinery and outside us."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(("<frozen importlib", OURS)):
            return frame
        frame = frame.f_back
    return None


def _outwards(frame: FrameType | None) -> list[FrameType]:
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _raw(frame: FrameType) -> Raw:
    return _raw_at(frame.f_code, frame.f_lasti)


def _raw_at(code: CodeType, last: int) -> Raw:
    known = _positions.get(id(code))
    if known is None:
        known = _positions[id(code)] = (code, list(code.co_positions()))
    index = last // 2
    return known[1][index] if 0 <= index < len(known[1]) else (None, None, None, None)


def _span_at(code: CodeType, last: int, line: int | None) -> Span:
    source = source_of(code.co_filename)
    raw = _raw_at(code, last)
    number = raw[0] or line or 1
    if source is None:
        return Span(code.co_filename, number, 1, number, 2)
    call = _call(source, raw)
    if call is not None:
        return source.span(call)
    return Span(source.shown, *(_position(source, raw) or _line(source, number)))


def _position(source: SourceFile, raw: Raw) -> Position | None:
    line, end_line, start, end = raw
    if line is None or end_line is None or start is None or end is None:
        return None
    position = line, source.column(line, start), end_line, source.column(end_line, end)
    return position if position[2:] > position[:2] else None


def _line(source: SourceFile, line: int) -> Position:
    """A line's text, without its indentation."""
    text = source.lines[line - 1] if 0 < line <= len(source.lines) else ""
    start = len(text) - len(text.lstrip()) + 1
    return line, start, line, max(len(text.rstrip()) + 1, start + 1)


def _call(source: SourceFile, raw: Raw) -> ast.Call | None:
    position = _position(source, raw)
    if position is not None and position in source.calls:
        return source.calls[position]
    line, _, start, _ = raw
    if line is None or start is None:
        return None
    return source.method_calls.get((line, source.column(line, start)))


def call_at(code: CodeType, last: int) -> ast.Call | None:
    """The call that code was making at one of its instructions, or None."""
    source = source_of(code.co_filename)
    return _call(source, _raw_at(code, last)) if source else None


def place_at(code: CodeType, last: int) -> Span:
    """The expression that code was evaluating at an instruction, from the line Python names on."""
    span = _span_at(code, last, None)
    raw = _raw_at(code, last)
    line = raw[0]
    source = source_of(code.co_filename)
    if line is None or span.line == line or source is None:
        return span
    return Span(source.shown, *(_position(source, raw) or _line(source, line)))
