"""From a trace to a graph: places, and what each layer stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnshape.diagnostics import Span
from cnnshape.graph import Graph, Held, Input, Node, Place, Stored
from cnnshape.layer import Size
from cnnshape.layers import find
from cnnshape.sources.torch.inputs import Given
from cnnshape.sources.torch.places import arguments_of, span_of
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.stack import Stack
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import Recorded, Trace


class Ledger:
    """What a model stores, each tensor counted once, by whoever is first to use it."""

    def __init__(self, model: Module) -> None:
        self.left: dict[int, tuple[str, Tensor, bool]] = {}
        for kind, trains in (("_parameters", True), ("_buffers", False)):
            for name, tensor in model._named(kind, "", True, False):
                self.left.setdefault(id(tensor), (name, tensor, trains))

    def taken(self, tensors: Any) -> Stored:
        """The part of these tensors that nothing has taken yet."""
        params = trainable = buffers = 0
        for tensor in tensors:
            entry = self.left.pop(id(tensor), None)
            if entry is None:
                continue
            count = tensor.shape.numel()
            if entry[2]:
                params += count
                trainable += count if tensor.requires_grad else 0
            else:
                buffers += count
        return Stored(params, trainable, buffers)

    def rest(self) -> list[Held]:
        """What nothing has used."""
        found = []
        for name, tensor, _ in [*self.left.values()]:
            stored = self.taken([tensor])
            kind = tensor.dtype.name
            span = span_of(tensor.made) if tensor.made else None
            found.append(Held(name, tuple(tensor.shape), kind, stored, used=False, span=span))
        return found


def assembled(
    name: str,
    path: str,
    model: Module,
    trace: Trace,
    inputs: Mapping[str, Given],
    outputs: tuple[str, ...],
    texts: Mapping[str, str],
    batch: Size,
    *,
    values: bool = False,
) -> Graph:
    """The graph of a trace, with the values of what it holds, if these are asked for."""
    modules = {id(module): module for module in model.modules()}
    ledger = Ledger(model)
    nodes = tuple(_node(recorded, modules, ledger) for recorded in trace.nodes)
    held = [
        Held(
            key, tuple(tensor.shape), tensor.dtype.name, ledger.taken([tensor]),
            span=span_of(where), is_parameter=tensor.is_parameter,
            values=values_of(tensor) if values else None, is_random=tensor.is_random,
        )
        for key, (tensor, where) in trace.held.items()
    ]  # fmt: skip
    return Graph(
        name=name,
        path=path,
        inputs=tuple(Input(key, given.sizes(), given.dtype) for key, given in inputs.items()),
        nodes=nodes,
        outputs=outputs,
        texts=texts,
        program=True,
        batch=batch,
        shape_alone=tuple(trace.shape_alone),
        held=(*held, *ledger.rest()),
    )


LARGEST = 2**22
"""Numbers of a tensor whose values are handed on."""


def values_of(tensor: Tensor) -> tuple[str, bytes] | None:
    """The values of a tensor, as far as the code gives them."""
    if any(not isinstance(size, int) for size in tensor.shape):
        return None
    found = tensor.known_values()
    if found is None or found.size > LARGEST or found.shape != tuple(tensor.shape):
        return None
    return found.dtype.name, found.tobytes()


def _node(recorded: Recorded, modules: Mapping[int, Module], ledger: Ledger) -> Node:
    node = recorded.node
    module = modules.get(recorded.module) if recorded.module is not None else None
    tensors = (*module.parameters(), *module.buffers()) if module is not None else ()
    return node._replace(
        place=placed(node, recorded),
        stored=ledger.taken(tensors),
        functional=module is None,
    )


def placed(node: Node, recorded: Recorded) -> Place:
    """Where a node is called, and where the arguments of its layer stand."""
    made = span_of(recorded.made) if recorded.made else None
    return Place(span_of(recorded.where), fields_of(node.type, recorded.made), made=made)


def fields_of(type_name: str, made: Stack) -> Mapping[str, Span]:
    """Where the arguments stand in the call that made a module."""
    if not made:
        return {}
    return {name: item.span for name, item in arguments_of(made, order_of(type_name)).items()}


def order_of(type_name: str) -> list[str]:
    """The arguments of a layer in PyTorch's order."""
    cls = find(type_name)
    return [] if cls is None else [name for name in cls.model_fields if name != "type"]
