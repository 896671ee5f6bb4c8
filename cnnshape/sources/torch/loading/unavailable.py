"""What stands for a name whose statement could not be run: harmless until it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from cnnshape.diagnostics import Span

OPERATIONS = (
    *("call", "getitem", "setitem", "delitem", "iter", "next", "len", "contains", "reversed"),
    *("bool", "int", "float", "complex", "index", "str", "format", "bytes", "abs", "round"),
    *("add", "radd", "iadd", "sub", "rsub", "isub", "mul", "rmul", "imul", "truediv", "rtruediv"),
    *("itruediv", "floordiv", "rfloordiv", "ifloordiv", "mod", "rmod", "imod", "pow", "rpow"),
    *("ipow", "matmul", "rmatmul", "imatmul", "and", "rand", "iand", "or", "ror", "ior", "xor"),
    *("rxor", "ixor", "lshift", "rlshift", "rshift", "rrshift", "neg", "pos", "invert"),
    *("lt", "le", "gt", "ge", "eq", "ne", "enter", "exit"),
    *("mro_entries", "instancecheck", "subclasscheck"),
)


class UnavailableError(Exception):
    """A value is used that could not be had: `name`, the `span` of its statement, the `cause`."""

    def __init__(self, name: str, span: Span, reason: str, cause: BaseException | None) -> None:
        super().__init__(f"`{name}` has no value: line {span.line} {reason}")
        self.name = name
        self.span = span
        self.reason = reason
        self.cause = cause


class Unavailable:
    """A name without a value. Whatever is done with it raises UnavailableError."""

    __slots__ = ("_told",)
    __hash__ = object.__hash__

    def __init__(self, name: str, span: Span, reason: str, cause: BaseException | None) -> None:
        object.__setattr__(self, "_told", (name, span, reason, cause))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # Python asks for these itself, and must go on
        fail(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        fail(self)

    def __repr__(self) -> str:
        return f"<no value: {error_of(self)}>"


def error_of(value: Unavailable) -> UnavailableError:
    """What is raised when the value is used."""
    return UnavailableError(*object.__getattribute__(value, "_told"))


def fail(value: Unavailable) -> NoReturn:
    """Raise what its use raises."""
    error = error_of(value)
    raise error from error.cause


def unavailable(name: str, span: Span, reason: str, cause: BaseException | None) -> Unavailable:
    """A name without a value; where that follows from another such, the first reason stays."""
    if isinstance(cause, UnavailableError):
        return Unavailable(cause.name, cause.span, cause.reason, cause.cause)
    return Unavailable(name, span, reason, cause)


def _operation(name: str) -> Callable[..., NoReturn]:
    def operation(self: Unavailable, *args: object, **kwargs: object) -> NoReturn:
        fail(self)

    operation.__name__ = name
    return operation


for _name in OPERATIONS:
    setattr(Unavailable, f"__{_name}__", _operation(f"__{_name}__"))
