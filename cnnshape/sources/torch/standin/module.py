"""`torch.nn.Module`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cnnshape.graph import Scope
from cnnshape.sources.torch.standin.hooks import Handle, Keys, meant_as
from cnnshape.sources.torch.standin.stack import stack
from cnnshape.sources.torch.standin.tensor import Buffer, Parameter, Tensor
from cnnshape.sources.torch.standin.trace import SESSION

KINDS = ("_parameters", "_buffers", "_modules")


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
        return self.__dict__["_non_persistent_buffers_set"]

    def add_module(self, name: str, module: Module | None) -> None:
        _needs_init(self.__dict__, "module")
        if module is not None and not isinstance(module, Module):
            what = module.__name__ if isinstance(module, type) else type(module).__name__
            error = TypeError(f"{what} is not a Module subclass")
            error.argument = name
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
        error = NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )
        error.meant = meant_as("forward", type(self))  # type: ignore[attr-defined]
        raise error

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
        if result is None and SESSION.trace is not None:
            SESSION.trace.gave_nothing = type(self).forward
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
        return found

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


def _needs_init(kept: dict[str, Any], what: str) -> None:
    if "_modules" not in kept:
        raise AttributeError(f"cannot assign {what} before Module.__init__() call")
