"""`cnnshape fix`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnnshape.analysis.result import unreadable
from cnnshape.cli.check import attempt
from cnnshape.cli.options import (
    FormatOption,
    InputOption,
    OutputOption,
    PathsArgument,
    SetOption,
    TextFormat,
    options,
)
from cnnshape.cli.output import emit, emit_exactly, emit_lines, wants_colour, width
from cnnshape.cli.output import write as write_file
from cnnshape.cli.project import Project
from cnnshape.cli.python import (
    SECONDS,
    TimeoutOption,
    TrainOption,
    TrustOption,
    VerboseOption,
    for_python,
    is_python,
)
from cnnshape.diagnostics import UnreadableError
from cnnshape.report.snippet import plain
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

if TYPE_CHECKING:
    from cnnshape.repair.mend import Outcome

STDIN = "-"


def fix(
    paths: PathsArgument,
    write: Annotated[
        bool, typer.Option("--write", "-w", help="Write the repaired files instead of a diff.")
    ] = False,
    expectations: Annotated[
        bool,
        typer.Option("--expectations", help="Bring what `expect` states up to date too."),
    ] = False,
    format: FormatOption = TextFormat.text,
    settings: SetOption = None,
    shapes: InputOption = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing of what is repaired.")
    ] = False,
    training: TrainOption = False,
    seconds: TimeoutOption = SECONDS,
    trusted: TrustOption = False,
    verbose: VerboseOption = False,
    output: OutputOption = None,
) -> None:
    """Print the repair of models as a diff, or write it to their files.

    Only the characters of a value change, and only where that mends the fault and brings no other.

    The exit code is 0 if all is mended, 1 if errors are left, 2 if one cannot be read or written.
    """
    chosen = for_python(
        options(settings, shapes),
        paths,
        training=training,
        seconds=seconds,
        trusted=trusted,
        verbose=verbose,
    )
    found = [attempt(_sources, path, write) for path in paths]
    sources = [source for part in found for source in part or ()]
    outcomes = [attempt(_mended, source, chosen, expectations) for source in sources]
    mended = [outcome for outcome in outcomes if outcome is not None]
    done = [attempt(_written, item) if write else False for item in mended]
    if format is TextFormat.json:
        _print_data(mended, done, output)
    else:
        _print(mended, done, write=write, quiet=quiet, output=output)
    complete = None not in found and None not in outcomes and None not in done
    readable = all(outcome.analysis.readable for outcome in mended)
    raise typer.Exit(int(any(item.left for item in mended)) if complete and readable else 2)


def _sources(path: str, write: bool) -> list[Source]:
    """The sources behind a PATH; none that comes with the package, if they are to be written."""
    sources = Project().sources(path)
    if write and sources[0].bundled:
        raise UsageError(
            f"`{path}` comes with cnnshape, and is not written to; "
            f"`cnnshape show {path} -o {path}.yaml` makes a file of your own"
        )
    return sources


def _mended(source: Source, chosen: Options, expectations: bool) -> Outcome:
    """A source repaired, in memory."""
    from cnnshape.repair.mend import Left, Outcome, mend

    try:
        if is_python(source.path):
            return _mended_python(source, chosen)
        return mend(source.path, source.content(), chosen, expectations=expectations)
    except UnreadableError as error:
        left = tuple(Left(item, "it is no model") for item in error.diagnostics)
        analysis = unreadable(error, source.path)
        return Outcome(source.path, "", "", (), left, analysis)


def _mended_python(source: Source, chosen: Options) -> Outcome:
    from cnnshape.repair.python import mend_python
    from cnnshape.sources.torch.source import TorchSource

    assert isinstance(source, TorchSource)
    return mend_python(source, chosen)


def _is_file(outcome: Outcome) -> bool:
    return outcome.path != "<stdin>"


def _written(outcome: Outcome) -> bool:
    """Write a file, if anything in it changed; whether it was."""
    if not _is_file(outcome) or outcome.before == outcome.after:
        return False
    write_file(Path(outcome.path), outcome.after, outcome.encoding)
    return True


def _print_data(mended: list[Outcome], done: list[bool | None], output: OutputOption) -> None:
    from cnnshape.report.json import dump
    from cnnshape.report.repair import as_data

    pairs = zip(mended, done, strict=True)
    models = [as_data(item, written=bool(written)) for item, written in pairs]
    emit(dump({"version": 1, "models": models}), output)


def _print(
    mended: list[Outcome],
    done: list[bool | None],
    *,
    write: bool,
    quiet: bool,
    output: OutputOption,
) -> None:
    """The diff, or with `write` the text of standard input, is the result; else the words are."""
    from cnnshape.report.repair import as_diff, as_words
    from cnnshape.report.text import findings

    result = [] if write else [line for outcome in mended for line in as_diff(outcome)]
    texts = [outcome.after for outcome in mended if write and not _is_file(outcome)]
    if result and output is None and wants_colour():
        emit_lines(result, None)
    elif result:
        emit_exactly(plain(result) + "\n", output)
    for text in texts:
        emit_exactly(text, output)
    said = []
    for outcome, written in zip(mended, done, strict=True):
        if not outcome.analysis.readable:
            emit_lines(findings(outcome.analysis)[:-1], None, error=True)
            continue
        said += as_words(outcome, width(None), written=bool(written), quiet=quiet)
    emit_lines(said, None, error=not write or bool(texts))
