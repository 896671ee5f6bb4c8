"""What model files import of torch beside modules and functions, and which changes no shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cnnshape.sources.torch.standin.trace import UnsupportedError


class Inert:
    """Something that training uses and a model's shape does not depend on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.arguments = arguments

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return Inert()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class Dataset:
    """Data to learn from."""

    def __class_getitem__(cls, item: Any) -> Any:
        return cls


class DataLoader(Inert):
    """Batches of a data set; there are none here."""

    def __iter__(self) -> Iterator[Any]:
        raise UnsupportedError("torch.utils.data.DataLoader", "no data are read")

    def __len__(self) -> int:
        raise UnsupportedError("torch.utils.data.DataLoader", "no data are read")


def same(value: Any = None, *_: Any, **__: Any) -> Any:
    """What is given, as a decorator or a wrapper leaves it."""
    return value


def decorator(*arguments: Any, **named: Any) -> Any:
    """A decorator, with or without arguments, that leaves what it is given."""
    if len(arguments) == 1 and not named and callable(arguments[0]):
        return arguments[0]
    return same


def nothing(*_: Any, **__: Any) -> None:
    """Something done that leaves no trace."""


def no(*_: Any, **__: Any) -> bool:
    return False


def checkpoint(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The function applied; gradients are none of ours."""
    for name in ("use_reentrant", "preserve_rng_state", "context_fn", "determinism_check", "debug"):
        named.pop(name, None)
    return function(*arguments, **named)


def checkpoint_sequential(functions: Any, segments: int, input: Any, **_: Any) -> Any:
    for function in functions:
        input = function(input)
    return input


class FunctionContext:
    """What a custom function keeps for its way back."""

    needs_input_grad: tuple[bool, ...] = (True,) * 16
    saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    mark_dirty = mark_non_differentiable = set_materialize_grads = nothing


class Function:
    """`torch.autograd.Function`: its forward pass."""

    @classmethod
    def apply(cls, *arguments: Any, **named: Any) -> Any:
        forward = cls.forward  # type: ignore[attr-defined]
        if "setup_context" in vars(cls):
            return forward(*arguments, **named)
        return forward(FunctionContext(), *arguments, **named)


class Generator:
    """A source of random numbers, none of which are drawn."""

    def __init__(self, device: Any = None) -> None:
        self.device = device

    def manual_seed(self, seed: int) -> Generator:
        return self

    def initial_seed(self) -> int:
        return 0
