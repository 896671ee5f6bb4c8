"""Sets of sizes against Python's sets: what belongs to them, and their one form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from math import lcm
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnshape.analysis.sizes.size_set import (
    ANY,
    NONE,
    SizeSet,
    at_least,
    exactly,
    multiples,
    size_set,
)

END = 800
"""Above each start and two common periods of two sets: sets equal up to it are equal."""
ALL = frozenset(range(1, END + 1))
PERIODS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12)

thorough = settings(max_examples=300, derandomize=True, deadline=None)


class Pair(NamedTuple):
    """A set of ours, and the same as Python's."""

    ours: SizeSet
    theirs: frozenset[int]


def test_a_period_of_two_sets_lies_below_the_end() -> None:
    assert 40 + 2 * lcm(*PERIODS) < END


def listed(sizes: SizeSet) -> frozenset[int]:
    return frozenset(takewhile(lambda size: size <= END, sizes.members()))


def holds(found: SizeSet) -> frozenset[int]:
    return frozenset(size for size in range(-3, END + 1) if size in found)


@st.composite
def raw_sets(draw: st.DrawFn) -> Pair:
    """A start, a period and bits as they come, also beyond what the start and the period hold."""
    start, period = draw(st.integers(1, 30)), draw(st.sampled_from(PERIODS))
    low, rests = draw(st.integers(0, 2**32)), draw(st.integers(0, 2**period - 1))
    theirs = {n for n in range(1, start) if low >> n & 1}
    theirs |= {n for n in range(start, END + 1) if rests >> n % period & 1}
    return Pair(size_set(start, period, low, rests), frozenset(theirs))


@st.composite
def named_sets(draw: st.DrawFn) -> Pair:
    kind = draw(st.sampled_from(["exactly", "at least", "multiples", "any", "none"]))
    if kind == "exactly":
        sizes = draw(st.lists(st.integers(-2, 30), max_size=6))
        return Pair(exactly(*sizes), frozenset(sizes) & ALL)
    if kind == "at least":
        least = draw(st.integers(-2, 30))
        return Pair(at_least(least), frozenset(n for n in ALL if n >= least))
    if kind == "multiples":
        period, rest = draw(st.sampled_from(PERIODS)), draw(st.integers(-20, 40))
        return Pair(multiples(period, rest), frozenset(n for n in ALL if (n - rest) % period == 0))
    return Pair(ANY, ALL) if kind == "any" else Pair(NONE, frozenset())


def joined(pairs: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    either = st.tuples(pairs, pairs)
    return st.one_of(
        pairs.map(lambda pair: Pair(~pair.ours, ALL - pair.theirs)),
        either.map(lambda two: Pair(two[0].ours & two[1].ours, two[0].theirs & two[1].theirs)),
        either.map(lambda two: Pair(two[0].ours | two[1].ours, two[0].theirs | two[1].theirs)),
        either.map(lambda two: Pair(two[0].ours - two[1].ours, two[0].theirs - two[1].theirs)),
    )


SETS = st.recursive(st.one_of(raw_sets(), named_sets()), joined, max_leaves=5)


@thorough
@given(SETS)
def test_members_are_those_of_pythons_set(pair: Pair) -> None:
    assert holds(pair.ours) == pair.theirs
    assert listed(pair.ours) == pair.theirs
    assert bool(pair.ours) == bool(pair.theirs)
    assert pair.ours.smallest == min(pair.theirs, default=None)
    assert pair.ours.is_finite == (max(pair.theirs, default=0) < END - 2 * lcm(*PERIODS))


@thorough
@given(SETS, st.integers(1, 60))
def test_members_from_a_size_on(pair: Pair, first: int) -> None:
    found = list(takewhile(lambda size: size <= END, pair.ours.members(first)))
    assert found == sorted(size for size in pair.theirs if size >= first)


@thorough
@given(SETS, SETS)
def test_equal_sets_are_equal_tuples(one: Pair, other: Pair) -> None:
    assert (one.ours == other.ours) == (one.theirs == other.theirs)
    assert hash(one.ours & other.ours) == hash(other.ours & one.ours)
    assert one.ours & other.ours == other.ours & one.ours
    assert one.ours | other.ours == ~(~one.ours & ~other.ours)
    assert one.ours - other.ours == one.ours & ~other.ours
    assert ~~one.ours == one.ours


@thorough
@given(SETS)
def test_a_set_is_kept_in_its_smallest_form(pair: Pair) -> None:
    start, period, low, rests = pair.ours
    assert low < 1 << start
    assert not low & 1
    assert rests < 1 << period
    assert size_set(start, period, low, rests) == pair.ours
    assert size_set(start + 7, 3 * period, *wider(pair.ours, start + 7, 3 * period)) == pair.ours
    if start > 1:
        assert (start - 1 in pair.ours) != bool(rests >> (start - 1) % period & 1)
    for shorter in (d for d in range(1, period) if period % d == 0):
        assert any((rests >> r & 1) != (rests >> r % shorter & 1) for r in range(period))


def wider(sizes: SizeSet, start: int, period: int) -> tuple[int, int]:
    """The bits of a set with a later start and a longer period."""
    low = sum(1 << size for size in range(1, start) if size in sizes)
    return low, sum(1 << n % period for n in range(start, start + period) if n in sizes)


@thorough
@given(SETS, st.integers(1, 100))
def test_the_nearest_members(pair: Pair, size: int) -> None:
    below = [n for n in pair.theirs if n <= size]
    above = [n for n in pair.theirs if n >= size]
    expected = {*[max(below)][: len(below)]} if below else set()
    expected |= {min(above)} if above else set()
    found = pair.ours.nearest(size)
    assert set(found) == ({size} if size in pair.theirs else expected)
    assert list(found) == sorted(found)


@pytest.mark.parametrize("far", [2**31 - 1, 2**31, 10**12])
def test_sizes_far_away_are_found_at_once(far: int) -> None:
    evens = multiples(2, 0)
    assert (far in evens) == (far % 2 == 0)
    assert set(evens.nearest(far)) == ({far} if far % 2 == 0 else {far - 1, far + 1})
    assert exactly(3, 7).nearest(far) == (7,)
    assert NONE.nearest(far) == ()
    assert next(at_least(5).members(far)) == far


def test_no_size_is_below_one() -> None:
    assert exactly(0, -4) == NONE
    assert at_least(-4) == ANY
    assert ~NONE == ANY
    assert 0 not in ANY
    assert "5" not in ANY


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (multiples(2) & multiples(3), multiples(6)),
        (multiples(4) | multiples(4, 2), multiples(2)),
        (at_least(3) & ~at_least(5), exactly(3, 4)),
        (exactly(1, 2) | at_least(3), ANY),
        (multiples(2) | multiples(2, 1), ANY),
        (multiples(16, 12) & multiples(16, 13), NONE),
    ],
)
def test_known_forms(found: SizeSet, expected: SizeSet) -> None:
    assert found == expected


LAWS: list[Callable[[SizeSet, SizeSet, SizeSet], tuple[SizeSet, SizeSet]]] = [
    lambda a, b, c: (a & (b | c), (a & b) | (a & c)),
    lambda a, b, c: (a | (b & c), (a | b) & (a | c)),
    lambda a, b, c: (a - (b | c), (a - b) - c),
    lambda a, b, c: ((a - b) | (a & b), a | (a & c)),
]


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=100, derandomize=True, deadline=None)
@given(SETS, SETS, SETS)
def test_the_laws_of_sets(
    law: Callable[[SizeSet, SizeSet, SizeSet], tuple[SizeSet, SizeSet]], a: Pair, b: Pair, c: Pair
) -> None:
    left, right = law(a.ours, b.ours, c.ours)
    assert left == right
