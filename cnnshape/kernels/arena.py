"""Memory that is used again: fresh pages of a large array cost more than writing into it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from math import prod
from mmap import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def trailing(parts: Iterable[slice | Array]) -> Any:
    """The index of parts of the last axes alone."""
    return (..., *parts)


SMALLEST = 1 << 16
"""Bytes below which an array is NumPy's own affair."""
SLACK = 1.25
"""How much larger than what is asked for a block that is used again may be, while there is room."""
ROOM = 1.1
"""How much may be held, in parts of the most that was lent, and"""
SPARE = 1 << 24
"""bytes beyond that."""
GRAIN = 1 << 12


class _Lease(np.ndarray[Any, Any]):
    """Memory lent by an arena. Views refer to it; when the last is gone, the memory goes back."""

    arena: Arena | None = None
    block: mmap | None = None

    def __del__(self) -> None:
        if self.arena is not None and self.block is not None:
            self.arena._take_back(self.block)


class Arena:
    """Lends memory for arrays, and lends what comes back again."""

    def __init__(self) -> None:
        self._free: list[tuple[int, int, mmap]] = []
        self._number = 0
        self.lent = self.held = self.peak = 0
        """Bytes now lent, bytes held in all, and the most that was lent at once."""

    def empty(self, shape: Sequence[int], dtype: npt.DTypeLike) -> Array:
        """An array whose values are whatever the memory holds."""
        kind = np.dtype(dtype)
        size = prod(shape) * kind.itemsize
        if size < SMALLEST:
            return np.empty(shape, kind)
        block = self._block(-(-size // GRAIN) * GRAIN)
        lease = np.ndarray.__new__(_Lease, tuple(shape), kind, block)
        lease.arena, lease.block = self, block
        return lease.view(np.ndarray)

    def zeros(self, shape: Sequence[int], dtype: npt.DTypeLike) -> Array:
        """An array of zeros."""
        array = self.empty(shape, dtype)
        array.fill(0)
        return array

    def like(
        self, x: Array, shape: Sequence[int] | None = None, dtype: npt.DTypeLike | None = None
    ) -> Array:
        """An array whose axes lie in memory in the order of those of `x`; by default its shape."""
        order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
        sizes = x.shape if shape is None else shape
        array = self.empty([sizes[axis] for axis in order], dtype or x.dtype)
        return array.transpose(sorted(range(x.ndim), key=order.__getitem__))

    def _block(self, size: int) -> mmap:
        place = bisect_left(self._free, (size, 0))
        most = SLACK * size if self.held + size <= self._limit(size) else self.held
        if place < len(self._free) and self._free[place][0] <= most:
            block = self._free.pop(place)[2]
        else:
            self._shrink(size)
            block = mmap(-1, size)
            self.held += size
        self.lent += len(block)
        self.peak = max(self.peak, self.lent)
        return block

    def _limit(self, wanted: int) -> float:
        """How many bytes may be held when so many more are."""
        return ROOM * max(self.peak, self.lent + wanted) + SPARE

    def _shrink(self, wanted: int) -> None:
        """Let go of memory that has been free for longest, rather than hold more than is needed."""
        limit = self._limit(wanted)
        while self._free and self.held + wanted > limit:
            oldest = min(self._free, key=lambda block: block[1])
            self._free.remove(oldest)
            self.held -= oldest[0]

    def _take_back(self, block: mmap) -> None:
        self._number += 1
        self.lent -= len(block)
        insort(self._free, (len(block), self._number, block))
