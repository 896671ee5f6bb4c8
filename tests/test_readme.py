"""Every command in the README runs and prints what is shown, each in a process of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pages import ROOT, Example, environment, examples, session

import cnnshape
from cnnshape.sources import bundled

README = ROOT / "README.md"


def every(*languages: str) -> list[Example]:
    return list(examples(README, *languages))


def test_the_set_up_commands_come_first() -> None:
    assert README.read_text(encoding="utf-8").startswith("```sh\nmake demo ")
    (block,) = every("sh")
    assert [line.split("#")[0].split() for line in block.text.splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize("example", every("console"), ids=str)
def test_commands_print_what_is_shown(example: Example) -> None:
    for command, shown, printed in session(example.text, ROOT, processes=True):
        assert printed == shown, command


def test_as_many_networks_come_along_as_it_says() -> None:
    (number,) = re.findall(r"names the (\d+) networks", README.read_text(encoding="utf-8"))
    assert int(number) == len(bundled.names())


@pytest.mark.parametrize("example", every("yaml"), ids=str)
def test_model_file(example: Example, tmp_path: Path) -> None:
    if example.note == "workflow":
        return
    path = tmp_path / "model.yaml"
    path.write_text(example.text, encoding="utf-8")
    assert cnnshape.load(path).check().ok


@pytest.mark.parametrize("example", every("python"), ids=str)
def test_python(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(example.text, str(example), "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    comments = [line.partition("  # ")[2] for line in example.text.splitlines() if "  # " in line]
    assert printed == comments


def make(target: str, folder: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    """Run a target in this environment, which the stamps in a folder say is set up."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed, so no target can be run")
    for stamp in ("made", "installed", "installed-test"):
        (folder / stamp).touch()
    # One `make` may run the tests in which another is started.
    left_out = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"}
    return subprocess.run(
        ["make", target, f"VENV={folder}", f"BIN={Path(sys.executable).parent}", *variables],
        cwd=ROOT,
        env={name: value for name, value in environment().items() if name not in left_out},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_make_demo(tmp_path: Path) -> None:
    done = make("demo", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "61,706" in done.stdout
    assert "62,378,344" in done.stdout
    assert "error[size-mismatch]: `fc` takes 100 features, but 320 arrive" in done.stdout


def test_make_test(tmp_path: Path) -> None:
    """`make test` runs pytest with this environment's Python; what it would run is running now."""
    done = make("test", tmp_path, "ARGS=--version")
    assert done.returncode == 0, done.stderr
    assert f"pytest {pytest.__version__}" in done.stdout + done.stderr


def steps() -> list[str]:
    """The commands of the workflow."""
    (workflow,) = (example for example in every("yaml") if example.note == "workflow")
    jobs = yaml.safe_load(workflow.text)["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_workflow(tmp_path: Path) -> None:
    """Its steps, in a project that holds this repository: a model that holds, then a broken one."""
    install, check = steps()
    site = tmp_path / "site"
    (tmp_path / "cnnshape").symlink_to(ROOT)
    program, *arguments = shlex.split(install, comments=True)
    assert [program, arguments[0]] == ["pip", "install"]
    offline = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([sys.executable, "-m", *shlex.split(install, comments=True), *offline],
                   cwd=tmp_path, env=environment(), check=True)  # fmt: skip

    models = tmp_path / "models"
    models.mkdir()
    program, *arguments = shlex.split(check, comments=True)
    assert program == "cnnshape"
    command = [sys.executable, "-m", "cnnshape", *arguments]
    codes = []
    (tmp_path / "cnnshape").unlink()  # `python -m` would find it before the installed one
    for name in ("mnist-net", "mnist-net-broken"):
        shutil.copy(ROOT / "architectures" / f"{name}.yaml", models)
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**environment(), "PYTHONPATH": str(site)},
            capture_output=True,
            check=False,
        )
        codes.append(done.returncode)
    assert codes == [0, 1]
    assert (site / "cnnshape" / "architectures" / "resnet152.yaml").exists()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
