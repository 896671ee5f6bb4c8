"""The largest and the smallest of some sizes, in one form whatever their order."""

from __future__ import annotations

from cnnshape.dim.atom import Atom, Size, order
from cnnshape.dim.expression import Dim, positive, single

MOST_ARMS = 6


def maximum(*sizes: Size) -> Size:
    """The largest of some sizes, without an assumption: max(a, b) = b + max(a - b, 0)."""
    return _extreme(sizes, 1)


def minimum(*sizes: Size) -> Size:
    """The smallest of some sizes, without an assumption: min(a, b) = a - max(a - b, 0)."""
    return _extreme(sizes, -1)


def ceiling(whole: Size, part: Size) -> Size:
    """ceil(whole/part)."""
    return -(-whole // part)


def _extreme(sizes: tuple[Size, ...], sign: int) -> Size:
    candidates = _ahead([arm for size in sizes for arm in arms(size, sign)], sign)
    candidates.sort(key=rank)
    result = candidates[0]
    for other in candidates[1:]:
        result = other + sign * positive(sign * (result - other))
    return result


def arms(size: Size, sign: int) -> list[Size]:
    """The sizes that one is the largest (sign 1) or the smallest (-1) of; itself where it is none.

    rest + n·max(x, 0) is max(rest + n·x, rest), and rest - n·max(x, 0) is min(rest - n·x, rest).
    """
    parts = positive_parts(size, sign)
    if not parts or len(parts) >= MOST_ARMS:
        return [size]
    atom, number = max(parts, key=lambda part: part[0].order)
    assert atom.inside is not None
    rest = size - number * single(atom)
    both = [*arms(rest + number * atom.inside, sign), *arms(rest, sign)]
    found = _ahead(both, sign)
    return found if len(found) <= MOST_ARMS else [size]


def positive_parts(size: Size, sign: int) -> list[tuple[Atom, int]]:
    """What is added (sign 1) or taken away (-1) of max(x, 0), and how often."""
    if not isinstance(size, Dim):
        return []
    return [
        (monomial[0], number)
        for monomial, number in size.terms
        if len(monomial) == 1 and monomial[0].is_positive_part and number * sign > 0
    ]


def _ahead(sizes: list[Size], sign: int) -> list[Size]:
    """Those that no other one always reaches."""
    kept: list[Size] = []
    for place, one in enumerate(sizes):
        others = [*kept, *sizes[place + 1 :]]
        if not any(_reaches(sign * (other - one)) for other in others):
            kept.append(one)
    return kept


def _reaches(lead: Size) -> bool:
    if not isinstance(lead, Dim):
        return lead >= 0
    return lead.least is not None and lead.least >= 0


def rank(size: Size) -> tuple[bool, list[object], int]:
    """Formulas in the order of their terms, then integers."""
    if not isinstance(size, Dim):
        return True, [], size
    return False, [(order(item), item[1]) for item in size.terms], size.constant
