"""`cnnshape inputs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from cnnshape.cli.options import (
    FormatOption,
    InputOption,
    OutputOption,
    PathArgument,
    SetOption,
    TextFormat,
    one_source,
    options,
)
from cnnshape.cli.output import emit, emit_lines, width
from cnnshape.cli.python import (
    SECONDS,
    TimeoutOption,
    TrainOption,
    TrustOption,
    VerboseOption,
    for_python,
)
from cnnshape.diagnostics import UnreadableError
from cnnshape.layer import LARGEST
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

if TYPE_CHECKING:
    from cnnshape.analysis.result import Analysis
    from cnnshape.analysis.sizes.accepted import AcceptedInputs

FREE_AXES = ("N", "C")


def inputs(
    path: PathArgument,
    near: Annotated[
        str | None,
        typer.Option("--near", metavar="SIZES", help="Name the accepted sizes nearest to these."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="SIZES", help="Say of these sizes alone whether they fit."),
    ] = None,
    free: Annotated[
        str | None,
        typer.Option("--free", metavar="AXES", help="Let more axes vary: C, the channels; N."),
    ] = None,
    format: FormatOption = TextFormat.text,
    settings: SetOption = None,
    shapes: InputOption = None,
    training: TrainOption = False,
    seconds: TimeoutOption = SECONDS,
    trusted: TrustOption = False,
    verbose: VerboseOption = False,
    output: OutputOption = None,
) -> None:
    """Find every input size that a model accepts, and what keeps the others out.

    SIZES are 350x525, in the order of the names, or H=350,W=525.

    The exit code is 0 if any size is accepted (or that of --at), 1 if none is.
    """
    from cnnshape.analysis.result import unreadable
    from cnnshape.analysis.sizes.accepted import AcceptedInputs

    source = one_source(path)
    chosen = for_python(
        options(settings, shapes),
        [path],
        training=training,
        seconds=seconds,
        trusted=trusted,
        verbose=verbose,
    )
    try:
        found = _found(source, chosen, _axes(free))
    except UnreadableError as error:
        _answer(unreadable(error, source.path), format, output)
        raise typer.Exit(2) from None
    if not isinstance(found, AcceptedInputs):
        _answer(found, format, output)
        raise typer.Exit(1)
    if at is None:
        _print(found, None if near is None else _sizes(near, found), format, output)
        raise typer.Exit(0 if found.smallest is not None else 1)
    answer = found.at(**_sizes(at, found))
    _answer(answer, format, output)
    raise typer.Exit(0 if answer.ok else 1)


def _found(source: Source, chosen: Options, free: tuple[str, ...]) -> AcceptedInputs | Analysis:
    """The accepted sizes; what is wrong with a model file that cannot be read whole."""
    from cnnshape.analysis.analyse import analyse
    from cnnshape.analysis.sizes.accepted import accepted_inputs

    if source.is_program:
        return source.accepted(chosen, free)
    graph = source.graph(chosen)
    if any(item.severity == "error" for item in graph.findings):
        return analyse(graph)
    return accepted_inputs(graph, free)


def _axes(free: str | None) -> tuple[str, ...]:
    axes = tuple(part.strip() for part in (free or "").split(",") if part.strip())
    for axis in axes:
        if axis not in FREE_AXES:
            raise UsageError(f"--free {axis[:80]}: the axes are {' and '.join(FREE_AXES)}")
    return axes


def _sizes(text: str, found: AcceptedInputs) -> Mapping[str, int]:
    """`350x525`, `350,525`, or `H=350,W=525` as sizes by name; one number is every name's."""
    parts = [part.strip() for part in text.replace("×", "x").replace("x", ",").split(",")]
    names = found.names
    if all("=" in part for part in parts):
        pairs = [tuple(map(str.strip, part.split("=", 1))) for part in parts]
    else:
        pairs = list(zip(names, parts * len(names) if len(parts) == 1 else parts, strict=False))
        if len(parts) not in (1, len(names)):
            pairs = []
    sizes = {name: int(size) for name, size in pairs if size.isdecimal() and len(size) < 11}
    if {name for name, _ in pairs} != set(names):
        wanted = "x".join(names) or "none"
        raise UsageError(f"`{text[:80]}` gives no sizes: the model's are {wanted}")
    if len(sizes) < len(names) or not all(1 <= size <= LARGEST for size in sizes.values()):
        raise UsageError(f"`{text[:80]}` gives no sizes: they go from 1 to {LARGEST:,}")
    return {name: sizes[name] for name in names}


def _print(
    found: AcceptedInputs,
    near: Mapping[str, int] | None,
    format: TextFormat,
    output: OutputOption,
) -> None:
    from cnnshape.report.inputs import as_data, as_lines

    if format is TextFormat.json:
        from cnnshape.report.json import dump

        emit(dump(as_data(found, near)), output)
    else:
        emit_lines(as_lines(found, near), output)


def _answer(answer: Analysis, format: TextFormat, output: OutputOption) -> None:
    """One model as `check` tells it."""
    if format is TextFormat.json:
        from cnnshape.report.json import model

        emit(model(answer), output)
    else:
        _tell(answer, output)


def _tell(analysis: Analysis, output: OutputOption) -> None:
    """The diagnostics of a model, and the verdict; on standard error what cannot be read."""
    from cnnshape.report.text import findings, verdict

    lines = findings(analysis, width(output))
    if analysis.readable:
        emit_lines([*lines, verdict(analysis)], output)
    else:
        emit_lines(lines[:-1], None, error=True)
