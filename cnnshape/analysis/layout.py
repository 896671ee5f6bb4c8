"""Between the layout of a model and the one layers think in, (N, C, *spatial)."""

from __future__ import annotations

from cnnshape.layer import Shape


def to_first(shape: Shape) -> Shape:
    """(N, *spatial, C) → (N, C, *spatial)."""
    return shape if len(shape) < 3 else (shape[0], shape[-1], *shape[1:-1])


def to_last(shape: Shape) -> Shape:
    """(N, C, *spatial) → (N, *spatial, C)."""
    return shape if len(shape) < 3 else (shape[0], *shape[2:], shape[1])


def axis_to_first(axis: int, rank: int) -> int:
    """The number in (N, C, *spatial) of an axis of (N, *spatial, C)."""
    if rank < 3 or axis == 0:
        return axis
    return 1 if axis == rank - 1 else axis + 1


def axis_to_last(axis: int, rank: int) -> int:
    """The number in (N, *spatial, C) of an axis of (N, C, *spatial)."""
    if rank < 3 or axis == 0:
        return axis
    return rank - 1 if axis == 1 else axis - 1
