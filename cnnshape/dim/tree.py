"""Formulas as plain tuples, for pickling."""

from __future__ import annotations

from typing import Any

from cnnshape.dim.atom import Size
from cnnshape.dim.expression import Dim, positive, size


def tree(dim: Dim) -> Any:
    """A formula as plain tuples, for pickling."""
    return [(dim.constant, [])] + [
        (number, [(a.name, a.inside and tree(a.inside), a.divisor) for a in monomial])
        for monomial, number in dim.terms
    ]


def grown(tree: Any) -> Size:
    """The formula of such a tree."""
    total: Size = 0
    for number, atoms in tree:
        product: Size = number
        for name, inside, divisor in atoms:
            factor = size(name) if inside is None else grown(inside)
            if inside is not None:
                factor = positive(factor) if divisor is None else factor // divisor
            product = product * factor
        total = total + product
    return total
