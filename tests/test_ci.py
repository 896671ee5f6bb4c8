"""The action, the hook and the recipes of `docs/ci.md`: their steps are run as they stand."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from pages import ROOT, Example, environment, examples, in_process

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GITHUB, GITLAB, PRE_COMMIT = (
    yaml.safe_load(example.text)
    for example in examples(ROOT / "docs/ci.md", "yaml")
    if example.note == "workflow"
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Somebody's, with a model that holds; this one is its submodule."""
    folder = tmp_path / "repository"
    (folder / "models").mkdir(parents=True)
    shutil.copy(ROOT / "architectures/mnist-net.yaml", folder / "models/good.yaml")
    (folder / "cnnshape").symlink_to(ROOT)
    return folder


def break_it(repository: Path) -> None:
    shutil.copy(ROOT / "architectures/mnist-net-broken.yaml", repository / "models/broken net.yaml")


def bash(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As a step is run on GitHub: it stops at the first failure."""
    left_out = ("GITHUB_STEP_SUMMARY", "CI_PROJECT_DIR")
    clean = {name: value for name, value in environment().items() if name not in left_out}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**clean, "GITHUB_WORKSPACE": str(folder), **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


# The action


def step(name: str) -> dict[str, Any]:
    (found,) = (step for step in ACTION["runs"]["steps"] if step.get("name") == name)
    return dict(found)


def given(inputs: dict[str, object]) -> dict[str, str]:
    """The environment of the action's check, with its inputs put in as GitHub does."""
    values = {name: item["default"] for name, item in ACTION["inputs"].items()}
    assert inputs.keys() <= values.keys()
    for name, value in inputs.items():
        values[name] = json.dumps(value) if isinstance(value, bool) else str(value)
    variables = {}
    for name, text in step("Check")["env"].items():
        for key, value in values.items():
            text = text.replace(f"${{{{ inputs.{key} }}}}", value)  # noqa: PLW2901
        assert "${{" not in text
        variables[name] = text
    return variables


def check(repository: Path, **inputs: object) -> subprocess.CompletedProcess[str]:
    return bash(step("Check")["run"], repository, **given(inputs))


def test_the_action_is_composite_and_says_all_of_its_inputs() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all("shell" in step for step in ACTION["runs"]["steps"] if "run" in step)
    assert all(isinstance(item["default"], str) for item in ACTION["inputs"].values())
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    for name, item in ACTION["inputs"].items():
        default = f"`{item['default']}` |" if item["default"] else "| |"
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert row.endswith(default)


def test_the_action_installs_this_repository(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = bash(
        step("Install cnnshape")["run"],
        tmp_path,
        GITHUB_ACTION_PATH=str(ROOT),
        PIP_TARGET=str(site),
        PIP_NO_DEPS="1",
        PIP_NO_INDEX="1",
        PIP_NO_BUILD_ISOLATION="0",  # pip reads it the other way round
    )
    assert done.returncode == 0, done.stderr
    assert (site / "cnnshape/architectures/lenet5.yaml").exists()


def test_the_action_passes_and_fails(repository: Path) -> None:
    done = check(repository, paths="models")
    assert (done.returncode, done.stdout) == (0, "")
    break_it(repository)
    done = check(repository, paths="models")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=models/broken net.yaml,line=14,col=43,endLine=14,")


def test_the_inputs_of_the_action(repository: Path) -> None:
    """Paths with spaces, several paths, strictness, formats, reports, a summary."""
    break_it(repository)
    summary = repository / "summary.md"
    variables = given(
        {
            "paths": "models/good.yaml\nmodels/broken net.yaml\n",
            "format": "concise",
            "output": "out.txt",
            "reports": "sarif=out.sarif\ngithub=out.log\n",
        }
    )
    done = bash(step("Check")["run"], repository, GITHUB_STEP_SUMMARY=str(summary), **variables)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert (repository / "out.txt").read_text().startswith("models/broken net.yaml:14:43: error")
    assert len(json.loads((repository / "out.sarif").read_text())["runs"][0]["results"]) == 1
    assert (repository / "out.log").read_text().startswith("::error file=models/broken net.yaml,")
    assert summary.read_text().startswith("### cnnshape: 2 models: 1 ok, 1 with errors\n")


def test_the_action_can_be_strict(repository: Path) -> None:
    words = step("Check")["run"].replace("cnnshape check", "echo")
    for strict in (True, False):
        done = bash(words, repository, **given({"strict": strict}))
        assert ("--strict" in done.stdout) is strict


def test_an_input_is_no_code(repository: Path) -> None:
    done = check(repository, paths='$(touch seen)"; touch seen\n--version')
    assert done.returncode == 2
    assert not (repository / "seen").exists()


# The recipes


def test_the_recipe_for_github(repository: Path) -> None:
    (job,) = GITHUB["jobs"].values()
    checkout, cnnshape, upload, comment = job["steps"]
    assert checkout["with"]["submodules"]
    assert (repository / cnnshape["uses"] / "action.yml").is_file()
    break_it(repository)
    assert check(repository, **cnnshape["with"]).returncode == 1
    assert (repository / upload["with"]["sarif_file"]).is_file()
    program = repository / "gh"
    program.write_text(
        '#!/usr/bin/env bash\nwhile [ "$1" != --body-file ]; do shift; done; cat "$2"\n'
    )
    program.chmod(0o755)
    path = os.pathsep.join([str(repository), environment()["PATH"]])
    done = bash(comment["run"], repository, NUMBER="1", PATH=path)
    assert done.stdout.startswith("### cnnshape: 2 models: 1 ok, 1 with errors\n")


def test_the_recipe_for_gitlab(repository: Path) -> None:
    (job,) = GITLAB.values()
    install, command = job["script"]
    assert shlex.split(install) == ["pip", "install", "./cnnshape"]
    break_it(repository)
    assert bash(command, repository, CI_PROJECT_DIR=str(repository)).returncode == 1
    root = ElementTree.parse(repository / job["artifacts"]["reports"]["junit"]).getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


# The hook; pre-commit itself is no dependency of the tests


def test_the_recipe_for_pre_commit_names_the_hook() -> None:
    (source,) = PRE_COMMIT["repos"]
    assert [hook["id"] for hook in source["hooks"]] == [HOOK["id"]]
    assert HOOK["language"] == "python"


def test_the_hook_checks_the_models_among_the_files(repository: Path) -> None:
    """pre-commit puts the names of the commit's YAML files behind `entry`."""
    (repository / "ci.yaml").write_text("jobs: {}\n", encoding="utf-8")
    entry = f"{HOOK['entry']} ci.yaml models/good.yaml"
    assert in_process(entry, repository) == (0, "")
    break_it(repository)
    code, printed = in_process(f"{entry} 'models/broken net.yaml'", repository)
    assert code == 1
    assert printed.startswith("error[size-mismatch]: `fc` takes 100 features, but 320 arrive\n")


def test_the_recipes_are_read() -> None:
    """The page has no other block that would go untested."""
    blocks: list[Example] = list(examples(ROOT / "docs/ci.md", "yaml"))
    assert [block.note for block in blocks] == ["workflow"] * 3
