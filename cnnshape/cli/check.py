"""`cnnshape check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Annotated, TypeVar

import typer

from cnnshape.analysis.result import Analysis
from cnnshape.cli.options import (
    PATIENCE_SECONDS,
    CheckFormat,
    InputOption,
    MemoryOption,
    OptionalPathsArgument,
    OutputOption,
    QuietOption,
    ReportsOption,
    SetOption,
    StrictOption,
    check_source,
    exit_code,
    finished,
    memory_of,
    options,
    stderr_is_terminal,
    wanted,
)
from cnnshape.cli.output import complain, emit_lines, internal, wants_traceback, width
from cnnshape.cli.project import (
    BaselineOption,
    ConfigOption,
    GrowthOption,
    LimitOption,
    NoConfigOption,
    Project,
    known_by,
    refused,
)
from cnnshape.cli.python import (
    SECONDS,
    TimeoutOption,
    TrainOption,
    TrustOption,
    VerboseOption,
    for_python,
)
from cnnshape.diagnostics import UnreadableError
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

Result = TypeVar("Result")


def check(
    paths: OptionalPathsArgument = None,
    format: Annotated[
        CheckFormat, typer.Option("--format", help="What to print.")
    ] = CheckFormat.text,
    reports: ReportsOption = None,
    models_only: Annotated[
        bool, typer.Option("--models-only", help="Pass over YAML files that are no models.")
    ] = False,
    settings: SetOption = None,
    shapes: InputOption = None,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Run models that hold, forward and backward, too.")
    ] = False,
    max_memory: MemoryOption = None,
    limits: LimitOption = None,
    baseline: BaselineOption = None,
    growth: GrowthOption = None,
    config: ConfigOption = None,
    no_config: NoConfigOption = False,
    training: TrainOption = False,
    seconds: TimeoutOption = SECONDS,
    trusted: TrustOption = False,
    verbose: VerboseOption = False,
    output: OutputOption = None,
) -> None:
    """Check models: one line for each that holds, and what is wrong with each that does not.

    The exit code is 0 if all hold, 1 if one does not, 2 if one cannot be read.
    """
    most = memory_of(max_memory)
    chosen = for_python(
        options(settings, shapes),
        paths or (),
        training=training,
        seconds=seconds,
        trusted=trusted,
        verbose=verbose,
    )
    if max_memory is not None and not confirm:
        raise UsageError("--max-memory is of use with --confirm alone")
    project, known = Project(config, no_config, limits), known_by(baseline, growth)
    targets = []
    if reports or format is not CheckFormat.text:
        from cnnshape.cli.reports import destinations

        targets = destinations(format, output, reports or ())
    complaints: list[str] = []
    attempted = partial(attempt, told=complaints)
    refusals: list[Analysis] = []
    try:
        located = [attempted(project.sources, path) for path in paths or project.paths()]
    except UnreadableError as error:  # the settings: what they ask is not known, so all waits
        located, refusals = [], [refused(error)]
    sources = [source for part in located for source in part or ()]
    if models_only:
        sources = [item for item in sources if item.found or attempted(Source.is_model, item)]
    act = timed(partial(confirm_source, most=most) if confirm else check_source)
    found = list(analysed(sources, chosen, partial(attempted, act)))
    told = finished(sources, [item and item[0] for item in found])
    analyses = [*refusals, *known(told)]
    complete = not complaints and not any(analysis.unconfirmed for analysis in analyses)
    code = exit_code(analyses, strict=strict or project.strict) if complete else 2
    if format is CheckFormat.text:
        _print(analyses, quiet=quiet, output=output)
    if targets:
        from cnnshape.cli.reports import outcome, publish

        taken = [*(0.0 for _ in refusals), *(item[1] for item in found if item)]
        strict |= project.strict
        publish(targets, outcome(analyses, taken, complaints, code, strict=strict), chosen)
    raise typer.Exit(code)


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


def attempt(
    act: Callable[..., Result], *arguments: object, told: list[str] | None = None
) -> Result | None:
    """What an act gives; None where it cannot be done, which is told, so that the rest goes on."""
    try:
        return act(*arguments)
    except UsageError as error:
        message = str(error)
    except UnreadableError:  # of settings
        raise
    except Exception as error:
        if wants_traceback():
            raise
        message = internal(error, arguments[0])
    complain(message)
    if told is not None:
        told.append(message)
    return None


def timed(
    act: Callable[[Source, Options], Analysis],
) -> Callable[[Source, Options], tuple[Analysis, float]]:
    """The same, with the seconds that it takes."""

    def measured(source: Source, chosen: Options) -> tuple[Analysis, float]:
        started = monotonic()
        return act(source, chosen), monotonic() - started

    return measured


def confirm_source(source: Source, chosen: Options, most: int | None) -> Analysis:
    """A source analysed, and if it holds run forward and backward."""
    analysis = check_source(source, chosen)
    if not analysis.ok:
        return analysis
    from cnnshape.cli.runnable import runnable, samples_of
    from cnnshape.execute.confirmation import Order, confirm
    from cnnshape.execute.failure import RunError
    from cnnshape.execute.free_memory import RefusedError
    from cnnshape.execute.held import UnknownValuesError

    order, graph = Order(), source.graph(chosen)
    if source.is_program:
        training = bool(chosen.python.get("training"))
        order = Order(batch=samples_of(graph, None), training=training)
    try:
        seen = confirm(runnable(source, chosen, graph, training=order.training), order, most=most)
    except (RefusedError, UnknownValuesError) as error:
        return analysis._replace(confirmed=False, unconfirmed=error.diagnostics[0].message)
    except RunError as error:
        found = error.diagnostics
        if source.is_program and found[0].rule == "missing-kernel":
            return analysis._replace(confirmed=False, unconfirmed=found[0].message)
    else:
        found = seen.diagnostics
    told = (*analysis.diagnostics, *found)
    held = all(item.severity != "error" for item in found)
    return wanted(analysis._replace(diagnostics=told, confirmed=held), source)


def analysed(
    sources: Sequence[Source], chosen: Options, act: Callable[[Source, Options], Result]
) -> Iterable[Result]:
    """Every source analysed; if that takes long and stderr is a terminal, with a progress bar."""
    started = monotonic()
    for done, source in enumerate(sources):
        if monotonic() - started > PATIENCE_SECONDS and stderr_is_terminal():
            from cnnshape.report.terminal.progress import tracked

            rest = tracked(sources[done:], len(sources) - done, "checking")
            yield from (act(item, chosen) for item in rest)
            return
        yield act(source, chosen)
