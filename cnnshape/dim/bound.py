"""What no value of a formula is below, whatever the sizes."""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnshape.dim.atom import Monomial, Terms


def least_of(terms: tuple[tuple[Monomial, int], ...]) -> int | None:
    """The value where all sizes are 1, which is the least of a sum that grows with each of them."""
    total = 0
    for monomial, number in terms:
        if number < 0:
            return None
        product = number
        for atom in monomial:
            if atom.least is None or (atom.least < 0 and len(monomial) > 1):
                return None
            product *= atom.least
        total += product
    return total


def lowest(terms: Terms, constant: int) -> int | None:
    """The same where terms are taken away, too; None: nothing is seen.

    A floor is taken for its quotient, x/c where it is taken away and (x - c + 1)/c where it is
    added: `H - 2·floor(H/2)` is at least `H - H`.
    """
    least = least_of(tuple(terms.items()))
    if least is not None:
        return least + constant
    floors = [key[0].divisor for key in terms if len(key) == 1]
    scale = lcm(*(divisor or 1 for divisor in floors))
    if scale == 1:
        return None
    relaxed: Terms = {}
    constant *= scale
    for key, number in terms.items():
        inside, divisor = key[0].inside, key[0].divisor
        if len(key) > 1 or inside is None or divisor is None:
            relaxed[key] = relaxed.get(key, 0) + number * scale
            continue
        share = number * scale // divisor
        constant += share * (inside.constant - (divisor - 1 if number > 0 else 0))
        for inner, times in inside.terms:
            relaxed[inner] = relaxed.get(inner, 0) + share * times
    low = lowest({key: number for key, number in relaxed.items() if number}, constant)
    return None if low is None else -(-low // scale)
