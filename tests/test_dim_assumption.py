"""Comparisons of formulas: what examples decide, what is recorded, and in which words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_dim import LINEAR, TREES, formula

from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim, maximum, recording, size
from cnnshape.dim.assumption import active, simplest

H, W = size("H"), size("W")
RELATIONS = st.sampled_from([AT_LEAST, EQUAL])
GRID = [
    dict(zip("HWC", sizes, strict=True)) for sizes in product((1, 2, 3, 5, 8, 13, 24, 39), repeat=3)
]

thorough = settings(max_examples=200, derandomize=True, deadline=None)


def texts(found: dict[Condition, bool]) -> list[str]:
    """The conditions as they turned out: `H - 5 >= 0`, `not W == 0`."""
    return [f"{'' if so else 'not '}{each.size} {each.relation} 0" for each, so in found.items()]


def raw(found: Dim, relation: str, sizes: dict[str, int]) -> bool:
    number = found.value(sizes)
    return number == 0 if relation == EQUAL else number >= 0


# The simplest condition


@thorough
@given(st.one_of(LINEAR, TREES), RELATIONS)
def test_the_simplest_condition_says_the_same(tree: Any, relation: str) -> None:
    found = formula(tree)
    assume(isinstance(found, Dim))
    condition = simplest(found, relation)
    for sizes in GRID:
        holds = condition if isinstance(condition, bool) else condition.holds(sizes)
        assert holds == raw(found, relation, sizes)


@thorough
@given(LINEAR, st.integers(2, 9), st.integers(-9, 9), RELATIONS)
def test_a_floor_says_the_same(tree: Any, divisor: int, number: int, relation: str) -> None:
    inside = formula(tree)
    assume(isinstance(inside, Dim))
    for found in (inside // divisor + number, number - inside // divisor, maximum(inside, 3)):
        condition = simplest(found, relation) if isinstance(found, Dim) else found == 0
        for sizes in GRID[::7]:
            holds = condition if isinstance(condition, bool) else condition.holds(sizes)
            assert not isinstance(found, Dim) or holds == raw(found, relation, sizes)


@pytest.mark.parametrize(
    ("found", "relation", "text"),
    [
        (H - 5, AT_LEAST, "H - 5"),
        (3 * H - 7, AT_LEAST, "H - 3"),
        (7 - 3 * H, AT_LEAST, "2 - H"),
        ((H - 3) // 2 - 4, AT_LEAST, "H - 11"),
        (4 - (H - 3) // 2, AT_LEAST, "12 - H"),
        (2 * ((H + W) // 4) - 5, AT_LEAST, "H + W - 12"),
        (maximum(H - 3, 0) - 2, AT_LEAST, "H - 5"),
        (2 - maximum(H - 3, 0), AT_LEAST, "5 - H"),
        (4 * W - 4 * H, EQUAL, "H - W"),
        (6 * H - 12, EQUAL, "H - 2"),
        (20 * (H // 4 - 3) * (W // 4 - 3) - 320, EQUAL, "floor((H - 12)/4)·floor((W - 12)/4) - 16"),
    ],
)
def test_a_condition_loses_factors_and_floors(found: Dim, relation: str, text: str) -> None:
    condition = simplest(found, relation)
    assert isinstance(condition, Condition)
    assert (str(condition.size), condition.relation) == (text, relation)


@pytest.mark.parametrize(
    ("found", "relation", "truth"),
    [
        (H - 1, AT_LEAST, True),
        (H * W, AT_LEAST, True),
        (H // 7, AT_LEAST, True),
        ((H - 1) // 7, AT_LEAST, True),
        (H - H // 2 - 1, AT_LEAST, True),
        (H - 2 * (H // 2), AT_LEAST, True),
        (-H % 32, AT_LEAST, True),
        (maximum(H - W, 0), AT_LEAST, True),
        (-H, AT_LEAST, False),
        (-maximum(H - W, 0) - 1, AT_LEAST, False),
        (1 - H // 2 - 2, AT_LEAST, False),
        (H % 2 - 2, AT_LEAST, False),
        (H + 1, EQUAL, False),
        (-H, EQUAL, False),
        (2 * H + 2 * W - 7, EQUAL, False),
        (H % 4 - 4, EQUAL, False),
    ],
)
def test_what_all_sizes_agree_on_is_no_condition(found: Dim, relation: str, truth: bool) -> None:
    assert simplest(found, relation) is truth
    compared: Callable[[], bool] = (
        (lambda: found == 0) if relation == EQUAL else (lambda: found >= 0)
    )
    assert compared() is truth
    with recording({"H": 1, "W": 1}) as record:
        assert compared() is truth
    assert not record.found


# Comparisons


@thorough
@given(TREES, TREES, st.sampled_from(GRID))
def test_comparisons_go_by_the_examples(left: Any, right: Any, sizes: dict[str, int]) -> None:
    a, b = formula(left), formula(right)
    assume(isinstance(a, Dim) or isinstance(b, Dim))
    m, n = (each.value(sizes) if isinstance(each, Dim) else each for each in (a, b))
    with recording(sizes) as record:
        assert [a < b, a <= b, a > b, a >= b] == [m < n, m <= n, m > n, m >= n]
        assert [a == b, a != b] == [m == n, m != n]
        assert [bool(a), bool(b)] == [bool(m), bool(n)]
    assert all(condition.holds(sizes) == so for condition, so in record.found.items())


@thorough
@given(LINEAR, LINEAR, st.sampled_from(GRID), st.sampled_from(GRID))
def test_where_the_conditions_turn_out_alike_so_do_the_comparisons(
    left: Any, right: Any, sizes: dict[str, int], others: dict[str, int]
) -> None:
    def compared() -> list[bool]:
        return [a < b // 3, a // 2 <= b, a % 5 > 2, a == b]

    a, b = formula(left), formula(right)
    with recording(sizes) as record:
        expected = compared()
    if all(condition.holds(others) == so for condition, so in record.found.items()):
        with recording(others):
            assert compared() == expected


def test_a_condition_is_recorded_once_with_who_asked_first() -> None:
    with recording({"H": 9, "W": 4}) as record:
        record.cause = "first"
        assert H >= 5
        record.cause = "second"
        assert 3 * H >= 15
        assert (H - 1) // 2 >= 2
        assert W < 7
        assert not H <= W
    assert texts(record.found) == ["H - 5 >= 0", "not W - 7 >= 0", "H - W - 1 >= 0"]
    assert list(record.causes.values()) == ["first", "second", "second"]
    assert list(record.causes) == list(record.found)


def test_equal_by_example_is_recorded_and_unequal_too() -> None:
    with recording({"H": 9, "W": 9}) as record:
        assert H == W
        assert W == H
        assert H != 5
        assert bool(H - 3)
    assert texts(record.found) == ["H - W == 0", "not H - 5 == 0", "not H - 3 == 0"]


def test_what_needs_no_example_is_not_recorded() -> None:
    with recording({"H": 9, "W": 4}) as record:
        assert H >= 1
        assert H + W > 1
        assert size("H") == H
        assert H != H + 1
        assert H // 2 * 2 <= H
        assert H
        assert {H: 1}[size("H")] == 1
        assert H in [0, H]
    assert not record.found


def test_recordings_nest() -> None:
    with recording({"H": 9}) as outer:
        with recording({"H": 2}) as inner:
            assert H < 5
            assert active() is inner
        assert H > 5
        assert active() is outer
    assert active() is None
    assert texts(inner.found) == ["not H - 5 >= 0"]
    assert texts(outer.found) == ["H - 6 >= 0"]


def test_a_recording_ends_with_an_exception() -> None:
    with recording({"H": 9}) as outer:
        with suppress(KeyError), recording({"H": 2}) as inner:
            assert H < 5
            raise KeyError
        assert active() is outer
    assert texts(inner.found) == ["not H - 5 >= 0"]
    assert active() is None


def test_threads_have_recordings_of_their_own() -> None:
    meeting = threading.Barrier(8, timeout=30)
    found: dict[int, tuple[list[str], bool]] = {}

    def work(number: int) -> None:
        with recording({"H": number}) as record:
            meeting.wait()
            over = H + number * 1000 > 1000 * number + 4
            meeting.wait()
        found[number] = texts(record.found), over

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    with recording({"H": 100}) as record:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not record.found
    condition = "H - 5 >= 0"
    assert found == {n: ([condition if n > 4 else f"not {condition}"], n > 4) for n in range(1, 9)}


def test_threads_make_one_formula() -> None:
    meeting = threading.Barrier(8, timeout=30)
    found: list[Any] = []

    def work() -> None:
        meeting.wait()
        for number in range(2, 200):
            found.append((size(f"T{number}") * 5 + 3) // number * W)  # noqa: PERF401

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 * 198
    assert len(set(found)) == 198


def test_a_context_keeps_its_recording() -> None:
    with recording({"H": 9}) as record:
        context = copy_context()
    assert active() is None
    assert context.run(lambda: H > 5)
    assert texts(record.found) == ["H - 6 >= 0"]


# Numbers


@pytest.mark.parametrize(
    ("pin", "result"),
    [
        (int, 3),
        (lambda x: list(range(x)), [0, 1, 2]),
        (lambda x: "abcdef"[x], "d"),
        (lambda x: "abcdef"[:x], "abc"),
        (lambda x: [0] * x, [0, 0, 0]),
        (lambda x: "%d" % x, "3"),  # noqa: UP031
        (hex, "0x3"),
        (float, 3.0),
        (lambda x: 2**x, 8),
    ],
)
def test_a_number_is_taken_within_a_recording_only(
    pin: Callable[[Any], object], result: object
) -> None:
    with recording({"H": 7}) as record:
        assert pin(H // 2) == result
        assert pin(H // 2) == result
    assert texts(record.found) == ["floor((H - 6)/2) == 0"]
    with pytest.raises(TypeError):
        pin(H // 2)


@pytest.mark.parametrize(
    "compared",
    [lambda: H < W, lambda: H <= W, lambda: H > 5, lambda: H >= 5, lambda: H < 5],
)
def test_order_needs_a_recording(compared: Callable[[], bool]) -> None:
    with pytest.raises(TypeError, match=r"^whether .* is at least 0 depends on its sizes$"):
        compared()


def test_equality_needs_none() -> None:
    """Two formulas that are not the same are unequal, whatever they may be somewhere."""
    assert (H == W, H != W, H == 5, H != 5, bool(H - 5)) == (False, True, False, True, True)


def test_a_number_needs_a_recording() -> None:
    with pytest.raises(TypeError, match=r"^H - 1 is a formula: give it its sizes for a number$"):
        int(H - 1)
