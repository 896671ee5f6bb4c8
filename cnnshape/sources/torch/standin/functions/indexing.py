"""Indexing: x[:, 1:], x[mask], gather, scatter."""

from __future__ import annotations

from typing import Any

from cnnshape.layers.merge import broadcast, first_clash
from cnnshape.sources.torch.standin.dtype import bool_, int64
from cnnshape.sources.torch.standin.functions.arrangement import axis_of
from cnnshape.sources.torch.standin.kept import COUNT, key_of
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.offer import TORCH, offer, tensor_of
from cnnshape.sources.torch.standin.shape import as_size, is_size
from cnnshape.sources.torch.standin.stack import stack
from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import UnsupportedError


def _items(index: Any) -> list[Any]:
    given = [*index] if isinstance(index, tuple) else [index]
    return [_item(one) for one in given]


def _item(one: Any) -> Any:
    """An index in plain form: a size, a slice of sizes, None, Ellipsis, or a tensor."""
    if one is None or one is Ellipsis or isinstance(one, bool):
        return one
    if isinstance(one, slice):
        return slice(*(None if side is None else _bound(side) for side in _sides(one)))
    if isinstance(one, Tensor):
        scalar = not one.shape and one.dtype is not bool_ and one.known_values() is not None
        return int(one) if scalar else one
    if isinstance(one, list | range):
        return tensor_of([*one])
    if type(one).__module__ == "numpy" and getattr(one, "ndim", False):
        return tensor_of(one)
    if is_size(one):
        return one
    if isinstance(one, float):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(one).__name__})"
        )
    return as_size(one)


def _sides(one: slice) -> tuple[Any, Any, Any]:
    return one.start, one.stop, one.step


def _bound(side: Any) -> Any:
    if isinstance(side, float):
        raise TypeError("slice indices must be integers or None or have an __index__ method")
    return as_size(side)


def _widened(items: list[Any], rank: int) -> list[Any]:
    """The items with the ellipsis written out."""
    taken = sum(
        (one.ndim if isinstance(one, Tensor) and one.dtype is bool_ else 1)
        for one in items
        if one is not None and one is not Ellipsis and not isinstance(one, bool)
    )
    if taken > rank:
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    if sum(one is Ellipsis for one in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if Ellipsis not in [one for one in items if not isinstance(one, Tensor)]:
        items = [*items, Ellipsis]
    place = next(number for number, one in enumerate(items) if one is Ellipsis)
    return [*items[:place], *[slice(None)] * (rank - taken), *items[place + 1 :]]


def index_arguments(tensor: Tensor, index: Any) -> dict[str, Any]:
    """What the layer `index` is told."""
    return {"items": tuple(map(_encoded, _widened(_items(index), tensor.ndim)))}


def _encoded(one: Any) -> Any:
    if isinstance(one, slice):
        return (one.start, one.stop, one.step)
    return "tensor" if isinstance(one, Tensor) else one


def getitem(self: Tensor, index: Any) -> Tensor:
    items = _widened(_items(index), self.ndim)
    if not any(isinstance(one, Tensor | bool) for one in items):
        if all(one == slice(None) for one in items):
            return self
        _in_range(self, items)
        # a part of a parameter may be taken only to be filled: `bias[:n].zero_()`
        taken = later if self.is_parameter else apply
        return taken("index", self, items=tuple(map(_encoded, items)))
    return _by_tensors(self, items)


def _in_range(tensor: Tensor, items: list[Any]) -> None:
    """IndexError as PyTorch's where an index lies outside its axis."""
    sizes = iter(tensor.shape)
    axis = 0
    for one in items:
        if one is None:
            continue
        size = next(sizes)
        if is_size(one) and not -size <= one < size:
            raise IndexError(f"index {one} is out of bounds for dimension {axis} with size {size}")
        axis += 1


def _by_tensors(tensor: Tensor, items: list[Any]) -> Tensor:
    """Indexing by tensors of indices, and by masks whose values are known."""
    expanded: list[Any] = []
    for one in items:
        if isinstance(one, Tensor) and one.dtype is bool_:
            _check_mask(one, tensor.shape, sum(before is not None for before in expanded))
            expanded += _nonzero(one)
        elif isinstance(one, bool):
            raise UnsupportedError("indexing by a single truth value")
        else:
            expanded.append(one)
    _known_in_range(tensor, expanded)
    indices = [one for one in expanded if isinstance(one, Tensor)]
    encoded = tuple(map(_encoded, expanded))
    return apply("take_index", tensor, *indices, items=encoded, dtype=tensor.dtype)


def _known_in_range(tensor: Tensor, items: list[Any]) -> None:
    """IndexError where indices whose values are known lie outside their axis."""
    axis = 0
    for one in items:
        if isinstance(one, Tensor):
            _within(one, tensor.shape[axis], axis)
        axis += one is not None


def _within(index: Tensor, size: Any, axis: int) -> None:
    if index.dtype.is_floating_point:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    found = index.known_values() if index.name is None else None
    if found is None or not found.size:
        return
    worst = found.max() if found.max() >= size else found.min()
    if not -size <= worst < size:
        raise IndexError(f"index {worst} is out of bounds for dimension {axis} with size {size}")


def _whole(index: Tensor, name: str) -> None:
    if index.dtype.name not in ("int64", "int32"):
        raise RuntimeError(f"{name}(): Expected dtype int64 for index, but got {index.dtype}")


def _nonzero(mask: Tensor) -> list[Tensor]:
    """The places where a mask holds, one tensor of indices an axis."""
    found = mask.known_values()
    if found is not None:
        return [tensor_of(axis) for axis in found.nonzero()]
    places = [Tensor((mask.shape.numel(),), int64, made=stack()) for _ in mask.shape]
    for one in places:
        one.kept = key_of(mask)
    return places


def _check_mask(mask: Tensor, sizes: Any, axis: int) -> None:
    """IndexError as PyTorch's where a mask is not of the shape of what it chooses from."""
    for place, (size, wanted) in enumerate(zip(mask.shape, sizes[axis:], strict=False)):
        if size != wanted:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {place} does not match the "
                f"shape of the indexed tensor {list(sizes)} at index {axis + place}"
            )


def setitem(self: Tensor, index: Any, value: Any) -> None:
    items = _widened(_items(index), self.ndim)
    if self.name is None and self.pending is None and _fills(items, value):
        _in_range(self, items)
        self.recipe = None
        return
    masks = [one for one in items if isinstance(one, Tensor) and one.dtype is bool_]
    if masks:
        place = next(number for number, one in enumerate(items) if one is masks[0])
        _check_mask(masks[0], self.shape, sum(one is not None for one in items[:place]))
        if isinstance(value, Tensor) and value.kept not in (None, key_of(masks[0])):
            raise UnsupportedError("indexing by a mask", COUNT)
    given = tensor_of(value, self) if not isinstance(value, Tensor) else value
    if not masks:
        shape = tuple(_shape_alone(self, items))
        theirs = tuple(given.shape)
        while len(theirs) > len(shape) and theirs[0] == 1:
            theirs = theirs[1:]
        if first_clash(shape, theirs) or tuple(broadcast(shape, theirs)) != shape:
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(given.shape)} cannot be broadcast "
                f"to indexing result of shape {list(shape)}"
            )
    traced = (self.name or self.pending) or (given.name or given.pending)
    if not (traced or given.is_parameter):
        self.recipe = None
        return
    by = [one for one in items if isinstance(one, Tensor)]
    if not by and not any(isinstance(one, bool) for one in items):
        encoded = tuple(map(_encoded, items))
        if isinstance(value, Tensor):
            self.become(apply("assign", self, given, items=encoded, dtype=self.dtype))
        else:
            self.become(apply("assign", self, items=encoded, value=value, dtype=self.dtype))
    else:
        self.become(apply("assign_at", self, given, *by, dtype=self.dtype))


def _fills(items: list[Any], value: Any) -> bool:
    """Whether a number goes to places that indices and slices name: it fits wherever they are."""
    return isinstance(value, int | float) and not any(
        isinstance(one, Tensor | bool) for one in items
    )


def _shape_alone(tensor: Tensor, items: list[Any]) -> Any:
    """The shape of what is indexed, without a trace of it in the graph."""
    from cnnshape.sources.torch.standin.trace import SESSION

    trace, SESSION.trace = SESSION.trace, None
    try:
        return getitem(tensor, tuple(items)).shape
    finally:
        SESSION.trace = trace


Tensor.__getitem__ = getitem  # type: ignore[method-assign]
Tensor.__setitem__ = setitem  # type: ignore[method-assign]


@offer("torch.gather", "Tensor.gather")
def gather(input: Tensor, dim: int, index: Tensor, **_: Any) -> Tensor:
    _whole(index, "gather")
    return apply("gather", input, index, dim=int(dim), dtype=input.dtype)


@offer("torch.take_along_dim", "Tensor.take_along_dim")
def take_along_dim(input: Tensor, indices: Tensor, dim: int) -> Tensor:
    return gather(input, dim, indices)


@offer("torch.index_select", "Tensor.index_select")
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    _whole(index, "index_select")
    axis = axis_of(dim, input.ndim)
    if index.ndim < 2:
        try:
            _within(index, input.shape[axis], axis)
        except IndexError as error:
            raise RuntimeError(str(error)) from None
    return apply("index_select", input, index, dim=int(dim), dtype=input.dtype)


@offer("torch.scatter", "Tensor.scatter", "torch.scatter_add", "Tensor.scatter_add",
       "torch.scatter_reduce", "Tensor.scatter_reduce", in_place=True)  # fmt: skip
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *_: Any, **named: Any
) -> Tensor:
    _whole(index, "scatter")
    source = named.get("value", src)
    if isinstance(source, Tensor) and source.ndim:
        return apply("scatter", input, index, source, dim=int(dim), dtype=input.dtype)
    number = float(source) if isinstance(source, Tensor) else source
    return apply("scatter", input, index, dim=int(dim), value=number, dtype=input.dtype)


@offer("torch.index_add", "Tensor.index_add", "torch.index_copy", "Tensor.index_copy",
       in_place=True)  # fmt: skip
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, **_: Any) -> Tensor:
    """Slices of another tensor, one an index, put along an axis."""
    axis = axis_of(dim, input.ndim)
    wanted = (*input.shape[:axis], index.shape[0] if index.ndim else 1, *input.shape[axis + 1 :])
    if tuple(source.shape) != wanted:
        raise RuntimeError(
            f"index_add(): Number of indices ({wanted[axis]}) should be equal to source.size(dim): "
            f"({list(source.shape)}), for input of {list(input.shape)}"
        )
    _whole(index, "index_add")
    return apply("assign_at", input, source, index, dtype=input.dtype)


@offer("torch.index_fill", "Tensor.index_fill", in_place=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    _whole(index, "index_fill")
    axis_of(dim, input.ndim)
    return apply("assign_at", input, tensor_of(value, input), index, dtype=input.dtype)


@offer("torch.masked_scatter", "Tensor.masked_scatter", in_place=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Values of a source, one behind the other, where a mask holds."""
    if mask.dtype is not bool_:
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got {mask.dtype}")
    shape = TORCH["broadcast_shapes"](input.shape, mask.shape)
    return apply("assign_at", TORCH["broadcast_to"](input, shape), source, mask, dtype=input.dtype)


@offer("torch.index_put", "Tensor.index_put", in_place=True)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    _shape_alone(input, _widened(_items(tuple(indices)), input.ndim))
    return apply("assign_at", input, values, *indices, dtype=input.dtype)


@offer("torch.nonzero", "Tensor.nonzero", "torch.argwhere", "Tensor.argwhere")
def nonzero(input: Tensor, as_tuple: bool = False) -> Any:
    found = input.known_values()
    if found is None:
        if as_tuple:
            return tuple(_nonzero(input))
        table = Tensor((input.shape.numel(), input.ndim), int64, made=stack())
        table.kept = key_of(input)
        return table
    places = found.nonzero()
    if as_tuple:
        return tuple(tensor_of(axis) for axis in places)
    import numpy as np

    return tensor_of(np.stack(places, -1))


@offer("torch.masked_select", "Tensor.masked_select")
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    shape = TORCH["broadcast_shapes"](input.shape, mask.shape)
    whole = [
        one if tuple(one.shape) == shape else TORCH["broadcast_to"](one, shape)
        for one in (input, mask)
    ]
    return getitem(whole[0], whole[1])


@offer("torch.unique", "Tensor.unique")
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    return _distinct("torch.unique", input, return_inverse, return_counts, dim)


@offer("torch.unique_consecutive", "Tensor.unique_consecutive")
def unique_consecutive(input: Tensor, *_: Any, **__: Any) -> Any:
    raise UnsupportedError("torch.unique_consecutive", COUNT)


def _distinct(name: str, input: Tensor, inverse: bool, counts: bool, dim: int | None) -> Any:
    """The distinct values, and where they stand and how often, if asked for."""
    found = input.known_values()
    if found is None:
        raise UnsupportedError(name, COUNT)
    import numpy as np

    values, places, times = np.unique(found, return_inverse=True, return_counts=True, axis=dim)
    asked = [places.reshape(found.shape if dim is None else -1)] * inverse + [times] * counts
    given = tensor_of(values.astype(found.dtype))
    return (given, *map(tensor_of, asked)) if asked else given
