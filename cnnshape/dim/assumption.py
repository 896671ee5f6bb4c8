"""What comparisons of named sizes find at their examples, and so assume of all that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

from cnnshape.dim.bound import lowest

if TYPE_CHECKING:
    from cnnshape.dim.atom import Sum
    from cnnshape.dim.expression import Dim

AT_LEAST = ">="
EQUAL = "=="


class Condition(NamedTuple):
    """A size is at least 0, or is 0."""

    size: Dim
    relation: str

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether it is so at these sizes."""
        value = self.size.value(sizes)
        return value == 0 if self.relation == EQUAL else value >= 0


class Recording:
    """Examples of named sizes, and what was found of conditions at them, in order.

    `cause` is what asks at the moment; `causes` and `asked` hold who asked for each condition
    first, and in which words.
    """

    of_program = False
    """Whether a program of the user's compares, which may mix sizes and floats."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.found: dict[Condition, bool] = {}
        self.causes: dict[Condition, object] = {}
        self.asked: dict[Condition, Condition] = {}
        self.cause: object = None
        self.latest: set[Condition] = set()
        """What was asked, perhaps again, since somebody emptied it."""
        self.known: dict[tuple[Sum, int, str], Condition | bool] = {}
        """The same of sizes as they were compared: a sum, a constant, a relation."""

    def holds(self, size: Dim, relation: str) -> bool:
        """Whether a size is at least 0 (or is 0) at the examples; it is assumed from now on."""
        key = (size.sum, size.constant, relation)
        condition = self.known.get(key)
        if condition is None:
            condition = self.known[key] = simplest(size, relation)
        if isinstance(condition, bool):
            return condition
        if condition not in self.found:
            self.found[condition] = condition.holds(self.sizes)
            self.causes[condition] = self.cause
            self.asked[condition] = Condition(size, relation)
        return self.again(condition)

    def given(self, sizes: Mapping[str, int]) -> Recording:
        """The same of other names, some being given: what then depends on no name is left out."""
        others = {name: value for name, value in self.sizes.items() if name not in sizes}
        result = Recording(others)
        for condition, holds in self.found.items():
            left = left_of(condition, sizes)
            if left is not None and left not in result.found:
                result.found[left] = holds
                result.causes[left] = self.causes[condition]
                result.asked[left] = left_of(self.asked[condition], sizes) or left
        return result

    def again(self, condition: Condition) -> bool:
        """What was found of a condition that was asked before."""
        self.latest.add(condition)
        return self.found[condition]


_active: ContextVar[Recording | None] = ContextVar("recording", default=None)
active = _active.get
"""The recording that comparisons go by; None: they have no examples."""


@contextmanager
def recording_with(record: Recording) -> Iterator[Recording]:
    """Compare by the examples of a record, which is told what was found."""
    token = _active.set(record)
    try:
        yield record
    finally:
        _active.reset(token)


def recording(sizes: Mapping[str, int]) -> AbstractContextManager[Recording]:
    """Compare by these example sizes, and record what was found."""
    return recording_with(Recording(sizes))


def left_of(condition: Condition, sizes: Mapping[str, int]) -> Condition | None:
    """A condition on the names that are left; None where they do not matter."""
    if condition.size.names.isdisjoint(sizes):
        return condition
    left = condition.size.replaced(sizes)
    found = left if isinstance(left, int) else simplest(left, condition.relation)
    return found if isinstance(found, Condition) else None


def simplest(size: Dim, relation: str) -> Condition | bool:
    """The condition without common factors and outer floors; a bool where all sizes agree on it."""
    common = gcd(*(number for _, number in size.terms))
    if relation == EQUAL and size.constant % common:
        return False
    size = size.scaled(common)
    least = lowest(dict(size.terms), size.constant)
    opposite = lowest({key: -number for key, number in size.terms}, -size.constant)
    if (opposite or 0) > 0 or (relation == EQUAL and (least or 0) > 0):
        return False
    if relation == EQUAL:
        return Condition(size if size.terms[0][1] > 0 else -size, EQUAL)
    if least is not None and least >= 0:
        return True
    opened = _opened(size)
    if opened is None:
        return Condition(size, AT_LEAST)
    return opened if isinstance(opened, bool) else simplest(opened, AT_LEAST)


def _opened(size: Dim) -> Dim | bool | None:
    """What ±floor(x/c) + k >= 0 or ±max(x, 0) + k >= 0 asks of x; None: it is neither."""
    (monomial, sign), *more = size.terms
    inside = monomial[0].inside
    if more or len(monomial) > 1 or inside is None:
        return None
    bound, divisor = size.constant, monomial[0].divisor
    if divisor is None:
        if (bound >= 0) == (sign > 0):
            return sign > 0
        divisor = 1
    if sign > 0:
        return inside.shifted(bound * divisor)
    return (-inside).shifted(bound * divisor + divisor - 1)
