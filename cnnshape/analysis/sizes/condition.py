"""From a condition on named sizes to the exact set of sizes that meet it.

What layers ask of one size is quasi-affine: e(x + P) = e(x) + s for a period P, the least common
multiple of the divisors in it, so that a table of one period decides it for all sizes. What joins
several sizes equates a product of such terms to a number (a flatten before a linear layer), which
is enumerated by divisors, or asks for its rest (a reshape).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd, lcm

from cnnshape.analysis.sizes.growth import LARGEST_SIZE, LONGEST_PERIOD, atom_growth, growth
from cnnshape.analysis.sizes.polynomial import along_polynomial
from cnnshape.analysis.sizes.region import Box, Region, everything, nothing, region
from cnnshape.analysis.sizes.size_set import ANY, SizeSet, size_set
from cnnshape.analysis.sizes.substitution import substituted
from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim, Size
from cnnshape.dim.atom import Atom
from cnnshape.dim.expression import single
from cnnshape.dim.formula import Product, products

LONGEST_JOINT_PERIOD = 200_000
MOST_FACTORS = 4_096
"""Products up to which the ways to reach one are enumerated."""
MOST_BOXES = 1_500
"""Pieces of a set of several names."""
MOST_RESTS = 512
MOST_WIDTH = 64
"""Numbers that are tried one by one where a floor is a number."""


class Solver:
    """Sets that meet conditions, none of which takes long to bring together with the others."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.known: dict[Condition, Region | None] = {}
        self.periods = [1] * len(self.names)

    def solve(self, condition: Condition) -> Region | None:
        """The points that meet a condition; None: not decided."""
        if condition not in self.known:
            found = solve(condition, self.names)
            self.known[condition] = found if found is not None and self._joins(found) else None
        return self.known[condition]

    def _joins(self, found: Region) -> bool:
        """Whether all sets so far still repeat together soon enough."""
        periods = [
            lcm(period, *(box[axis].period for box in found.boxes))
            for axis, period in enumerate(self.periods)
        ]
        if max(periods, default=1) > LONGEST_JOINT_PERIOD:
            return False
        self.periods = periods
        return True


def solve(condition: Condition, names: Sequence[str]) -> Region | None:
    """The points that meet a condition, a size a name in their order; None: not decided."""
    size, relation = condition
    if len(size.names) == 1:
        name = next(iter(size.names))
        sizes = _along_one(size, relation)
        if sizes is not None:
            return _box(names, {name: sizes})
    found = _rest(size, names) if relation == EQUAL else None
    if found is None:
        found = _opened(size, relation, names)
    if found is None:
        found = _product(size, relation, names)
    return found if found is not None else substituted(condition, names, solve)


def _opened(size: Dim, relation: str, names: Sequence[str]) -> Region | None:
    """What ±floor(x/d) + y, or ±c·floor(x/d) + k, asks of an x that no set of one name describes.

    floor(x/d) >= y says x >= d·y, and floor(x/d) = y says d·y <= x < d·(y + 1).
    """
    for monomial, number in size.terms:
        atom, count = monomial[0], abs(number)
        others: Size = size - number * single(atom)
        if len(monomial) > 1 or atom.divisor is None or (isinstance(others, Dim) and count > 1):
            continue
        if len(atom.names) == 1 and atom_growth(atom) is not None:
            continue
        if relation == AT_LEAST and number > 0:
            return _floor_reaches(atom, -(others // count), names)
        if relation == AT_LEAST:
            beyond = _floor_reaches(atom, others // count + 1, names)
            return None if beyond is None else everything(len(names)) - beyond
        wanted: Size = -others if number > 0 else others
        if wanted % count:
            return nothing(len(names))
        least = wanted // count
        if not isinstance(least, Dim) and atom.divisor <= MOST_WIDTH:
            return _floor_is(atom, least, names)
        reached = _floor_reaches(atom, least, names)
        passed = _floor_reaches(atom, least + 1, names)
        return None if reached is None or passed is None else reached - passed
    return None


def _floor_is(atom: Atom, value: int, names: Sequence[str]) -> Region | None:
    """Where floor(x/d) is a number: x is one of d numbers."""
    assert atom.inside is not None
    assert atom.divisor is not None
    first = value * atom.divisor
    numbers = range(first, first + atom.divisor)
    found = (solve(Condition(atom.inside.shifted(-x), EQUAL), names) for x in numbers)
    return _union(list(found), names)


def _floor_reaches(atom: Atom, least: Size, names: Sequence[str]) -> Region | None:
    """Where floor(x/d) is at least a size."""
    assert atom.inside is not None
    assert atom.divisor is not None
    return _holds(atom.inside - atom.divisor * least, names)


def _holds(size: Size, names: Sequence[str]) -> Region | None:
    """Where a size is at least 0."""
    if isinstance(size, Dim):
        return solve(Condition(size, AT_LEAST), names)
    return everything(len(names)) if size >= 0 else nothing(len(names))


def _box(names: Sequence[str], sizes: dict[str, SizeSet]) -> Region:
    return region(len(names), [tuple(sizes.get(name, ANY) for name in names)])


def _along_one(size: Dim, relation: str) -> SizeSet | None:
    """The sizes of the one name that meet a condition."""
    found = growth(size)
    if found is None:
        return along_polynomial(size, relation)
    period, step, start = found
    (name,) = size.names
    early = [x for x in range(1, start) if _meets(size.value({name: x}), relation)]
    values = [(x, size.value({name: x})) for x in range(start, start + period)]
    if step == 0:
        rests = _bits([x % period for x, value in values if _meets(value, relation)])
        return size_set(start, period, _bits(early), rests)
    turns = 1 + max(-(-abs(value) // abs(step)) for _, value in values)
    end = start + period * turns
    if end > LARGEST_SIZE:
        return None
    for x, value in values:
        places = enumerate(range(x, end, period))
        early += [place for turn, place in places if _meets(value + turn * step, relation)]
    return size_set(end, 1, _bits(early), int(relation == AT_LEAST and step > 0))


def _meets(value: int, relation: str) -> bool:
    return value == 0 if relation == EQUAL else value >= 0


def _bits(places: list[int]) -> int:
    """An integer with these bits set."""
    held = bytearray(max(places, default=0) // 8 + 1)
    for place in places:
        held[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(held, "little")


def _product(size: Dim, relation: str, names: Sequence[str]) -> Region | None:
    """Where one product of sizes, each of one name, is a number, or at least it."""
    found = _factors(size)
    if found is None or len(found[1]) < 2 or any(len(item.names) > 1 for item in found[1]):
        return None
    coefficient, sizes, constant = found
    if relation == EQUAL:
        wanted, over = divmod(-constant, coefficient)
        return nothing(len(names)) if over else _equal(sizes, wanted, names)
    if coefficient > 0:
        return _reaching(sizes, -(constant // coefficient), names)
    beyond = _reaching(sizes, constant // -coefficient + 1, names)
    return None if beyond is None else everything(len(names)) - beyond


def _factors(size: Dim) -> tuple[int, list[Dim], int] | None:
    """A condition on a size as one on coefficient·product + constant.

    a·u·v + b·u + c·v + d asks what (a·u + c)·(a·v + b) + a·d - b·c asks, where a is positive.
    """
    parts, constant = products(size)
    if len(parts) == 1:
        coefficient, factors = parts[0]
        return coefficient, [single(atom).shifted(shift) for atom, shift in factors], constant
    (monomial, a), *lower = size.terms
    if len(monomial) != 2 or monomial[0] is monomial[1]:
        return None
    u, v = monomial
    if not {key for key, _ in lower} <= {(u,), (v,)}:
        return None
    linear = dict(lower)
    sign = 1 if a > 0 else -1
    a, b, c, d = (sign * n for n in (a, linear.get((u,), 0), linear.get((v,), 0), size.constant))
    return sign, [_scaled(u, a).shifted(c), _scaled(v, a).shifted(b)], sign * (a * d - b * c)


def _scaled(atom: Atom, number: int) -> Dim:
    found = single(atom) * number
    assert isinstance(found, Dim)
    return found


def _equal(sizes: list[Dim], wanted: int, names: Sequence[str]) -> Region | None:
    """Where the product of sizes is a number."""
    first, *others = sizes
    if not others:
        return solve(Condition(first.shifted(-wanted), EQUAL), names)
    if wanted == 0:
        return _union([solve(Condition(item, EQUAL), names) for item in sizes], names)
    if abs(wanted) > LARGEST_SIZE:
        return None
    found: list[Region] = []
    for divisor in _divisors(abs(wanted)):
        if sum(len(item.boxes) for item in found) > MOST_BOXES:
            return None
        for factor in (divisor, -divisor):
            if first.least is not None and first.least > factor:
                continue
            one = solve(Condition(first.shifted(-factor), EQUAL), names)
            if one is None or one:
                other = _equal(others, wanted // factor, names)
                if one is None or other is None:
                    return None
                found.append(one & other)
    return _union([*found], names)


def _reaching(sizes: list[Dim], wanted: int, names: Sequence[str]) -> Region | None:
    """Where the product of sizes is at least a number, by the values of the first."""
    first, *others = sizes
    if not others:
        return _holds(first.shifted(-wanted), names)
    if first.least is None or max(abs(wanted), -first.least) > MOST_FACTORS:
        return None
    found = [_far(first, others, wanted, names)]
    for low, high in _alike(first.least, wanted):
        one = _between(first, low, high, names)
        if one:
            other = _times(low, others, wanted, names)
            found.append(None if other is None else one & other)
        elif one is None:
            return None
    return _union(found, names)


def _alike(least: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Ranges of factors, up to |wanted|, that ask the same of the others; from 1 on few of them."""
    yield from ((factor, factor) for factor in range(least, 1))
    last, factor = abs(wanted), max(least, 1)
    while factor <= last:
        others = -(-wanted // factor)
        high = last if others == 1 else (wanted - (wanted > 0)) // (others - (wanted > 0))
        yield factor, high
        factor = high + 1


def _between(size: Dim, low: int, high: int, names: Sequence[str]) -> Region | None:
    """Where a size lies between two numbers."""
    if low == high:
        return solve(Condition(size.shifted(-low), EQUAL), names)
    reached, passed = _holds(size.shifted(-low), names), _holds(size.shifted(-high - 1), names)
    return None if reached is None or passed is None else reached - passed


def _far(first: Dim, others: list[Dim], wanted: int, names: Sequence[str]) -> Region | None:
    """The same where the first is above the number: the others are at least 0, or at least 1."""
    one = _holds(first.shifted(-abs(wanted) - 1), names)
    other = _reaching(others, int(wanted > 0), names)
    return None if one is None or other is None else one & other


def _times(factor: int, sizes: list[Dim], wanted: int, names: Sequence[str]) -> Region | None:
    """Where a factor times the product of sizes is at least a number."""
    if factor > 0:
        return _reaching(sizes, -(-wanted // factor), names)
    if factor == 0:
        return everything(len(names)) if wanted <= 0 else nothing(len(names))
    beyond = _reaching(sizes, wanted // factor + 1, names)
    return None if beyond is None else everything(len(names)) - beyond


def _union(found: list[Region | None], names: Sequence[str]) -> Region | None:
    """The union of what was found; None where something was not, or it is of too many pieces."""
    boxes: list[Box] = []
    for item in found:
        if item is None or len(boxes) > MOST_BOXES:
            return None
        boxes += item.boxes
    return region(len(names), boxes)


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})


def _rest(size: Dim, names: Sequence[str]) -> Region | None:
    """Where a product q of two names leaves a rest: m·q - m·k·floor(q/k) is a number."""
    for monomial, number in size.terms:
        atom = monomial[0]
        if len(monomial) > 1 or atom.divisor is None or atom.inside is None:
            continue
        if len(atom.names) < 2 or number % atom.divisor:
            continue
        times = -number // atom.divisor
        left: Size = size - number * single(atom) - times * atom.inside
        if isinstance(left, Dim):
            continue
        if left % times:
            return nothing(len(names))
        parts, constant = products(atom.inside)
        if len(parts) == 1 and len(parts[0].factors) == 2:
            rest = -left // times
            if not 0 <= rest < atom.divisor:
                return nothing(len(names))
            wanted = rest - constant
            return _leaving(parts[0], atom.divisor, wanted, names)
    return None


def _leaving(part: Product, divisor: int, wanted: int, names: Sequence[str]) -> Region | None:
    """Where a·u·v leaves the rest of `wanted` by a divisor: by each rest of u, those of v."""
    one, other = (_rests(single(atom).shifted(shift), divisor) for atom, shift in part.factors)
    if one is None or other is None or part.factors[0][0].names == part.factors[1][0].names:
        return None
    (first,), (second,) = (tuple(atom.names) for atom, _ in part.factors)
    boxes: list[Box] = []
    for rest, sizes in one.items():
        fitting = [
            held
            for r, held in other.items()
            if (part.coefficient * rest * r - wanted) % divisor == 0
        ]
        for held in fitting:
            boxes += _box(names, {first: sizes, second: held}).boxes
    return region(len(names), boxes)


def _rests(size: Dim, divisor: int) -> dict[int, SizeSet] | None:
    """Rest by a divisor → the sizes of the one name that leave it."""
    found = growth(size) if len(size.names) == 1 and divisor <= MOST_RESTS else None
    if found is None or found.start > 1:
        return None
    period = found.period * (divisor // gcd(found.step, divisor))
    if period > LONGEST_PERIOD:
        return None
    (name,) = size.names
    places: dict[int, list[int]] = {}
    for x in range(1, period + 1):
        places.setdefault(size.value({name: x}) % divisor, []).append(x % period)
    return {rest: size_set(1, period, 0, _bits(held)) for rest, held in places.items()}
