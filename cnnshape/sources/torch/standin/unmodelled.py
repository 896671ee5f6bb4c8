"""Names that PyTorch has and the stand-in does not: they do no harm until a model uses them."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.trace import UnsupportedError


class Unmodelled:
    """Something of torch's that is not modelled."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        raise UnsupportedError(self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unmodelled(f"{self._name}.{name}")

    def __mro_entries__(self, bases: Any) -> Any:
        return (unmodelled_class(self._name),)

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__

    def __getitem__(self, item: Any) -> Any:
        return self

    def __instancecheck__(self, instance: Any) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._name}, not modelled>"

    def __iter__(self) -> Any:
        raise UnsupportedError(self._name)

    def __bool__(self) -> bool:
        raise UnsupportedError(self._name)

    def __enter__(self) -> Any:
        raise UnsupportedError(self._name)

    def __exit__(self, *error: object) -> None:
        pass


def unmodelled_class(name: str, reason: str = "") -> type:
    """A class that cannot be instantiated, so that deriving from it does no harm."""

    def refuse(cls: type, *arguments: Any, **named: Any) -> Any:
        raise UnsupportedError(name, reason)

    return type(name.rpartition(".")[2], (), {"__new__": refuse})
