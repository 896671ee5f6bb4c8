"""Losses as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnshape.diagnostics import RuleError
from cnnshape.layer import show
from cnnshape.sources.torch.standin.dtype import bool_
from cnnshape.sources.torch.standin.functions.casts import cast
from cnnshape.sources.torch.standin.losses import reduced_loss
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH, offer
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import (
    refuse,
)


def _loss(name: str, check: Callable[..., None]) -> None:
    def function(input: Tensor, target: Any, *arguments: Any, **named: Any) -> Tensor:
        check(input, target)
        return reduced_loss(name, input, target, named.get("reduction", "mean"))

    function.__name__ = name
    FUNCTIONAL[name] = function


def _alike(input: Tensor, target: Tensor) -> None:
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )


def _classes(input: Tensor, target: Tensor) -> None:
    if target.dtype.is_floating_point:
        _alike(input, target)
        return
    wanted = (*input.shape[:1], *input.shape[2:]) if input.ndim > 1 else ()
    if tuple(target.shape) != tuple(wanted):
        fault = RuleError(
            "shape-mismatch",
            f"compares {show(input.shape)} with targets of {show(target.shape)}, "
            f"not {show(wanted)}",
            operand=1,
            expected=list(wanted),
            found=list(target.shape),
        )
        raise refuse(fault, "cross_entropy", input, target)


def _broadcast(input: Tensor, target: Tensor) -> None:
    TORCH["broadcast_shapes"](input.shape, target.shape)


for _name in ("cross_entropy", "nll_loss"):
    _loss(_name, _classes)
for _name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
    _loss(_name, _alike)
for _name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss",
              "soft_margin_loss", "hinge_embedding_loss", "multilabel_soft_margin_loss",
              "gaussian_nll_loss"):  # fmt: skip
    _loss(_name, _broadcast)


@offer("F.triplet_margin_loss", "F.margin_ranking_loss", "F.cosine_embedding_loss", "F.ctc_loss")
def several(*tensors: Any, **named: Any) -> Tensor:
    given = [one for one in (*tensors, *named.values()) if isinstance(one, Tensor)]
    if tuple(given[0].shape) != tuple(given[-1].shape):  # a distance, and what it should be
        return reduced_loss(
            "loss", given[0].flatten(1).sum(1), None, named.get("reduction", "mean")
        )
    return reduced_loss("loss", given[0], given[-1], named.get("reduction", "mean"))


def masked(tensor: Tensor) -> Tensor:
    """A mask as truth values."""
    return cast(tensor, bool_)
