"""`cnnshape diff`: which layer is which, what changed in it, and revisions of git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from checked import check, graph
from test_cli import BAD, GOOD, Ended, Run, models, run

from cnnshape.analysis.difference import Change, Difference, Side, difference
from cnnshape.analysis.matching import in_order
from cnnshape.report.difference import as_data, as_lines, as_markdown, summary
from cnnshape.report.snippet import plain
from cnnshape.sources import bundled
from cnnshape.sources.revision import Revision, revision_of

__all__ = ["models", "run"]  # fixtures

RESNET = (bundled.folder() / "resnet50.yaml").read_text("utf-8")
REPLACED = {
    "kernel_size: 7, stride: 2, padding: 3": "kernel_size: 3, stride: 2, padding: 1",
    "name: maxpool,": "name: pool1,",
    "stride: 2, repeat: 6": "stride: 2, repeat: 5",
    "  - flatten\n": "  - flatten\n  - {name: drop, type: dropout, p: 0.2}\n",
    "out_features: 1000, expect: {shape: [1000], params: 2049000}": "out_features: 10",
}


def side(layers: list[Any], shape: list[int], **keys: Any) -> Side:
    model = {"input": shape, "layers": layers, **keys}
    return Side(graph(model), check(model))


def compared(before: list[Any], after: list[Any], shape: tuple[int, ...] = (3, 8, 8)) -> Difference:
    return difference(side(before, [*shape]), side(after, [*shape]))


def names(change: Change) -> tuple[str, str, str]:
    old, new = change.before, change.after
    return change.kind, old.name if old else "", new.name if new else ""


def told(found: Difference) -> list[tuple[str, str, str]]:
    return [names(item) for item in found.changes if item.kind != "same" and not item.follows]


def arguments(found: Difference) -> dict[str, list[tuple[str, object, object]]]:
    return {item.layer.name: [*map(tuple, item.arguments)] for item in found.changes
            if item.arguments}  # fmt: skip


def conv(name: str = "", channels: int = 4, **keys: Any) -> dict[str, Any]:
    named = {"name": name} if name else {}
    return {**named, "type": "conv2d", "out_channels": channels, "kernel_size": 3, **keys}


# Which layer is which


def test_the_same_network() -> None:
    layers = [conv("a"), "relu", conv(), "flatten"]
    found = compared(layers, layers)
    assert found.equal
    assert (told(found), summary(found)) == ([], "no layer is different")


def test_a_name_says_which_layer_is_meant() -> None:
    found = compared([conv("a"), conv("b", 5)], [conv("b", 4), conv("a", 5)])
    assert told(found) == [("changed", "b", "b"), ("changed", "a", "a")]


def test_a_name_that_counts_does_not() -> None:
    """With the first ReLU gone, `relu_2` is called `relu_1`, and is still the one after b."""
    before = [conv("a"), "relu", conv("b", 5), "relu", conv("c", 6), "relu"]
    found = compared(before, [*before[:1], *before[2:]])
    assert told(found) == [("removed", "relu_1", "")]
    assert [names(item) for item in found.changes if item.layer.type == "relu"] == [
        ("removed", "relu_1", ""),
        ("same", "relu_2", "relu_1"),
        ("same", "relu_3", "relu_2"),
    ]


def test_a_layer_put_in_among_layers_without_names() -> None:
    """The same after a change of all shapes, where sequences of types must do."""
    before = [conv(), "relu", conv(), "relu", "flatten"]
    after = [conv(), {"type": "batch_norm2d"}, "relu", conv(), "relu", "flatten"]
    assert told(compared(before, after)) == [("added", "", "batch_norm2d_1")]
    larger = difference(side(before, [3, 8, 8]), side(after, [3, 9, 9]))
    assert told(larger) == [("added", "", "batch_norm2d_1")]
    assert summary(larger) == "1 added, 5 layers follow, 0 as before"


def test_a_layer_changed_among_layers_without_names() -> None:
    before = [conv(channels=4), "relu", conv(channels=5), "relu"]
    after = [conv(channels=4), "relu", conv(channels=6), "relu"]
    found = compared(before, after)
    assert told(found) == [("changed", "conv2d_2", "conv2d_2")]
    assert arguments(found) == {"conv2d_2": [("out_channels", 5, 6)]}


def test_a_layer_with_another_name_is_known_by_its_structure() -> None:
    found = compared([conv("a"), conv("b", 5), conv("c")], [conv("a"), conv("new", 5), conv("c")])
    assert told(found) == [("renamed", "b", "new")]
    unnamed = compared([conv("a"), conv("b", 5)], [conv("a"), conv(channels=5)])
    assert told(unnamed) == [("renamed", "b", "conv2d_2")]


def test_another_name_and_another_structure_is_another_layer() -> None:
    found = compared([conv("a"), conv("b", 5)], [conv("a"), conv("new", 6)])
    assert told(found) == [("removed", "b", ""), ("added", "", "new")]


def test_a_layer_that_moves_under_another_name() -> None:
    """It stands outside the gap in which it stood; what it is says that it is the same."""
    before = [conv("a", padding=1), conv("b", 5, padding=1), conv("c", 7, padding=1)]
    after = [conv("b", 5, padding=1), conv("c", 7, padding=1), conv("z", padding=1)]
    found = compared(before, after)
    assert ("renamed", "a", "z") not in told(found)  # its weights have another shape there
    same = [{"name": name, "type": "relu"} for name in "abc"]
    moved = compared(same, [*same[1:], {"name": "z", "type": "relu"}])
    assert told(moved) == [("changed", "b", "b"), ("renamed", "a", "z")]  # b reads the input now


def test_a_type_that_changes_under_its_name() -> None:
    found = compared([conv("a"), {"name": "act", "type": "relu"}],
                     [conv("a"), {"name": "act", "type": "gelu"}])  # fmt: skip
    assert told(found) == [("changed", "act", "act")]


BLOCK = {"unit": {"params": {"channels": None},
                  "layers": [conv("conv", 4, padding=1), "relu"]}}  # fmt: skip


def test_a_block_with_another_name() -> None:
    def model(name: str) -> Side:
        return side([{"name": name, "type": "unit", "channels": 4}], [3, 8, 8], blocks=BLOCK)

    found = difference(model("stem"), model("head"))
    assert told(found) == [
        ("renamed", "stem.conv", "head.conv"),
        ("renamed", "stem.relu_1", "head.relu_1"),
    ]


def test_the_longest_sequence_that_both_have() -> None:
    pairs = {0: 5, 1: 0, 2: 1, 3: 9, 4: 2, 5: 3}
    assert in_order(pairs) == [(1, 0), (2, 1), (4, 2), (5, 3)]
    assert in_order({}) == []


# What changed in it


def test_arguments() -> None:
    before = [conv("a", dilation=1), {"name": "d", "type": "dropout", "p": 0.5}]
    after = [conv("a", dilation=2, bias=False), {"name": "d", "type": "dropout", "p": 0.3}]
    found = compared(before, after)
    assert arguments(found) == {
        "a": [("dilation", 1, 2), ("bias", True, False)],
        "d": [("p", 0.5, 0.3)],
    }


def test_arguments_that_say_the_same() -> None:
    found = compared([conv("a")], [conv("a", in_channels=3, stride=1, kernel_size=[3, 3])])
    assert found.equal


def test_what_a_layer_reads() -> None:
    """A layer put in between changes what is read; only another branch is a change."""
    before = [conv("a", padding=1), conv("b", padding=1, **{"from": "a"}),
              {"name": "s", "type": "add", "from": ["a", "b"]}]  # fmt: skip
    between = [before[0], {"name": "r", "type": "relu"}, {**before[1], "from": "r"}, before[2]]
    assert told(compared(before, between)) == [("added", "", "r")]
    other = [*before[:2], {"name": "s", "type": "add", "from": ["b", "b"]}]
    assert arguments(compared(before, other)) == {"s": [("from", "a, b", "b, b")]}


def test_frozen_and_shared_weights() -> None:
    before = [conv("a", 3, padding=1), conv("b", 3, padding=1)]
    after = [{**before[0], "trainable": False}, {**before[1], "weights_from": "a"}]
    assert arguments(compared(before, after)) == {
        "a": [("trainable", True, False)],
        "b": [("weights_from", None, "a")],
    }


def test_layers_that_only_follow() -> None:
    found = difference(side([conv("a"), "relu"], [3, 8, 8]), side([conv("a"), "relu"], [3, 9, 9]))
    assert [item.follows for item in found.changes] == [True, True]
    assert not found.equal


def test_formulas_are_compared_too(run: Run, models: Path) -> None:
    (models / "named.yaml").write_text(GOOD.replace("[1, 8, 8]", "[1, H, W]"))
    assert run("diff", "named.yaml", "named.yaml", "--exit-code").code == 0
    ended = run("diff", "good.yaml", "named.yaml", "--all")
    assert ended.code == 0
    assert "(N, 2, 6, 6) → (N, 2, H - 2, W - 2)" in ended.out


# ResNet-50 against a changed copy


@pytest.fixture
def resnets(models: Path) -> Path:
    """ResNet-50, and a copy with another stem, a block less, a dropout and ten classes."""
    text = RESNET
    for old, new in REPLACED.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (models / "before.yaml").write_text(RESNET)
    (models / "after.yaml").write_text(text)
    return models


BLOCK_PARAMS = 1024 * 256 + 2 * 256 + 9 * 256 * 256 + 2 * 256 + 256 * 1024 + 2 * 1024
BLOCK_MACS = 14 * 14 * (1024 * 256 + 9 * 256 * 256 + 256 * 1024)
PARAMS = (9 * 3 * 64 - 49 * 3 * 64) - BLOCK_PARAMS + (2048 * 10 + 10 - 2048 * 1000 - 1000)
MACS = 112 * 112 * (27 - 147) * 64 - BLOCK_MACS + 2048 * (10 - 1000)
"""By how much each grows, worked out by hand."""


def test_resnet50_against_a_changed_copy(run: Run, resnets: Path) -> None:
    found = run("diff", "before.yaml", "after.yaml", "--format", "json").json
    assert found["counts"] == {
        "added": 1, "removed": 10, "changed": 2, "renamed": 1, "same": 2, "following": 160,
    }  # fmt: skip
    changes = {(item["before"] or item["after"])["name"]: item for item in found["layers"]}
    stem, head = changes["conv1"], changes["fc"]
    assert stem["arguments"] == {
        "kernel_size": {"before": 7, "after": 3},
        "padding": {"before": 3, "after": 1},
    }
    figures = ("params", "macs", "memory", "receptive_field")
    assert [stem["before"][name] for name in figures] == [9408, 118_013_952, 3_211_264, [7, 7]]
    assert [stem["after"][name] for name in figures] == [1728, 21_676_032, 3_211_264, [3, 3]]
    assert head["after"]["output_shape"] == ["N", 10]
    assert head["arguments"] == {"out_features": {"before": 1000, "after": 10}}
    assert changes["maxpool"]["after"]["name"] == "pool1"
    assert changes["maxpool"]["before"]["receptive_field"] == [11, 11]
    assert changes["maxpool"]["after"]["receptive_field"] == [7, 7]
    gone = [item["before"] for item in found["layers"] if item["change"] == "removed"]
    assert all(item["name"].startswith("layer3.5.") for item in gone)
    assert sum(item["params"] for item in gone) == BLOCK_PARAMS == 1_117_184
    totals = found["totals"]
    assert totals["params"] == {
        "before": 25_557_032, "after": 22_403_658, "change": PARAMS, "percent": -12.3386,
    }  # fmt: skip
    assert totals["macs"]["after"] == 4_089_184_256 + MACS == 3_772_452_864


TEXT = """before.yaml → after.yaml
1 added, 10 removed, 2 changed, 1 renamed, 160 layers follow, 2 as before
output (N, 1000) → (N, 10)
"""


def test_the_text(run: Run, resnets: Path) -> None:
    ended = run("diff", "before.yaml", "after.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(TEXT)
    lines = ended.out.splitlines()
    assert lines[4].split() == ["Layer", "Type", "Output", "Params", "MACs", "Memory", "Field"]
    assert lines[5].startswith("~  conv1            conv2d        (N, 64, 112, 112)  ")
    assert lines[5].endswith(
        "  9,408 → 1,728  118,013,952 → 21,676,032             3.06 MiB   7 → 3"
    )
    assert lines[6] == "     kernel_size: 7 → 3, padding: 3 → 1"
    assert lines[7].split()[:4] == [">", "maxpool", "→", "pool1"]
    assert sum(line.startswith("-  layer3.5.") for line in lines) == 10
    assert "Parameters               25,557,032     22,403,658    -3,153,374  -12.3%" in lines
    assert "Multiply-accumulates  4,089,184,256  3,772,452,864  -316,731,392   -7.7%" in lines
    assert {len(line) for line in lines[5:6]} == {len(lines[4])}
    every = run("diff", "before.yaml", "after.yaml", "--all").out
    assert sum(line.startswith("·  ") for line in every.splitlines()) == 160


def test_the_markdown(run: Run, resnets: Path) -> None:
    lines = run("diff", "before.yaml", "after.yaml", "--format", "markdown").out.splitlines()
    assert lines[:5] == [
        "### `before.yaml` → `after.yaml`",
        "",
        "1 added, 10 removed, 2 changed, 1 renamed, 160 layers follow, 2 as before.",
        "",
        "Output (N, 1000) → (N, 10).",
    ]
    assert "| Parameters | 25,557,032 | 22,403,658 | -3,153,374 | -12.3% |" in lines
    start = lines.index("<details><summary>14 layers</summary>")
    assert lines[start + 1] == ""
    assert lines[start + 4] == (
        r"| \~ | conv1 | conv2d | (N, 64, 112, 112) | 9,408 → 1,728 | 118,013,952 → 21,676,032 | "
        "3.06 MiB | 7 → 3 | kernel_size: 7 → 3, padding: 3 → 1 |"
    )
    assert lines[-2:] == ["", "</details>"]
    rows = [line for line in lines[start:] if line.startswith("|")]
    assert len(rows) == 2 + 14
    assert {row.count(" | ") for row in rows} == {8}


def test_nothing_changed_is_short() -> None:
    found = compared([conv("a")], [conv("a")])
    markdown = as_markdown(found, ("a|b", "c`d"))
    assert markdown == (
        "### `a|b` → `cd`\n\nNo layer is different.\n\n"
        "| Total | Before | After | Change | |\n| :-- | --: | --: | --: | --: |\n"
        "| Parameters | 112 | 112 | - |  |\n| Multiply-accumulates | 3,888 | 3,888 | - |  |"
    )
    assert plain(as_lines(found, ("a", "b"))).startswith("a → b\nno layer is different\n\nTotal")
    assert as_data(found, ("a", "b"))["equal"] is True


# How it ends


def test_exit_codes(run: Run, models: Path) -> None:
    assert run("diff", "good.yaml", "bad.yaml").code == 0
    assert run("diff", "good.yaml", "varied.yaml", "--exit-code").code == 1
    assert run("diff", "good.yaml", "good.yaml", "--exit-code").code == 0
    gone = run("diff", "good.yaml", "gone.yaml")
    assert (gone.code, gone.out, gone.err) == (2, "", "error: no such file: gone.yaml\n")
    broken = run("diff", "good.yaml", "broken.yaml")
    assert (broken.code, broken.out) == (2, "")
    assert broken.err.startswith("error[syntax]: not YAML")
    folder = run("diff", "good.yaml", ".")
    assert folder.err == "error: . is a folder; name one model file\n"


def test_a_model_with_errors_is_compared_and_said_to_have_them(run: Run, models: Path) -> None:
    assert BAD.count("in_channels")
    ended = run("diff", "good.yaml", "bad.yaml")
    assert ended.out.splitlines()[2] == "1 error in bad.yaml"


def test_options_are_for_both(run: Run, models: Path) -> None:
    ended = run("diff", "good.yaml", "varied.yaml", "--input", "1,16,16", "-o", "diff.txt")
    assert ended == Ended(0, "", "")
    assert "(N, 2, 14, 14) → (N, 4, 14, 14)" in (models / "diff.txt").read_text("utf-8")


def test_colour_is_for_terminals(run: Run, models: Path) -> None:
    assert "\x1b[" not in run("diff", "good.yaml", "varied.yaml").out
    assert "\x1b[" in run("diff", "good.yaml", "varied.yaml", FORCE_COLOR="1").out


# Revisions


@pytest.mark.parametrize(
    ("path", "revision"),
    [
        ("HEAD:net.yaml", Revision("HEAD", "net.yaml")),
        ("HEAD~1:models/net.yaml", Revision("HEAD~1", "models/net.yaml")),
        ("main:./net.yaml", Revision("main", "./net.yaml")),
        ("v1.0^{commit}:net.py:Net", Revision("v1.0^{commit}", "net.py:Net")),
        ("net.py:Net", None),
        ("deep/net.py:Net(1)", None),
        ("net.yaml", None),
        ("--output:net.yaml", None),
        ("HEAD:", None),
        (":net.yaml", None),
    ],
)
def test_what_names_a_revision(path: str, revision: Revision | None) -> None:
    assert revision_of(path) == revision


@pytest.fixture
def repository(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose last commit gave a model more channels, and a change since then."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed, so there are no revisions")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in (("NAME", "A"), ("EMAIL", "a@example.org")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = models / "repository"
    (folder / "deep").mkdir(parents=True)
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    for channels in (2, 3):
        for file in (folder / "net.yaml", folder / "deep" / "inner.yaml"):
            file.write_text(GOOD.replace("out_channels: 2", f"out_channels: {channels}"))
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"{channels} channels"], check=True)
    (folder / "net.yaml").write_text(GOOD.replace("out_channels: 2", "out_channels: 5"))
    monkeypatch.chdir(folder)
    return folder


def channels(ended: Ended) -> tuple[int, int]:
    """The channels of the only layer before and after."""
    shapes = (ended.json["layers"][0][key]["output_shape"] for key in ("before", "after"))
    before, after = (shape[1] for shape in shapes)
    return before, after


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("HEAD:net.yaml", "net.yaml", (3, 5)),
        ("HEAD~1:net.yaml", "net.yaml", (2, 5)),
        ("HEAD~1:net.yaml", "HEAD:net.yaml", (2, 3)),
        ("HEAD~1:deep/inner.yaml", "deep/inner.yaml", (2, 3)),
        ("HEAD~1:./net.yaml", "net.yaml", (2, 5)),
    ],
)
def test_revisions(
    run: Run, repository: Path, before: str, after: str, found: tuple[int, int]
) -> None:
    ended = run("diff", before, after, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    assert channels(ended) == found
    assert (ended.json["before"]["path"], ended.json["after"]["path"]) == (before, after)


@pytest.mark.parametrize("path", ["HEAD~1:deep/inner.yaml", "HEAD~1:./inner.yaml",
                                  "HEAD~1:inner.yaml"])  # fmt: skip
def test_a_path_from_the_root_or_from_here(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(repository / "deep")
    assert channels(run("diff", path, "inner.yaml", "--format", "json")) == (2, 3)


def test_a_file_of_that_name_comes_first(run: Run, repository: Path) -> None:
    (repository / "HEAD:net.yaml").write_text(GOOD.replace("out_channels: 2", "out_channels: 9"))
    ended = run("diff", "HEAD:net.yaml", "net.yaml", "--format", "json")
    assert channels(ended) == (9, 5)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("HEAD:gone.yaml", "HEAD:gone.yaml: `HEAD` has no `gone.yaml`"),
        ("nowhere:net.yaml", "nowhere:net.yaml: git knows no `nowhere`"),
        ("HEAD:net.txt", "HEAD:net.txt: model files end in .yaml or .yml"),
        ("HEAD:gone.py:Net", "HEAD:gone.py:Net: `HEAD` has no `gone.py`"),
    ],
)
def test_revisions_that_are_none(run: Run, repository: Path, path: str, words: str) -> None:
    assert run("diff", path, "net.yaml") == Ended(2, "", f"error: {words}\n")


def test_no_repository(run: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed, and says so in another test")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(models.parent))
    ended = run("diff", "HEAD:good.yaml", "good.yaml")
    words = "error: HEAD:good.yaml: the working directory is in no git repository\n"
    assert ended == Ended(2, "", words)


def test_no_git(run: Run, models: Path) -> None:
    ended = run("diff", "HEAD:good.yaml", "good.yaml", PATH=str(models))
    words = "error: HEAD:good.yaml: git is not installed, and no file has this name\n"
    assert ended == Ended(2, "", words)
