"""`torch.Size`: a tuple of sizes, each an integer or a formula."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from operator import index
from typing import Any

from cnnshape.layer import Shape
from cnnshape.layer import Size as OneSize


def is_formula(value: object) -> bool:
    """Whether a value is a size that remembers how it was computed."""
    return type(value).__name__ == "Dim" and type(value).__module__.startswith("cnnshape.")


def is_size(value: object) -> bool:
    """Whether a value is a whole number that may be a size."""
    return (isinstance(value, int) and not isinstance(value, bool)) or is_formula(value)


class Size(tuple[Any, ...]):
    """The shape of a tensor."""

    __slots__ = ()

    def numel(self) -> OneSize:
        return prod(self)

    def __getitem__(self, item: Any) -> Any:
        found = super().__getitem__(item)
        return Size(found) if isinstance(item, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size((*self, *other))

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


def as_size(value: Any) -> OneSize:
    """One size: an integer, a formula, or a tensor that holds one; TypeError for a float."""
    if type(value) is int or is_formula(value):
        return value
    if isinstance(value, float):
        raise TypeError(f"a size must be an integer, not the float {value}")
    return index(value)


def as_shape(values: Iterable[Any]) -> Shape:
    """Sizes given one by one, or as one sequence: `view(2, 3)`, `view((2, 3))`."""
    given = tuple(values)
    if len(given) == 1 and not is_size(given[0]) and hasattr(given[0], "__iter__"):
        given = tuple(given[0])
    return tuple(map(as_size, given))
