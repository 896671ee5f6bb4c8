"""Formulas told with what is known of their sizes: `H/32`, where H is a multiple of 32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cnnshape.dim import Dim, show

Value = TypeVar("Value")
Residues = Mapping[str, tuple[int, int]]
"""Name → (modulus, rest)."""


class Told(Dim):
    """A formula that prints as what is known of its names lets it."""

    __slots__ = ("residues",)

    residues: Residues

    def __repr__(self) -> str:
        return show(self, self.residues)

    __str__ = __repr__


def told(value: Value, residues: Residues) -> Value:
    """Data with every formula in it told so."""
    if not residues:
        return value
    found: object = value
    if isinstance(value, Dim):
        formula = Told.__new__(Told)
        formula.sum, formula.constant, formula.residues = value.sum, value.constant, residues
        found = formula
    elif isinstance(value, tuple):
        items = [told(item, residues) for item in value]
        found = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    elif isinstance(value, Mapping):
        found = {key: told(item, residues) for key, item in value.items()}
    return found  # type: ignore[return-value]
