"""Softmax, its logarithm, and gated linear units, along one axis."""

from __future__ import annotations

import numpy as np

from cnnshape.kernels.activation import sigmoid
from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layers.axis import axis_of
from cnnshape.layers.softmax import GLU, Softmax


def softmax(x: Array, axis: int) -> Array:
    """The shares exp(x)/Σ exp(x), the largest value taken away first."""
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y


def softmax_gradient(g: Array, y: Array, axis: int) -> Array:
    """Of the shares: y(g - Σ g·y)."""
    return y * (g - (g * y).sum(axis=axis, keepdims=True))


def log_softmax(x: Array, axis: int) -> Array:
    """The logarithm x - log Σ exp(x), the largest value taken away first."""
    y = x - x.max(axis=axis, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return y


def log_softmax_gradient(g: Array, y: Array, axis: int) -> Array:
    """Of the logarithm: g - softmax(x)·Σ g."""
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


@kernel(Softmax)
def normalise(layer: Softmax, context: Context, x: Array) -> Step:
    axis = 1 if layer.dim is None else axis_of(layer.dim, x.shape)
    if layer.type == "softmax":
        y = softmax(x, axis)
        return Step(y, lambda g: Gradients((softmax_gradient(g, y, axis),)))
    logarithms = log_softmax(x, axis)
    return Step(logarithms, lambda g: Gradients((log_softmax_gradient(g, logarithms, axis),)))


@kernel(GLU)
def gate(layer: GLU, context: Context, x: Array) -> Step:
    """a·σ(b): the gradient is g·σ(b), and g·a·σ(b)(1 - σ(b))."""
    axis = axis_of(layer.dim, x.shape)
    values, gates = np.split(x, 2, axis)
    opened = sigmoid(gates)

    def pullback(g: Array) -> Gradients:
        by_values = g * opened
        by_gates = by_values * values * (1 - opened)
        return Gradients((np.concatenate((by_values, by_gates), axis),))

    return Step(values * opened, pullback)
