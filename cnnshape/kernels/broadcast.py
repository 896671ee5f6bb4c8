"""What joins several tensors value by value, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Arrays, Context, Gradients, Step, kernel, reduced_to
from cnnshape.kernels.pointwise import COMPARISONS, as_floats, flat
from cnnshape.layers.broadcast import (
    AddProduct,
    Arithmetic,
    Compare,
    Lerp,
    MaskedFill,
    Where,
)

Slopes = Callable[[], tuple[Array | None, ...]]
Joint = tuple[Array, Slopes]
"""Values, and for the way back the slope by each operand; None: they do not move with it."""


def joined(inputs: Arrays, values: Array, slopes: Slopes) -> Step:
    """The step of a function of several operands."""
    shapes = [x.shape for x in inputs]

    def pullback(g: Array) -> Gradients:
        return Gradients(
            tuple(
                None if slope is None else reduced_to(np.multiply(g, slope, dtype=g.dtype), shape)
                for slope, shape in zip(slopes(), shapes, strict=True)
            )
        )

    return Step(np.asarray(values), pullback)


def _divide(a: Array, b: Array) -> Joint:
    a, b = as_floats(a), as_floats(b)
    y = a / b
    return y, lambda: (1 / b, -y / b)


def _floor_divide(a: Array, b: Array) -> Joint:
    return a // b, lambda: (None, None)


def _remainder(a: Array, b: Array) -> Joint:
    return a % b, lambda: (np.ones_like(b), -(a // b))


def _power(a: Array, b: Array) -> Joint:
    """Where the exponent is 0, or a base of 0 has one from 0 on, PyTorch's slope is 0."""
    y = np.power(a, b)

    def slopes() -> tuple[Array | None, ...]:
        by_base = np.where(b == 0, 0, b * np.power(a, b - 1))
        by_exponent = np.where((a == 0) & (b >= 0), 0, y * np.log(a))
        return by_base, by_exponent

    return y, slopes


def _minimum(a: Array, b: Array) -> Joint:
    """Operands that share the smallest value share its gradient."""
    return np.minimum(a, b), lambda: ((a < b) + (a == b) / 2, (b < a) + (a == b) / 2)


def _atan2(a: Array, b: Array) -> Joint:
    a, b = as_floats(a), as_floats(b)
    square = a * a + b * b
    return np.arctan2(a, b), lambda: (b / square, -a / square)


ARITHMETIC: dict[str, Callable[[Array, Array], Joint]] = {
    "divide": _divide,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "power": _power,
    "minimum": _minimum,
    "atan2": _atan2,
}
LOGIC: dict[str, Callable[[Array, Any], Array]] = {
    **COMPARISONS,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}


@kernel(Arithmetic)
def combine(layer: Arithmetic, context: Context, a: Array, b: Array) -> Step:
    return joined((a, b), *ARITHMETIC[layer.type](a, b))


@kernel(Compare)
def compare(layer: Compare, context: Context, a: Array, b: Array) -> Step:
    return flat(LOGIC[layer.type](a, b), 2)


@kernel(Where)
def choose(layer: Where, context: Context, condition: Array, a: Array, b: Array) -> Step:
    holds = condition != 0
    return joined((condition, a, b), np.where(holds, a, b), lambda: (None, holds, ~holds))


@kernel(MaskedFill)
def fill(layer: MaskedFill, context: Context, x: Array, mask: Array) -> Step:
    holds = mask != 0
    y = np.where(holds, np.asarray(layer.value, x.dtype), x)
    return joined((x, mask), y, lambda: (~holds, None))


@kernel(Lerp)
def interpolate(layer: Lerp, context: Context, start: Array, end: Array, *given: Array) -> Step:
    if not given:
        share = np.asarray(layer.weight, start.dtype)
        return joined((start, end), start + share * (end - start), lambda: (1 - share, share))
    (weight,) = given
    y = start + weight * (end - start)
    return joined((start, end, weight), y, lambda: (1 - weight, weight, end - start))


@kernel(AddProduct)
def add_product(layer: AddProduct, context: Context, x: Array, a: Array, b: Array) -> Step:
    value = np.asarray(layer.value, x.dtype)
    one = np.ones((), x.dtype)
    if layer.type == "addcmul":
        return joined((x, a, b), x + value * a * b, lambda: (one, value * b, value * a))
    return joined((x, a, b), x + value * a / b, lambda: (one, value / b, -value * a / (b * b)))
