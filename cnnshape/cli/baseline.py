"""`cnnshape baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnnshape.cli.check import attempt
from cnnshape.cli.known import text_of
from cnnshape.cli.options import (
    InputOption,
    OptionalPathsArgument,
    SetOption,
    check_source,
    finished,
    options,
)
from cnnshape.cli.output import emit, emit_lines
from cnnshape.cli.project import ConfigOption, LimitOption, NoConfigOption, Project


def baseline(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The file to write.", show_default=False),
    ],
    paths: OptionalPathsArgument = None,
    settings: SetOption = None,
    shapes: InputOption = None,
    limits: LimitOption = None,
    config: ConfigOption = None,
    no_config: NoConfigOption = False,
) -> None:
    """Write down what is found in models today, and their totals, for `check --baseline`.

    The exit code is 0 if the file is written, whatever is found, 2 if a model cannot be read.
    """
    from cnnshape.report.text import count, findings

    chosen = options(settings, shapes)
    project = Project(config, no_config, limits)
    located = [attempt(project.sources, path) for path in paths or project.paths()]
    sources = [source for part in located for source in part or ()]
    found = [attempt(check_source, source, chosen) for source in sources]
    analyses = finished(sources, found)
    unread = [item for item in analyses if not item.readable]
    for item in unread:
        emit_lines(findings(item)[:-1], None, error=True)
    if unread or None in located or None in found:
        raise typer.Exit(2)
    emit(text_of(analyses, file), file)
    noted = sum(len(item.diagnostics) for item in analyses)
    emit(f"{file}: {count(len(analyses), 'model')}, {count(noted, 'finding')}", None)
