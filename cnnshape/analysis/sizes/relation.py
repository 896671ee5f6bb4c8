"""Points that meet relations between sizes: size after size, each as the others leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnshape.analysis.sizes.condition import solve
from cnnshape.analysis.sizes.explore import Literal
from cnnshape.analysis.sizes.region import Box, Point
from cnnshape.analysis.sizes.size_set import NONE, SizeSet
from cnnshape.dim import Condition, Dim, Size


def completed(
    box: Box, relations: Sequence[Literal], names: Sequence[str], target: Mapping[str, int]
) -> Point | None:
    """A point of a box near a target that meets the relations; None where none was found."""
    known: dict[str, Size] = {}
    point: list[int] = []
    for sizes, name in zip(box, names, strict=True):
        allowed = sizes
        for literal in relations:
            allowed &= _left(literal, name, known, allowed)
        wanted = target[name]
        distances = sorted((abs(size - wanted), size) for size in allowed.nearest(wanted))
        if not distances:
            return None
        known[name] = distances[0][1]
        point.append(distances[0][1])
    return tuple(point)


def _left(literal: Literal, name: str, known: Mapping[str, Size], allowed: SizeSet) -> SizeSet:
    """The sizes of a name that a relation leaves, the sizes before it being known."""
    rest = literal.condition.size.replaced(known)
    if not isinstance(rest, Dim) or rest.names != {name}:
        return allowed
    found = solve(Condition(rest, literal.condition.relation), (name,))
    if found is None:
        return allowed
    met = found.boxes[0][0] if found else NONE
    return met if literal.holds else ~met
