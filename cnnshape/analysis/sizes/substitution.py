"""Conditions on sums of products, decided value by value: only few values of a size matter.

Where all factors are positive, a sum of products with positive coefficients grows with every size.
So only those values of one size matter at which the smallest of the others do not pass the number
yet; of each other size those below which a factor is not positive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from cnnshape.analysis.sizes.region import Box, Region, everything, nothing, region
from cnnshape.analysis.sizes.size_set import SizeSet, at_least, size_set
from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim
from cnnshape.dim.atom import Atom
from cnnshape.dim.expression import single
from cnnshape.dim.formula import products

MOST_VALUES = 1_024
"""Values of a size that are put in."""

MOST_NAMES = 2

Solve = Callable[[Condition, Sequence[str]], Region | None]


def substituted(condition: Condition, names: Sequence[str], solve: Solve) -> Region | None:
    """The points that meet a condition on a growing sum of products; None: it is none."""
    size, relation = condition
    if len(size.names) > MOST_NAMES:
        return None
    parts, _ = products(size)
    if all(part.coefficient < 0 for part in parts):
        if relation == EQUAL:
            return substituted(Condition(-size, EQUAL), names, solve)
        beyond = substituted(Condition((-size).shifted(-1), AT_LEAST), names, solve)
        return None if beyond is None else everything(len(names)) - beyond
    starts = _positive_from(size)
    if starts is None:
        return None
    ends = {name: _reached(size, name, starts, 1) for name in starts}
    if min(ends.values()) > MOST_VALUES:
        return None
    pivot = min(ends, key=lambda name: ends[name])
    bounds = {**starts, pivot: ends[pivot]}
    boxes: list[Box] = []
    if relation == AT_LEAST:
        boxes = [tuple(at_least(bounds.get(name, 1)) for name in names)]
    for name, end in bounds.items():
        planes = _planes(condition, name, end, names, solve)
        if planes is None:
            return None
        boxes += planes
    return region(len(names), boxes)


def _positive_from(size: Dim) -> dict[str, int] | None:
    """Name → the value from which all factors of that name alone are positive."""
    starts = dict.fromkeys(sorted(size.names), 1)
    for part in products(size)[0]:
        for atom, shift in part.factors:
            if part.coefficient < 0 or not _grows(atom):
                return None
            if len(atom.names) > 1 and (atom.least or 0) + shift < 0:
                return None
            if len(atom.names) == 1:
                (name,) = atom.names
                starts[name] = max(starts[name], _reached(single(atom), name, {}, 1 - shift))
    return None if max(starts.values()) > MOST_VALUES else starts


def _grows(atom: Atom) -> bool:
    """Whether an atom is at no larger sizes smaller."""
    if atom.inside is None:
        return True
    inner = [inner for monomial, _ in atom.inside.terms for inner in monomial]
    return atom.divisor is not None and atom.least is not None and all(map(_grows, inner))


def _reached(size: Dim, name: str, others: Mapping[str, int], least: int) -> int:
    """The first value of a name, from its own in `others` on, at which a size reaches a number."""
    first = others.get(name, 1)
    values = range(first, MOST_VALUES + 1)
    return first + bisect_left(values, least, key=lambda x: size.value({**others, name: x}))


def _planes(
    condition: Condition, name: str, end: int, names: Sequence[str], solve: Solve
) -> list[Box] | None:
    """The points below a value of a name, value by value; those of equal values are one box."""
    size, relation = condition
    axis = list(names).index(name)
    values: dict[Region, int] = {}
    for value in range(1, end):
        rest = size.replaced({name: value})
        if isinstance(rest, Dim):
            plane = solve(Condition(rest, relation), names)
        else:
            holds = rest == 0 if relation == EQUAL else rest >= 0
            plane = everything(len(names)) if holds else nothing(len(names))
        if plane is None:
            return None
        values[plane] = values.get(plane, 0) | 1 << value
    boxes = []
    for plane, bits in values.items():
        held: SizeSet = size_set(bits.bit_length(), 1, bits, 0)
        boxes += [(*box[:axis], box[axis] & held, *box[axis + 1 :]) for box in plane.boxes]
    return boxes
