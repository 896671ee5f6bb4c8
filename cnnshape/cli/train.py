"""`cnnshape train`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from cnnshape.cli.options import (
    FormatOption,
    InputOption,
    OutputOption,
    PathArgument,
    SetOption,
    TextFormat,
    check_source,
    one_source,
    options,
    stderr_is_terminal,
)
from cnnshape.cli.output import complain, emit, emit_lines, width, write
from cnnshape.cli.training import (
    BatchSizeOption,
    CheckpointOption,
    CurveOption,
    DataOption,
    EpochsOption,
    MomentumOption,
    NesterovOption,
    NoScaleOption,
    OptimiserOption,
    OverfitOption,
    PatienceOption,
    QuietTrainOption,
    RateOption,
    ResumeOption,
    SaveOption,
    SeedOption,
    SplitOption,
    ValidOption,
    WeightDecayOption,
)
from cnnshape.diagnostics import CnnshapeError, ModelError, UnreadableError
from cnnshape.graph import Graph
from cnnshape.report.snippet import Line
from cnnshape.sources.spec.shape import UsageError

if TYPE_CHECKING:
    from cnnshape.report.training import Subject
    from cnnshape.training.dataset import Dataset
    from cnnshape.training.trainer import Trainer, Watch


class Wanted(NamedTuple):
    """What is read, written and printed."""

    path: str
    data: Path
    valid: Path | None
    checkpoint: Path | None
    resume: Path | None
    save: Path | None
    curve: Path | None
    output: Path | None
    json: bool
    quiet: bool

    @property
    def state(self) -> Path | None:
        """Where checkpoints go: a resumed training goes on writing its own."""
        return self.checkpoint or self.resume


def train(
    path: PathArgument,
    data: DataOption,
    valid: ValidOption = None,
    split: SplitOption = None,
    no_scale: NoScaleOption = False,
    overfit: OverfitOption = None,
    epochs: EpochsOption = None,
    batch_size: BatchSizeOption = None,
    optimiser: OptimiserOption = None,
    lr: RateOption = None,
    momentum: MomentumOption = None,
    nesterov: NesterovOption = False,
    weight_decay: WeightDecayOption = None,
    patience: PatienceOption = None,
    seed: SeedOption = None,
    checkpoint: CheckpointOption = None,
    resume: ResumeOption = None,
    save: SaveOption = None,
    curve: CurveOption = None,
    quiet: QuietTrainOption = False,
    format: FormatOption = TextFormat.text,
    settings: SetOption = None,
    shapes: InputOption = None,
    output: OutputOption = None,
) -> None:
    """Train a model on data of yours, and print a line an epoch.

    The exit code is 0 if it was trained, 1 if the model has an error, its loss
    is no number or --overfit fails, 2 if data cannot be used, 130 after Ctrl-C.
    """
    json = format is TextFormat.json
    wanted = Wanted(path, data, valid, checkpoint, resume, save, curve, output, json, quiet)
    given = {
        "optimiser": optimiser.value if optimiser else None,
        "lr": lr,
        "momentum": momentum,
        "nesterov": nesterov or None,
        "weight_decay": weight_decay,
        "epochs": epochs,
        "batch_size": batch_size,
        "split": split,
        "patience": patience,
        "seed": seed,
        "scale": False if no_scale else None,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    _check_places(wanted)
    graph = _graph(path, settings, shapes)
    with _told(graph):
        if overfit is not None:
            raise typer.Exit(_overfit(graph, wanted, chosen, overfit))
        _train(graph, wanted, chosen)


def _check_places(wanted: Wanted) -> None:
    """What is written at the end must have a folder at the beginning."""
    for path in (wanted.checkpoint, wanted.save, wanted.curve, wanted.output):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            reason = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
            raise UsageError(f"cannot write {path}: {reason}")


def _graph(path: str, settings: SetOption, shapes: InputOption) -> Graph:
    """The model; whether it holds is seen when it is first planned."""
    from cnnshape.report.text import findings

    source, chosen = one_source(path), options(settings, shapes)
    if source.is_program:
        raise UsageError(f"{path} is PyTorch source, and only model files are trained here")
    try:
        return source.graph(chosen)
    except UnreadableError:
        emit_lines(findings(check_source(source, chosen))[:-1], None, error=True)
        raise typer.Exit(2) from None


@contextmanager
def _told(graph: Graph) -> Iterator[None]:
    """Say what cannot be done, and end with its exit code."""
    from cnnshape.training.failure import DataError

    try:
        yield
    except CnnshapeError as error:
        _print(error, graph)
        raise typer.Exit(2 if isinstance(error, DataError) else 1) from None


def _print(error: CnnshapeError, graph: Graph) -> None:
    """What is wrong with the model goes to standard output, as `check` prints it."""
    from cnnshape.report.snippet import render

    for item in error.diagnostics:
        if item.span is None and item.layer is None:
            complain("; ".join(filter(None, (item.message, item.help))))
        else:
            lines = render(item, graph.texts, width(None) or 160)[:-1]
            emit_lines(lines, None, error=not isinstance(error, ModelError))


def _overfit(graph: Graph, wanted: Wanted, given: Mapping[str, Any], samples: int) -> int:
    from cnnshape.report.training import loss_text
    from cnnshape.training.options import Options
    from cnnshape.training.overfit import NEARLY, STEPS, overfit

    chosen = Options(**given)
    data = _dataset(graph, wanted.data, chosen.scale)
    steps = given.get("epochs", STEPS)
    with _watched(f"learning {samples} samples by heart") as watch:
        found = overfit(graph, data, chosen, samples, steps, watch)
    if wanted.json:
        _emit_json({"version": 1, **found._asdict(), "ok": found.ok}, wanted)
        return 0 if found.ok else 1
    fell = f"the loss of {samples} samples went from {loss_text(found.first)} to "
    if found.ok:
        text = f"ok: {fell}less than {NEARLY:.0%} of it"
    else:
        text = (
            f"the model does not learn {samples} samples by heart: {fell}"
            f"{loss_text(found.last)} in {found.steps} steps"
        )
    _emit([[(text, "good" if found.ok else "error")]], wanted)
    return 0 if found.ok else 1


def _dataset(graph: Graph, path: Path, scale: bool, *, valid: bool = False) -> Dataset:
    from cnnshape.training.dataset import dataset
    from cnnshape.training.files import TRAIN, VALID, read_arrays

    uses = VALID if valid else TRAIN
    return dataset(graph, read_arrays(path, uses), uses, scale=scale, source=path)


def _train(graph: Graph, wanted: Wanted, given: Mapping[str, Any]) -> None:
    trainer = _trainer(graph, wanted, given)
    subject = _subject(trainer, wanted)
    lines = _Lines(wanted)
    try:
        lines.start(subject, trainer)
        while not trainer.finished:
            with _watched(f"epoch {len(trainer.history) + 1}") as watch:
                trainer.epoch(watch)
            _store(trainer, wanted)
            lines.epoch(trainer)
    except KeyboardInterrupt:
        complain(_interrupted(trainer, wanted))
        raise typer.Exit(130) from None
    lines.end(subject, trainer)


def _trainer(graph: Graph, wanted: Wanted, given: Mapping[str, Any]) -> Trainer:
    from cnnshape.training.checkpoint import load
    from cnnshape.training.options import Options, resumed
    from cnnshape.training.trainer import Trainer

    state = load(wanted.resume) if wanted.resume else None
    chosen = resumed(state.options, given) if state else Options(**given)
    data = _dataset(graph, wanted.data, chosen.scale)
    valid = None
    if wanted.valid is not None:
        valid = _dataset(graph, wanted.valid, chosen.scale, valid=True)
    trainer = Trainer(graph, data, chosen, valid)
    if state is not None:
        trainer.resume(state)
    return trainer


def _subject(trainer: Trainer, wanted: Wanted) -> Subject:
    from cnnshape.report.training import Subject

    return Subject(
        model=trainer.graph.name,
        path=trainer.graph.path,
        loss=trainer.objective.name,
        optimiser=f"{trainer.options.optimiser}, lr {trainer.options.rates()}",
        samples=len(trainer.data),
        validation=len(trainer.valid) if trainer.valid else 0,
        notes=trainer.objective.notes,
    )


def _store(trainer: Trainer, wanted: Wanted) -> None:
    """The checkpoint and the picture, as they stand after an epoch."""
    from cnnshape.report.curve import as_svg
    from cnnshape.training.checkpoint import save

    if wanted.state is not None:
        save(wanted.state, trainer.state())
    if wanted.curve is not None:
        write(wanted.curve, as_svg(trainer.graph.name, trainer.history) + "\n")


def _interrupted(trainer: Trainer, wanted: Wanted) -> str:
    number = len(trainer.history) + 1
    if wanted.state is None:
        return f"stopped in epoch {number}; nothing is kept: --checkpoint FILE would have"
    if not trainer.history or not wanted.state.exists():
        return f"stopped in epoch {number}, before there was a checkpoint"
    again = f"cnnshape train {wanted.path} --data {wanted.data} --resume {wanted.state}"
    if wanted.valid is not None:
        again += f" --valid {wanted.valid}"
    return f"stopped in epoch {number}; to go on: {again}"


class _Lines:
    """Lines as they come on standard output; for a file or as JSON at the end."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.kept: list[Line] = []

    def add(self, lines: list[Line]) -> None:
        if self.wanted.json:
            return
        if self.wanted.output is None:
            emit_lines(lines, None)
            sys.stdout.flush()
        else:
            self.kept += lines

    def start(self, subject: Subject, trainer: Trainer) -> None:
        from cnnshape.report.training import head, row, table_head

        self.add(head(subject))
        if not self.wanted.quiet:
            history = trainer.history
            self.add([*table_head(), *(row(history[: n + 1]) for n in range(len(history)))])

    def epoch(self, trainer: Trainer) -> None:
        from cnnshape.report.training import row

        if not self.wanted.quiet:
            self.add([row(trainer.history)])

    def end(self, subject: Subject, trainer: Trainer) -> None:
        """What came of it, and the weights."""
        from cnnshape.report.training import as_data, closing
        from cnnshape.training.checkpoint import write_arrays

        if self.wanted.save is not None:
            write_arrays(self.wanted.save, trainer.result)
        impatient = trainer.impatient
        if self.wanted.json:
            found = trainer.options.as_data()
            _emit_json(as_data(subject, trainer.history, found, impatient=impatient), self.wanted)
            return
        space: list[Line] = [] if self.wanted.quiet else [[]]
        self.add([*space, *closing(trainer.history, impatient=impatient)])
        if self.wanted.output is not None:
            emit_lines(self.kept, self.wanted.output)


def _emit(lines: list[Line], wanted: Wanted) -> None:
    emit_lines(lines, wanted.output)


def _emit_json(data: Mapping[str, Any], wanted: Wanted) -> None:
    from cnnshape.report.json import dump

    emit(dump(data), wanted.output)


@contextmanager
def _watched(words: str) -> Iterator[Watch | None]:
    """A progress bar where somebody looks at standard error."""
    if not stderr_is_terminal():
        yield None
        return
    from cnnshape.report.terminal.batches import Bar

    with Bar(words) as bar:
        yield bar.show
