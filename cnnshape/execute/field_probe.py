"""A model made linear and positive, so that a gradient is non-zero wherever an output sees.

Weights are positive and biases zero, activations and norms pass on what arrives, a maximum over a
window is a sum, and so are differences and products: nothing cancels, and no value of a window is
left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from cnnshape.analysis.fields import Rules
from cnnshape.execute.plan import Plan, Stage
from cnnshape.execute.weights import Arrays, generator, weights_of
from cnnshape.kernels.adaptive import pool_all, pool_to_means
from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Kernel, Step
from cnnshape.kernels.merge import combine
from cnnshape.kernels.pooling import mean_pool
from cnnshape.layer import Layer, Shape
from cnnshape.layers.adaptive import AdaptiveMaxPool, GlobalPool
from cnnshape.layers.merge import Elementwise
from cnnshape.layers.pooling import LPPool, MaxPool

Probe = Callable[..., Step]
CURVED = ("cnnshape.kernels.attention", "cnnshape.kernels.recurrent")
"""Kernels that have no linear form: they run with the weights that they are drawn."""


def pass_on(layer: Layer, context: Context, x: Array) -> Step:
    """What arrives."""
    return Step(x, lambda g: Gradients((g,)))


def pool_sums(layer: MaxPool | LPPool, context: Context, x: Array) -> Step:
    """A mean, in which every value of a window counts."""
    slides = layer.slides(context.shapes[0])
    size = np.array(prod(slide.kernel for slide in slides))
    y, gradient = mean_pool(slides, context, x, size)
    return Step(y, lambda g: Gradients((gradient(g),)))


def pool_everything(layer: GlobalPool, context: Context, x: Array) -> Step:
    """The mean of all positions."""
    return pool_all(layer.model_copy(update={"type": "global_avg_pool"}), context, x)


def add_up(layer: Elementwise, context: Context, *inputs: Array) -> Step:
    """A sum: in a product a factor that is zero, as between the taps of a kernel, hides others."""
    return combine(layer.model_copy(update={"type": "add"}), context, *inputs)


PROBES: dict[type[Layer], Probe] = {
    MaxPool: pool_sums,
    LPPool: pool_sums,
    AdaptiveMaxPool: pool_to_means,
    GlobalPool: pool_everything,
    Elementwise: add_up,
}


def linear(plan: Plan) -> Plan:
    """The plan with kernels that are linear where there are such."""
    return replace(plan, stages=tuple(map(_probed, plan.stages)))


def _probed(stage: Stage) -> Stage:
    found = pass_on if _passes(stage) else PROBES.get(type(stage.layer))
    kernel = stage.kernel if found is None else Kernel(found, stage.kernel.initial)
    return replace(stage, kernel=kernel, trains=False)


def _passes(stage: Stage) -> bool:
    """Whether by the layer's rules every output sees what lies at its own place."""
    return rules_of(stage).passes and stage.x[0] == stage.y


def rules_of(stage: Stage) -> Rules:
    """What the layer says of its inputs, in its own layout."""
    layer, x = stage.layer, stage.x
    return Rules(layer.windows(*x), layer.flow(stage.y, *x), stage.moved)


def positive_weights(plan: Plan, seed: int) -> Arrays:
    """Weights between 1/2 and 3/2 of one over what an output reads, and no biases."""
    positive = {
        f"{stage.name}.{name}": _positive(name, shape, generator(seed, f"probe of {stage.name}"))
        for stage in plan.owners.values()
        if stage.layer.kernel not in CURVED
        for name, shape in stage.parameters.items()
    }
    return weights_of(plan, positive, seed=seed, dtype=np.float64)


def _positive(name: str, shape: Shape, random: np.random.Generator) -> Array:
    if name == "bias":
        return np.zeros(shape)
    weight = random.random(shape)
    weight += 0.5
    weight /= max(prod(shape[1:]), 1)
    return weight
