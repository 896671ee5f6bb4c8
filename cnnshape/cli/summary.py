"""`cnnshape summary`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnnshape.analysis.result import Analysis
from cnnshape.cli.options import (
    InputOption,
    OutputOption,
    PathArgument,
    SetOption,
    StrictOption,
    exit_code,
    finished,
    memory_of,
    one_source,
    options,
    read_source,
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
from cnnshape.sources.spec.shape import UsageError

if TYPE_CHECKING:
    from cnnshape.graph import Graph
    from cnnshape.report.columns import Extra, Page


class SummaryFormat(StrEnum):
    """Formats of the layer table."""

    text = "text"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class Tool(StrEnum):
    """Tools whose way of counting is known: those that have a convention."""

    torchinfo = "torchinfo"
    fvcore = "fvcore"
    thop = "thop"
    ptflops = "ptflops"
    calflops = "calflops"
    onnx_tool = "onnx-tool"
    torch = "torch"


class Optimizer(StrEnum):
    """Optimisers, told apart by what they store beside each parameter."""

    sgd = "sgd"
    momentum = "momentum"
    adam = "adam"
    adamw = "adamw"


class Dtype(StrEnum):
    """Precisions of tensors."""

    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"


class Wish(NamedTuple):
    """What was asked for beside the usual table."""

    tool: str | None
    columns: tuple[str, ...] | None
    batch: int | None
    optimizer: str | None
    dtype: str | None
    mixed: bool
    memory: int | None

    @property
    def wants_memory(self) -> bool:
        """Whether an option speaks of the memory of a batch."""
        return self.mixed or any(
            value is not None for value in (self.batch, self.optimizer, self.dtype, self.memory)
        )


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
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="NAMES", help="Show these columns, in this order."),
    ] = None,
    connections: Annotated[
        bool, typer.Option("--connections", help="Count the uses of weights and biases too.")
    ] = False,
    count_like: Annotated[
        Tool | None, typer.Option("--count-like", help="Count as another tool does, too.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", min=1, max=2**31 - 1, metavar="N", help="Samples in memory."),
    ] = None,
    optimizer: Annotated[
        Optimizer | None, typer.Option("--optimizer", help="What training stores a parameter.")
    ] = None,
    dtype: Annotated[
        Dtype | None, typer.Option("--dtype", help="The precision of what is stored.")
    ] = None,
    mixed_precision: Annotated[
        bool,
        typer.Option("--mixed-precision", help="Parameters in float32, tensors in two bytes."),
    ] = False,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="SIZE", help="Find the largest batch that 24GiB hold."),
    ] = None,
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
    bytes_held = memory_of(memory, "--memory")
    names = _names(columns, count_like)
    wish = Wish(count_like, names, batch, optimizer, dtype, mixed_precision, bytes_held)
    project = Project(config, no_config, limits)
    source = one_source(path, project)
    graph, analysis = read_source(source, chosen)
    (analysis,) = finished([source], [analysis])
    if graph is None and format is not SummaryFormat.json:
        _print_findings(analysis, error=True)
        raise typer.Exit(exit_code([analysis], strict=strict))
    extra = _extra(graph, wish) if graph is not None and _asks(wish) else None
    if format is SummaryFormat.json:
        _print_json(with_offers(analysis, chosen), extra, output)
    else:
        _print(analysis, wish, extra, format, depth, connections, output)
        _print_findings(analysis, error=format is not SummaryFormat.text)
    raise typer.Exit(exit_code([analysis], strict=strict or project.strict))


def _names(columns: str | None, tool: str | None) -> tuple[str, ...] | None:
    """The columns that are named; UsageError for one that there is not."""
    if columns is None:
        return None
    from cnnshape.report.columns import COUNTED, NAMES
    from cnnshape.sources.words import nearest

    names = tuple(part.strip() for part in columns.split(","))
    for name in names:
        if name not in NAMES:
            near = nearest(name, NAMES)
            hint = f"did you mean `{near}`?" if near else f"there are {', '.join(NAMES)}"
            raise UsageError(f"--columns: no column is called `{name[:80]}`; {hint}")
        if names.count(name) > 1:
            raise UsageError(f"--columns names `{name}` twice")
    if COUNTED in names and tool is None:
        raise UsageError(f"--columns: `{COUNTED}` needs --count-like")
    return names


def _asks(wish: Wish) -> bool:
    """Whether anything beside the analysis is to be worked out."""
    return wish.tool is not None or wish.wants_memory or wish.columns is not None


def _extra(graph: Graph, wish: Wish) -> Extra:
    from cnnshape.report.columns import OF_MEMORY, Extra

    counted = None
    if wish.tool is not None:
        from cnnshape.analysis.conventions.counting import count_like

        counted = count_like(graph, str(wish.tool))
    if not wish.wants_memory and not set(OF_MEMORY).intersection(wish.columns or ()):
        return Extra(counted)
    from cnnshape.analysis.budget import Network, Setting

    network = Network(graph)
    if not network.has_batch and (wish.batch is not None or wish.memory is not None):
        raise UsageError("the inputs have no axis of samples; give their sizes with --input")
    usual = Setting()
    setting = Setting(
        wish.batch or usual.batch,
        str(wish.optimizer or usual.optimizer),
        str(wish.dtype or usual.dtype),
        wish.mixed,
    )
    largest = None if wish.memory is None else network.largest(setting, wish.memory)
    return Extra(counted, network.budget(setting), largest)


def _print_json(analysis: Analysis, extra: Extra | None, output: OutputOption) -> None:
    from cnnshape.report.json import dump, model

    if extra is None:
        emit(model(analysis), output)
        return
    from cnnshape.report.figures import as_data

    emit(dump({**analysis.to_dict(), **as_data(extra)}), output)


def _print(
    analysis: Analysis,
    wish: Wish,
    extra: Extra | None,
    format: SummaryFormat,
    depth: int | None,
    connections: bool,
    output: OutputOption,
) -> None:
    """The table as text, CSV or Markdown."""
    from cnnshape.report.columns import COUNTED, OF_MEMORY, Extra, by_name, page

    extra = extra or Extra()
    if format is SummaryFormat.csv:
        from cnnshape.report.delimited import as_csv

        named = by_name(extra)
        chosen = None if wish.columns is None else {name: named[name] for name in wish.columns}
        asked = [COUNTED] if extra.counted is not None else []
        asked += OF_MEMORY if extra.budget is not None else ()
        emit(as_csv(analysis, chosen, {name: named[name] for name in asked}), output)
        return
    shown = page(analysis, wish.columns, extra, connections=connections)
    if format is SummaryFormat.text:
        _print_table(analysis, depth, shown, output)
        return
    from cnnshape.report.delimited import as_markdown

    emit(as_markdown(analysis, depth, page=shown), output)


def _print_findings(analysis: Analysis, *, error: bool = False) -> None:
    from cnnshape.report.text import findings

    lines = findings(analysis, width(None))
    if lines:
        emit_lines([[], *lines[:-1]], None, error=error)


def _print_table(analysis: Analysis, depth: int | None, shown: Page, output: OutputOption) -> None:
    from io import StringIO

    from cnnshape.report.terminal.table import console, draw_columns

    if output is None and wants_colour():
        screen = console(None, None)
        screen.print(draw_columns(analysis, screen, depth, *shown))
        return
    text = StringIO()
    paper = console(text, width(output))
    paper.print(draw_columns(analysis, paper, depth, *shown))
    emit("\n".join(line.rstrip() for line in text.getvalue().rstrip().split("\n")), output)
