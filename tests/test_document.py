"""YAML as a tree of values: what each scalar means, and where everything stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnshape.diagnostics import UnreadableError
from cnnshape.sources.spec.document import Document, Value, parse, resolve


def document(text: str | bytes) -> Document:
    return parse("m.yaml", text.encode() if isinstance(text, str) else text)


def plain(value: Value) -> Any:
    """A value without places."""
    if isinstance(value.data, dict):
        return {key: plain(item) for key, item in value.data.items()}
    if isinstance(value.data, list):
        return [plain(item) for item in value.data]
    return value.data


def at(found: Document, *path: str | int) -> Value:
    value = found.root
    for step in path:
        value = value.data[step]
    return value


def written(text: str, found: Document, value: Value) -> str:
    """The characters that a value's span covers, `|` between its lines."""
    span = found.span(value)
    assert span is not None
    lines = text.split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    middle = lines[span.line : span.end_line - 1]
    first = lines[span.line - 1][span.column - 1 :]
    last = (lines[span.end_line - 1 : span.end_line] or [""])[0][: span.end_column - 1]
    return "|".join([first, *middle, last])


def fault(text: str | bytes) -> Any:
    """The only diagnostic of what cannot be read."""
    with pytest.raises(UnreadableError) as raised:
        document(text)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.rule == "syntax"
    assert diagnostic.span is not None
    return diagnostic


def place(diagnostic: Any) -> tuple[int, int]:
    return diagnostic.span.line, diagnostic.span.column


# Where values stand


@pytest.mark.parametrize(
    ("text", "path", "covered"),
    [
        ("a: 12", ["a"], "12"),
        ("a:    12   # why", ["a"], "12"),
        ("{a: 12, b: [x, yy]}", ["b", 1], "yy"),
        ("{a: 12, b: [x, yy]}", ["b"], "[x, yy]"),
        ("a: {b: {c: 3}}", ["a", "b"], "{c: 3}"),
        ("a:\n  - 1\n  - b: 22", ["a", 1, "b"], "22"),
        ('a: "one two"', ["a"], '"one two"'),
        ("a: 'it''s'", ["a"], "'it''s'"),
        ('a: "x\\ty"', ["a"], '"x\\ty"'),
        ("a: {\n  b: 1,\n  c: [2,\n    3]}", ["a", "c", 1], "3"),
        ("a: {\n  b: 1,\n  c: [2,\n    3]}", ["a", "c"], "[2,|    3]"),
        ("a: [1,\t2]", ["a", 1], "2"),
        ("größe: [Ω, 日本]", ["größe", 1], "日本"),
        ("a: 🦊\nb: [🦊, x]", ["b", 1], "x"),
        ("? a\n: 5", ["a"], "5"),
        ("a: &name 7", ["a"], "&name 7"),
        ("a: !!str 7", ["a"], "!!str 7"),
        ("base: &b {k: 5}\nc: *b", ["c", "k"], "5"),
        ("base: &b {k: 5}\nc: {<<: *b, d: 6}", ["c", "k"], "5"),
        ("base: &b {k: 5}\nc: {<<: *b, k: 66}", ["c", "k"], "66"),
    ],
)
def test_a_span_covers_what_is_written(text: str, path: list[str | int], covered: str) -> None:
    found = document(text)
    assert written(text, found, at(found, *path)) == covered


def test_an_alias_is_the_value_it_names() -> None:
    found = document("a: &x [1, 2]\nb: *x\nc: {d: *x}")
    assert at(found, "b") is at(found, "a")
    assert at(found, "c", "d") is at(found, "a")


def test_a_key_has_a_place_too() -> None:
    text = "a: 1\nlong key : {  inner: 2}"
    found = document(text)
    assert written(text, found, found.root.keys["long key"]) == "long key"
    assert written(text, found, at(found, "long key").keys["inner"]) == "inner"


def test_a_merged_key_stands_where_its_base_has_it() -> None:
    text = "b: &b {kk: 1}\nm: {<<: *b}"
    found = document(text)
    span = found.span(at(found, "m").keys["kk"])
    assert span is not None
    assert (span.line, span.column, span.end_column) == (1, 8, 10)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_move_nothing(newline: str, start: str) -> None:
    found = document(start + newline.join(["a: 1", "b:", "  - {c: 22}", ""]))
    span = found.span(at(found, "b", 0, "c"))
    assert span is not None
    assert (span.line, span.column, span.end_line, span.end_column) == (3, 9, 3, 11)
    assert found.text.replace("\r\n", "\n").split("\n")[2] == "  - {c: 22}"


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_what_yaml_takes_for_a_line_end_is_one_in_the_text(separator: str) -> None:
    found = document(f"# a{separator}b: 7")
    span = found.span(at(found, "b"))
    assert span is not None
    assert found.text.split("\n")[span.line - 1][span.column - 1] == "7"


def test_plain_scalars_over_several_lines_and_blocks_of_text() -> None:
    found = document("a: one\n  two\nb: |\n  x\n  y\nc: >\n  x\n  y\nd: 1")
    assert plain(found.root) == {"a": "one two", "b": "x\ny\n", "c": "x y\n", "d": 1}


# What scalars mean: the core schema of YAML 1.2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e-5", 1e-5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1E3", -1000.0),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("+.Inf", float("inf")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("0b11", "0b11"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".", "."),
        ("+", "+"),
        ("e5", "e5"),
        ("tRue", "tRue"),
        ("5M", "5M"),
        ("9" * 41, "9" * 41),
    ],
)
def test_a_plain_scalar(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    assert str(resolve(".nan")) == "nan"


def test_quotes_and_tags_decide() -> None:
    found = document("a: '1'\nb: \"true\"\nc: !!str 1\nd: !!int '7'\ne: !!float '1.5'\nf: ! 12")
    assert plain(found.root) == {"a": "1", "b": "true", "c": "1", "d": 7, "e": 1.5, "f": "12"}


@given(st.integers(-(10**12), 10**12))
def test_every_integer_is_read_as_itself(number: int) -> None:
    assert resolve(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_as_itself(number: float) -> None:
    assert resolve(repr(number)) == number


# Merge keys


def test_the_first_of_several_bases_counts_and_the_mapping_before_all() -> None:
    text = "x: &x {a: 1, b: 1, c: 1}\ny: &y {b: 2, d: 2}\nz: {c: 3, <<: [*y, *x]}"
    assert plain(document(text).root)["z"] == {"c": 3, "b": 2, "d": 2, "a": 1}


def test_a_base_may_have_a_base() -> None:
    text = "x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {<<: *y, c: 3}"
    assert plain(document(text).root)["z"] == {"c": 3, "b": 2, "a": 1}


def test_a_base_needs_no_name() -> None:
    assert plain(document("{<<: {a: 1}, b: 2}").root) == {"b": 2, "a": 1}


@pytest.mark.parametrize("base", ["3", "[1]", "x", "[{a: 1}, 2]", "~"])
def test_only_mappings_merge(base: str) -> None:
    found = fault(f"a: 1\nb: {{<<: {base}}}")
    assert found.message == "`<<` merges mappings, and this is none"
    assert place(found) == (2, 9)


def test_a_mapping_does_not_merge_itself() -> None:
    assert place(fault("a: &a {<<: *a}"))[0] == 1


# Text that is no document


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("", "an empty file", (1, 1)),
        ("   \n\n# only words\n", "an empty file", (1, 1)),
        ("---\n", "an empty file", (1, 1)),
        ("~", "an empty file", (1, 1)),
        ("a: 1\na: 2", "the key `a` is given twice", (2, 1)),
        ("{a: 1, b: 2, a: 3}", "the key `a` is given twice", (1, 14)),
        ("x: {1: a, '1': b}", "the key `1` is given twice", (1, 11)),
        ("a: *b", "no anchor `&b` before this alias", (1, 4)),
        ("a: *a", "no anchor `&a` before this alias", (1, 4)),
        ("? [a]\n: 1", "a key that is no name", (1, 3)),
        ("? {a: 1}\n: 1", "a key that is no name", (1, 3)),
        ("~: 1", "a key that is no name", (1, 1)),
        (f"{'k' * 201}: 1", "a key that is no name", (1, 1)),
        ('"a\\nb": 1', "a key that is no name", (1, 1)),
        ("a: 1\n---\nb: 2", "a second document; a model file holds one", (2, 1)),
        (
            "a: !!python/object:os.system [x]",
            "the tag `tag:yaml.org,2002:python/object:os.system` has no meaning in a model file",
            (1, 4),
        ),
        ("a: !mine 3", "the tag `!mine` has no meaning in a model file", (1, 4)),
        ("a: !!set {b}", "the tag `tag:yaml.org,2002:set` has no meaning in a model file", (1, 4)),
        ("a: !!binary aGk=", "the tag `tag:yaml.org,2002:binary` has no meaning in a model file",
         (1, 4)),
        ("a: [1, 2\nb: 3", "not YAML: did not find expected ',' or ']'", (2, 2)),
        ("a: 1\n b: 2", "not YAML: mapping values are not allowed in this context", (2, 3)),
        ("a: 'x", "not YAML: found unexpected end of stream", (1, 6)),
        ("a: @x", "not YAML: found character that cannot start any token", (1, 4)),
        ("a:\n\t- 1", "not YAML: found character that cannot start any token", (2, 1)),
    ],
)  # fmt: skip
def test_one_diagnostic_says_what_is_wrong_and_where(
    text: str, message: str, where: tuple[int, int]
) -> None:
    found = fault(text)
    assert found.message == message
    assert place(found) == where


def test_what_was_being_read_is_marked() -> None:
    found = fault("a: [1, 2\nb: 3")
    (label,) = found.labels
    assert (label.text, label.span.line, label.span.column) == (
        "while parsing a flow sequence",
        1,
        4,
    )


def test_the_end_of_the_text_is_where_it_ends() -> None:
    assert place(fault("a: [1,\n  2\n\n")) == (2, 4)
    assert place(fault("layers: [")) == (1, 10)


def test_tabs_are_told_about() -> None:
    assert fault("a:\n\t- 1").help == "indent with spaces: YAML takes no tabs"


def test_the_first_of_two_keys_is_marked() -> None:
    (label,) = fault("ab: 1\nc: 2\nab: 3").labels
    assert (label.text, label.span.line, label.span.end_column) == ("first given here", 1, 3)


@pytest.mark.parametrize(
    ("content", "message", "where"),
    [
        (b"a: \xff", "not UTF-8: byte 0xff at offset 3", (1, 4)),
        (b"a: 1\nbb: x\xc3(", "not UTF-8: byte 0xc3 at offset 10", (2, 6)),
        ("a: 1".encode("utf-16"), "not UTF-8: byte 0xff at offset 0", (1, 1)),
        ("größe: 1".encode("latin-1"), "not UTF-8: byte 0xf6 at offset 2", (1, 3)),
    ],
)
def test_bytes_that_are_no_text(content: bytes, message: str, where: tuple[int, int]) -> None:
    found = fault(content)
    assert found.message == message
    assert place(found) == where
    assert found.help == "save the file as UTF-8"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\ufffe", "\x0b"])
def test_control_characters_are_refused(character: str) -> None:
    assert fault(f"a: 1\nb: x{character}y").message.startswith("not YAML: ")


def test_depth_is_bounded_and_an_alias_adds_none() -> None:
    assert plain(document(f"a: {'[' * 59}{']' * 59}").root)["a"] is not None
    found = fault(f"a: {'[' * 60}{']' * 60}")
    assert found.message == "nested more than 60 deep"
    assert place(found) == (1, 63)
    chain = "\n".join(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 500))
    assert len(document(f"a0: &a0 x\n{chain}").root.data) == 500


# Any text at all


ALPHABET = st.sampled_from([*"ab01: -[]{},&*!|>'\"#%?~.\n\t", "\r\n", "<<", "é", "🦊", "\ufeff"])


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_any_text_is_a_document_or_one_syntax_error(text: str) -> None:
    try:
        found = document(text)
    except UnreadableError as error:
        (diagnostic,) = error.diagnostics
        assert diagnostic.rule == "syntax"
        inside(diagnostic.span, error.text)
        return
    walk(found, found.root, found.text)


def walk(found: Document, value: Value, text: str, depth: int = 0) -> None:
    """Every place lies in the text."""
    inside(found.span(value), text)
    if depth < 5:
        items = value.data.values() if isinstance(value.data, dict) else value.data
        for item in items if isinstance(value.data, dict | list) else ():
            walk(found, item, text, depth + 1)


def inside(span: Any, text: str) -> None:
    lines = text.split("\n")
    assert 1 <= span.line <= span.end_line <= len(lines) + 1
    for line, column in ((span.line, span.column), (span.end_line, span.end_column)):
        if line <= len(lines):
            assert 1 <= column <= len(lines[line - 1]) + 1
