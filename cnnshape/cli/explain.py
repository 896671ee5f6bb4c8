"""`cnnshape explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnshape.cli.options import (
    FormatOption,
    InputOption,
    OutputOption,
    PathArgument,
    SetOption,
    TextFormat,
    check_source,
    exit_code,
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
from cnnshape.sources.spec.shape import UsageError


def explain(
    path: PathArgument,
    layer: Annotated[
        str | None,
        typer.Argument(metavar="[LAYER]", help="One layer, or a block; by default all."),
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
    """Show the arithmetic: each layer's formulas with the numbers put in."""
    from cnnshape.analysis.analyse import analyse
    from cnnshape.analysis.explanation import explain as explain_graph
    from cnnshape.report.explanation import as_data, as_lines
    from cnnshape.report.text import findings
    from cnnshape.sources.words import suggest

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
        graph = source.graph(chosen)
    except UnreadableError:
        emit_lines(findings(check_source(source, chosen))[:-1], None, error=True)
        raise typer.Exit(2) from None
    explanations = explain_graph(graph)
    if layer is not None:
        known = [item.name for item in explanations]
        explanations = [
            item for item in explanations if item.name == layer or item.name.startswith(f"{layer}.")
        ]
        if not explanations:
            help = suggest(layer, known)
            raise UsageError(f"no layer is called `{layer[:80]}`" + (f"; {help}" if help else ""))
    if format is TextFormat.json:
        from cnnshape.report.json import dump

        emit(dump({"version": 1, "layers": as_data(explanations)}), output)
    else:
        emit_lines(as_lines(explanations), output)
    analysis = analyse(graph)
    shown = {item.name for item in explanations}
    told = [item for item in analysis.diagnostics if layer is None or item.layer in shown]
    if told and format is TextFormat.text:
        lines = findings(analysis._replace(diagnostics=tuple(told)), width(output))
        emit_lines([[], *lines[:-1]], None)
    raise typer.Exit(exit_code([analysis]))
