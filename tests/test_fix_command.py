"""`cnnshape fix` as a user runs it: what goes where, what is written, and how it ends."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from test_cli import BAD, ESCAPE, GOOD, Ended, Run, models, process, run

__all__ = ["models", "run"]  # fixtures

FIXED = BAD.replace("in_channels: 5", "in_channels: 1")
HOPELESS = BAD.replace("name: bad", "name: hopeless") + "  - {name: r, type: reshape, shape: [7]}\n"
DIFF = """--- bad.yaml
+++ bad.yaml
@@ -1,4 +1,4 @@
 name: bad
 input: [1, 8, 8]
 layers:
-  - {name: c, type: conv2d, in_channels: 5, out_channels: 2, kernel_size: 3}
+  - {name: c, type: conv2d, in_channels: 1, out_channels: 2, kernel_size: 3}
"""
WORDS = """repair[size-mismatch]: `c` takes 5 channels, but 1 arrives
 --> bad.yaml:4:42
  = repair: `in_channels: 1` in place of `5`

bad.yaml: 1 repair
"""


def test_a_diff_and_what_it_does(run: Run, models: Path) -> None:
    assert run("fix", "bad.yaml") == Ended(0, DIFF, WORDS)
    assert (models / "bad.yaml").read_text() == BAD


def test_a_repair_that_is_written(run: Run, models: Path) -> None:
    said = WORDS.replace("1 repair\n", "1 repair, written\n")
    assert run("fix", "bad.yaml", "--write") == Ended(0, said, "")
    assert (models / "bad.yaml").read_text() == FIXED
    assert run("fix", "bad.yaml", "-w") == Ended(0, "bad.yaml: ok, nothing to repair\n", "")


def test_a_model_that_holds(run: Run, models: Path) -> None:
    assert run("fix", "good.yaml") == Ended(0, "", "good.yaml: ok, nothing to repair\n")
    before = (models / "good.yaml").stat()
    assert run("fix", "good.yaml", "-w", "-q") == Ended(0, "", "")
    assert (models / "good.yaml").stat().st_mtime_ns == before.st_mtime_ns


def test_what_is_left_is_shown_with_the_reason(run: Run, models: Path) -> None:
    (models / "hopeless.yaml").write_text(HOPELESS)
    ended = run("fix", "hopeless.yaml")
    assert ended.code == 1
    assert "+  - {name: c, type: conv2d, in_channels: 1," in ended.out
    assert ended.err.endswith(
        "  = note: 2·6·6 = 72; 7 = 7\n"
        "  = note: no input size works\n"
        "  = note: not repaired: no repair is known\n"
        "\n"
        "hopeless.yaml: 1 repair, 1 error left\n"
    )
    written = run("fix", "hopeless.yaml", "--write")
    assert (written.code, written.err) == (1, "")
    assert written.out.endswith("hopeless.yaml: 1 repair, written, 1 error left\n")
    again = run("fix", "hopeless.yaml")
    assert (again.code, again.out) == (1, "")
    assert again.err.endswith("hopeless.yaml: 1 error left\n")


def test_quiet_shows_only_what_is_left(run: Run, models: Path) -> None:
    assert run("fix", "bad.yaml", "-q") == Ended(0, DIFF, "")
    (models / "hopeless.yaml").write_text(HOPELESS)
    ended = run("fix", "hopeless.yaml", "--quiet")
    assert ended.err.startswith("error[bad-reshape]")
    assert ended.code == 1


def test_expectations_are_asked_for(run: Run, models: Path) -> None:
    (models / "e.yaml").write_text(GOOD.replace("size: 3", "size: 3, expect: [2, 7, 7]"))
    ended = run("fix", "e.yaml", "--write")
    assert ended.code == 1
    assert "not repaired: with --expectations the computed figure is written" in ended.out
    assert run("fix", "e.yaml", "--write", "--expectations").code == 0
    assert "expect: [2, 6, 6]" in (models / "e.yaml").read_text()


def test_a_folder_and_several_paths(run: Run, models: Path) -> None:
    (models / "broken.yaml").unlink()
    ended = run("fix", ".", "--write")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("written") == 1
    assert (models / "bad.yaml").read_text() == FIXED
    several = run("fix", "good.yaml", "bad.yaml")
    assert several.err.split("\n")[:2] == [f"{name}.yaml: ok, nothing to repair"
                                           for name in ("good", "bad")]  # fmt: skip


def test_standard_input(run: Run, models: Path) -> None:
    ended = run("fix", "-", stdin=BAD)
    assert ended.out == DIFF.replace("bad.yaml", "<stdin>")
    written = run("fix", "-", "--write", stdin=BAD.rstrip("\n"))
    assert (written.code, written.out) == (0, FIXED.rstrip("\n"))
    assert written.err == WORDS.replace("bad.yaml", "<stdin>")
    assert run("fix", "-", "--write", stdin=GOOD).out == GOOD
    assert run("fix", "-", "--write", "-o", "result", stdin=BAD).out == ""
    assert (models / "result").read_text() == FIXED


def test_what_cannot_be_read(run: Run, models: Path) -> None:
    for options in ([], ["--write"], ["--quiet"]):
        ended = run("fix", "broken.yaml", *options)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("error[syntax]: not YAML")
    ended = run("fix", "broken.yaml", "missing.yaml", "bad.yaml", "--write")
    assert ended.code == 2
    assert "error: no such file: missing.yaml" in ended.err
    assert (models / "bad.yaml").read_text() == FIXED
    assert run("fix", "-", "--write", stdin="layers: [").out == ""


def test_what_comes_with_the_package_is_not_written_to(run: Run, models: Path) -> None:
    ended = run("fix", "mnist-net-broken", "--write")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: `mnist-net-broken` comes with cnnshape, and is not written to; "
        "`cnnshape show mnist-net-broken -o mnist-net-broken.yaml` makes a file of your own\n"
    )
    assert "+  - {name: fc, type: linear, in_features: 320" in run("fix", "mnist-net-broken").out


def test_options_that_do_not_fit(run: Run, models: Path) -> None:
    for options in (["--set", "x=1"], ["--input", "0"], ["--input", "a=3"]):
        ended = run("fix", "bad.yaml", "--write", *options)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("error: ")
    assert (models / "bad.yaml").read_text() == BAD


def test_variables_and_inputs(run: Run, models: Path) -> None:
    (models / "v.yaml").write_text(
        'vars: {c: 4}\ninput: [3, 8, 8]\nlayers: [{type: batch_norm, num_features: "${c}"}]\n'
    )
    assert "num_features: 3}" in run("fix", "v.yaml", "--set", "c=5").out
    assert run("fix", "v.yaml", "--input", "4,8,8").out == ""
    assert "+vars: {c: 3}" in run("fix", "v.yaml").out


# Files


@pytest.mark.parametrize(
    "text", ["\ufeff" + BAD, BAD.replace("\n", "\r\n"), BAD.rstrip("\n"), BAD + "# ends\n\n"]
)
def test_no_other_byte_changes(run: Run, models: Path, text: str) -> None:
    (models / "bad.yaml").write_bytes(text.encode())
    assert run("fix", "bad.yaml", "--write").code == 0
    expected = text.replace("in_channels: 5", "in_channels: 1").encode()
    assert (models / "bad.yaml").read_bytes() == expected


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no `patch`")
@pytest.mark.parametrize(
    "text", [BAD, "\ufeff" + BAD, BAD.rstrip("\n"), BAD.replace("\n", "\r\n"), "# é\n" + BAD]
)
def test_the_diff_is_one_that_patch_takes(models: Path, text: str) -> None:
    (models / "bad.yaml").write_bytes(text.encode())
    ended = process("fix", "bad.yaml", "-o", "bad.diff", cwd=models)
    assert ended.returncode == 0
    command = ["patch", "--binary", "-p0", "-i", "bad.diff"]
    subprocess.run(command, cwd=models, check=True, capture_output=True)
    expected = text.replace("in_channels: 5", "in_channels: 1").encode()
    assert (models / "bad.yaml").read_bytes() == expected


def test_a_line_without_an_end_is_marked(run: Run, models: Path) -> None:
    (models / "bad.yaml").write_text(BAD.rstrip("\n"))
    lines = run("fix", "bad.yaml").out.split("\n")
    assert lines.count("\\ No newline at end of file") == 2


def test_mode_and_link_stay(run: Run, models: Path) -> None:
    (models / "bad.yaml").chmod(0o640)
    (models / "link.yaml").symlink_to("bad.yaml")
    assert run("fix", "link.yaml", "--write").code == 0
    assert (models / "link.yaml").is_symlink()
    assert (models / "bad.yaml").read_text() == FIXED
    assert stat.S_IMODE((models / "bad.yaml").stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_file(
    run: Run, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = sorted(models.iterdir())

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ended = run("fix", "bad.yaml", "--write")
    assert ended.code == 2
    assert ended.err == "error: cannot write bad.yaml: no space left on device\n"
    assert "written" not in ended.out
    assert (models / "bad.yaml").read_text() == BAD
    assert sorted(models.iterdir()) == listed


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_to_be_written_to(run: Run, models: Path) -> None:
    models.chmod(0o500)
    try:
        ended = run("fix", "bad.yaml", "--write")
    finally:
        models.chmod(0o700)
    assert (ended.code, ended.err) == (2, "error: cannot write bad.yaml: permission denied\n")
    assert (models / "bad.yaml").read_text() == BAD


# JSON and colour


def test_json(run: Run, models: Path) -> None:
    ended = run("fix", "bad.yaml", "good.yaml", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["version"] == 1
    bad, good = ended.json["models"]
    assert bad.keys() == {"model", "path", "ok", "written", "repairs", "left", "diff"}
    assert (bad["ok"], bad["written"], bad["left"], bad["diff"]) == (True, False, [], DIFF)
    (repair,) = bad["repairs"]
    assert repair["repair"] == "`in_channels: 1` in place of `5`"
    assert repair["diagnostic"]["rule"] == "size-mismatch"
    assert repair["edits"] == [
        {"line": 4, "column": 42, "end_line": 4, "end_column": 43, "text": "1"}
    ]
    assert (good["ok"], good["repairs"], good["diff"]) == (True, [], "")
    assert run("fix", "bad.yaml", "--write", "--format", "json").json["models"][0]["written"]
    assert (models / "bad.yaml").read_text() == FIXED


def test_json_of_what_is_left(run: Run, models: Path) -> None:
    (models / "hopeless.yaml").write_text(HOPELESS)
    ended = run("fix", "hopeless.yaml", "broken.yaml", "--format", "json")
    hopeless, broken = ended.json["models"]
    assert ended.code == 2
    (left,) = hopeless["left"]
    assert (left["rule"], left["reason"]) == ("bad-reshape", "no repair is known")
    assert [item["rule"] for item in broken["left"]] == ["syntax"]
    assert (broken["ok"], broken["repairs"], broken["diff"]) == (False, [], "")


def test_check_offers_what_fix_would_do(run: Run, models: Path) -> None:
    (models / "f.yaml").write_text(
        "input: [4, 8, 8]\nlayers:\n  - {name: a, type: conv2d, out_channels: 4, kernel_size: 3}\n"
        "  - {type: add, from: [a, input]}\n  - {type: linear, in_features: 256, out_features: 2}\n"
    )
    for command in ("check", "summary"):
        found = run(command, "f.yaml", "--format", "json").json
        (fault,) = found["models"][0]["diagnostics"] if command == "check" else found["diagnostics"]
        wanted = {"line": 3, "column": 60, "end_column": 60, "text": ", padding: 1"}
        assert fault["fix"] == wanted
    assert run("fix", "f.yaml", "--write").code == 0
    (models / "f.yaml").write_text(
        "input: [4, 8, 8]\nlayers:\n  - {type: linear, in_features: 256, out_features: 2}\n"
    )
    (fault,) = run("check", "f.yaml", "--format", "json").json["models"][0]["diagnostics"]
    assert fault["fix"] == {"line": 3, "column": 1, "end_column": 1, "text": "  - flatten\n"}


def test_colour_is_for_terminals(run: Run, models: Path) -> None:
    coloured = run("fix", "bad.yaml", FORCE_COLOR="1").out
    assert ESCAPE in coloured
    assert ESCAPE not in run("fix", "bad.yaml", FORCE_COLOR="1", NO_COLOR="1").out
    run("fix", "bad.yaml", "-o", "result", FORCE_COLOR="1")
    assert (models / "result").read_text() == DIFF


def test_no_control_reaches_the_terminal(run: Run, models: Path) -> None:
    nasty = r'"\e[2J${4}\a"'
    (models / "n.yaml").write_text(
        f"name: {nasty}\ninput: [3, 8, 8]\nlayers:\n  - {{type: relu, nam: {nasty}}}\n"
        f"  - {{type: batch_norm, num_features: {nasty}, name: {nasty}}}\n"
    )
    for options in ([], ["--format", "json"], ["--write"]):
        ended = run("fix", "n.yaml", *options)
        assert "\x1b" not in ended.out + ended.err
        assert "\x07" not in ended.out + ended.err


def test_check_does_not_import_what_repairs() -> None:
    from test_cli import imported

    assert not [name for name in imported("check", "lenet5") if "repair" in name]
    assert [name for name in imported("fix", "mnist-net-broken") if "cnnshape.repair" in name]
