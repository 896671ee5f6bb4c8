"""Names for the sizes of a network's inputs, and the network at given sizes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from cnnshape.analysis.fields import spatial_axes
from cnnshape.dim import Dim, size
from cnnshape.graph import Graph, Input, is_integer

AXIS_NAMES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
BATCH = "N"
CHANNELS = "C"
USUAL = 224
"""The example of a size of which nothing is known: ImageNet's."""


def with_named_sizes(graph: Graph, free: Collection[str] = ()) -> Graph:
    """The network with its inputs' spatial axes named, and with `free` axes (`C`) named too.

    Numbers become the examples of names; the same number on the same axis of several inputs is one
    size, and another one is told apart by a number (`H`, `H2`).
    """
    sizes: dict[str, int | None] = dict(graph.sizes)
    taken: dict[tuple[str, int], str] = {}
    inputs = []
    for item in graph.inputs:
        shape = list(item.shape)
        for axis, name in _axes(item, graph.channels_last, free):
            example = shape[axis]
            if not isinstance(example, Dim):
                chosen = taken.setdefault((name, example), _unused(name, sizes))
                sizes[chosen] = example
                shape[axis] = size(chosen)
        inputs.append(item._replace(shape=tuple(shape)))
    return graph._replace(inputs=tuple(inputs), sizes=sizes)


def _axes(item: Input, channels_last: bool, free: Collection[str]) -> Iterator[tuple[int, str]]:
    """The axes of an input that are named, and their usual names."""
    rank = len(item.shape)
    channel = rank - 1 if channels_last else 1
    axes = list(spatial_axes(item, channels_last))
    if not axes and is_integer(item.dtype):  # a sequence of tokens
        axes, channel = list(range(1, rank)), 0
    usual = AXIS_NAMES.get(len(axes)) or tuple(f"S{number}" for number in range(1, len(axes) + 1))
    if channel and rank > 1 and CHANNELS in free:
        yield channel, CHANNELS
    yield from zip(axes, usual, strict=True)


def _unused(name: str, sizes: Mapping[str, object]) -> str:
    number, candidate = 1, name
    while candidate in sizes:
        number += 1
        candidate = f"{name}{number}"
    return candidate


def at_sizes(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """The network at given sizes."""

    def there(side: int) -> int:
        return side.replaced(sizes) if isinstance(side, Dim) else side

    inputs = [item._replace(shape=tuple(map(there, item.shape))) for item in graph.inputs]
    held = [item._replace(shape=tuple(map(there, item.shape))) for item in graph.held]
    nodes = [
        node if node.layer is None else node._replace(layer=node.layer.at(sizes))
        for node in graph.nodes
    ]
    return graph._replace(
        inputs=tuple(inputs),
        nodes=tuple(nodes),
        held=tuple(held),
        batch=there(graph.batch),
        sizes={},
        assumed=(),
    )


def examples(graph: Graph) -> dict[str, int]:
    """An example of every named size: the one that is given, or the usual one."""
    return {name: USUAL if given is None else given for name, given in graph.sizes.items()}
