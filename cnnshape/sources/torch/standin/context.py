"""What is on or off around code: gradients, autocast."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any


class Switch:
    """Whether something is on."""

    on = False


AUTOCAST = Switch()


class Block:
    """A `with` block, or a decorator, that changes nothing about shapes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.arguments = arguments

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(function, type):
            return function

        @wraps(function)
        def inner(*arguments: Any, **named: Any) -> Any:
            with self:
                return function(*arguments, **named)

        return inner


class NoGrad(Block):
    """`torch.no_grad()`, and the decorator `torch.no_grad` too."""

    def __new__(cls, function: Any = None, *_: Any, **__: Any) -> Any:
        return function if callable(function) else super().__new__(cls)


class Autocast(Block):
    """Inside, layers take numbers of any kind."""

    def __init__(self, *arguments: Any, enabled: bool = True, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.enabled = enabled

    def __enter__(self) -> Any:
        self.before, AUTOCAST.on = AUTOCAST.on, self.enabled
        return self

    def __exit__(self, *error: object) -> None:
        AUTOCAST.on = self.before
