"""Where branches meet: value by value with broadcasting, side by side, or as matrices."""

from __future__ import annotations

from functools import reduce
from itertools import accumulate

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Arrays, Context, Gradients, Step, kernel, reduced_to
from cnnshape.layers.axis import axis_of
from cnnshape.layers.merge import Concat, Elementwise, Matmul


@kernel(Elementwise)
def combine(layer: Elementwise, context: Context, *inputs: Array) -> Step:
    return COMBINE[layer.type](context, inputs)


def _add(context: Context, inputs: Arrays) -> Step:
    return _weighed(context, inputs, (1.0,) * len(inputs))


def _subtract(context: Context, inputs: Arrays) -> Step:
    return _weighed(context, inputs, (1.0, *(-1.0,) * (len(inputs) - 1)))


def _average(context: Context, inputs: Arrays) -> Step:
    step = _add(context, inputs)
    share = 1 / len(inputs)
    y = np.multiply(step.output, share, out=step.output if step.loose else None)
    return Step(y, lambda g: step.pullback(g * share), loose=step.loose)


def _weighed(context: Context, inputs: Arrays, signs: tuple[float, ...]) -> Step:
    """A sum of inputs, each added (1) or taken away (-1)."""
    first, *others = inputs
    shapes = [x.shape for x in inputs]
    same = len(set(shapes)) == 1
    y = first
    for x, sign in zip(others, signs[1:], strict=True):
        out = None
        if same:
            out = y if y is not first else context.target(first)
        y = (np.add if sign > 0 else np.subtract)(y, x, out=out)

    def pullback(g: Array) -> Gradients:
        return Gradients(
            tuple(
                reduced_to(g if sign > 0 else -g, shape)
                for shape, sign in zip(shapes, signs, strict=True)
            )
        )

    return Step(y, pullback, loose=same)


def _multiply(context: Context, inputs: Arrays) -> Step:
    """A product; by one factor its gradient is the product of the others, zeros or not."""
    ahead = list(accumulate(inputs, np.multiply))
    behind = list(accumulate(inputs[::-1], np.multiply))[::-1]

    def pullback(g: Array) -> Gradients:
        gradients = []
        for place, x in enumerate(inputs):
            rest = g
            if place:
                rest = rest * ahead[place - 1]
            if place < len(inputs) - 1:
                rest = rest * behind[place + 1]
            gradients.append(reduced_to(rest, x.shape))
        return Gradients(tuple(gradients))

    return Step(ahead[-1], pullback)


def _maximum(context: Context, inputs: Arrays) -> Step:
    """The largest value; inputs that share it share its gradient (PyTorch, maximum)."""
    y: Array = reduce(np.maximum, inputs)

    def pullback(g: Array) -> Gradients:
        reached = [x == y for x in inputs]
        share = g / np.maximum(np.add.reduce([hit.astype(g.dtype) for hit in reached]), 1)
        return Gradients(
            tuple(reduced_to(share * hit, x.shape) for hit, x in zip(reached, inputs, strict=True))
        )

    return Step(y, pullback)


COMBINE = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "maximum": _maximum,
    "average": _average,
}


@kernel(Concat)
def concatenate(layer: Concat, context: Context, *inputs: Array) -> Step:
    axis = axis_of(layer.dim, inputs[0].shape)
    ends = list(accumulate(x.shape[axis] for x in inputs))
    shape = list(inputs[0].shape)
    shape[axis] = ends[-1]
    y = context.arena.like(inputs[0], shape)
    np.concatenate(inputs, axis=axis, out=y)
    return Step(y, lambda g: Gradients(tuple(np.split(g, ends[:-1], axis))), loose=True)


@kernel(Matmul)
def multiply_matrices(layer: Matmul, context: Context, x: Array, other: Array) -> Step:
    """Vectors are a row before, a column behind."""
    rows, columns = (
        a.reshape(shape)
        for a, shape in zip((x, other), layer.matrices(x.shape, other.shape), strict=True)
    )
    y = rows @ columns

    def pullback(g: Array) -> Gradients:
        g = g.reshape(y.shape)
        by_x = reduced_to(g @ columns.swapaxes(-1, -2), rows.shape)
        by_other = reduced_to(rows.swapaxes(-1, -2) @ g, columns.shape)
        return Gradients((by_x.reshape(x.shape), by_other.reshape(other.shape)))

    return Step(y.reshape(layer.output_shape(x.shape, other.shape)), pullback)
