"""Layers that drop values in training, and pass them on as they are otherwise."""

from __future__ import annotations

from math import sqrt

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, scalar
from cnnshape.layer import Shape
from cnnshape.layers.regularisation import Dropout, DropoutChannels, DropPath

ALPHA = -1.7580993408473766
"""-λα of SELU: what dropped values become, so that mean and variance stay (Klambauer 2017)."""


@kernel(Dropout)
def drop(layer: Dropout, context: Context, x: Array) -> Step:
    if layer.type == "alpha_dropout" and context.training and layer.p:
        return _drop_to_alpha(layer.p, context, x)
    return _dropped(layer.p, context, x, x.shape)


@kernel(DropoutChannels)
def drop_channels(layer: DropoutChannels, context: Context, x: Array) -> Step:
    return _dropped(layer.p, context, x, (*x.shape[:2], *(1,) * (x.ndim - 2)))


@kernel(DropPath)
def drop_path(layer: DropPath, context: Context, x: Array) -> Step:
    return _dropped(layer.drop_prob, context, x, (len(x), *(1,) * (x.ndim - 1)))


def _kept(p: float, context: Context, shape: Shape) -> Array:
    """1 with probability 1 - p, else 0; drawn in single precision, whatever the run's."""
    return context.random.random(shape, dtype=np.float32) >= np.float32(p)


def _dropped(p: float, context: Context, x: Array, shape: Shape) -> Step:
    """What is kept is divided by 1 - p, so that the mean stays; `shape` is drawn as one."""
    if not (context.training and p):
        return Step(x, lambda g: Gradients((g,)))
    factor = _kept(p, context, shape) * scalar(1 / (1 - p) if p < 1 else 0, x)
    return Step(x * factor, lambda g: Gradients((g * factor,)), loose=True)


def _drop_to_alpha(p: float, context: Context, x: Array) -> Step:
    """a(x or α') + b, with a = 1/√((1 - p)(1 + p·α'²)) and b = -a·p·α'."""
    scale = 1 / sqrt((1 - p) * (1 + p * ALPHA**2)) if p < 1 else 0.0
    kept = _kept(p, context, x.shape)
    y = np.where(kept, x * scalar(scale, x), scalar(scale * ALPHA, x))
    y -= scalar(scale * p * ALPHA, x)
    return Step(y, lambda g: Gradients((g * kept * scalar(scale, x),)), loose=True)
