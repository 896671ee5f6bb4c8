"""How sizes of one name grow: e(x + period) = e(x) + step."""

from __future__ import annotations

from math import gcd, lcm
from typing import NamedTuple

from cnnshape.dim import Dim
from cnnshape.dim.atom import Atom

LONGEST_PERIOD = 20_000
LARGEST_SIZE = 1_000_000
"""Sets that begin to repeat later are not listed."""


class Growth(NamedTuple):
    """A size of one name x: e(x + period) = e(x) + step, from x = start on."""

    period: int
    step: int
    start: int = 1


def growth(size: Dim) -> Growth | None:
    """How a size of one name grows; None where it is no sum of floors, or repeats too late."""
    period, start = 1, 1
    parts = []
    for monomial, number in size.terms:
        found = atom_growth(monomial[0]) if len(monomial) == 1 else None
        if found is None:
            return None
        period, start = lcm(period, found.period), max(start, found.start)
        parts.append((number, found))
        if period > LONGEST_PERIOD or start > LARGEST_SIZE:
            return None
    step = sum(number * part.step * (period // part.period) for number, part in parts)
    return Growth(period, step, start)


def atom_growth(atom: Atom) -> Growth | None:
    if atom.inside is None:
        return Growth(1, 1)
    inside = growth(atom.inside)
    if inside is None:
        return None
    if atom.divisor is None:
        return _positive_growth(atom, atom.inside, inside)
    times = atom.divisor // gcd(inside.step, atom.divisor)
    return Growth(inside.period * times, inside.step * times // atom.divisor, inside.start)


def _positive_growth(atom: Atom, inside: Dim, found: Growth) -> Growth | None:
    """max(inside, 0) is in the end the inside, or 0, or repeats with it."""
    period, step, start = found
    if step == 0:
        return found
    (name,) = atom.names
    for x in range(start, start + period):
        value = inside.value({name: x})
        if (value < 0) == (step > 0):
            start = max(start, x + period * (-(-abs(value) // abs(step))))
    return Growth(period, max(step, 0), start)
