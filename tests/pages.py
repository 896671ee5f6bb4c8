"""The examples of README.md and docs/: found, run, and with `make pages` written anew.

A page holds fenced blocks. `yaml` is a model file, whose first line `# net.yaml` may name it for
the blocks below, as a `python` block's `# net.py` does; the comment `<!-- expects: size-mismatch
-->` before it says that it is wrong.
`console` holds commands after `$` and exactly what they print. `sh` holds commands alone, `pycon` a
Python session, `python` a program.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
GENERATED = {"rules.md"}
"""Pages whose examples `scripts/generate.py` runs and writes, and `test_rules.py` tests."""
FENCE = re.compile(
    r"(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)
FILE_NAME = re.compile(r"# ([\w./-]+\.(?:ya?ml|py))\n")
PLAIN_COMMAND = re.compile(r"cnnshape [^|<>;&$`\\]*")


@dataclass(frozen=True)
class Example:
    """One fenced block; `files` are those that the page has named before it."""

    page: Path
    line: int
    language: str
    text: str
    start: int
    note: str = ""
    files: dict[str, str] = field(default_factory=dict, compare=False, hash=False)

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def rules(self) -> list[str]:
        """The rules of the diagnostics that a `yaml` block is expected to have."""
        kind, _, rules = self.note.partition(":")
        return rules.split() if kind == "expects" else []

    def write_files(self, folder: Path) -> None:
        """Put the page's files where the example runs."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def examples(page: Path, *languages: str) -> Iterator[Example]:
    """The fenced blocks of a page in some languages."""
    text = "" if page.name in GENERATED else page.read_text(encoding="utf-8")
    files: dict[str, str] = {}
    for match in FENCE.finditer(text):
        start = match.start("text")
        example = Example(
            page,
            text.count("\n", 0, start) + 1,
            match["language"],
            match["text"],
            start,
            match["note"] or "",
            dict(files),
        )
        name = FILE_NAME.match(example.text) if example.language in ("yaml", "python") else None
        if name:
            files[name[1]] = example.text
        if example.language in languages and not (name and example.language == "python"):
            yield example


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a `console` block, each with what it prints."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:].rstrip("\n"), ""))
        else:
            command, output = found.pop()
            found.append((command, output + line))
    return found


def environment() -> dict[str, str]:
    """The user's, less what makes output wider, narrower or coloured; cnnshape is on the path."""
    variables = {**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    for name in ("COLUMNS", "FORCE_COLOR", "CNNSHAPE_DEBUG"):
        variables.pop(name, None)
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables["PATH"]])
    return variables


def shell(command: str, folder: Path) -> tuple[int, str]:
    """A command's exit code, and what it prints on a terminal."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def in_process(command: str, folder: Path) -> tuple[int, str]:
    """The same for a plain `cnnshape` command, without the cost of a start."""
    from cnnshape.cli import main

    output = io.StringIO()
    code: object = 0
    with (
        chdir(folder),
        patch.dict(os.environ, environment(), clear=True),
        patch.object(sys, "argv", shlex.split(command)),
        redirect_stdout(output),
        redirect_stderr(output),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    return int(code or 0) if isinstance(code, int | None) else 1, output.getvalue()


def session(text: str, folder: Path, *, processes: bool) -> Iterator[tuple[str, str, str]]:
    """Each command of a `console` block, what the page says it prints, and what it prints."""
    code = 0
    for command, shown in commands(text):
        if command == "echo $?":
            printed = f"{code}\n"
        elif not processes and PLAIN_COMMAND.fullmatch(command):
            code, printed = in_process(command, folder)
        else:
            code, printed = shell(command, folder)
        yield command, shown, printed


def rewrite(page: Path) -> bool:
    """Put what its commands print today into a page; whether anything changed."""
    text = old = page.read_text(encoding="utf-8")
    for example in reversed(list(examples(page, "console"))):
        with tempfile.TemporaryDirectory() as folder:
            place = ROOT if page.parent == ROOT else Path(folder)
            example.write_files(Path(folder))
            runs = session(example.text, place, processes=True)
            new = "".join(f"$ {command}\n{printed}" for command, _, printed in runs)
        text = text[: example.start] + new + text[example.start + len(example.text) :]
    if text != old:
        page.write_text(text, encoding="utf-8")
    return text != old


if __name__ == "__main__":
    for path in PAGES:
        if rewrite(path):
            sys.stdout.write(f"written: {path.relative_to(ROOT)}\n")
