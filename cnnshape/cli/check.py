"""`cnnshape check`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic

import typer

from cnnshape.analysis.result import Analysis
from cnnshape.cli.options import (
    FormatOption,
    InputOption,
    OutputOption,
    PathsArgument,
    QuietOption,
    SetOption,
    StrictOption,
    TextFormat,
    check_source,
    exit_code,
    options,
    stderr_is_terminal,
)
from cnnshape.cli.output import emit, emit_lines, width
from cnnshape.sources.locate import Source, locate
from cnnshape.sources.spec.reader import Options

PATIENCE_SECONDS = 0.5
"""A run that takes longer shows a progress bar."""


def check(
    paths: PathsArgument,
    format: FormatOption = TextFormat.text,
    settings: SetOption = None,
    shapes: InputOption = None,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    output: OutputOption = None,
) -> None:
    """Check models: one line for each that holds, and what is wrong with each that does not.

    The exit code is 0 if all hold, 1 if one does not, 2 if one cannot be read.
    """
    chosen = options(settings, shapes)
    sources = [source for path in paths for source in locate(path)]
    analyses = list(analysed(sources, chosen))
    if format is TextFormat.json:
        from cnnshape.report.json import models

        emit(models(analyses), output)
    else:
        _print(analyses, quiet=quiet, output=output)
    raise typer.Exit(exit_code(analyses, strict=strict))


def _print(analyses: Sequence[Analysis], *, quiet: bool, output: OutputOption) -> None:
    from cnnshape.report.text import findings, summary_line, verdict

    lines = []
    for analysis in analyses:
        if not analysis.readable:
            emit_lines(findings(analysis)[:-1], None, error=True)
            continue
        if quiet and not analysis.diagnostics:
            continue
        lines += [*findings(analysis, width(output)), verdict(analysis)]
    if len(analyses) > 1 and not quiet:
        lines.append(summary_line(analyses))
    emit_lines(lines, output)


def analysed(sources: Sequence[Source], chosen: Options) -> Iterable[Analysis]:
    """Every source analysed; if that takes long and stderr is a terminal, with a progress bar."""
    started = monotonic()
    for done, source in enumerate(sources):
        if monotonic() - started > PATIENCE_SECONDS and stderr_is_terminal():
            from cnnshape.report.terminal.progress import tracked

            rest = tracked(sources[done:], len(sources) - done, "checking")
            yield from (check_source(item, chosen) for item in rest)
            return
        yield check_source(source, chosen)
