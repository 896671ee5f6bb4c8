"""Sizes in programs: what `/`, floats, rounding and bits give is what integers give."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from cnnshape.dim import Dim, size
from cnnshape.dim.assumption import Recording, recording_with
from cnnshape.dim.ratio import Ratio


class OfProgram(Recording):
    of_program = True


PROGRAMS: list[Callable[[Any], Any]] = [
    lambda h: math.floor(h / 2),
    lambda h: math.ceil(h / 3),
    lambda h: math.trunc((h - 7) / 4),
    lambda h: round(h / 2),
    lambda h: round(h / 7),
    lambda h: math.floor(h * 0.5) + math.floor(0.75 * h),
    lambda h: math.floor(h * 0.7),
    lambda h: math.ceil((h + 1) / 2 * 3 - 0.5),
    lambda h: math.floor(h / 2 / 4),
    lambda h: math.floor(h / 2.0),
    lambda h: int(h**0.5),
    lambda h: int(math.sqrt(h) / 2),
    lambda h: (h / 2) > 7,
    lambda h: (h / 2) == 8,
    lambda h: h <= 12.5,
    lambda h: h > 12.5,
    lambda h: h == 13.0,
    lambda h: h >= 13.0,
    lambda h: h < 13.0,
    lambda h: 100 / h > 7.5,
    lambda h: 2 ** (h & 3),
    lambda h: (h >> 1) + (h << 2),
    lambda h: abs(h - 20),
    lambda h: (h & (h - 1)) == 0,
    lambda h: h.bit_length(),
    lambda h: (h / 2).is_integer(),
    lambda h: math.floor(1 - h / 4),
    lambda h: math.floor(h // 2.0),
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("example", [1, 8, 13, 40])
def test_programs_give_what_they_give_for_numbers(
    program: Callable[[Any], Any], example: int
) -> None:
    """At the example, and at every size that meets what was assumed on the way."""
    with recording_with(OfProgram({"H": example})) as found:
        result = program(size("H"))
    assert _value(result, example) == program(example)
    met = [
        number
        for number in range(1, 64)
        if all(condition.holds({"H": number}) == holds for condition, holds in found.found.items())
    ]
    assert example in met
    for number in met:
        assert _value(result, number) == program(number)


def _value(result: object, number: int) -> object:
    if isinstance(result, Ratio):
        return result.size.value({"H": number}) / result.divisor
    return result.value({"H": number}) if isinstance(result, Dim) else result


def test_what_is_exact_stays_a_formula() -> None:
    with recording_with(OfProgram({"H": 33})) as found:
        assert str(math.floor(size("H") / 2)) == "floor(H/2)"
        assert str(math.floor(size("H") * 0.25 + 0.5)) == str((size("H") + 2) // 4)
        assert str(math.ceil((size("H") - 5) / 3)) == "floor((H - 3)/3)"
    assert not found.found


def test_what_may_be_rounded_pins_the_size() -> None:
    with recording_with(OfProgram({"H": 30})) as found:
        assert math.floor(size("H") * 0.7) == 21
    assert [str(condition.size) for condition in found.found] == ["H - 30"]
