"""`torch.nn.utils.parametrize`: a parameter that modules compute from another."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.containers import ModuleDict, ModuleList
from cnnshape.sources.torch.standin.context import Block
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.tensor import Parameter, Tensor


class ParametrizationList(ModuleList):
    """What a tensor is computed from, and the modules that do it, one behind the other."""

    def __init__(self, modules: Any, original: Tensor) -> None:
        super().__init__(modules)
        if isinstance(original, Parameter):
            self.original = original
        else:
            self.register_buffer("original", original)

    def forward(self) -> Any:  # type: ignore[override]
        found: Any = self.original
        for module in self:
            found = module(found)
        return found


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make a tensor of a module what the parametrization computes of it."""
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        held = module.parametrizations[tensor_name]
        held.append(parametrization)
    else:
        original = _taken(module, tensor_name)
        held = ParametrizationList([parametrization], original)
        if "parametrizations" not in module._modules:
            _change_class(module)
            module.parametrizations = ModuleDict()
        module.parametrizations[tensor_name] = held
        setattr(
            type(module), tensor_name, property(lambda self: self.parametrizations[tensor_name]())
        )
    wanted, found = tuple(held.original.shape), tuple(held().shape)
    if not unsafe and wanted != found:
        raise ValueError(
            "Registering a parametrization may not change the shape of the tensor, unless `unsafe` "
            f"flag is enabled. original.shape: {wanted} parametrized.shape: {found}"
        )
    return module


def _taken(module: Module, name: str) -> Tensor:
    for kept in (module._parameters, module._buffers):
        if name in kept and kept[name] is not None:
            return kept.pop(name)
    raise ValueError(
        f"Module '{type(module).__name__}' does not have a parameter, a buffer, or a parametrized "
        f"element with name '{name}'"
    )


def _change_class(module: Module) -> None:
    """A class of its own, whose properties compute the tensors."""
    cls = type(module)
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), {"__module__": cls.__module__})


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    held = module._modules.get("parametrizations")
    if held is None:
        return False
    return bool(len(held)) if tensor_name is None else tensor_name in held


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    held = module.parametrizations[tensor_name]
    tensor = held() if leave_parametrized else held.original
    del module.parametrizations[tensor_name]
    delattr(type(module), tensor_name)
    module._parameters[tensor_name] = Parameter(Tensor(tensor.shape, tensor.dtype))
    if not len(module.parametrizations):
        del module.parametrizations
        module.__class__ = type(module).__mro__[1]
    return module


NAMES: dict[str, Any] = {
    "register_parametrization": register_parametrization,
    "is_parametrized": is_parametrized,
    "remove_parametrizations": remove_parametrizations,
    "ParametrizationList": ParametrizationList,
    "cached": Block,
}
