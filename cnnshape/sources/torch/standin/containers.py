"""Modules that hold modules or parameters: in a row, in a list, by name."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.tensor import Parameter, Tensor


class Sequential(Module):
    """Modules one behind the other."""

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], OrderedDict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            for number, module in enumerate(modules):
                self.add_module(str(number), module)

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._modules.values()])

    def __len__(self) -> int:
        return len(self._modules)

    def __bool__(self) -> bool:
        return len(self) > 0

    def _key(self, index: Any) -> str:
        keys = [*self._modules]
        place = operator.index(index)
        if not -len(keys) <= place < len(keys):
            raise IndexError(f"index {place} is out of range")
        return keys[place]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict([*self._modules.items()][index]))
        return self._modules[self._key(index)]

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            for key in [*self._modules][index]:
                delattr(self, key)
        else:
            delattr(self, self._key(index))
        left = [*self._modules.values()]
        self.__dict__["_modules"] = {str(n): module for n, module in enumerate(left)}

    def append(self, module: Module) -> Sequential:
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Sequential:
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Sequential:
        items = [*self._modules.values()]
        items.insert(index, module)
        self.__dict__["_modules"] = {str(n): item for n, item in enumerate(items)}
        return self

    def pop(self, key: Any) -> Module:
        module = self[key]
        del self[key]
        return module

    def __add__(self, other: Iterable[Module]) -> Sequential:
        return Sequential(*self, *other)

    def __mul__(self, other: int) -> Sequential:
        return Sequential(*[*self] * other)

    __rmul__ = __mul__

    def __iadd__(self, other: Iterable[Module]) -> Sequential:
        return self.extend(other)


class ModuleList(Sequential):
    """A list of modules."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        Module.__init__(self)
        for module in modules or ():
            self.append(module)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)([*self._modules.values()][index])
        return self._modules[self._key(index)]

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        for module in modules:
            self.append(module)
        return self

    __iadd__ = extend
    __mul__ = __rmul__ = None  # type: ignore[assignment]
    forward = Module.forward


class ModuleDict(Module):
    """Modules by name."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def update(self, modules: Any) -> None:
        for name, module in modules.items() if hasattr(modules, "items") else modules:
            self.add_module(name, module)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Any:
        return self._modules.keys()

    def items(self) -> Any:
        return self._modules.items()

    def values(self) -> Any:
        return self._modules.values()

    def pop(self, key: str) -> Any:
        return self._modules.pop(key)

    def clear(self) -> None:
        self._modules.clear()


class ParameterList(Module):
    """A list of parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        for value in values or ():
            self.append(value)

    def append(self, value: Any) -> ParameterList:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, str(self._size), value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        for value in values:
            self.append(value)
        return self

    __iadd__ = extend

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[number] for number in range(self._size)])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [*self][index]
        if not -self._size <= index < self._size:
            raise IndexError(f"index {index} is out of range")
        return getattr(self, str(index % self._size))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, str(index % self._size), value)


class ParameterDict(Module):
    """Parameters by name."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self.update(parameters or {})

    def update(self, parameters: Any) -> None:
        for name, value in dict(parameters).items():
            self[name] = value

    def __setitem__(self, key: str, value: Any) -> None:
        tensor = isinstance(value, Tensor) and not isinstance(value, Parameter)
        setattr(self, key, Parameter(value) if tensor else value)

    def __getitem__(self, key: str) -> Any:
        if key not in self._parameters:
            raise KeyError(key)
        return self._parameters[key]

    def __delitem__(self, key: str) -> None:
        del self._parameters[key]

    def __contains__(self, key: str) -> bool:
        return key in self._parameters

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def keys(self) -> Any:
        return self._parameters.keys()

    def items(self) -> Any:
        return self._parameters.items()

    def values(self) -> Any:
        return self._parameters.values()
