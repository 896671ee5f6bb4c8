"""`cnnshape run`."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnnshape.analysis.result import Analysis
from cnnshape.cli.options import (
    PATIENCE_SECONDS,
    FormatOption,
    InputOption,
    MemoryOption,
    OutputOption,
    PathArgument,
    SetOption,
    StrictOption,
    TextFormat,
    check_source,
    exit_code,
    memory_of,
    one_source,
    options,
    stderr_is_terminal,
)
from cnnshape.cli.output import emit, emit_lines, replacing, wants_colour, width
from cnnshape.cli.python import (
    SECONDS,
    TimeoutOption,
    TrustOption,
    VerboseOption,
    for_python,
    is_python,
)
from cnnshape.graph import Graph
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

if TYPE_CHECKING:
    from cnnshape.execute.confirmation import Confirmation, Order, Progress


class Precision(StrEnum):
    """What numbers are held in."""

    float32 = "float32"
    float64 = "float64"


def run(
    path: PathArgument,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, metavar="N", help="Samples that are drawn; 2.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of weights, inputs and whatever else is drawn.")
    ] = 0,
    dtype: Annotated[Precision, typer.Option("--dtype", help="The precision.")] = Precision.float32,
    training: Annotated[
        bool, typer.Option("--train/--eval", help="Whether batch norm and dropout act.")
    ] = False,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input-file",
            metavar="FILE",
            help="Inputs, with the batch axis: an .npy file, or an .npz with arrays by name.",
        ),
    ] = None,
    gradcheck: Annotated[
        bool, typer.Option("--gradcheck", help="Compare gradients with differences, in float64.")
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", min=0, help="The error that --gradcheck allows, as a part."),
    ] = 1e-4,
    fields: Annotated[
        bool | None,
        typer.Option(
            "--fields/--no-fields",
            help="Confirm receptive fields; by default where that is cheap.",
            show_default=False,
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write values and gradients to an .npz file."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Allow convolutions that are faster and less exact.")
    ] = False,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth", min=1, metavar="N", help="Open blocks down to this level; by default all."
        ),
    ] = None,
    max_memory: MemoryOption = None,
    format: FormatOption = TextFormat.text,
    settings: SetOption = None,
    shapes: InputOption = None,
    strict: StrictOption = False,
    seconds: TimeoutOption = SECONDS,
    trusted: TrustOption = False,
    verbose: VerboseOption = False,
    output: OutputOption = None,
) -> None:
    """Run a model in NumPy, forward and backward: what was computed is confirmed layer by layer.

    The exit code is 0 if all is confirmed, 1 if not or if the model does not hold, 2 if not run.
    """
    from cnnshape.analysis.analyse import analyse
    from cnnshape.diagnostics import UnreadableError

    if not isfinite(tolerance):
        raise UsageError(f"--tolerance {tolerance}: write a number such as 1e-4")
    source, most = one_source(path), memory_of(max_memory)
    chosen = for_python(
        options(settings, shapes),
        [path],
        training=training and is_python(path),
        seconds=seconds,
        trusted=trusted,
        verbose=verbose,
    )
    try:
        graph = source.graph(chosen)
    except UnreadableError:
        _finish(check_source(source, chosen), None, format, depth, output, strict=strict)
        return
    analysis = analyse(graph)
    seen = None
    if analysis.ok:
        from cnnshape.execute.confirmation import Order

        order = Order(
            batch or Order().batch, seed, dtype.value, training, fast, fields, gradcheck, tolerance
        )
        seen = _confirmed(source, chosen, graph, order, batch, input_file, most)
        analysis = analysis._replace(diagnostics=(*analysis.diagnostics, *seen.diagnostics))
        if save is not None:
            _save(save, seen)
    _finish(analysis, seen, format, depth, output, strict=strict)


def _confirmed(
    source: Source,
    chosen: Options,
    graph: Graph,
    order: Order,
    batch: int | None,
    file: Path | None,
    most: int | None,
) -> Confirmation:
    """The run; UsageError where it cannot be carried out as asked."""
    from cnnshape.cli.runnable import runnable, samples_of
    from cnnshape.execute.archive import read_inputs
    from cnnshape.execute.confirmation import confirm
    from cnnshape.execute.failure import RunError
    from cnnshape.execute.free_memory import RefusedError

    try:
        given = None if file is None else read_inputs(file, graph)
        if given is not None and batch is not None:
            _check_batch(batch, {len(x) for x in given.inputs.values() if x.ndim})
        shapes = None if given is None else {name: x.shape for name, x in given.inputs.items()}
        if source.is_program and given is None:
            order = replace(order, batch=samples_of(graph, batch))
        sized = runnable(source, chosen, graph, batch=batch, shapes=shapes, training=order.training)
        return confirm(sized, order, given, most=most, progress=_progress())
    except RefusedError as error:
        words = error.diagnostics[0].message
        raise UsageError(
            f"{graph.path}: {words}; a smaller --batch needs less, --max-memory allows more"
        ) from None
    except RunError as error:
        diagnostic = error.diagnostics[0]
        help = f"; {diagnostic.help}" if diagnostic.help else ""
        raise UsageError(f"{diagnostic.message}{help}") from None


def _check_batch(batch: int, given: set[int]) -> None:
    if given - {batch}:
        raise UsageError(f"--batch is {batch}, but --input-file holds {min(given - {batch})}")


def _progress() -> Progress:
    """A bar on a terminal."""
    if stderr_is_terminal():
        from cnnshape.report.terminal.progress import steps

        return partial(steps, patience=PATIENCE_SECONDS)
    from cnnshape.execute.confirmation import silently

    return silently


def _save(path: Path, seen: Confirmation) -> None:
    """What was seen; nothing, where the run did not come to its end."""
    if seen.result is not None:
        from cnnshape.execute.archive import write_result

        with replacing(path) as file:
            write_result(file, seen.result)


def _finish(
    analysis: Analysis,
    seen: Confirmation | None,
    format: TextFormat,
    depth: int | None,
    output: OutputOption,
    *,
    strict: bool,
) -> None:
    from cnnshape.report.text import findings, verdict

    if format is TextFormat.json:
        from cnnshape.report.confirmation import as_data
        from cnnshape.report.json import dump

        emit(dump(as_data(analysis, seen)), output)
    elif not analysis.readable:
        emit_lines(findings(analysis)[:-1], None, error=True)
    elif seen is None:
        emit_lines([*findings(analysis, width(output)), verdict(analysis)], output)
    else:
        _print_table(analysis, seen, depth, output)
        lines = findings(analysis, width(None))
        emit_lines([[], *lines[:-1]] if lines else [], None)
    raise typer.Exit(exit_code([analysis], strict=strict))


def _print_table(
    analysis: Analysis, seen: Confirmation, depth: int | None, output: OutputOption
) -> None:
    from io import StringIO

    from cnnshape.report.confirmation import columns, totals
    from cnnshape.report.terminal.table import console, draw_columns

    shown, below = columns(seen), totals(analysis, seen)
    if output is None and wants_colour():
        screen = console(None, None)
        screen.print(draw_columns(analysis, screen, depth, shown, below))
        return
    text = StringIO()
    page = console(text, width(output))
    page.print(draw_columns(analysis, page, depth, shown, below))
    emit("\n".join(line.rstrip() for line in text.getvalue().rstrip().split("\n")), output)
