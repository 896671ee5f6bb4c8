"""Types of tensors, as PyTorch had them first."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.dtype import (
    NAMES,
    WORDS,
    DType,
    float32,
)
from cnnshape.sources.torch.standin.functions.creation import made, tensor
from cnnshape.sources.torch.standin.offer import offer
from cnnshape.sources.torch.standin.shape import as_shape, is_size
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor


def legacy(arguments: tuple[Any, ...], dtype: DType) -> Tensor:
    """`torch.Tensor(2, 3)` is a shape, `torch.Tensor([2, 3])` are values."""
    if not arguments:
        return made((0,), dtype)
    first = arguments[0]
    if len(arguments) == 1 and not is_size(first) and type(first).__name__ != "Size":
        return tensor(first, dtype=dtype)
    return made(as_shape(arguments), dtype)


@offer("Tensor.new")
def new(self: Tensor, *arguments: Any, **_: Any) -> Tensor:
    return legacy(arguments, self.dtype)


class LegacyType(type):
    """`torch.Tensor` and its likes: they make tensors, and every tensor is one of them."""

    dtype: DType

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        return legacy(arguments, cls.dtype)

    def __instancecheck__(cls, instance: Any) -> bool:
        named = cls.__name__ == "Tensor"
        return isinstance(instance, Tensor) and (named or instance.dtype is cls.dtype)

    def __getattr__(cls, name: str) -> Any:
        if name in METHODS:
            return METHODS[name]
        return getattr(Tensor, name)


def legacy_type(name: str, dtype: DType) -> LegacyType:
    return LegacyType(name, (), {"dtype": dtype})


class VariableType(LegacyType):
    """`torch.autograd.Variable`: what it is made of is a tensor already, and stays it."""

    def __call__(cls, data: Any = None, *_: Any, **__: Any) -> Any:
        return made((0,), float32) if data is None else data

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


VARIABLE = VariableType("Variable", (), {"dtype": float32})
LEGACY = {
    "Tensor": legacy_type("Tensor", float32),
    **{f"{word}Tensor": legacy_type(f"{word}Tensor", NAMES[kind]) for word, kind in WORDS.items()},
}
