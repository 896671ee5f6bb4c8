"""Propagation of shapes: every layer's rule applied in topological order.

One fault gives one error. Where a declared size differs from the one that arrives, propagation goes
on with the one that arrived; where a rule gives nothing, what reads from the layer is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from cnnshape.analysis.layout import to_first, to_last
from cnnshape.diagnostics import RuleError
from cnnshape.graph import Graph, Held, Input, Node, is_integer
from cnnshape.layer import LARGEST, Layer, Shape, Size, show


class Applied(NamedTuple):
    """A layer and the shapes it read and gave, as (N, C, *spatial) if it thinks in channels."""

    node: Node
    layer: Layer
    x: tuple[Shape, ...]
    y: Shape


class Fault(NamedTuple):
    """A rule that does not hold for a node, given these inputs."""

    node: Node
    error: RuleError
    x: tuple[Shape, ...]
    field: str | None = None
    declared: int | None = None
    arrived: int | None = None
    operand: int = 0
    axis: int | None = None


@dataclass(slots=True)
class Walk:
    """Shapes by name, in the model's own layout; None: not known because of a fault."""

    graph: Graph
    shapes: dict[str, Shape | None]
    integers: set[str]
    """Names of what holds integers."""
    applied: dict[str, Applied] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    known: dict[tuple[int, tuple[Shape, ...]], Shape] = field(default_factory=dict)
    """What a layer gives for these inputs, so that a repeated one is worked out once."""
    unsure: set[str] = field(default_factory=set)
    """Names of what reads, by whatever way, from a fault that leaves the shape in doubt."""
    to_first_fault: bool = False
    """Nothing is asked of any rule after the first fault."""

    def moves_axes(self, layer: Layer) -> bool:
        """Whether the layer sees its input in another layout than the model's."""
        return self.graph.channels_last and layer.channels


def walk(
    graph: Graph,
    believed: Mapping[str, Shape] | None = None,
    *,
    each: Callable[[Node], None] | None = None,
    to_first_fault: bool = False,
) -> Walk:
    """Propagate shapes; a layer in `believed` gives that shape, whatever its rule says.

    `each` is called before each layer.
    """
    given: tuple[Input | Held, ...] = (*graph.inputs, *graph.held)
    integers = {item.name for item in given if is_integer(item.dtype)}
    shapes_given: dict[str, Shape | None] = {item.name: item.shape for item in given}
    result = Walk(graph, shapes_given, integers, to_first_fault=to_first_fault)
    shapes = result.shapes
    for node in graph.nodes:
        if each is not None:
            each(node)
        output = step(result, node)
        shapes[node.name] = believed.get(node.name, output) if believed else output
        if to_first_fault and result.faults:
            break
    return result


def step(result: Walk, node: Node) -> Shape | None:
    """What one node gives, all before it being known; what is wrong with it joins the faults."""
    if node.layer is None:
        return None
    arrived = [result.shapes.get(name) for name in node.inputs]
    known = tuple(shape for shape in arrived if shape is not None)
    if len(known) < len(arrived):
        return None
    faults = len(result.faults)
    output = _apply(result, node, node.layer, known)
    if result.unsure or len(result.faults) > faults:
        _doubt(result, node, faults)
    return output


SURE = ("size-mismatch", "bad-groups", "dtype-mismatch")
"""Faults beside which the layer's output is what it was meant to be."""
LASTING = ("invalid-value", "dtype-mismatch")
"""Faults that do not follow from a shape in doubt."""


def _doubt(result: Walk, node: Node, faults: int) -> None:
    """Forget what may only follow from a fault before it, and remember what follows from this."""
    found = result.faults[faults:]
    if not result.unsure.isdisjoint(node.inputs):
        result.unsure.add(node.name)
        result.faults[faults:] = [fault for fault in found if fault.error.rule in LASTING]
    elif not keeps_shape(node.layer) and any(fault.error.rule not in SURE for fault in found):
        result.unsure.add(node.name)


def keeps_shape(layer: Layer | None) -> bool:
    """Whether a layer gives the shape that arrives, whatever its arguments."""
    return type(layer).output_shape is Layer.output_shape if layer is not None else False


def _apply(result: Walk, node: Node, layer: Layer, arrived: tuple[Shape, ...]) -> Shape | None:
    moved = result.moves_axes(layer)
    x = tuple(map(to_first, arrived)) if moved else arrived
    key = (id(layer), x)
    before = len(result.faults)
    y = result.known.get(key)
    if y is None and not _takes(result, node, layer, x):
        return arrived[0] if len(x) == 1 and keeps_shape(layer) else None
    reads_well = _reads(result, node, layer)
    if y is None or not reads_well:
        y = _rules(result, node, layer, x, reads_well)
        if y is None:
            return None
        if len(result.faults) == before:
            result.known[key] = y
    if result.graph.sizes and layer.stated and len(result.faults) == before:
        x = _as_declared(layer, x)
    result.applied[node.name] = Applied(node, layer, x, y)
    return to_last(y) if moved else y


def _reads(result: Walk, node: Node, layer: Layer) -> bool:
    """Whether the layer reads the kind of numbers that arrive."""
    integers = bool(result.integers) and result.integers.issuperset(node.inputs)
    kept = integers and layer.gives == "same" and layer.reads == "any"
    if kept or layer.gives == "integers":
        result.integers.add(node.name)
    return layer.reads == "any" or integers == (layer.reads == "integers")


def _rules(
    result: Walk, node: Node, layer: Layer, x: tuple[Shape, ...], reads_well: bool
) -> Shape | None:
    """The layer's checks and its shape rule; of several faults the first is reported."""
    faults = len(result.faults)
    try:
        if not reads_well:
            raise _other_numbers(layer)
        if _agrees(result, node, layer, x):
            layer.check(*x)
    except RuleError as error:
        result.faults.append(Fault(node, error, x))
    if result.to_first_fault and result.faults:
        return None
    try:
        y = layer.output_shape(*x)
        _bound(y)
        return y
    except RuleError as error:
        if len(result.faults) == faults:
            result.faults.append(Fault(node, error, x))
        return None


MOST_AXES = 64
MOST_VALUES = 2**63 - 1
"""What a tensor may have (PyTorch)."""


def _bound(y: Shape) -> None:
    """Raise RuleError for a shape that no tensor can have."""
    if len(y) > MOST_AXES:
        raise RuleError(
            "bad-rank",
            f"gives {len(y)} axes, but a tensor has {MOST_AXES} at most",
            expected=MOST_AXES,
            found=len(y),
        )
    values = prod(y)
    if _is_large(values) and values > MOST_VALUES:
        raise RuleError(
            "invalid-value",
            f"gives {show(y)}, more values than any memory holds",
            note=f"{'·'.join(map(str, y[1:]))} = {prod(y)}",
        )


def _is_large(values: Size) -> bool:
    """Whether a number of values may be too many; a formula's, for sizes that anybody has."""
    return isinstance(values, int) or any(number > LARGEST for _, number in values.terms)


def _takes(result: Walk, node: Node, layer: Layer, x: tuple[Shape, ...]) -> bool:
    """Whether the layer takes so many inputs, of such ranks; if not, it is reported."""
    fewest, most = layer.arity
    if len(x) < fewest or (most is not None and len(x) > most):
        wanted = f"{fewest}" if most == fewest else f"{fewest} or more"
        if most is not None and most > fewest:
            wanted = f"{fewest} to {most}"
        error = RuleError(
            "bad-rank",
            f"takes {wanted} input{'' if wanted == '1' else 's'}, "
            f"but {len(x)} arrive{'s' if len(x) == 1 else ''}",
            field="from",
            expected=fewest,
            found=len(x),
            help=_inputs_to_name(node, fewest, most),
        )
        result.faults.append(Fault(node, error, x))
        return False
    ranks = layer.ranks()
    for operand, shape in enumerate(x):
        if len(shape) not in ranks if ranks else layer.channels and len(shape) < 2:
            wanted = " or ".join(rank_name(rank, layer.channels) for rank in ranks)
            wanted = wanted or "(N, C) or more axes"
            error = RuleError(
                "bad-rank",
                f"takes {wanted}, but {show(shape)} arrives",
                operand=operand,
                expected=ranks[0] if ranks else 2,
                found=len(shape),
            )
            result.faults.append(Fault(node, error, x, operand=operand))
            return False
    return True


def _inputs_to_name(node: Node, fewest: int, most: int | None) -> str | None:
    if fewest > 1:
        return "name them, `from: [a, b]`"
    if most != 1:
        return None
    return f"name what it reads, `from: {next(iter(node.inputs), 'input')}`"


def _other_numbers(layer: Layer) -> RuleError:
    other = "integers" if layer.reads == "floats" else "floats"
    help = (
        "declare the input's `dtype: int64`"
        if layer.reads == "integers"
        else "put an `embedding` before it"
        if layer.in_files
        else "write `.float()` before it"
    )
    return RuleError(
        "dtype-mismatch",
        f"reads {layer.reads}, but {other} arrive",
        expected=layer.reads,
        found=other,
        help=help,
    )


RANK_NAMES = {2: "(N, C)", 3: "(N, C, L)", 4: "(N, C, H, W)", 5: "(N, C, D, H, W)"}


def rank_name(rank: int, channels: bool = True) -> str:
    """A shape of a rank, in the names that its axes usually have."""
    if rank == 3 and not channels:
        return "(N, L, E)"
    return RANK_NAMES.get(rank, f"{rank} axes")


def _agrees(result: Walk, node: Node, layer: Layer, x: tuple[Shape, ...]) -> bool:
    """Whether sizes that the arguments repeat are those that arrive; if not, it is reported."""
    for name, stated in layer.stated.items():
        declared: int | None = getattr(layer, name)
        if declared is None:
            continue
        operand = min(stated.operand, len(x) - 1)
        arrived = x[operand][stated.axis]
        if declared == arrived:
            continue
        arrive = "arrives" if arrived == 1 else "arrive"
        noun = stated.noun if declared != 1 else stated.noun.removesuffix("s")
        error = RuleError(
            "size-mismatch",
            f"takes {declared} {noun}, but {arrived} {arrive}",
            field=name,
            operand=operand,
            expected=arrived,
            found=declared,
            help=_repair(node, name, declared, arrived, x[operand]),
            choices=() if lacks_flatten(name, declared, x[operand]) else (arrived,),
        )
        axis = stated.axis % len(x[operand])
        result.faults.append(
            Fault(node, error, x, name, declared, arrived, operand=operand, axis=axis)
        )
        return False
    return True


def _as_declared(layer: Layer, x: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The inputs with the numbers that formulas were found to be: 320, not 20·floor(…)·floor(…)."""
    shapes = list(x)
    for name, stated in layer.stated.items():
        declared: int | None = getattr(layer, name)
        operand = min(stated.operand, len(x) - 1)
        axis = stated.axis % len(x[operand])
        if declared is not None and not isinstance(shapes[operand][axis], int):
            shape = shapes[operand]
            shapes[operand] = (*shape[:axis], declared, *shape[axis + 1 :])
    return tuple(shapes)


def _repair(node: Node, field: str, declared: int, arrived: int, x: Shape) -> str:
    if lacks_flatten(field, declared, x):
        values = " · ".join(map(str, x[1:]))
        return f"put a `flatten` before it: {values} = {declared}"
    if node.scopes:  # what is written there serves other layers, too
        return f"leave `{field}` out: each layer then takes what arrives"
    return f"write `{field}: {arrived}`, or leave it out"


def lacks_flatten(field: str, declared: int, x: Shape) -> bool:
    """Whether the values that arrive are as many as declared, and only their axes are too many."""
    return field == "in_features" and len(x) > 2 and prod(x[1:]) == declared
