"""`# cnnshape: ignore[…]`: what it keeps quiet, and what is said of one without use."""

from __future__ import annotations

from pathlib import Path

import pytest
from checked import check_text
from test_cli import Ended, Run, models, run

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Fix, Span
from cnnshape.sources.comment import comments
from cnnshape.sources.suppression import judged, silenced

__all__ = ["models", "run"]  # fixtures

CONV = "{name: c2, type: conv2d, in_channels: 32, out_channels: 4, kernel_size: 3}"


def model(layer: str, head: str = "") -> str:
    return f"""{head}input: [3, 8, 8]
layers:
  - {{name: c1, type: conv2d, out_channels: 16, kernel_size: 3}}
{layer}
"""


def told(text: str) -> list[tuple[str, str]]:
    (analysis,) = judged([silenced(check_text(text))])
    return [(item.rule, item.message) for item in analysis.diagnostics]


def unused(text: str) -> Diagnostic:
    (analysis,) = judged([silenced(check_text(text))])
    (found,) = analysis.diagnostics
    assert (found.rule, found.severity) == ("unused-suppression", "warning")
    return found


# What is kept quiet

FAULT = ("size-mismatch", "`c2` takes 32 channels, but 16 arrive")


def test_without_a_comment_it_is_told() -> None:
    assert told(model(f"  - {CONV}")) == [FAULT]


@pytest.mark.parametrize(
    "layer",
    [
        f"  - {CONV}  # cnnshape: ignore[size-mismatch]",
        f"  - {CONV}  #cnnshape:ignore[size-mismatch]",
        f"  - {CONV}  # cnnshape: ignore",
        f"  - {CONV}  # 16 arrive  # cnnshape: ignore[size-mismatch] because",
        f"  # cnnshape: ignore[size-mismatch]\n  - {CONV}",
        f"  # cnnshape: ignore[size-mismatch]\n  # why\n\n  - {CONV}",
        f"# cnnshape: ignore\n  - {CONV}",
        "  - name: c2\n    type: conv2d\n    in_channels: 32  # cnnshape: ignore[size-mismatch]\n"
        "    out_channels: 4\n    kernel_size: 3",
    ],
)
def test_a_finding_that_is_not_wanted(layer: str) -> None:
    assert told(model(layer)) == []


@pytest.mark.parametrize(
    "head", ["# cnnshape: ignore-file[size-mismatch]\n", "# cnnshape: ignore-file\n"]
)
def test_a_whole_file(head: str) -> None:
    assert told(model(f"  - {CONV}", head)) == []


@pytest.mark.parametrize(
    "layer",
    [
        f"  - {CONV}  # cnnshape: ignore[bad-rank]",
        f"  - {CONV}  # cnnshape: ignored[size-mismatch]",
        f"  - {CONV}\n  # cnnshape: ignore[size-mismatch]",
        f"  - {CONV}\n  - relu  # cnnshape: ignore[size-mismatch]",
    ],
)
def test_another_rule_word_or_line_is_another(layer: str) -> None:
    found = told(model(layer))
    assert FAULT in found
    assert [rule for rule, _ in found if rule != "size-mismatch"] == ["unused-suppression"]


@pytest.mark.parametrize(
    "layer",
    [
        f'  - {CONV}\n  - {{name: "x # cnnshape: ignore-file", type: relu}}',
        f"  - {CONV}\n  - {{name: 'x # cnnshape: ignore-file', type: relu}}",
        f"  - {CONV}\ndescription: |\n  # cnnshape: ignore-file",
        f"  - {CONV}\ndescription: >-\n\n   text\n   # cnnshape: ignore-file\n   more",
        f"  - {CONV}\ndescription: text#cnnshape:ignore-file",
        f'  - {CONV}\ndescription: "\n  # cnnshape: ignore-file\n  "',
    ],
)
def test_text_that_only_looks_like_a_comment(layer: str) -> None:
    assert told(model(layer)) == [FAULT]


def test_a_comment_behind_the_sign_of_a_block_of_text() -> None:
    text = f"  - {CONV}\ndescription: |  # cnnshape: ignore-file[size-mismatch]\n  text"
    assert told(model(text)) == []


def test_both_ends_of_what_stands_on_several_lines() -> None:
    """The list at fault begins on one line and ends on another; either may have the comment."""
    lines = ["  - {name: c3, type: conv2d, out_channels: 4, kernel_size: [3,", "    3, 3]}"]
    assert told(model("\n".join(lines)))[0][0] == "invalid-value"
    for number in (0, 1):
        changed = [*lines]
        changed[number] += "  # cnnshape: ignore[invalid-value]"
        assert told(model("\n".join(changed))) == []


def test_every_severity_is_kept_quiet() -> None:
    text = """input: [3, 32, 32]
layers:
  - {name: odd, type: conv2d, out_channels: 4, kernel_size: 3, stride: 2, padding: 1}
  - {name: even, type: conv2d, out_channels: 4, kernel_size: 2, stride: 2, from: input}
  - {name: sum, type: add, from: [odd, even]}"""
    assert [rule for rule, _ in told(text)] == ["not-aligned"]
    assert told(text + "  # cnnshape: ignore[not-aligned]\n") == []


def test_limits_are_judged_once_an_error_is_set_aside(run: Run, tmp_path: Path) -> None:
    text = model(f"  - {CONV}  # cnnshape: ignore[size-mismatch]", "limits: {params: 5}\n")
    (tmp_path / "net.yaml").write_text(text)
    ended = run("check", "net.yaml", "--format", "json")
    (found,) = ended.json["models"][0]["diagnostics"]
    assert found["message"] == "the model has 1,028 parameters, but the limit is 5"
    assert ended.code == 1


def test_the_exit_code_and_the_json_follow(run: Run, tmp_path: Path) -> None:
    text = model(f"  - {CONV}  # cnnshape: ignore[size-mismatch]")
    (tmp_path / "net.yaml").write_text(text)
    words = (
        "net.yaml: ok · 2 layers · 1,028 parameters · 24,768 MACs · (N, 3, 8, 8) → (N, 4, 4, 4)\n"
    )
    assert run("check", "net.yaml", "--strict") == Ended(0, words, "")
    (found,) = run("check", "net.yaml", "--format", "json").json["models"]
    assert (found["ok"], found["diagnostics"]) == (True, [])
    assert [item["message"] for item in found["suppressed"]] == [FAULT[1]]
    assert "suppressed" not in run("check", "lenet5", "--format", "json").json["models"][0]


def test_from_python_too(tmp_path: Path) -> None:
    import cnnshape

    file = tmp_path / "net.yaml"
    file.write_text(model(f"  - {CONV}  # cnnshape: ignore[size-mismatch, bad-rank]"))
    found = cnnshape.load(file).check()
    assert found.ok
    assert [item.rule for item in found.diagnostics] == ["unused-suppression"]


def test_what_is_not_wanted_is_not_repaired(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(model(f"  - {CONV}  # cnnshape: ignore[size-mismatch]"))
    assert run("fix", "net.yaml") == Ended(0, "", "net.yaml: ok, nothing to repair\n")


# What is said of one without use


def test_the_picture(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(model("  - relu  # cnnshape: ignore[bad-rank]"))
    ended = run("check", "net.yaml", "--strict")
    assert ended.code == 1
    assert ended.out == (
        "warning[unused-suppression]: a suppression without use: there is no `bad-rank` here\n"
        " --> net.yaml:4:11\n"
        "  |\n"
        "4 |   - relu  # cnnshape: ignore[bad-rank]\n"
        "  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  |\n"
        "  = help: take the comment out\n"
        "\n"
        "net.yaml: ok, 1 warning · 2 layers · 448 parameters · 15,552 MACs · "
        "(N, 3, 8, 8) → (N, 16, 6, 6)\n"
    )


@pytest.mark.parametrize(
    ("comment", "message", "help", "columns", "left"),
    [
        ("# cnnshape: ignore[bad-rank]", "a suppression without use: there is no `bad-rank` here",
         "take the comment out", (11, 39), "  - relu"),
        ("# cnnshape: ignore", "a suppression without use: nothing is found here that it "
         "suppresses", "take the comment out", (11, 29), "  - relu"),
        ("# cnnshape: ignore[]", "a suppression without use: it names no rule",
         "take the comment out", (11, 31), "  - relu"),
        ("# cnnshape: ignore[bad-rang]", "no rule is called `bad-rang`", "write `bad-rank`",
         (30, 38), "  - relu  # cnnshape: ignore[bad-rank]"),
        ("# cnnshape: ignore[q]", "no rule is called `q`", "`cnnshape rules` lists them",
         (30, 31), None),
        ("# cnnshape: ignroe[bad-rank]", "`# cnnshape: ignroe` means nothing", "write `ignore`",
         (11, 39), None),
        ("# why  # cnnshape: ignore[bad-rank]",
         "a suppression without use: there is no `bad-rank` here", "take the comment out",
         (18, 46), "  - relu  # why"),
    ],
)  # fmt: skip
def test_without_use(
    comment: str, message: str, help: str, columns: tuple[int, int], left: str | None
) -> None:
    line = f"  - relu  {comment}"
    found = unused(model(line))
    assert (found.message, found.help) == (message, help)
    assert found.span == Span("model.yaml", 4, columns[0], 4, columns[1])
    assert (None if found.fix is None else applied(line, found.fix)) == left


def applied(line: str, fix: Fix) -> str:
    return line[: fix.span.column - 1] + fix.text + line[fix.span.end_column - 1 :]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("[size-mismatch, bad-rank]", "[size-mismatch]"),
        ("[bad-rank, size-mismatch]", "[size-mismatch]"),
        ("[bad-rank,size-mismatch]", "[size-mismatch]"),
    ],
)
def test_one_rule_of_several(rules: str, left: str) -> None:
    line = f"  - {CONV}  # cnnshape: ignore{rules}"
    found = unused(model(line))
    assert found.message == "a suppression without use: there is no `bad-rank` here"
    assert found.help == "take `bad-rank` out"
    assert found.fix is not None
    assert applied(line, found.fix) == f"  - {CONV}  # cnnshape: ignore{left}"


def test_one_that_is_not_closed_works_and_is_told() -> None:
    found = unused(model(f"  - {CONV}  # cnnshape: ignore[size-mismatch"))
    assert (found.message, found.help) == ("`ignore[` is not closed", "write `]` behind it")


def test_a_file_without_what_it_ignores() -> None:
    found = unused(model("  - relu", "# cnnshape: ignore-file[bad-rank]\n"))
    assert found.message == "a suppression without use: there is no `bad-rank` here"
    assert found.span is not None
    assert found.span.line == 1


def test_the_warning_itself_can_be_kept_quiet() -> None:
    layer = "  - relu  # cnnshape: ignore[bad-rank, unused-suppression]"
    assert told(model(layer)) == []
    assert told(model("  - relu  # cnnshape: ignore[unused-suppression]")) == []


def test_what_only_a_run_finds_waits_for_the_run(run: Run, tmp_path: Path) -> None:
    text = """input: [1, 8, 8]
layers:
  - {name: conv1, type: conv2d, out_channels: 4, kernel_size: 3}
  - {name: clip, type: hardtanh, min_val: -6, max_val: 0}
  - {name: relu1, type: relu}  # cnnshape: ignore[dead-activation]
  - flatten
  - {name: fc, type: linear, out_features: 3}
"""
    (tmp_path / "net.yaml").write_text(text)
    assert "warning" not in run("check", "net.yaml").out
    assert "warning" not in run("check", "net.yaml", "--confirm").out
    (tmp_path / "net.yaml").write_text(text.replace("max_val: 0", "max_val: 6"))
    assert "warning" not in run("check", "net.yaml").out
    assert "no `dead-activation` here" in run("check", "net.yaml", "--confirm").out


# Python, and several models of one file

PYTHON = '''import torch.nn as nn
# cnnshape: ignore-file[bad-padding]

class A(nn.Module):
    """text # cnnshape: ignore"""
    def __init__(self):
        self.fc = nn.Linear(3, 4)  # cnnshape: ignore[size-mismatch]
        self.other = "# cnnshape: ignore"

class B(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(3, 4)  # cnnshape: ignore[size-mismatch, bad-rank]
'''


def python(path: str, line: int, *items: Diagnostic) -> Analysis:
    """What is known of a class whose only layer stands on a line."""
    graph = check_text("input: [3]\nlayers: [{name: fc, type: linear, out_features: 4}]")
    (layer,) = graph.layers
    return graph._replace(
        path=path,
        layers=(layer._replace(span=Span("net.py", line, 1, line, 34)),),
        diagnostics=items,
        texts={"net.py": PYTHON},
    )


def at(line: int, rule: str = "size-mismatch") -> Diagnostic:
    return Diagnostic(rule, "m", span=Span("net.py", line, 19, line, 34))


def test_comments_of_python() -> None:
    found = [(item.line, item.alone) for item in comments("net.py", PYTHON)]
    assert found == [(2, True), (7, False), (12, False)]


def test_comments_of_what_is_no_python() -> None:
    assert list(comments("net.py", "x = '''\n# cnnshape: ignore")) == []


def test_python_is_told_by_the_classes_that_are_looked_at() -> None:
    """A comment in a class that is not checked now may well have its use."""
    (found,) = judged([silenced(python("net.py:A", 7, at(7)))])
    assert found.diagnostics == ()
    assert [item.rule for item in found.suppressed] == ["size-mismatch"]
    (unneeded,) = judged([silenced(python("net.py:A", 7))])
    assert [item.span.line for item in unneeded.diagnostics if item.span] == [7]


def test_models_of_one_file_share_its_comments() -> None:
    """B needs its comment; A, which it does not speak of, says nothing of it."""
    both = [
        silenced(python("net.py", 7, at(7), at(20, "bad-padding"))),
        silenced(python("net.py", 12, at(12))),
    ]
    first, second = judged(both)
    assert first.diagnostics == ()
    assert [item.message for item in second.diagnostics] == [
        "a suppression without use: there is no `bad-rank` here"
    ]
    unneeded = [silenced(python("net.py", line, at(line))) for line in (7, 12)]
    told = [item.message for found in judged(unneeded) for item in found.diagnostics]
    assert told == [
        "a suppression without use: there is no `bad-padding` here",
        "a suppression without use: there is no `bad-rank` here",
    ]
