"""Functions that are made of others, as their definitions say."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.standin.dtype import int64
from cnnshape.sources.torch.standin.functions.algebra import bmm, matmul, tensordot
from cnnshape.sources.torch.standin.functions.arrangement import (
    axis_of,
    flatten,
    reshape,
    transpose,
    unsqueeze,
)
from cnnshape.sources.torch.standin.functions.joining import cat, tensor_split
from cnnshape.sources.torch.standin.functions.reduction import Found
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.offer import TORCH, offer, tensor_of
from cnnshape.sources.torch.standin.shape import as_size
from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import UnsupportedError

Extremes = namedtuple("Extremes", ["min", "max"])

for _name in ("lgamma", "digamma", "erfinv", "i0"):
    offer(f"torch.{_name}", f"Tensor.{_name}")(lambda input, name=_name, **_: apply(name, input))


@offer("torch.logit", "Tensor.logit", in_place=True)
def logit(input: Any, eps: float | None = None) -> Any:
    kept = input if eps is None else TORCH["clamp"](input, eps, 1 - eps)
    return TORCH["log"](kept / (1 - kept))


@offer("torch.deg2rad", "Tensor.deg2rad", in_place=True)
def deg2rad(input: Any) -> Any:
    return input * (math.pi / 180)


@offer("torch.rad2deg", "Tensor.rad2deg", in_place=True)
def rad2deg(input: Any) -> Any:
    return input * (180 / math.pi)


@offer("torch.hypot", "Tensor.hypot")
def hypot(input: Any, other: Any) -> Any:
    return TORCH["sqrt"](input * input + other * other)


@offer("torch.logaddexp", "Tensor.logaddexp")
def logaddexp(input: Any, other: Any) -> Any:
    return TORCH["log"](TORCH["exp"](input) + TORCH["exp"](other))


@offer("torch.xlogy", "Tensor.xlogy", "torch.special_xlogy")
def xlogy(input: Any, other: Any) -> Any:
    return input * TORCH["log"](tensor_of(other))


@offer("torch.isclose", "Tensor.isclose")
def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, **_: Any) -> Any:
    return abs(input - other) <= abs(other) * rtol + atol


@offer("torch.allclose", "Tensor.allclose")
def allclose(input: Any, other: Any, *tolerances: float, **named: Any) -> bool:
    return bool(isclose(input, other, *tolerances, **named).all())


@offer("torch.equal", "Tensor.equal")
def equal(input: Any, other: Any) -> bool:
    return tuple(input.shape) == tuple(other.shape) and bool((input == other).all())


@offer("torch.is_nonzero", "Tensor.is_nonzero")
def is_nonzero(input: Tensor) -> bool:
    return bool(input)


@offer("torch.is_same_size", "Tensor.is_same_size")
def is_same_size(input: Tensor, other: Tensor) -> bool:
    return tuple(input.shape) == tuple(other.shape)


# --- products -----------------------------------------------------------------------------------


def _sum(input: Any, beta: Any, product: Any, alpha: Any) -> Any:
    scaled = product if alpha == 1 else product * alpha
    return scaled if beta == 0 else scaled + (input if beta == 1 else input * beta)


@offer("torch.addbmm", "Tensor.addbmm", in_place=True)
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _sum(input, beta, TORCH["sum"](bmm(batch1, batch2), 0), alpha)


@offer("torch.addr", "Tensor.addr", in_place=True)
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return _sum(input, beta, TORCH["outer"](vec1, vec2), alpha)


@offer("torch.inner", "Tensor.inner")
def inner(input: Any, other: Any) -> Any:
    if not input.ndim or not other.ndim:
        return input * other
    return tensordot(input, other, ([input.ndim - 1], [other.ndim - 1]))


@offer("torch.kron", "Tensor.kron")
def kron(input: Any, other: Any) -> Any:
    """Blocks of the second tensor, one a value of the first."""
    rank = max(input.ndim, other.ndim)
    one, two = ((1,) * (rank - x.ndim) + tuple(x.shape) for x in (input, other))
    left = reshape(input, [size for axis in one for size in (axis, 1)])
    right = reshape(other, [size for axis in two for size in (1, axis)])
    return reshape(left * right, [a * b for a, b in zip(one, two, strict=True)])


@offer("torch.cross", "Tensor.cross", "torch.linalg_cross")
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The vector product; along the first axis of size 3, unless one is named."""
    shape = TORCH["broadcast_shapes"](input.shape, other.shape)
    if dim is None:
        dim = next((axis for axis, size in enumerate(shape) if size == 3), None)
    if dim is None or shape[axis_of(dim, len(shape))] != 3:
        raise RuntimeError(f"inputs dimension {dim} must have length 3, got {tuple(shape)}")
    axis = axis_of(dim, len(shape)) - len(shape)

    def rolled(x: Any, places: int) -> Any:
        return TORCH["roll"](x, places, axis)

    return rolled(input, -1) * rolled(other, -2) - rolled(input, -2) * rolled(other, -1)


@offer("torch.dist", "Tensor.dist")
def dist(input: Any, other: Any, p: float = 2.0) -> Any:
    return TORCH["norm"](input - other, p)


@offer("torch.cov", "Tensor.cov")
def cov(input: Any, *, correction: int = 1, **_: Any) -> Any:
    rows = unsqueeze(input, 0) if input.ndim < 2 else input
    centred = rows - TORCH["mean"](rows, 1, True)
    found = matmul(centred, transpose(centred, 0, 1)) / (rows.shape[1] - correction)
    return TORCH["squeeze"](found)


# --- diagonals, joins, splits -------------------------------------------------------------------


@offer("torch.diag_embed", "Tensor.diag_embed")
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    return apply("diag_embed", input, offset=offset, dim1=dim1, dim2=dim2)


@offer("torch.diag", "Tensor.diag")
def diag(input: Tensor, diagonal: int = 0) -> Any:
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    return TORCH["diagonal"](input, diagonal)


@offer("torch.diagflat", "Tensor.diagflat")
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    return diag_embed(flatten(input), offset)


@offer("torch.atleast_2d")
def atleast_2d(input: Tensor) -> Tensor:
    return reshape(input, (1,) * (2 - input.ndim) + tuple(input.shape)) if input.ndim < 2 else input


@offer("torch.atleast_3d")
def atleast_3d(input: Tensor) -> Tensor:
    if input.ndim >= 3:
        return input
    shape = {0: (1, 1, 1), 1: (1, *input.shape, 1)}.get(input.ndim, (*input.shape, 1))
    return reshape(input, shape)


@offer("torch.column_stack")
def column_stack(tensors: Any) -> Tensor:
    return cat([reshape(one, (-1, 1)) if one.ndim < 2 else one for one in tensors], 1)


@offer("torch.hsplit", "Tensor.hsplit")
def hsplit(input: Tensor, indices_or_sections: Any) -> Any:
    return tensor_split(input, indices_or_sections, 0 if input.ndim == 1 else 1)


@offer("torch.vsplit", "Tensor.vsplit")
def vsplit(input: Tensor, indices_or_sections: Any) -> Any:
    return tensor_split(input, indices_or_sections, 0)


@offer("torch.dsplit", "Tensor.dsplit")
def dsplit(input: Tensor, indices_or_sections: Any) -> Any:
    return tensor_split(input, indices_or_sections, 2)


# --- parts written ------------------------------------------------------------------------------


def _copy(input: Tensor) -> Any:
    """A tensor that may be written without the first one's changing."""
    made = Tensor(input.shape, input.dtype)
    made.__dict__.update(input.__dict__)
    return made


@offer("torch.index_put", "Tensor.index_put", in_place=True)
def index_put(input: Tensor, indices: Any, values: Any, accumulate: bool = False) -> Any:
    made = _copy(input)
    made[tuple(indices)] = values
    return made


@offer("torch.index_fill", "Tensor.index_fill", in_place=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Any:
    made = _copy(input)
    made[(slice(None),) * axis_of(dim, input.ndim) + (index,)] = value
    return made


@offer("torch.select_scatter", "Tensor.select_scatter")
def select_scatter(input: Tensor, src: Tensor, dim: int, index: Any) -> Any:
    made = _copy(input)
    made[(slice(None),) * axis_of(dim, input.ndim) + (index,)] = src
    return made


@offer("torch.slice_scatter", "Tensor.slice_scatter")
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: Any = 1
) -> Any:
    made = _copy(input)
    made[(slice(None),) * axis_of(dim, input.ndim) + (slice(start, end, step),)] = src
    return made


# --- orders -------------------------------------------------------------------------------------


@offer("torch.kthvalue", "Tensor.kthvalue")
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Found:
    axis = axis_of(dim, input.ndim)
    size = input.shape[axis] if input.ndim else 1
    if not 1 <= k <= size:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension")
    one = (slice(None),) * axis + (slice(k - 1, k) if keepdim else k - 1,)
    values, places = TORCH["sort"](input, axis)
    return Found((values[one], places[one]))


def _running(name: str) -> None:
    def function(input: Tensor, dim: int) -> Found:
        named = {"dim": axis_of(int(dim), input.ndim)}
        places = later(f"{name}_indices", input, dtype=int64, **named)
        return Found((later(name, input, **named), places))

    offer(f"torch.{name}", f"Tensor.{name}")(function)


_running("cummax")
_running("cummin")


@offer("torch.aminmax", "Tensor.aminmax")
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Extremes:
    both: list[Callable[..., Any]] = [TORCH["amin"], TORCH["amax"]]
    return Extremes(*(one(input, () if dim is None else dim, keepdim) for one in both))


@offer("torch.quantile", "Tensor.quantile", "torch.nanquantile", "Tensor.nanquantile")
def quantile(input: Any, q: Any, dim: int | None = None, keepdim: bool = False, **_: Any) -> Any:
    """Values between those that stand before and behind the place q(n - 1) in their order."""
    if isinstance(q, Tensor) and q.ndim:
        found = [quantile(input, float(one), dim, keepdim) for one in q.values()]
        return TORCH["stack"](found)
    source, axis = (flatten(input), 0) if dim is None else (input, axis_of(dim, input.ndim))
    place = float(q) * (int(source.shape[axis]) - 1)
    lead = (slice(None),) * axis
    ordered = TORCH["sort"](source, axis)[0]
    low, high = (ordered[(*lead, whole)] for whole in (math.floor(place), math.ceil(place)))
    found = low + (high - low) * (place - math.floor(place))
    if not keepdim:
        return found
    return reshape(found, (1,) * input.ndim) if dim is None else unsqueeze(found, axis)


@offer("torch.isin")
def isin(elements: Any, test_elements: Any, **_: Any) -> Any:
    one, other = tensor_of(elements), flatten(tensor_of(test_elements))
    return TORCH["any"](unsqueeze(one, -1) == other, -1)


@offer("torch.bucketize")
def bucketize(input: Any, boundaries: Tensor, **_: Any) -> Tensor:
    return apply("bucketize", tensor_of(input), boundaries, dtype=int64)


@offer("torch.searchsorted")
def searchsorted(sorted_sequence: Tensor, input: Any, **_: Any) -> Tensor:
    return apply("searchsorted", sorted_sequence, tensor_of(input), dtype=int64)


@offer("torch.take", "Tensor.take")
def take(input: Tensor, index: Tensor) -> Any:
    return flatten(input)[index]


# --- attention ----------------------------------------------------------------------------------


@offer("F.multi_head_attention_forward")
def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Any, in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool,
    dropout_p: float, out_proj_weight: Any, out_proj_bias: Any, training: bool = True,
    key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> Any:  # fmt: skip
    """Queries (L, N, E), keys and values (S, N, ·) → (L, N, E), and the weights (N, L, S)."""
    given = (bias_k, bias_v, static_k, static_v)
    if add_zero_attn or any(one is not None for one in given) or query.ndim != 3:
        raise UnsupportedError("F.multi_head_attention_forward", "with further keys and values")
    if query.shape[-1] != embed_dim_to_check:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {query.shape[-1]}"
        )
    linear: Any = _functional("linear")
    apart = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights = apart if use_separate_proj_weight else TORCH["chunk"](in_proj_weight, 3)
    biases = (None,) * 3 if in_proj_bias is None else TORCH["chunk"](in_proj_bias, 3)
    heads = [
        _heads(linear(x, weight, bias), num_heads)
        for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
    ]
    scores = bmm(heads[0], transpose(heads[1], 1, 2))
    if attn_mask is not None and attn_mask.dtype.is_floating_point:
        scores = scores + attn_mask
    shares = TORCH["softmax"](scores / math.sqrt(query.shape[-1] // num_heads), -1)
    steps, samples, features = query.shape
    joined = reshape(transpose(bmm(shares, heads[2]), 0, 1), steps * samples, features)
    output = reshape(linear(joined, out_proj_weight, out_proj_bias), steps, samples, -1)
    if not need_weights:
        return output, None
    each = reshape(shares, samples, num_heads, steps, key.shape[0])
    return output, TORCH["mean"](each, 1) if average_attn_weights else each


def _heads(x: Any, count: int) -> Any:
    """(L, N, E) → (N·heads, L, E/heads)."""
    steps, samples, features = x.shape
    return transpose(reshape(x, steps, samples * count, features // count), 0, 1)


def _functional(name: str) -> Any:
    from cnnshape.sources.torch.standin.offer import FUNCTIONAL

    return FUNCTIONAL[name]


def sizes_of_memory(self: Tensor) -> Any:
    """The bytes that a tensor takes."""
    return as_size(self.shape.numel()) * self.dtype.itemsize


setattr(Tensor, "nbytes", property(sizes_of_memory))  # noqa: B010
setattr(Tensor, "itemsize", property(lambda self: self.dtype.itemsize))  # noqa: B010
Tensor.is_cpu = True  # type: ignore[attr-defined]
