"""Products of tensors: einsum, outer, attention."""

from __future__ import annotations

from math import sqrt

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, reduced_to, scalar
from cnnshape.kernels.softmax import softmax, softmax_gradient
from cnnshape.layers.product import Einsum, Outer, ScaledDotProductAttention

Labels = tuple[str, ...]


def _sum_of_products(arrays: list[Array], labels: list[Labels], output: Labels) -> Array:
    """NumPy's einsum, whose labels are numbers."""
    numbers = {a: n for n, a in enumerate(dict.fromkeys(label for one in labels for label in one))}
    pairs = [
        item
        for array, one in zip(arrays, labels, strict=True)
        for item in (array, [numbers[a] for a in one])
    ]
    return np.asarray(np.einsum(*pairs, [numbers[a] for a in output], optimize=len(arrays) > 1))


@kernel(Einsum)
def sum_of_products(layer: Einsum, context: Context, *inputs: Array) -> Step:
    shapes = [x.shape for x in inputs]
    terms, sizes = layer.terms(*shapes), layer.sizes(*shapes)
    whole = [_spread(x, one, sizes) for x, one in zip(inputs, terms.operands, strict=True)]

    def pullback(g: Array) -> Gradients:
        found = []
        for place, (x, own) in enumerate(zip(inputs, terms.operands, strict=True)):
            others = [*whole[:place], *whole[place + 1 :]]
            known = [*terms.operands[:place], *terms.operands[place + 1 :]]
            found.append(_gradient(g, terms.output, others, known, own, sizes, x.shape))
        return Gradients(tuple(found))

    return Step(_sum_of_products(whole, list(terms.operands), terms.output), pullback)


def _spread(x: Array, labels: Labels, sizes: dict[str, int]) -> Array:
    """An operand with its axes of 1 repeated to the size of their label."""
    return np.broadcast_to(x, [sizes[label] for label in labels])


def _gradient(
    g: Array,
    output: Labels,
    others: list[Array],
    known: list[Labels],
    own: Labels,
    sizes: dict[str, int],
    shape: tuple[int, ...],
) -> Array:
    """By one operand: g times the others, over its labels; a label it has twice is a diagonal."""
    unique = tuple(dict.fromkeys(own))
    there = {label for one in (output, *known) for label in one}
    found = tuple(label for label in unique if label in there)
    by_found = _sum_of_products([g, *others], [output, *known], found)
    places = tuple(slice(None) if label in there else None for label in unique)
    by_unique = np.broadcast_to(by_found[places], [sizes[label] for label in unique])
    by_x = np.zeros([sizes[label] for label in own], g.dtype)
    grid = dict(zip(unique, np.ogrid[tuple(slice(sizes[a]) for a in unique)], strict=True))
    by_x[tuple(grid[label] for label in own)] = by_unique
    return reduced_to(by_x, shape)


@kernel(Outer)
def outer(layer: Outer, context: Context, x: Array, other: Array) -> Step:
    return Step(np.multiply.outer(x, other), lambda g: Gradients((g @ other, x @ g)))


@kernel(ScaledDotProductAttention)
def attend(
    layer: ScaledDotProductAttention,
    context: Context,
    queries: Array,
    keys: Array,
    values: Array,
    *mask: Array,
) -> Step:
    factor = 1 / sqrt(queries.shape[-1]) if layer.scale is None else layer.scale
    scale = scalar(factor, queries)
    every_key, every_value = (_heads(layer, x, queries) for x in (keys, values))
    scores = queries @ every_key.swapaxes(-1, -2) * scale
    scores = _masked(layer, scores, mask)
    shares = softmax(scores, -1)
    kept = _dropped(layer, context, shares)

    def pullback(g: Array) -> Gradients:
        by_shares = g @ every_value.swapaxes(-1, -2) * kept
        by_scores = softmax_gradient(by_shares, shares, -1)
        found = (
            reduced_to(by_scores @ every_key * scale, queries.shape),
            _from_heads(by_scores.swapaxes(-1, -2) @ queries * scale, keys),
            _from_heads((shares * kept).swapaxes(-1, -2) @ g, values),
        )
        added = [reduced_to(by_scores, m.shape) if m.dtype.kind == "f" else None for m in mask]
        return Gradients((*found, *added))

    return Step(shares * kept @ every_value, pullback)


def _masked(layer: ScaledDotProductAttention, scores: Array, mask: tuple[Array, ...]) -> Array:
    """What takes no part is at minus infinity; numbers are added."""
    if layer.is_causal:
        return np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    for one in mask:
        scores = scores + one if one.dtype.kind == "f" else np.where(one != 0, scores, -np.inf)
    return scores


def _dropped(layer: ScaledDotProductAttention, context: Context, shares: Array) -> Array:
    """The factor of each share: 0 where it is dropped, in evaluation too (PyTorch)."""
    if not layer.dropout_p:
        return scalar(1, shares)
    kept = context.random.random(shares.shape) >= layer.dropout_p
    return (kept / max(1 - layer.dropout_p, 1e-12)).astype(shares.dtype)


def _heads(layer: ScaledDotProductAttention, x: Array, queries: Array) -> Array:
    """Keys or values for every head of the queries, each one serving several in a row."""
    if not layer.enable_gqa or min(x.ndim, queries.ndim) < 3:
        return x
    return np.repeat(x, queries.shape[-3] // x.shape[-3], axis=-3)


def _from_heads(g: Array, x: Array) -> Array:
    """The gradient by keys or values of that by those of every head."""
    if g.ndim > 2 and x.ndim > 2 and g.shape[-3] != x.shape[-3] != 1:
        shape = (*g.shape[:-3], x.shape[-3], -1, *g.shape[-2:])
        g = g.reshape(shape).sum(axis=-3)
    return reduced_to(g, x.shape)
