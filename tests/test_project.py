"""The project itself: what is shipped, what it needs, what may import what."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from pathlib import Path
from zipfile import ZipFile

import pytest
from pages import ROOT, environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LONGEST_FILE = 400
TEXTS = {".cfg", ".csv", ".json", ".md", ".py", ".toml", ".txt", ".typed", ".yaml", ".yml", ""}


def files() -> Iterator[Path]:
    """The repository's files, less what tools and builds leave behind."""
    left_out = {"build", "dist", "node_modules", "__pycache__"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in left_out
            and not name.endswith(".egg-info")
            and (not name.startswith(".") or name in (".ci", ".github"))
        ]
        yield from (Path(folder, name) for name in sorted(names))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(
        [*command, "--directory", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (found,) = folder.glob("*.whl")
    return found


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = {f"cnnshape/architectures/{path.name}" for path in ROOT.glob("architectures/*.yaml")}
    modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("cnnshape/**/*.py")}
    assert len(shipped) >= 30
    assert shipped | modules | {"cnnshape/py.typed"} <= names
    rest = {name for name in names if not name.startswith("cnnshape/")}
    assert all(name.startswith(f"cnnshape-{PROJECT['version']}.dist-info/") for name in rest)
    assert not [name for name in names if "__pycache__" in name]


def test_wheel_works_where_it_is_unpacked(wheel: Path, tmp_path: Path) -> None:
    """Away from the checkout it finds its own architectures."""
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        "import cnnshape; from cnnshape.sources import bundled; "
        "print(cnnshape.__file__, bundled.folder(), cnnshape.load('resnet152').check().ok)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=elsewhere,
        env={**environment(), "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    package = site / "cnnshape"
    assert done.stdout.split() == [
        str(package / "__init__.py"),
        str(package / "architectures"),
        "True",
    ]


def test_entry_point() -> None:
    (script,) = entry_points(group="console_scripts", name="cnnshape")
    assert script.value == PROJECT["scripts"]["cnnshape"]
    assert callable(script.load())


@pytest.mark.parametrize("command", [["cnnshape"], [sys.executable, "-m", "cnnshape"]], ids=str)
def test_console_and_module_are_one_program(command: list[str]) -> None:
    done = subprocess.run(
        [*command, "--version"], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"cnnshape {version('cnnshape')}\n"
    assert version("cnnshape") == PROJECT["version"]


def test_changes_of_this_version_are_told() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changes, re.M)[0] == PROJECT["version"]


ABSOLUTE = re.compile(r"(?<![\w.~/:$})*·-])/(?!usr/bin/env\b|dev/)[A-Za-z]\w*/\w")


def test_files_name_no_place_of_one_machine() -> None:
    """No absolute path, so nothing that exists on one computer only, and no file as an address."""
    found = []
    for path in files():
        if path.suffix in TEXTS and path != Path(__file__):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [
                f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
                for number, line in enumerate(lines, 1)
                if ABSOLUTE.search(line) or "file://" in line
            ]
    assert found == []


@pytest.mark.parametrize("text", ["see /home/someone/notes", "--> /srv/net.d/a.yaml:14:43"])
def test_a_place_of_one_machine_would_be_found(text: str) -> None:
    assert ABSOLUTE.search(text)


def test_no_file_of_the_package_is_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in ROOT.glob("cnnshape/**/*.py")
        if not path.name.startswith("_") or path.name == "__init__.py"
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}


def test_every_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    extras = PROJECT["optional-dependencies"].values()
    needed = [*PROJECT["dependencies"], *(item for extra in extras for item in extra)]
    for requirement in needed:
        assert re.fullmatch(r"[A-Za-z0-9_-]+(\[[\w,-]+\])?>=[0-9.]+", requirement), requirement
    runtime = {re.split(r"[\[>]", item)[0] for item in PROJECT["dependencies"]}
    assert runtime == {"numpy", "pydantic", "pyyaml", "rich", "typer"}
    assert PROJECT["requires-python"] == ">=3.11"


def test_imports_point_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_in_the_contract_of_imports() -> None:
    """A new module or package beside the others is told where it stands."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract, *_) = settings["tool"]["importlinter"]["contracts"]
    listed = {name for layer in contract["layers"] for name in re.split(r"\s*[|:]\s*", layer)}
    rooms = {
        f"cnnshape.{path.stem}"
        for path in (ROOT / "cnnshape").iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    }
    assert rooms == listed


def test_the_layer_of_the_contributing_page_works() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^   ```python\n(.*?)^   ```$", page, re.M | re.S)
    program = "\n".join(
        [
            "from typing import ClassVar",
            "from cnnshape.diagnostics import RuleError",
            "from cnnshape.layer import Layer, PositiveInt, Shape",
            textwrap.dedent(block),
            "import cnnshape",
            "for channels in (8, 9):",
            "    layers = [{'type': 'maxout', 'pool_size': 2}]",
            "    model = cnnshape.load({'input': [channels, 5, 7], 'layers': layers})",
            "    print(model.check().ok, *(item.message for item in model.check().diagnostics))",
            "print(cnnshape.load({'input': [8, 5, 7], 'layers': layers}).output_shape())",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "True",
        "False `maxout_1` takes 2 at a time of 9 channels, which do not divide",
        "('N', 4, 5, 7)",
    ], done.stderr


def test_continuous_integration_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
