"""Losses with PyTorch's names, arguments and reductions, and their gradients by the prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnnshape.execute.failure import failure
from cnnshape.kernels.activation import sigmoid, softplus
from cnnshape.kernels.arena import Array
from cnnshape.kernels.softmax import log_softmax, log_softmax_gradient

SMALLEST_LOGARITHM = -100.0
"""Logarithms in binary cross entropy go no lower (PyTorch, BCELoss)."""


class Loss(NamedTuple):
    """A loss, a number unless nothing was reduced, and the gradient of its sum."""

    value: Any
    gradient: Array


LossFunction = Callable[..., Loss]


def _reduced(terms: Array, gradient: Array, reduction: str, count: float | None = None) -> Loss:
    """`mean` divides by `count`, by default the number of terms; `batchmean` by the samples."""
    if reduction == "none":
        return Loss(terms, gradient)
    divisors = {"sum": 1, "mean": terms.size if count is None else count, "batchmean": len(terms)}
    if reduction not in divisors:
        listed = ", ".join(f"`{name}`" for name in ("none", *divisors))
        raise failure(
            "invalid-value", f"there is no reduction `{reduction}`", help=f"use one of {listed}"
        )
    divisor = terms.dtype.type(divisors[reduction])
    return Loss(float(terms.sum() / divisor), gradient / divisor)


def cross_entropy(
    x: Array,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Loss:
    """-Σ q·log softmax(x) along axis 1, q being the class, or probabilities of the shape of x.

    With classes `mean` divides by the sum of their weights, with probabilities by the samples
    (PyTorch, CrossEntropyLoss).
    """
    logarithms = log_softmax(x, 1)
    shares, count = _shares(x, target, weight, ignore_index, label_smoothing)
    gradient = log_softmax_gradient(-shares, logarithms, 1)
    return _reduced(-(shares * logarithms).sum(axis=1), gradient, reduction, count)


def nll_loss(
    x: Array,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Loss:
    """Minus the logarithm given for the class, x holding logarithms (PyTorch, NLLLoss)."""
    shares, count = _shares(x, np.asarray(target), weight, ignore_index, 0.0)
    return _reduced(-(shares * x).sum(axis=1), -shares, reduction, count)


def _shares(
    x: Array,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None,
    ignore_index: int,
    smoothing: float,
) -> tuple[Array, float | None]:
    """What each logarithm counts, and what a mean divides by (None: the number of terms)."""
    classes = x.shape[1]
    goal = np.asarray(target)
    each = np.ones(classes, x.dtype) if weight is None else np.asarray(weight, x.dtype)
    each = each.reshape(-1, *(1,) * (x.ndim - 2))
    if goal.shape == x.shape:
        _check_shape(x, goal, x.shape)
        return (goal.astype(x.dtype) * (1 - smoothing) + smoothing / classes) * each, None
    _check_shape(x, goal, (len(x), *x.shape[2:]))
    kept = goal != ignore_index
    _check_classes(goal[kept], classes)
    safe = np.where(kept, goal, 0)[:, None]
    hit = np.zeros(x.shape, x.dtype)
    np.put_along_axis(hit, safe, 1, axis=1)
    counted = (hit * each).sum(axis=1) * kept
    shares = (hit * (1 - smoothing) + x.dtype.type(smoothing / classes)) * each * kept[:, None]
    return shares, float(counted.sum())


def _check_shape(x: Array, goal: Array, wanted: tuple[int, ...]) -> None:
    if goal.shape != wanted:
        raise failure(
            "shape-mismatch",
            f"predictions of {x.shape} need targets of {wanted}, but {goal.shape} are given",
            expected=list(wanted),
            found=list(goal.shape),
        )


def _check_classes(goal: Array, classes: int) -> None:
    if goal.size and not (goal.min() >= 0 and goal.max() < classes):
        found = int(goal.min() if goal.min() < 0 else goal.max())
        raise failure("invalid-value", f"class {found} is not one of 0 to {classes - 1}")


def kl_div(
    x: Array, target: npt.ArrayLike, reduction: str = "mean", log_target: bool = False
) -> Loss:
    """Σ p(log p - x): from the target p to the prediction, of which x is the logarithm.

    `mean` divides by all values, which is no divergence; `batchmean` by the samples (PyTorch,
    KLDivLoss).
    """
    goal = _alike(x, target)
    probabilities = np.exp(goal) if log_target else goal
    logarithms = goal if log_target else np.log(np.where(goal > 0, goal, 1))
    return _reduced(probabilities * (logarithms - x), -probabilities, reduction)


def mse_loss(x: Array, target: npt.ArrayLike, reduction: str = "mean") -> Loss:
    """(x - t)² (PyTorch, MSELoss)."""
    apart = x - _alike(x, target)
    return _reduced(apart * apart, 2 * apart, reduction)


def l1_loss(x: Array, target: npt.ArrayLike, reduction: str = "mean") -> Loss:
    """|x - t| (PyTorch, L1Loss)."""
    apart = x - _alike(x, target)
    return _reduced(np.abs(apart), np.sign(apart), reduction)


def smooth_l1_loss(
    x: Array, target: npt.ArrayLike, reduction: str = "mean", beta: float = 1.0
) -> Loss:
    """(x - t)²/2β where they are nearer than β, else |x - t| - β/2 (PyTorch, SmoothL1Loss)."""
    apart = x - _alike(x, target)
    far = np.abs(apart)
    near = far < beta
    safe = beta or 1.0
    terms = np.where(near, apart * apart / (2 * safe), far - beta / 2)
    return _reduced(terms, np.where(near, apart / safe, np.sign(apart)), reduction)


def huber_loss(
    x: Array, target: npt.ArrayLike, reduction: str = "mean", delta: float = 1.0
) -> Loss:
    """δ times the smooth loss of β = δ (PyTorch, HuberLoss)."""
    goal = _alike(x, target)
    value, gradient = smooth_l1_loss(x, goal, reduction, delta)
    return Loss(delta * value, delta * gradient)


def binary_cross_entropy(
    x: Array,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
) -> Loss:
    """-t·log x - (1 - t)·log(1 - x) of probabilities (PyTorch, BCELoss)."""
    goal = _alike(x, target)
    each = 1 if weight is None else np.asarray(weight, x.dtype)
    with np.errstate(divide="ignore"):
        hits = np.maximum(np.log(x), SMALLEST_LOGARITHM)
        misses = np.maximum(np.log1p(-x), SMALLEST_LOGARITHM)
    terms = -each * (goal * hits + (1 - goal) * misses)
    gradient = each * (x - goal) / np.maximum(x * (1 - x), x.dtype.type(1e-12))
    return _reduced(terms, gradient, reduction)


def binary_cross_entropy_with_logits(
    x: Array,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    reduction: str = "mean",
    pos_weight: npt.ArrayLike | None = None,
) -> Loss:
    """Binary cross entropy of σ(x); `pos_weight` weighs the hits (PyTorch, BCEWithLogitsLoss)."""
    goal = _alike(x, target)
    each = 1 if weight is None else np.asarray(weight, x.dtype)
    hits = goal if pos_weight is None else goal * np.asarray(pos_weight, x.dtype)
    terms = each * (hits * softplus(-x) + (1 - goal) * softplus(x))
    gradient = each * ((1 - goal) * sigmoid(x) - hits * sigmoid(-x))
    return _reduced(terms, gradient, reduction)


def _alike(x: Array, target: npt.ArrayLike) -> Array:
    """The target in the precision of the prediction, whose shape it must have."""
    goal = np.asarray(target, x.dtype)
    _check_shape(x, goal, x.shape)
    return goal


LOSSES: dict[str, LossFunction] = {
    "cross_entropy": cross_entropy,
    "nll": nll_loss,
    "kl_div": kl_div,
    "mse": mse_loss,
    "l1": l1_loss,
    "smooth_l1": smooth_l1_loss,
    "huber": huber_loss,
    "bce": binary_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "bce_with_logits": binary_cross_entropy_with_logits,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
}
"""By PyTorch's names, of functions and of modules in snake_case, less a `_loss` at the end."""


def named(spec: str | Mapping[str, Any]) -> LossFunction:
    """The function that a model file names: `mse_loss`, or `{type: cross_entropy, …}`."""
    name = str(spec if isinstance(spec, str) else spec.get("type"))
    function = LOSSES.get(name.removesuffix("_loss"))
    if function is None:
        listed = ", ".join(f"`{known}`" for known in LOSSES)
        raise failure("invalid-value", f"there is no loss `{name}`", help=f"there are {listed}")
    return function


def loss_of(spec: str | Mapping[str, Any]) -> LossFunction:
    """The loss that a model file names, with its arguments: prediction and target → `Loss`."""
    function = named(spec)
    arguments = {} if isinstance(spec, str) else {k: v for k, v in spec.items() if k != "type"}
    known = set(signature(function).parameters) - {"x", "target"}
    for argument in arguments:
        if argument not in known:
            name = function.__name__
            raise failure("unknown-field", f"the loss `{name}` has no argument `{argument}`")
    return partial(function, **arguments)


def drawn_target(spec: str | Mapping[str, Any], x: Array, random: np.random.Generator) -> Array:
    """A target that fits a loss and a prediction: classes, probabilities, or values."""
    function = named(spec)
    if function in (cross_entropy, nll_loss):
        return random.integers(0, x.shape[1], (len(x), *x.shape[2:]))
    if function is kl_div:
        shares = random.random(x.shape)
        return shares / shares.sum(axis=1, keepdims=True)
    if function in (binary_cross_entropy, binary_cross_entropy_with_logits):
        return random.integers(0, 2, x.shape).astype(x.dtype)
    return random.standard_normal(x.shape).astype(x.dtype)
