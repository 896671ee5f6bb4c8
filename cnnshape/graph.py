"""A network as data: inputs, nodes in topological order, and where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cnnshape.diagnostics import Diagnostic, Span
from cnnshape.layer import Layer, N, Shape, Size

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


class Nothing(Mapping[str, Any]):
    """A mapping without entries that cannot be changed, and can be sent to another process."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING: Mapping[str, Any] = Nothing()


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
    made: Span | None = None
    """Where a program made the layer, if that is not where it is called."""


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


class Stored(NamedTuple):
    """What a source says that a layer stores, where that is more or less than its rules say."""

    params: int = 0
    trainable: int = 0
    buffers: int = 0


class Held(NamedTuple):
    """A tensor that the model itself brings in: a parameter, a buffer, a constant."""

    name: str
    shape: Shape
    dtype: str = "float32"
    stored: Stored = Stored()
    used: bool = True
    """Whether any layer reads it; a parameter of a module that is never called is not."""
    span: Span | None = None
    is_parameter: bool = False
    values: tuple[str, bytes] | None = None
    """The kind of its numbers as NumPy calls it, and their bytes, if asked for and known."""
    is_random: bool = False
    """Whether the source draws its values, so that any drawn ones are as good."""


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
    stored: Stored | None = None
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
    assumed: tuple[tuple[Any, bool], ...] = ()
    """Conditions on named sizes, and whether they hold where the network is this one."""
    shape_alone: tuple[str, ...] = ()
    """Nodes whose shapes are known and whose values are not what the layer would compute."""
    resized: bool = False
    """An input was given another shape than the file's, of which `expect` speaks."""
    limits: tuple[Claim, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] = NOTHING
    """File → its text, for showing the lines that diagnostics point at."""
    program: bool = False
    """It was recorded from a program, whose layers are called at one place and made at another."""
    batch: Size = N
    """The size of the batch axis; figures are those of one sample."""
    held: tuple[Held, ...] = ()
    loss: str | Mapping[str, Any] | None = None
    """The name of what the network is trained with, or that with its arguments."""


def is_integer(dtype: str) -> bool:
    """Whether a dtype counts: an embedding reads it, a convolution does not."""
    return dtype == "bool" or dtype.startswith(("int", "uint"))


def leading_out(graph: Graph) -> set[str]:
    """Names of all that leads to an output of the network."""
    wanted = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    return wanted
