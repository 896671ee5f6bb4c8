"""Regions of several sizes against sets of points on small grids."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnshape.analysis.sizes.region import (
    Box,
    Point,
    Region,
    everything,
    nothing,
    region,
    widened,
)
from cnnshape.analysis.sizes.size_set import (
    ANY,
    SizeSet,
    at_least,
    exactly,
    multiples,
    size_set,
)

SIDE = {1: 60, 2: 16, 3: 9}
"""Sets along an axis are equal where they are up to it, in as many axes."""
thorough = settings(max_examples=200, derandomize=True, deadline=None)


def sets(axes: int) -> st.SearchStrategy[SizeSet]:
    last, longest = (4, 4) if axes < 3 else (3, 3)
    return st.one_of(
        st.just(ANY),
        st.builds(at_least, st.integers(1, last)),
        st.builds(multiples, st.integers(1, longest), st.integers(0, 3)),
        st.lists(st.integers(1, last), max_size=3).map(lambda sizes: exactly(*sizes)),
        st.builds(
            size_set, st.integers(1, last), st.just(2), st.integers(0, 2**5), st.integers(0, 3)
        ),
    )


class Pair(NamedTuple):
    """A region, and its points on the grid."""

    ours: Region
    theirs: frozenset[Point]


def grid(axes: int) -> frozenset[Point]:
    return frozenset(product(range(1, SIDE[axes] + 1), repeat=axes))


def in_box(point: Point, box: Box) -> bool:
    return all(size in sizes for size, sizes in zip(point, box, strict=True))


@st.composite
def regions(draw: st.DrawFn, axes: int, most: int = 5) -> Pair:
    boxes = draw(st.lists(st.tuples(*[sets(axes)] * axes), max_size=most))
    theirs = {point for point in grid(axes) if any(in_box(point, box) for box in boxes)}
    return Pair(region(axes, boxes), frozenset(theirs))


def held(found: Region) -> frozenset[Point]:
    return frozenset(point for point in grid(found.axes) if found.holds(point))


TWO = st.integers(1, 3).flatmap(lambda axes: st.tuples(regions(axes), regions(axes)))


@thorough
@given(TWO)
def test_points_are_those_of_the_boxes(two: tuple[Pair, Pair]) -> None:
    one, other = two
    assert held(one.ours) == one.theirs
    assert held(one.ours & other.ours) == one.theirs & other.theirs
    assert held(one.ours | other.ours) == one.theirs | other.theirs
    assert held(one.ours - other.ours) == one.theirs - other.theirs
    assert bool(one.ours) == bool(one.theirs)


@thorough
@given(TWO)
def test_equal_regions_are_equal_tuples(two: tuple[Pair, Pair]) -> None:
    one, other = (pair.ours for pair in two)
    space = everything(one.axes)
    assert (one == other) == (two[0].theirs == two[1].theirs)
    assert one & other == other & one
    assert one | other == other | one
    assert one & other == space - ((space - one) | (space - other))
    assert one - other == one & (space - other)
    assert (one - other) | (one & other) == one
    assert region(one.axes, reversed(one.boxes)) == one
    assert region(one.axes, (*one.boxes, *one.boxes)) == one


@thorough
@given(TWO)
def test_boxes_do_not_overlap(two: tuple[Pair, Pair]) -> None:
    found = two[0].ours
    for point in two[0].theirs:
        assert sum(in_box(point, box) for box in found.boxes) == 1
    assert all(all(box) for box in found.boxes)


@thorough
@given(TWO)
def test_widened_boxes_are_the_region_and_none_is_in_vain(two: tuple[Pair, Pair]) -> None:
    found = two[0].ours
    boxes = list(widened(found))
    assert region(found.axes, boxes) == found
    assert len(boxes) <= len(found.boxes)
    for box in boxes:
        assert region(found.axes, [other for other in boxes if other != box]) != found
        for axis, other in product(range(found.axes), found.boxes):
            covered = not any(box[n] - other[n] for n in range(found.axes) if n != axis)
            assert not (covered and other[axis] - box[axis])


@thorough
@given(TWO)
def test_what_lies_along_an_axis(two: tuple[Pair, Pair]) -> None:
    found, points = two[0]
    for axis in range(found.axes):
        expected = {point[axis] for point in points}
        assert {n for n in range(1, SIDE[found.axes] + 1) if n in found.along(axis)} == expected


@thorough
@given(TWO)
def test_points_are_listed_and_counted(two: tuple[Pair, Pair]) -> None:
    found, points = two[0]
    listed = list(found.points(4))
    assert all(map(found.holds, listed))
    assert len({*listed}) == len(listed)
    assert bool(listed) == bool(points)
    finite = all(sizes.is_finite for box in found.boxes for sizes in box)
    count = found.point_count()
    assert count == (len(points) if finite else None)
    if count is not None:
        assert set(found.points(count)) == points


@pytest.mark.parametrize("axes", [0, 1, 2, 3])
def test_everything_and_nothing(axes: int) -> None:
    space, void = everything(axes), nothing(axes)
    assert space.holds((5,) * axes)
    assert not void.holds((5,) * axes)
    assert space - space == void
    assert space | void == space
    assert space & void == void
    assert bool(space)
    assert not void
    assert region(axes, [(ANY,) * axes]) == space
    assert widened(space) == ((ANY,) * axes,)


def test_a_cross_is_two_boxes() -> None:
    """Each as wide as it goes, though the one form cuts one of them."""
    cross = region(2, [(exactly(3), ANY), (ANY, exactly(5))])
    assert sorted(widened(cross)) == sorted([(exactly(3), ANY), (ANY, exactly(5))])
    assert len(cross.boxes) == 2


def test_many_boxes_are_told_at_once() -> None:
    """The ways to make 720 of three factors."""
    divisors = [d for d in range(1, 721) if 720 % d == 0]
    boxes = [
        (exactly(a), exactly(b), exactly(720 // a // b))
        for a in divisors
        for b in divisors
        if 720 % (a * b) == 0
    ]
    found = region(3, boxes)
    assert len(found.boxes) == len(widened(found)) == len(boxes) == 270
