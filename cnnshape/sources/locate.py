"""From what a user names to graphs: a file, a folder, a bundled name, standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnnshape.diagnostics import UnreadableError
from cnnshape.graph import Graph
from cnnshape.sources import bundled
from cnnshape.sources.demand import NO_DEMAND, Demand
from cnnshape.sources.limits import LARGEST_FILE
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError
from cnnshape.sources.words import suggest

if TYPE_CHECKING:
    from cnnshape.analysis.sizes.accepted import AcceptedInputs
    from cnnshape.sources.spec.document import Document

SUFFIXES = (".yaml", ".yml")
MODEL_KEYS = {"layers", "cnnshape"}


LeftOut = Callable[[Path], bool]


def _nothing(_: Path) -> bool:
    return False


class Source(NamedTuple):
    """A place to read a model from; `path` is what the user sees."""

    path: str
    content: Callable[[], bytes]
    found: bool = False
    """Found in a folder, so that it may be no model at all."""
    bundled: bool = False
    """It came with the package, and is not to be written to."""
    demand: Demand = NO_DEMAND
    """What settings and the command line ask of it."""

    def document(self) -> Document:
        """The content as a document; UnreadableError if it is none."""
        from cnnshape.sources.spec.document import parse

        return parse(self.path, self.content())

    def graph(self, options: Options) -> Graph:
        """The model; UnreadableError if it is none, UsageError if an option does not fit."""
        from cnnshape.sources.spec.reader import read

        return self.demand.on(read(self.document(), self.demand.settled(options)))

    @property
    def is_program(self) -> bool:
        """Whether it is code that makes the model."""
        return False

    def accepted(self, options: Options, free: Collection[str] = ()) -> AcceptedInputs:
        """The input sizes that the model accepts; as `graph` does, it raises what it raises."""
        from cnnshape.analysis.sizes.accepted import accepted_inputs

        return accepted_inputs(self.graph(options), free)

    def graph_for(
        self,
        options: Options,
        graph: Graph,
        shapes: Mapping[str, Sequence[int]],
        *,
        training: bool = False,
    ) -> Graph:
        """The model for inputs of these shapes, the batch included."""
        return graph

    def is_model(self) -> bool:
        """Whether a file is meant as a model; if it cannot be read, it may be, as may stdin."""
        if self.content is _standard_input:  # it can be read once
            return True
        try:
            root = self.document().root.data
        except UnreadableError:
            return True
        return isinstance(root, dict) and not MODEL_KEYS.isdisjoint(root)


def locate(path: str, left_out: LeftOut = _nothing) -> list[Source]:
    """The sources behind a PATH; UsageError where there are none.

    Of a folder, files and folders for which `left_out` holds are passed over.
    """
    if path == "-":
        return [Source("<stdin>", _standard_input)]
    if ".py" in path:
        from cnnshape.sources.torch.source import source_of

        python = source_of(path)
        if python is not None:
            return [python]
    place = Path(path)
    if not path:  # or it would be the working directory
        raise UsageError(_missing(path))
    try:
        if place.is_dir():
            return _below(place, left_out)
        if place.exists():
            return [_file(place)]
    except (OSError, ValueError):
        raise UsageError(f"no such file: {path[:200]!r}") from None
    file = bundled.path_of(path)
    if file is not None:
        place = Path(os.path.relpath(file)) if _is_near(file) else file
        return [_file(place)._replace(bundled=True)]
    raise UsageError(_missing(path))


def _standard_input() -> bytes:
    if sys.stdin is None:  # closed by whoever started this process
        raise UsageError("standard input is closed")
    return sys.stdin.buffer.read(LARGEST_FILE + 1)


def _is_near(file: Path) -> bool:
    """Whether a file lies below the working directory, and so has a short path from here."""
    return file.resolve().is_relative_to(Path.cwd())


def _missing(path: str) -> str:
    message = f"no such file: {path[:200]}"
    if "/" in path or "." in path:
        return message
    help = suggest(path, bundled.names())
    near = f"; {help.replace('write', 'did you mean')}?" if help else ""
    return f"no file, folder or bundled model is called `{path[:200]}`{near}"


def _file(place: Path) -> Source:
    if place.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{place}: no reader for {place.suffix or 'such'} files; "
            f"model files end in {' or '.join(SUFFIXES)}"
        )
    return Source(str(place), lambda: _content(place))


def _content(place: Path) -> bytes:
    """At most one byte more than a model file may have."""
    try:
        with place.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{place}: {(error.strerror or str(error)).lower()}") from None


def _below(folder: Path, left_out: LeftOut) -> list[Source]:
    """Every model file below a folder, hidden ones left out."""
    found = [
        Source(str(file), lambda file=file: _content(file), found=True)  # type: ignore[misc]
        for file in _files(folder, left_out)
    ]
    models = [source for source in found if source.is_model()]
    if not models:
        raise UsageError(f"{folder}: no model file in this folder (a YAML file with `layers`)")
    return models


def _files(folder: Path, left_out: LeftOut) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not left_out(Path(root, name))
        )
        for name in sorted(files):
            file = Path(root, name)
            if left_out(file):
                continue
            if file.suffix.lower() in SUFFIXES and not name.startswith(".") and file.is_file():
                yield file
