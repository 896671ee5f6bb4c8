"""Attention: multi-head attention, and the transformer's encoder layer. (N, L, E) in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import NamedTuple

import numpy as np

from cnnshape.kernels.activation import gelu
from cnnshape.kernels.arena import Array
from cnnshape.kernels.dense import linear
from cnnshape.kernels.initial import Shapes, Weights, uniform, xavier
from cnnshape.kernels.kernel import Arrays, Context, Gradients, Step, kernel, scalar
from cnnshape.kernels.normalisation import layer_norm
from cnnshape.kernels.softmax import softmax, softmax_gradient
from cnnshape.layer import Layer, is_bias
from cnnshape.layers.attention import MultiheadAttention, TransformerEncoderLayer

PROJECTIONS = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


class Attended(NamedTuple):
    """Outputs, the weights of attention as means over the heads, and the way back from both."""

    y: Array
    weights: Array
    back: Callable[[Array, Array | None], tuple[Arrays, Weights]]


class Heads(NamedTuple):
    """How attention is carried out."""

    number: int
    dropout: float = 0.0
    zero: bool = False
    """A key and a value of zeros are put behind the others."""


def attend(
    heads: Heads, context: Context, weights: Mapping[str, Array], sources: Arrays
) -> Attended:
    """softmax(QKᵀ/√d)V of projected queries, keys and values (Vaswani et al. 2017)."""
    matrices, biases = _projections(weights)
    projected = [linear(x, w, b) for x, w, b in zip(sources, matrices, biases, strict=True)]
    q, k, v = (y for y, _ in projected)
    k, v = (_extended(y, weights.get(f"bias_{n}"), heads) for n, y in (("k", k), ("v", v)))
    q, k, v = (_split(y, heads.number) for y in (q, k, v))
    scale = scalar(1 / sqrt(q.shape[-1]), q)
    shares = softmax(q @ k.swapaxes(2, 3) * scale, -1)
    mask = _mask(heads.dropout, context, shares)
    kept = shares * mask
    y, out_back = linear(_join(kept @ v), weights["out_proj.weight"], weights.get("out_proj.bias"))

    def back(g: Array, by_means: Array | None) -> tuple[Arrays, Weights]:
        by_joined, by_out, by_out_bias = out_back(g)
        assert by_joined is not None
        by_mixed = _split(by_joined, heads.number)
        by_kept = by_mixed @ v.swapaxes(2, 3)
        if by_means is not None:
            by_kept = by_kept + by_means[:, None] / scalar(heads.number, g)
        by_scores = softmax_gradient(by_kept * mask, shares, -1) * scale
        by_parts = (by_scores @ k, by_scores.swapaxes(2, 3) @ q, kept.swapaxes(2, 3) @ by_mixed)
        found: Weights = {"out_proj.weight": by_out}
        if by_out_bias is not None:
            found["out_proj.bias"] = by_out_bias
        by_sources = _projections_back(by_parts, sources, projected, weights, found)
        return by_sources, found

    return Attended(y, kept.mean(axis=1), back)


def _projections(weights: Mapping[str, Array]) -> tuple[list[Array], list[Array | None]]:
    """Three matrices and biases, which may be stored as one."""
    joint = weights.get("in_proj_weight")
    separate = [weights[name] for name in PROJECTIONS] if joint is None else np.split(joint, 3)
    bias = weights.get("in_proj_bias")
    return separate, [None] * 3 if bias is None else list(np.split(bias, 3))


def _projections_back(
    by_parts: Arrays,
    sources: Arrays,
    projected: list[tuple[Array, Callable[[Array], tuple[Array | None, Array, Array | None]]]],
    weights: Mapping[str, Array],
    found: Weights,
) -> Arrays:
    """Gradients by the sources; those by the weights of the projections are put into `found`."""
    by_sources, by_matrices, by_biases = [], [], []
    for name, by_part, x, (_, part_back) in zip("qkv", by_parts, sources, projected, strict=True):
        joined = _join(by_part)
        if f"bias_{name}" in weights:
            found[f"bias_{name}"] = joined[:, x.shape[1] : x.shape[1] + 1].sum(
                axis=0, keepdims=True
            )
        by_x, by_matrix, by_bias = part_back(joined[:, : x.shape[1]])
        assert by_x is not None
        by_sources.append(by_x)
        by_matrices.append(by_matrix)
        by_biases.append(by_bias)
    if "in_proj_weight" in weights:
        found["in_proj_weight"] = np.concatenate(by_matrices)
    else:
        found.update(zip(PROJECTIONS, by_matrices, strict=True))
    if "in_proj_bias" in weights:
        found["in_proj_bias"] = np.concatenate([b for b in by_biases if b is not None])
    return tuple(by_sources)


def _extended(y: Array, bias: Array | None, heads: Heads) -> Array:
    """Keys or values with a learned one and one of zeros behind them, as asked for."""
    rows = [y]
    if bias is not None:
        rows.append(np.broadcast_to(bias, (len(y), 1, y.shape[2])))
    if heads.zero:
        rows.append(np.zeros((len(y), 1, y.shape[2]), y.dtype))
    return np.concatenate(rows, axis=1) if len(rows) > 1 else y


def _split(x: Array, heads: int) -> Array:
    """(N, L, E) → (N, heads, L, E/heads)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _join(x: Array) -> Array:
    """(N, heads, L, E/heads) → (N, L, E)."""
    return x.swapaxes(1, 2).reshape(len(x), x.shape[2], -1)


def _mask(p: float, context: Context, x: Array) -> Array:
    """What values are multiplied by: in training 0 with probability p, else 1/(1 - p)."""
    if not (context.training and p):
        return np.ones((), x.dtype)
    kept = context.random.random(x.shape, dtype=np.float32) >= np.float32(p)
    return kept * scalar(1 / (1 - p) if p < 1 else 0, x)


def _initial(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """PyTorch's: projections by Glorot, their biases and the output's 0, the rest as Linear's."""
    return {name: _drawn(name, shapes, random) for name in shapes}


def _drawn(name: str, shapes: Shapes, random: np.random.Generator) -> Array:
    shape = shapes[name]
    if name in ("bias_k", "bias_v"):
        return random.standard_normal(shape, dtype=np.float32) / np.float32(sqrt(shape[-1]))
    if "norm" in name or (is_bias(name) and not name.startswith("linear")):
        return np.full(shape, 0 if is_bias(name) else 1, np.float32)
    if "_proj_" in name:
        return xavier(random, shape)
    return uniform(random, shape, 1 / sqrt(shapes[name.replace("bias", "weight")][1]))


@kernel(MultiheadAttention, initial=_initial)
def attend_to(layer: MultiheadAttention, context: Context, x: Array, *others: Array) -> Step:
    """One input attends to itself; of two, the second gives keys and values."""
    arrays = (x, *others)
    first = [layer.batch_axis(shape) == 0 for shape in context.shapes]
    inner = [a if f else a.swapaxes(0, 1) for a, f in zip(arrays, first, strict=True)]
    places = (0, min(1, len(others)), len(others))
    sources = tuple(inner[place] for place in places)
    done = attend(heads_of(layer), context, context.weights, sources)

    def pullback(g: Array) -> Gradients:
        by_sources, weights = done.back(g if first[0] else g.swapaxes(0, 1), None)
        sums = [np.zeros((), x.dtype)] * len(arrays)
        for place, by_source in zip(places, by_sources, strict=True):
            sums[place] = sums[place] + by_source
        by_inputs = (s if f else s.swapaxes(0, 1) for s, f in zip(sums, first, strict=True))
        return Gradients(tuple(by_inputs), weights)

    return Step(done.y if first[0] else done.y.swapaxes(0, 1), pullback)


def heads_of(layer: MultiheadAttention) -> Heads:
    """The arguments that say how attention is carried out."""
    return Heads(layer.num_heads, layer.dropout, layer.add_zero_attn)


Part = tuple[Array, Callable[[Array], tuple[Array, Weights]]]
"""A part of the encoder: its output, and from its gradient those by its input and its weights."""


def _named(prefix: str, weights: Mapping[str, Array]) -> dict[str, Array]:
    return {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}


def _self_attention(layer: TransformerEncoderLayer, context: Context, x: Array) -> Part:
    own = _named("self_attn.", context.weights)
    done = attend(Heads(layer.nhead, layer.dropout), context, own, (x, x, x))
    mask = _mask(layer.dropout, context, x)

    def back(g: Array) -> tuple[Array, Weights]:
        (by_q, by_k, by_v), found = done.back(g * mask, None)
        return by_q + by_k + by_v, {f"self_attn.{n}": w for n, w in found.items()}

    return done.y * mask, back


def _feed_forward(layer: TransformerEncoderLayer, context: Context, x: Array) -> Part:
    """linear2(dropout(activation(linear1(x)))), dropped out again."""
    own = context.weights
    hidden, first_back = linear(x, own["linear1.weight"], own.get("linear1.bias"))
    if layer.activation == "gelu":
        active, slope = gelu(hidden)
    else:
        active, slope = np.maximum(hidden, 0), lambda: hidden > 0
    inner, outer = _mask(layer.dropout, context, hidden), _mask(layer.dropout, context, x)
    y, second_back = linear(active * inner, own["linear2.weight"], own.get("linear2.bias"))

    def back(g: Array) -> tuple[Array, Weights]:
        by_active, *second = second_back(g * outer)
        assert by_active is not None
        by_x, *first = first_back(by_active * inner * slope())
        assert by_x is not None
        found = {}
        for name, values in (("linear1", first), ("linear2", second)):
            pairs = zip(("weight", "bias"), values, strict=True)
            found.update({f"{name}.{n}": v for n, v in pairs if v is not None})
        return by_x, found

    return y * outer, back


def _norm(number: int, layer: TransformerEncoderLayer, context: Context, x: Array) -> Part:
    own = _named(f"norm{number}.", context.weights)
    step = layer_norm(x, x.shape[-1:], layer.layer_norm_eps, own)

    def back(g: Array) -> tuple[Array, Weights]:
        (by_x,), found = step.pullback(g)
        assert by_x is not None
        return by_x, {f"norm{number}.{n}": w for n, w in found.items()}

    return step.output, back


@kernel(TransformerEncoderLayer, initial=_initial)
def encode(layer: TransformerEncoderLayer, context: Context, x: Array) -> Step:
    """Two branches, each with a shortcut, and a norm before it or after the sum."""
    first = layer.batch_axis(context.shapes[0]) == 0
    y = x if first else x.swapaxes(0, 1)
    backs = []
    for number, part in ((1, _self_attention), (2, _feed_forward)):
        if layer.norm_first:
            normal, norm_back = _norm(number, layer, context, y)
            branch, branch_back = part(layer, context, normal)
            y = y + branch
        else:
            branch, branch_back = part(layer, context, y)
            y, norm_back = _norm(number, layer, context, y + branch)
        backs.append((branch_back, norm_back))

    def pullback(g: Array) -> Gradients:
        g = g if first else g.swapaxes(0, 1)
        weights: Weights = {}
        for branch_back, norm_back in reversed(backs):
            if layer.norm_first:
                g = g + _chained(g, branch_back, norm_back, weights)
            else:
                g, found = norm_back(g)
                weights.update(found)
                g = g + _chained(g, branch_back, None, weights)
        return Gradients((g if first else g.swapaxes(0, 1),), weights)

    return Step(y if first else y.swapaxes(0, 1), pullback)


PartBack = Callable[[Array], tuple[Array, Weights]]


def _chained(g: Array, one: PartBack, other: PartBack | None, weights: Weights) -> Array:
    """Back through one part, and through another behind it."""
    for back in (one, other):
        if back is not None:
            g, found = back(g)
            weights.update(found)
    return g
