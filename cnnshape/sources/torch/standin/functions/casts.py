"""Tensors as other kinds of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.standin.dtype import NAMES, WORDS, DType
from cnnshape.sources.torch.standin.offer import offer
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor, carried_out
from cnnshape.sources.torch.standin.trace import layer_of


def cast(tensor: Tensor, dtype: DType) -> Tensor:
    """The tensor as another kind of number; itself where it is that already."""
    if tensor.dtype is dtype:
        return tensor
    if dtype.is_complex or tensor.dtype.is_complex:
        from cnnshape.sources.torch.standin.functions.spectral import complex_cast

        return complex_cast(tensor, dtype)
    return carried_out("cast", layer_of("cast", {"dtype": dtype.name}), (tensor,), dtype)


KINDS = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "int": "int32",
    "long": "int64",
    "short": "int16",
    "bool": "bool",
    "byte": "uint8",
    "char": "int8",
}


def _caster(dtype: str) -> Callable[[Tensor], Tensor]:
    return lambda self, *_, **__: cast(self, NAMES[dtype])


for _name, _kind in KINDS.items():
    METHODS[_name] = _caster(_kind)


@offer("Tensor.to")
def to(self: Tensor, *arguments: Any, dtype: Any = None, **named: Any) -> Tensor:
    """Another dtype, or another device, which there is none of here."""
    for value in arguments:
        if isinstance(value, DType):
            dtype = value
        elif isinstance(value, Tensor):
            dtype = value.dtype
    return self if dtype is None else cast(self, dtype)


@offer("Tensor.type")
def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    if dtype is None:
        word = next((word for word, kind in WORDS.items() if kind == self.dtype.name), "")
        return f"torch.{word}Tensor"
    if isinstance(dtype, str):
        dtype = NAMES.get(WORDS.get(dtype.removeprefix("torch.").removesuffix("Tensor"), ""))
        if dtype is None:
            raise ValueError("invalid type")
    kind = getattr(dtype, "dtype", dtype)  # of `torch.LongTensor`
    return cast(self, kind) if isinstance(kind, DType) else self


@offer("Tensor.type_as")
def type_as(self: Tensor, other: Tensor) -> Tensor:
    return cast(self, other.dtype)
