"""`cnnshape baseline`, and `check --baseline`: known findings pass, new ones and growth do not."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from test_cli import BAD, GOOD, Ended, Run, models, run

from cnnshape.analysis.baseline import change, percent

__all__ = ["models", "run"]  # fixtures

KNOWN = "`c` takes 5 channels, but 1 arrives"
FACTS = "1 layer · 20 parameters · 648 MACs · (N, 1, 8, 8) → (N, 2, 6, 6)"
WIDER = GOOD.replace("out_channels: 2", "out_channels: 4")


@pytest.fixture
def baseline(run: Run, models: Path) -> Path:
    """A baseline of a model that holds and one that does not."""
    ended = run("baseline", "base.json", "good.yaml", "bad.yaml")
    assert ended == Ended(0, "base.json: 2 models, 1 finding\n", "")
    return models / "base.json"


def entry(file: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))["models"][name]
    return found


# What is written


def test_the_file(baseline: Path) -> None:
    data = json.loads(baseline.read_text("utf-8"))
    assert data["version"] == 1
    assert [*data["models"]] == ["bad.yaml", "good.yaml"]
    assert entry(baseline, "bad.yaml")["findings"] == [
        {"rule": "size-mismatch", "layer": "c", "message": KNOWN, "count": 1}
    ]
    assert entry(baseline, "good.yaml") == {
        "findings": [],
        "totals": {
            "params": 20, "trainable_params": 20, "buffers": 0, "macs": 648, "connections": 720,
            "activations": 72, "memory.params": 80, "memory.forward": 544, "memory.training": 704,
        },
    }  # fmt: skip


def test_it_is_always_the_same(run: Run, baseline: Path) -> None:
    before = baseline.read_bytes()
    assert run("baseline", "base.json", "bad.yaml", "good.yaml").code == 0
    assert baseline.read_bytes() == before
    assert before.endswith(b"}\n")


def test_names_are_paths_from_the_file(run: Run, models: Path) -> None:
    (models / "ci").mkdir()
    assert run("baseline", "ci/base.json", "good.yaml", "lenet5").code == 0
    data = json.loads((models / "ci" / "base.json").read_text("utf-8"))
    assert [*data["models"]] == ["../good.yaml", "lenet5"]


@pytest.mark.parametrize("broken", ["broken.yaml", "gone.yaml"])
def test_nothing_is_written_where_a_model_cannot_be_read(
    run: Run, models: Path, broken: str
) -> None:
    ended = run("baseline", "base.json", "good.yaml", broken)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error")
    assert not (models / "base.json").exists()


def test_the_paths_of_the_settings(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text('paths = ["good.yaml"]\n')
    assert run("baseline", "base.json").out == "base.json: 1 model, 0 findings\n"


# What is known


def test_known_findings_do_not_fail(run: Run, baseline: Path) -> None:
    ended = run("check", "bad.yaml", "good.yaml", "--baseline", "base.json")
    assert ended == Ended(
        0,
        f"bad.yaml: ok · {FACTS} · 1 known finding\ngood.yaml: ok · {FACTS}\n2 models: 2 ok\n",
        "",
    )
    (found,) = run("check", "bad.yaml", "--baseline", "base.json", "--format", "json").json[
        "models"
    ]
    assert (found["ok"], found["diagnostics"]) == (True, [])
    assert [item["message"] for item in found["known"]] == [KNOWN]


def test_lines_may_move(run: Run, baseline: Path) -> None:
    (baseline.parent / "bad.yaml").write_text("# a line more\n" + BAD)
    assert run("check", "bad.yaml", "--baseline", "base.json").code == 0


def test_new_findings_fail(run: Run, baseline: Path) -> None:
    (baseline.parent / "bad.yaml").write_text(
        BAD + "  - {name: d, type: linear, in_features: 7, out_features: 2}\n"
    )
    ended = run("check", "bad.yaml", "--baseline", "base.json")
    assert ended.code == 1
    assert KNOWN not in ended.out
    assert ended.out.endswith("bad.yaml: 1 error · 1 known finding\n")


def test_another_number_is_another_finding(run: Run, baseline: Path) -> None:
    (baseline.parent / "bad.yaml").write_text(BAD.replace("in_channels: 5", "in_channels: 6"))
    ended = run("check", "bad.yaml", "--baseline", "base.json")
    assert ended.code == 1
    assert "error[size-mismatch]: `c` takes 6 channels, but 1 arrives\n" in ended.out


def test_the_same_finding_once_more_is_new(run: Run, models: Path) -> None:
    text = "input: [3, 8, 8]\nlayers:\n  - {type: relu, out: 1}\n"
    (models / "net.yaml").write_text(text)
    assert run("baseline", "base.json", "net.yaml").code == 0
    (models / "net.yaml").write_text(text + "  - {type: relu, out: 1}\n")
    ended = run("check", "net.yaml", "--baseline", "base.json")
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "net.yaml: 1 error · 1 known finding"


def test_what_is_gone_is_noted(run: Run, baseline: Path) -> None:
    (baseline.parent / "bad.yaml").write_text(GOOD)
    ended = run("check", "bad.yaml", "--baseline", "base.json", "--strict")
    assert ended == Ended(
        0,
        f"note[finding-gone]: no longer found: size-mismatch: {KNOWN}\n"
        "  = help: write base.json anew, so that it would be new if it came back\n"
        "\n"
        f"bad.yaml: ok · {FACTS}\n",
        "",
    )


def test_a_model_that_is_not_in_it_is_new(run: Run, baseline: Path) -> None:
    (baseline.parent / "other.yaml").write_text(BAD)
    assert run("check", "other.yaml", "--baseline", "base.json").code == 1


def test_what_cannot_be_read_is_never_known(run: Run, baseline: Path) -> None:
    (baseline.parent / "good.yaml").write_text("layers: [")
    assert run("check", "good.yaml", "--baseline", "base.json").code == 2


# Growth


def test_growth(run: Run, baseline: Path) -> None:
    """From 2 to 4 channels: 40 parameters, 1,296 MACs, 144 values, 4·(64 + 144) bytes forward."""
    (baseline.parent / "good.yaml").write_text(WIDER)
    assert run("check", "good.yaml", "--baseline", "base.json").code == 0
    ended = run("check", "good.yaml", "--baseline", "base.json", "--growth", "5%")
    assert ended.code == 1
    assert [line for line in ended.out.splitlines() if line.startswith("error")] == [
        f"error[growth-exceeded]: {words} in base.json; 5% is allowed"
        for words in (
            "the model has 40 parameters, +100% against 20",
            "the model takes 1,296 MACs, +100% against 648",
            "the model has 144 activations, +100% against 72",
            "a forward pass takes 832 bytes, +52.9% against 544 bytes",
            "training takes 1.12 KiB, +63.6% against 704 bytes",
        )
    ]
    assert "  = help: make it smaller, or write base.json anew if it is meant so\n" in ended.out
    assert ended.out.endswith("good.yaml: 5 errors\n")
    assert run("check", "good.yaml", "--baseline", "base.json", "--growth", "100").code == 0
    found = run("check", "good.yaml", "--baseline", "base.json", "--growth", "99.9%").out
    assert found.count("growth-exceeded") == 3


@pytest.mark.parametrize(("growth", "code"), [("0", 1), ("4.9%", 1), ("5%", 0), ("5.1", 0)])
def test_the_bound_itself_is_allowed(
    run: Run, models: Path, baseline: Path, growth: str, code: int
) -> None:
    data = json.loads(baseline.read_text("utf-8"))
    data["models"]["good.yaml"]["totals"] = {"params": 400}
    baseline.write_text(json.dumps(data))
    (models / "good.yaml").write_text(GOOD.replace("out_channels: 2", "out_channels: 42"))
    ended = run("check", "good.yaml", "--baseline", "base.json", "--growth", growth)
    assert ended.code == code  # 42·9 + 42 = 420 parameters


def test_smaller_is_no_growth(run: Run, baseline: Path) -> None:
    (baseline.parent / "good.yaml").write_text(GOOD.replace("out_channels: 2", "out_channels: 1"))
    assert run("check", "good.yaml", "--baseline", "base.json", "--growth", "0%").code == 0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(100, 107, "+7%"), (1000, 1078, "+7.8%"), (30000, 29991, "-0.03%"), (3, 4, "+33.3%"),
     (100_000_000, 100_000_001, "+0%"), (10_000, 10_001, "+0.01%"), (5, 5, "+0%"), (0, 0, "+0%"),
     (0, 7, "+7 from 0"), (1, 12_346, "+1,234,500%")],
)  # fmt: skip
def test_percentages(before: int, after: int, words: str) -> None:
    assert change(before, after) == words


def test_a_percentage_has_the_digits_that_it_needs() -> None:
    values = (Fraction(5), Fraction(78, 10), Fraction(1, 30), Fraction(12346, 100))
    assert [*map(percent, values)] == ["5%", "7.8%", "0.03%", "123.5%"]


# What is no baseline


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no baseline: not JSON: expecting property name enclosed in double quotes: line 1 "
         "column 2 (char 1)"),
        ("[]", "no baseline: it has no `models`"),
        ('{"version": 2, "models": {}}', "a baseline of version 2, but 1 is known"),
        ('{"models": {}}', "a baseline of version None, but 1 is known"),
        ('{"version": 1, "models": []}',
         "no baseline: write it anew with `cnnshape baseline base.json PATH…`"),
        ('{"version": 1, "models": {"a": {"findings": [{}], "totals": {}}}}',
         "no baseline: write it anew with `cnnshape baseline base.json PATH…`"),
        ('{"version": 1, "models": {"a": {"findings": [], "totals": {"params": "x"}}}}',
         "no baseline: write it anew with `cnnshape baseline base.json PATH…`"),
    ],
)  # fmt: skip
def test_files_that_are_no_baseline(run: Run, models: Path, text: str, words: str) -> None:
    (models / "base.json").write_text(text)
    ended = run("check", "good.yaml", "--baseline", "base.json")
    assert ended == Ended(2, "", f"error: base.json: {words}\n")


def test_a_baseline_that_is_not_there(run: Run, models: Path) -> None:
    ended = run("check", "good.yaml", "--baseline", "gone.json")
    words = "no such file or directory; `cnnshape baseline gone.json PATH…` writes a baseline"
    assert ended == Ended(2, "", f"error: gone.json: {words}\n")


@pytest.mark.parametrize("growth", ["much", "-5%", "5%%", "", "1e3", "٥%"])
def test_growth_that_is_none(run: Run, baseline: Path, growth: str) -> None:
    ended = run("check", "good.yaml", "--baseline", "base.json", f"--growth={growth}")
    words = f"error: --growth {growth}: write a percentage such as 5%\n"
    assert ended == Ended(2, "", words)


def test_growth_needs_a_baseline(run: Run, models: Path) -> None:
    ended = run("check", "good.yaml", "--growth", "5%")
    assert ended == Ended(2, "", "error: --growth is of use with --baseline alone\n")
