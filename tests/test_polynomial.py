"""Products of floors of one name: the set is that of trying every size."""

from __future__ import annotations

import random

import pytest

from cnnshape.analysis.sizes.polynomial import along_polynomial
from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim, size

TRIED = 1_500


def drawn(seed: int) -> Dim:
    """A sum of products of floors, drawn."""
    chance = random.Random(seed)
    total = size("S") * 0 + chance.randint(-60, 60)
    for _ in range(chance.randint(1, 4)):
        product = chance.randint(-4, 4)
        for _ in range(chance.randint(1, 3)):
            product = product * ((size("S") + chance.randint(-9, 9)) // chance.randint(1, 4))
        total = total + product
    return total


@pytest.mark.parametrize("seed", range(120))
def test_the_set_is_that_of_every_size(seed: int) -> None:
    formula = drawn(seed)
    if not isinstance(formula, Dim):
        return
    for relation in (EQUAL, AT_LEAST):
        found = along_polynomial(formula, relation)
        assert found is not None
        condition = Condition(formula, relation)
        assert [x for x in range(1, TRIED) if x in found] == [
            x for x in range(1, TRIED) if condition.holds({"S": x})
        ]


def test_squares() -> None:
    halves = ((size("S") + 1) // 2) ** 2
    found = along_polynomial(size("S") ** 2 - halves, EQUAL)
    assert found is not None
    assert [x for x in range(1, 100) if x in found] == [1]
