"""What to write in place of a value, so that nothing but the characters of the value change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from cnnshape.diagnostics import Fix, Span
from cnnshape.layer import Batch

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<expression>"\$\{[^{}"\n]*\}"|'\$\{[^{}'\n]*\}'|\$\{[^{}\n]*\})
      | (?P<number>[-+]?\.?\d[\w.]*)
      | (?P<rest>\S)""",
    re.VERBOSE,
)
PREFIX = re.compile(r"(?:[&!]\S*\s+)*")
"""Anchor and tag, which a value's place covers."""
LIST_MARKS = frozenset("[],-N")


class Piece(NamedTuple):
    """Characters of a text, and what to write in place of them."""

    start: int
    end: int
    text: str


def rewrite(text: str, old: object, new: object, *, expressions: bool = False) -> list[Piece]:
    """The pieces of a value's text that make `new` of `old`, numbers or lists of them.

    Empty where it is written in a way that is not understood; an expression gives way to a number
    only if `expressions` do.
    """
    start = anchor_end(text)
    tokens = [match for match in TOKEN.finditer(text, start) if match.lastgroup != "comment"]
    values = [match for match in tokens if match.lastgroup != "rest"]
    if not values or any(m.lastgroup == "rest" and m[0] not in LIST_MARKS for m in tokens):
        return []
    before, after = _items(old), _items(new)
    if not isinstance(old, tuple | list) and len({*after}) == 1:
        after = after[:1]
    if not all(type(item) is int for item in after):
        return []
    if len(values) == len(before) == len(after):
        pairs = zip(values, before, after, strict=True)
        changed = [(match, item) for match, was, item in pairs if was != item]
    elif len(values) == 1 == len(tokens):
        changed = [(values[0], after)]
    elif isinstance(old, tuple | list) and _is_one_line(text, start, tokens):
        first, last = tokens[0].start(), tokens[-1].end()
        batch = ["N"] if any(match[0] == "N" for match in tokens) else []
        return [Piece(first, last, written([*batch, *after]))]
    else:
        return []
    if not expressions and any(match.lastgroup == "expression" for match, _ in changed):
        return []
    return [Piece(match.start(), match.end(), written(item)) for match, item in changed]


def anchor_end(text: str) -> int:
    """Where a value itself begins, behind its anchor and its tag."""
    found = PREFIX.match(text)
    return 0 if found is None else found.end()


def _items(value: object) -> list[object]:
    """A list's values without the batch axis; a value alone as a list of one."""
    items = value if isinstance(value, tuple | list) else (value,)
    return [item for item in items if not isinstance(item, Batch)]


def _is_one_line(text: str, start: int, tokens: list[re.Match[str]]) -> bool:
    """Whether a text is a list in brackets that can be written anew without loss."""
    plain = not any(mark in text for mark in "\n#$")
    return plain and text[start] == "[" and tokens[-1][0] == "]"


def written(value: object) -> str:
    """A number, or a list of them, as it stands in a file."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def fix_at(texts: Mapping[str, str], span: Span | None, old: object, new: object) -> Fix | None:
    """What to write at a place for `new` in place of `old`; None where one stretch will not do."""
    if span is None or span.line != span.end_line:
        return None
    lines = _lines(texts.get(span.file, ""))
    if span.line > len(lines):
        return None
    text = lines[span.line - 1][span.column - 1 : span.end_column - 1]
    pieces = rewrite(text, old, new)
    if len(pieces) == 1:
        start, end, wanted = pieces[0]
        place = span._replace(column=span.column + start, end_column=span.column + end)
        return Fix(place, wanted)
    for start, end, wanted in reversed(pieces):
        text = text[:start] + wanted + text[end:]
    return Fix(span, text) if pieces else None


@lru_cache(maxsize=2)
def _lines(text: str) -> list[str]:
    return text.split("\n")
