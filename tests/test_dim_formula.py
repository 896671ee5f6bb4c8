"""Formulas as text: the forms that a person would write, and that they say what the sizes are."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_dim import MANY_SIZES, NAMES, TREES, formula, value

from cnnshape.dim import Dim, ceiling, maximum, minimum, recording, show, size

H, W, C, D = size("H"), size("W"), size("C"), size("D")

TEXTS: list[tuple[Any, str]] = [
    (H, "H"),
    (-H, "-H"),
    (H + 5, "H + 5"),
    (H - 5, "H - 5"),
    (5 - H, "5 - H"),
    (-5 - H, "-H - 5"),
    (3 * H, "3·H"),
    (3 * H + 6, "3·H + 6"),
    (H + W, "H + W"),
    (W - H, "W - H"),
    (W - 2 * H + 3, "W - 2·H + 3"),
    (H * W, "H·W"),
    (-H * W, "-H·W"),
    (H * W * C, "C·H·W"),
    (H * H, "H²"),
    (H**3 * 4, "4·H³"),
    (H**4, "H^4"),
    ((H + 1) ** 2, "(H + 1)²"),
    (7 * (H + 3) * (W - 2), "7·(H + 3)·(W - 2)"),
    ((H - 1) * W, "(H - 1)·W"),
    # Floors: all of a shift inside, unless small numbers do
    (H // 2, "floor(H/2)"),
    (2 * H // 3, "floor(2·H/3)"),
    (3 * H // 2, "floor(3·H/2)"),
    (H // 4 - 3, "floor((H - 12)/4)"),
    ((H + 1) // 32 - 1, "floor((H + 1)/32) - 1"),
    ((H - 1) // 2, "floor((H - 1)/2)"),
    ((H - 5) // 4 + 7, "floor((H - 1)/4) + 6"),
    ((H + W) // 2, "floor((H + W)/2)"),
    ((H - W) // 2, "floor((H - W)/2)"),
    ((W - H) // 2, "floor((W - H)/2)"),
    ((W - 2 * H) // 4, "floor((W - 2·H)/4)"),
    (H * W // 4, "floor(H·W/4)"),
    ((H // 2 + W // 2) // 2, "floor((floor(H/2) + floor(W/2))/2)"),
    (-(H // 3), "-floor(H/3)"),
    (4 - H // 3, "4 - floor(H/3)"),
    (-((5 * H - 2) // 8 - 1), "1 - floor((5·H - 2)/8)"),
    (-5 * H // 8, "-ceil(5·H/8)"),
    (W - H // 3, "W - floor(H/3)"),
    (7 * (H // 3) + 15, "7·floor(H/3) + 15"),
    (2 * (H - 1) * (H // 2), "2·(H - 1)·floor(H/2)"),
    (20 * (H // 4 - 3) * (W // 4 - 3), "20·floor((H - 12)/4)·floor((W - 12)/4)"),
    (((H + 1) // 32 - 1) ** 2, "(floor((H + 1)/32) - 1)²"),
    # Ceilings
    (ceiling(H, 2), "ceil(H/2)"),
    (ceiling(H, 32), "ceil(H/32)"),
    ((H - 1) // 32 + 1, "ceil(H/32)"),
    (-H // 2, "-ceil(H/2)"),
    (ceiling(H, 32) * 32, "32·ceil(H/32)"),
    (ceiling(H + W, 4), "ceil((H + W)/4)"),
    # Remainders
    (H % 2, "H mod 2"),
    (H - 2 * (H // 2), "H mod 2"),
    ((H + 1) % 4, "(H + 1) mod 4"),
    (3 * (H % 4), "3·(H mod 4)"),
    (H % 4 + 1, "(H mod 4) + 1"),
    (5 - H % 4, "5 - (H mod 4)"),
    (-H % 32, "(-H) mod 32"),
    ((H % 4) // 2, "floor(H/2) - 2·floor(H/4)"),
    (H * W % 4, "H·W mod 4"),
    # The largest and the smallest
    (maximum(H, W), "max(H, W)"),
    (minimum(H, W), "min(H, W)"),
    (maximum(W, C, H), "max(C, H, W)"),
    (minimum(C, W, H), "min(C, H, W)"),
    (maximum(5, H), "max(H, 5)"),
    (minimum(5, H), "min(H, 5)"),
    (maximum(H - 3, 0), "max(H - 3, 0)"),
    (maximum((H - 3) // 2, 0), "max(floor((H - 3)/2), 0)"),
    (maximum(H, W) + 3, "max(H, W) + 3"),
    (maximum(H, W) + C, "max(H, W) + C"),
    (maximum(H - 3, 0) + H, "max(H - 3, 0) + H"),
    (maximum(H, W) // 2, "floor(max(H, W)/2)"),
    (2 * maximum(H, W), "2·max(H, W)"),
    (-maximum(H, W), "-max(H, W)"),
    (5 - minimum(H, W), "5 - min(H, W)"),
    (maximum(H, W) - maximum(C, D), "max(H, W) - max(C, D)"),
    (maximum(H, minimum(W, 7)), "max(H, min(W, 7))"),
    (12, "12"),
]

KNOWN: list[tuple[Any, dict[str, tuple[int, int]], str]] = [
    (H // 32, {"H": (32, 0)}, "H/32"),
    ((H + 1) // 32, {"H": (32, 0)}, "H/32"),
    ((H + 1) // 32 - 1, {"H": (32, 0)}, "H/32 - 1"),
    ((H + 1) // 32, {"H": (64, 0)}, "H/32"),
    (H // 16, {"H": (16, 12)}, "(H - 12)/16"),
    (3 * (H // 32) - 1, {"H": (32, 0)}, "3·H/32 - 1"),
    ((H + 1) // 2, {"H": (2, 1)}, "(H + 1)/2"),
    (5 - H // 2, {"H": (2, 1)}, "(11 - H)/2"),
    ((H // 2) * (W // 2), {"H": (2, 0), "W": (2, 0)}, "H·W/4"),
    ((H // 2) * (W // 2), {"H": (2, 0)}, "H·floor(W/2)/2"),
    (H // 2 + W // 2, {"H": (2, 0)}, "(H + 2·floor(W/2))/2"),
    (H % 2, {"H": (2, 1)}, "1"),
    (H // 3, {"H": (2, 0)}, "floor(H/3)"),
    (H // 3, {"W": (3, 0)}, "floor(H/3)"),
    (H * W, {"H": (7, 3)}, "H·W"),
    (maximum(H, 20), {"H": (16, 12)}, "max(H, 20)"),
    (12, {"H": (2, 0)}, "12"),
]


@pytest.mark.parametrize(("found", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_a_formula_is_written_as_a_person_would(found: Any, text: str) -> None:
    assert show(found) == text
    assert str(found) == f"{found}" == text


@pytest.mark.parametrize(("found", "residues", "text"), KNOWN)
def test_what_is_known_of_names_leaves_no_floor(
    found: Any, residues: dict[str, tuple[int, int]], text: str
) -> None:
    assert show(found, residues) == text


def test_formulas_are_formatted() -> None:
    assert f"{H:,}" == "H"
    assert f"{H // 2:>12,}" == "  floor(H/2)"
    assert "%s" % H == "H"  # noqa: UP031


def test_the_text_does_not_depend_on_what_was_made_first() -> None:
    later, sooner = size("later"), size("sooner")
    assert show(sooner // 5 + later // 5) == show(later // 5 + sooner // 5)
    assert show(sooner // 5 + later // 7) == "floor(later/7) + floor(sooner/5)"
    assert show(sooner // 9 + sooner // 8) == "floor(sooner/8) + floor(sooner/9)"


# Read back


def minus(text: str) -> str:
    """A text in Python's words; `mod` binds as `%`, after the product to its left."""
    text = text.replace("·", "*").replace("²", "**2").replace("³", "**3").replace("^", "**")
    return re.sub(r"\d+", r"F(\g<0>)", text.replace(" mod ", " % ")).replace("**F(", "**int(")


def read(text: str, sizes: dict[str, int]) -> Fraction:
    """The value of a text, with quotients as fractions."""
    names = {name: Fraction(number) for name, number in sizes.items()}
    known = {"F": Fraction, "floor": floor, "ceil": ceil, "max": max, "min": min, "int": int}
    result = eval(minus(text), {"__builtins__": {}}, {**names, **known})
    return Fraction(result)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(TREES, MANY_SIZES)
def test_a_text_says_what_the_formula_is(tree: Any, cases: list[dict[str, int]]) -> None:
    found = formula(tree)
    text = show(found)
    assert "--" not in text.replace(" ", "")
    assert "+-" not in text.replace(" ", "")
    for sizes in cases:
        assert read(text, sizes) == value(found, sizes)


RESIDUES = st.dictionaries(
    st.sampled_from(NAMES),
    st.sampled_from([2, 3, 4, 16, 32]).flatmap(
        lambda modulus: st.tuples(st.just(modulus), st.integers(0, modulus - 1))
    ),
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(TREES, RESIDUES, MANY_SIZES)
def test_a_text_with_residues_says_what_the_formula_is_there(
    tree: Any, residues: dict[str, tuple[int, int]], cases: list[dict[str, int]]
) -> None:
    found = formula(tree)
    text = show(found, residues)
    for sizes in cases:
        within = {name: (number, *residues.get(name, (1, 0))) for name, number in sizes.items()}
        moved = {
            name: (number - 1) // modulus * modulus + (rest or modulus)
            for name, (number, modulus, rest) in within.items()
        }
        assert read(text, moved) == value(found, moved)


def test_reading_back_can_fail() -> None:
    assert read("20·floor((H - 12)/4)²/3", {"H": 21}) == Fraction(80, 3)
    assert read("H mod 2 + 1", {"H": 21}) == 2
    assert read("-2·(H mod 4)", {"H": 7}) == -6
    assert read("floor(H/2)", {"H": 5}) != value(ceiling(H, 2), {"H": 5})


@settings(max_examples=150, derandomize=True, deadline=None)
@given(TREES)
def test_showing_assumes_nothing(tree: Any) -> None:
    found = formula(tree)
    with recording(dict.fromkeys(NAMES, 5)) as record:
        text = show(found, {"H": (4, 1)}), show(found)
    assert not record.found
    assert text == (show(found, {"H": (4, 1)}), show(found))
    assert isinstance(found, Dim) or text[1] == str(found)
