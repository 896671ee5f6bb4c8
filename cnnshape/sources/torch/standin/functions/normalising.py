"""Normalisations whose parameters are given."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.functions.arrangement import reshape
from cnnshape.sources.torch.standin.offer import offer
from cnnshape.sources.torch.standin.shape import as_shape
from cnnshape.sources.torch.standin.tensor import Tensor, apply


def _affine(result: Tensor, weight: Any, bias: Any, shape: Any = None) -> Tensor:
    """A gain and a bias, one a channel where a shape is given to see them in."""
    for tensor, join in ((weight, "multiply"), (bias, "add")):
        if tensor is not None:
            seen = tensor if shape is None else reshape(tensor, shape)
            result = apply(join, result, seen, dtype=result.dtype)
    return result


def _channels(input: Tensor, tensors: tuple[Any, ...], name: str) -> None:
    for tensor in tensors:
        if tensor is not None and tensor.shape.numel() != input.shape[1]:
            raise RuntimeError(
                f"{name} should contain {input.shape[1]} elements not {tensor.shape.numel()}"
            )


def _by_channel(input: Tensor) -> Any:
    return (1, -1, *([1] * (input.ndim - 2)))


@offer("F.batch_norm", "torch.batch_norm")
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    if running_mean is None and not training:
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when training=False"
        )
    _channels(input, (running_mean, running_var), "running_mean")
    _channels(input, (weight, bias), "weight")
    result = apply("batch_norm", input, eps=float(eps), affine=False, track_running_stats=False)
    return _affine(result, weight, bias, _by_channel(input))


@offer("F.instance_norm", "torch.instance_norm")
def instance_norm(
    input: Tensor,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *_: Any,
) -> Tensor:
    result = apply("instance_norm", input, eps=float(eps))
    return _affine(result, weight, bias, _by_channel(input))


@offer("F.group_norm", "torch.group_norm")
def group_norm(
    input: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any
) -> Tensor:
    _channels(input, (weight, bias), "weight")
    result = apply("group_norm", input, num_groups=num_groups, eps=float(eps), affine=False)
    return _affine(result, weight, bias, _by_channel(input))


def _listed(shape: Any, name: str) -> Any:
    if not isinstance(shape, list | tuple):
        what = type(shape).__name__
        raise TypeError(f"{name}(): argument 'normalized_shape' must be tuple of ints, not {what}")
    return as_shape((shape,))


@offer("F.layer_norm", "torch.layer_norm")
def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5,
    *_: Any,
) -> Tensor:  # fmt: skip
    shape = _listed(normalized_shape, "layer_norm")
    result = apply(
        "layer_norm", input, normalized_shape=shape, eps=float(eps), elementwise_affine=False,
        bias=False,
    )  # fmt: skip
    return _affine(result, weight, bias)


@offer("F.rms_norm", "torch.rms_norm")
def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Tensor:
    shape = _listed(normalized_shape, "rms_norm")
    result = apply("rms_norm", input, normalized_shape=shape, eps=eps, elementwise_affine=False)
    return _affine(result, weight, None)


@offer("F.normalize")
def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> Tensor:
    along = tuple(dim) if isinstance(dim, list | tuple) else dim
    return apply("normalize", input, p=float(p), dim=along, eps=eps)
