"""What formulas are made of: atoms, sums of their products, and quotients of such sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cnnshape.dim.bound import least_of

if TYPE_CHECKING:
    from cnnshape.dim.expression import Dim

Size = int
"""An integer or a Dim."""
Monomial = tuple["Atom", ...]
Terms = dict[Monomial, int]

DEEPEST = 60
"""Floors within floors, and factors of a product: beyond it a formula is of use to nobody."""
LONGEST = 10_000
"""Atoms of a floor, written out, and products of a multiplication."""


class TooDeepError(ArithmeticError):
    """A size has no formula that anybody could read."""


class Atom:
    """A factor: a named size, floor(inside/divisor), or max(inside, 0) where divisor is None."""

    __slots__ = ("depth", "divisor", "inside", "least", "length", "name", "names", "order")

    def __init__(self, name: str, inside: Dim | None = None, divisor: int | None = None) -> None:
        self.name = name
        self.inside = inside
        self.divisor = divisor
        self.names: frozenset[str] = frozenset({name}) if inside is None else inside.names
        self.depth = 0 if inside is None else inside.depth + 1
        terms = () if inside is None else inside.terms
        self.length: int = 1 + sum(atom.length for monomial, _ in terms for atom in monomial)
        if self.depth > DEEPEST:
            raise TooDeepError(f"more than {DEEPEST} floors within one another")
        if self.length > LONGEST:
            raise TooDeepError(f"a floor of more than {LONGEST} names and floors")
        self.least = self._least()
        constant = 0 if inside is None else inside.constant
        described = tuple((order(item), item[1]) for item in terms)
        self.order = (self.depth, sorted(self.names), divisor or 0, described, constant)
        """Fixed by what the atom is, not by when it was made: formulas read alike every time."""

    def _least(self) -> int | None:
        """No value is below it, whatever the sizes; None: not seen at once."""
        if self.inside is None:
            return 1
        inside = self.inside.least
        if self.divisor is None:
            return max(inside or 0, 0)
        return None if inside is None else inside // self.divisor

    @property
    def is_positive_part(self) -> bool:
        return self.inside is not None and self.divisor is None

    def value(self, sizes: Mapping[str, int]) -> int:
        """What it is at these sizes."""
        if self.inside is None:
            return sizes[self.name]
        inside = self.inside.value(sizes)
        return max(inside, 0) if self.divisor is None else inside // self.divisor


class Sum:
    """A Dim without its constant; equal sums are one object."""

    __slots__ = ("floors", "least", "terms")

    def __init__(self, terms: tuple[tuple[Monomial, int], ...]) -> None:
        self.terms = terms
        self.least = least_of(terms)
        self.floors: dict[tuple[int, int], Size] = {}
        """(constant, divisor) → the quotient: chains of layers ask for the same ones."""


ATOMS: dict[object, Atom] = {}
SUMS: dict[tuple[tuple[Monomial, int], ...], Sum] = {}


def atom_of(key: object, name: str, inside: Dim | None = None, divisor: int | None = None) -> Atom:
    """The one atom of its kind; of two threads that make it, one wins."""
    return ATOMS.get(key) or ATOMS.setdefault(key, Atom(name, inside, divisor))


def sum_of(terms: tuple[tuple[Monomial, int], ...]) -> Sum:
    """The one sum of these terms."""
    return SUMS.get(terms) or SUMS.setdefault(terms, Sum(terms))


def order(item: tuple[Monomial, int]) -> tuple[int, list[Any]]:
    """Long products come first, and shallow atoms."""
    return -len(item[0]), [atom.order for atom in item[0]]
