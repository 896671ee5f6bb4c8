"""Where sums of products of floors of one name, such as S² - ceil(S/2)², are at least 0, or are 0.

On the sizes that leave one rest by the common period such a sum is a polynomial. Its differences
tell its sign: where all that are not 0 have one sign, it keeps that from there on.
"""

from __future__ import annotations

from itertools import pairwise
from math import lcm

from cnnshape.analysis.sizes.growth import atom_growth
from cnnshape.analysis.sizes.size_set import SizeSet, size_set
from cnnshape.dim import AT_LEAST, EQUAL, Dim

LONGEST_PERIOD = 256
LARGEST_SIZE = 20_000
"""Sizes below which every one is tried."""


def along_polynomial(size: Dim, relation: str) -> SizeSet | None:
    """The sizes of the one name that meet a condition; None: not decided."""
    period, start = 1, 1
    for monomial, _ in size.terms:
        for atom in monomial:
            found = atom_growth(atom)
            if found is None:
                return None
            period, start = lcm(period, found.period), max(start, found.start)
    if period > LONGEST_PERIOD or start > LARGEST_SIZE:
        return None
    settled = [_settled(size, x, period) for x in range(start, start + period)]
    ends = [end for end, _ in settled]
    if None in ends:
        return None
    end = max(end for end in ends if end is not None)
    (name,) = size.names
    low = sum(1 << x for x in range(1, end) if _meets(size.value({name: x}), relation))
    signs = {(start + place) % period: sign for place, (_, sign) in enumerate(settled)}
    rests = sum(1 << rest for rest, sign in signs.items() if _meets(sign, relation))
    return size_set(end, period, low, rests)


def _settled(size: Dim, first: int, period: int) -> tuple[int | None, int]:
    """From where on the sizes first, first + period, … give one sign, and which."""
    degree = max(len(monomial) for monomial, _ in size.terms)
    (name,) = size.names
    values = [size.value({name: first + turn * period}) for turn in range(degree + 1)]
    differences = []
    while values:
        differences.append(values[0])
        values = [b - a for a, b in pairwise(values)]
    for x in range(first, LARGEST_SIZE, period):
        signs = {(value > 0) - (value < 0) for value in differences}
        if signs == {0}:
            return x, 0
        if differences[0] and len(signs - {0}) == 1:
            return x, 1 if differences[0] > 0 else -1
        pairs = zip(differences, [*differences[1:], 0], strict=True)
        differences = [value + step for value, step in pairs]
    return None, 0


def _meets(value: int, relation: str) -> bool:
    return value == 0 if relation == EQUAL else relation == AT_LEAST and value >= 0
