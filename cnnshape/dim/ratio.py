"""What Python's `/` makes of a size: a quotient that is not rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnnshape.dim.atom import Size

if TYPE_CHECKING:
    from cnnshape.dim.expression import Dim

FINEST = 2**20
"""Denominators up to which floats of sizes are exact, if they are powers of two."""


class Ratio:
    """A size over a number, as exact as the float that it stands for.

    Only what a float would give exactly is kept as a formula: whatever may be rounded takes the
    number that it is at the examples, which is assumed from then on.
    """

    __slots__ = ("divisor", "size")

    def __init__(self, size: Dim, divisor: int = 1) -> None:
        self.size: Any = size
        self.divisor = divisor

    @property
    def is_exact(self) -> bool:
        """Whether floats hold it, and what is made of it by sums and products."""
        return self.divisor <= FINEST and self.divisor & (self.divisor - 1) == 0

    def __float__(self) -> float:
        return self.size.__index__() / self.divisor  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return int(float(self))

    def __floor__(self) -> Size:
        return self.size // self.divisor  # type: ignore[no-any-return]

    def __ceil__(self) -> Size:
        return -(-self.size // self.divisor)  # type: ignore[no-any-return]

    def __trunc__(self) -> Size:
        return self.__floor__() if self.size >= 0 else self.__ceil__()

    def __round__(self, digits: int | None = None) -> Any:
        """To the nearest, halves to the even one."""
        if digits is not None:
            return round(float(self), digits)
        whole, rest = self.__floor__(), 2 * (self.size % self.divisor)
        if rest == self.divisor:
            return whole + whole % 2
        return whole + 1 if rest > self.divisor else whole

    def __add__(self, other: Any) -> Any:
        parts = _parts(other) if self.is_exact else None
        if parts is None:
            return NotImplemented if _is_foreign(other) else float(self) + float(other)
        size, divisor = parts
        return ratio(self.size * divisor + size * self.divisor, self.divisor * divisor)

    __radd__ = __add__

    def __neg__(self) -> Any:
        return ratio(-self.size, self.divisor)

    def __abs__(self) -> Any:
        return self if self.size >= 0 else -self

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else self + -other

    def __rsub__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else -self + other

    def __mul__(self, other: Any) -> Any:
        parts = _parts(other) if self.is_exact else None
        if parts is None:
            return NotImplemented if _is_foreign(other) else float(self) * float(other)
        size, divisor = parts
        return ratio(self.size * size, self.divisor * divisor)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if self.is_exact and isinstance(other, int) and other > 0:
            return ratio(self.size, self.divisor * other)
        return NotImplemented if _is_foreign(other) else float(self) / float(other)

    def __rtruediv__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else float(other) / float(self)

    def __floordiv__(self, other: Any) -> Any:
        if self.is_exact and isinstance(other, int) and other > 0:
            return ratio(self.size // (self.divisor * other), 1)
        return NotImplemented if _is_foreign(other) else float(self) // float(other)

    def __rfloordiv__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else float(other) // float(self)

    def __mod__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else float(self) % float(other)

    def __rmod__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else float(other) % float(self)

    def __pow__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else float(self) ** float(other)

    def __rpow__(self, other: Any) -> Any:
        return NotImplemented if _is_foreign(other) else float(other) ** float(self)

    def _against(self, other: Any) -> tuple[Any, Any]:
        """Two numbers that compare as this does with another one."""
        parts = _parts(other)
        if parts is None:
            return float(self), float(other)
        return self.size * parts[1], parts[0] * self.divisor

    def __eq__(self, other: object) -> bool:
        if _is_foreign(other):
            return NotImplemented
        one, two = self._against(other)
        return bool(one == two)

    def __lt__(self, other: Any) -> bool:
        if _is_foreign(other):
            return NotImplemented
        one, two = self._against(other)
        return bool(one < two)

    def __le__(self, other: Any) -> bool:
        if _is_foreign(other):
            return NotImplemented
        one, two = self._against(other)
        return bool(one <= two)

    def __gt__(self, other: Any) -> bool:
        return NotImplemented if _is_foreign(other) else not self <= other

    def __ge__(self, other: Any) -> bool:
        return NotImplemented if _is_foreign(other) else not self < other

    def __bool__(self) -> bool:
        return bool(self.size)

    def __hash__(self) -> int:
        return hash((self.size, self.divisor))

    def is_integer(self) -> bool:
        """Whether nothing stands behind the point."""
        return bool(self.size % self.divisor == 0)

    def __repr__(self) -> str:
        return f"({self.size})/{self.divisor}"

    def __format__(self, spec: str) -> str:
        return format(repr(self), "" if spec.endswith(("f", "g", "e", "d")) else spec)


def ratio(size: Size, divisor: int) -> Any:
    """A quotient of a size and a positive number; a float where the size is a number."""
    return size / divisor if isinstance(size, int) else Ratio(size, divisor)


def _is_foreign(other: object) -> bool:
    """Whether it is no number: a tensor, which knows what to make of a Ratio."""
    return not (isinstance(other, int | float | Ratio) or hasattr(other, "constant"))


def _parts(other: Any) -> tuple[Any, int] | None:
    """A number as a size over a power of two; None where it is none."""
    if isinstance(other, Ratio):
        return (other.size, other.divisor) if other.is_exact else None
    if isinstance(other, float):
        exact = Fraction(other) if other - other == 0 else None
        fits = exact is not None and exact.denominator <= FINEST and abs(other) < 2**31
        return (exact.numerator, exact.denominator) if fits and exact is not None else None
    return other, 1
