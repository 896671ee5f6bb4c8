"""The sizes that PyTorch source accepts: traced anew at every example, as it may branch on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice, product
from time import monotonic
from typing import Any

from cnnshape.analysis.sizes.accepted import AcceptedInputs
from cnnshape.analysis.sizes.explore import Exploration, Path, explore
from cnnshape.analysis.sizes.naming import examples, with_named_sizes
from cnnshape.analysis.sizes.region import Point, everything
from cnnshape.analysis.walk import Fault, Walk
from cnnshape.diagnostics import Diagnostic, RuleError
from cnnshape.dim import Dim, Recording
from cnnshape.graph import Graph, Input, Node, Place
from cnnshape.layer import N, Shape
from cnnshape.sources.spec.shape import NamedSize, UsageError, Written
from cnnshape.sources.torch.inputs import BATCH, Given, given_of, is_batch, with_sizes
from cnnshape.sources.torch.loading.frames import OWN
from cnnshape.sources.torch.path import Target
from cnnshape.sources.torch.places import chain
from cnnshape.sources.torch.reader import Reading, Settings, guarded, read
from cnnshape.sources.torch.standin.stack import Stack
from cnnshape.sources.torch.standin.trace import SESSION

SAMPLES = 7
"""The batch at which sizes are tried: a prime, so that no reshape takes samples for pixels."""
MOST_TRIED = 144
MOST_CONFIRMED = 48
"""Points at which the answer is compared with a trace of plain numbers."""
SEARCHING, CONFIRMING = 0.5, 0.8
"""The parts of the time after which no new ones are begun."""


class SourceNetwork:
    """A file at sizes that are asked for later, outside the process that explored it."""

    def __init__(self, target: Target, path: str, settings: Settings, graph: Graph) -> None:
        self.target = target
        self.path = path
        self.settings = settings
        self.graph = graph

    def walked(self, sizes: Mapping[str, int]) -> tuple[Walk, Recording]:
        """Not asked for: all ways through it are known."""
        raise NotImplementedError

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether these sizes go through, as numbers."""
        return not _errors(self.at({BATCH: SAMPLES, **sizes}))

    def at(self, sizes: Mapping[str, int]) -> Graph:
        """The network of these sizes."""
        inputs = with_sizes(given_inputs(self.graph), sizes)
        texts = {name: written(given) for name, given in inputs.items()}
        return read(self.target, self.path, self.settings._replace(texts=texts))


class TracedNetwork:
    """A file that is traced at every example, in the process that user code runs in."""

    def __init__(self, target: Target, path: str, settings: Settings, graph: Graph) -> None:
        self.target = target
        self.path = path
        self.graph = graph
        self.inputs = given_inputs(graph)
        self.settings = settings._replace(
            texts={name: written(x) for name, x in self.inputs.items()}
        )

    def walked(self, sizes: Mapping[str, int]) -> tuple[Walk, Recording]:
        """A trace at examples, up to its end or a fault, and what was found of conditions."""
        inputs = {key: _without_examples(given) for key, given in self.inputs.items()}
        reading = self._reading(inputs, {BATCH: SAMPLES, **sizes})
        graph = reading.graph()
        walk = SESSION.last.walk if SESSION.last is not None else Walk(graph, {}, set())
        walk.graph = graph
        walk.faults = [_fault(item, graph) for item in _errors(graph)]
        walk.known.clear()
        found = reading.asked
        found.causes = {key: _asker(cause, graph) for key, cause in found.causes.items()}
        walk.shapes = {name: _of_samples(shape) for name, shape in walk.shapes.items()}
        return walk, found

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether these sizes go through, as numbers."""
        return not _errors(self.at(sizes))

    def at(self, sizes: Mapping[str, int]) -> Graph:
        """The network of these sizes."""
        return self._reading(with_sizes(self.inputs, {BATCH: SAMPLES, **sizes}), {}).graph()

    def _reading(self, inputs: Mapping[Any, Given], sizes: Mapping[str, int]) -> Reading:
        return Reading(self.target, self.path, self.settings, inputs, sizes)


def accepted_sizes(
    target: Target, path: str, settings: Settings, free: Collection[str]
) -> AcceptedInputs:
    """The sizes that a file's model accepts, confirmed at some of them and beside."""
    if BATCH in free:
        raise UsageError("--free N is of no use with PyTorch source, whose batch is N already")
    inputs = {key: given_of(text) for key, text in settings.texts.items()}

    def act() -> AcceptedInputs:
        return _plain(explored(target, path, settings, inputs, free))

    found = guarded(act, path, settings)
    found.network = SourceNetwork(target, path, settings, found.graph)
    return found


def nearest_accepted(
    target: Target, path: str, settings: Settings, inputs: Mapping[Any, Given]
) -> dict[str, int] | None:
    """The accepted sizes that are nearest to the usual ones, with those given kept."""
    named = _named(target, path, settings, inputs, None)
    found = explored(target, path, settings, inputs, None)
    given = {name: size for name, size in named.sizes.items() if size is not None}
    return next(iter(found.within(given).nearest(**examples(named))), None)


def explored(
    target: Target,
    path: str,
    settings: Settings,
    inputs: Mapping[Any, Given],
    free: Collection[str] | None,
) -> AcceptedInputs:
    """The sizes that a file's model accepts, in the process that user code runs in."""
    started = monotonic()
    graph = _named(target, path, settings, inputs, free)
    network = TracedNetwork(target, path, settings, graph)
    found = explore(network, examples(graph), started + SEARCHING * settings.seconds)
    accepted = AcceptedInputs(network, found, most_tried=MOST_TRIED)
    if not _confirmed(accepted, network, started + CONFIRMING * settings.seconds):
        found = Exploration(found.names, (), everything(len(found.names)))
        accepted = AcceptedInputs(network, found, most_tried=MOST_TRIED)
    return accepted


def _named(
    target: Target,
    path: str,
    settings: Settings,
    inputs: Mapping[Any, Given],
    free: Collection[str] | None,
) -> Graph:
    """The model's inputs by name, their spatial sizes named; None: as they are."""
    read_as = Reading(target, path, settings, inputs, {BATCH: SAMPLES}).graph()
    shapes = [*read_as.inputs]
    if not shapes:  # the fault is in a constructor, before the names are known
        shapes = [
            Input(f"input_{key + 1}" if isinstance(key, int) else key, given.sizes(), given.dtype)
            for key, given in inputs.items()
        ]
    sizes = {
        side.name: side.example
        for given in inputs.values()
        for side in given.shape
        if isinstance(side, NamedSize) and not is_batch(side)
    }
    plain = Graph(read_as.name, path, tuple(shapes), (), (), sizes=sizes, texts=read_as.texts)
    return plain if free is None else with_named_sizes(plain, free)


def given_inputs(graph: Graph) -> dict[Any, Given]:
    """Inputs of a graph as `--input` gives them."""
    return {
        item.name: Given(tuple(_written(side, graph) for side in item.shape), item.dtype)
        for item in graph.inputs
    }


def _written(side: Any, graph: Graph) -> Written:
    if not isinstance(side, Dim):
        return BATCH_SIZE if str(side) == BATCH else int(side)
    name = str(side)
    return NamedSize(name, graph.sizes.get(name))


BATCH_SIZE = NamedSize(BATCH)


def written(given: Given) -> str:
    """An input's shape and kind as `--input` writes them."""
    sides = [
        side.name if isinstance(side, NamedSize) and side.example is None
        else f"{side.name}={side.example}" if isinstance(side, NamedSize)
        else str(side)
        for side in given.shape
    ]  # fmt: skip
    return f"{','.join(sides)}:{given.dtype}"


def _without_examples(given: Given) -> Given:
    sides = (NamedSize(s.name) if isinstance(s, NamedSize) else s for s in given.shape)
    return Given(tuple(sides), given.dtype)


def _errors(graph: Graph) -> list[Diagnostic]:
    return [item for item in graph.findings if item.severity == "error"]


def _fault(item: Diagnostic, graph: Graph) -> Fault:
    """An error of a trace as a walk has it."""
    nodes = {node.name: node for node in graph.nodes}
    place = Place(item.span)
    node = nodes.get(item.layer or "") or Node("code", "python", None, (), place)
    message = item.message.removeprefix(f"`{node.name}` ")
    return Fault(node, RuleError(item.rule, message), ())


def _asker(cause: object, graph: Graph) -> object:
    """Who asked for a condition: a layer with its place, or a line of the user's."""
    if isinstance(cause, Node):
        return next((node for node in graph.nodes if node.name == cause.name), cause)
    stack: Stack = cause if isinstance(cause, tuple) else ()
    if not any(code.co_filename in OWN for code, _ in stack):
        return None
    span, function = chain(stack)[0]
    return Node(function.rpartition(".")[2], "python", None, (), Place(span))


def _of_samples(shape: Shape | None) -> Shape | None:
    """A shape with its batch axis marked; None where samples and pixels are mixed."""
    if shape is None:
        return None
    marked = tuple(N if isinstance(side, Dim) and str(side) == BATCH else side for side in shape)
    mixed = any(isinstance(side, Dim) and BATCH in side.names for side in marked)
    return None if mixed else marked


def _confirmed(found: AcceptedInputs, network: TracedNetwork, until: float) -> bool:
    """Whether traces of plain numbers agree with what is claimed, inside the set and beside it."""
    for point in islice(_doubtful(found), MOST_CONFIRMED):
        if monotonic() > until:
            break
        sizes = dict(zip(found.names, point, strict=True))
        graph = network.at(sizes)
        if found.accepts(**sizes) == bool(_errors(graph)):
            return False
    return True


def _doubtful(found: AcceptedInputs) -> Iterator[Point]:
    """Points inside and outside: corners, their neighbours, and some of every part."""
    seen: set[Point] = set()
    for path in found.exploration.paths:
        for near in path.region.points(2):
            if len(seen) > 4 * MOST_CONFIRMED:
                break
            for steps in product((0, -1, 1), repeat=len(near)):
                point = tuple(size + step for size, step in zip(near, steps, strict=True))
                if point not in seen and min(point, default=1) >= 1:
                    seen.add(point)
                    if not found.exploration.undecided.holds(point):
                        yield point


def _plain(found: AcceptedInputs) -> AcceptedInputs:
    """The same as data that can leave this process, all that needs a trace being known."""
    _ = found.tried
    paths = tuple(_light(path, path is found.main) for path in found.exploration.paths)
    found.__dict__.pop("main", None)
    found.exploration = found.exploration._replace(paths=paths)
    found.network = None  # type: ignore[assignment]
    return found


def _light(path: Path, is_main: bool) -> Path:
    """A path without what nobody asks for."""
    path.recording.known.clear()
    path.recording.latest.clear()
    graph = path.walk.graph._replace(nodes=(), texts={}, held=(), findings=(), assumed=())
    path.walk.graph = graph
    if not is_main:
        path.walk.applied = {}
        outputs = graph.outputs
        path.walk.shapes = {name: path.walk.shapes.get(name) for name in outputs}
    return path
