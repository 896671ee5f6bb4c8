"""From a Python file to a graph: load it, make the model, run its forward pass on shapes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from cnnshape import collector
from cnnshape.diagnostics import Diagnostic, UnreadableError
from cnnshape.dim import Recording, TooDeepError
from cnnshape.dim import size as named_dim
from cnnshape.dim.assumption import recording_with
from cnnshape.graph import NOTHING, Graph, Node
from cnnshape.sources.spec.shape import NamedSize, UsageError
from cnnshape.sources.torch import guard, loading
from cnnshape.sources.torch.assembly import assembled
from cnnshape.sources.torch.diagnosis import of_exception, of_shape, of_unsupported
from cnnshape.sources.torch.inputs import (
    BATCH,
    Given,
    examples_of,
    given_of,
    is_batch,
    missing,
    with_batch,
)
from cnnshape.sources.torch.loading.source import CONTENTS
from cnnshape.sources.torch.path import Target
from cnnshape.sources.torch.preparation import prepare
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.trace import SESSION, ShapeError, Trace, UnsupportedError
from cnnshape.sources.torch.target import chosen, instance
from cnnshape.sources.torch.tracing import (
    ANY_BATCH,
    BatchPinnedError,
    Output,
    TraceRecording,
    input_names,
    traced,
)

T = TypeVar("T")
PINNED_BATCH = 2
"""The batch's size where the code takes it as a plain number."""
USUAL = 224


class Settings(NamedTuple):
    """How a file is read: the inputs' shapes, whether it trains, and how far it is trusted."""

    texts: Mapping[Any, str]
    training: bool = False
    seconds: float = 60.0
    trusted: bool = False
    verbose: bool = False
    values: bool = False
    """Whether the values of parameters and constants are handed on, as far as they are known."""
    contents: Mapping[str, bytes] = NOTHING
    """What files hold, whatever is written there."""


def read(target: Target, path: str, settings: Settings) -> Graph:
    """The graph of a model; what is wrong with it is in `findings`.

    Raises UnreadableError where nothing could be checked, and UsageError where the file has no such
    model, or the inputs are not those it takes.
    """
    inputs = {key: given_of(text) for key, text in settings.texts.items()}
    examples_of(inputs)
    with suppress(OSError):  # told when it is loaded
        prepare(Path(target.file).read_bytes())

    def act() -> Graph:
        with collector.paused():
            graph = Reading(target, path, settings, inputs).graph()
        if None in examples_of(inputs).values() and _has_error(graph):
            return _at_other_sizes(target, path, settings, inputs) or graph
        return graph

    return guarded(act, path, settings)


def guarded(act: Callable[[], T], path: str, settings: Settings) -> T:
    """What an act gives, user code being run in it; UnreadableError where it is ended."""

    def acted() -> T:
        CONTENTS.update({os.path.abspath(file): text for file, text in settings.contents.items()})
        return act()

    try:
        return guard.in_child(
            acted,
            seconds=settings.seconds,
            trusted=settings.trusted,
            verbose=settings.verbose,
        )
    except guard.GuardError as error:
        raise UnreadableError([_ended(path, error)]) from None


def _has_error(graph: Graph) -> bool:
    return any(item.severity == "error" for item in graph.findings)


def _at_other_sizes(
    target: Target, path: str, settings: Settings, inputs: Mapping[Any, Given]
) -> Graph | None:
    """The graph at the sizes nearest to the usual ones that the model accepts."""
    from cnnshape.sources.torch.sizes import nearest_accepted

    sizes = nearest_accepted(target, path, settings, inputs)
    return Reading(target, path, settings, inputs, sizes).graph() if sizes else None


def _ended(path: str, error: guard.GuardError) -> Diagnostic:
    """The code was ended before it was through."""
    frame = error.stack[0] if error.stack else None
    kind = type(error).__name__.removesuffix("Error")
    rule = {"TimedOut": "timed-out", "OutOfMemory": "out-of-memory"}.get(kind, "crashed")
    return Diagnostic(
        rule,
        f"{path}: not checked: {error.message}",
        span=frame.span if frame else None,
        help="--timeout gives more time" if rule == "timed-out" else None,
    )


class Reading:
    """One file being read, in the process that user code runs in.

    `sizes` are examples of named sizes; those of `inputs` come first.
    """

    def __init__(
        self,
        target: Target,
        path: str,
        settings: Settings,
        inputs: Mapping[Any, Given],
        sizes: Mapping[str, int] = NOTHING,
    ) -> None:
        self.target = target
        self.path = path
        self.settings = settings
        self.inputs = inputs
        self.sizes = sizes
        self.model: Module | None = None
        self.name = "model"
        self.texts: dict[str, str] = {}
        self.recording = self._new_recording()
        self.asked = Recording({})
        """What the model asked of sizes, for any batch."""

    def _new_recording(self) -> TraceRecording:
        """Comparisons of named sizes are made at examples of them."""
        examples = {BATCH: ANY_BATCH, **self.sizes}
        for name, example in examples_of(self.inputs).items():
            examples[name] = self.sizes.get(name, USUAL) if example is None else example
        for given in self.inputs.values():
            for side in given.shape:
                if isinstance(side, NamedSize) and side.name == BATCH and side.example is not None:
                    examples[BATCH] = side.example
        return TraceRecording(examples)

    def graph(self) -> Graph:
        """The graph, or as much of it as there is before a fault."""
        SESSION.last = None
        try:
            return self._read()
        except UnsupportedError as error:
            raise self._unreadable(of_unsupported(error)) from None
        except guard.RefusedError as error:
            raise self._unreadable(_refused(error)) from None
        except loading.MissingPackageError as error:
            raise self._unreadable(_missing_package(error)) from None
        except loading.UnavailableError as error:
            raise self._unreadable(_unavailable(error)) from None
        except BatchPinnedError:
            number = self.recording.sizes[BATCH]
            self.inputs = with_batch(self.inputs, PINNED_BATCH if number == ANY_BATCH else number)
            self.recording = self._new_recording()
            return self.graph()
        except ShapeError as error:
            return self._faulty(of_shape(error, self._empty(), self.model))
        except (UsageError, UnreadableError, TooDeepError, MemoryError):
            raise
        except Exception as error:
            if not loading.error_stack(error):  # the fault is ours
                raise
            return self._faulty(of_exception(error))

    def _read(self) -> Graph:
        from cnnshape.sources.torch.standin.package import PACKAGE

        loaded = loading.load(self.target.file, PACKAGE)
        self.texts = _texts()
        if self.settings.verbose:
            _tell(loaded.notes)
        self.name, made_by = chosen(self.target, loaded.module, loaded.source.tree)
        if isinstance(made_by, loading.Unavailable):
            raise loading.error_of(made_by)
        with recording_with(self.recording):
            self.model = instance(self.target, self.name, made_by)
            said = missing(self.path, self.model, self.settings.texts)
            if said:
                raise UsageError(said)
            return self._traced(self.model)

    def _traced(self, model: Module) -> Graph:
        model.train(self.settings.training)
        named = input_names(model, self.inputs)
        try:
            output = self._followed(model, named)
        except ShapeError as error:
            return self._broken(model, error, named)
        except (
            guard.RefusedError,
            loading.MissingPackageError,
            loading.UnavailableError,
            TooDeepError,
            MemoryError,
        ):
            raise
        except Exception as error:  # noqa: BLE001 whatever the user's code raises is told
            return self._stopped(model, of_exception(error, model.forward), named)
        graph = self._assembled(model, output)
        return graph._replace(findings=tuple(self._findings(output, graph)))

    def _followed(self, model: Module, named: Mapping[str, Given]) -> Output:
        """The forward pass; what is asked of sizes afterwards, is no condition of the model's."""
        try:
            return traced(model, named)
        finally:
            self.asked = self.recording.given({BATCH: self.recording.sizes[BATCH]})

    def _assembled(self, model: Module, output: Output) -> Graph:
        sizes = examples_of(self.inputs)
        graph = assembled(
            self.name, self.path, model, output.trace, output.inputs, output.outputs,
            _texts(), _batch(output.inputs), values=self.settings.values,
        )  # fmt: skip
        examples = {name: self.recording.sizes[name] for name in sizes}
        return graph._replace(sizes=examples, assumed=tuple(self.asked.found.items()))

    def _findings(self, output: Output, graph: Graph) -> list[Diagnostic]:
        from cnnshape.sources.torch.warnings import mixed_batches, no_output

        return [*mixed_batches(output.trace), *no_output(graph)]

    def _broken(self, model: Module, error: ShapeError, named: Mapping[str, Given]) -> Graph:
        """The graph up to a layer whose rule does not hold, and that layer without its rules."""
        graph = self._assembled(model, Output(self._last_trace, dict(named), (), {}))
        told = of_shape(error, graph, model)
        node = error.fault.node
        last = Node(node.name, node.type, None, node.inputs, scopes=node.scopes)
        nodes = (*graph.nodes, last._replace(place=last.place._replace(span=told.span)))
        return graph._replace(nodes=nodes, findings=(told,), outputs=(node.name,))

    def _stopped(self, model: Module, told: Diagnostic, named: Mapping[str, Given]) -> Graph:
        graph = self._assembled(model, Output(self._last_trace, dict(named), (), {}))
        return graph._replace(findings=(told,))

    @property
    def _last_trace(self) -> Trace:
        trace = SESSION.last
        assert trace is not None
        return trace

    def _empty(self) -> Graph:
        inputs: dict[str, Given] = {}
        return Graph(self.name, self.path, (), (), (), texts=_texts(), batch=_batch(inputs))

    def _faulty(self, told: Diagnostic) -> Graph:
        return self._empty()._replace(findings=(told,))

    def _unreadable(self, told: Diagnostic) -> UnreadableError:
        error = UnreadableError([told])
        error.text = _texts().get(told.span.file, "") if told.span else ""
        return error


def _tell(notes: list[loading.Note]) -> None:
    """What was left out at the top level: this process's standard error is the user's then."""
    for note in notes:
        span = note.span
        what = note.reason if note.failed else f"not run: {note.reason}"
        sys.stderr.write(f"{span.file}:{span.line}:{span.column}: {what}\n")


def _batch(inputs: Mapping[str, Given]) -> Any:
    """The size of the batch's axis: N, or the number given for it."""
    for given in inputs.values():
        for side in given.shape:
            if is_batch(side):
                return named_dim(BATCH)
    first = next(iter(inputs.values()), None)
    return first.shape[0] if first and first.shape and isinstance(first.shape[0], int) else 1


def _texts() -> dict[str, str]:
    from cnnshape.sources.torch.loading.source import SOURCES

    return {source.shown: source.text for source in SOURCES.values() if source is not None}


def _refused(error: guard.RefusedError) -> Diagnostic:
    frames = loading.error_stack(error)
    return Diagnostic(
        "refused",
        f"not checked: {error}",
        span=frames[0].span if frames else None,
        help="--trust lets the file do what it wants",
    )


def _missing_package(error: loading.MissingPackageError) -> Diagnostic:
    frames = loading.error_stack(error)
    return Diagnostic(
        "missing-package",
        f"not checked: {error}",
        span=frames[0].span if frames else error.span,
        help=f"pip install {error.package}",
    )


def _unavailable(error: loading.UnavailableError) -> Diagnostic:
    frames = loading.error_stack(error)
    return Diagnostic(
        "python-error",
        f"not checked: {error}",
        span=frames[0].span if frames else error.span,
        help="only what defines the model is run at the top level of a file",
    )
