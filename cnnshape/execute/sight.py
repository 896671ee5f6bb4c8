"""What is seen of a layer while a model runs, in a few numbers."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

import numpy as np

from cnnshape.execute.executor import quiet
from cnnshape.kernels.arena import Array
from cnnshape.layer import Shape


class Sight(NamedTuple):
    """What was seen of one layer's output, and of the gradient by it."""

    computed: Shape
    shape: Shape
    values: int
    finite: int
    """How many of the values are."""
    low: float
    high: float
    """Of those that are finite."""
    gradient_shape: Shape | None = None
    gradient_norm: float | None = None
    """None: no gradient came."""

    @classmethod
    def of(cls, computed: Shape, value: Array) -> Sight:
        """What a value shows."""
        finite = value.size if value.dtype.kind in "biu" else int(np.isfinite(value).sum())
        kept = value if finite == value.size else value[np.isfinite(value)]
        low, high = (float(kept.min()), float(kept.max())) if kept.size else (0.0, 0.0)
        return cls(tuple(map(int, computed)), value.shape, value.size, finite, low, high)

    def with_gradient(self, gradient: Array) -> Sight:
        """The same, with the gradient that came back."""
        return self._replace(gradient_shape=gradient.shape, gradient_norm=norm(gradient))

    @property
    def is_zero(self) -> bool:
        """Whether there is nothing but zeros."""
        return self.low == self.high == 0 and self.finite == self.values

    @property
    def holds(self) -> bool:
        """Whether shapes are those that were computed, and all numbers finite."""
        return (
            self.shape == self.computed
            and self.finite == self.values
            and self.gradient_shape in (None, self.computed)
            and (self.gradient_norm is None or isfinite(self.gradient_norm))
        )


def norm(x: Array) -> float:
    """√Σx², in double precision where single overflows."""
    flat = x.ravel(order="K")
    with quiet():
        length = float(np.linalg.norm(flat))
        return length if isfinite(length) else float(np.linalg.norm(flat.astype(np.float64)))
