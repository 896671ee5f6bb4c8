"""What Python programs do with sizes beyond the arithmetic of integers: quotients, floats, bits.

Rules of layers have no use for it, and a float among their sizes is a mistake: it is one here, too,
but where a recording says that a program of the user's is what runs.
"""

from __future__ import annotations

from typing import Any

from cnnshape.dim.assumption import active
from cnnshape.dim.ratio import FINEST, Ratio, ratio


def _takes(other: object) -> bool:
    """Whether a float may meet a size here."""
    if not isinstance(other, int | float):
        return False
    recording = active()
    return recording is not None and recording.of_program


class PythonNumber:
    """The operators of a Dim for programs."""

    __slots__ = ()

    def _plus_float(self: Any, other: Any) -> Any:
        return Ratio(self) + other if _takes(other) else NotImplemented

    def _minus_float(self: Any, other: Any) -> Any:
        return Ratio(self) - other if _takes(other) else NotImplemented

    def _times_float(self: Any, other: Any) -> Any:
        return Ratio(self) * other if _takes(other) else NotImplemented

    def _to_float(self: Any, exponent: Any) -> Any:
        return float(self) ** float(exponent) if _takes(exponent) else NotImplemented

    def _float_to(self: Any, base: Any) -> Any:
        return base ** self.__index__() if _takes(base) else NotImplemented

    def __truediv__(self: Any, other: Any) -> Any:
        if isinstance(other, type(self)) and _takes(1):
            return float(self) / float(other)
        if not _takes(other):
            return NotImplemented
        if isinstance(other, float) and other.is_integer() and abs(other) < FINEST:
            other = int(other)
        if type(other) is int and other:
            return ratio(self if other > 0 else -self, abs(other))
        return float(self) / other

    def __rtruediv__(self: Any, other: Any) -> Any:
        return other / float(self) if _takes(other) else NotImplemented

    def _over_float(self: Any, other: Any) -> Any:
        return Ratio(self) // other if _takes(other) else NotImplemented

    def _is_float(self: Any, other: Any) -> bool:
        return _takes(other) and Ratio(self) == other

    def _reaches_float(self: Any, other: Any, *, exactly: bool) -> bool:
        """Whether it is at least (or more than) a float."""
        if not _takes(other):
            raise TypeError(f"{self} is not to be compared with {other!r}")
        return bool(Ratio(self) >= other if exactly else Ratio(self) > other)

    def __abs__(self: Any) -> Any:
        return self if self >= 0 else -self

    def __lshift__(self: Any, places: int) -> Any:
        return self * 2**places

    def __rshift__(self: Any, places: int) -> Any:
        return self // 2**places

    def __and__(self: Any, other: int) -> int:
        return self.__index__() & other  # type: ignore[no-any-return]

    def __or__(self: Any, other: int) -> int:
        return self.__index__() | other  # type: ignore[no-any-return]

    def __xor__(self: Any, other: int) -> int:
        return self.__index__() ^ other  # type: ignore[no-any-return]

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def bit_length(self: Any) -> int:
        """That of the number it is at the examples, which is thereby assumed."""
        return self.__index__().bit_length()  # type: ignore[no-any-return]
