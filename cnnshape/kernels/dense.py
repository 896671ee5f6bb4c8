"""Dense layers: linear, bilinear, embedding, radial basis functions."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from cnnshape.diagnostics import RuleError
from cnnshape.kernels.arena import Arena, Array
from cnnshape.kernels.initial import Shapes, Weights, by_fan_in, uniform
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.layer import Layer
from cnnshape.layers.dense import RBF, Bilinear, Embedding, Linear

FEW_ROWS = 4
"""Rows up to which a product waits for the memory that the weights come from, and"""
OUTPUTS = 8
"""outputs whose weights then stay in the cache for all rows."""

LinearGradients = tuple[Array | None, Array, Array | None]


def linear(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    wanted: bool = True,
    arena: Arena | None = None,
) -> tuple[Array, Callable[[Array], LinearGradients]]:
    """xWᵀ + b on the last axis; back: gW by x, gᵀx by W, Σ g by b."""
    y = _by_columns(x, weight) if x.ndim == 2 else x @ weight.T
    if bias is not None:
        y += bias

    def pullback(g: Array) -> LinearGradients:
        rows = g.reshape(-1, g.shape[-1])
        by_weight = (arena or Arena()).empty(weight.shape, weight.dtype)
        np.matmul(rows.T, x.reshape(-1, x.shape[-1]), out=by_weight)
        by_bias = None if bias is None else rows.sum(axis=0)
        return g @ weight if wanted else None, by_weight, by_bias

    return y, pullback


def _by_columns(x: Array, weight: Array) -> Array:
    """xWᵀ of a matrix, whose few rows are better columns.

    Of very few, the weights are multiplied by so many outputs at a time that they are read from
    memory once.
    """
    y = np.empty((len(weight), len(x)), np.result_type(weight, x))
    at_once = OUTPUTS if len(x) <= FEW_ROWS else max(len(weight), 1)
    for first in range(0, len(weight), at_once):
        part = slice(first, first + at_once)
        np.matmul(weight[part], x.T, out=y[part])
    return y.T


@kernel(Linear, initial=by_fan_in)
def transform(layer: Linear, context: Context, x: Array) -> Step:
    weight, bias = context.weights["weight"], context.weights.get("bias")
    y, back = linear(x, weight, bias, wanted=context.wanted[0], arena=context.arena)

    def pullback(g: Array) -> Gradients:
        by_x, by_weight, by_bias = back(g)
        weights = {"weight": by_weight}
        return Gradients((by_x,), weights if by_bias is None else {**weights, "bias": by_bias})

    return Step(y, pullback, loose=True)


def _by_first_input(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """All uniform in ±1/√in1_features (PyTorch, Bilinear)."""
    bound = 1 / sqrt(shapes["weight"][1])
    return {name: uniform(random, shape, bound) for name, shape in shapes.items()}


@kernel(Bilinear, initial=_by_first_input)
def transform_pair(layer: Bilinear, context: Context, x: Array, other: Array) -> Step:
    """y_o = Σ x_i A_oij z_j, one product with A as a matrix of i by (o, j)."""
    weight, bias = context.weights["weight"], context.weights.get("bias")
    outputs, firsts, seconds = weight.shape
    left, right = x.reshape(-1, firsts), other.reshape(-1, seconds)
    matrix = weight.transpose(1, 0, 2).reshape(firsts, -1)
    half = (left @ matrix).reshape(-1, outputs, seconds)
    y = (half @ right[:, :, None])[:, :, 0]
    if bias is not None:
        y += bias

    def pullback(g: Array) -> Gradients:
        rows = g.reshape(-1, outputs)
        pairs = rows[:, :, None] * right[:, None, :]
        by_left = pairs.reshape(len(rows), -1) @ matrix.T
        by_right = (rows[:, None, :] @ half)[:, 0]
        by_matrix = (left.T @ pairs.reshape(len(rows), -1)).reshape(firsts, outputs, seconds)
        weights = {"weight": by_matrix.transpose(1, 0, 2)}
        if bias is not None:
            weights["bias"] = rows.sum(axis=0)
        return Gradients((by_left.reshape(x.shape), by_right.reshape(other.shape)), weights)

    return Step(y.reshape(*x.shape[:-1], outputs), pullback)


def normal(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """From the normal distribution; zeros for the padding (PyTorch, Embedding)."""
    weight = random.standard_normal(shapes["weight"], dtype=np.float32)
    padding = vars(layer)["padding_idx"]
    if padding is not None:
        weight[padding] = 0
    return {"weight": weight}


@kernel(Embedding, initial=normal)
def embed(layer: Embedding, context: Context, x: Array) -> Step:
    weight = context.weights["weight"]
    _check_indices(layer, x)
    if layer.max_norm is not None:
        weight = shortened(weight, x, layer.max_norm, layer.norm_type)

    def pullback(g: Array) -> Gradients:
        by_weight = np.zeros_like(weight)
        np.add.at(by_weight, x, g)
        if layer.scale_grad_by_freq:
            times = np.bincount(x.ravel(), minlength=len(weight))
            by_weight /= np.maximum(times, 1).astype(weight.dtype)[:, None]
        if layer.padding_idx is not None:
            by_weight[layer.padding_idx] = 0
        return Gradients((None,), {"weight": by_weight})

    return Step(weight[x], pullback, loose=True)


def _check_indices(layer: Embedding, x: Array) -> None:
    """Indices count from 0."""
    count = layer.num_embeddings
    if x.size and not (x.min() >= 0 and x.max() < count):
        found = int(x.min() if x.min() < 0 else x.max())
        raise RuleError(
            "invalid-value",
            f"reads the index {found}, but has {count} embeddings, 0 to {count - 1}",
            field="num_embeddings",
            found=found,
        )


def shortened(weight: Array, x: Array, limit: float, norm_type: float) -> Array:
    """Vectors in use that are longer than max_norm are cut to it (PyTorch, embedding_renorm_)."""
    used = np.unique(x)
    lengths = np.linalg.norm(weight[used], norm_type, axis=1)
    factor = np.where(lengths > limit, limit / (lengths + 1e-7), 1)
    cut = weight.copy()
    cut[used] *= factor[:, None].astype(weight.dtype)
    return cut


def _signs(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """-1 and 1, as the pixels of the characters that LeCun et al. 1998 drew."""
    return {
        name: random.choice(np.array([-1, 1], np.float32), shape) for name, shape in shapes.items()
    }


@kernel(RBF, initial=_signs)
def measure(layer: RBF, context: Context, x: Array) -> Step:
    """Squared distances to fixed centres, which get no gradient."""
    centres = context.weights["centres"]
    apart = x[..., None, :] - centres
    y = (apart * apart).sum(axis=-1)
    return Step(y, lambda g: Gradients((2 * (g[..., None, :] @ apart)[..., 0, :],)))
