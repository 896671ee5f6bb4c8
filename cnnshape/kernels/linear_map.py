"""A matrix along one axis: what interpolation and means over uneven windows are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnshape.kernels.arena import Array


def along(matrix: Array, x: Array, axis: int) -> Array:
    """Every line of `x` along an axis times the matrix (outputs, inputs)."""
    moved = np.moveaxis(x, axis, -1) @ matrix.T
    return np.moveaxis(moved, -1, axis)


def mapped(matrices: Sequence[Array], x: Array) -> Array:
    """The last axes of `x`, each by its matrix."""
    for axis, matrix in enumerate(matrices, x.ndim - len(matrices)):
        x = along(matrix.astype(x.dtype, copy=False), x, axis)
    return x


def mapped_gradient(matrices: Sequence[Array], g: Array) -> Array:
    """The gradient by `x` of that by `mapped(x)`: the matrices the other way."""
    return mapped([matrix.T for matrix in matrices], g)
