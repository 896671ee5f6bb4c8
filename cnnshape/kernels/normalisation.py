"""Normalisation: of batches channel by channel, of rows, and of neighbouring channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

import numpy as np

from cnnshape.diagnostics import RuleError
from cnnshape.kernels.arena import Arena, Array
from cnnshape.kernels.columns import channel_major
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, scalar
from cnnshape.layer import Shape
from cnnshape.layers.normalisation import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
)

CACHED = 1 << 17
"""Values that several operations in turn find in the processor's cache."""


def parts(channels: int, values: int) -> Iterator[slice]:
    """Channels, as many at a time as stay in the cache."""
    count = max(CACHED // max(values, 1), 1)
    return (slice(first, first + count) for first in range(0, channels, count))


class Moments(NamedTuple):
    """Of each channel the mean, and one over the deviation; `fixed`: they are not the batch's."""

    mean: Array
    scale: Array
    fixed: bool


def _batch_moments(rows: Array, eps: float) -> tuple[Moments, Array]:
    """Means and deviations of (C, M) and their variances, not those of a sample."""
    mean, variance = np.empty(len(rows), rows.dtype), np.empty(len(rows), rows.dtype)
    for part in parts(*rows.shape):
        mean[part] = rows[part].mean(axis=1)
        centred = rows[part] - mean[part, None]
        variance[part] = np.vecdot(centred, centred) / rows.shape[1]
    return Moments(mean, 1 / np.sqrt(variance + scalar(eps, rows)), fixed=False), variance


def _running_moments(context: Context, eps: float, x: Array) -> Moments:
    mean, variance = context.weights["running_mean"], context.weights["running_var"]
    return Moments(mean, 1 / np.sqrt(variance + scalar(eps, x)), fixed=True)


def _update(context: Context, share: float, mean: Array, variance: Array) -> None:
    """Running statistics move to those of the batch."""
    for name, value in (("running_mean", mean), ("running_var", variance)):
        old = context.weights[name]
        context.buffers[name] = (old + share * (value - old)).astype(old.dtype)


def _counted(context: Context, momentum: float | None) -> float:
    """The share of this batch; without a momentum that of the mean of all batches so far."""
    count = context.weights.get("num_batches_tracked", np.array(0)) + 1
    context.buffers["num_batches_tracked"] = np.asarray(count)
    return 1 / float(count) if momentum is None else momentum


def _gain(context: Context, channels: int, x: Array) -> tuple[Array, Array]:
    """Gains and biases, 1 and 0 where the layer has none."""
    weight, bias = context.weights.get("weight"), context.weights.get("bias")
    return (
        np.ones(channels, x.dtype) if weight is None else weight,
        np.zeros(channels, x.dtype) if bias is None else bias,
    )


@kernel(BatchNorm)
def normalise_batch(layer: BatchNorm, context: Context, x: Array) -> Step:
    source = channel_major(x, context.arena)
    rows = source.reshape(len(source), -1)
    gain, bias = _gain(context, len(rows), x)
    if context.training or not layer.track_running_stats:
        moments, variance = _batch_moments(rows, layer.eps)
        if context.training and layer.track_running_stats:
            _check_count(rows.shape[1])
            unbiased = variance * (rows.shape[1] / (rows.shape[1] - 1))
            _update(context, _counted(context, layer.momentum), moments.mean, unbiased)
    else:
        moments = _running_moments(context, layer.eps, x)
    y = context.arena.empty(source.shape, x.dtype)
    _stretch(rows, moments.mean, gain * moments.scale, bias, y.reshape(rows.shape))

    def pullback(g: Array) -> Gradients:
        g = channel_major(g, context.arena)
        by_x = context.arena.empty(source.shape, x.dtype)
        by_gain, by_bias = _stretch_gradient(
            g.reshape(rows.shape), rows, moments, gain, by_x.reshape(rows.shape)
        )
        weights = {"weight": by_gain, "bias": by_bias} if layer.affine else {}
        return Gradients((by_x.swapaxes(0, 1),), weights)

    return Step(y.swapaxes(0, 1), pullback, loose=True)


def _check_count(values: int) -> None:
    if values < 2:
        raise RuleError(
            "invalid-value", "has one value a channel, of which no variance can be taken",
            help="give a larger batch, or run in evaluation mode",
        )  # fmt: skip


def _stretch(rows: Array, mean: Array, factor: Array, bias: Array, out: Array) -> None:
    """(x - mean)·factor + bias."""
    for part in parts(*rows.shape):
        y = out[part]
        np.subtract(rows[part], mean[part, None], out=y)
        y *= factor[part, None]
        y += bias[part, None]


def _stretch_gradient(
    g: Array, rows: Array, moments: Moments, gain: Array, out: Array
) -> tuple[Array, Array]:
    """γr(g - Σg/M - x̂ Σ(g·x̂)/M) by x, written to `out` (Ioffe and Szegedy 2015, section 3).

    Returned: Σ g·x̂ by the gain, Σ g by the bias. With fixed moments x only gets γr·g.
    """
    by_gain, by_bias = np.empty_like(gain), np.empty_like(gain)
    count = rows.shape[1]
    for part in parts(*rows.shape):
        mean, scale = moments.mean[part, None], moments.scale[part, None]
        slope, by_x = gain[part, None] * scale, out[part]
        centred = rows[part] - mean
        by_bias[part] = total = g[part].sum(axis=1)
        by_gain[part] = joint = np.vecdot(g[part], centred) * scale[:, 0]
        np.multiply(g[part], slope, out=by_x)
        if not moments.fixed:
            centred *= slope * scale * (joint / count)[:, None]
            by_x -= centred
            by_x -= slope * (total / count)[:, None]
    return by_gain, by_bias


def standardised(rows: Array, eps: float) -> tuple[Array, Array]:
    """Each row less its mean, by its deviation; and one over the deviations."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    variance = np.vecdot(centred, centred)[:, None] / rows.shape[1]
    scale = 1 / np.sqrt(variance + scalar(eps, rows))
    centred *= scale
    return centred, scale


def standardised_gradient(g: Array, normal: Array, scale: Array) -> Array:
    """r(g - mean g - x̂·mean(g·x̂)), row by row."""
    joint = np.vecdot(g, normal)[:, None] / g.shape[1]
    return scale * (g - g.mean(axis=1, keepdims=True) - normal * joint)


def _sum_to(values: Array, shape: Shape) -> Array:
    """Summed over all axes along which `shape` has size 1, or which come before it."""
    extra = values.ndim - len(shape)
    axes = (*range(extra), *(axis + extra for axis, size in enumerate(shape) if size == 1))
    return values.sum(axis=axes, keepdims=True).reshape(shape)


def _normalised_rows(
    stored: Mapping[str, Array], x: Array, rows: int, eps: float, along: tuple[int, ...]
) -> Step:
    """Rows of x standardised, then gains and biases, whose shape in x is `along`."""
    normal, scale = standardised(x.reshape(rows, -1), eps)
    weight, bias = stored.get("weight"), stored.get("bias")
    y = normal.reshape(x.shape)
    if weight is not None:
        y = y * weight.reshape(along)
    if bias is not None:
        y = y + bias.reshape(along)

    def pullback(g: Array) -> Gradients:
        weights = {}
        inner = g
        if weight is not None:
            weights["weight"] = _sum_to(g * normal.reshape(x.shape), along).reshape(weight.shape)
            inner = g * weight.reshape(along)
        if bias is not None:
            weights["bias"] = _sum_to(g, along).reshape(bias.shape)
        by_x = standardised_gradient(inner.reshape(normal.shape), normal, scale)
        return Gradients((by_x.reshape(x.shape),), weights)

    return Step(y, pullback)


def _a_channel(x: Array) -> tuple[int, ...]:
    return (x.shape[1], *(1,) * (x.ndim - 2))


@kernel(GroupNorm)
def normalise_groups(layer: GroupNorm, context: Context, x: Array) -> Step:
    return _normalised_rows(context.weights, x, len(x) * layer.num_groups, layer.eps, _a_channel(x))


@kernel(InstanceNorm)
def normalise_instances(layer: InstanceNorm, context: Context, x: Array) -> Step:
    """Each sample by itself; running statistics follow the mean of the samples' (PyTorch)."""
    if not layer.track_running_stats:
        return _normalised_rows(context.weights, x, len(x) * x.shape[1], layer.eps, _a_channel(x))
    if not context.training:
        return _by_running_statistics(layer, context, x)
    axes = tuple(range(2, x.ndim))
    count = prod(x.shape[2:])
    _check_count(count)
    variance = x.var(axis=axes) * (count / (count - 1))
    _update(context, layer.momentum, x.mean(axis=(0, *axes)), variance.mean(axis=0))
    return _normalised_rows(context.weights, x, len(x) * x.shape[1], layer.eps, _a_channel(x))


def _by_running_statistics(layer: InstanceNorm, context: Context, x: Array) -> Step:
    along, others = _a_channel(x), (0, *range(2, x.ndim))
    mean, scale, _ = _running_moments(context, layer.eps, x)
    gain, bias = _gain(context, x.shape[1], x)
    normal = (x - mean.reshape(along)) * scale.reshape(along)

    def pullback(g: Array) -> Gradients:
        weights = {"weight": (g * normal).sum(axis=others), "bias": g.sum(axis=others)}
        by_x = g * (gain * scale).reshape(along)
        return Gradients((by_x,), weights if layer.affine else {})

    return Step(normal * gain.reshape(along) + bias.reshape(along), pullback)


@kernel(LayerNorm)
def normalise_layer(layer: LayerNorm, context: Context, x: Array) -> Step:
    return layer_norm(x, layer.shape_of(x.shape), layer.eps, context.weights)


def layer_norm(x: Array, shape: Shape, eps: float, stored: Mapping[str, Array]) -> Step:
    """The last axes, of `shape`, standardised; `stored` may hold a `weight` and a `bias`."""
    rows = prod(x.shape[: x.ndim - len(shape)])
    return _normalised_rows(stored, x, rows, eps, (1, *shape))


@kernel(RMSNorm)
def normalise_by_root_mean_square(layer: RMSNorm, context: Context, x: Array) -> Step:
    """x/√(mean x² + ε)·γ; ε is by default the precision of the numbers (PyTorch, RMSNorm)."""
    shape = layer.shape_of(x.shape)
    eps = np.finfo(x.dtype).eps if layer.eps is None else layer.eps
    rows = x.reshape(-1, prod(shape))
    scale = 1 / np.sqrt(np.vecdot(rows, rows) / rows.shape[1] + scalar(float(eps), x))[:, None]
    normal = rows * scale
    gain = context.weights.get("weight")
    weight = scalar(1, x) if gain is None else gain.ravel()

    def pullback(g: Array) -> Gradients:
        g = g.reshape(rows.shape)
        inner = g * weight
        by_x = scale * (inner - normal * np.vecdot(inner, normal)[:, None] / rows.shape[1])
        weights = {} if gain is None else {"weight": (g * normal).sum(axis=0).reshape(shape)}
        return Gradients((by_x.reshape(x.shape),), weights)

    return Step((normal * weight).reshape(x.shape), pullback)


def _power(sums: Array, beta: float) -> Array:
    """sums^-β; for β = 3/4, the usual one, by two square roots, which cost less."""
    if beta != 0.75:
        return np.power(sums, scalar(-beta, sums))
    root = np.sqrt(sums)
    root *= np.sqrt(root)
    return np.reciprocal(root, out=root)


@kernel(LocalResponseNorm)
def normalise_neighbours(layer: LocalResponseNorm, context: Context, x: Array) -> Step:
    """x·s^-β, s = k + α/n Σ x², the sum over neighbouring channels being a banded matrix product.

    Back: g·s^-β - 2β·α/n·x·Σ' g·x·s^(-β-1), Σ' over the channels whose sums hold x.
    """
    source = channel_major(x, context.arena)
    rows = source.reshape(len(source), -1)
    places = np.arange(len(rows))
    apart = places[None, :] - places[:, None] + layer.size // 2
    band = ((apart >= 0) & (apart < layer.size)) * scalar(layer.alpha / layer.size, x)
    sums = _banded(band, rows, rows, context.arena)
    sums += scalar(layer.k, x)
    factor = _power(sums, layer.beta)
    y = np.multiply(rows, factor, out=context.arena.empty(rows.shape, x.dtype))

    def pullback(g: Array) -> Gradients:
        g = channel_major(g, context.arena).reshape(rows.shape)
        by_x = np.multiply(g, factor, out=context.arena.empty(rows.shape, x.dtype))
        spread = _banded(band.T, by_x, rows / sums, context.arena)
        spread *= rows
        spread *= scalar(2 * layer.beta, x)
        by_x -= spread
        return Gradients((by_x.reshape(source.shape).swapaxes(0, 1),))

    return Step(y.reshape(source.shape).swapaxes(0, 1), pullback, loose=True)


def _banded(band: Array, one: Array, other: Array, arena: Arena) -> Array:
    """The product of the band and one·other."""
    return np.matmul(band, one * other, out=arena.empty(one.shape, one.dtype))
