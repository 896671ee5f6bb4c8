"""Every example in docs/ is true: model files, commands with their output, Python sessions."""

from __future__ import annotations

import doctest
import json
import re
from contextlib import chdir
from pathlib import Path

import pytest
from pages import PAGES, ROOT, Example, examples, session

import cnnshape
from cnnshape import CnnshapeError

DOCS = [page for page in PAGES if page.parent.name == "docs"]


def every(*languages: str) -> list[Example]:
    found = [example for page in DOCS for example in examples(page, *languages)]
    return [example for example in found if example.note != "workflow"]  # test_ci.py runs them


@pytest.mark.parametrize("example", every("yaml"), ids=str)
def test_model_file(example: Example, tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(example.text, encoding="utf-8")
    try:
        diagnostics = cnnshape.load(path).check().diagnostics
    except CnnshapeError as error:
        diagnostics = error.diagnostics
    assert [item.rule for item in diagnostics if item.severity != "note"] == example.rules


@pytest.mark.parametrize("example", every("console"), ids=str)
def test_commands_print_what_is_shown(example: Example, tmp_path: Path) -> None:
    example.write_files(tmp_path)
    for command, shown, printed in session(example.text, tmp_path, processes=False):
        assert printed == shown, command


@pytest.mark.parametrize("example", every("json"), ids=str)
def test_json_is_what_the_command_above_prints(example: Example, tmp_path: Path) -> None:
    example.write_files(tmp_path)
    above = example.page.read_text(encoding="utf-8")[: example.start]
    command = re.findall(r"^`(cnnshape [^`]+)`:$", above, re.M)[-1]
    ((_, _, printed),) = session(f"$ {command}\n", tmp_path, processes=False)
    assert json.loads(printed) == json.loads(example.text)


@pytest.mark.parametrize("page", [page for page in DOCS if list(examples(page, "pycon"))], ids=str)
def test_python_session(page: Path, tmp_path: Path) -> None:
    blocks = list(examples(page, "pycon"))
    blocks[-1].write_files(tmp_path)
    names: dict[str, object] = {}
    with chdir(tmp_path):
        for block in blocks:
            test = doctest.DocTestParser().get_doctest(
                block.text, names, str(block), str(page), block.line - 1
            )
            failures: list[str] = []
            runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
            runner.run(test, out=failures.append, clear_globs=False)
            names = test.globs
            assert not failures, "".join(failures)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert ROOT in linked.parents, target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.M)
            assert anchor in {as_anchor(heading) for heading in headings}, target


def as_anchor(heading: str) -> str:
    """A heading's address as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_top_level_and_layer_key_is_described() -> None:
    from cnnshape.sources.spec import entry, reader

    page = (ROOT / "docs/model-file.md").read_text(encoding="utf-8")
    for key in (*reader.KEYS, *entry.KEYS):
        assert f"`{key}`" in page, key


def test_every_option_is_described() -> None:
    """`docs/commands.md` names every command and each of its options."""
    import typer.main

    from cnnshape.cli import application

    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    group = typer.main.get_command(application())
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert f"## `cnnshape {name}" in page, name
        for parameter in command.params:
            for option in parameter.opts:
                assert not option.startswith("--") or f"`{option}" in page, (name, option)


def test_a_wrong_page_is_found(tmp_path: Path) -> None:
    """The tests above can fail: a block that says what is not so is told apart."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cnnshape --version\ncnnshape 0.0.0\n```\n", encoding="utf-8")
    (example,) = examples(page, "console")
    ((_, shown, printed),) = session(example.text, tmp_path, processes=False)
    assert shown != printed
    assert printed.startswith("cnnshape ")


@pytest.mark.parametrize("example", every("python"), ids=str)
def test_python_program(example: Example, tmp_path: Path) -> None:
    example.write_files(tmp_path)
    with chdir(tmp_path):
        exec(compile(example.text, str(example), "exec"), {"__name__": "__main__"})
