"""Parts of a tensor: what is taken is a view, what is put back lies among zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel, reduced_to
from cnnshape.kernels.lookup import known
from cnnshape.layers.indexing import REST, TENSOR, Assign, Index, TakeIndex


def basic(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Items as NumPy has them; where a tensor will look up, all is kept."""
    meant = {REST: Ellipsis, TENSOR: slice(None)}
    return tuple(
        meant[item] if isinstance(item, str) else slice(*item) if isinstance(item, tuple) else item
        for item in items
    )


@kernel(Index)
def index(layer: Index, context: Context, x: Array) -> Step:
    items = basic(layer.items)

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(x.shape, g.dtype)
        by_x[items] = g
        return Gradients((by_x,))

    return Step(np.asarray(x[items]), pullback)


@kernel(TakeIndex)
def take(layer: TakeIndex, context: Context, x: Array, *indices: Array) -> Step:
    """Slices and numbers first, as PyTorch does, then the tensors."""
    items = basic(layer.items)
    given = iter(indices)
    looked: Any = tuple(
        known(next(given), part.size, from_end=True) if part.item == TENSOR else slice(None)
        for part in layer.kept(x.shape)
    )

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(x.shape, g.dtype)
        np.add.at(by_x[items], looked, g)
        return Gradients((by_x,))

    return Step(np.asarray(x[items][looked]), pullback)


@kernel(Assign)
def assign(layer: Assign, context: Context, x: Array, *values: Array) -> Step:
    items = basic(layer.items)
    y = x.copy()
    y[items] = values[0] if values else layer.value

    def pullback(g: Array) -> Gradients:
        by_x = g.copy()
        by_x[items] = 0
        by_values = [_gathered(np.asarray(g[items]), value.shape) for value in values]
        return Gradients((by_x, *by_values))

    return Step(y, pullback)


def _gathered(g: Array, shape: tuple[int, ...]) -> Array:
    """The gradient by what was put in, which may have more axes of 1 in front."""
    leading = max(len(shape) - g.ndim, 0)
    return reduced_to(g, shape[leading:]).reshape(shape)
