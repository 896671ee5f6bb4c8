"""What a whole `check` came to: all that its reports read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic


class Outcome(NamedTuple):
    """The models that were checked, and what there is to say of the run itself."""

    analyses: Sequence[Analysis]
    seconds: Sequence[float]
    """How long each of them took."""
    complaints: Sequence[str]
    """Paths that lead to no model, and why."""
    exit_code: int
    strict: bool = False
    """Whether a warning fails a model."""
    folder: str = ""
    """The working directory."""
    root: str = ""
    """The repository's, from which a path is told where the file lies below it."""

    def findings(self) -> Iterator[tuple[Analysis, Diagnostic]]:
        """Every diagnostic, with the model that it is about."""
        for analysis in self.analyses:
            yield from ((analysis, item) for item in analysis.diagnostics)

    def place(self, path: str) -> str:
        """A path as seen from the root of the repository, with forward slashes."""
        whole = PurePath(os.path.normpath(os.path.join(self.folder, path)))
        if self.root and not is_stream(path) and whole.is_relative_to(self.root):
            return whole.relative_to(self.root).as_posix()
        return PurePath(path).as_posix()

    def fails(self, analysis: Analysis) -> bool:
        """Whether a model makes the exit code other than 0."""
        return not analysis.ok or (self.strict and analysis.warned) or bool(analysis.unconfirmed)


def is_stream(path: str) -> bool:
    """Whether a path is no file's but `<stdin>`."""
    return path.startswith("<") and path.endswith(">")


def remarks(item: Diagnostic) -> list[str]:
    """What a diagnostic says below its message."""
    return [f"note: {note}" for note in item.notes] + ([f"help: {item.help}"] if item.help else [])
