"""Rules of linear maps in a row: `linear-after-linear`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from cnnshape.analysis.design.finding import labels_at, sizes, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.walk import Applied
from cnnshape.diagnostics import Diagnostic
from cnnshape.window import Window

MOST_TAPS = 64
"""Larger kernels are not put together, tap by tap."""


class One(NamedTuple):
    """One layer that computes all that two in a row can."""

    weights: int
    words: str
    fewer: bool = True
    """Whether it needs no more weights than both do."""


def linear_after_linear(subject: Subject) -> Iterator[Diagnostic]:
    """Two linear maps with nothing but views and dropout between: together they are one.

    What two make that is meant to be two is left alone: fewer channels between than on either side
    (a factorisation of low rank), groups, kernels along different axes, and wherever one layer for
    both would need more weights.
    """
    for first in subject.distinct:
        second = _next_linear(subject, first) if first.layer.linear else None
        one = _as_one(first, second) if second is not None else None
        if second is not None and one is not None:
            yield _told(first, second, one)


def _told(first: Applied, second: Applied, one: One) -> Diagnostic:
    both = _weights(first) + _weights(second)
    count = f", with {one.weights:,} weights in place of {both:,}" if one.fewer else ""
    return warning_at(
        "linear-after-linear",
        second.node,
        f"follows `{first.node.name}` without a nonlinearity between: "
        "together they are one linear map",
        labels=()
        if first.node.place.span == second.node.place.span
        else labels_at(first.node, f"`{first.node.name}` is linear"),
        notes=[f"{one.words} can do what both do{count}"],
        help="put an activation between them" + (", or make them one layer" if one.fewer else ""),
    )


def _next_linear(subject: Subject, first: Applied) -> Applied | None:
    """The next linear layer, where all between only hands values on."""
    for applied in subject.chain_from(first):
        if applied.layer.linear:
            return applied
        if not applied.layer.view:
            return None
    return None


def _weights(applied: Applied) -> int:
    return prod(applied.layer.weights(*applied.x)["weight"])


def _as_one(first: Applied, second: Applied) -> One | None:
    """One layer in place of both; None where that would be more, or is another thing."""
    if not (_mixes_all(first) and _mixes_all(second)):
        return None
    if len(first.x[0]) == 2 or len(second.x[0]) == 2:
        return _matrix(first, second)
    if first.y != second.x[0] or first.layer.channels != second.layer.channels:
        return None
    if not first.layer.channels:
        return _matrix(first, second)
    return _convolution(first, second)


def _matrix(first: Applied, second: Applied) -> One | None:
    """A matrix from all that arrives (of one position) to all that leaves."""
    if first.layer.channels or len(first.x[0]) == 2:
        inputs = prod(first.x[0][1:])
    else:
        inputs = first.x[0][-1] if len(second.x[0]) > 2 else prod(first.x[0][1:])
    outputs = second.y[-1] if not second.layer.channels else prod(second.y[1:])
    weights = inputs * outputs
    if weights > _weights(first) + _weights(second):
        return None
    return One(weights, f"one linear layer, {inputs:,} to {outputs:,},")


def _mixes_all(applied: Applied) -> bool:
    """Whether each output channel sums all input channels: no groups, no table."""
    layer, x, y = applied.layer, applied.x[0], applied.y
    axis = 1 if layer.channels else -1
    taps = prod(len(_offsets(window)) for window in _windows(applied))
    return _weights(applied) == x[axis] * y[axis] * taps


def _windows(applied: Applied) -> list[Window]:
    windows = applied.layer.windows(*applied.x)
    return [window for _, window in sorted(windows.items()) if window is not None]


def _offsets(window: Window) -> range:
    """Where the taps lie, from the first on."""
    return range(0, window.extent, window.spacing)


def _convolution(first: Applied, second: Applied) -> One | None:
    """A convolution whose kernel is that of both, put together."""
    pairs = list(zip(_windows(first), _windows(second), strict=True))
    kernels = [[len(_offsets(window)) for window in side] for side in zip(*pairs, strict=True)]
    if any(window.up > 1 for pair in pairs for window in pair):
        if any(max(kernel) == 1 and _is_plain(item) for kernel, item in
               zip(kernels, (first, second), strict=True)):  # fmt: skip
            return _fewer(first, second, [a * b for a, b in zip(*kernels, strict=True)])
        return None
    if max(map(max, kernels)) > MOST_TAPS or _are_apart(*kernels):
        return None
    together = [
        len({a + b * one.step for a in _offsets(one) for b in _offsets(other)})
        for one, other in pairs
    ]
    narrow = first.y[1] < min(first.x[0][1], second.y[1])
    deep = min(map(max, kernels)) > 1 and not narrow
    return _fewer(first, second, together, at_any_cost=deep)


def _is_plain(applied: Applied) -> bool:
    """Whether a layer mixes channels alone, place by place."""
    return all(w.step == w.up == w.extent == 1 and not w.before for w in _windows(applied))


def _are_apart(one: list[int], other: list[int]) -> bool:
    """Whether kernels extend along different axes: 1×7 and 7×1."""
    return (
        max(one) > 1 and max(other) > 1 and all(1 in pair for pair in zip(one, other, strict=True))
    )


def _fewer(
    first: Applied, second: Applied, kernel: list[int], *, at_any_cost: bool = False
) -> One | None:
    weights = first.x[0][1] * second.y[1] * prod(kernel)
    fewer = weights <= _weights(first) + _weights(second)
    pads = any(window.before for window in _windows(second))
    borders = ", borders aside," if pads else ""
    words = f"one layer with a kernel of {sizes(kernel)}{borders}"
    return One(weights, words, fewer) if fewer or at_any_cost else None
