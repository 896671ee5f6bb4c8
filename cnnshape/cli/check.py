"""`cnnshape check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import TypeVar

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
    with_offers,
)
from cnnshape.cli.output import complain, emit, emit_lines, internal, wants_traceback, width
from cnnshape.sources.locate import Source, locate
from cnnshape.sources.spec.reader import Options
from cnnshape.sources.spec.shape import UsageError

Result = TypeVar("Result")

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
    located = [attempt(locate, path) for path in paths]
    found = list(analysed([source for part in located for source in part or ()], chosen))
    analyses = [analysis for analysis in found if analysis is not None]
    if format is TextFormat.json:
        from cnnshape.report.json import models

        emit(models([with_offers(analysis, chosen) for analysis in analyses]), output)
    else:
        _print(analyses, quiet=quiet, output=output)
    complete = None not in located and None not in found
    raise typer.Exit(exit_code(analyses, strict=strict) if complete else 2)


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


def attempt(act: Callable[..., Result], *arguments: object) -> Result | None:
    """What an act gives; None where it cannot be done, which is told, so that the rest goes on."""
    try:
        return act(*arguments)
    except UsageError as error:
        complain(str(error))
    except Exception as error:
        if wants_traceback():
            raise
        complain(internal(error, arguments[0]))
    return None


def analysed(sources: Sequence[Source], chosen: Options) -> Iterable[Analysis | None]:
    """Every source analysed; if that takes long and stderr is a terminal, with a progress bar."""
    started = monotonic()
    for done, source in enumerate(sources):
        if monotonic() - started > PATIENCE_SECONDS and stderr_is_terminal():
            from cnnshape.report.terminal.progress import tracked

            rest = tracked(sources[done:], len(sources) - done, "checking")
            yield from (attempt(check_source, item, chosen) for item in rest)
            return
        yield attempt(check_source, source, chosen)
