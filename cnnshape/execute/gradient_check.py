"""Gradients against central differences along random directions, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import inf, isfinite
from typing import NamedTuple

import numpy as np

from cnnshape.execute.executor import Settings, forward
from cnnshape.execute.plan import Plan
from cnnshape.execute.weights import Arrays, generator
from cnnshape.kernels.arena import Arena, Array

STEPS = (1e-5, 1e-7)
"""How far along a direction of length 1, in parts of the largest value.

The error of a difference is of the square of its step. The smaller step serves where a kink, as
ReLU has at 0, lies within the larger.
"""
NEAR = 1e-6
"""An error that no smaller step need mend."""


class Slope(NamedTuple):
    """The slope of the scalar along one direction: by the way back, and by differences."""

    name: str
    computed: float
    measured: float

    @property
    def error(self) -> float:
        """How far apart they are, as a part of the larger; of slopes below 1e-4, of 1e-4."""
        size = max(abs(self.computed), abs(self.measured), 1e-4)
        apart = abs(self.computed - self.measured)
        return apart / size if isfinite(apart) else inf


def check_gradients(
    plan: Plan,
    inputs: Mapping[str, Array],
    weights: Mapping[str, Array],
    *,
    training: bool = False,
    seed: int = 0,
    directions: int = 1,
) -> Iterator[Slope]:
    """Along random directions of every input and parameter, one at a time.

    The scalar is Σ g·y over the outputs for a random g, which is the same in every evaluation, as
    is what dropout drops. Weights and inputs are taken in double precision.
    """
    arrays = {name: _double(x) for name, x in inputs.items()}
    stored = {name: _double(w) for name, w in weights.items()}
    keep = frozenset(plan.graph.outputs)
    settings = Settings(training=training, seed=seed, keep=keep)
    cotangents = {
        name: generator(seed, f"gradient of {name}").standard_normal(plan.shapes[name])
        for name in keep
    }
    arena = Arena()
    by_inputs, by_weights = forward(plan, arrays, stored, settings, arena).backward(cotangents)
    still = Settings(training=training, seed=seed, keep=keep, backward=False)

    def scalar() -> float:
        values = forward(plan, arrays, stored, still, arena).values
        return float(sum((g * values[name]).sum() for name, g in cotangents.items()))

    for group, gradients in ((arrays, by_inputs), (stored, by_weights)):
        for name, gradient in gradients.items():
            for number in range(directions):
                yield _slope(name, gradient, group, scalar, generator(seed + number, name))


def _double(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def _slope(
    name: str,
    gradient: Array,
    group: Arrays,
    scalar: Callable[[], float],
    random: np.random.Generator,
) -> Slope:
    direction = random.standard_normal(gradient.shape)
    direction /= np.linalg.norm(direction) or 1
    computed, middle = float((gradient * direction).sum()), group[name]
    best = Slope(name, computed, inf)
    for part in STEPS:
        step = part * max(float(np.abs(middle).max(initial=0)), 1e-2)
        ends = []
        for sign in (1, -1):
            group[name] = middle + sign * step * direction
            ends.append(scalar())
        found = Slope(name, computed, (ends[0] - ends[1]) / (2 * step))
        best = min(best, found, key=lambda slope: slope.error)
        if best.error < NEAR:
            break
    group[name] = middle
    return best
