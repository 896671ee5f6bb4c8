"""`cnnshape summary`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cnnshape.analysis.result import Analysis
from cnnshape.cli.options import (
    InputOption,
    OutputOption,
    PathArgument,
    SetOption,
    StrictOption,
    check_source,
    exit_code,
    finished,
    one_source,
    options,
    with_offers,
)
from cnnshape.cli.output import emit, emit_lines, wants_colour, width
from cnnshape.cli.project import ConfigOption, LimitOption, NoConfigOption, Project
from cnnshape.cli.python import (
    SECONDS,
    TimeoutOption,
    TrainOption,
    TrustOption,
    VerboseOption,
    for_python,
)


class SummaryFormat(StrEnum):
    """Formats of the layer table."""

    text = "text"
    json = "json"
    csv = "csv"
    markdown = "markdown"


def summary(
    path: PathArgument,
    format: Annotated[
        SummaryFormat, typer.Option("--format", help="What to print.")
    ] = SummaryFormat.text,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth", min=1, metavar="N", help="Open blocks down to this level; by default all."
        ),
    ] = None,
    connections: Annotated[
        bool, typer.Option("--connections", help="Count the uses of weights and biases too.")
    ] = False,
    settings: SetOption = None,
    shapes: InputOption = None,
    strict: StrictOption = False,
    limits: LimitOption = None,
    config: ConfigOption = None,
    no_config: NoConfigOption = False,
    training: TrainOption = False,
    seconds: TimeoutOption = SECONDS,
    trusted: TrustOption = False,
    verbose: VerboseOption = False,
    output: OutputOption = None,
) -> None:
    """Print the layer table: shapes, parameters, multiply-accumulates, receptive fields, totals."""
    chosen = for_python(
        options(settings, shapes),
        [path],
        training=training,
        seconds=seconds,
        trusted=trusted,
        verbose=verbose,
    )
    project = Project(config, no_config, limits)
    source = one_source(path, project)
    (analysis,) = finished([source], [check_source(source, chosen)])
    if format is SummaryFormat.json:
        from cnnshape.report.json import model

        emit(model(with_offers(analysis, chosen)), output)
    elif not analysis.readable:
        _print_findings(analysis, error=True)
    elif format is SummaryFormat.text:
        _print_table(analysis, depth, connections, output)
        _print_findings(analysis)
    else:
        from cnnshape.report.delimited import as_csv, as_markdown

        text = (
            as_csv(analysis)
            if format is SummaryFormat.csv
            else as_markdown(analysis, depth, connections=connections)
        )
        emit(text, output)
        _print_findings(analysis, error=True)
    raise typer.Exit(exit_code([analysis], strict=strict or project.strict))


def _print_findings(analysis: Analysis, *, error: bool = False) -> None:
    from cnnshape.report.text import findings

    lines = findings(analysis, width(None))
    if lines:
        emit_lines([[], *lines[:-1]], None, error=error)


def _print_table(
    analysis: Analysis, depth: int | None, connections: bool, output: OutputOption
) -> None:
    from io import StringIO

    from cnnshape.report.terminal.table import console, draw

    if output is None and wants_colour():
        screen = console(None, None)
        screen.print(draw(analysis, screen, depth, connections=connections))
        return
    text = StringIO()
    page = console(text, width(output))
    page.print(draw(analysis, page, depth, connections=connections))
    emit("\n".join(line.rstrip() for line in text.getvalue().rstrip().split("\n")), output)
