"""A model file's text as a tree of values, each with its place.

The parser's events are read one by one, so depth and size are bounded, an alias is the anchored
value itself, and positions cost nothing extra.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

import yaml

from cnnshape.diagnostics import Diagnostic, Label, Span, UnreadableError

DEEPEST = 60
LARGEST = 16 * 2**20
LONGEST_LINE = 2**20
MOST_VALUES = 2_500_000

Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mark(Protocol):
    """A position, counted from 0."""

    line: int
    column: int


class Value:
    """A scalar, a list of values or a mapping of names to values, and where it stands.

    `start` and `end` are None for plain data; `keys` holds where each key of a mapping stands.
    """

    __slots__ = ("data", "end", "keys", "start")

    def __init__(self, data: Any, start: Mark | None = None, end: Mark | None = None) -> None:
        self.data = data
        self.start = start
        self.end = end
        self.keys: dict[str, Value] = {}


class Document:
    """A tree of values and the file they stand in."""

    def __init__(self, file: str, root: Value, text: str = "") -> None:
        self.file = file
        self.root = root
        self.text = text

    def span(self, value: Value) -> Span | None:
        """Where a value stands; None for plain data."""
        return _span(self.file, value.start, value.end)


def _span(file: str, start: Mark | None, end: Mark | None) -> Span | None:
    if start is None or end is None:
        return None
    return Span(file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def syntax_error(
    file: str, message: str, span: Span | None = None, *labels: Label, help: str | None = None
) -> UnreadableError:
    """What is raised for text that is no model file."""
    span = span or Span(file, 1, 1, 1, 1)
    return UnreadableError([Diagnostic("syntax", message, span=span, labels=labels, help=help)])


def parse(file: str, content: bytes) -> Document:
    """A model file's content as a document; UnreadableError if it is not YAML in UTF-8."""
    text = _decode(file, content)
    try:
        with _collector_paused():
            return Document(file, _events_to_value(file, text), text)
    except UnreadableError as error:
        error.text = text
        raise


def _events_to_value(file: str, text: str) -> Value:
    try:
        return _build(file, Parser(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise syntax_error(file, f"not YAML: {problem}", _span(file, mark, mark)) from None
    except yaml.YAMLError as error:
        reason = getattr(error, "reason", None) or "cannot be read"
        raise syntax_error(file, f"not YAML: {reason}") from None


@contextmanager
def _collector_paused() -> Iterator[None]:
    """The garbage collector would walk a growing tree again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _decode(file: str, content: bytes) -> str:
    if len(content) > LARGEST:
        size, most = len(content) / 2**20, LARGEST / 2**20
        raise syntax_error(file, f"a file of {size:.1f} MiB; model files have {most:.0f} at most")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise syntax_error(
            file,
            f"not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}",
            Span(file, line, column, line, column + 1),
            help="save the file as UTF-8",
        ) from None
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > LONGEST_LINE:
            message = f"a line of {len(line_text):,} characters; {LONGEST_LINE:,} at most"
            raise syntax_error(file, message, Span(file, number, 1, number, 1))
    return text


class _Open:
    """A list or mapping under construction."""

    __slots__ = ("key", "merges", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.key: Value | None = None
        self.merges: list[Value] = []


def _build(file: str, parser: Any) -> Value:
    """The only document's root value."""
    next_event = parser.get_event
    anchors: dict[str, Value] = {}
    stack: list[_Open] = []
    root: Value | None = None
    count = 0
    while True:
        event = next_event()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = Value(_scalar(file, event), event.start_mark, event.end_mark)
        elif kind is yaml.AliasEvent:
            value = _anchored(file, event, anchors)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            data: Any = {} if kind is yaml.MappingStartEvent else []
            value = Value(data, event.start_mark, event.end_mark)
            _check_tag(file, event, ("map", "seq"))
            stack.append(_Open(value))
            if len(stack) > DEEPEST:
                span = _span(file, event.start_mark, event.end_mark)
                raise syntax_error(file, f"nested more than {DEEPEST} deep", span)
            if event.anchor:
                anchors[event.anchor] = value
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed = stack.pop()
            value = closed.value
            value.end = event.end_mark
            if closed.merges:
                _merge(file, closed)
        elif kind is yaml.DocumentStartEvent:
            if root is not None:
                span = _span(file, event.start_mark, event.end_mark)
                raise syntax_error(file, "a second document; a model file holds one", span)
            continue
        elif kind is yaml.StreamEndEvent:
            break
        else:
            continue
        if kind is yaml.ScalarEvent and event.anchor:
            anchors[event.anchor] = value
        count += 1
        if count > MOST_VALUES:
            raise syntax_error(file, f"more than {MOST_VALUES:,} values")
        if stack:
            _put(file, stack[-1], value)
        else:
            root = value
    if root is None or root.data is None:
        raise syntax_error(file, "an empty file", help="a model file has `input` and `layers`")
    return root


def _put(file: str, parent: _Open, value: Value) -> None:
    """The next value of the innermost open list, or the next key or value of the mapping."""
    data = parent.value.data
    if type(data) is list:
        data.append(value)
        return
    key = parent.key
    if key is None:
        parent.key = value
        return
    parent.key = None
    name = key.data
    if name == "<<":
        parent.merges.append(value)
        return
    if type(name) is not str:
        if name is None or isinstance(name, list | dict):
            raise syntax_error(file, "a key that is no name", _span(file, key.start, key.end))
        name = str(name)
    if name in data:
        first = _span(file, parent.value.keys[name].start, parent.value.keys[name].end)
        labels = [Label(first, "first given here")] if first else []
        message = f"the key `{name[:60]}` is given twice"
        raise syntax_error(file, message, _span(file, key.start, key.end), *labels)
    data[name] = value
    parent.value.keys[name] = key


def _merge(file: str, mapping: _Open) -> None:
    """Keys of `<<: *base` that the mapping does not give; of several bases the first counts."""
    target = mapping.value
    for merge in mapping.merges:
        bases = merge.data if isinstance(merge.data, list) else [merge]
        for base in bases:
            if not isinstance(base.data, dict) or base is target:
                place = _span(file, merge.start, merge.end)
                raise syntax_error(file, "`<<` merges mappings, and this is none", place)
            for name, value in base.data.items():
                if name not in target.data:
                    target.data[name] = value
                    target.keys[name] = base.keys[name]


def _anchored(file: str, event: Any, anchors: dict[str, Value]) -> Value:
    if event.anchor not in anchors:
        span = _span(file, event.start_mark, event.end_mark)
        raise syntax_error(file, f"no anchor `&{event.anchor}` before this alias", span)
    return anchors[event.anchor]


CORE = "tag:yaml.org,2002:"


def _check_tag(file: str, event: Any, allowed: tuple[str, ...]) -> str | None:
    """A core tag's name, or None where there is no tag."""
    tag: str | None = event.tag
    if tag is None or tag == "!":
        return None
    name = tag.removeprefix(CORE)
    if name == tag or name not in allowed:
        span = _span(file, event.start_mark, event.end_mark)
        raise syntax_error(file, f"the tag `{tag[:60]}` has no meaning in a model file", span)
    return name


def _scalar(file: str, event: Any) -> Any:
    if event.tag is not None:
        tag = _check_tag(file, event, ("str", "int", "float", "bool", "null"))
        return event.value if tag in (None, "str") else resolve(event.value)
    return resolve(event.value) if event.implicit[0] else event.value


INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
}
LONGEST_NUMBER = 40


@lru_cache(maxsize=8192)
def resolve(text: str) -> Any:
    """A plain scalar's value by YAML 1.2's core schema: `no` and `on` are text, 1e-5 a number."""
    if text in WORDS:
        return WORDS[text]
    if text[0] in "+-.0123456789" and len(text) <= LONGEST_NUMBER:
        if INTEGER.fullmatch(text):
            return int(text, 10 if text[:2] not in ("0o", "0x") else 0)
        if FLOAT.fullmatch(text):
            return float(text)
    return text
