"""What a tensor says of itself, and what leaves it as it is."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.functions.joining import split
from cnnshape.sources.torch.standin.memory import steps_of
from cnnshape.sources.torch.standin.offer import TORCH, offer
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import UnsupportedError


def _same(self: Tensor, *_: Any, **__: Any) -> Tensor:
    return self


@offer("Tensor.contiguous")
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    if self.steps is None or memory_format not in (None, "contiguous_format", "preserve_format"):
        return self
    copy = Tensor(self.shape, self.dtype)
    copy.__dict__.update({**self.__dict__, "steps": None})
    return copy


def copied(self: Tensor, *_: Any, **__: Any) -> Tensor:
    """Another tensor with the same values: what is done to it in place leaves the first alone."""
    if self.pending is not None:
        self.pending()
    copy = Tensor(self.shape, self.dtype, name=self.name, recipe=self.recipe, made=self.made)
    copy.steps = self.steps
    if self.name is None and self.is_parameter:
        copy.origin = self
    return copy


for _name in ("clone", "detach"):
    offer(f"Tensor.{_name}", f"torch.{_name}")(copied)
for _name in ("detach_", "cpu", "cuda", "data_ptr",
              "pin_memory", "share_memory_", "resolve_conj", "resolve_neg", "positive",
              "retain_grad", "as_subclass", "rename", "coalesce", "to_dense", "mps",
              "xpu"):  # fmt: skip
    offer(f"Tensor.{_name}")(_same)
for _name in ("positive",):
    TORCH[_name] = _same


@offer("torch.split_copy")
def split_copy(input: Tensor, size: Any, dim: int = 0) -> Any:
    return split(input, size, dim)


@offer("Tensor.as_strided", "torch.as_strided")
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    raise UnsupportedError("torch.as_strided")


@offer("Tensor.requires_grad_")
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    self.requires_grad = requires_grad
    return self


@offer("Tensor.stride")
def stride(self: Tensor, dim: int | None = None) -> Any:
    return steps_of(self) if dim is None else steps_of(self)[dim]


@offer("Tensor.is_floating_point", "torch.is_floating_point")
def is_floating_point(input: Tensor, *_: Any, **__: Any) -> bool:
    return input.dtype.is_floating_point


@offer("Tensor.is_contiguous")
def is_contiguous(self: Tensor, *_: Any, **__: Any) -> bool:
    return self.steps is None


@offer("Tensor.is_complex", "torch.is_complex")
def is_complex(input: Tensor) -> bool:
    return input.dtype.is_complex


@offer("Tensor.get_device")
def get_device(self: Tensor) -> int:
    return -1


@offer("Tensor.element_size")
def element_size(self: Tensor) -> int:
    return self.dtype.itemsize


@offer("Tensor.register_hook", "Tensor.backward", "Tensor.retain_grad")
def register_hook(self: Tensor, *_: Any, **__: Any) -> Any:
    return None


@offer("torch.is_tensor")
def is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)
