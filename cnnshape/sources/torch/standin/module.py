"""`torch.nn.Module`, and the containers that hold modules."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cnnshape.graph import Scope
from cnnshape.sources.torch.standin.stack import Stack, stack
from cnnshape.sources.torch.standin.tensor import Buffer, Parameter, Tensor
from cnnshape.sources.torch.standin.trace import SESSION

KINDS = ("_parameters", "_buffers", "_modules")


class Handle:
    """What registering a hook gives."""

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks, self.key = hooks, key

    def remove(self) -> None:
        self.hooks.pop(self.key, None)


class Module:
    """A part of a model: its parameters, its buffers, the modules in it."""

    training: bool = True
    holds_weights = False
    call_super_init = False
    dump_patches = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        kept = self.__dict__
        kept["training"] = True
        for kind in KINDS:
            kept[kind] = {}
        kept["_non_persistent_buffers_set"] = set()
        kept["_forward_hooks"] = {}
        kept["_forward_pre_hooks"] = {}
        kept["_with_kwargs"] = set()
        kept["made"] = stack()

    def _of(self, kind: str) -> dict[str, Any]:
        return self.__dict__.get(kind, {})

    def __setattr__(self, name: str, value: Any) -> None:
        kept = self.__dict__
        described = getattr(type(self), name, None)
        if isinstance(described, property) and not isinstance(value, Tensor | Module):
            object.__setattr__(self, name, value)
            return
        if isinstance(value, Parameter):
            _needs_init(kept, "parameters")
            self._forget(name, "_parameters")
            kept["_parameters"][name] = value
        elif isinstance(value, Module):
            _needs_init(kept, "module")
            self._forget(name, "_modules")
            kept["_modules"][name] = value
        elif name in kept.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            kept["_parameters"][name] = None
        elif name in kept.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type(value).__name__}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            kept["_modules"][name] = None
        elif isinstance(value, Buffer) or name in kept.get("_buffers", ()):
            _needs_init(kept, "buffers")
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(f"cannot assign '{type(value).__name__}' as buffer '{name}'")
            kept["_buffers"][name] = value
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, but: str) -> None:
        """Whatever else is called so; what stays keeps its place in the order."""
        self.__dict__.pop(name, None)
        for kind in (kind for kind in KINDS if kind != but):
            self.__dict__[kind].pop(name, None)

    def __getattr__(self, name: str) -> Any:
        kept = self.__dict__
        for kind in KINDS:
            if name in kept.get(kind, ()):
                return kept[kind][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for kind in KINDS:
            if name in self._of(kind):
                del self.__dict__[kind][name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        _needs_init(self.__dict__, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        _needs_init(self.__dict__, "buffer")
        if hasattr(self, name) and name not in self._buffers:
            raise KeyError(f"attribute '{name}' already exists")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        (self._transient.discard if persistent else self._transient.add)(name)

    @property
    def _transient(self) -> set[str]:
        return self.__dict__["_non_persistent_buffers_set"]  # type: ignore[no-any-return]

    def add_module(self, name: str, module: Module | None) -> None:
        _needs_init(self.__dict__, "module")
        if module is not None and not isinstance(module, Module):
            what = module.__name__ if isinstance(module, type) else type(module).__name__
            error = TypeError(f"{what} is not a Module subclass")
            error.argument = name  # type: ignore[attr-defined]
            raise error
        if not isinstance(name, str):
            raise TypeError(f"module name should be a string. Got {type(name).__name__}")
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name or name == "":
            raise KeyError(f'module name can\'t contain "." or be empty, got: {name!r}')
        self._modules[name] = module

    register_module = add_module

    def forward(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if "_modules" not in self.__dict__:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '_forward_hooks': "
                "its __init__ does not call super().__init__()"
            )
        for key, hook in [*self._forward_pre_hooks.items()]:
            if key in self._with_kwargs:
                changed = hook(self, arguments, named)
                if changed is not None:
                    arguments, named = changed
            else:
                changed = hook(self, arguments)
                if changed is not None:
                    arguments = changed if isinstance(changed, tuple) else (changed,)
        result = self._scoped(arguments, named)
        for key, hook in [*self._forward_hooks.items()]:
            given = (arguments, named, result) if key in self._with_kwargs else (arguments, result)
            changed = hook(self, *given)
            result = result if changed is None else changed
        return result

    def _scoped(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The forward pass, what it records being named after this module."""
        trace = SESSION.trace
        name = trace.names.get(id(self), "") if trace else ""
        if trace is None or not name:
            return self.forward(*arguments, **named)
        trace.scopes.append(Scope(name, type(self).__name__))
        try:
            return self.forward(*arguments, **named)
        finally:
            trace.scopes.pop()

    def register_forward_hook(
        self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False, **_: Any
    ) -> Handle:
        return self._registered(self._forward_hooks, hook, with_kwargs)

    def register_forward_pre_hook(
        self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        return self._registered(self._forward_pre_hooks, hook, with_kwargs)

    def _registered(self, hooks: dict[int, Any], hook: Any, with_kwargs: bool) -> Handle:
        key = id(hooks) + len(hooks) + 1
        while key in hooks:
            key += 1
        hooks[key] = hook
        if with_kwargs:
            self._with_kwargs.add(key)
        return Handle(hooks, key)

    def _no_hook(self, *arguments: Any, **named: Any) -> Handle:
        return Handle({}, 0)

    register_backward_hook = register_full_backward_hook = _no_hook
    register_full_backward_pre_hook = register_state_dict_pre_hook = _no_hook
    register_load_state_dict_post_hook = register_load_state_dict_pre_hook = _no_hook
    _register_load_state_dict_pre_hook = _register_state_dict_hook = _no_hook

    def _named(self, kind: str, prefix: str, recurse: bool, twice: bool) -> Iterator[Any]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=not twice)
        for path, module in modules if recurse else [(prefix, self)]:
            for name, value in module._of(kind).items():
                if value is not None and (twice or id(value) not in seen):
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        return self._named("_parameters", prefix, recurse, not remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        return self._named("_buffers", prefix, recurse, not remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (value for _, value in self.named_buffers(recurse=recurse))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[int] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        seen = set() if memo is None else memo
        if id(self) in seen:
            return
        if remove_duplicate:
            seen.add(id(self))
        yield prefix, self
        for name, module in self._of("_modules").items():
            if module is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(seen, inner, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def get_submodule(self, target: str) -> Module:
        found: Any = self
        for part in target.split(".") if target else ():
            if not hasattr(found, part):
                raise AttributeError(f"{type(found).__name__} has no attribute `{part}`")
            found = getattr(found, part)
        return found  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        path, _, name = target.rpartition(".")
        setattr(self.get_submodule(path), name, module)

    def get_parameter(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        return getattr(self.get_submodule(path), name)

    get_buffer = get_parameter

    def apply(self, function: Callable[[Module], Any]) -> Module:
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    def train(self, mode: bool = True) -> Module:
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Module:
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def _same(self, *arguments: Any, **named: Any) -> Any:
        return self

    cuda = cpu = to = ipu = xpu = share_memory = to_empty = _same
    compile = zero_grad = lambda self, *arguments, **named: None

    def _cast(self, name: str) -> Module:
        from cnnshape.sources.torch.standin.dtype import NAMES

        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.is_floating_point:
                tensor.dtype = NAMES[name]
        return self

    def float(self) -> Module:
        return self._cast("float32")

    def double(self) -> Module:
        return self._cast("float64")

    def half(self) -> Module:
        return self._cast("float16")

    def bfloat16(self) -> Module:
        return self._cast("bfloat16")

    def type(self, dtype: Any) -> Module:
        return self._cast(dtype.name)

    def state_dict(self, *arguments: Any, prefix: str = "", **named: Any) -> OrderedDict[str, Any]:
        pairs = [
            *self._named("_parameters", prefix, True, True),
            *self._named("_buffers", prefix, True, True),
        ]
        left_out = {
            f"{path}.{name}" if path else name
            for path, module in self.named_modules(prefix=prefix.rstrip("."))
            for name in module._transient
        }
        return OrderedDict(pair for pair in pairs if pair[0] not in left_out)

    def load_state_dict(self, state_dict: Any, strict: bool = True, **_: Any) -> Any:
        """Nothing is loaded, but what is made here must fit; of a file's nothing is known."""
        if not isinstance(state_dict, Mapping):
            return Keys([], [])
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        faults = [
            f"size mismatch for {name}: {tuple(state_dict[name].shape)} is given, the model has "
            f"{tuple(tensor.shape)}"
            for name, tensor in own.items()
            if isinstance(state_dict.get(name), Tensor)
            and tuple(state_dict[name].shape) != tuple(tensor.shape)
        ]
        if strict and missing:
            faults.append(f"missing keys: {', '.join(missing)}")
        if strict and unexpected:
            faults.append(f"unexpected keys: {', '.join(unexpected)}")
        if faults:
            what = type(self).__name__
            raise RuntimeError(f"Error(s) in loading state_dict for {what}: {'; '.join(faults)}")
        return Keys(missing, unexpected)

    def extra_repr(self) -> str:
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        inner = [f"({name}): {module!r}" for name, module in self._of("_modules").items()]
        text = ", ".join([self.extra_repr(), *inner] if self.extra_repr() else inner)
        return f"{self._get_name()}({text})"


class Keys(tuple[Any, ...]):
    """What loading a state gives: nothing is missing here, as nothing is loaded."""

    __slots__ = ()

    def __new__(cls, missing: list[str], unexpected: list[str]) -> Keys:
        return super().__new__(cls, (missing, unexpected))

    @property
    def missing_keys(self) -> list[str]:
        return self[0]  # type: ignore[no-any-return]

    @property
    def unexpected_keys(self) -> list[str]:
        return self[1]  # type: ignore[no-any-return]


def _needs_init(kept: dict[str, Any], what: str) -> None:
    if "_modules" not in kept:
        raise AttributeError(f"cannot assign {what} before Module.__init__() call")


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
        return module  # type: ignore[no-any-return]

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


def made_at(module: Module) -> Stack:
    """Where a module was made."""
    return module.__dict__.get("made", ())
