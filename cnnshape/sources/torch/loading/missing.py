"""What stands for a package that is not installed: harmless until the model needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from cnnshape.diagnostics import Span

OPTIMIZED = 0x1
"""The flag of code that is a function (`inspect.CO_OPTIMIZED`)."""
LENIENT = ("getitem", "or", "ror", "and", "rand")
"""What annotations and flags do with names of a package."""
STRICT = (
    *("iter", "next", "len", "contains", "bool", "int", "float", "complex", "index"),
    *("add", "radd", "sub", "rsub", "mul", "rmul", "matmul", "rmatmul", "truediv", "rtruediv"),
    *("floordiv", "rfloordiv", "mod", "rmod", "pow", "rpow", "neg", "pos", "invert", "abs"),
    *("lt", "le", "gt", "ge", "enter", "exit", "setitem", "delitem"),
)


class MissingPackageError(ImportError):
    """The model needs a package that is not installed; `span` is where it is imported."""

    def __init__(self, package: str, what: str, span: Span | None) -> None:
        super().__init__(f"`{what}` is needed, but the package `{package}` is not installed")
        self.package = package
        self.what = what
        self.span = span


class Told:
    """The package a placeholder stands for: what was named, and where it was imported."""

    __slots__ = ("package", "path", "span")

    def __init__(self, package: str, path: str, span: Span | None) -> None:
        self.package = package
        self.path = path
        self.span = span

    def below(self, name: str) -> Told:
        """What is called so in it."""
        return Told(self.package, f"{self.path}.{name}", self.span)

    def fail(self) -> NoReturn:
        """Raise what its use raises."""
        raise MissingPackageError(self.package, self.path, self.span)


class MissingName:
    """A name of a package that is not installed: may be mentioned, inherited and decorate."""

    def __init__(self, told: Told) -> None:
        self.__dict__["__told__"] = told

    def __getattr__(self, name: str) -> Any:
        if _is_special(name):
            raise AttributeError(name)
        return MissingName(told_of(self).below(name))

    def __setattr__(self, name: str, value: object) -> None:
        """Settings of a package that is not there change nothing."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and _is_definition(args[0]):
            return args[0]  # a decorator: what it decorates is what the model is made of
        if _is_at_module_level(sys._getframe(1)):
            return MissingName(told_of(self).below("()"))
        return told_of(self).fail()

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (_base(told_of(self)),)

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, subclass: type) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{told_of(self).path}, not installed>"


class MissingModule(ModuleType):
    """A module of a package that is not installed."""

    def __init__(self, name: str, told: Told) -> None:
        super().__init__(name)
        self.__dict__["__told__"] = told

    def __getattr__(self, name: str) -> Any:
        if _is_special(name) and name != "__version__":
            raise AttributeError(name)
        return MissingName(told_of(self).below(name))


def told_of(value: MissingName | MissingModule) -> Told:
    """What a placeholder stands for."""
    told: Told = value.__dict__["__told__"]
    return told


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_definition(value: object) -> bool:
    return isinstance(value, (type, FunctionType, staticmethod, classmethod, property))


def _is_at_module_level(frame: FrameType) -> bool:
    """Whether a module's or a class's body makes the call, and no function."""
    return not frame.f_code.co_flags & OPTIMIZED


def _base(told: Told) -> type:
    """A class to inherit from, of which nothing can be made."""

    def refuse(cls: type, *args: object, **kwargs: object) -> NoReturn:
        told.fail()

    def accept(cls: Any, /, **kwargs: object) -> None:
        """Class keywords of a package that is not there mean nothing."""

    name = told.path.rpartition(".")[2]
    members = {"__new__": refuse, "__init_subclass__": classmethod(accept), "__told__": told}
    return type(name, (), members)


def _lenient(self: MissingName, *args: object) -> MissingName:
    return self


def _strict(self: MissingName, *args: object) -> NoReturn:
    told_of(self).fail()


def _define(names: tuple[str, ...], method: Callable[..., Any]) -> None:
    for name in names:
        setattr(MissingName, f"__{name}__", method)


_define(LENIENT, _lenient)
_define(STRICT, _strict)
