"""What models that may be quantised are made of, before they are: it changes no shape."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH


class QuantStub(Module):
    """Where numbers would become integers."""

    def __init__(self, qconfig: Any = None) -> None:
        super().__init__()

    def forward(self, x: Any) -> Any:
        return x


class DeQuantStub(QuantStub):
    """Where they would become floats again."""


class FloatFunctional(Module):
    """Functions as methods of a module, which could watch their results."""

    def forward(self, x: Any) -> Any:
        raise RuntimeError("FloatFunctional is not intended to use the 'forward'.")

    def add(self, x: Any, y: Any) -> Any:
        return TORCH["add"](x, y)

    def mul(self, x: Any, y: Any) -> Any:
        return TORCH["mul"](x, y)

    def matmul(self, x: Any, y: Any) -> Any:
        return TORCH["matmul"](x, y)

    def cat(self, x: Any, dim: int = 0) -> Any:
        return TORCH["cat"](x, dim)

    def add_relu(self, x: Any, y: Any) -> Any:
        return FUNCTIONAL["relu"](self.add(x, y))

    add_scalar = add
    mul_scalar = mul


STUBS = {"QuantStub": QuantStub, "DeQuantStub": DeQuantStub}
FUNCTIONS = {"FloatFunctional": FloatFunctional}
