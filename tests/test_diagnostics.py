"""What a user is told, word for word and line for line; and one fault, one error.

`snapshots/diagnostics.txt` holds a model file and what is said of it, a paragraph each, under a
title that begins with the rule. Each was read as prose before it was accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from checked import check_text, rules

from cnnshape.diagnostics import CnnshapeError, Diagnostic, Label, Span
from cnnshape.report.snippet import plain, render

SNAPSHOTS = Path(__file__).parent / "snapshots" / "diagnostics.txt"
CONTRACT = {
    *("size-mismatch", "shape-mismatch", "empty-output", "bad-groups", "bad-reshape", "bad-rank"),
    *("bad-padding", "expectation-failed", "limit-exceeded", "unknown-type", "unknown-field"),
    *("invalid-value", "unknown-reference", "duplicate-name", "cyclic-reference", "syntax"),
    "not-aligned",
}


@dataclass(frozen=True)
class Told:
    title: str
    model: str
    words: str

    @property
    def rule(self) -> str:
        return self.title.partition(":")[0]


def told() -> list[Told]:
    parts = re.split(r"^# (.*)\n\n", SNAPSHOTS.read_text("utf-8"), flags=re.M)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [Told(title, *text.rstrip("\n").split("\n\n", 1)) for title, text in pairs]


def diagnostics(text: str) -> tuple[tuple[Diagnostic, ...], dict[str, str]]:
    try:
        found = check_text(text, "net.yaml")
    except CnnshapeError as error:
        return error.diagnostics, {"net.yaml": text}
    return found.diagnostics, dict(found.texts)


@pytest.mark.parametrize("case", told(), ids=lambda case: case.title)
def test_the_whole_picture(case: Told) -> None:
    found, texts = diagnostics(case.model + "\n")
    assert "\n".join(plain(render(item, texts)) for item in found).rstrip("\n") == case.words
    assert {item.rule for item in found} == {case.rule}


def test_every_rule_of_the_contract_has_its_picture() -> None:
    assert {case.rule for case in told()} >= CONTRACT


@pytest.mark.parametrize("case", told(), ids=lambda case: case.title)
def test_the_form(case: Told) -> None:
    """The first line stands alone and gives no advice; there is one help at most."""
    found, _ = diagnostics(case.model + "\n")
    for item in found:
        assert not item.message.endswith(".")
        assert "write" not in item.message
        assert item.span is not None
        assert item.help is None or not item.help[0].isupper()
        assert all(label.span != item.span for label in item.labels)


# Source lines


def picture(text: str, span: Span, *labels: Label, caption: str | None = None) -> list[str]:
    item = Diagnostic("syntax", "m", span=span, labels=labels, caption=caption)
    return plain(render(item, {"f": text})).split("\n")[2:]


def test_two_marks_on_one_line() -> None:
    label = Label(Span("f", 1, 1, 1, 3), "first")
    assert picture("ab: cd", Span("f", 1, 5, 1, 7), label, caption="here") == [
        "  |",
        "1 | ab: cd",
        "  | -- first",
        "  |     ^^ here",
        "  |",
        "",
    ]


def test_neighbouring_lines_are_not_broken_apart() -> None:
    label = Label(Span("f", 2, 1, 2, 2), "b")
    lines = picture("a\nb\nc\nd", Span("f", 3, 1, 3, 2), label)
    assert "..." not in lines
    assert "..." in picture("a\nb\nc\nd", Span("f", 4, 1, 4, 2), label)


def test_what_covers_several_lines_is_underlined_on_the_first() -> None:
    assert picture("a: [1,\n  2]", Span("f", 1, 4, 2, 5))[1:3] == ["1 | a: [1,", "  |    ^^^"]


def test_wide_characters_tabs_and_controls_keep_the_marks_in_place() -> None:
    assert picture("日本: x", Span("f", 1, 5, 1, 6))[1:3] == ["1 | 日本: x", "  |       ^"]
    assert picture("e\u0301: x", Span("f", 1, 5, 1, 6))[1:3] == ["1 | e\u0301: x", "  |    ^"]
    assert picture("\ta: x", Span("f", 1, 5, 1, 6))[1:3] == ["1 |  a: x", "  |     ^"]
    assert picture("\x1b[31m: x", Span("f", 1, 8, 1, 9))[1] == "1 | �[31m: x"


def test_a_carriage_return_is_not_shown() -> None:
    assert picture("a: 1\r\nb: 2\r\n", Span("f", 1, 4, 1, 5))[1] == "1 | a: 1"


def test_a_long_line_is_cut_around_what_is_at_fault() -> None:
    text = f"{'x' * 5000}HERE{'y' * 5000}"
    label = Label(Span("f", 1, 1, 1, 5), "far away")
    lines = picture(text, Span("f", 1, 5001, 1, 5005), label)
    assert max(map(len, lines)) < 200
    (shown,) = (line for line in lines if "HERE" in line)
    (marks,) = (line for line in lines if "^^^^" in line)
    assert shown.index("HERE") == marks.index("^^^^")


def test_a_place_beyond_the_text_is_named_but_not_shown() -> None:
    text = plain(render(Diagnostic("syntax", "m", span=Span("f", 9, 1, 9, 1)), {"f": "a"}))
    assert text.startswith("error[syntax]: m\n --> f:9:1\n")
    no_text = plain(render(Diagnostic("syntax", "m", span=Span("f", 9, 1, 9, 1)), {}))
    assert no_text == "error[syntax]: m\n --> f:9:1\n"


def test_without_a_place_there_are_only_words() -> None:
    item = Diagnostic("syntax", "m", notes=("n",), help="h")
    assert plain(render(item, {})) == "error[syntax]: m\n  = note: n\n  = help: h\n"


# One fault, one error

SOUND = """vars: {width: 16}
input: [3, 32, 32]
blocks:
  unit:
    params: {channels: , stride: 1}
    layers:
      - {name: conv1, type: conv2d, in_channels: 16, out_channels: "${channels}", kernel_size: 3, \
stride: "${stride}", padding: 1, bias: false}
      - {name: norm, type: batch_norm2d, num_features: 16}
      - relu
      - {name: conv2, type: conv2d, out_channels: "${channels}", kernel_size: 3, padding: 1}
      - {name: sum, type: add, from: [conv2, relu_1]}
layers:
  - {name: stem, type: conv2d, in_channels: 3, out_channels: 16, kernel_size: 3, padding: 1, \
expect: [16, 32, 32]}
  - {name: body, type: unit, channels: 16, repeat: 2, expect: [16, 32, 32]}
  - {name: side, type: conv2d, from: stem, out_channels: 16, kernel_size: 1, groups: 4}
  - {name: both, type: concat, from: [body, side], expect: [32, 32, 32]}
  - {name: pool, type: max_pool2d, kernel_size: 2, expect: [32, 16, 16]}
  - {name: flat, type: flatten, expect: [8192]}
  - {name: fc, type: linear, in_features: 8192, out_features: 10, expect: {params: 81930}}
  - {name: out, type: log_softmax, expect: [10]}
outputs: [out]
limits: {params: 1M, output: [10]}
"""

FAULTS = [
    ("in_channels: 3, out", "in_channels: 1, out", "size-mismatch"),
    ("input: [3, 32", "input: [4, 32", "size-mismatch"),
    ("in_channels: 3, out_channels: 16", "in_channels: 3, out_channels: 24", "expectation-failed"),
    ("in_channels: 16, out", "in_channels: 8, out", "size-mismatch"),
    ("num_features: 16", "num_features: 12", "size-mismatch"),
    ("in_features: 8192", "in_features: 4096", "size-mismatch"),
    ("in_channels: 3, out", "in_channels: x, out", "invalid-value"),
    ("[conv2, relu_1]", "[conv2, relu_2]", "unknown-reference"),
    ("[conv2, relu_1]", "[conv2, stem]", "unknown-reference"),
    ("[conv2, relu_1]", "[conv2, sum]", "cyclic-reference"),
    ("from: [body, side]", "from: [body, sied]", "unknown-reference"),
    ("from: stem", "from: both", "cyclic-reference"),
    ("name: pool,", "name: side,", "duplicate-name"),
    ("name: side, type: conv2d", "name: side, type: conv2D", "unknown-type"),
    ("type: unit", "type: unti", "unknown-type"),
    ("- relu", "- reul", "unknown-type"),
    ("groups: 4", "groups: 5", "bad-groups"),
    ("groups: 4", "group: 4", "unknown-field"),
    ("groups: 4", "groups: 0", "invalid-value"),
    ("kernel_size: 2,", "kernel_size: 33,", "empty-output"),
    ("kernel_size: 2,", "kernel_size: 2, padding: 2,", "bad-padding"),
    ("kernel_size: 2,", "kernel_size: [2, 2, 2],", "invalid-value"),
    ("kernel_size: 2,", "", "invalid-value"),
    ("kernel_size: 2,", "kernal_size: 2,", "unknown-field"),
    ("type: flatten,", "type: flatten, start_dim: 0,", "bad-reshape"),
    ("type: flatten,", "type: unflatten, dim: 1, unflattened_size: [5, 5],", "bad-reshape"),
    ("type: flatten,", "type: lstm, hidden_size: 5,", "bad-rank"),
    ("type: concat, from: [body, side]", "type: concat, from: [pool, side]", "cyclic-reference"),
    ("type: concat, from: [body, side]", "type: relu, from: [body, side]", "bad-rank"),
    ("out_channels: 16, kernel_size: 1, groups", "out_channels: 16, kernel_size: 2, groups",
     "shape-mismatch"),
    ("stride: 1}", "strid: 1}", "invalid-value"),
    ("channels: 16, repeat", "chanels: 16, repeat", "unknown-field"),
    ("channels: 16, repeat", "repeat", "invalid-value"),
    ("repeat: 2", "repeat: two", "invalid-value"),
    ("repeat: 2", "repeat: \"${depth}\"", "invalid-value"),
    ("\"${stride}\"", "\"${stride / 0}\"", "invalid-value"),
    ("\"${stride}\"", "\"${strde}\"", "invalid-value"),
    ("width: 16", "width: \"${x}\"", "invalid-value"),
    ("expect: {params: 81930}", "expect: {params: 81920}", "expectation-failed"),
    ("expect: [8192]", "expect: [8191]", "expectation-failed"),
    ("expect: [8192]", "expect: {shpe: [8192]}", "unknown-field"),
    ("outputs: [out]", "outputs: [oot]", "unknown-reference"),
    ("limits: {params: 1M", "limits: {params: 1k", "limit-exceeded"),
    ("limits: {params: 1M", "limits: {parms: 1k", "unknown-field"),
    ("name: out, type: log_softmax", "name: out, type: conv2d, out_channels: 1, kernel_size: 1",
     "bad-rank"),
    ("layers:\n  - {name: stem", "layer:\n  - {name: stem", "unknown-field"),
    ("vars:", "var:", "unknown-field"),
    ("blocks:", "block:", "unknown-field"),
]  # fmt: skip


def test_the_model_of_planted_faults_is_sound() -> None:
    assert check_text(SOUND).diagnostics == ()


@pytest.mark.parametrize(("old", "new", "rule"), FAULTS, ids=[f"{n}-{r}" for _, n, r in FAULTS])
def test_one_fault_is_one_error(old: str, new: str, rule: str) -> None:
    assert old in SOUND
    found = check_text(SOUND.replace(old, new))
    if old == "blocks:":  # the block is gone, and so its use is a second fault
        assert rules(found) == ["unknown-field", "unknown-type"]
        return
    assert rules(found) == [rule]


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_a_layout_changes_no_rule(layout: str) -> None:
    size = "[4, 9, 9]" if layout == "channels_first" else "[9, 9, 4]"
    text = (
        f"layout: {layout}\ninput: {size}\nlayers:\n"
        "  - {name: a, type: conv2d, out_channels: 6, kernel_size: 3}\n"
        "  - {name: b, type: batch_norm2d, num_features: 4}\n"
    )
    (found,) = check_text(text).diagnostics
    assert found.message == "`b` takes 4 channels, but 6 arrive"
    assert [label.text for label in found.labels] == ["6 channels from here"]
