"""A model file's text as a tree of values, each with its place.

The parser's events are read one by one, so depth and size are bounded, an alias is the anchored
value itself, and positions cost nothing extra.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Protocol

import yaml

from cnnshape import collector
from cnnshape.diagnostics import Diagnostic, Label, Span, UnreadableError
from cnnshape.sources.limits import LARGEST_FILE
from cnnshape.sources.words import LONGEST_NAME, printable

DEEPEST = 60
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_LINE = 2**20
LONG_LINE = re.compile(rf"^[^\n]{{{LONGEST_LINE + 1}}}", re.MULTILINE)
MOST_ITEMS, MOST_KEYS = 200_000, 10_000
"""Of one list; of one mapping, or of a list at the top, which is no model."""
MOST_VALUES = 1_500_000

LINE_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
"""What YAML takes for the end of a line beside `\\n` and `\\r\\n`."""

Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mark(Protocol):
    """A position, counted from 0."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


class Value:
    """A scalar, a list of values or a mapping of names to values, and where it stands.

    `start` and `end` are None for plain data; `keys` holds where each key of a mapping stands.
    """

    __slots__ = ("data", "end", "keys", "start")

    def __init__(self, data: Any, start: Mark | None = None, end: Mark | None = None) -> None:
        self.data = data
        self.start = start
        self.end = end
        self.keys: dict[str, Value] = NO_KEYS


NO_KEYS: dict[str, Value] = {}
"""What all values but mappings share; nothing is ever put in."""


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
    message = printable(message)
    return UnreadableError([Diagnostic("syntax", message, span=span, labels=labels, help=help)])


def parse(file: str, content: bytes) -> Document:
    """A model file's content as a document; UnreadableError if it is not YAML in UTF-8."""
    text = _decode(file, content)
    try:
        with collector.paused():
            return Document(file, _events_to_value(file, text), text)
    except UnreadableError as error:
        error.text = text
        raise


def _events_to_value(file: str, text: str) -> Value:
    try:
        return _Builder(file).run(Parser(text))
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(file, text, error) from None
    except yaml.YAMLError as error:
        reason = getattr(error, "reason", None) or "cannot be read"
        raise syntax_error(file, f"not YAML: {reason}") from None


def _not_yaml(file: str, text: str, error: yaml.MarkedYAMLError) -> UnreadableError:
    """The parser's words, and where what it was reading began."""
    mark = error.problem_mark or error.context_mark
    span, began = _span(file, mark, mark), _span(file, error.context_mark, error.context_mark)
    labels = [Label(began, error.context)] if error.context and began and began != span else []
    lines = text.rstrip("\n").split("\n")
    at_tab = False
    if mark is not None and mark.line < len(lines):
        at_tab = lines[mark.line][mark.column : mark.column + 1] == "\t"
    elif mark is not None:  # the end of the text, which has no line of its own
        line, column = len(lines), len(lines[-1]) + 1
        span = Span(file, line, column, line, column)
    help = "indent with spaces: YAML takes no tabs" if at_tab else None
    message = f"not YAML: {error.problem or error.context}"
    return syntax_error(file, message, span, *labels, help=help)


def _decode(file: str, content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        size, most = len(content) / 2**20, LARGEST_FILE / 2**20
        raise syntax_error(file, f"a file of {size:.1f} MiB; model files have {most:.0f} at most")
    content = content.removeprefix(BYTE_ORDER_MARK)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise syntax_error(
            file,
            f"not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}",
            Span(file, line, column, line, column + 1),
            help="save the file as UTF-8",
        ) from None
    text = LINE_BREAK.sub("\n", text)
    long = LONG_LINE.search(text)
    if long is not None:
        number = text.count("\n", 0, long.start()) + 1
        message = f"a line of more than {LONGEST_LINE:,} characters"
        raise syntax_error(file, message, Span(file, number, 1, number, 1))
    return text


class _Builder:
    """Values from events: the innermost open list or mapping takes each as it is finished."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Value | None = None
        self.open: list[Value] = []
        self.waiting: list[Value | None] = []
        """For each open value the key that waits for its value."""
        self.anchors: dict[str, Value] = {}
        self.merges: dict[int, list[Value]] = {}
        self.count = 0

    def run(self, parser: Any) -> Value:
        """The only document's root value."""
        handlers = {
            yaml.ScalarEvent: self.scalar,
            yaml.MappingStartEvent: self.start,
            yaml.SequenceStartEvent: self.start,
            yaml.MappingEndEvent: self.end,
            yaml.SequenceEndEvent: self.end,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.document,
        }
        next_event = parser.get_event
        while True:
            event = next_event()
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
            elif type(event) is yaml.StreamEndEvent:
                break
        if self.root is None or self.root.data is None:
            help = "a model file has `input` and `layers`"
            raise syntax_error(self.file, "an empty file", help=help)
        return self.root

    def scalar(self, event: Any) -> None:
        value = Value(_scalar(self.file, event), event.start_mark, event.end_mark)
        if event.anchor:
            self.anchors[event.anchor] = value
        self.put(value)

    def alias(self, event: Any) -> None:
        value = self.anchors.get(event.anchor)
        if value is None:
            span = _span(self.file, event.start_mark, event.end_mark)
            raise syntax_error(self.file, f"no anchor `&{event.anchor}` before this alias", span)
        self.put(value)

    def start(self, event: Any) -> None:
        mapping = type(event) is yaml.MappingStartEvent
        value = Value({} if mapping else [], event.start_mark, event.end_mark)
        if mapping:
            value.keys = {}
        if event.tag is not None:
            _check_tag(self.file, event, ("map", "seq"))
        if event.anchor:
            self.anchors[event.anchor] = value
        self.open.append(value)
        self.waiting.append(None)
        if len(self.open) > DEEPEST:
            span = _span(self.file, event.start_mark, event.end_mark)
            raise syntax_error(self.file, f"nested more than {DEEPEST} deep", span)

    def end(self, event: Any) -> None:
        value = self.open.pop()
        self.waiting.pop()
        value.end = event.end_mark
        for merge in self.merges.pop(id(value), ()):
            _merge(self.file, value, merge)
            self.add(len(value.data))
        self.put(value)

    def add(self, values: int) -> None:
        """Count values, those that a merge copies too."""
        self.count += values
        if self.count > MOST_VALUES:
            raise syntax_error(self.file, f"more than {MOST_VALUES:,} values")

    def document(self, event: Any) -> None:
        if self.root is not None:
            span = _span(self.file, event.start_mark, event.end_mark)
            raise syntax_error(self.file, "a second document; a model file holds one", span)

    def put(self, value: Value) -> None:
        """A finished value into the list, or as the key or the value of the mapping, around it."""
        self.add(1)
        if not self.open:
            self.root = value
            return
        parent = self.open[-1]
        is_list = type(parent.data) is list
        most = MOST_ITEMS if is_list and len(self.open) > 1 else MOST_KEYS
        if len(parent.data) >= most:
            span = _span(self.file, value.start, value.end)
            raise syntax_error(self.file, f"more than {most:,} items in one place", span)
        if is_list:
            parent.data.append(value)
            return
        key = self.waiting[-1]
        if key is None:
            self.waiting[-1] = value
            return
        self.waiting[-1] = None
        name = key.data
        if name == "<<":
            self.merges.setdefault(id(parent), []).append(value)
            return
        if type(name) is not str or not is_name(name):
            name = self.name_of(key)
        if name in parent.data:
            raise self.twice(name, parent.keys[name], key)
        parent.data[name] = value
        parent.keys[name] = key

    def name_of(self, key: Value) -> str:
        """A key that is a number or a truth value, as text."""
        name = str(key.data) if type(key.data) in (str, int, float, bool) else ""
        if not is_name(name):
            span = _span(self.file, key.start, key.end)
            raise syntax_error(self.file, "a key that is no name", span)
        return name

    def twice(self, name: str, first: Value, key: Value) -> UnreadableError:
        """What is raised for a key that a mapping has already."""
        place = _span(self.file, first.start, first.end)
        labels = [Label(place, "first given here")] if place else []
        span = _span(self.file, key.start, key.end)
        return syntax_error(self.file, f"the key `{name[:60]}` is given twice", span, *labels)


def is_name(text: str) -> bool:
    """Whether a text can be a key, or the name of a layer: one line of moderate length."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()


def _merge(file: str, target: Value, merge: Value) -> None:
    """Keys of `<<: *base` that the mapping does not give; of several bases the first counts."""
    bases = merge.data if isinstance(merge.data, list) else [merge]
    for base in bases:
        if not isinstance(base.data, dict) or base is target:
            place = _span(file, merge.start, merge.end)
            raise syntax_error(file, "`<<` merges mappings, and this is none", place)
        for name, value in base.data.items():
            if name not in target.data:
                target.data[name] = value
                target.keys[name] = base.keys[name]


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
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
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
