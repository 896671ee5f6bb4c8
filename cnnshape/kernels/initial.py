"""What weights are before training: PyTorch's defaults, drawn from a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod, sqrt

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.layer import Layer, Shape, is_bias

Shapes = Mapping[str, Shape]
Weights = dict[str, Array]
Initial = Callable[[Layer, Shapes, np.random.Generator], Weights]


def uniform(random: np.random.Generator, shape: Shape, bound: float) -> Array:
    """Values between -bound and bound; single precision, whatever a run's own is."""
    values = random.random(shape, dtype=np.float32)
    values -= np.float32(0.5)
    values *= np.float32(2 * bound)
    return values


def zeros_and_ones(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """Biases and means 0, gains and variances 1: a normalisation that changes no scale."""
    return {
        name: np.zeros(shape, np.float32)
        if is_bias(name) or name.endswith("mean")
        else np.ones(shape, np.float32)
        for name, shape in shapes.items()
    }


def by_fan_in(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """All uniform in ±1/√fan_in, which is Kaiming's with a = √5 (PyTorch, Linear, Conv2d).

    The fan-in is the number of values of `weight` less its first axis, for the bias too.
    """
    fan_in = prod(shapes["weight"][1:])
    return {name: uniform(random, shape, 1 / sqrt(fan_in)) for name, shape in shapes.items()}


def xavier(random: np.random.Generator, shape: Shape) -> Array:
    """Uniform in ±√(6/(fan_in + fan_out)) (Glorot and Bengio 2010; PyTorch, xavier_uniform_)."""
    return uniform(random, shape, sqrt(6 / (shape[0] + shape[1])))
