"""Conditions on sums of products, decided value by value: few values of each size matter.

A sum of products with positive coefficients grows with every size from where all its factors are
positive. So of one size only the values matter up to the one at which the smallest of the others
pass the number; below where a factor is positive, each value is put in, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import lcm

from cnnshape.analysis.sizes.growth import growth
from cnnshape.analysis.sizes.region import Region, everything, nothing, region
from cnnshape.analysis.sizes.size_set import ANY, SizeSet, at_least, exactly
from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim, Size
from cnnshape.dim.expression import single
from cnnshape.dim.formula import products

MOST_VALUES = 1_024
"""Values of a size that are put in."""

Solve = Callable[[Condition, Sequence[str]], Region | None]


def substituted(condition: Condition, names: Sequence[str], solve: Solve) -> Region | None:
    """The points that meet a condition on a growing sum of products; None: it is none."""
    size, relation = condition
    if all(number < 0 for _, number in size.terms):
        if relation == EQUAL:
            return substituted(Condition(-size, EQUAL), names, solve)
        beyond = substituted(Condition((-size).shifted(-1), AT_LEAST), names, solve)
        return None if beyond is None else everything(len(names)) - beyond
    first = _positive_from(size)
    if first is None:
        return None
    name = min(first)
    least = {other: start for other, start in first.items() if other != name}
    last = bisect_left(
        range(first[name], MOST_VALUES + 1),
        1,
        key=lambda value: size.value({**least, name: value}),
    )
    if first[name] + last > MOST_VALUES:
        return None
    return _put_in(condition, names, solve, {name: first[name] + last, **least})
