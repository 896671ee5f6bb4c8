"""The inputs of a model: what `--input` says of them, and what the model asks for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnshape.dim import size as named_dim
from cnnshape.layer import LARGEST
from cnnshape.sources.spec.findings import clip
from cnnshape.sources.spec.shape import (
    MOST_AXES,
    NamedSize,
    UsageError,
    Written,
    add_example,
    named_size,
)
from cnnshape.sources.torch.standin.dtype import NAMES
from cnnshape.sources.torch.standin.leaf import LayerModule
from cnnshape.sources.torch.standin.module import Module

BATCH = "N"


class Given(NamedTuple):
    """An input's shape with its batch axis, and its dtype."""

    shape: tuple[Written, ...]
    dtype: str = "float32"

    def sizes(self) -> tuple[Any, ...]:
        """The shape, names as formulas."""
        return tuple(
            named_dim(item.name) if isinstance(item, NamedSize) else item for item in self.shape
        )


def given_of(text: str) -> Given:
    """`N,1,28,28`, `N,16:int64`, `N,3,H=64,W=64`; UsageError for anything else."""
    shape, _, kind = text.strip().partition(":")
    dtype = {"int": "int64", "long": "int64", "float": "float32"}.get(kind.strip(), kind.strip())
    if dtype and dtype not in NAMES:
        raise UsageError(f"`{clip(text)}`: no dtype is called `{clip(kind)}`")
    parts = [part.strip() for part in shape.strip("()[] ").split(",") if part.strip()]
    if (not parts and shape.strip("()[] ")) or len(parts) > MOST_AXES:
        raise UsageError(f"`{clip(text)}` is no shape: write sizes such as N,3,224,224")
    return Given(tuple(_one(part, text) for part in parts), dtype or "float32")


def _one(part: str, text: str) -> Written:
    if part.isdecimal() and 1 <= int(part) <= LARGEST:
        return int(part)
    name, _, example = part.partition("=")
    if name.strip() == BATCH:
        return NamedSize(BATCH, int(example)) if example.isdecimal() else NamedSize(BATCH)
    found = named_size(part)
    if isinstance(found, str):
        raise UsageError(f"`{clip(text)}` is no shape: {found}; write N,3,224,224")
    return found


def examples_of(inputs: Mapping[Any, Given]) -> dict[str, int | None]:
    """The named sizes but the batch's, with their examples; UsageError where these differ."""
    examples: dict[str, int | None] = {}
    for item in (item for given in inputs.values() for item in given.shape):
        if isinstance(item, NamedSize) and item.name != BATCH:
            problem = add_example(examples, item)
            if problem:
                raise UsageError(f"--input: {problem}")
    return examples


def parameters_of(model: Module) -> list[inspect.Parameter]:
    """What the model's forward pass takes, without `self`."""
    try:
        return [*inspect.signature(model.forward).parameters.values()]
    except (TypeError, ValueError):
        return []


def missing(path: str, model: Module, texts: Mapping[Any, str]) -> str | None:
    """What to say where inputs are missing: which are needed, and what they could be."""
    needed = [
        one.name
        for one in parameters_of(model)
        if one.default is inspect.Parameter.empty
        and one.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    unnamed = sum(isinstance(key, int) for key in texts)
    left = [name for name in needed if name not in texts][unnamed:]
    if texts and not left:
        return None
    if not texts and not needed:
        return None
    guess = proposal(model)
    many = len(needed) > 1
    options = " ".join(f"--input {name}={guess}" if many else f"--input {guess}" for name in needed)
    asked = ", ".join(f"`{name}`" for name in left)
    options = options or f"--input {guess}"
    return f"{path}: the shape of {asked or 'the input'} is needed, such as {options}"


def proposal(model: Module) -> str:
    """A shape that the first layer would take."""
    for layer in model.modules():
        if not isinstance(layer, LayerModule):
            continue
        shape = _taken_by(layer)
        if shape:
            return shape
    return "N,3,H,W"


AXES = {1: "L", 2: "H,W", 3: "D,H,W"}


def _taken_by(layer: LayerModule) -> str | None:
    kind = layer.layer_type
    if kind == "embedding":
        return "N,L:int64"
    if kind == "linear":
        return f"N,{layer.in_features}"
    if kind in ("lstm", "gru", "rnn"):
        return f"N,L,{layer.input_size}" if layer.batch_first else f"L,N,{layer.input_size}"
    axes = type(layer.current_layer()).types.get(kind) if hasattr(layer, "in_channels") else None
    return f"N,{layer.in_channels},{AXES[axes]}" if axes in AXES else None
