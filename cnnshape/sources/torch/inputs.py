"""The inputs of a model: what `--input` says of them, and what the model asks for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnshape.dim import size as named_dim
from cnnshape.layer import LARGEST
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
from cnnshape.sources.words import clip

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


def is_batch(side: Written) -> bool:
    """Whether a side is the batch's axis, N."""
    return isinstance(side, NamedSize) and side.name == BATCH


def with_batch(inputs: Mapping[Any, Given], number: int) -> dict[Any, Given]:
    """The inputs for so many samples."""
    return with_sizes(inputs, {BATCH: number})


def with_sizes(inputs: Mapping[Any, Given], sizes: Mapping[str, int]) -> dict[Any, Given]:
    """The inputs with numbers in the place of names."""
    return {
        key: Given(tuple(_sized(side, sizes) for side in given.shape), given.dtype)
        for key, given in inputs.items()
    }


def _sized(side: Written, sizes: Mapping[str, int]) -> Written:
    return sizes.get(side.name, side) if isinstance(side, NamedSize) else side


def parameters_of(model: Module) -> list[inspect.Parameter]:
    """What the model's forward pass takes, without `self`."""
    try:
        return [*inspect.signature(model.forward).parameters.values()]
    except (TypeError, ValueError):
        return []


def missing(path: str, model: Module, texts: Mapping[Any, str]) -> str | None:
    """What to say where inputs are missing, or no inputs of the model: what it takes."""
    parameters = parameters_of(model)
    ordered = [one for one in parameters if one.kind in ORDERED]
    kinds = {one.kind for one in parameters}
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        known = [one.name for one in parameters]
        strange = next((key for key in texts if isinstance(key, str) and key not in known), None)
        if strange is not None:
            return f"{path}: {_signature(parameters)} has no `{clip(strange)}`"
    unnamed = sum(isinstance(key, int) for key in texts)
    open_ones = [one for one in ordered if one.name not in texts]
    if parameters and unnamed > len(open_ones) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        given = f"{len(texts)} are" if len(texts) > 1 else "1 is"
        takes = f"{len(ordered) or 'no'} input{'' if len(ordered) == 1 else 's'}"
        return f"{path}: {_signature(parameters)} takes {takes}, {given} given"
    left = [one for one in open_ones[unnamed:] if _is_needed(one)]
    left += [one for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY
             and _is_needed(one) and one.name not in texts]  # fmt: skip
    return _asked(path, model, [one.name for one in left], begun=bool(texts)) if left else None


ORDERED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _is_needed(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def _asked(path: str, model: Module, left: list[str], *, begun: bool) -> str:
    """What is needed, and a shape that the first layer would take."""
    guess = proposal(model)
    named = begun or len(left) > 1
    options = " ".join(f"--input {name}={guess}" if named else f"--input {guess}" for name in left)
    signature = _signature(parameters_of(model))
    if begun:
        listed = ", ".join(f"`{name}`" for name in left)
        return f"{path} needs --input for {listed}, too: {signature}, such as {options}"
    return f"{path} needs --input: {signature}, such as {options}"


class Dots:
    """A default that takes long to say."""

    def __repr__(self) -> str:
        return "…"


def _signature(parameters: list[inspect.Parameter]) -> str:
    """`forward(x, mask=None)`, without annotations."""
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    short = [one if len(str(one)) < 40 else one.replace(default=Dots()) for one in plain]
    return f"forward{inspect.Signature(short)}"


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
