"""A network as data: inputs, nodes in topological order, and where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from cnnshape.diagnostics import Diagnostic, Span
from cnnshape.layer import Layer, Shape

DTYPE_BYTES = {
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "bool": 1,
}


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Use(NamedTuple):
    """A block's use: the place inside it came from here."""

    block: str
    layer: str
    span: Span


class Place(NamedTuple):
    """Where a layer stands: its head, its arguments, and the uses of the blocks around it."""

    span: Span | None = None
    fields: Mapping[str, Span] = NOTHING
    uses: tuple[Use, ...] = ()


class Scope(NamedTuple):
    """A block's expansion that a layer belongs to."""

    name: str
    type: str


class Claim(NamedTuple):
    """A figure that the author states, and where; `bound` is how it compares: `==`, `<=`, …"""

    figure: str
    value: object
    bound: str = "=="
    span: Span | None = None
    block: str | None = None
    """The block that it is stated of, where it is not the layer that gives the block's output."""


class Input(NamedTuple):
    """A tensor given from outside; the shape holds the batch axis."""

    name: str
    shape: Shape
    dtype: str = "float32"
    span: Span | None = None


class Node(NamedTuple):
    """One layer of the network; `layer` is None where its arguments were found to be wrong."""

    name: str
    type: str
    layer: Layer | None
    inputs: tuple[str, ...]
    place: Place = Place()
    scopes: tuple[Scope, ...] = ()
    expect: tuple[Claim, ...] = ()
    weights_from: str | None = None
    trainable: bool = True
    functional: bool | None = None
    """Whether PyTorch calls it as a function (`F.relu`) or as a module; None: not said."""


class Graph(NamedTuple):
    """A network; every node stands behind those it reads from."""

    name: str
    path: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    channels_last: bool = False
    sizes: Mapping[str, int | None] = NOTHING
    """Named sizes of inputs, with an example of each where one is given."""
    resized: bool = False
    """An input was given another shape than the file's, of which `expect` speaks."""
    limits: tuple[Claim, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] = NOTHING
    """File → its text, for showing the lines that diagnostics point at."""
    loss: str | Mapping[str, Any] | None = None
    """The name of what the network is trained with, or that with its arguments."""


def is_integer(dtype: str) -> bool:
    """Whether a dtype counts: an embedding reads it, a convolution does not."""
    return dtype == "bool" or dtype.startswith(("int", "uint"))
