"""Arrays of a file, as the inputs and the targets of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from cnnshape.graph import Graph, Input, is_integer
from cnnshape.kernels.arena import Array
from cnnshape.layer import N, Shape, show
from cnnshape.training.failure import unusable
from cnnshape.training.files import TRAIN

BRIGHTEST = np.float32(255)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples along the first axis; values are as the file holds them until a batch is taken."""

    inputs: Mapping[str, Array]
    target: Array
    scaled: frozenset[str] = frozenset()
    """Inputs whose bytes become 0 to 1."""

    def __len__(self) -> int:
        return len(self.target)

    def part(self, rows: Array) -> Dataset:
        """The samples of these numbers, in their order."""
        return Dataset(
            {name: x[rows] for name, x in self.inputs.items()}, self.target[rows], self.scaled
        )

    def batch(self, graph: Graph, rows: Array) -> tuple[dict[str, Array], Array]:
        """Inputs and targets of some samples, in the types that the model computes with."""
        inputs = {item.name: self._typed(item, rows) for item in graph.inputs}
        return inputs, self.target[rows]

    def _typed(self, item: Input, rows: Array) -> Array:
        values = self.inputs[item.name][rows]
        if is_integer(item.dtype):
            return values.astype(np.int64, copy=False)
        values = np.ascontiguousarray(values, np.float32)
        return values / BRIGHTEST if item.name in self.scaled else values

    @property
    def fingerprint(self) -> str:
        """What tells these data from others, for a training that is resumed."""
        sums = [crc32(np.ascontiguousarray(array).tobytes()) for array in self._arrays()]
        return " ".join(f"{total:08x}" for total in sums)

    def _arrays(self) -> Iterator[Array]:
        yield from self.inputs.values()
        yield self.target


def dataset(
    graph: Graph,
    arrays: Mapping[str, Array],
    uses: tuple[str, ...] = TRAIN,
    *,
    scale: bool = True,
    source: object = "the data",
) -> Dataset:
    """The inputs and targets among named arrays, which must fit the model."""
    alone = len(graph.inputs) == 1
    inputs, scaled = {}, set()
    for item in graph.inputs:
        names = (item.name, "x") if alone else (item.name,)
        values = _fitted(graph, item, _pick(arrays, names, uses, source))
        inputs[item.name] = values
        if scale and values.dtype == np.uint8 and not is_integer(item.dtype):
            scaled.add(item.name)
    target = _pick(arrays, ("y",), uses, source)
    _check_samples(inputs, target, source)
    return Dataset(inputs, target, frozenset(scaled))


def _pick(
    arrays: Mapping[str, Array], names: tuple[str, ...], uses: tuple[str, ...], source: object
) -> Array:
    """The array of one of the names, or of `x_train` where training data are looked for."""
    known = {name.lower(): name for name in arrays}
    plain, used = list(names), [f"{name}_{use}" for name in names for use in uses]
    for name in plain + used if uses == TRAIN else used + plain:
        if name.lower() in known:
            return _numbers(arrays[known[name.lower()]], name, source)
    listed = ", ".join(f"`{name}`" for name in arrays) or "nothing"
    raise unusable(
        f"{source} holds no `{names[-1]}`, but {listed}",
        rule="unknown-reference",
        help=f"call the inputs `{names[-1]}` and the targets `y`"
        if names[-1] == "x"
        else f"name an array `{names[-1]}`",
    )


def _numbers(array: Array, name: str, source: object) -> Array:
    if array.dtype.kind not in "biuf":
        raise unusable(f"`{name}` in {source} holds {array.dtype}, not numbers")
    if array.ndim == 0 or array.size == 0:
        raise unusable(f"`{name}` in {source} is empty: {shape_text(array)}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise unusable(f"`{name}` in {source} is not finite in sample {row}")
    return array


def shape_text(array: Array) -> str:
    """The shape of an array."""
    return f"({', '.join(map(str, array.shape))})"


def _fitted(graph: Graph, item: Input, values: Array) -> Array:
    """The values in the input's shape; one channel may have been left out."""
    shape = tuple(item.shape[1:])
    if values.shape[1:] == shape:
        return values
    axis = len(shape) - 1 if graph.channels_last else 0
    if shape and shape[axis] == 1 and values.shape[1:] == (*shape[:axis], *shape[axis + 1 :]):
        return np.expand_dims(values, axis + 1)
    raise unusable(
        f"`{item.name}` is {show(item.shape)}, but the data are {shape_text(values)}",
        rule="shape-mismatch",
        span=item.span,
        help=_help(shape, tuple(values.shape[1:]), graph.channels_last),
        expected=list(item.shape),
        found=list(values.shape),
    )


def _help(shape: Shape, found: Shape, channels_last: bool) -> str:
    """What one would do about data of another shape."""
    moved = (*found[-1:], *found[:-1])
    if not channels_last and moved == shape:
        return "the data have their channels last: write x.transpose(0, 3, 1, 2)"
    if np.prod(found) == np.prod(shape):
        return f"the number of values is right: write x.reshape{show((N, *shape))}".replace(
            "(N,", "(-1,"
        )
    if len(found) == len(shape) - 1:
        found = (*found, 1) if channels_last else (1, *found)
    if len(found) == len(shape):
        return f"give the model the size of the data: --input {','.join(map(str, found))}"
    return "the first axis counts the samples, the others are those of the input"


def _check_samples(inputs: Mapping[str, Array], target: Array, source: object) -> None:
    for name, values in inputs.items():
        if len(values) != len(target):
            raise unusable(
                f"{source} holds {len(values):,} samples of `{name}`, but {len(target):,} targets",
                rule="shape-mismatch",
                expected=len(values),
                found=len(target),
            )


def split(data: Dataset, share: float, random: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Samples for training, and a share of them, drawn at random, for validation."""
    order = random.permutation(len(data))
    held = round(share * len(data))
    if not 0 < held < len(data):
        raise unusable(
            f"{share:g} of {len(data)} samples leaves nothing to train on or to validate with",
            help="give --split another value, or 0",
        )
    return data.part(np.sort(order[held:])), data.part(np.sort(order[:held]))
