"""Activations: a function of each value, and its slope."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.error_function import erf
from cnnshape.kernels.initial import Shapes, Weights
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, scalar
from cnnshape.layer import Layer
from cnnshape.layers.activation import (
    ELU,
    GELU,
    Activation,
    Hardtanh,
    Identity,
    LeakyReLU,
    PlainActivation,
    PReLU,
    Softplus,
)

Slope = Callable[[], Array]
Curve = Callable[[Array], tuple[Array, Slope]]

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""Klambauer et al. 2017, equation 14."""


def sigmoid(x: Array) -> Array:
    """1/(1 + exp(-x)), without overflow."""
    tail = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, tail) / (1 + tail)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _selu(x: Array) -> tuple[Array, Slope]:
    tail = SELU_ALPHA * np.exp(np.minimum(x, 0))
    return (
        SELU_SCALE * np.where(x > 0, x, tail - SELU_ALPHA),
        lambda: SELU_SCALE * np.where(x > 0, 1, tail),
    )


def _silu(x: Array) -> tuple[Array, Slope]:
    gate = sigmoid(x)
    return x * gate, lambda: gate * (1 + x * (1 - gate))


def _mish(x: Array) -> tuple[Array, Slope]:
    gate = np.tanh(softplus(x))
    return x * gate, lambda: gate + x * (1 - gate * gate) * sigmoid(x)


def _hardswish(x: Array) -> tuple[Array, Slope]:
    inner = np.abs(x) <= 3
    return (
        x * np.clip(x + 3, 0, 6) / 6,
        lambda: np.where(inner, x / 3 + 0.5, x > 3),
    )


SIXTH = float(np.float32(1 / 6))
"""PyTorch's slope of hardsigmoid: held in single precision, even among doubles."""


def _hardsigmoid(x: Array) -> tuple[Array, Slope]:
    return np.clip(x + 3, 0, 6) / 6, lambda: (np.abs(x) < 3) * SIXTH


def _sigmoid(x: Array) -> tuple[Array, Slope]:
    y = sigmoid(x)
    return y, lambda: y * (1 - y)


def _tanh(x: Array) -> tuple[Array, Slope]:
    y = np.tanh(x)

    def slope() -> Array:
        square = y * y
        return np.subtract(1, square, out=square)

    return y, slope


def _softsign(x: Array) -> tuple[Array, Slope]:
    whole = 1 + np.abs(x)
    return x / whole, lambda: 1 / (whole * whole)


def tanhshrink(x: Array) -> tuple[Array, Slope]:
    """The rest x - tanh(x) (PyTorch, Tanhshrink)."""
    y = np.tanh(x)
    return x - y, lambda: y * y


def hardshrink(x: Array, lambd: float = 0.5) -> tuple[Array, Slope]:
    """x, or 0 where |x| <= lambd (PyTorch, Hardshrink)."""
    kept = np.abs(x) > lambd
    return x * kept, lambda: kept


CURVES: dict[str, Curve] = {
    "selu": _selu,
    "silu": _silu,
    "mish": _mish,
    "hardswish": _hardswish,
    "hardsigmoid": _hardsigmoid,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softsign": _softsign,
}


def curved(x: Array, values: Array, slope: Slope) -> Step:
    """The step of a curve: its values, and on the way back the gradient times its slope."""

    def pullback(g: Array) -> Gradients:
        steepness = np.asarray(slope())
        out = steepness if steepness.dtype == g.dtype else None
        return Gradients((np.multiply(g, steepness, dtype=g.dtype, out=out),))

    return Step(values.astype(x.dtype, copy=False), pullback)


def clipped(context: Context, x: Array, low: float, high: float | None) -> Step:
    """x, no less than `low` and no more than `high`; the gradient is 0 where it is cut off."""
    y = np.maximum(x, scalar(low, x), out=context.target(x))
    if high is not None:
        np.minimum(y, scalar(high, x), out=y)

    def pullback(g: Array) -> Gradients:
        inner = context.arena.like(y, dtype=bool)
        np.greater(y, scalar(low, y), out=inner)
        if high is not None:
            inner &= y < scalar(high, y)
        return Gradients((np.multiply(g, inner, out=context.arena.like(g)),))

    return Step(y, pullback)


@kernel(Activation, PlainActivation)
def activate(layer: Layer, context: Context, x: Array) -> Step:
    """A curve without arguments."""
    if layer.type in ("relu", "relu6"):
        return clipped(context, x, 0, 6 if layer.type == "relu6" else None)
    return curved(x, *CURVES[layer.type](x))


@kernel(Hardtanh)
def activate_hardtanh(layer: Hardtanh, context: Context, x: Array) -> Step:
    return clipped(context, x, layer.min_val, layer.max_val)


@kernel(Identity)
def pass_on(layer: Identity, context: Context, x: Array) -> Step:
    return Step(x, lambda g: Gradients((g,)))


@kernel(LeakyReLU)
def activate_leaky_relu(layer: LeakyReLU, context: Context, x: Array) -> Step:
    factor = np.where(x > 0, scalar(1, x), scalar(layer.negative_slope, x))
    return curved(x, x * factor, lambda: factor)


@kernel(ELU)
def activate_elu(layer: ELU, context: Context, x: Array) -> Step:
    """ELU bends α(exp(x) - 1) below 0, CELU α(exp(x/α) - 1)."""
    below, alpha = np.minimum(x, 0), layer.alpha
    if layer.type == "celu":
        y = np.where(x > 0, x, alpha * np.expm1(below / alpha))
        rounded = float(np.float32(alpha))  # PyTorch's way back divides by α in single precision
        return curved(x, y, lambda: np.where(x > 0, 1, alpha / rounded * np.exp(below / rounded)))
    y = np.where(x > 0, x, alpha * np.expm1(below))
    return curved(x, y, lambda: np.where(x > 0, 1, alpha * np.exp(below)))


@kernel(GELU)
def activate_gelu(layer: GELU, context: Context, x: Array) -> Step:
    return curved(x, *(gelu(x) if layer.approximate == "none" else gelu_by_tanh(x)))


def gelu(x: Array) -> tuple[Array, Slope]:
    """x·Φ(x), of slope Φ(x) + x·φ(x)."""
    share = (1 + erf(x / sqrt(2))) / 2
    return x * share, lambda: share + x * np.exp(-x * x / 2) / sqrt(2 * pi)


def gelu_by_tanh(x: Array) -> tuple[Array, Slope]:
    """x(1 + tanh(√(2/π)(x + 0.044715x³)))/2 (PyTorch, GELU, `approximate`)."""
    scale = sqrt(2 / pi)
    bent = np.tanh(scale * (x + 0.044715 * x**3))

    def slope() -> Array:
        inner: Array = scale * (1 + 3 * 0.044715 * x * x)
        return (1 + bent + x * (1 - bent * bent) * inner) / 2

    return x * (1 + bent) / 2, slope


@kernel(Softplus)
def activate_softplus(layer: Softplus, context: Context, x: Array) -> Step:
    scaled = layer.beta * x
    straight = scaled > layer.threshold
    y = np.where(straight, x, softplus(scaled) / layer.beta)
    return curved(x, y, lambda: np.where(straight, 1, sigmoid(scaled)))


def _slopes(layer: Any, shapes: Shapes, random: np.random.Generator) -> Weights:
    return {"weight": np.full(shapes["weight"], layer.init, np.float32)}


@kernel(PReLU, initial=_slopes)
def activate_prelu(layer: PReLU, context: Context, x: Array) -> Step:
    """x, or a·x below 0: the gradient by `a` sums g·x over where x is negative."""
    weight = context.weights["weight"]
    along = weight.reshape(-1, *(1,) * (x.ndim - 2))
    below = x <= 0

    def pullback(g: Array) -> Gradients:
        lost = np.where(below, g * x, 0)
        axes = (0, *range(2, x.ndim)) if len(weight) > 1 else tuple(range(x.ndim))
        by_weight = lost.sum(axis=axes).reshape(weight.shape)
        return Gradients((np.where(below, g * along, g),), {"weight": by_weight})

    return Step(np.where(below, x * along, x), pullback)
