"""Optimisers with PyTorch's arguments: what a step makes of weights and gradients.

Weights are changed in place. The state is a plain mapping of arrays, so that it can be stored
beside the weights and training goes on as if it had not stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol

import numpy as np

from cnnshape.kernels.arena import Array

Arrays = dict[str, Array]


class Optimiser(Protocol):
    """Something that makes steps."""

    rate: float
    """The learning rate; a schedule may set it before each step."""
    state: Arrays

    def step(self, weights: Arrays, gradients: Mapping[str, Array]) -> None:
        """Change the weights that have a gradient."""


@dataclass(slots=True)
class SGD:
    """w - rate·v with v = momentum·v + (1 - dampening)·g (PyTorch, SGD).

    With `nesterov` the step is g + momentum·v (Sutskever et al. 2013, as PyTorch has it). Weight
    decay adds weight_decay·w to g. The first v is g.
    """

    rate: float = 1e-3
    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    state: Arrays = field(default_factory=dict)

    def step(self, weights: Arrays, gradients: Mapping[str, Array]) -> None:
        """Change the weights that have a gradient."""
        for name, gradient in gradients.items():
            w = weights[name]
            g = gradient + self.weight_decay * w if self.weight_decay else gradient
            w -= w.dtype.type(self.rate) * (self._velocity(name, g) if self.momentum else g)

    def _velocity(self, name: str, g: Array) -> Array:
        v = self.state.get(name)
        if v is None:
            v = self.state[name] = np.array(g)
        else:
            v *= self.momentum
            v += (1 - self.dampening) * g
        return g + self.momentum * v if self.nesterov else v


@dataclass(slots=True)
class Adam:
    """w - rate·m̂/(√v̂ + ε), m and v being running means of g and g² (Kingma and Ba 2015).

    Weight decay adds weight_decay·w to g (PyTorch, Adam).
    """

    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    state: Arrays = field(default_factory=dict)
    """`<weight>/mean`, `<weight>/square`, `<weight>/steps`."""

    def step(self, weights: Arrays, gradients: Mapping[str, Array]) -> None:
        """Change the weights that have a gradient."""
        for name, gradient in gradients.items():
            w = weights[name]
            g = gradient + self.weight_decay * w if self.weight_decay else gradient
            mean, square, steps = self._moments(name, g)
            first, second = (1 - beta**steps for beta in self.betas)
            root = np.sqrt(square) / sqrt(second) + w.dtype.type(self.eps)
            w -= w.dtype.type(self.rate / first) * (mean / root)

    def _moments(self, name: str, g: Array) -> tuple[Array, Array, int]:
        """The running means with g in them, and the number of steps so far."""
        mean = self.state.setdefault(f"{name}/mean", np.zeros_like(g))
        square = self.state.setdefault(f"{name}/square", np.zeros_like(g))
        steps = self.state.get(f"{name}/steps", np.array(0)) + 1
        self.state[f"{name}/steps"] = np.asarray(steps)
        mean += (1 - self.betas[0]) * (g - mean)
        square *= self.betas[1]
        square += (1 - self.betas[1]) * g * g
        return mean, square, int(steps)
