"""Conditions on sizes: the set that is found against trying every size."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import product
from random import Random
from time import perf_counter

import pytest
from generators.sizes import FORMS

from cnnshape.analysis.sizes.condition import solve
from cnnshape.analysis.sizes.region import Region, everything, nothing, region
from cnnshape.analysis.sizes.size_set import ANY, at_least, exactly, multiples
from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim, Size, maximum, size

H, W, C = size("H"), size("W"), size("C")
SEED = 1865
FORMULAS = 150
"""Of each form."""
SIDE = {1: 200, 2: 40, 3: 12}
MOST_UNDECIDED = {
    ("affine", AT_LEAST): 0.0,
    ("affine", EQUAL): 0.0,
    ("extreme", AT_LEAST): 0.0,
    ("extreme", EQUAL): 0.0,
    ("flattened", EQUAL): 0.07,
    ("reshaped", EQUAL): 0.15,
    ("pooled", EQUAL): 0.15,
    ("volume", EQUAL): 0.2,
    ("branches", EQUAL): 0.5,
}
"""The share of a form that need not be decided; others are asked by no usual layer."""


@cache
def drawn(form: str) -> list[tuple[Condition, Region | None]]:
    found = []
    for number in range(FORMULAS):
        rng = Random(f"{SEED} {form} {number}")
        formula = FORMS[form](rng)
        relation = rng.choice([AT_LEAST, EQUAL])
        if isinstance(formula, Dim):
            condition = Condition(formula, relation)
            found.append((condition, solve(condition, sorted(formula.names))))
    return found


@pytest.mark.parametrize("form", FORMS)
def test_the_set_is_what_trying_gives(form: str) -> None:
    for condition, found in drawn(form):
        if found is not None:
            assert wrong(condition, found) == [], str(condition)


def wrong(condition: Condition, found: Region) -> list[tuple[int, ...]]:
    names = sorted(condition.size.names)
    points = product(range(1, SIDE[len(names)] + 1), repeat=len(names))
    return [
        point
        for point in points
        if condition.holds(dict(zip(names, point, strict=True))) != found.holds(point)
    ][:3]


def test_few_of_the_usual_forms_are_undecided() -> None:
    asked: Counter[tuple[str, str]] = Counter()
    open_ones: Counter[tuple[str, str]] = Counter()
    for form in FORMS:
        for condition, found in drawn(form):
            asked[form, condition.relation] += 1
            open_ones[form, condition.relation] += found is None
    for kind, share in MOST_UNDECIDED.items():
        assert asked[kind] > 30
        assert open_ones[kind] <= share * asked[kind], (kind, open_ones[kind], asked[kind])


CONDITIONS: list[tuple[Size, str, Region]] = [
    (H - 28, AT_LEAST, region(2, [(at_least(28), ANY)])),
    (4 * (W // 4) - W, EQUAL, region(2, [(ANY, multiples(4))])),
    (H - 2 * (H // 2) - 1, EQUAL, region(2, [(multiples(2, 1), ANY)])),
    (3 - H // 4, AT_LEAST, region(2, [(exactly(*range(1, 16)), ANY)])),
    (H * W - 6, EQUAL, region(2, [(exactly(a), exactly(6 // a)) for a in (1, 2, 3, 6)])),
    (H * H - 49, EQUAL, region(2, [(exactly(7), ANY)])),
    (H * H - 50, EQUAL, nothing(2)),
    (H * W - 1, AT_LEAST, everything(2)),
    (-H * W + 2, AT_LEAST, region(2, [(exactly(1), exactly(1, 2)), (exactly(2), exactly(1))])),
    ((H * W) % 2, EQUAL, region(2, [(multiples(2), ANY), (ANY, multiples(2))])),
    ((H * W) % 2 - 2, EQUAL, nothing(2)),
    (H + W - 3, EQUAL, region(2, [(exactly(1), exactly(2)), (exactly(2), exactly(1))])),
    ((H - 5) * (W - 5), EQUAL, region(2, [(exactly(5), ANY), (ANY, exactly(5))])),
    ((2 * H + 1) * (2 * W - 1) - 5, EQUAL, region(2, [(exactly(2), exactly(1))])),
    (maximum(H, 9) - 9, EQUAL, region(2, [(exactly(*range(1, 10)), ANY)])),
]


@pytest.mark.parametrize(("formula", "relation", "expected"), CONDITIONS)
def test_known_conditions(formula: Dim, relation: str, expected: Region) -> None:
    assert solve(Condition(formula, relation), ("H", "W")) == expected


def test_the_order_of_names_is_the_callers() -> None:
    found = solve(Condition(H - 3 * W, EQUAL), ("C", "W", "H"))
    assert found is None
    assert solve(Condition(H - 3, EQUAL), ("C", "W", "H")) == region(3, [(ANY, ANY, exactly(3))])


@pytest.mark.parametrize(
    "formula",
    [
        H - W,
        H * W - C,
        H - 2**30,
        H * W - 2**40,
        H * H * H - 3 * W * W,
        (H + W) // 2 - C,
        ((H + W) // 2) * W - 3 * (((H + W) // 2) * W // 3),
        H // 17_389 + H // 17_393 - H // 17_401,
    ],
)
@pytest.mark.parametrize("relation", [AT_LEAST, EQUAL])
def test_what_no_set_describes_is_left_open(formula: Dim, relation: str) -> None:
    began = perf_counter()
    found = solve(Condition(formula, relation), ("H", "W", "C"))
    assert perf_counter() - began < 2
    assert found is None or wrong(Condition(formula, relation), found) == []
