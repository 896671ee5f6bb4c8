"""Settings of a project: where they are found, what they do, and what is wrong with them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, examples
from test_cli import BAD, GOOD, Run, imported, models, run

from cnnshape.diagnostics import Diagnostic, UnreadableError
from cnnshape.layer import N
from cnnshape.sources.settings.find import nearest
from cnnshape.sources.settings.pattern import matches
from cnnshape.sources.settings.place import Places
from cnnshape.sources.settings.read import KEYS, Settings, Table, read_settings

__all__ = ["models", "run"]  # fixtures

OK = "ok · 1 layer · 20 parameters · 648 MACs · (N, 1, 8, 8) → (N, 2, 6, 6)"
WARNED = GOOD.rstrip() + "  # cnnshape: ignore[bad-rank]\n"


def settings(folder: Path, text: str, name: str = "cnnshape.toml") -> Settings:
    file = folder / name
    file.write_text(text)
    return read_settings(file)


def faults(folder: Path, text: str, name: str = "cnnshape.toml") -> list[Diagnostic]:
    with pytest.raises(UnreadableError) as caught:
        settings(folder, text, name)
    assert {item.rule for item in caught.value.diagnostics} == {"invalid-settings"}
    return list(caught.value.diagnostics)


# Where they are found


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [
        ("[tool.cnnshape]\n", True),
        ("[tool.cnnshape.limits]\nparams = 1\n", True),
        ("[tool]\ncnnshape = {strict = true}\n", True),
        ('[ "tool" . "cnnshape" ]\n', True),
        ("tool.cnnshape.strict = true\n", True),
        ("tool = {cnnshape = {}}\n", True),
        ("[tool.other]\n", False),
        ('[tool.other]\nneeds = ["cnnshape"]\n', False),
        ('[project.scripts]\ncnnshape = "cnnshape.__main__:main"\n', False),
        ('[tool]\nx = "tool.cnnshape"\n', False),
        ("# [tool.cnnshape]\n", False),
        ("[tool.cnnshape\n", True),
        ("[tool.cnnshape-extra]\n", False),
        ("", False),
    ],
)
def test_a_project_file_with_our_table(tmp_path: Path, text: str, is_ours: bool) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    assert nearest(tmp_path) == (file if is_ours else None)


def test_the_nearest_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    outer = tmp_path / "pyproject.toml"
    outer.write_text("[tool.cnnshape]\n")
    assert nearest(inner) == outer
    assert nearest(inner / ".." / "b") == outer
    (inner.parent / "pyproject.toml").write_text("[project]\n")  # says nothing of models
    assert nearest(inner) == outer
    own = inner.parent / "cnnshape.toml"
    own.write_text("")
    assert nearest(inner) == own
    beside = inner.parent / "pyproject.toml"
    beside.write_text("[tool.cnnshape]\n")
    assert nearest(inner) == own
    own.unlink()
    assert nearest(inner) == beside


def test_settings_are_those_of_the_path(run: Run, tmp_path: Path) -> None:
    """Each PATH has those above it, wherever the command is run."""
    for name, limit in (("small", 5), ("large", 500)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.yaml").write_text(GOOD)
        (tmp_path / name / "cnnshape.toml").write_text(f"limits = {{params = {limit}}}\n")
    ended = run("check", "small/net.yaml", "large/net.yaml")
    assert ended.code == 1
    assert "small/cnnshape.toml:1:20" in ended.out
    assert f"large/net.yaml: {OK}\n" in ended.out


def test_a_run_without_settings_imports_nothing_for_them(tmp_path: Path) -> None:
    modules = imported("check", "lenet5", PWD=str(tmp_path))
    assert "cnnshape.sources.settings.find" in modules
    assert not {"tomllib", "cnnshape.sources.settings.read", "cnnshape.cli.limits"} & (modules)
    (tmp_path / "cnnshape.toml").write_text("")
    asked = imported("check", "lenet5", "--config", str(tmp_path / "cnnshape.toml"))
    assert {"tomllib", "cnnshape.sources.settings.read"} <= asked


def test_config_and_no_config(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text("limits = {params = 5}\n")
    (models / "other.toml").write_text("limits = {params = 6}\n")
    assert "but the limit is 5\n" in run("check", "good.yaml").out
    assert "but the limit is 6\n" in run("check", "good.yaml", "--config", "other.toml").out
    assert run("check", "good.yaml", "--no-config").out == f"good.yaml: {OK}\n"
    both = run("check", "good.yaml", "--no-config", "--config", "other.toml")
    assert (both.code, both.err) == (2, "error: --config and --no-config exclude each other\n")
    gone = run("check", "good.yaml", "--config", "gone.toml")
    assert (gone.code, gone.err) == (2, "error: gone.toml: no such file or directory\n")


# What they do


def test_paths(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text('paths = ["good.yaml", "varied.yaml"]\n')
    ended = run("check")
    assert ended.code == 0
    assert [line.partition(":")[0] for line in ended.out.splitlines()] == [
        "good.yaml", "varied.yaml", "2 models",
    ]  # fmt: skip
    (models / "sub").mkdir()
    outside = run("check", "noted.yaml")
    assert outside.out.splitlines()[-1].startswith("noted.yaml: ok")


def test_no_path_and_none_set(run: Run, models: Path) -> None:
    ended = run("check")
    words = "error: name a PATH to check, or set `paths` in the settings\n"
    assert (ended.code, ended.out, ended.err) == (2, "", words)


def test_exclude(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text('exclude = ["b*.yaml", "noted.yaml", "/vendor"]\n')
    (models / "vendor").mkdir()
    (models / "vendor" / "far.yaml").write_text(BAD)
    ended = run("check", ".")
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "3 models: 3 ok"
    assert run("check", "bad.yaml").code == 1  # what is named is meant


def test_ignore(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text('ignore = ["size-mismatch"]\n')
    ended = run("check", "bad.yaml", "--format", "json")
    (model,) = ended.json["models"]
    assert (ended.code, model["ok"], model["diagnostics"]) == (0, True, [])
    assert [item["rule"] for item in model["suppressed"]] == ["size-mismatch"]


def test_per_file_ignores(run: Run, models: Path) -> None:
    text = '[tool.cnnshape.per-file-ignores]\n"b*.yaml" = ["size-mismatch"]\n'
    (models / "pyproject.toml").write_text(text)
    (models / "other.yaml").write_text(BAD)
    assert run("check", "bad.yaml").code == 0
    assert run("check", "other.yaml").code == 1


def test_strict(run: Run, models: Path) -> None:
    (models / "warned.yaml").write_text(WARNED)
    assert run("check", "warned.yaml").code == 0
    (models / "cnnshape.toml").write_text("strict = true\n")
    assert run("check", "warned.yaml").code == 1
    assert run("summary", "warned.yaml").code == 1
    assert run("check", "good.yaml").code == 0


def test_an_unused_suppression_can_be_ignored(run: Run, models: Path) -> None:
    (models / "warned.yaml").write_text(WARNED)
    (models / "cnnshape.toml").write_text('strict = true\nignore = ["unused-suppression"]\n')
    assert run("check", "warned.yaml").code == 0


def test_limits_are_shown_where_they_stand(run: Run, models: Path) -> None:
    (models / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.cnnshape.limits]\nparams = "10"\n'
    )
    ended = run("check", "good.yaml")
    assert ended.code == 1
    assert ended.out == (
        "error[limit-exceeded]: `good.yaml` has 20 parameters, but the limit is 10\n"
        " --> pyproject.toml:5:10\n"
        "  |\n"
        '5 | params = "10"\n'
        "  |          ^^^^ computed 20 parameters\n"
        "  |\n"
        "\n"
        "good.yaml: 1 error\n"
    )


def test_limits_of_a_file_come_before_those_of_all(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text(
        '[limits]\nparams = 10\nmacs = "1k"\n'
        '[per-file-limits."good.yaml"]\nparams = 100\n[per-file-limits."v*"]\nmacs = 1\n'
    )
    assert run("check", "good.yaml").code == 0
    found = run("check", "varied.yaml", "--format", "json").json["models"][0]["diagnostics"]
    assert [item["message"] for item in found] == [
        "`varied.yaml` has 40 parameters, but the limit is 10",
        "`varied.yaml` takes 1,296 MACs, but the limit is 1",
    ]


def test_inputs(run: Run, models: Path) -> None:
    """A shape for every command, where the command line gives none."""
    (models / "cnnshape.toml").write_text('[inputs]\n"good.yaml" = "1,16,16"\n')
    assert "(N, 1, 16, 16) → (N, 2, 14, 14)" in run("check", "good.yaml").out
    assert "(N, 2, 14, 14)" in run("summary", "good.yaml").out
    assert "(16 - 3 + 2·0)/1 + 1 = 14" in run("explain", "good.yaml").out
    assert "(N, 2, 4, 4)" in run("check", "good.yaml", "--input", "1,6,6").out


@pytest.mark.parametrize(
    ("path", "shapes"),
    [
        ("models/a.py", {0: "N,3,32,32"}),
        ("models/deep/b.py", {0: "N,3,32,32"}),
        ("models/a.py:Net", {0: "1,28,28"}),
        ("models/a.py:Net(num_classes=10)", {0: "1,28,28"}),
        ("models/a.py:Other", {0: "N,3,32,32"}),
        ("two.py", {0: "3,8,8", 1: "1,4,4"}),
        ("listed.py", {0: "3,8,8"}),
        ("named.py", {"image": "3,H,W=64", "mask": "N,1,8,8"}),
        ("net.yaml", {}),
    ],
)
def test_shapes_of_python_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, shapes: dict[Any, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings(
        tmp_path,
        """
        [inputs]
        "models/a.py:Net" = "1,28,28"
        "models/**/*.py" = "N,3,32,32"
        "two.py" = ["3,8,8", [1, 4, 4]]
        "listed.py" = [3, 8, 8]
        "named.py" = {image = "3,H,W=64", mask = ["N", 1, 8, 8]}
        """,
    )
    assert found.demand(path).shapes == shapes


@pytest.mark.parametrize(
    ("pattern", "path", "holds"),
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "deep/er/a.yaml", True),
        ("*.yaml", "a.yaml.txt", False),
        ("a*.yaml", "ba.yaml", False),
        ("models/*.yaml", "models/a.yaml", True),
        ("models/*.yaml", "models/deep/a.yaml", False),
        ("models/*.yaml", "old/models/a.yaml", False),
        ("models/**/*.yaml", "models/a.yaml", True),
        ("models/**/*.yaml", "models/b/c/a.yaml", True),
        ("**/a.yaml", "b/c/a.yaml", True),
        ("models", "models/deep/a.yaml", True),
        ("models/", "models/deep/a.yaml", True),
        ("models", "old/models/a.yaml", True),
        ("/models", "old/models/a.yaml", False),
        ("./models", "models/a.yaml", True),
        ("models/**", "models/deep/a.yaml", True),
        ("net?.yaml", "net1.yaml", True),
        ("net?.yaml", "net12.yaml", False),
        ("net[12].yaml", "net2.yaml", True),
        ("net[!12].yaml", "net2.yaml", False),
        ("net[z-a].yaml", "net[z-a].yaml", True),
        ("a+b.yaml", "a+b.yaml", True),
        ("a.yaml", "abyaml", False),
    ],
)
def test_patterns(pattern: str, path: str, holds: bool) -> None:
    assert matches(pattern, path) is holds


# What is wrong with them


@pytest.mark.parametrize(
    ("text", "place", "message", "help"),
    [
        ("strct = true", (1, 1, 6), "there is no setting `strct`", "write `strict`"),
        ('strict = "yes"', (1, 10, 15), "`strict` must be true or false, not `yes`", None),
        ("tool = {cnnshape = 3}", (1, 20, 21), "`tool.cnnshape` must be a table, not `3`", None),
        ("strict = 1", (1, 10, 11), "`strict` must be true or false, not `1`", None),
        ('paths = "a"', (1, 9, 12), "`paths` must be a list, not `a`", None),
        ('paths = ["a",\n  3]', (2, 3, 4), "`paths` must be text, not `3`", None),
        ('ignore = ["bad-rang"]', (1, 11, 21), "`ignore`: no rule is called `bad-rang`",
         "write `bad-rank`"),
        ('ignore = ["syntax"]', (1, 11, 19),
         "`ignore`: `syntax` cannot be ignored: where it is found, nothing else is looked for",
         None),
        ('[per-file-ignores]\n"a.*" = ["nothing"]', (2, 10, 19),
         "`per-file-ignores.a.*`: no rule is called `nothing`", None),
        ("limits = 3", (1, 10, 11), "`limits` must be a table, not `3`", None),
        ("[limits]\nparms = 3", (2, 1, 6), "`limits` has no `parms`", "write `params`"),
        ('limits = {params = "many"}', (1, 20, 26),
         "the limit `params` must be a number such as 5M, not `many`", None),
        ("[limits]\nmemory.forward = true", (2, 18, 22),
         "the limit `memory.forward` must be a number such as 2GiB, not true", None),
        ('[per-file-limits."*.py"]\nparams = []', (2, 10, 12),
         "the limit `params` must be a number such as 5M, not a list", None),
        ('[inputs]\n"net.py" = 3', (2, 12, 13),
         "`inputs.net.py`: `3` is no shape: write a shape such as `3,224,224`, a list of shapes, "
         "or a table of them by inputs' names", None),
        ('[inputs]\n"net.py" = "3,x y"', (2, 12, 19),
         "`inputs.net.py`: `3,x y` is no shape: `x y` is neither a size nor a name of one; "
         "write 3,224,224 or 3,H,W", None),
    ],
)  # fmt: skip
def test_a_fault_and_its_place(
    tmp_path: Path, text: str, place: tuple[int, int, int], message: str, help: str | None
) -> None:
    (found,) = faults(tmp_path, text)
    assert found.span is not None
    assert (found.message, found.help) == (message, help)
    assert (found.span.line, found.span.column, found.span.end_column) == place


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a = [1", (1, 7), "not TOML: unclosed array"),
        ("a = 1\nb = = 2\n", (2, 5), "not TOML: invalid value"),
    ],
)
def test_what_is_no_toml(tmp_path: Path, text: str, place: tuple[int, int], message: str) -> None:
    (found,) = faults(tmp_path, text)
    assert found.span is not None
    assert (found.message, (found.span.line, found.span.column)) == (message, place)


def test_what_is_no_utf8(tmp_path: Path) -> None:
    file = tmp_path / "cnnshape.toml"
    file.write_bytes(b"strict = \xff")
    with pytest.raises(UnreadableError) as caught:
        read_settings(file)
    assert caught.value.diagnostics[0].message == "not UTF-8: byte 0xff at offset 9"


def test_all_faults_are_told(tmp_path: Path) -> None:
    found = faults(tmp_path, "[tool.cnnshape]\npaths = 1\nstrict = 2\nnew = 3\n", "pyproject.toml")
    assert [item.span.line for item in found if item.span] == [2, 3, 4]


def test_settings_with_a_fault_are_a_finding_in_every_format(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text("strct = true\n")
    ended = run("check", "good.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error[invalid-settings]: there is no setting `strct`\n"
        " --> cnnshape.toml:1:1\n"
        "  |\n"
        "1 | strct = true\n"
        "  | ^^^^^\n"
        "  |\n"
        "  = help: write `strict`\n"
    )
    told = run("check", "good.yaml", "--format", "json")
    (model,) = told.json["models"]
    assert (told.code, model["path"]) == (2, "cnnshape.toml")
    assert model["diagnostics"][0]["line"] == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "other.toml"])
def test_a_table_of_another_file_is_read_too(run: Run, models: Path, name: str) -> None:
    (models / name).write_text("[tool.cnnshape.limits]\nparams = 5\n")
    assert "but the limit is 5\n" in run("check", "good.yaml", "--config", name).out


@pytest.mark.parametrize("command", ["summary", "explain", "inputs", "run", "fix", "baseline"])
def test_no_command_goes_on_with_such_settings(run: Run, models: Path, command: str) -> None:
    (models / "cnnshape.toml").write_text("strct = true\n")
    names = ("b.json", "good.yaml") if command == "baseline" else ("good.yaml",)
    ended = run(command, *names)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[invalid-settings]: there is no setting `strct`\n")
    assert not (models / "b.json").exists()


# The page


def test_the_settings_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its example has every setting, and all of them mean something."""
    monkeypatch.chdir(tmp_path)
    (example,) = examples(ROOT / "docs/settings.md", "toml")
    found = settings(tmp_path, example.text)
    assert found.table.model_fields_set == set(Table.model_fields)
    assert all(f"| `{key}` |" in (ROOT / "docs/settings.md").read_text("utf-8") for key in KEYS)
    small = found.demand("models/mobile/net.yaml")
    assert [(claim.figure, claim.value) for claim in small.limits] == [
        ("memory.training", 2 * 2**30), ("params", 5_000_000), ("macs", 600_000_000),
    ]  # fmt: skip
    assert found.demand("models/net.py:Small").shapes == {0: "N,3,64,64"}
    assert found.demand("models/legacy/a.yaml").ignore == {
        "not-aligned", "expectation-failed", "limit-exceeded",
    }  # fmt: skip
    assert found.excludes(Path("models/old"))
    assert not found.excludes(Path("models/new"))


# Places


TOML = '''# a comment with [brackets] and = signs
top = "x" # "y"
"quoted key" . 'and.more' = 1
[ table . "sub.table" ]
list = [ "a",  # one ]
  'b', [1, 2], {k = "}"} ]
inline = {a = 1, b.c = [2], "d e" = {}}
long = """
no = "key" \\""" here
"""
literal = \'\'\'
[no.header]
\'\'\'
date = 1979-05-27T07:32:00Z   # when
[[many]]
last = true'''


def paths(data: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """The path of every value that a reader of TOML finds."""
    if isinstance(data, dict):
        items: list[tuple[str | int, Any]] = [*data.items()]
    elif isinstance(data, list):
        items = [*enumerate(data)]
    else:
        return {path}
    return {item for key, value in items for item in paths(value, (*path, key))}


def test_places_of_all_values() -> None:
    """As many as the reader of the standard library finds, and each is what it says it is."""
    data = tomllib.loads(TOML)
    data["many"] = data["many"][0]  # tables in a list have no numbers here
    places = Places(TOML)
    lines = TOML.split("\n")
    wanted = paths(data)
    assert wanted <= set(places.values)
    for path in wanted:
        value: Any = data
        for key in path:
            value = value[key]
        (line, start), (end_line, end) = places.values[path]
        if line == end_line:
            written = lines[line][start:end]
            assert tomllib.loads(f"v = {written}")["v"] == value, path
    assert len(wanted) == 13


def test_the_place_of_what_is_not_there_is_that_of_what_it_would_stand_in() -> None:
    places = Places("[a]\nb = {c = 1}\n")
    assert places.nearest(("a", "b", "d")) == places.values["a", "b"]
    assert places.nearest(("a", "x")) == places.keys[("a",)]
    assert places.nearest(("x",)) is None


def test_the_shape_of_a_model_with_settings_is_that_of_its_input(tmp_path: Path) -> None:
    """Settings are the command line's: a model that is loaded in Python has its own shape."""
    import cnnshape

    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    (tmp_path / "cnnshape.toml").write_text('[inputs]\n"good.yaml" = "1,16,16"\n')
    assert cnnshape.load(file).check().inputs == {"input": (N, 1, 8, 8)}
