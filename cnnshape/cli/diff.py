"""`cnnshape diff`."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cnnshape.cli.options import (
    InputOption,
    OutputOption,
    SetOption,
    complete_path,
    options,
)
from cnnshape.cli.output import emit, emit_lines, width
from cnnshape.cli.project import ConfigOption, NoConfigOption, Project
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options

if TYPE_CHECKING:
    from cnnshape.analysis.difference import Side


class DiffFormat(StrEnum):
    """Formats of a comparison."""

    text = "text"
    markdown = "markdown"
    json = "json"


def _path(word: str) -> object:
    return typer.Argument(
        metavar=word,
        help="A model file, a bundled name, or REVISION:FILE of git.",
        autocompletion=complete_path,
        show_default=False,
    )


def diff(
    before: Annotated[str, _path("A")],
    after: Annotated[str, _path("B")],
    format: Annotated[
        DiffFormat, typer.Option("--format", help="What to print.")
    ] = DiffFormat.text,
    every: Annotated[
        bool, typer.Option("--all", help="Show layers too that only follow from others.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there is a difference.")
    ] = False,
    settings: SetOption = None,
    shapes: InputOption = None,
    config: ConfigOption = None,
    no_config: NoConfigOption = False,
    output: OutputOption = None,
) -> None:
    """Compare two models: layers added, removed, changed, renamed, and the totals.

    Layers are matched by name, then by structure. The exit code is 0 if they could be compared.
    """
    from cnnshape.analysis.difference import difference
    from cnnshape.report.difference import as_data, as_lines, as_markdown

    chosen, project = options(settings, shapes), Project(config, no_config)
    names = (before, after)
    with ExitStack() as stack:
        sides = [_side(_source(path, project, stack), chosen, path) for path in names]
    if None in sides:
        raise typer.Exit(2)
    found = difference(*(side for side in sides if side is not None))
    if format is DiffFormat.json:
        from cnnshape.report.json import dump

        emit(dump(as_data(found, names)), output)
    elif format is DiffFormat.markdown:
        emit(as_markdown(found, names, every=every), output)
    else:
        emit_lines(as_lines(found, names, every=every), output)
    raise typer.Exit(int(exit_code and not found.equal))


def _source(path: str, project: Project, stack: ExitStack) -> Source:
    """The source behind a PATH, or behind REVISION:FILE."""
    if ":" not in path:
        return project.one(path)
    from cnnshape.sources.revision import at_revision, revision_of

    wanted = revision_of(path)
    if wanted is None:
        return project.one(path)
    source = stack.enter_context(at_revision(wanted))
    return project.asked(source, wanted.path)


def _side(source: Source, chosen: Options, path: str) -> Side | None:
    """One of the two; None if it cannot be read, which is told."""
    from cnnshape.analysis.analyse import analyse
    from cnnshape.analysis.difference import Side
    from cnnshape.analysis.result import unreadable
    from cnnshape.diagnostics import UnreadableError
    from cnnshape.report.text import findings

    try:
        graph = source.graph(chosen)
    except UnreadableError as error:
        emit_lines(findings(unreadable(error, path), width(None))[:-1], None, error=True)
        return None
    return Side(graph, analyse(graph))
