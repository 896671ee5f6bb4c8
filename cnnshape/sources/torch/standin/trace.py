"""What a forward pass records: every operation on tensors as a node of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import ValidationError

from cnnshape.analysis.walk import Fault, Walk, step
from cnnshape.diagnostics import RuleError
from cnnshape.dim.assumption import active
from cnnshape.graph import Graph, Node, Scope, is_integer
from cnnshape.layer import Layer, Shape
from cnnshape.layers import find
from cnnshape.sources.torch.standin.stack import Stack, stack

if TYPE_CHECKING:
    from cnnshape.sources.torch.standin.tensor import Tensor


class ShapeError(RuntimeError):
    """An operation's rule does not hold; the user's code may catch it, as PyTorch's."""

    def __init__(
        self, fault: Fault, walk: Walk, where: Stack, made: Stack, module: Any = None
    ) -> None:
        super().__init__(f"{fault.node.name} {fault.error.message}")
        self.fault = fault
        self.walk = walk
        self.where = where
        self.made = made
        self.module = module
        self.recorded = tuple(SESSION.trace.nodes) if SESSION.trace else ()
        self.called_before = any(recorded.module == id(module) for recorded in self.recorded)
        """Whether the module has been applied before, to what fitted it."""


class UnsupportedError(BaseException):
    """The model uses what is not modelled. No `except Exception` of the user's swallows it."""

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.reason = reason
        self.where = stack()


class Recorded(NamedTuple):
    """A node of the graph, where it was called, and where the module behind it was made."""

    node: Node
    where: Stack
    made: Stack
    module: int | None = None


class Trace:
    """The graph of one forward pass, as it grows."""

    def __init__(self) -> None:
        self.walk = Walk(Graph("", "", (), (), ()), {}, set())
        self.nodes: list[Recorded] = []
        self.held: dict[str, tuple[Tensor, Stack]] = {}
        self.scopes: list[Scope] = []
        self.counts: dict[str, int] = {}
        self.calls: dict[int, str] = {}
        """A module that was called → the node of its first call, which its weights belong to."""
        self.names: dict[int, str] = {}
        """Modules, parameters and buffers by identity → what the model calls them."""
        self.warned: list[tuple[Shape, Stack, Shape]] = []
        self.gave_nothing: Any = None
        """The forward function that was the last to return None."""
        self.batch: Any = None
        """The size of the batch axis."""
        self.shape_alone: dict[str, None] = {}
        """Nodes whose values are not those of PyTorch."""

    def name_for(self, wanted: str) -> str:
        """A name that no node has yet; the second of `conv` is `conv:2`."""
        count = self.counts[wanted] = self.counts.get(wanted, 0) + 1
        return wanted if count == 1 else f"{wanted}:{count}"

    def function_name(self, type_name: str) -> str:
        """`add_1`, `layer1.0.add_1`: functions are numbered within the module that calls them."""
        scope = self.scopes[-1].name + "." if self.scopes else ""
        key = f"{scope}{type_name}_"
        self.counts[key] = self.counts.get(key, 0) + 1
        return f"{key}{self.counts[key]}"

    def give(self, name: str, tensor: Tensor) -> None:
        """Make a tensor known by a name: an input, or what the model holds."""
        tensor.name = name
        self.walk.shapes[name] = tuple(tensor.shape)
        if is_integer(tensor.dtype.name):
            self.walk.integers.add(name)

    def hold(self, tensor: Tensor) -> str:
        """The name of a tensor that does not come from the inputs."""
        tensor = tensor if tensor.origin is None else tensor.origin
        name = self.names.get(id(tensor))
        if name is None:
            self.counts["constant"] = self.counts.get("constant", 0) + 1
            name = f"constant_{self.counts['constant']}"
        if name not in self.held:
            self.held[name] = (tensor, tensor.made or stack())
            self.give(name, tensor)
        return name

    def operands(self, tensors: tuple[Tensor, ...]) -> tuple[str, ...]:
        for item in tensors:
            if item.pending is not None:
                item.pending()
        return tuple(item.name if item.name is not None else self.hold(item) for item in tensors)


class Session:
    """What is going on in this process: the trace, if a forward pass is being recorded."""

    trace: Trace | None = None
    last: Trace | None = None
    """The trace that was last begun."""
    shape_alone = False
    """Whether what is recorded has the right shape and other values than PyTorch's."""


SESSION = Session()
Function = TypeVar("Function", bound=Callable[..., Any])


def of_shape_alone(function: Function) -> Function:
    """A function whose nodes have PyTorch's shapes, and not its values: these are not computed."""

    @wraps(function)
    def marked(*arguments: Any, **named: Any) -> Any:
        before, SESSION.shape_alone = SESSION.shape_alone, True
        try:
            return function(*arguments, **named)
        finally:
            SESSION.shape_alone = before

    return marked  # type: ignore[return-value]


_LAYERS: dict[object, Layer] = {}


def layer_of(type_name: str, arguments: Mapping[str, Any]) -> Layer:
    """The layer of these arguments; equal ones are one object, so that it is worked out once."""
    try:
        kinds = tuple(map(_kind, arguments.values()))  # 4.0 is equal to 4, and no size
        key = (type_name, tuple(arguments.items()), kinds)
        found = _LAYERS.get(key)
    except TypeError:  # an argument that cannot be hashed
        return _built(type_name, arguments)
    if found is None:
        found = _LAYERS[key] = _built(type_name, arguments)
    return found


def _kind(value: Any) -> Any:
    return tuple(map(_kind, value)) if isinstance(value, tuple) else type(value)


def _built(type_name: str, arguments: Mapping[str, Any]) -> Layer:
    cls = find(type_name)
    if cls is None:
        raise UnsupportedError(type_name)
    try:
        return cls(type=type_name, **arguments)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"][:1]))
        text = first["msg"]
        raise BadArgumentError(type_name, field, text, first.get("input")) from None


class BadArgumentError(ValueError):
    """An argument of a layer is not what it may be."""

    def __init__(self, type_name: str, field: str, text: str, given: object) -> None:
        super().__init__(f"{type_name}: `{field}` = {given!r}: {text}")
        self.type_name = type_name
        self.field = field
        self.text = text
        self.given = given


class Call(NamedTuple):
    """An operation to be carried out."""

    type: str
    layer: Layer
    operands: tuple[Tensor, ...]
    name: str | None = None
    """The module's, where it is one; else one is made."""
    module: Any = None
    made: Stack = ()
    where: Stack | None = None
    """Where it was asked for, if not where it is carried out."""


def shape_of(call: Call) -> tuple[Shape, bool]:
    """The output's shape and whether it was recorded; ShapeError where the rule does not hold."""
    trace = SESSION.trace
    recorded = trace is not None and (
        any(item.name or item.pending or item.is_parameter for item in call.operands)
        or call.module is not None
    )
    if trace is None:
        return _alone(call), False
    if not recorded:
        try:
            return _alone(call), False
        except ShapeError:
            pass  # and is recorded, so that the fault is told with names of the operands
    names = trace.operands(call.operands)
    name = trace.name_for(call.name) if call.name else trace.function_name(call.type)
    first = trace.calls.setdefault(id(call.module), name) if call.module is not None else name
    shared = first if first != name and call.module.holds_weights else None
    scopes = tuple(trace.scopes)
    if call.module is not None and scopes and scopes[-1].name == call.name:
        scopes = scopes[:-1]
    node = Node(name, call.type, call.layer, names, scopes=scopes, weights_from=shared)
    shape = _stepped(trace.walk, node, call)
    if SESSION.shape_alone:
        trace.shape_alone[name] = None
    who = id(call.module) if call.module is not None else None
    trace.nodes.append(Recorded(node, call.where or stack(), call.made, who))
    return shape, True


def _alone(call: Call) -> Shape:
    """The shape of what no graph remembers: constants, and whatever a constructor tries out."""
    names = tuple(f"operand {number}" for number in range(len(call.operands)))
    walk = Walk(Graph("", "", (), (), ()), {}, set())
    for name, item in zip(names, call.operands, strict=True):
        walk.shapes[name] = tuple(item.shape)
        if is_integer(item.dtype.name):
            walk.integers.add(name)
    node = Node(call.name or call.type, call.type, call.layer, names)
    return _stepped(walk, node, call)


def _stepped(walk: Walk, node: Node, call: Call) -> Shape:
    recording = active()
    if recording is not None:
        recording.cause = node
    try:
        shape = step(walk, node)
    finally:
        if recording is not None:
            recording.cause = None
    walk.shapes[node.name] = shape
    if walk.faults or shape is None:
        fault = walk.faults.pop()
        walk.unsure.clear()
        walk.shapes.pop(node.name, None)
        raise ShapeError(fault, walk, call.where or stack(), call.made, call.module)
    return shape


def refuse(
    error: RuleError, type_name: str, *operands: Tensor, made: Stack = (), module: Any = None
) -> ShapeError:
    """A rule that the stand-in itself finds broken, as the fault of a node."""
    trace = SESSION.trace
    if trace is None:
        walk = Walk(Graph("", "", (), (), ()), {}, set())
        node = Node(type_name, type_name, None, ())
    else:
        walk = trace.walk
        name = trace.names.get(id(module)) or trace.function_name(type_name)
        node = Node(name, type_name, None, trace.operands(operands))
    fault = Fault(node, error, tuple(tuple(x.shape) for x in operands))
    return ShapeError(fault, walk, stack(), made, module)


def warn_of_mixed_batch(tensor: Tensor, shape: Shape) -> None:
    """Remember a view as rows that are neither samples nor whole trailing axes: nearly a bug."""
    trace = SESSION.trace
    if trace is None or tensor.name is None or len(shape) != 2 or shape[0] != -1:
        return
    if len(tensor.shape) < 3 or trace.batch is None or tensor.shape[0] != trace.batch:
        return
    whole = [prod(tensor.shape[axis:]) for axis in range(1, len(tensor.shape))]
    if all(shape[1] != values for values in whole):
        trace.warned.append((tuple(tensor.shape), stack(), shape))


Recipe = Callable[[], Any]
