"""One forward pass of a model with tensors that know their shapes: its graph, or its fault."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from cnnshape.dim import Dim, Recording
from cnnshape.dim.assumption import EQUAL
from cnnshape.sources.torch.inputs import BATCH, Given
from cnnshape.sources.torch.standin.dtype import NAMES
from cnnshape.sources.torch.standin.kept import check_output
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.stack import stack
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import SESSION, Trace

ANY_BATCH = 10007
"""The example of the batch's size: a prime that no other size of a model is."""


class BatchPinnedError(BaseException):
    """The code takes the size of the batch as a plain number."""


class TraceRecording(Recording):
    """Comparisons of sizes; nothing may turn the batch's into a number unnoticed."""

    of_program = True

    def holds(self, size: Dim, relation: str) -> bool:
        """Whether it is so at the examples; what no layer asks, the user's code does."""
        if self.cause is None:
            self.cause = stack()
            try:
                return self._held(size, relation)
            finally:
                self.cause = None
        return self._held(size, relation)

    def _held(self, size: Dim, relation: str) -> bool:
        found = super().holds(size, relation)
        if found and relation == EQUAL and BATCH in size.names:
            raise BatchPinnedError
        return found


class Output(NamedTuple):
    """What a traced forward pass gave."""

    trace: Trace
    inputs: dict[str, Given]
    outputs: tuple[str, ...]
    tensors: dict[str, Tensor]


def input_names(model: Module, texts: Mapping[Any, Given]) -> dict[str, Given]:
    """The given shapes by the names that `forward` has for them, in its order."""
    parameters = _parameters(model)
    positional = [
        one.name
        for one in parameters
        if one.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        and one.name not in texts
    ]
    found: dict[str, Given] = {}
    extra = 0
    for key, given in texts.items():
        if isinstance(key, int):
            extra += 1
            name = positional.pop(0) if positional else f"input_{extra}"
            found[name] = given
        else:
            found[key] = given
    return found


def _parameters(model: Module) -> list[inspect.Parameter]:
    try:
        return [*inspect.signature(model.forward).parameters.values()]
    except (TypeError, ValueError):
        return []


def traced(model: Module, named: Mapping[str, Given]) -> Output:
    """Run the forward pass and record it; what the user's code raises goes through."""
    trace = Trace()
    _learn_names(trace, model)
    first = next(iter(named.values()), None)
    trace.batch = first.sizes()[0] if first and first.shape else None
    tensors: dict[str, Tensor] = {}
    for name, given in named.items():
        tensor = Tensor(given.sizes(), NAMES[given.dtype])
        trace.give(name, tensor)
        tensors[name] = tensor
    positional, keywords = _bound(model, tensors)
    SESSION.trace = SESSION.last = trace
    try:
        result = model(*positional, **keywords)
        outputs = tuple(dict.fromkeys(_named(trace, item) for item in _tensors(result)))
    finally:
        SESSION.trace = None
    return Output(trace, dict(named), outputs, tensors)


def _bound(model: Module, tensors: Mapping[str, Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Tensors by position as far as the parameters go, the others by keyword."""
    positional: list[Tensor] = []
    keywords: dict[str, Tensor] = {}
    parameters = {one.name: one.kind for one in _parameters(model)}
    in_order = True
    expected = iter(parameters)
    for name, tensor in tensors.items():
        if name not in parameters:
            unnamed = name.startswith("input_")
            (positional.append(tensor) if unnamed else keywords.__setitem__(name, tensor))
            continue
        in_order = in_order and name == next(expected, None)
        if in_order and parameters[name] is not inspect.Parameter.KEYWORD_ONLY:
            positional.append(tensor)
        else:
            keywords[name] = tensor
    return positional, keywords


def _learn_names(trace: Trace, model: Module) -> None:
    """What the model calls its modules, parameters and buffers."""
    for path, module in model.named_modules():
        trace.names[id(module)] = path
        for kind in ("_parameters", "_buffers"):
            for name, tensor in module._of(kind).items():
                if tensor is not None:
                    trace.names.setdefault(id(tensor), f"{path}.{name}" if path else name)


def _named(trace: Trace, tensor: Tensor) -> str:
    check_output(tensor)
    return trace.operands((tensor,))[0]


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    """The tensors in what a forward pass gives: tuples, lists, dicts, objects."""
    if isinstance(value, Tensor):
        yield value
    elif depth < 8 and isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item, depth + 1)
    elif depth < 8 and isinstance(value, tuple | list | set):
        for item in value:
            yield from _tensors(item, depth + 1)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _tensors(getattr(value, field.name), depth + 1)
    elif depth < 8 and hasattr(value, "__dict__") and not isinstance(value, type | Module):
        for item in list(vars(value).values()):
            yield from _tensors(item, depth + 1)
