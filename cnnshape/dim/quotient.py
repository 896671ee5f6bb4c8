"""Floors of quotients in their one form."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import NamedTuple

from cnnshape.dim.atom import Monomial, Size, Terms, order

Floor = Callable[[Terms, int, int], Size]
"""floor((terms + constant)/divisor)."""


class Quotient(NamedTuple):
    """whole + sign·floor((terms + constant)/divisor)."""

    whole: Terms
    sign: int
    terms: Terms
    constant: int
    divisor: int


def reduced(terms: Terms, constant: int, divisor: int, floor: Floor) -> Quotient:
    """The one form of a quotient: the smallest that is left; `floor` makes smaller ones."""
    whole: Terms = {}
    sign = 1
    while True:
        terms = _without_multiples(terms, divisor, whole, sign)
        common = gcd(divisor, *terms.values())
        terms = {key: number // common for key, number in terms.items()}
        constant, divisor = constant // common, divisor // common
        if not terms:
            return Quotient(whole, sign, terms, constant, divisor)
        if terms[_lead(terms, divisor)] < 0:  # floor(-x/c) = -ceil(x/c)
            terms = {key: -number for key, number in terms.items()}
            sign, constant = -sign, divisor - 1 - constant
        _halves_up(terms, divisor, whole, sign)
        other = _merged(terms, constant, divisor) or _parted(terms, constant, divisor, floor)
        if other is None:
            return Quotient(whole, sign, terms, constant, divisor)
        terms, constant, divisor = other


def _without_multiples(terms: Terms, divisor: int, whole: Terms, sign: int) -> Terms:
    """Multiples of the divisor go out of a quotient; at most its half stays of any term."""
    left: Terms = {}
    for key, number in terms.items():
        size = (2 * abs(number) + divisor - 1) // (2 * divisor)  # the nearest, halves to zero
        quotient = size if number > 0 else -size
        if quotient:
            whole[key] = whole.get(key, 0) + sign * quotient
        if number != quotient * divisor:
            left[key] = number - quotient * divisor
    return left


def _halves_up(terms: Terms, divisor: int, whole: Terms, sign: int) -> None:
    """Half the divisor and its negative differ by a multiple: one of them is kept."""
    for key, number in terms.items():
        if 2 * number == -divisor:
            terms[key] = -number
            whole[key] = whole.get(key, 0) - sign


def _lead(terms: Terms, divisor: int) -> Monomial:
    """The term that decides on the sign: one that is not half the divisor, up or down alike."""
    keys = [key for key, _ in sorted(terms.items(), key=order)]
    uneven = [key for key in keys if 2 * abs(terms[key]) != divisor]
    return (uneven or [key for key in keys if _mergeable(key, terms[key])] or keys)[0]


def _has_floor(monomial: Monomial) -> bool:
    return any(atom.divisor is not None for atom in monomial)


def _mergeable(monomial: Monomial, number: int) -> bool:
    return len(monomial) == 1 and number in (1, -1) and monomial[0].divisor is not None


def _merged(terms: Terms, constant: int, divisor: int) -> tuple[Terms, int, int] | None:
    """The only floor, added or taken away once within a quotient, makes one quotient with it."""
    floors = [key for key in terms if _has_floor(key)]
    if len(floors) != 1 or not _mergeable(floors[0], terms[floors[0]]):
        return None
    number, inside, inner = terms[floors[0]], floors[0][0].inside, floors[0][0].divisor
    assert inside is not None
    assert inner is not None
    merged = {key: n * inner for key, n in terms.items() if key != floors[0]}
    for key, n in inside.terms:
        merged[key] = merged.get(key, 0) + number * n
    rest = number * inside.constant + (inner - 1 if number < 0 else 0)
    return merged, constant * inner + rest, divisor * inner


def _parted(
    terms: Terms, constant: int, divisor: int, floor: Floor
) -> tuple[Terms, int, int] | None:
    """A common factor of the floors and the divisor goes out: the rest gets a floor of its own."""
    common = gcd(divisor, *(number for key, number in terms.items() if _has_floor(key)))
    if common in (1, divisor):
        return None
    rest = floor({key: n for key, n in terms.items() if not _has_floor(key)}, constant, common)
    parted = {key: number // common for key, number in terms.items() if _has_floor(key)}
    outer = divisor // common
    if isinstance(rest, int):
        return parted, rest, outer
    for key, number in rest.terms:
        parted[key] = parted.get(key, 0) + number
    return {key: number for key, number in parted.items() if number}, rest.constant, outer
