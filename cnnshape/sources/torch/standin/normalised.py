"""Modules whose weights are computed from others: weight norm, spectral norm."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.tensor import Parameter, Tensor


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """The weight as a length `name_g` and a direction `name_v`."""
    weight = module._parameters.pop(name)
    sizes = [size if axis == dim else 1 for axis, size in enumerate(weight.shape)]
    module._parameters[f"{name}_g"] = Parameter(Tensor(sizes if dim is not None else ()))
    module._parameters[f"{name}_v"] = Parameter(Tensor(weight.shape))
    object.__setattr__(module, name, Tensor(weight.shape))
    return module


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Module:  # fmt: skip
    """The weight by its largest singular value, which vectors u and v approach."""
    weight = module._parameters.pop(name)
    axis = dim if dim is not None else int("transpose" in getattr(module, "layer_type", ""))
    height = weight.shape[axis]
    module._parameters[f"{name}_orig"] = Parameter(Tensor(weight.shape))
    module._buffers[f"{name}_u"] = Tensor((height,))
    module._buffers[f"{name}_v"] = Tensor((weight.shape.numel() // height,))
    object.__setattr__(module, name, Tensor(weight.shape))
    return module


def remove(module: Module, name: str = "weight") -> Module:
    """The weight as it was."""
    weight = module.__dict__.pop(name)
    for key in [key for key in module._parameters if key.startswith(f"{name}_")]:
        del module._parameters[key]
    module._parameters[name] = Parameter(Tensor(weight.shape))
    return module


def clip_grad_norm_(*_: Any, **__: Any) -> Tensor:
    return Tensor(())


def parameters_to_vector(parameters: Any) -> Tensor:
    total: Any = 0
    for parameter in parameters:
        total = total + parameter.shape.numel()
    return Tensor((total,))
