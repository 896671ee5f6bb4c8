"""Products of matrices and vectors, and distances."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.functions.arrangement import expand
from cnnshape.sources.torch.standin.offer import needed, offer
from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import UnsupportedError


def _ranked(name: str, rank: int, *tensors: Tensor) -> None:
    for place, one in enumerate(tensors, 1):
        if one.ndim != rank:
            raise RuntimeError(
                f"{name}: argument {place} must be a {rank}D tensor, got {tuple(one.shape)}"
            )


@offer("torch.matmul", "Tensor.matmul", "Tensor.__matmul__")
def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    if not isinstance(other, Tensor):
        raise TypeError(f"matmul(): argument 'other' must be Tensor, not {type(other).__name__}")
    same_dtype(needed(input, "matmul"), other)
    return apply("matmul", input, other)


def same_dtype(*tensors: Tensor) -> None:
    """RuntimeError as PyTorch's where a product is of different kinds of numbers."""
    from cnnshape.sources.torch.standin.context import AUTOCAST

    kinds = dict.fromkeys(one.dtype for one in tensors)
    if len(kinds) > 1 and not AUTOCAST.on:
        one, other = [*kinds][:2]
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {one} != {other}")


Tensor.__matmul__ = matmul  # type: ignore[method-assign]
Tensor.__rmatmul__ = lambda self, other: matmul(other, self)  # type: ignore[attr-defined]


@offer("torch.mm", "Tensor.mm", "torch.spmm", "torch.smm", "torch.hspmm")
def mm(input: Tensor, mat2: Tensor, **_: Any) -> Tensor:
    _ranked("mm", 2, input, mat2)
    return matmul(input, mat2)


@offer("torch.bmm", "Tensor.bmm")
def bmm(input: Tensor, mat2: Tensor, **_: Any) -> Tensor:
    _ranked("bmm", 3, input, mat2)
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input.shape[0]}, "
            f"{input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    return matmul(input, mat2)


@offer("torch.mv", "Tensor.mv")
def mv(input: Tensor, vec: Tensor) -> Tensor:
    return matmul(input, vec)


@offer("torch.dot", "Tensor.dot", "torch.vdot", "Tensor.vdot")
def dot(input: Tensor, other: Tensor) -> Tensor:
    _ranked("dot", 1, input, other)
    return matmul(input, other)


def _scaled(tensor: Tensor, number: Any) -> Tensor:
    return tensor if number == 1 else tensor * number


@offer("torch.addmm", "Tensor.addmm", "torch.addmv", "Tensor.addmv", in_place=True)
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    product = _scaled(matmul(mat1, mat2), alpha)
    return product + expand(_scaled(input, beta), product.shape)


@offer("torch.baddbmm", "Tensor.baddbmm", in_place=True)
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    product = _scaled(bmm(batch1, batch2), alpha)
    return product if beta == 0 else product + _scaled(input, beta)


@offer("torch.outer", "torch.ger", "Tensor.outer", "Tensor.ger")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    return apply("outer", input, vec2)


@offer("torch.einsum")
def einsum(equation: Any, *operands: Any) -> Tensor:
    if not isinstance(equation, str):
        raise UnsupportedError("torch.einsum", "with lists of axes in the place of an equation")
    listed = len(operands) == 1 and isinstance(operands[0], list | tuple)
    tensors = tuple(operands[0]) if listed else operands
    same_dtype(*tensors)
    return apply("einsum", *tensors, equation=equation.replace(" ", ""))


@offer("torch.tensordot")
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    if isinstance(dims, int):
        one = list(range(a.ndim - dims, a.ndim))
        other = list(range(dims))
    else:
        one, other = ([*side] if isinstance(side, list | tuple) else [side] for side in dims)
    letters = [chr(97 + place) for place in range(a.ndim)]
    second = [chr(97 + a.ndim + place) for place in range(b.ndim)]
    for left, right in zip(one, other, strict=True):
        second[right % b.ndim] = letters[left % a.ndim]
    kept = [x for x in letters if x not in second] + [x for x in second if x not in letters]
    return einsum(f"{''.join(letters)},{''.join(second)}->{''.join(kept)}", a, b)


@offer("torch.cdist")
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor:
    return apply("cdist", x1, x2, p=float(p))


@offer("torch.cosine_similarity", "F.cosine_similarity")
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    return apply("cosine_similarity", x1, x2, dim=dim, eps=eps)


@offer("torch.pairwise_distance", "F.pairwise_distance")
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    return apply("pairwise_distance", x1, x2, p=float(p), eps=eps, keepdim=keepdim)
