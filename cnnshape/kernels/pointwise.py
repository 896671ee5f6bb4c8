"""Functions of each value by itself, and their slopes."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Any

import numpy as np

from cnnshape.graph import is_integer
from cnnshape.kernels.activation import (
    Curve,
    Slope,
    curved,
    hardshrink,
    sigmoid,
    softplus,
    tanhshrink,
)
from cnnshape.kernels.arena import Array
from cnnshape.kernels.error_function import erf
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layers.pointwise import (
    BoundedShrink,
    Cast,
    Clamp,
    CompareNumber,
    Function,
    KeptFunction,
    NanToNum,
    Predicate,
    Shrink,
    Threshold,
    WithNumber,
)


def as_floats(x: Array) -> Array:
    """Integers and truths as floats of single precision; floats as they are."""
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def flat(values: Array, count: int = 1) -> Step:
    """A step whose output does not move with its inputs, a little changed."""
    return Step(np.asarray(values), lambda g: Gradients((None,) * count))


def sinc(x: Array) -> tuple[Array, Slope]:
    """The sine of πx by πx, 1 at 0; its slope is its difference from cos(πx), by x."""
    y = np.sinc(x)
    return y, lambda: np.where(x == 0, 0, (np.cos(pi * x) - y) / np.where(x == 0, 1, x))


def _of_value(function: Callable[[Array], Array], slope: Callable[[Array, Array], Array]) -> Curve:
    """A curve from a function and its slope, which may go by the value and by the result."""

    def curve(x: Array) -> tuple[Array, Slope]:
        y = function(x)

        def steepness() -> Array:
            found = slope(x, y)  # which is written over, and the result is not to be
            return found.copy() if found is y or found is x else found

        return y, steepness

    return curve


CURVES: dict[str, Curve] = {
    "exp": _of_value(np.exp, lambda x, y: y),
    "exp2": _of_value(np.exp2, lambda x, y: y * log(2)),
    "expm1": _of_value(np.expm1, lambda x, y: y + 1),
    "log": _of_value(np.log, lambda x, y: 1 / x),
    "log2": _of_value(np.log2, lambda x, y: 1 / (x * log(2))),
    "log10": _of_value(np.log10, lambda x, y: 1 / (x * log(10))),
    "log1p": _of_value(np.log1p, lambda x, y: 1 / (1 + x)),
    "sqrt": _of_value(np.sqrt, lambda x, y: 1 / (2 * y)),
    "rsqrt": _of_value(lambda x: 1 / np.sqrt(x), lambda x, y: -y * y * y / 2),
    "reciprocal": _of_value(lambda x: 1 / x, lambda x, y: -y * y),
    "sin": _of_value(np.sin, lambda x, y: np.cos(x)),
    "cos": _of_value(np.cos, lambda x, y: -np.sin(x)),
    "tan": _of_value(np.tan, lambda x, y: 1 + y * y),
    "asin": _of_value(np.arcsin, lambda x, y: 1 / np.sqrt(1 - x * x)),
    "acos": _of_value(np.arccos, lambda x, y: -1 / np.sqrt(1 - x * x)),
    "atan": _of_value(np.arctan, lambda x, y: 1 / (1 + x * x)),
    "sinh": _of_value(np.sinh, lambda x, y: np.cosh(x)),
    "cosh": _of_value(np.cosh, lambda x, y: np.sinh(x)),
    "asinh": _of_value(np.arcsinh, lambda x, y: 1 / np.sqrt(x * x + 1)),
    "acosh": _of_value(np.arccosh, lambda x, y: 1 / np.sqrt(x * x - 1)),
    "atanh": _of_value(np.arctanh, lambda x, y: 1 / (1 - x * x)),
    "erf": _of_value(erf, lambda x, y: 2 / sqrt(pi) * np.exp(-x * x)),
    "erfc": _of_value(lambda x: 1 - erf(x), lambda x, y: -2 / sqrt(pi) * np.exp(-x * x)),
    "sinc": sinc,
    "logsigmoid": _of_value(lambda x: -softplus(-x), lambda x, y: sigmoid(-x)),
    "tanhshrink": tanhshrink,
    "abs": _of_value(np.abs, lambda x, y: np.sign(x)),
    "neg": _of_value(np.negative, lambda x, y: np.full_like(x, -1)),
    "square": _of_value(np.square, lambda x, y: 2 * x),
    "frac": _of_value(lambda x: x - np.trunc(x), lambda x, y: np.ones_like(x)),
}
STEPS: dict[str, Callable[[Array], Array]] = {
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "trunc": np.trunc,
}
"""Functions that rise in steps, so that their slope is 0."""
PREDICATES: dict[str, Callable[[Array], Array]] = {
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "logical_not": np.logical_not,
}


@kernel(Function, Shrink)
def compute(layer: Function | Shrink, context: Context, x: Array) -> Step:
    x = as_floats(x)
    return curved(x, *CURVES[layer.type](x))


@kernel(KeptFunction)
def compute_kept(layer: KeptFunction, context: Context, x: Array) -> Step:
    """Of a function in steps the slope is 0; integers are whole already."""
    if layer.type in STEPS:
        whole = x.dtype.kind != "f" and layer.type != "sign"
        y = x if whole else STEPS[layer.type](x).astype(x.dtype)
        return Step(np.asarray(y), lambda g: Gradients((np.zeros_like(g),)))
    return curved(x, *CURVES[layer.type](x))


@kernel(Predicate)
def ask(layer: Predicate, context: Context, x: Array) -> Step:
    return flat(PREDICATES[layer.type](x))


@kernel(BoundedShrink)
def shrink(layer: BoundedShrink, context: Context, x: Array) -> Step:
    y, slope = hardshrink(x, layer.lambd)
    if layer.type == "softshrink":
        y = y - np.sign(y) * layer.lambd
    return curved(x, y, slope)


@kernel(Threshold)
def hold(layer: Threshold, context: Context, x: Array) -> Step:
    above = x > layer.threshold
    return curved(x, np.where(above, x, layer.value), lambda: above)


@kernel(Clamp)
def clamp(layer: Clamp, context: Context, x: Array) -> Step:
    """PyTorch lets the gradient through at the bounds themselves."""
    x = as_floats(x) if layer.gives == "floats" else x
    low = -np.inf if layer.min is None else layer.min
    high = np.inf if layer.max is None else layer.max
    y = np.minimum(np.maximum(x, low), high)  # above the largest number where low > high
    return curved(x, y, lambda: (x >= low) & (x <= high))


@kernel(NanToNum)
def replace(layer: NanToNum, context: Context, x: Array) -> Step:
    nan = 0.0 if layer.nan is None else layer.nan
    y = np.nan_to_num(x, nan=nan, posinf=layer.posinf, neginf=layer.neginf)
    return curved(x, y, lambda: np.isfinite(x))


@kernel(Cast)
def cast(layer: Cast, context: Context, x: Array) -> Step:
    """Floats stay of the run's precision."""
    if is_integer(layer.dtype):
        return flat(x.astype(layer.dtype))
    return Step(as_floats(x), lambda g: Gradients((g,)))


def _power(x: Array, number: float) -> tuple[Array, Slope]:
    if x.dtype.kind != "f" and number < 0:
        x = as_floats(x)
    return np.power(x, number), lambda: number * np.power(x, number - 1) if number else x * 0


ARITHMETIC: dict[str, Callable[[Array, float], tuple[Array, Slope]]] = {
    "add_number": lambda x, c: (x + c, lambda: np.ones_like(x)),
    "subtract_number": lambda x, c: (x - c, lambda: np.ones_like(x)),
    "subtract_of_number": lambda x, c: (c - x, lambda: np.full_like(x, -1)),
    "multiply_number": lambda x, c: (x * c, lambda: np.full_like(x, c)),
    "divide_number": lambda x, c: (x / c, lambda: np.full_like(x, 1 / c)),
    "divide_of_number": lambda x, c: (c / x, lambda: -c / (x * x)),
    "floor_divide_number": lambda x, c: (x // c, lambda: np.zeros_like(x)),
    "floor_divide_of_number": lambda x, c: (c // x, lambda: np.zeros_like(x)),
    "remainder_number": lambda x, c: (x % c, lambda: np.ones_like(x)),
    "remainder_of_number": lambda x, c: (c % x, lambda: -(c // x)),
    "power_number": _power,
    "power_of_number": lambda x, c: (
        np.power(c, x),
        lambda: np.power(c, x) * (log(c) if c > 0 else 0 if c == 0 else np.nan),
    ),
}


@kernel(WithNumber)
def with_number(layer: WithNumber, context: Context, x: Array) -> Step:
    x = as_floats(x) if layer.gives == "floats" else x
    y, slope = ARITHMETIC[layer.type](x, layer.number)
    return curved(x if y.dtype.kind == x.dtype.kind else y, y, slope)


COMPARISONS: dict[str, Callable[[Array, Any], Array]] = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}


@kernel(CompareNumber)
def compare(layer: CompareNumber, context: Context, x: Array) -> Step:
    return flat(COMPARISONS[layer.type.removesuffix("_number")](x, layer.number))
