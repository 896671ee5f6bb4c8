"""What a run will do, decided before any array is touched: shapes, kernels, who reads whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from cnnshape.analysis.faults import diagnose
from cnnshape.analysis.named import held_to_examples
from cnnshape.analysis.walk import Applied, Walk, walk
from cnnshape.diagnostics import ModelError
from cnnshape.execute.failure import failure
from cnnshape.graph import Graph, Node, is_integer
from cnnshape.kernels.kernel import Kernel, find
from cnnshape.layer import Batch, Layer, Shape

COUNTER = "num_batches_tracked"
"""The buffer beside running statistics that PyTorch keeps and does not count as one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer of a run."""

    node: Node
    layer: Layer
    kernel: Kernel
    x: tuple[Shape, ...]
    y: Shape
    moved: bool
    """The layer sees its inputs with the channels moved to axis 1."""
    owner: str
    """The layer whose weights it uses: itself, unless `weights_from` says otherwise."""
    trains: bool
    parameters: dict[str, Shape] = field(default_factory=dict)
    buffers: dict[str, Shape] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.node.name

    @property
    def stored(self) -> dict[str, Shape]:
        """Parameters and buffers."""
        return {**self.parameters, **self.buffers}


@dataclass(frozen=True)
class Plan:
    """The stages of a run for one size of batch."""

    graph: Graph
    batch: int
    shapes: dict[str, Shape]
    """Of every input and layer, in the model's layout."""
    stages: tuple[Stage, ...]

    @cached_property
    def readers(self) -> Counter[str]:
        """How often a value is read, the outputs of the model being read once more."""
        read = Counter(name for stage in self.stages for name in stage.node.inputs)
        read.update(self.graph.outputs)
        return read

    @cached_property
    def last_readers(self) -> dict[str, str]:
        """The last layer to read a value; itself, where none does."""
        last = {stage.name: stage.name for stage in self.stages}
        last.update((name, stage.name) for stage in self.stages for name in stage.node.inputs)
        return last

    @cached_property
    def owners(self) -> dict[str, Stage]:
        """The layers that have weights or buffers of their own."""
        return {
            stage.name: stage for stage in self.stages if stage.stored and stage.owner == stage.name
        }

    @cached_property
    def floats(self) -> frozenset[str]:
        """Names of the inputs that hold floats."""
        return frozenset(i.name for i in self.graph.inputs if not is_integer(i.dtype))

    def in_need(self, inputs: Collection[str]) -> frozenset[str]:
        """Values whose gradient leads to a trained weight, or to one of these inputs."""
        needed = set(self.floats.intersection(inputs))
        needed |= {item.name for item in self.graph.held if item.used and item.is_parameter}
        for stage in self.stages:
            if (stage.trains and stage.parameters) or not needed.isdisjoint(stage.node.inputs):
                needed.add(stage.name)
        return frozenset(needed)


def plan(graph: Graph, batch: int) -> Plan:
    """Raise ModelError where the model does not hold, RunError where a kernel is missing."""
    graph = held_to_examples(graph)
    _check_values(graph)
    sized = [item._replace(shape=with_batch(item.shape, batch)) for item in graph.inputs]
    taken = walk(graph._replace(inputs=tuple(sized)))
    _check(taken)
    shapes = {name: shape for name, shape in taken.shapes.items() if shape is not None}
    return Plan(graph, batch, shapes, tuple(_stages(taken)))


def _check_values(graph: Graph) -> None:
    """Raise RunError where the source computes other values than the layers would."""
    for node in graph.nodes:
        if node.name in graph.shape_alone:
            place = node.place.span
            where = f" ({place.file}:{place.line})" if place else ""
            raise failure(
                "missing-kernel",
                f"not run: of `{node.name}`{where} the shape alone is modelled",
                layer=node.name,
                span=place,
            )


def with_batch(shape: Shape, batch: int) -> Shape:
    """A shape for so many samples."""
    return tuple(Batch(batch) if isinstance(size, Batch) else size for size in shape)


def _check(taken: Walk) -> None:
    found = [*taken.graph.findings, *diagnose(taken, taken.faults)]
    errors = [item for item in found if item.severity == "error"]
    unknown = [node.name for node in taken.graph.nodes if node.name not in taken.applied]
    if errors:
        raise ModelError(errors)
    if unknown:
        raise failure("bad-rank", f"the shape of `{unknown[0]}` is not known", layer=unknown[0])


def _stages(taken: Walk) -> Iterator[Stage]:
    nodes = {node.name: node for node in taken.graph.nodes}
    for applied in taken.applied.values():
        owner = nodes[_owner(nodes, applied.node)]
        parameters, buffers = _stored(applied)
        yield Stage(
            node=applied.node,
            layer=applied.layer,
            kernel=_kernel(applied),
            x=applied.x,
            y=applied.y,
            moved=taken.moves_axes(applied.layer),
            owner=owner.name,
            trains=owner.trainable,
            parameters=parameters,
            buffers=buffers,
        )


def _owner(nodes: dict[str, Node], node: Node) -> str:
    while node.weights_from is not None:
        node = nodes[node.weights_from]
    return node.name


def _stored(applied: Applied) -> tuple[dict[str, Shape], dict[str, Shape]]:
    buffers = dict(applied.layer.buffers(*applied.x))
    if "running_mean" in buffers:
        buffers[COUNTER] = ()
    return applied.layer.weights(*applied.x), buffers


def _kernel(applied: Applied) -> Kernel:
    kernel = find(type(applied.layer))
    if kernel is None:
        node = applied.node
        raise failure(
            "missing-kernel",
            f"`{node.name}` cannot be run: {node.type} has no kernel",
            layer=node.name,
            span=node.place.span,
            help="name the module of one, `kernel: ClassVar = ...`, in the layer's class",
        )
    return kernel
