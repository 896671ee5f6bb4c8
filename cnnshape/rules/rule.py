"""What a rule is: all that the project says of it, in one place."""

from __future__ import annotations

from inspect import cleandoc
from typing import NamedTuple

from cnnshape.diagnostics import Severity, documentation


class Rule(NamedTuple):
    """One rule. Texts are Markdown, sentences that stand alone.

    `summary` says what is found, `reason` why that is wrong, `repair` what to do, `reference` who
    says so. `example` is a whole file that breaks the rule and no other; a rule that no file can
    break has none, and its reason says when it is reported.
    """

    name: str
    severity: Severity
    summary: str
    reason: str
    repair: str
    example: str = ""
    file: str = "net.yaml"
    """What the example is called; `net.py` for PyTorch."""
    options: str = ""
    """What stands behind `cnnshape check net.yaml` to find it."""
    beside: tuple[tuple[str, str], ...] = ()
    """Other files that the example needs: names and texts."""
    reference: str = ""

    @property
    def command(self) -> str:
        """What finds the example wrong."""
        return f"cnnshape check {self.file} {self.options}".rstrip()

    @property
    def files(self) -> dict[str, str]:
        """The files of the example, by their names."""
        return {**dict(self.beside), self.file: self.example} if self.example else {}

    @property
    def language(self) -> str:
        """What the example is written in, as Markdown calls it."""
        return "python" if self.file.endswith(".py") else "yaml"

    @property
    def docs(self) -> str:
        """Where the documentation has it."""
        return documentation(self.name)


def text(indented: str) -> str:
    """A file's text, written with the indentation of the code around it."""
    return cleandoc(indented) + "\n"


def prose(indented: str) -> str:
    """A paragraph, written over several lines."""
    return " ".join(indented.split())
