"""Axes named by their numbers."""

from typing import Annotated

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import LARGEST, Shape, show

Axis = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]


def axis_of(dim: int, x: Shape, *, field: str = "dim", rank: int | None = None) -> int:
    """An axis' number counted from the front; the batch is axis 0, -1 the last.

    `rank` is the number of axes to count in, by default those of `x`.
    """
    axes = len(x) if rank is None else rank
    if not -axes <= dim < axes:
        raise RuleError(
            "bad-rank",
            f"names axis {dim}, but {show(x)} has axes {-axes} to {axes - 1}",
            field=field,
            found=dim,
        )
    return dim % axes


def axes_of(dims: tuple[int, ...], x: Shape, *, field: str = "dim") -> tuple[int, ...]:
    """Several axes' numbers counted from the front; none may be named twice."""
    axes = tuple(axis_of(dim, x, field=field) for dim in dims)
    for axis in axes:
        if axes.count(axis) > 1:
            raise RuleError("invalid-value", f"names axis {axis} twice", field=field, found=axis)
    return axes
