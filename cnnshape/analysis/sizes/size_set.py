"""Sets of sizes that repeat themselves from some size on, which is what layers' rules amount to."""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm
from typing import NamedTuple


class SizeSet(NamedTuple):
    """Sizes from 1 on: below `start` those whose bit is set in `low`, from it on by their rest.

    Bit r of `rests` is set where the sizes n ≥ start with n mod period = r belong to the set. Equal
    sets are equal tuples: `start` and `period` are as small as can be.
    """

    start: int
    period: int
    low: int
    rests: int

    def __contains__(self, size: object) -> bool:
        if not isinstance(size, int) or size < 1:
            return False
        bits, place = (self.low, size) if size < self.start else (self.rests, size % self.period)
        return bool(bits >> place & 1)

    def __and__(self, other: SizeSet) -> SizeSet:
        start, period, (a, b), (c, d) = _aligned(self, other)
        return size_set(start, period, a & b, c & d)

    def __or__(self, other: SizeSet) -> SizeSet:
        start, period, (a, b), (c, d) = _aligned(self, other)
        return size_set(start, period, a | b, c | d)

    def __invert__(self) -> SizeSet:
        return size_set(
            self.start, self.period, ~self.low & _ones(self.start), ~self.rests & _ones(self.period)
        )

    def __sub__(self, other: SizeSet) -> SizeSet:
        start, period, (a, b), (c, d) = _aligned(self, other)
        return size_set(start, period, a & ~b, c & ~d)

    def __bool__(self) -> bool:
        return bool(self.low or self.rests)

    @property
    def is_finite(self) -> bool:
        """Whether it ends somewhere."""
        return not self.rests

    @property
    def smallest(self) -> int | None:
        """Its first member."""
        if self.low:
            return (self.low & -self.low).bit_length() - 1
        return next(self.members(self.start), None)

    def members(self, first: int = 1) -> Iterator[int]:
        """Its members from a size on, in order."""
        low = self.low >> first if first < self.start else 0
        for place, byte in enumerate(low.to_bytes(low.bit_length() // 8 + 1, "little")):
            if byte:
                yield from (first + 8 * place + bit for bit in range(8) if byte >> bit & 1)
        size = max(first, self.start)
        while self.rests:
            if self.rests >> size % self.period & 1:
                yield size
            size += 1

    def nearest(self, size: int) -> tuple[int, ...]:
        """Its members nearest to a size: that itself, or one on either side."""
        if size in self:
            return (size,)
        below = next((n for n in range(min(size, self._beyond(size)), 0, -1) if n in self), None)
        above = next(self.members(size), None)
        return tuple(found for found in (below, above) if found is not None)

    def _beyond(self, size: int) -> int:
        """A size from which a search downwards misses no member up to `size`."""
        return min(size, self.start) if self.is_finite else size


def size_set(start: int, period: int, low: int, rests: int) -> SizeSet:
    """The set in its smallest form."""
    for prime in _primes(period):
        while period % prime == 0 and rests == _tiled(
            rests & _ones(period // prime), period // prime, period
        ):
            period //= prime
            rests &= _ones(period)
    low &= _ones(start) & ~1
    differing = (low ^ _tiled(rests, period, start)) & ~1
    start = max(differing.bit_length(), 1)
    return SizeSet(start, period, low & _ones(start), rests)


ANY = SizeSet(1, 1, 0, 1)
NONE = SizeSet(1, 1, 0, 0)


def at_least(size: int) -> SizeSet:
    """Every size from one on."""
    return size_set(max(size, 1), 1, 0, 1)


def exactly(*sizes: int) -> SizeSet:
    """These sizes alone."""
    held = {size for size in sizes if size > 0}
    return size_set(max(held, default=0) + 1, 1, sum(1 << size for size in held), 0)


def multiples(period: int, rest: int = 0) -> SizeSet:
    """The sizes that leave a rest."""
    return size_set(1, period, 0, 1 << rest % period)


def _aligned(one: SizeSet, other: SizeSet) -> tuple[int, int, tuple[int, int], tuple[int, int]]:
    """Two sets with one start and one period: these, and the bits of both below and from it on."""
    start, period = max(one.start, other.start), lcm(one.period, other.period)
    lows = _low(one, start), _low(other, start)
    return start, period, lows, (_rests(one, period), _rests(other, period))


def _low(item: SizeSet, start: int) -> int:
    if start == item.start:
        return item.low
    return item.low | _tiled(item.rests, item.period, start) >> item.start << item.start


def _rests(item: SizeSet, period: int) -> int:
    return item.rests if period == item.period else _tiled(item.rests, item.period, period)


def _ones(count: int) -> int:
    return (1 << count) - 1


def _tiled(bits: int, period: int, length: int) -> int:
    """A pattern of bits that repeats with a period, cut at a length."""
    if not bits:
        return 0
    while period < length:
        bits |= bits << period
        period *= 2
    return bits & _ones(length)


def _primes(number: int) -> Iterator[int]:
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            yield divisor
            while number % divisor == 0:
                number //= divisor
        divisor += 1
    if number > 1:
        yield number
