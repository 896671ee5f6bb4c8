"""Options that several commands share, and what their values mean."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.claims import held_to_limits
from cnnshape.analysis.result import Analysis, unreadable
from cnnshape.cli.project import Project
from cnnshape.diagnostics import UnreadableError
from cnnshape.graph import Graph
from cnnshape.sources import bundled
from cnnshape.sources.demand import is_spoken_to
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import Shapes, UsageError


def complete_path(incomplete: str) -> list[str]:
    """Bundled names for the shell; it completes files by itself."""
    return [name for name in bundled.names() if name.startswith(incomplete)]


PathArgument = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="A model file, net.py or net.py:Net, a bundled name, or - for standard input.",
        autocompletion=complete_path,
        show_default=False,
    ),
]
PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Model files, folders with such, net.py or net.py:Net, bundled names, - for stdin.",
        autocompletion=complete_path,
        show_default=False,
    ),
]
OptionalPathsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH",
        help="Model files, folders with model files, bundled names, or - for standard input; "
        "by default the `paths` of the settings.",
        autocompletion=complete_path,
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Give a variable of `vars` another value."),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="SHAPE",
        help="A shape: 3,224,224; for PyTorch source N,3,224,224; image=… for one of several.",
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result to a file.")
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing of models that hold.")
]

MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        metavar="SIZE",
        help="Memory that a run may need, as 2GiB; by default 80 % of what is free.",
    ),
]

PATIENCE_SECONDS = 0.5
"""A run that takes longer shows a progress bar."""


class TextFormat(StrEnum):
    """Formats of a command that prints text or JSON."""

    text = "text"
    json = "json"


class CheckFormat(StrEnum):
    """Formats of `check`; `cnnshape.report` has a module of that name for each."""

    text = "text"
    concise = "concise"
    json = "json"
    github = "github"
    sarif = "sarif"
    junit = "junit"
    markdown = "markdown"


ReportsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Write one more report, as sarif=out.sarif; may be repeated.",
    ),
]
FormatOption = Annotated[TextFormat, typer.Option("--format", help="What to print.")]


def options(settings: Sequence[str] | None, shapes: Sequence[str] | None) -> Options:
    """The values of --set and --input."""
    variables: dict[str, object] = {}
    for setting in settings or ():
        name, sign, value = setting.partition("=")
        if not sign or not name:
            raise UsageError(f"--set {setting[:80]}: write NAME=VALUE")
        from cnnshape.sources.spec.document import resolve

        variables[name.strip()] = resolve(value.strip())
    texts: dict[str | int, str] = {}
    for text in shapes or ():
        name, sign, sizes = text.partition("=")
        if not sign or "," in name:  # the sign is that of a size's example
            name, sign, sizes = "", "", text
        key = name.strip() if sign else sum(isinstance(known, int) for known in texts)
        if key in texts:
            raise UsageError(f"--input gives `{name.strip()[:80]}` twice")
        texts[key] = sizes
    return Options(variables, Shapes(texts), texts)


def memory_of(text: str | None, option: str = "--max-memory") -> int | None:
    """The bytes of `2GiB`, `500 MB`, `1000000`."""
    if text is None:
        return None
    from cnnshape.sources.spec.claims import quantity

    found = quantity(text, "")
    if found is None or found[0] or found[1] <= 0:
        raise UsageError(f"{option} {text[:80]}: write a size such as 2GiB or 500MB")
    return int(found[1])


def one_source(path: str, project: Project | None = None) -> Source:
    """The only source behind a PATH, with what the settings ask of it."""
    return (project or Project()).one(path)


def check_source(source: Source, chosen: Options) -> Analysis:
    """A source analysed, also when it cannot be read; less what comments and settings ignore."""
    return read_source(source, chosen)[1]


def read_source(source: Source, chosen: Options) -> tuple[Graph | None, Analysis]:
    """A source's network, and its analysis; no network where it cannot be read."""
    try:
        graph = source.graph(chosen)
    except UnreadableError as error:
        return None, unreadable(error, source.path)
    analysis = wanted(held_to_limits(graph, wanted(analyse(graph), source)), source)
    return graph, analysis


def wanted(analysis: Analysis, source: Source) -> Analysis:
    """The analysis without the findings that comments or settings ask not to tell."""
    ignore, kept = source.demand.ignore, analysis
    if is_spoken_to(analysis.texts):
        from cnnshape.sources.suppression import silenced

        kept = silenced(analysis)
    if not ignore:
        return kept
    left_out = [item for item in kept.diagnostics if item.rule in ignore]
    told = [item for item in kept.diagnostics if item.rule not in ignore]
    return kept._replace(diagnostics=tuple(told), suppressed=(*kept.suppressed, *left_out))


def finished(sources: Iterable[Source], found: Iterable[Analysis | None]) -> list[Analysis]:
    """The analyses that there are, with what is to be said of suppressions without use."""
    pairs = [(source, item) for source, item in zip(sources, found, strict=True) if item]
    told = [item for _, item in pairs]
    if any(is_spoken_to(item.texts) for item in told):
        from cnnshape.sources.suppression import judged

        told = judged(told)
    return [wanted(item, source) for (source, _), item in zip(pairs, told, strict=True)]


def with_offers(analysis: Analysis, chosen: Options) -> Analysis:
    """The analysis with the repairs that take trials to find; a model that holds needs none."""
    if analysis.ok or not analysis.readable:
        return analysis
    from cnnshape.repair.offer import with_offers

    return with_offers(analysis, chosen)


def exit_code(analyses: Iterable[Analysis], *, strict: bool = False) -> int:
    """0: all hold; 1: a model has an error, or with `strict` a warning; 2: one cannot be read."""
    code = 0
    for analysis in analyses:
        if not analysis.readable:
            return 2
        if not analysis.ok or (strict and analysis.warned):
            code = 1
    return code


def stderr_is_terminal() -> bool:
    return sys.stderr.isatty()
