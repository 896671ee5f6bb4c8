"""Operations along axes: reductions, running sums, orders.

What is reduced is brought to one last axis first, `z`, so that a rule is written for that alone.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.kernels.pointwise import flat
from cnnshape.kernels.softmax import softmax, softmax_gradient
from cnnshape.layers.reduction import (
    Mean,
    Norm,
    Normalize,
    Pick,
    Reduction,
    Running,
    Softmin,
    Sort,
    TopK,
    Total,
    Variance,
)

Slope = Callable[[], Array]
Reduced = tuple[Array, Slope | None]
"""What a last axis becomes, and for the way back its slope by each value; None: there is none."""


def reduce_by(layer: Reduction, x: Array, rule: Callable[[Array], Reduced]) -> Step:
    """A reduction by a rule for the last axis."""
    axes = layer.reduced(x.shape)
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    moved = x.transpose(*kept, *axes) if x.ndim else x
    shape = moved.shape
    y, slope = rule(moved.reshape(*shape[: len(kept)], prod(shape[len(kept) :])))
    y = np.asarray(y)
    output = y.reshape(layer.output_shape(x.shape))
    if slope is None:
        return flat(output)

    def pullback(g: Array) -> Gradients:
        by_z = np.multiply(g.reshape(y.shape)[..., None], slope(), dtype=g.dtype)
        by_moved = by_z.reshape(shape)
        back = sorted(range(x.ndim), key=[*kept, *axes].__getitem__)
        return Gradients((by_moved.transpose(back) if back else by_moved,))

    return Step(output, pullback)


def _product(z: Array) -> Reduced:
    """By one factor the product of the others, zeros or not."""
    y = z.prod(axis=-1)

    def slope() -> Array:
        ones = np.ones_like(z[..., :1])
        ahead = np.cumprod(np.concatenate((ones, z[..., :-1]), axis=-1), axis=-1)
        behind = np.cumprod(np.concatenate((ones, z[..., :0:-1]), axis=-1), axis=-1)
        return ahead * behind[..., ::-1]

    return y, slope


def _extreme(find: Callable[..., Array]) -> Callable[[Array], Reduced]:
    """Values that share the extreme share its gradient (PyTorch, amax)."""

    def rule(z: Array) -> Reduced:
        y = find(z, axis=-1)

        def slope() -> Array:
            hits = z == y[..., None]
            return hits / hits.sum(axis=-1, keepdims=True)

        return y, slope

    return rule


TOTALS: dict[str, Callable[[Array], Reduced]] = {
    "sum": lambda z: (z.sum(axis=-1), lambda: np.ones_like(z)),
    "prod": _product,
    "amax": _extreme(np.max),
    "amin": _extreme(np.min),
    "any": lambda z: (np.asarray(z.any(axis=-1)), None),
    "all": lambda z: (np.asarray(z.all(axis=-1)), None),
    "count_nonzero": lambda z: (np.count_nonzero(z, axis=-1), None),
}


@kernel(Total)
def total(layer: Total, context: Context, x: Array) -> Step:
    return reduce_by(layer, x, TOTALS[layer.type])


@kernel(Mean)
def average(layer: Mean, context: Context, x: Array) -> Step:
    return reduce_by(layer, x, _mean if layer.type == "mean" else _log_of_sum)


def _mean(z: Array) -> Reduced:
    return z.mean(axis=-1), lambda: np.full_like(z, 1 / z.shape[-1])


def _log_of_sum(z: Array) -> Reduced:
    """The logarithm of Σ exp(x), the largest value taken away first; of slope exp(x - y)."""
    largest = z.max(axis=-1, keepdims=True, initial=-np.inf)
    finite = np.where(np.isfinite(largest), largest, 0)
    y = np.log(np.exp(z - finite).sum(axis=-1)) + finite[..., 0]
    return y, lambda: np.exp(z - y[..., None])


@kernel(Variance)
def variance(layer: Variance, context: Context, x: Array) -> Step:
    def rule(z: Array) -> Reduced:
        rest = z - z.mean(axis=-1, keepdims=True)
        count = np.asarray(max(z.shape[-1] - layer.correction, 0), z.dtype)
        y = (rest * rest).sum(axis=-1) / count
        if layer.type == "var":
            return y, lambda: 2 * rest / count
        root = np.sqrt(y)
        below = np.where(root == 0, 1, root)[..., None]
        return root, lambda: rest / (count * below)

    return reduce_by(layer, x, rule)


def norm(z: Array, p: float) -> tuple[Array, Slope]:
    """The p-norm along the last axis, and its slope, 0 where the norm is."""
    size = np.abs(z)
    if np.isinf(p):
        y, slope = _extreme(np.max if p > 0 else np.min)(size)
        assert slope is not None
        return y, lambda: slope() * np.sign(z)
    if p == 0:
        return np.count_nonzero(z, axis=-1).astype(z.dtype), lambda: np.zeros_like(z)
    y = size.sum(axis=-1) if p == 1 else (size**p).sum(axis=-1) ** (1 / p)

    def by_value() -> Array:
        if p == 1:
            return np.sign(z)
        below = np.where(y == 0, 1, y)[..., None]
        return np.where(size == 0, 0, np.sign(z) * (size / below) ** (p - 1))

    return y, by_value


@kernel(Norm)
def take_norm(layer: Norm, context: Context, x: Array) -> Step:
    return reduce_by(layer, x, lambda z: norm(z, layer.p))


def _median(z: Array) -> Reduced:
    """The lower one of two; NumPy's would lie between them."""
    order = np.argsort(z, axis=-1, kind="stable")
    place = order[..., (z.shape[-1] - 1) // 2, None]
    y = np.take_along_axis(z, place, axis=-1)[..., 0]
    return y, lambda: (np.arange(z.shape[-1]) == place).astype(z.dtype)


@kernel(Pick)
def pick(layer: Pick, context: Context, x: Array) -> Step:
    if layer.type == "median":
        return reduce_by(layer, x, _median)
    find = np.argmax if layer.type == "argmax" else np.argmin
    return reduce_by(layer, x, lambda z: (find(z, axis=-1), None))


def along(x: Array, axis: int, rule: Callable[[Array], tuple[Array, Pull]]) -> Step:
    """What changes the values along one axis, by a rule for the last one."""
    y, pull = rule(np.moveaxis(x.reshape(x.shape or (1,)), axis, -1))

    def pullback(g: Array) -> Gradients:
        by_moved = pull(np.moveaxis(g.reshape(g.shape or (1,)), axis, -1))
        return Gradients((np.moveaxis(by_moved, -1, axis).reshape(x.shape),))

    moved = np.moveaxis(y, -1, axis)
    return Step(moved if x.ndim else moved.reshape(()), pullback)


Pull = Callable[[Array], Array]


def _from_behind(g: Array) -> Array:
    """For each place the sum of what stands at it and behind it."""
    return np.cumsum(g[..., ::-1], axis=-1)[..., ::-1]


def _running_product(z: Array) -> tuple[Array, Pull]:
    """By one factor, Σ g·(the product so far without it) over all places from its own on."""
    count = z.shape[-1]

    def pull(g: Array) -> Array:
        own = np.eye(count, dtype=bool)
        without = np.where(own, 1, z[..., None, :])
        so_far = np.cumprod(without, axis=-1) * np.triu(np.ones((count, count), z.dtype))
        return (so_far @ g[..., None])[..., 0]

    return np.cumprod(z, axis=-1), pull


def _running_log(z: Array) -> tuple[Array, Pull]:
    y = np.logaddexp.accumulate(z, axis=-1)

    def pull(g: Array) -> Array:
        shares = np.triu(np.exp(z[..., :, None] - y[..., None, :]))
        return (shares @ g[..., None])[..., 0]

    return y, pull


RUNNING: dict[str, Callable[[Array], tuple[Array, Pull]]] = {
    "cumsum": lambda z: (np.cumsum(z, axis=-1), _from_behind),
    "cumprod": _running_product,
    "logcumsumexp": _running_log,
}


@kernel(Running)
def run(layer: Running, context: Context, x: Array) -> Step:
    return along(x, layer.axis(x.shape), RUNNING[layer.type])


@kernel(Softmin)
def shares(layer: Softmin, context: Context, x: Array) -> Step:
    def rule(z: Array) -> tuple[Array, Pull]:
        y = softmax(-z, -1)
        return y, lambda g: -softmax_gradient(g, y, -1)

    return along(x, layer.axis(x.shape), rule)


@kernel(Normalize)
def normalise(layer: Normalize, context: Context, x: Array) -> Step:
    """x/n of slope g/n - x·Σ(g·x)/n² times that of n, where n is the norm and not `eps`."""
    axes = layer.axes_of(x.shape)
    whole = x.reshape(x.shape or (1,))
    last = tuple(range(-len(axes), 0))
    z = np.moveaxis(whole, axes, last)
    size, slope = norm(z.reshape(*z.shape[: z.ndim - len(axes)], -1), layer.p)
    divisor = np.maximum(size, layer.eps).reshape(*size.shape, *(1,) * len(axes))
    y = z / divisor

    def pullback(g: Array) -> Gradients:
        g = np.moveaxis(g.reshape(whole.shape), axes, last)
        along_y = (g * y).sum(axis=last, keepdims=True) * (divisor > layer.eps)
        by_z = (g - along_y * slope().reshape(z.shape)) / divisor
        return Gradients((np.moveaxis(by_z, last, axes).reshape(x.shape),))

    return Step(np.moveaxis(y, last, axes).reshape(x.shape), pullback)


def order_of(z: Array, *, descending: bool) -> Array:
    """The places in order, equal values as they stand."""
    if not descending:
        return np.argsort(z, axis=-1, kind="stable")
    behind = np.argsort(z[..., ::-1], axis=-1, kind="stable")
    return (z.shape[-1] - 1 - behind)[..., ::-1]


def _ordered(x: Array, axis: int, count: int, *, descending: bool, places: bool) -> Step:
    """The first of the values in order, or where they stand."""

    def rule(z: Array) -> tuple[Array, Pull]:
        order = order_of(z, descending=descending)[..., :count]

        def pull(g: Array) -> Array:
            by_z = np.zeros(z.shape, g.dtype)
            np.put_along_axis(by_z, order, g, axis=-1)
            return by_z

        return (order if places else np.take_along_axis(z, order, axis=-1)), pull

    step = along(x, axis, rule)
    return flat(step.output) if places else step


@kernel(Sort)
def sort(layer: Sort, context: Context, x: Array) -> Step:
    axis, places = layer.axis(x.shape), layer.type == "argsort"
    count = x.shape[axis] if x.ndim else 1
    return _ordered(x, axis, count, descending=layer.descending, places=places)


@kernel(TopK)
def best(layer: TopK, context: Context, x: Array) -> Step:
    axis, places = layer.axis(x.shape), layer.type == "topk_indices"
    return _ordered(x, axis, layer.k, descending=layer.largest, places=places)
