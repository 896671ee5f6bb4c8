"""Tensors in other shapes: views, permutations, joins and splits."""

from __future__ import annotations

from typing import Any

from cnnshape.diagnostics import RuleError
from cnnshape.layer import show
from cnnshape.sources.torch.standin.dtype import DType, int64
from cnnshape.sources.torch.standin.kept import COUNT
from cnnshape.sources.torch.standin.memory import in_order, viewed
from cnnshape.sources.torch.standin.offer import TORCH, needed, offer
from cnnshape.sources.torch.standin.shape import Size, as_shape, as_size, is_size
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor, apply
from cnnshape.sources.torch.standin.trace import UnsupportedError, refuse, warn_of_mixed_batch


def axis_of(dim: int, rank: int) -> int:
    """An axis counted from the front; IndexError as PyTorch's."""
    bound = max(rank, 1)
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], "
            f"but got {dim})"
        )
    return dim % bound


@offer("Tensor.size")
def size(self: Tensor, dim: int | None = None) -> Any:
    return self.shape if dim is None else self.shape[axis_of(dim, self.ndim)]


@offer("Tensor.dim", "Tensor.ndimension")
def dim(self: Tensor) -> int:
    return self.ndim


@offer("Tensor.numel", "torch.numel", "Tensor.nelement")
def numel(input: Tensor) -> Any:
    if input.kept is not None:
        raise UnsupportedError("indexing by a mask", COUNT)
    return input.shape.numel()


@offer("Tensor.view")
def view(self: Tensor, *shape: Any, dtype: Any = None) -> Tensor:
    if len(shape) == 1 and isinstance(shape[0], DType):
        return _reread(self, shape[0])
    wanted = as_shape(shape)
    warn_of_mixed_batch(self, wanted)
    result = apply("view", self, shape=wanted)
    if self.steps is not None and viewed(self.shape, self.steps, result.shape) is None:
        raise refuse(
            RuleError(
                "bad-reshape",
                f"cannot see {show(self.shape)} as {show(result.shape)}: after an exchange of axes "
                "its values lie in memory in another order",
                note=f"steps in memory {show(self.steps)}, in order {show(in_order(self.shape))}",
                help="write `.reshape(...)`, or `.contiguous()` before `.view(...)`",
            ),
            "view",
            self,
        )
    return result


def _one_sequence(name: str, field: str) -> Any:
    """The function that takes sizes as one sequence, beside the method that takes them apart."""

    def function(input: Tensor, *given: Any, **named: Any) -> Tensor:
        value = given[0] if given else named.get(field)
        if len(given) > 1 or not isinstance(value, list | tuple):
            raise TypeError(
                f"{name}(): argument '{field}' (position 2) must be tuple of ints, not "
                f"{' '.join(type(one).__name__ for one in given) or 'nothing'}"
            )
        return METHODS[name](needed(input, name), value)

    function.__name__ = name
    return function


def _reread(tensor: Tensor, dtype: DType) -> Tensor:
    """The bytes as another kind of number."""
    from cnnshape.sources.torch.standin.functions.casts import cast

    if dtype.itemsize == tensor.dtype.itemsize:
        return cast(tensor, dtype)
    count = tensor.shape[-1] * tensor.dtype.itemsize if tensor.ndim else 0
    if not tensor.ndim or count % dtype.itemsize:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {dtype.itemsize // tensor.dtype.itemsize} to view "
            f"{tensor.dtype} as {dtype}"
        )
    raise UnsupportedError("Tensor.view", "as numbers of another width")


@offer("Tensor.reshape")
def reshape(input: Tensor, *shape: Any, **named: Any) -> Tensor:
    wanted = as_shape(shape or (named["shape"],))
    warn_of_mixed_batch(input, wanted)
    return apply("view", input, shape=wanted)


TORCH["reshape"] = _one_sequence("reshape", "shape")


@offer("Tensor.view_as", "Tensor.reshape_as")
def view_as(self: Tensor, other: Tensor) -> Tensor:
    return view(self, other.shape)


@offer("torch.flatten", "Tensor.flatten")
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    if needed(input, "flatten").ndim == 0:
        return apply("view", input, shape=(1,))
    start, end = axis_of(start_dim, input.ndim), axis_of(end_dim, input.ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    return apply("flatten", input, start_dim=start_dim, end_dim=end_dim)


@offer("torch.ravel", "Tensor.ravel")
def ravel(input: Tensor) -> Tensor:
    return flatten(input)


@offer("torch.unflatten", "Tensor.unflatten")
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    place = axis_of(dim, input.ndim)
    return apply("unflatten", input, dim=place, unflattened_size=as_shape((sizes,)))


@offer("Tensor.permute")
def permute(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    order = as_shape(dims or (named["dims"],))
    return apply("permute", input, dims=tuple(int(axis) for axis in order))


TORCH["permute"] = _one_sequence("permute", "dims")


@offer("torch.transpose", "Tensor.transpose", "torch.swapaxes", "Tensor.swapaxes",
       "torch.swapdims", "Tensor.swapdims", in_place=True)  # fmt: skip
def transpose(input: Tensor, dim0: Any = None, dim1: Any = None, **named: int) -> Tensor:
    one, other = named.get("axis0", dim0), named.get("axis1", dim1)
    axes = [axis_of(as_size(axis), needed(input, "transpose").ndim) for axis in (one, other)]
    return apply("transpose", input, dim0=axes[0], dim1=axes[1])


@offer("torch.t", "Tensor.t")
def t(input: Tensor) -> Tensor:
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return transpose(input, 0, 1) if input.ndim == 2 else input


Tensor.T = property(lambda self: permute(self, tuple(range(self.ndim))[::-1]))  # type: ignore[attr-defined]
Tensor.mT = property(lambda self: transpose(self, -2, -1))  # type: ignore[attr-defined]
Tensor.mH = Tensor.mT  # type: ignore[attr-defined]
Tensor.H = Tensor.T  # type: ignore[attr-defined]


@offer("torch.adjoint", "Tensor.adjoint")
def adjoint(input: Tensor) -> Tensor:
    return transpose(input, -2, -1)


@offer("torch.movedim", "torch.moveaxis", "Tensor.movedim", "Tensor.moveaxis")
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    one, other = (tuple(d) if isinstance(d, list | tuple) else d for d in (source, destination))
    return apply("movedim", input, source=one, destination=other)


@offer("torch.squeeze", "Tensor.squeeze", in_place=True)
def squeeze(input: Tensor, dim: Any = None, *dims: Any) -> Tensor:
    if dim is None:
        return apply("squeeze", input)
    if dims:
        dim = (dim, *dims)
    if isinstance(dim, list | tuple):
        return apply("squeeze", input, dim=tuple(axis_of(one, input.ndim) for one in dim))
    return apply("squeeze", input, dim=axis_of(int(dim), input.ndim)) if input.ndim else input


@offer("torch.unsqueeze", "Tensor.unsqueeze", in_place=True)
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    return apply("unsqueeze", input, dim=axis_of(int(dim), input.ndim + 1))


@offer("Tensor.expand")
def expand(self: Tensor, *sizes: Any, **named: Any) -> Tensor:
    return apply("expand", self, sizes=as_shape(sizes or (named["size"],)))


@offer("torch.broadcast_to", "Tensor.broadcast_to")
def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    return expand(input, *size)


@offer("Tensor.expand_as")
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    return expand(self, other.shape)


@offer("torch.broadcast_tensors")
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    shape = broadcast_shapes(*(one.shape for one in tensors))
    return tuple(expand(one, shape) for one in tensors)


@offer("torch.broadcast_shapes")
def broadcast_shapes(*shapes: Any) -> Size:
    from cnnshape.layers.merge import broadcast, first_clash

    joint: Any = ()
    for shape in shapes:
        sizes = as_shape((shape,)) if not is_size(shape) else (shape,)
        if first_clash(joint, sizes):
            raise RuntimeError(f"shapes {joint} and {sizes} cannot be broadcast to a single shape")
        joint = broadcast(joint, sizes)
    return Size(joint)


@offer("Tensor.repeat")
def repeat(self: Tensor, *sizes: Any, **named: Any) -> Tensor:
    return apply("repeat", self, repeats=as_shape(sizes or (named["repeats"],)))


@offer("torch.tile", "Tensor.tile")
def tile(input: Tensor, *dims: Any) -> Tensor:
    times = as_shape(dims)
    return apply("repeat", input, repeats=(1,) * (input.ndim - len(times)) + times)


@offer("torch.repeat_interleave", "Tensor.repeat_interleave")
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: Any = None
) -> Tensor:
    if repeats is None:  # of counts alone: the place of each, as often as it says
        return Tensor((int(input.values().sum()),), int64)
    if isinstance(repeats, Tensor):
        counts = repeats.values()
        total = int(counts.sum())
        if counts.size not in (1, input.shape.numel() if dim is None else input.shape[dim]):
            raise RuntimeError("repeats must have the same size as input along dim")
        if counts.size == 1:
            repeats = int(counts.reshape(-1)[0])
        else:
            return apply("repeat_interleave", input[(slice(None),) * (dim or 0) + (slice(0, 1),)],
                         repeats=total, dim=dim)  # fmt: skip
    return apply("repeat_interleave", input, repeats=as_size(repeats), dim=dim)


@offer("torch.flip", "Tensor.flip")
def flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    return apply("flip", input, dims=as_shape(dims or (named["dims"],)))


@offer("torch.fliplr", "Tensor.fliplr")
def fliplr(input: Tensor) -> Tensor:
    return flip(input, 1)


@offer("torch.flipud", "Tensor.flipud")
def flipud(input: Tensor) -> Tensor:
    return flip(input, 0)


@offer("torch.rot90", "Tensor.rot90")
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    for _ in range(k % 4):
        input = transpose(flip(input, dims[1]), dims[0], dims[1])
    return input


@offer("torch.roll", "Tensor.roll")
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    moved = tuple(shifts) if isinstance(shifts, list | tuple) else as_size(shifts)
    axes = tuple(dims) if isinstance(dims, list | tuple) else dims
    return apply("roll", input, shifts=moved, dims=None if axes == () else axes)


@offer("torch.diagonal", "Tensor.diagonal")
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    return apply("diagonal", input, offset=offset, dim1=dim1, dim2=dim2)


@offer("torch.tril", "Tensor.tril", in_place=True)
def tril(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    return apply("tril", input, diagonal=diagonal)


@offer("torch.triu", "Tensor.triu", in_place=True)
def triu(input: Tensor, diagonal: int = 0, *, out: Any = None) -> Tensor:
    return apply("triu", input, diagonal=diagonal)


@offer("Tensor.unfold")
def unfold(self: Tensor, dimension: int, size: Any, step: int) -> Tensor:
    return apply("unfold_axis", self, dimension=dimension, size=as_size(size), step=step)
