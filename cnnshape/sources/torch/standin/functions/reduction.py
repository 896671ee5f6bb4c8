"""Sums, means, extremes and orders along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.standin.dtype import DType, bool_, int64
from cnnshape.sources.torch.standin.functions.arrangement import axis_of
from cnnshape.sources.torch.standin.functions.casts import cast
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH, needed, offer
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor, apply
from cnnshape.sources.torch.standin.trace import of_shape_alone


class Found(tuple[Any, ...]):
    """Values and indices, by name too."""

    __slots__ = ()
    values = property(lambda self: self[0])
    indices = property(lambda self: self[1])


def _dims(dim: Any, rank: int) -> Any:
    """One axis or several, counted from the front; IndexError where there is no such axis."""
    if dim is None:
        return None
    if isinstance(dim, list | tuple):
        return tuple(axis_of(int(one), rank) for one in dim) or None
    if isinstance(dim, str | float | Tensor):
        raise TypeError(f"argument 'dim' must be int or tuple of ints, not {type(dim).__name__}")
    return axis_of(int(dim), rank)


def reduced(type_name: str, input: Tensor, dim: Any, keepdim: bool, **named: Any) -> Tensor:
    """A reduction along axes, by default all of them."""
    needed(input, type_name)
    return apply(type_name, input, dim=_dims(dim, input.ndim), keepdim=bool(keepdim), **named)


def _reduction(type_name: str, *names: str, dtype: DType | None = None) -> None:
    def function(
        input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, **named: Any
    ) -> Tensor:
        needed(input, type_name)
        if not isinstance(keepdim, bool):
            raise TypeError(
                f"{type_name}(): argument 'keepdim' must be bool, not {type(keepdim).__name__}; "
                "several axes are given as one tuple"
            )
        kind = named.get("dtype")
        if kind is not None:
            input = cast(input, kind)
        result_kind = dtype or (int64 if input.dtype is bool_ else None)
        along = dim if axis is None else axis
        if isinstance(kind, DType):
            result_kind = kind
        return reduced_as(type_name, input, along, named.get("keepdims", keepdim), result_kind)

    function.__name__ = type_name
    offer(*(f"{place}.{name}" for name in names or (type_name,) for place in ("torch", "Tensor")))(
        function
    )


def reduced_as(
    type_name: str, input: Tensor, dim: Any, keepdim: bool, dtype: DType | None
) -> Tensor:
    if type_name == "mean" and not input.dtype.is_floating_point:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point "
            f"or complex dtype. Got: {input.dtype}"
        )
    return apply(type_name, input, dtype=dtype, dim=_dims(dim, input.ndim), keepdim=bool(keepdim))


_reduction("sum", "sum", "nansum")
_reduction("mean", "mean", "nanmean")
_reduction("prod")
_reduction("logsumexp")
_reduction("all", dtype=bool_)
_reduction("any", dtype=bool_)
_reduction("count_nonzero", dtype=int64)
_reduction("amax")
_reduction("amin")


def _spread(type_name: str) -> Callable[..., Tensor]:
    def function(
        input: Tensor,
        dim: Any = None,
        unbiased: Any = True,
        keepdim: bool = False,
        *,
        correction: Any = None,
        axis: Any = None,
    ) -> Tensor:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        less = correction if correction is not None else (1 if unbiased else 0)
        along = dim if axis is None else axis
        return reduced(type_name, input, along, keepdim, correction=float(less))

    return function


offer("torch.var", "Tensor.var")(_spread("var"))
offer("torch.std", "Tensor.std")(_spread("std"))


@offer("torch.var_mean")
def var_mean(input: Tensor, dim: Any = None, *arguments: Any, **named: Any) -> Any:
    keepdim = named.get("keepdim", False)
    return TORCH["var"](input, dim, *arguments, **named), TORCH["mean"](input, dim, keepdim)


@offer("torch.std_mean")
def std_mean(input: Tensor, dim: Any = None, *arguments: Any, **named: Any) -> Any:
    keepdim = named.get("keepdim", False)
    return TORCH["std"](input, dim, *arguments, **named), TORCH["mean"](input, dim, keepdim)


@offer("torch.norm", "Tensor.norm")
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None,
    dtype: Any = None,
) -> Tensor:  # fmt: skip
    order = 2.0 if p in ("fro", "nuc", None) else float(p)
    return reduced("norm", input, dim, keepdim, p=order)


@offer("torch.argmax", "Tensor.argmax")
def argmax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return reduced("argmax", input, dim, keepdim)


@offer("torch.argmin", "Tensor.argmin")
def argmin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return reduced("argmin", input, dim, keepdim)


def _extreme(type_name: str, of_two: str, index: str) -> Callable[..., Any]:
    def function(
        input: Tensor,
        dim: Any = None,
        keepdim: bool = False,
        *,
        other: Any = None,
        axis: Any = None,
    ) -> Any:
        second = dim if isinstance(dim, Tensor) else other
        if second is not None:
            return TORCH[of_two](input, second)
        along = dim if axis is None else axis
        if along is None:
            return reduced(type_name, input, None, False)
        place = axis_of(int(along), input.ndim)
        values = later(type_name, input, dim=place, keepdim=bool(keepdim))
        return Found((values, later(index, input, dim=place, keepdim=bool(keepdim))))

    return function


offer("torch.max", "Tensor.max")(_extreme("amax", "maximum", "argmax"))
offer("torch.min", "Tensor.min")(_extreme("amin", "minimum", "argmin"))


@offer("torch.median", "Tensor.median", "torch.nanmedian")
@of_shape_alone
def median(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None:
        return reduced("median", input, None, False)
    place = axis_of(int(dim), input.ndim)
    return Found(
        (
            later("median", input, dim=place, keepdim=keepdim),
            later("argmax", input, dim=place, keepdim=keepdim),
        )
    )


@offer("torch.topk", "Tensor.topk")
def topk(input: Tensor, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    named = {"k": k, "dim": dim, "largest": largest, "sorted": sorted}
    return Found((later("topk", input, **named), later("topk_indices", input, **named)))


@offer("torch.sort", "Tensor.sort")
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    named = {"dim": dim, "descending": descending}
    return Found((later("sort", input, **named), later("argsort", input, **named)))


@offer("torch.argsort", "Tensor.argsort")
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    return apply("argsort", input, dim=dim, descending=descending)


def _running(name: str) -> None:
    def function(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
        source = input if dtype is None else cast(input, dtype)
        kind = int64 if source.dtype is bool_ else None
        return apply(name, source, dtype=kind, dim=dim)

    offer(f"torch.{name}", f"Tensor.{name}")(function)


_running("cumsum")
_running("cumprod")
_running("logcumsumexp")


@offer("torch.trace", "Tensor.trace")
def trace(input: Tensor) -> Tensor:
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return TORCH["sum"](TORCH["diagonal"](input))


@offer("torch.diff", "Tensor.diff")
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None
) -> Tensor:
    ends = [one for one in (prepend, input, append) if one is not None]
    input = TORCH["cat"](ends, dim) if len(ends) > 1 else input
    for _ in range(n):
        size = input.shape[dim]
        input = TORCH["narrow"](input, dim, 1, size - 1) - TORCH["narrow"](input, dim, 0, size - 1)
    return input


def _soft(name: str) -> None:
    def softmax(input: Tensor, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
        source = needed(input, name) if dtype is None else cast(input, dtype)
        if not source.dtype.is_floating_point:
            raise NotImplementedError(f'"{name}" not implemented for {source.dtype}')
        return apply(name, source, dim=softmax_axis(dim, input))

    def along(input: Tensor, dim: Any, dtype: Any = None, **_: Any) -> Tensor:
        return softmax(input, dim, dtype=dtype)

    FUNCTIONAL[name] = softmax
    along.__name__ = name
    offer(f"torch.{name}", f"Tensor.{name}")(along)


_soft("softmax")
_soft("log_softmax")


@offer("F.softmin")
def softmin(input: Tensor, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    return apply("softmin", input, dim=softmax_axis(dim, input))


def softmax_axis(dim: Any, input: Tensor) -> int:
    """PyTorch's choice of an axis where none is given, and its error where there is none such."""
    if dim is None:
        return 0 if input.ndim in (0, 1, 3) else 1
    return axis_of(int(dim), input.ndim)


for _place in (TORCH, METHODS):
    _place["mode"] = median
