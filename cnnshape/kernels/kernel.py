"""What a kernel is: a layer's forward pass in NumPy, and with its result the way back.

A kernel gets its inputs as the layer thinks of them, (N, C, *spatial), and gives its output and a
`pullback`: the function that takes the gradient of a scalar by the output, and gives those by the
inputs and by the weights. What the way back needs, the pullback holds; when it is dropped, the
memory is free.

Only the order of axes counts, not how they lie in memory. Kernels that work channel by channel
keep (C, N, *spatial) in memory and give a view of it; what works value by value keeps the order
that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import numpy as np

from cnnshape.graph import NOTHING
from cnnshape.kernels.arena import Arena, Array
from cnnshape.kernels.initial import Initial, zeros_and_ones
from cnnshape.layer import Layer, Shape

Arrays = tuple[Array, ...]


class Gradients(NamedTuple):
    """Gradients by the inputs, None where none is asked for or none exists, and by the weights."""

    inputs: tuple[Array | None, ...]
    weights: Mapping[str, Array] = NOTHING


Pullback = Callable[[Array], Gradients]


class Step(NamedTuple):
    """An output, and the way back. `loose`: the output is new, and the way back does not read it.

    Who alone reads a loose output may write over it.
    """

    output: Array
    pullback: Pullback
    loose: bool = False


@dataclass(slots=True)
class Context:
    """What a kernel is told beside the arguments and the inputs."""

    shapes: tuple[Shape, ...] = ()
    """The inputs' shapes, in which the batch axis is marked as `Batch`."""
    weights: Mapping[str, Array] = field(default_factory=dict)
    """Parameters and buffers, by PyTorch's names."""
    wanted: tuple[bool, ...] = (True, True, True)
    """For each input, whether its gradient will be asked for."""
    trains: bool = True
    """Whether the gradients by the weights will be asked for."""
    backward: bool = True
    """Whether there is a way back at all."""
    training: bool = False
    fast: bool = False
    """Whether an algorithm may be used that is faster and less accurate."""
    overwrite: bool = False
    """Whether the first input may be written over."""
    arena: Arena = field(default_factory=Arena)
    random: np.random.Generator = field(default_factory=np.random.default_rng)
    buffers: dict[str, Array] = field(default_factory=dict)
    """Where a kernel puts the buffers that it changed."""

    def target(self, x: Array) -> Array:
        """Where to write what has the shape and the kind of the first input."""
        return x if self.overwrite and x.flags.writeable else self.arena.like(x)


class Kernel(NamedTuple):
    """How a layer is computed, and what its weights are at first."""

    forward: Callable[..., Step]
    initial: Initial


KERNELS: dict[type[Layer], Kernel] = {}
Forward = TypeVar("Forward", bound=Callable[..., Step])


def kernel(*layers: type[Layer], initial: Initial = zeros_and_ones) -> Callable[[Forward], Forward]:
    """Make a function the kernel of layers."""

    def register(forward: Forward) -> Forward:
        KERNELS.update(dict.fromkeys(layers, Kernel(forward, initial)))
        return forward

    return register


def find(layer: type[Layer]) -> Kernel | None:
    """The kernel of a layer, its module being imported; None: it names none."""
    if not layer.kernel:
        return None
    if find_spec(layer.kernel):
        import_module(layer.kernel)
    return next((KERNELS[cls] for cls in layer.__mro__ if cls in KERNELS), None)


def scalar(value: float, x: Array) -> Any:
    """A number of the precision of `x`, so that it does not widen what it meets."""
    return x.dtype.type(value)


def reduced_to(g: Array, shape: Shape) -> Array:
    """The gradient by what was broadcast: summed over the axes along which it was repeated."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    repeated = [axis for axis in range(extra, g.ndim) if shape[axis - extra] == 1]
    summed = g.sum(axis=(*range(extra), *repeated), keepdims=True)
    return summed.reshape(shape)
