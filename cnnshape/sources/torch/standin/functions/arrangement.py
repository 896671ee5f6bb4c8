"""Tensors in other shapes: views, permutations, joins and splits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from cnnshape.diagnostics import RuleError
from cnnshape.layer import show
from cnnshape.sources.torch.standin.dtype import DType, int64
from cnnshape.sources.torch.standin.kept import COUNT
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.memory import in_order, steps_of, viewed
from cnnshape.sources.torch.standin.offer import TORCH, needed, offer, tensor_of
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
    from cnnshape.sources.torch.standin.functions.pointwise import cast

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


def _all_tensors(tensors: Any, name: str) -> tuple[Tensor, ...]:
    if not isinstance(tensors, list | tuple):
        what = type(tensors).__name__
        raise TypeError(f"{name}(): argument 'tensors' must be tuple of Tensors, not {what}")
    found = tuple(tensors)
    for place, one in enumerate(found):
        if not isinstance(one, Tensor):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {type(one).__name__}"
            )
    if not found:
        raise RuntimeError(f"{name}(): expected a non-empty list of Tensors")
    return found


@offer("torch.cat", "torch.concat", "torch.concatenate")
def cat(tensors: Any, dim: int = 0, *, axis: int | None = None, out: Any = None) -> Tensor:
    found = _all_tensors(tensors, "cat")
    place = dim if axis is None else axis
    kept = tuple(one for one in found if tuple(one.shape) != (0,)) or found[:1]
    if kept[0].ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    return apply("concat", *kept, dim=axis_of(int(place), kept[0].ndim))


@offer("torch.stack")
def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Tensor:
    found = _all_tensors(tensors, "stack")
    return apply("stack", *found, dim=axis_of(int(dim), found[0].ndim + 1))


@offer("torch.hstack")
def hstack(tensors: Any) -> Tensor:
    found = _all_tensors(tensors, "hstack")
    return cat(found, 0 if found[0].ndim <= 1 else 1)


@offer("torch.vstack", "torch.row_stack")
def vstack(tensors: Any) -> Tensor:
    found = _all_tensors(tensors, "vstack")
    return cat([unsqueeze(one, 0) if one.ndim == 1 else one for one in found], 0)


@offer("torch.dstack")
def dstack(tensors: Any) -> Tensor:
    return cat([unsqueeze(one, -1) if one.ndim == 2 else one for one in tensors], 2)


def _part(tensor: Tensor, axis: int, start: Any, end: Any) -> Tensor:
    items = (slice(None),) * axis + (slice(start, end),)
    from cnnshape.sources.torch.standin.functions.indexing import index_arguments

    return later("index", tensor, **index_arguments(tensor, items))


@offer("torch.split", "Tensor.split", "Tensor.split_with_sizes", "torch.split_with_sizes")
def split(tensor: Tensor, split_size_or_sections: Any = None, dim: int = 0, **named: Any) -> Any:
    sizes = split_size_or_sections
    if sizes is None:
        sizes = named.get("split_size", named.get("split_sizes"))
    axis = axis_of(dim, tensor.ndim)
    whole = tensor.shape[axis]
    if is_size(sizes):
        if sizes < 1 and whole != 0:
            raise RuntimeError(f"split expects split_size be positive, but got split_size={sizes}")
        count = (whole + sizes - 1) // sizes
        sections: Sequence[Any] = [
            sizes if place < count - 1 else whole - sizes * (count - 1) for place in range(count)
        ]
    else:
        sections = [as_size(one) for one in sizes]
        if sum(sections) != whole:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {whole} (input tensor's "
                f"size at dimension {axis}), but got split_sizes={list(sections)}"
            )
    return tuple(_parts(tensor, axis, sections))


def _parts(tensor: Tensor, axis: int, sections: Sequence[Any]) -> list[Tensor]:
    found, start = [], 0
    for section in sections:
        found.append(_part(tensor, axis, start, start + section))
        start = start + section
    return found


@offer("torch.chunk", "Tensor.chunk")
def chunk(input: Tensor, chunks: int, dim: int = 0) -> Any:
    whole = input.shape[axis_of(dim, input.ndim)]
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    return split(input, (whole + chunks - 1) // chunks, dim)


@offer("torch.tensor_split", "Tensor.tensor_split")
def tensor_split(input: Tensor, indices_or_sections: Any = None, dim: int = 0, **named: Any) -> Any:
    if indices_or_sections is None:
        indices_or_sections = named.get("indices", named.get("sections"))
    axis = axis_of(dim, input.ndim)
    whole = input.shape[axis]
    if is_size(indices_or_sections):
        count = int(indices_or_sections)
        sections = [whole // count + (place < whole % count) for place in range(count)]
    else:
        places = [0, *indices_or_sections, whole]
        sections = [b - a for a, b in pairwise(places)]
    return tuple(_parts(input, axis, sections))


@offer("torch.unbind", "Tensor.unbind")
def unbind(input: Tensor, dim: int = 0) -> Any:
    axis = axis_of(dim, input.ndim)
    return tuple(_taken(input, axis, place) for place in range(input.shape[axis]))


def _taken(tensor: Tensor, axis: int, place: Any) -> Tensor:
    from cnnshape.sources.torch.standin.functions.indexing import index_arguments

    items = (slice(None),) * axis + (place,)
    return later("index", tensor, **index_arguments(tensor, items))


@offer("torch.select", "Tensor.select")
def select(input: Tensor, dim: int, index: Any) -> Tensor:
    return input[(slice(None),) * axis_of(dim, input.ndim) + (index,)]


@offer("torch.narrow", "Tensor.narrow")
def narrow(input: Tensor, dim: int, start: Any, length: Any) -> Tensor:
    axis = axis_of(dim, input.ndim)
    if start + length > input.shape[axis]:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({input.shape[axis]})."
        )
    return input[(slice(None),) * axis + (slice(start, start + length),)]


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


@offer("torch.meshgrid")
def meshgrid(*tensors: Any, indexing: str = "ij") -> Any:
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    flat = [tensor_of(one) for one in given]
    sizes = [one.shape[0] if one.ndim else 1 for one in flat]
    count = len(flat)
    order = list(range(count))
    if indexing == "xy" and count > 1:
        order[0], order[1] = 1, 0
    shape = [sizes[axis] for axis in order]
    found = []
    for axis, one in enumerate(flat):
        place = order.index(axis)
        seen = view(one, *(sizes[axis] if other == place else 1 for other in range(count)))
        found.append(expand(seen, *shape))
    return tuple(found)


@offer("torch.cartesian_prod")
def cartesian_prod(*tensors: Tensor) -> Tensor:
    grids = meshgrid(*tensors)
    return stack([flatten(grid) for grid in grids], -1)


@offer("torch.atleast_1d")
def atleast_1d(input: Tensor) -> Tensor:
    return view(input, 1) if input.ndim == 0 else input


def _same(self: Tensor, *_: Any, **__: Any) -> Tensor:
    return self


@offer("Tensor.contiguous")
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    if self.steps is None or memory_format not in (None, "contiguous_format", "preserve_format"):
        return self
    copy = Tensor(self.shape, self.dtype)
    copy.__dict__.update({**self.__dict__, "steps": None})
    return copy


def copied(self: Tensor, *_: Any, **__: Any) -> Tensor:
    """Another tensor with the same values: what is done to it in place leaves the first alone."""
    if self.pending is not None:
        self.pending()
    copy = Tensor(self.shape, self.dtype, name=self.name, recipe=self.recipe, made=self.made)
    copy.steps = self.steps
    if self.name is None and self.is_parameter:
        copy.origin = self
    return copy


for _name in ("clone", "detach"):
    offer(f"Tensor.{_name}", f"torch.{_name}")(copied)
for _name in ("detach_", "cpu", "cuda", "data_ptr",
              "pin_memory", "share_memory_", "resolve_conj", "resolve_neg", "positive",
              "retain_grad", "as_subclass", "rename", "coalesce", "to_dense", "mps",
              "xpu"):  # fmt: skip
    offer(f"Tensor.{_name}")(_same)
for _name in ("positive",):
    TORCH[_name] = _same


@offer("torch.split_copy")
def split_copy(input: Tensor, size: Any, dim: int = 0) -> Any:
    return split(input, size, dim)


@offer("Tensor.as_strided", "torch.as_strided")
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    raise UnsupportedError("torch.as_strided")


@offer("Tensor.requires_grad_")
def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    self.requires_grad = requires_grad
    return self


@offer("Tensor.stride")
def stride(self: Tensor, dim: int | None = None) -> Any:
    return steps_of(self) if dim is None else steps_of(self)[dim]


@offer("Tensor.is_floating_point", "torch.is_floating_point")
def is_floating_point(input: Tensor, *_: Any, **__: Any) -> bool:
    return input.dtype.is_floating_point


@offer("Tensor.is_contiguous")
def is_contiguous(self: Tensor, *_: Any, **__: Any) -> bool:
    return self.steps is None


@offer("Tensor.is_complex", "torch.is_complex")
def is_complex(input: Tensor) -> bool:
    return input.dtype.is_complex


@offer("Tensor.get_device")
def get_device(self: Tensor) -> int:
    return -1


@offer("Tensor.element_size")
def element_size(self: Tensor) -> int:
    return self.dtype.itemsize


@offer("Tensor.register_hook", "Tensor.backward", "Tensor.retain_grad")
def register_hook(self: Tensor, *_: Any, **__: Any) -> Any:
    return None


@offer("torch.is_tensor")
def is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)
