"""What a loss comes to: one number, or one for each sample."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import of_shape_alone


@of_shape_alone
def reduced_loss(name: str, input: Tensor, target: Any, reduction: str) -> Tensor:
    """The loss as a node that reads the prediction and the target."""
    joined = input
    if isinstance(target, Tensor) and target.dtype.is_floating_point:
        joined = apply("subtract", input, target)
    elif name in ("cross_entropy", "nll_loss"):
        joined = apply("log_softmax", input, dim=1 if input.ndim > 1 else 0)
    if reduction == "none":
        if name in ("cross_entropy", "nll_loss") and not target.dtype.is_floating_point:
            return apply("amax", joined, dim=1 if input.ndim > 1 else 0)
        return joined
    return apply("sum" if reduction == "sum" else "mean", joined)
