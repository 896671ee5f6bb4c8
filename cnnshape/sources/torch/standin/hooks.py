"""What hangs on modules."""

from __future__ import annotations

from typing import Any


class Handle:
    """What registering a hook gives."""

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks, self.key = hooks, key

    def remove(self) -> None:
        self.hooks.pop(self.key, None)


class Keys(tuple[Any, ...]):
    """What loading a state gives: nothing is missing here, as nothing is loaded."""

    __slots__ = ()

    def __new__(cls, missing: list[str], unexpected: list[str]) -> Keys:
        return super().__new__(cls, (missing, unexpected))

    @property
    def missing_keys(self) -> list[str]:
        return self[0]

    @property
    def unexpected_keys(self) -> list[str]:
        return self[1]


def meant_as(name: str, cls: type) -> Any:
    """A method of a class whose name is nearly another one's."""
    from difflib import get_close_matches

    near = get_close_matches(name, [one for one, value in vars(cls).items() if callable(value)])
    return vars(cls)[near[0]] if near else None
