"""Values in another arrangement."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnshape.kernels.arena import Array
from cnnshape.kernels.border import border_gradient, bordered
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.kernels.padding import surrounded
from cnnshape.kernels.shape import reorder, reshape
from cnnshape.layers.arrangement import (
    Diagonal,
    Flip,
    Movedim,
    PadAxes,
    Roll,
    Triangle,
    UnfoldAxis,
    ViewAs,
)
from cnnshape.layers.axis import axis_of

kernel(ViewAs)(reshape)
kernel(Movedim)(reorder)


@kernel(Flip)
def flip(layer: Flip, context: Context, x: Array) -> Step:
    axes = layer.axes_of(x.shape) if x.ndim else ()
    return Step(np.flip(x, axes), lambda g: Gradients((np.flip(g, axes),)))


@kernel(Roll)
def roll(layer: Roll, context: Context, x: Array) -> Step:
    moves = layer.moves(x.shape)
    if not moves:
        return Step(np.roll(x, layer.shifts), lambda g: Gradients((np.roll(g, _back(layer)),)))
    axes, shifts = zip(*moves, strict=True)
    back = tuple(-shift for shift in shifts)
    return Step(np.roll(x, shifts, axes), lambda g: Gradients((np.roll(g, back, axes),)))


def _back(layer: Roll) -> int:
    """The other way, of a roll of all values in a row."""
    (shift,) = layer.shifts if isinstance(layer.shifts, tuple) else (layer.shifts,)
    return -shift


@kernel(Diagonal)
def diagonal(layer: Diagonal, context: Context, x: Array) -> Step:
    axes = layer.axes_of(x.shape)
    y = np.diagonal(x, layer.offset, *axes)

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(x.shape, g.dtype)
        along = np.arange(g.shape[-1])
        rows, columns = along + max(-layer.offset, 0), along + max(layer.offset, 0)
        np.moveaxis(by_x, axes, (-2, -1))[..., rows, columns] = g
        return Gradients((by_x,))

    return Step(y, pullback)


@kernel(Triangle)
def triangle(layer: Triangle, context: Context, x: Array) -> Step:
    cut = np.tril if layer.type == "tril" else np.triu
    return Step(cut(x, layer.diagonal), lambda g: Gradients((cut(g, layer.diagonal),)))


@kernel(UnfoldAxis)
def unfold(layer: UnfoldAxis, context: Context, x: Array) -> Step:
    whole = x.reshape(x.shape or (1,))
    axis, size = axis_of(layer.dimension, whole.shape, field="dimension"), layer.size
    count = (whole.shape[axis] - size) // layer.step + 1
    if size:
        windows = sliding_window_view(whole, size, axis)
    else:
        windows = np.empty((*whole.shape[:axis], count * layer.step, *whole.shape[axis + 1 :], 0))
    every = (slice(None),) * axis + (slice(None, None, layer.step),)
    y = windows[every][(slice(None),) * axis + (slice(count),)]

    def pullback(g: Array) -> Gradients:
        by_x = np.zeros(whole.shape, g.dtype)
        g = g.reshape(y.shape)
        for tap in range(size):
            end = tap + (count - 1) * layer.step + 1
            by_x[(slice(None),) * axis + (slice(tap, end, layer.step),)] += g[..., tap]
        return Gradients((by_x.reshape(x.shape),))

    return Step(y if x.ndim else y.reshape(-1), pullback)


@kernel(PadAxes)
def pad(layer: PadAxes, context: Context, x: Array) -> Step:
    pads = layer.pads(x.shape)
    if layer.mode == "constant":
        return surrounded(x, pads, layer.value, context.arena)
    sizes = x.shape[x.ndim - len(pads) :]
    return Step(
        bordered(x, pads, layer.mode),
        lambda g: Gradients((border_gradient(g, sizes, pads, layer.mode),)),
    )
