"""Tensors joined, and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from cnnshape.sources.torch.standin.functions.arrangement import (
    axis_of,
    expand,
    flatten,
    unsqueeze,
    view,
)
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.offer import offer, tensor_of
from cnnshape.sources.torch.standin.shape import as_size, is_size
from cnnshape.sources.torch.standin.tensor import Tensor, apply


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
