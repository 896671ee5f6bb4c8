"""The commands as a user runs them: what goes where, and how they end."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cnnshape.cli import main
from cnnshape.sources import bundled

GOOD = """name: good
input: [1, 8, 8]
layers:
  - {name: c, type: conv2d, out_channels: 2, kernel_size: 3}
"""
BAD = GOOD.replace("name: good", "name: bad").replace(
    "out_channels", "in_channels: 5, out_channels"
)
NOTED = """name: noted
input: [3, 32, 32]
layers:
  - {name: odd, type: conv2d, out_channels: 4, kernel_size: 3, stride: 2, padding: same}
"""
WARNED = """input: [3, 32, 32]
layers:
  - {name: odd, type: conv2d, out_channels: 4, kernel_size: 3, stride: 2, padding: 1}
  - {name: even, type: conv2d, out_channels: 4, kernel_size: 2, stride: 2, from: input}
  - {name: sum, type: add, from: [odd, even]}
"""
VARIED = """vars: {width: 4}
input: [1, 8, 8]
layers: [{type: conv2d, out_channels: "${width}", kernel_size: 3}]
"""
COMMANDS = [
    "check",
    "summary",
    "diff",
    "baseline",
    "explain",
    "inputs",
    "fix",
    "run",
    "train",
    "list",
    "show",
    "schema",
]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process, in an empty folder and a plain environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "CNNSHAPE_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, stdin: str = "", **environment: str) -> Ended:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["cnnshape", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            for name, value in environment.items():
                patch.setenv(name, value)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one model that holds, one that does not, and one that cannot be read."""
    for name, text in {
        "good": GOOD,
        "bad": BAD,
        "noted": NOTED,
        "warned": WARNED,
        "varied": VARIED,
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "broken.yaml").write_text("layers: [")
    return tmp_path


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    return subprocess.run(
        [sys.executable, "-m", "cnnshape", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment | options.pop("env", {}),
        **options,
    )


# check


def test_a_model_that_holds_is_one_line(run: Run, models: Path) -> None:
    ended = run("check", "good.yaml")
    assert ended == Ended(
        0,
        "good.yaml: ok · 1 layer · 20 parameters · 648 MACs · (N, 1, 8, 8) → (N, 2, 6, 6)\n",
        "",
    )


def test_a_model_with_a_fault_is_shown(run: Run, models: Path) -> None:
    ended = run("check", "bad.yaml")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out == (
        "error[size-mismatch]: `c` takes 5 channels, but 1 arrives\n"
        " --> bad.yaml:4:42\n"
        "  |\n"
        "2 | input: [1, 8, 8]\n"
        "  |        --------- `input` is (N, 1, 8, 8)\n"
        "...\n"
        "4 |   - {name: c, type: conv2d, in_channels: 5, out_channels: 2, kernel_size: 3}\n"
        "  |                                          ^ expected 1\n"
        "  |\n"
        "  = help: write `in_channels: 1`, or leave it out\n"
        "\n"
        "bad.yaml: 1 error\n"
    )


def test_what_cannot_be_read_goes_to_stderr(run: Run, models: Path) -> None:
    ended = run("check", "broken.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[syntax]: not YAML: ")
    assert " --> broken.yaml:1:10" in ended.err


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["good.yaml"], 0),
        (["good.yaml", "noted.yaml"], 0),
        (["good.yaml", "bad.yaml"], 1),
        (["bad.yaml", "good.yaml"], 1),
        (["good.yaml", "broken.yaml"], 2),
        (["bad.yaml", "broken.yaml", "good.yaml"], 2),
        (["good.yaml", "missing.yaml"], 2),
        (["missing.yaml", "good.yaml"], 2),
        (["lenet5", "good.yaml"], 0),
        (["mnist-net-broken"], 1),
        (["."], 2),
    ],
)
@pytest.mark.parametrize("format", ["text", "json"])
def test_how_check_ends(run: Run, models: Path, paths: list[str], code: int, format: str) -> None:
    ended = run("check", *paths, "--format", format)
    assert ended.code == code
    if "good.yaml" in paths:  # whatever the others are
        assert "good.yaml" in ended.out


def test_several_models_are_counted(run: Run, models: Path) -> None:
    assert run("check", "good.yaml", "bad.yaml").out.endswith("2 models: 1 ok, 1 with errors\n")
    assert run("check", "good.yaml", "noted.yaml").out.endswith("2 models: 2 ok\n")


def test_quiet_says_nothing_of_what_holds(run: Run, models: Path) -> None:
    assert run("check", "--quiet", "good.yaml") == Ended(0, "", "")
    ended = run("check", "-q", "good.yaml", "bad.yaml")
    assert ended.code == 1
    assert "good" not in ended.out
    assert "bad.yaml: 1 error" in ended.out


def test_strict_is_about_warnings_and_not_about_notes(run: Run, models: Path) -> None:
    assert run("check", "noted.yaml").out.startswith("note[same-differs]: ")
    assert run("check", "--strict", "noted.yaml").code == 0
    assert run("check", "warned.yaml").out.startswith("warning[not-aligned]: ")
    assert run("check", "warned.yaml").code == 0
    assert run("check", "--strict", "warned.yaml").code == 1
    assert run("check", "--strict", "bad.yaml").code == 1


def test_set_and_input(run: Run, models: Path) -> None:
    assert "(N, 4, 6, 6)" in run("check", "varied.yaml").out
    assert "(N, 9, 6, 6)" in run("check", "varied.yaml", "--set", "width=9").out
    assert "(N, 4, 3, 10)" in run("check", "varied.yaml", "--input", "1,5,12").out
    assert "(N, 4, 3, 10)" in run("check", "varied.yaml", "--input", "input=(N, 1, 5, 12)").out
    assert run("check", "varied.yaml", "--input", "2,5,5", "--set", "width = 3").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "width"], "--set width: write NAME=VALUE"),
        (["--set", "=3"], "--set =3: write NAME=VALUE"),
        (["--set", "widht=3"], "no variable is called `widht` in varied.yaml; write `width`"),
        (["--input", "1,%"], "`1,%` is no shape: `%` is neither a size nor a name of one"),
        (["--input", ""], "`` is no shape: write sizes such as 3,224,224"),
        (["--input", "1,0,8"], "`1,0,8` is no shape: sizes go from 1 to 2,147,483,647"),
        (["--input", "mask=1,8,8"], "the model has no input `mask`, but input"),
        (["--format", "yaml"], "'yaml' is not one of"),
        (["--nonsense"], "No such option"),
    ],
)
def test_options_that_make_no_sense(
    run: Run, models: Path, arguments: list[str], words: str
) -> None:
    ended = run("check", "varied.yaml", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in " ".join(ended.err.split())


# Paths


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing.yaml", "error: no such file: missing.yaml\n"),
        ("a/b", "error: no such file: a/b\n"),
        (
            "lenet",
            "error: no file, folder or bundled model is called `lenet`; did you mean `lenet5`?\n",
        ),
        ("zzzzzz", "error: no file, folder or bundled model is called `zzzzzz`\n"),
        ("", "error: no file, folder or bundled model is called ``\n"),
        ("x" * 5000, None),
        ("a\0b", None),
        ("empty", "error: empty: no model file in this folder (a YAML file with `layers`)\n"),
        (
            "net.txt",
            "error: net.txt: no reader for .txt files; model files end in .yaml or .yml\n",
        ),
        ("net", "error: net: no reader for such files; model files end in .yaml or .yml\n"),
    ],
)
def test_paths_that_name_no_model(run: Run, tmp_path: Path, path: str, words: str | None) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "net.txt").write_text(GOOD)
    (tmp_path / "net").write_text(GOOD)
    for command in ("check", "summary", "explain"):
        ended = run(command, path)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("error: ")
        assert len(ended.err) < 400
        assert words is None or ended.err == words


def test_a_folder_is_searched_for_models(run: Run, tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "deep/er/c.yaml", ".hidden/d.yaml", ".e.yaml", "F.YAML"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    (tmp_path / "pipeline.yaml").write_text("on: push\njobs: [a]\n")
    (tmp_path / "notes.txt").write_text(GOOD)
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "dangling.yaml").symlink_to("nowhere.yaml")
    found = [model["path"] for model in run("check", ".", "--format", "json").json["models"]]
    assert found == ["F.YAML", "a.yml", "b.yaml", "deep/er/c.yaml"]


def test_a_loop_of_folders_ends(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "m.yaml").write_text(GOOD)
    assert len(run("check", ".", "--format", "json").json["models"]) == 1


def test_a_broken_file_in_a_folder_is_told(run: Run, models: Path) -> None:
    ended = run("check", ".")
    assert ended.code == 2
    assert "broken.yaml" in ended.err
    assert "good.yaml: ok" in ended.out


def test_summary_wants_one_model(run: Run, models: Path) -> None:
    assert run("summary", ".").err == "error: . is a folder; name one model file\n"
    assert run("explain", ".").err == "error: . is a folder; name one model file\n"


def test_a_file_before_a_bundled_name(run: Run, tmp_path: Path) -> None:
    assert "lenet5.yaml: ok · 12 layers" in run("check", "lenet5").out
    (tmp_path / "lenet5").mkdir()
    (tmp_path / "lenet5" / "m.yaml").write_text(GOOD)
    assert "lenet5/m.yaml: ok · 1 layer " in run("check", "lenet5").out


def test_standard_input(run: Run) -> None:
    assert run("check", "-", stdin=GOOD).out.startswith("<stdin>: ok · 1 layer")
    assert " --> <stdin>:4:42" in run("check", "-", stdin=BAD).out
    assert run("summary", "-", stdin=GOOD).code == 0
    assert run("explain", "-", stdin=GOOD).code == 0
    empty = run("check", "-")
    assert (empty.code, empty.out) == (2, "")
    assert "an empty file" in empty.err


def test_a_file_that_may_not_be_read(
    run: Run, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root one may read everything, and so the system's answer is made up."""
    opened = Path.open

    def guarded(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "good.yaml":
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", guarded)
    ended = run("check", "good.yaml", "varied.yaml")
    assert (ended.code, ended.err) == (2, "error: good.yaml: permission denied\n")
    assert "varied.yaml: ok" in ended.out


# JSON, by the contract's section 4


MODEL = {
    *("model", "path", "ok", "inputs", "outputs", "layers", "totals", "diagnostics"),
}
LAYER = {
    *("name", "type", "inputs", "input_shapes", "output_shape", "params", "trainable_params"),
    *("buffers", "macs", "receptive_field", "line"),
}
TOTALS = {"params", "trainable_params", "buffers", "macs", "activations", "memory"}
DIAGNOSTIC = {
    *("rule", "severity", "message", "layer", "file", "line", "column", "end_line", "end_column"),
    *("expected", "found", "help"),
}


def test_json_has_what_the_contract_promises(run: Run, models: Path) -> None:
    ended = run("check", "bad.yaml", "good.yaml", "--format", "json")
    assert ended.json.keys() == {"version", "models"}
    assert ended.json["version"] == 1
    bad, good = ended.json["models"]
    assert bad.keys() >= MODEL
    assert bad["layers"][0].keys() >= LAYER
    assert bad["totals"].keys() >= TOTALS
    assert bad["totals"]["memory"].keys() == {"params", "forward", "training"}
    (found,) = bad["diagnostics"]
    assert found.keys() >= {*DIAGNOSTIC, "fix"}
    assert (bad["ok"], good["ok"], good["diagnostics"]) == (False, True, [])


def test_the_numbers_of_the_json(run: Run, models: Path) -> None:
    found = run("summary", "good.yaml", "--format", "json").json
    assert found["inputs"] == {"input": ["N", 1, 8, 8]}
    assert found["outputs"] == {"c": ["N", 2, 6, 6]}
    (layer,) = found["layers"]
    assert {key: layer[key] for key in LAYER} == {
        "name": "c",
        "type": "conv2d",
        "inputs": ["input"],
        "input_shapes": [["N", 1, 8, 8]],
        "output_shape": ["N", 2, 6, 6],
        "params": 20,
        "trainable_params": 20,
        "buffers": 0,
        "macs": 648,
        "receptive_field": {"size": [3, 3], "stride": [1, 1], "start": [0, 0]},
        "line": 4,
    }
    totals = found["totals"]
    assert (totals["params"], totals["macs"], totals["activations"]) == (20, 648, 72)


def test_the_place_and_the_fix_of_a_fault(run: Run, models: Path) -> None:
    (found,) = run("summary", "bad.yaml", "--format", "json").json["diagnostics"]
    place = [found[key] for key in ("file", "line", "column", "end_line", "end_column")]
    assert place == ["bad.yaml", 4, 42, 4, 43]
    assert (found["expected"], found["found"], found["layer"]) == (1, 5, "c")
    assert found["fix"] == {"line": 4, "column": 42, "end_column": 43, "text": "1"}
    assert BAD.split("\n")[3][41:42] == "5"


def test_json_of_what_cannot_be_read(run: Run, models: Path) -> None:
    ended = run("check", "broken.yaml", "--format", "json")
    (found,) = ended.json["models"]
    assert (ended.code, found["ok"]) == (2, False)
    assert [item["rule"] for item in found["diagnostics"]] == ["syntax"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("input: [3, H, W]\nlayers: []\n", 1),
        ("input: [3, H, W]\nlayers: [relu, relux]\n", 1),
        ("layers: [", 2),
    ],
)
def test_inputs_of_no_model_as_json(run: Run, text: str, code: int) -> None:
    ended = run("inputs", "-", "--format", "json", stdin=text)
    assert (ended.code, ended.json["ok"], len(ended.json["diagnostics"])) == (code, False, 1)


def test_json_is_utf8_whatever_the_locale(models: Path) -> None:
    (models / "größe.yaml").write_text(GOOD.replace("good", "größe"), encoding="utf-8")
    for encoding in ("utf-8", "ascii"):
        ended = process(
            "check",
            "größe.yaml",
            cwd=models,
            env={"PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"},
        )
        assert ended.returncode == 0
        assert ended.stderr == ""


# summary, explain, list, show, schema


def test_summary_is_a_table_and_its_totals(run: Run, models: Path) -> None:
    ended = run("summary", "good.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"Layer +Type +Output +Params +.*MACs", ended.out)
    assert re.search(r"c +conv2d +\(N, 2, 6, 6\) +20 +.*648", ended.out)
    assert re.search(r"Parameters +20 \(all trainable\)", ended.out)


def test_summary_of_a_fault_ends_with_it(run: Run, models: Path) -> None:
    ended = run("summary", "bad.yaml")
    assert ended.code == 1
    assert ended.out.index("conv2d") < ended.out.index("error[size-mismatch]")


def test_summary_of_what_cannot_be_read(run: Run, models: Path) -> None:
    for command in ("summary", "explain"):
        ended = run(command, "broken.yaml")
        assert (ended.code, ended.out) == (2, "")
        assert "error[syntax]" in ended.err


def test_depth_closes_blocks(run: Run) -> None:
    lines = [len(run("summary", "resnet18", "--depth", str(n)).out.split("\n")) for n in (1, 2, 3)]
    assert lines[0] < lines[1] < lines[2]
    assert run("summary", "resnet18", "--depth", "0").code == 2


def test_summary_as_csv(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("summary", "lenet5", "--format", "csv").out)))
    assert [row["name"] for row in rows[:2]] == ["C1", "tanh_1"]
    assert sum(int(row["params"]) for row in rows) == 61_706
    assert rows[0]["output_shape"] == "Nx6x28x28"


def test_summary_as_markdown(run: Run) -> None:
    lines = run("summary", "lenet5", "--format", "markdown").out.split("\n")
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 12
    assert len({line.count("|") for line in table}) == 1
    assert "61,706" in "\n".join(lines)


def test_explain_puts_the_numbers_in(run: Run, models: Path) -> None:
    ended = run("explain", "good.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert "(8 - 3 + 2·0)/1 + 1 = 6" in ended.out
    assert "3·3·1·2 + 2 = 20" in ended.out
    assert run("explain", "bad.yaml").code == 1


def test_explain_one_layer_or_block(run: Run) -> None:
    one = run("explain", "resnet18", "layer1.0.conv1")
    assert one.out.startswith("layer1.0.conv1  conv2d")
    assert one.out.count("conv2d") == 1
    assert run("explain", "resnet18", "layer1").out.count("  conv2d") == 4
    missing = run("explain", "resnet18", "layer1.0.cnov1")
    assert missing.code == 2
    assert missing.err == ("error: no layer is called `layer1.0.cnov1`; write `layer1.0.conv1`\n")
    found = run("explain", "lenet5", "C1", "--format", "json").json
    assert [layer["name"] for layer in found["layers"]] == ["C1"]


def test_list_names_every_architecture(run: Run) -> None:
    lines = run("list").out.rstrip("\n").split("\n")
    assert [line.split()[0] for line in lines] == bundled.names()
    data = run("list", "--format", "json").json
    assert [item["name"] for item in data["architectures"]] == bundled.names()
    assert all(item["description"] for item in data["architectures"])


@pytest.mark.parametrize("name", bundled.names())
def test_show_prints_a_file_that_can_be_started_from(run: Run, name: str, tmp_path: Path) -> None:
    shown = run("show", name)
    assert shown.out == (bundled.folder() / f"{name}.yaml").read_text("utf-8").rstrip("\n") + "\n"
    (tmp_path / "mine.yaml").write_text(shown.out)
    assert run("check", "mine.yaml").code == run("check", name).code


def test_show_of_what_there_is_not(run: Run) -> None:
    ended = run("show", "resnet19")
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(
        r"error: no architecture is called `resnet19`; write `resnet1\d1?`\n", ended.err
    )


def test_schema_is_a_schema(run: Run) -> None:
    found = run("schema").json
    assert "$schema" in found
    assert found["type"] == "object"


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_examples(run: Run, command: str) -> None:
    for option in ("--help", "-h"):
        ended = run(command, option)
        assert (ended.code, ended.err) == (0, "")
        assert f"cnnshape {command}" in ended.out.partition("Examples:")[2]


def test_help_names_every_command(run: Run) -> None:
    ended = run("--help")
    assert ended.code == 0
    assert all(re.search(rf"^\W*{command}\b", ended.out, re.M) for command in COMMANDS)
    bare = run()
    assert "Usage:" in bare.out + bare.err


def test_version(run: Run) -> None:
    assert re.fullmatch(r"cnnshape \d+\.\d+\.\d+\n", run("--version").out)


@pytest.mark.parametrize("arguments", [["check"], ["summary"], ["chek", "x"], ["check", "--set"]])
def test_bad_usage(run: Run, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


# -o


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "good.yaml"],
        ["check", "bad.yaml", "--format", "json"],
        ["summary", "good.yaml"],
        ["summary", "good.yaml", "--format", "json"],
        ["summary", "good.yaml", "--format", "csv"],
        ["summary", "good.yaml", "--format", "markdown"],
        ["explain", "good.yaml"],
        ["list"],
        ["show", "lenet5"],
        ["schema"],
    ],
    ids=" ".join,
)
def test_output_goes_to_the_file_alone(run: Run, models: Path, arguments: list[str]) -> None:
    printed = run(*arguments)
    ended = run(*arguments, "-o", "result")
    assert (ended.code, ended.out, ended.err) == (printed.code, "", "")
    assert (models / "result").read_text("utf-8") == printed.out


def test_a_file_is_written_whole_or_not_at_all(
    run: Run, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (models / "result").write_text("before")
    listed = sorted(models.iterdir())

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ended = run("check", "good.yaml", "-o", "result")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: cannot write result: no space left on device\n"
    assert (models / "result").read_text() == "before"
    assert sorted(models.iterdir()) == listed


@pytest.mark.parametrize(
    ("target", "reason"),
    [("no/such/folder", "no such file or directory"), ("folder", "is a directory")],
)
def test_a_file_that_cannot_be_written(run: Run, models: Path, target: str, reason: str) -> None:
    (models / "folder").mkdir()
    ended = run("check", "good.yaml", "-o", target)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: cannot write {target}: {reason}\n"
    assert list((models / "folder").iterdir()) == []


def test_a_file_keeps_its_mode_and_a_link_stays_one(run: Run, models: Path) -> None:
    (models / "result").write_text("before")
    (models / "result").chmod(0o640)
    (models / "link").symlink_to("result")
    assert run("check", "good.yaml", "-o", "link").code == 0
    assert (models / "link").is_symlink()
    assert (models / "result").read_text().startswith("good.yaml: ok")
    assert stat.S_IMODE((models / "result").stat().st_mode) == 0o640


def test_a_pipe_is_written_to_and_stays_a_pipe(models: Path) -> None:
    pipe = models / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        ended = process("check", "good.yaml", "-o", "pipe", cwd=models)
        assert ended.returncode == 0
        assert reader.communicate(timeout=10)[0].startswith("good.yaml: ok")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


# Colour


ESCAPE = "\x1b["


def test_no_colour_in_a_pipe(run: Run, models: Path) -> None:
    for command in (["check", "bad.yaml"], ["summary", "bad.yaml"], ["explain", "bad.yaml"]):
        assert ESCAPE not in run(*command).out
        assert ESCAPE in run(*command, FORCE_COLOR="1").out
        assert ESCAPE not in run(*command, FORCE_COLOR="1", NO_COLOR="1").out
        assert ESCAPE not in run(*command, FORCE_COLOR="1", TERM="dumb").out


def test_colour_changes_no_word(run: Run, models: Path) -> None:
    plain = run("check", "bad.yaml").out
    coloured = run("check", "bad.yaml", FORCE_COLOR="1").out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("command", ["check", "summary", "explain"])
def test_no_colour_in_a_file(run: Run, models: Path, command: str) -> None:
    run(command, "bad.yaml", "-o", "result", FORCE_COLOR="1")
    assert ESCAPE not in (models / "result").read_text()


def test_a_model_cannot_steer_the_terminal(run: Run, models: Path) -> None:
    nasty = r'"\e[2Jx\a"'
    (models / "n.yaml").write_text(
        f"name: {nasty}\ninput: [1, 8, 8]\nlayers:\n  - {{type: relu, inplace: {nasty}}}\n"
        f"  - {{type: {nasty}}}\n  - {{type: relu, name: {nasty}, from: {nasty}}}\n"
    )
    for command in ("check", "summary", "explain"):
        for format in ("text", "json"):
            ended = run(command, "n.yaml", "--format", format)
            assert "\x1b" not in ended.out + ended.err
            assert "\x07" not in ended.out + ended.err


# Processes


def test_the_program_and_the_module_are_one(models: Path) -> None:
    ended = process("check", "good.yaml", cwd=models)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("good.yaml: ok")
    script = Path(sys.executable).with_name("cnnshape")
    if script.exists():
        again = subprocess.run(
            [script, "check", "good.yaml"], cwd=models, capture_output=True, text=True, check=False
        )
        assert again.stdout == ended.stdout


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """`cnnshape … | head -1`: whatever the shell makes of it, the user sees nothing of it."""
    (tmp_path / "m.yaml").write_text(
        "input: [1, 8, 8]\nlayers: [{type: relu, repeat: 5000}]\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "cnnshape", "summary", "m.yaml", "--format", "json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""


def test_an_interrupt_leaves_no_traceback(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cnnshape", "check", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as running:
        time.sleep(1.5)  # it waits for its input by now
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=10)
    assert running.returncode in (130, -signal.SIGINT)
    assert out == ""
    assert "Traceback" not in err


def test_what_nobody_foresaw_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(sys.modules["cnnshape.cli.check"], "analysed", fail)
    ended = run("check", "lenet5")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: cnnshape failed: RuntimeError: unforeseen")
    assert "Traceback" not in ended.err


# Starting


IMPORTED = """
import sys
sys.argv = ["cnnshape", *{arguments!r}]
from cnnshape.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write("\\n".join(sys.modules))
"""
HEAVY = {"numpy", "rich", "cnnshape.report.terminal.table"}
OF_LENET5 = {"convolution", "pooling", "activation", "axis", "dense", "shape", "sliding"}
"""`sliding` is what convolution and pooling share, `axis` the numbers of axes."""


def imported(*arguments: str, **environment: str) -> set[str]:
    """The modules that a command leaves behind, in an interpreter of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(arguments=arguments)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )
    return set(ended.stderr.split("\n"))


def families(modules: set[str]) -> set[str]:
    from cnnshape.layers import families as known

    return {family for family in known() if f"cnnshape.layers.{family}" in modules}


def test_a_check_imports_what_it_needs() -> None:
    modules = imported("check", "lenet5")
    assert not HEAVY & modules
    assert families(modules) == OF_LENET5


def test_the_imports_can_be_too_many() -> None:
    modules = imported("summary", "resnet18")
    assert "rich" in modules
    assert "normalisation" in families(modules)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ("3x", "`3x` gives no sizes: they go from 1 to 2,147,483,647"),
        ("0x4", "`0x4` gives no sizes: they go from 1 to 2,147,483,647"),
        ("99999999999x1", "`99999999999x1` gives no sizes: they go from 1 to 2,147,483,647"),
        ("4x4x4", "`4x4x4` gives no sizes: the model's are HxW"),
        ("H=4,Z=4", "`H=4,Z=4` gives no sizes: the model's are HxW"),
    ],
)
def test_sizes_that_are_none(run: Run, sizes: str, words: str) -> None:
    ended = run("inputs", "lenet5", "--at", sizes)
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {words}\n")
