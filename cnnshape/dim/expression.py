"""A size as a formula: the `Dim`."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from typing import TYPE_CHECKING, Any

from cnnshape.dim.assumption import AT_LEAST, EQUAL, active, simplest
from cnnshape.dim.atom import (
    DEEPEST,
    LONGEST,
    Atom,
    Monomial,
    Size,
    Sum,
    Terms,
    TooDeepError,
    atom_of,
    order,
    sum_of,
)
from cnnshape.dim.python import PythonNumber
from cnnshape.dim.quotient import reduced

if TYPE_CHECKING:
    Integer = int  # a Dim may stand wherever the rules have an integer …
else:
    Integer = object  # … but is none, so that nothing takes its value without its knowledge

LONGEST_DIVISION, _new = 64, object.__new__


class Dim(PythonNumber, Integer):
    """A size that is a formula of named sizes; `size` makes a name one."""

    __slots__ = ("constant", "sum")

    sum: Sum
    constant: int

    @property
    def terms(self) -> tuple[tuple[Monomial, int], ...]:
        """Products of atoms and their coefficients, in a fixed order."""
        return self.sum.terms

    @property
    def names(self) -> frozenset[str]:
        """The named sizes that it depends on."""
        return frozenset().union(*(atom.names for monomial, _ in self.terms for atom in monomial))

    @property
    def depth(self) -> int:
        """How many floors stand within one another."""
        return max(atom.depth for monomial, _ in self.terms for atom in monomial)

    @property
    def least(self) -> int | None:
        """No value is below it, whatever the sizes; None: not seen at once."""
        return None if self.sum.least is None else self.sum.least + self.constant

    def __call__(self, **sizes: Size) -> Size:
        """The formula with sizes put in: an integer where all of them are given."""
        for name, number in sizes.items():
            if not isinstance(number, Dim | int):
                raise TypeError(f"{name} is a size, not {number!r}")
        return self.replaced(sizes)

    def value(self, sizes: Mapping[str, int]) -> int:
        """What it is at these sizes, all of them integers."""
        total = self.constant
        for monomial, number in self.terms:
            product = number
            for atom in monomial:
                product *= atom.value(sizes)
            total += product
        return total

    def replaced(self, sizes: Mapping[str, Size]) -> Size:
        """The formula with sizes (integers or formulas) in the place of names."""
        if self.names.isdisjoint(sizes):
            return self
        total: Size = self.constant
        for monomial, number in self.terms:
            product: Size = number
            for atom in monomial:
                product = product * _replaced(atom, sizes)
            total = total + product
        return total

    def shifted(self, number: int) -> Dim:
        """The formula plus an integer."""
        return _made(self.sum, self.constant + number)

    def scaled(self, divisor: int) -> Dim:
        """The formula by a common divisor of its terms, the constant rounded down."""
        if divisor == 1:
            return self
        terms = {key: number // divisor for key, number in self.terms}
        return _known(_dim(terms, self.constant // divisor))

    def __add__(self, other: int) -> Size:
        if type(other) is int:
            return self.shifted(other) if other else self
        if isinstance(other, Dim):
            terms = dict(self.terms)
            for monomial, number in other.terms:
                terms[monomial] = terms.get(monomial, 0) + number
            return _dim(terms, self.constant + other.constant)
        if not isinstance(other, int):
            return self._plus_float(other)
        return self.shifted(int(other))

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return _known(self * -1)

    def __pos__(self) -> Dim:
        return self

    __copy__ = __pos__

    def __sub__(self, other: int) -> Size:
        if type(other) is int:
            return self.shifted(-other) if other else self
        if not isinstance(other, Dim | int):
            return self._minus_float(other)
        return self + -other

    def __rsub__(self, other: int) -> Size:
        return -self + other

    def __mul__(self, other: int) -> Size:
        if isinstance(other, Dim):
            return _product(self, other)
        if not isinstance(other, int):
            return self._times_float(other)
        factor = int(other)
        if factor == 1:
            return self
        return _dim({key: number * factor for key, number in self.terms}, self.constant * factor)

    __rmul__ = __mul__

    def __pow__(self, exponent: int, modulo: int | None = None) -> Any:
        if not isinstance(exponent, Dim | int) or exponent < 0:
            return self._to_float(exponent)
        result: Size = 1
        for _ in range(exponent):
            result = result * self
        return result if modulo is None else result % modulo

    def __rpow__(self, base: int, modulo: int | None = None) -> Any:
        return pow(base, self.__index__()) if isinstance(base, int) else self._float_to(base)

    def __floordiv__(self, other: int) -> Size:
        if type(other) is int and other > 0:
            if other == 1:
                return self
            key = (self.constant, other)
            found = self.sum.floors.get(key)
            if found is None:
                found = self.sum.floors[key] = _floor(dict(self.terms), self.constant, other)
            return found
        if isinstance(other, Dim | int):
            return _quotient(self, other)
        return self._over_float(other)

    def __rfloordiv__(self, other: int) -> Size:
        return _quotient(int(other), self) if isinstance(other, int) else NotImplemented

    def __mod__(self, other: int) -> Size:
        return self - other * (self // other)

    def __rmod__(self, other: int) -> Size:
        return other - self * (other // self)

    def __divmod__(self, other: int) -> tuple[int, int]:
        return self // other, self % other

    def __rdivmod__(self, other: int) -> tuple[int, int]:
        return other // self, other % self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Dim):
            if self.sum is other.sum:
                return self.constant == other.constant
        elif not isinstance(other, int):
            return isinstance(other, float) and self._is_float(other)
        return _compared(self, other, 0, EQUAL)

    def __hash__(self) -> int:
        return hash((self.sum, self.constant))

    def __lt__(self, other: int) -> bool:
        return not self >= other

    def __le__(self, other: int) -> bool:
        return not self > other

    def __gt__(self, other: int) -> bool:
        if isinstance(other, float):
            return self._reaches_float(other, exactly=False)
        return _compared(self, other, 1, AT_LEAST)

    def __ge__(self, other: int) -> bool:
        if isinstance(other, float):
            return self._reaches_float(other, exactly=True)
        return _compared(self, other, 0, AT_LEAST)

    def __bool__(self) -> bool:
        return not _compared(self, 0, 0, EQUAL)

    def __index__(self) -> int:
        """A number, where only a number will do: the size is thereby assumed to be it."""
        recording = active()
        if recording is None:
            raise TypeError(f"{self} is a formula: give it its sizes for a number")
        value = self.value(recording.sizes)
        recording.holds(self.shifted(-value), EQUAL)
        return value

    __int__ = __trunc__ = __index__

    def __float__(self) -> float:
        return float(self.__index__())

    def __floor__(self) -> Any:
        return self

    __ceil__ = __floor__

    def __round__(self, digits: Any = None) -> Any:
        return self

    def __repr__(self) -> str:
        from cnnshape.dim.formula import show

        return show(self)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """The formula; marks between thousands are for numbers only."""
        return format(str(self), spec.replace(",", ""))

    def __deepcopy__(self, memo: Any) -> Dim:
        return self

    def __reduce__(self) -> Any:
        from cnnshape.dim.tree import grown, tree

        return grown, (tree(self),)


def size(name: str) -> Dim:
    """A named size."""
    return single(name)


def _replaced(atom: Atom, sizes: Mapping[str, Size]) -> Size:
    if atom.inside is None:
        return sizes[atom.name] if atom.name in sizes else single(atom)
    inside = atom.inside.replaced(sizes)
    return positive(inside) if atom.divisor is None else inside // atom.divisor


def _dim(terms: Terms, constant: int) -> Size:
    """The one form of a sum; an integer where nothing is left of the terms."""
    kept = [item for item in terms.items() if item[1]]
    if not kept:
        return constant
    if len(kept) > 1:
        kept.sort(key=order)
    key = tuple(kept)
    return _made(sum_of(key), constant)


def _made(terms: Sum, constant: int) -> Dim:
    result: Dim = _new(Dim)
    result.sum = terms
    result.constant = constant
    return result


def single(factor: str | Atom) -> Dim:
    """A name, or an atom, as a size."""
    atom = atom_of(factor, factor) if isinstance(factor, str) else factor
    return _known(_dim({(atom,): 1}, 0))


def _known(size: Size) -> Dim:
    """A size of which it is known that it depends on a name."""
    assert isinstance(size, Dim)
    return size


def _product(one: Dim, other: Dim) -> Size:
    terms: Terms = {}
    if len(one.terms) * len(other.terms) > LONGEST:
        raise TooDeepError(f"a product of sums of {len(one.terms)} and {len(other.terms)} terms")
    if len(one.terms[0][0]) + len(other.terms[0][0]) > DEEPEST:
        raise TooDeepError(f"a product of more than {DEEPEST} sizes")
    for a, m in (*one.terms, ((), one.constant)):
        for b, n in (*other.terms, ((), other.constant)):
            key = tuple(sorted((*a, *b), key=lambda atom: atom.order)) if a and b else a or b
            terms[key] = terms.get(key, 0) + m * n
    constant = terms.pop((), 0)
    return _dim(terms, constant)


def _compared(size: Dim, other: Size, margin: int, relation: str) -> bool:
    """Whether size - other - margin is at least 0, or is 0."""
    if type(other) is int:
        return _holds(size.sum, size.constant - other - margin, relation)
    difference = size - other - margin
    if isinstance(difference, Dim):
        return _holds(difference.sum, difference.constant, relation)
    return difference == 0 if relation == EQUAL else difference >= 0


def _holds(terms: Sum, constant: int, relation: str) -> bool:
    """Whether a size is at least 0, or is 0: for all sizes, or else by the examples."""
    if terms.least is not None and terms.least + constant >= (relation == EQUAL):
        return relation == AT_LEAST
    recording = active()
    if recording is not None:
        known = recording.known.get((terms, constant, relation))
        if known is None:
            return recording.holds(_made(terms, constant), relation)
        return known if isinstance(known, bool) else recording.again(known)
    size = _made(terms, constant)
    found = simplest(size, relation)
    if isinstance(found, bool) or relation == EQUAL:
        return found is True
    raise TypeError(f"whether {size} is at least 0 depends on its sizes")


def positive(inside: Size) -> Size:
    """max(inside, 0), with the common factor taken out and its first coefficient positive."""
    if not isinstance(inside, Dim):
        return max(inside, 0)
    if inside.least is not None and inside.least >= 0:
        return inside
    if inside.terms[0][1] < 0:
        return inside + positive(-inside)
    common = gcd(inside.constant, *(number for _, number in inside.terms))
    inner = inside.scaled(common)
    return single(atom_of((inner.sum, inner.constant), "", inner)) * common


def _floor(terms: Terms, constant: int, divisor: int) -> Size:
    """floor((terms + constant)/divisor), in its one form."""
    whole, sign, terms, constant, divisor = reduced(terms, constant, divisor, _floor)
    quotient, rest = divmod(constant, divisor)
    if terms:
        inside = _known(_dim(terms, rest))
        atom = atom_of((inside.sum, rest, divisor), "", inside, divisor)
        whole[atom,] = whole.get((atom,), 0) + sign
    return _dim(whole, sign * quotient)


def _quotient(whole: Size, part: Size) -> Size:
    """A quotient by any part: by a formula it is exact, or the value of the part is assumed."""
    if part == 0:
        raise ZeroDivisionError("division by zero")
    if not isinstance(part, Dim):
        number = int(part)
        return whole // number if number > 0 else -whole // -number
    common = gcd(part.constant, *(number for _, number in part.terms))
    exact = _divided(whole, part.scaled(common))
    return whole // part.__index__() if exact is None else exact // common


def _divided(whole: Size, part: Dim) -> Size | None:
    """The quotient of two formulas where one divides the other (long division)."""
    rest: Size = whole
    quotient: Size = 0
    lead, divisor = part.terms[0]
    for _ in range(LONGEST_DIVISION):
        if not isinstance(rest, Dim):
            return quotient if rest == 0 else None
        monomial, number = rest.terms[0]
        left = list(monomial)
        for atom in lead:
            if atom not in left:
                return None
            left.remove(atom)
        if number % divisor:
            return None
        step = _dim({tuple(left): number // divisor}, 0) if left else number // divisor
        quotient, rest = quotient + step, rest - step * part
    return None
