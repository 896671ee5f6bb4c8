"""Recurrent layers: RNN, LSTM, GRU, of any number of layers and directions.

The products with the inputs are made for all steps at once; the loop over steps holds only what
needs the state before. Sequences are (L, N, E) in here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from cnnshape.kernels.activation import sigmoid
from cnnshape.kernels.arena import Array
from cnnshape.kernels.initial import Shapes, Weights, uniform
from cnnshape.kernels.kernel import Arrays, Context, Gradients, Step, kernel, scalar
from cnnshape.layer import Layer
from cnnshape.layers.recurrent import GRU, LSTM, RNN, Recurrent

Back = Callable[[Arrays], tuple[Array, Array, Arrays]]
"""Gradient of the new state → of the inputs' part, of the state's part, of the old state."""
Cell = Callable[[Any, Array, Array, Arrays], tuple[Arrays, Back]]
"""Layer, W_ih x + b_ih, W_hh h + b_hh, state → the new state, and the way back."""


def _rnn_cell(layer: RNN, inner: Array, hidden: Array, state: Arrays) -> tuple[Arrays, Back]:
    """The state h' = tanh(inner + hidden), or with ReLU."""
    total = inner + hidden
    rectified = layer.nonlinearity == "relu"
    h = np.maximum(total, 0) if rectified else np.tanh(total)

    def back(g: Arrays) -> tuple[Array, Array, Arrays]:
        by_total = g[0] * ((h > 0) if rectified else 1 - h * h)
        return by_total, by_total, ()

    return (h,), back


def _lstm_cell(layer: LSTM, inner: Array, hidden: Array, state: Arrays) -> tuple[Arrays, Back]:
    """Memory c' = σ(f)c + σ(i)tanh(g), state h' = σ(o)tanh(c'); gates i, f, g, o (PyTorch)."""
    i, f, candidate, o = np.split(inner + hidden, 4, axis=1)
    i, f, candidate, o = sigmoid(i), sigmoid(f), np.tanh(candidate), sigmoid(o)
    old = state[1]
    c = f * old + i * candidate
    bent = np.tanh(c)

    def back(g: Arrays) -> tuple[Array, Array, Arrays]:
        by_c = g[1] + g[0] * o * (1 - bent * bent)
        gates = (
            by_c * candidate * i * (1 - i),
            by_c * old * f * (1 - f),
            by_c * i * (1 - candidate * candidate),
            g[0] * bent * o * (1 - o),
        )
        by_total = np.concatenate(gates, axis=1)
        return by_total, by_total, (by_c * f,)

    return (o * bent, c), back


def _gru_cell(layer: GRU, inner: Array, hidden: Array, state: Arrays) -> tuple[Arrays, Back]:
    """The state h' = (1 - z)n + z·h, n = tanh(x_n + σ(r)h_n); gates r, z, n (PyTorch)."""
    inner_parts, hidden_parts = np.split(inner, 3, axis=1), np.split(hidden, 3, axis=1)
    r, z = (sigmoid(a + b) for a, b in zip(inner_parts[:2], hidden_parts[:2], strict=True))
    n = np.tanh(inner_parts[2] + r * hidden_parts[2])
    old = state[0]

    def back(g: Arrays) -> tuple[Array, Array, Arrays]:
        by_n = g[0] * (1 - z) * (1 - n * n)
        by_r = by_n * hidden_parts[2] * r * (1 - r)
        by_z = g[0] * (old - n) * z * (1 - z)
        by_inner = np.concatenate((by_r, by_z, by_n), axis=1)
        by_hidden = np.concatenate((by_r, by_z, by_n * r), axis=1)
        return by_inner, by_hidden, (g[0] * z,)

    return ((1 - z) * n + z * old,), back


CELLS: dict[str, Cell] = {"rnn": _rnn_cell, "lstm": _lstm_cell, "gru": _gru_cell}


class Sweep(NamedTuple):
    """One layer in one direction: its outputs, its last state, and the way back."""

    y: Array
    last: Arrays
    back: Callable[[Array, Arrays], tuple[Array, Weights]]


def _sweep(layer: Recurrent, x: Array, weights: Mapping[str, Array], suffix: str) -> Sweep:
    """Go through the sequence (L, N, E), backwards if the suffix says so."""
    own = {name: weights.get(f"{name}_{suffix}") for name in
           ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")}  # fmt: skip
    by_x, by_h, shorter = own["weight_ih"], own["weight_hh"], own["weight_hr"]
    assert by_x is not None
    assert by_h is not None
    inner, add = x @ by_x.T, 0 if own["bias_hh"] is None else own["bias_hh"]
    if own["bias_ih"] is not None:
        inner += own["bias_ih"]
    zeros = [np.zeros((x.shape[1], size), x.dtype) for size in (by_h.shape[1], layer.hidden_size)]
    state: Arrays = tuple(zeros[: 2 if layer.type == "lstm" else 1])
    order = list(range(len(x)))[:: -1 if suffix.endswith("reverse") else 1]
    backs, before, full = [], np.empty((len(x), *state[0].shape), x.dtype), []
    y = np.empty_like(before)
    for step in order:
        before[step] = state[0]
        state, back = CELLS[layer.type](layer, inner[step], state[0] @ by_h.T + add, state)
        backs.append(back)
        if shorter is not None:
            full.append(state[0])
            state = (state[0] @ shorter.T, *state[1:])
        y[step] = state[0]
    passed = _Passed(order, backs, before, np.array(full), x)
    return Sweep(y, state, lambda g, last: _sweep_back(passed, g, last, own, suffix))


class _Passed(NamedTuple):
    """What a sweep leaves for the way back."""

    order: Sequence[int]
    backs: list[Back]
    before: Array
    """The state before every step."""
    full: Array
    """The states before they were projected, in the order of the sweep."""
    x: Array


def _sweep_back(
    passed: _Passed, g: Array, last: Arrays, own: Mapping[str, Array | None], suffix: str
) -> tuple[Array, Weights]:
    """Gradients by the sequence and by the weights, step by step from the last."""
    w_ih, w_hh, shorter = own["weight_ih"], own["weight_hh"], own["weight_hr"]
    assert w_ih is not None
    assert w_hh is not None
    rows = len(w_ih)
    by_inner = np.empty((*passed.x.shape[:2], rows), g.dtype)
    by_hidden, projected = np.empty_like(by_inner), []
    carried = last
    for step, back in zip(reversed(passed.order), reversed(passed.backs), strict=True):
        by_state = carried[0] + g[step]
        if shorter is not None:
            projected.append(by_state)
            by_state = by_state @ shorter
        by_inner[step], by_hidden[step], direct = back((by_state, *carried[1:]))
        through = by_hidden[step] @ w_hh
        if len(carried) == 2:
            carried = (through, direct[0])
        else:
            carried = (through + direct[0] if direct else through,)
    weights = {
        "weight_ih": _outer(by_inner, passed.x),
        "weight_hh": _outer(by_hidden, passed.before),
        "bias_ih": by_inner.sum(axis=(0, 1)),
        "bias_hh": by_hidden.sum(axis=(0, 1)),
    }
    if shorter is not None:
        weights["weight_hr"] = _outer(np.array(projected[::-1]), passed.full)
    kept = {f"{name}_{suffix}": w for name, w in weights.items() if own[name] is not None}
    return by_inner @ w_ih, kept


def _outer(g: Array, x: Array) -> Array:
    """Σ gᵀx over steps and samples."""
    return g.reshape(-1, g.shape[-1]).T @ x.reshape(-1, x.shape[-1])


class Passage(NamedTuple):
    """All layers and directions: outputs, last states, and the way back from both."""

    y: Array
    states: list[Arrays]
    """Of layer 0, of layer 0 backwards, of layer 1, …"""
    back: Callable[[Array, list[Arrays]], tuple[Array, Weights]]


def recur(layer: Recurrent, context: Context, x: Array) -> Passage:
    """(L, N, E) → (L, N, D·H)."""
    suffixes = ("", "_reverse")[: layer.directions]
    sweeps: list[list[Sweep]] = []
    masks: list[Array] = []
    for number in range(layer.num_layers):
        names = [f"l{number}{suffix}" for suffix in suffixes]
        sweeps.append([_sweep(layer, x, context.weights, name) for name in names])
        x = np.concatenate([sweep.y for sweep in sweeps[-1]], axis=2)
        if number < layer.num_layers - 1:
            masks.append(_mask(layer, context, x))
            x = x * masks[-1]

    def back(g: Array, states: list[Arrays]) -> tuple[Array, Weights]:
        weights: Weights = {}
        for number in reversed(range(layer.num_layers)):
            if number < layer.num_layers - 1:
                g = g * masks[number]
            row = sweeps[number]
            lasts = states[number * len(row) : (number + 1) * len(row)]
            halves = np.split(g, len(row), axis=2)
            given = zip(row, halves, lasts, strict=True)
            done = [sweep.back(half, last) for sweep, half, last in given]
            g = np.add.reduce([by_x for by_x, _ in done])
            for _, found in done:
                weights.update(found)
        return g, weights

    return Passage(x, [sweep.last for row in sweeps for sweep in row], back)


def _mask(layer: Recurrent, context: Context, x: Array) -> Array:
    """Dropout between layers, in training."""
    p: float = vars(layer)["dropout"]
    if not (context.training and p):
        return np.ones((), x.dtype)
    kept = context.random.random(x.shape, dtype=np.float32) >= np.float32(p)
    return kept * scalar(1 / (1 - p) if p < 1 else 0, x)


def _by_hidden_size(layer: Layer, shapes: Shapes, random: np.random.Generator) -> Weights:
    """All uniform in ±1/√hidden_size (PyTorch, RNN)."""
    bound = 1 / sqrt(vars(layer)["hidden_size"])
    return {name: uniform(random, shape, bound) for name, shape in shapes.items()}


@kernel(RNN, LSTM, GRU, initial=_by_hidden_size)
def read_sequence(layer: Recurrent, context: Context, x: Array) -> Step:
    """The steps lie along the axis that does not hold the batch."""
    first = layer.batch_axis(context.shapes[0]) == 0
    passage = recur(layer, context, x.swapaxes(0, 1) if first else x)

    def pullback(g: Array) -> Gradients:
        rest = [tuple(map(np.zeros_like, state)) for state in passage.states]
        by_x, weights = passage.back(g.swapaxes(0, 1) if first else g, rest)
        return Gradients((by_x.swapaxes(0, 1) if first else by_x,), weights)

    return Step(passage.y.swapaxes(0, 1) if first else passage.y, pullback)
