"""`Tensor.numpy`: values as an array, or a shape that stands for it."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.offer import offer
from cnnshape.sources.torch.standin.tensor import Tensor


class Array:
    """An array whose shape is known and whose values are not."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self.shape = tuple(tensor.shape)
        self.dtype = tensor.dtype.name
        self.ndim = tensor.ndim
        self.size = tensor.shape.numel()

    def __len__(self) -> int:
        return len(self._tensor)

    def __getitem__(self, index: Any) -> Array:
        return Array(self._tensor[index])

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._tensor.values()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._tensor.values(), name)


@offer("Tensor.numpy")
def numpy(self: Tensor, *_: Any, **__: Any) -> Any:
    found = self.known_values()
    return Array(self) if found is None else found
