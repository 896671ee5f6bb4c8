"""What a convention is: the cost of a layer of each type, as a tool counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any, NamedTuple

from cnnshape.graph import NOTHING
from cnnshape.layer import Layer, Shape, Size


class Item(NamedTuple):
    """A layer and what it read and gave, for one sample."""

    layer: Layer
    x: tuple[Shape, ...]
    y: Shape
    macs: Size
    connections: Size
    folded: bool = False
    """Of a batch norm: it is folded into the convolution before it; of that one: it folds."""

    def argument(self, name: str, default: Any = None) -> Any:
        """The layer's argument, or `default` where it has none of that name."""
        return vars(self.layer).get(name, default)

    def has(self, name: str) -> bool:
        """Whether the layer has a parameter of that name."""
        return name in self.layer.weights(*self.x)

    @property
    def inputs(self) -> Size:
        """The values of the first input."""
        return prod(self.x[0])

    @property
    def outputs(self) -> Size:
        """The values of the output."""
        return prod(self.y)


class Cost(NamedTuple):
    """What a layer counts for: in words, and as a function; None: there is no telling."""

    text: str
    of: Callable[[Item], Size | None]


Costs = Mapping[str, Cost]
"""Type of layer → its cost."""


class Convention(NamedTuple):
    """How one tool counts.

    `costs` are those of modules (`nn.ReLU`), `functions` those that differ where PyTorch calls a
    function (`F.relu`). What is in neither has no rule that is known.
    """

    tool: str
    version: str
    unit: str
    costs: Costs
    functions: Costs = NOTHING
    bugs: tuple[str, ...] = ()
    also: tuple[str, Costs] | None = None
    """A second figure that the tool prints: its unit and its costs."""
    modules_only: bool = False
    """Whether it hooks modules and so never sees the call of a function."""


def joined(*tables: tuple[Iterable[str], Cost]) -> Costs:
    """A table of types and the cost that they share, as one mapping."""
    return {name: cost for names, cost in tables for name in names}


FREE = Cost("0", lambda item: 0)
MACS = Cost("MACs", lambda item: item.macs)
TWO_MACS = Cost("2·MACs", lambda item: 2 * item.macs)
WITH_BIAS = Cost(
    "MACs + bias uses", lambda item: item.macs + (item.outputs if item.has("bias") else 0)
)


def of_inputs(times: int) -> Cost:
    """A number for each value that arrives."""
    return Cost("inputs" if times == 1 else f"{times}·inputs", lambda item: times * item.inputs)


def of_outputs(times: int) -> Cost:
    """A number for each value that leaves."""
    return Cost("outputs" if times == 1 else f"{times}·outputs", lambda item: times * item.outputs)


def of_norm(affine: int, plain: int) -> Cost:
    """A number for each value, larger where the norm has a gain."""
    return Cost(
        f"{affine}·inputs, {plain}·inputs if not affine",
        lambda item: (affine if item.has("weight") else plain) * item.inputs,
    )


CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
TRANSPOSED = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
MAX_POOLS = ("max_pool1d", "max_pool2d", "max_pool3d")
AVERAGE_POOLS = ("avg_pool1d", "avg_pool2d", "avg_pool3d")
ADAPTIVE_AVERAGE = ("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
ADAPTIVE_MAX = ("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
GLOBAL_AVERAGE = ("global_avg_pool",)
POOLS = (*MAX_POOLS, *AVERAGE_POOLS, *ADAPTIVE_AVERAGE, *ADAPTIVE_MAX)
BATCH_NORMS = ("batch_norm", "batch_norm1d", "batch_norm2d", "batch_norm3d")
INSTANCE_NORMS = ("instance_norm", "instance_norm1d", "instance_norm2d", "instance_norm3d")
NORMS = (*BATCH_NORMS, *INSTANCE_NORMS, "layer_norm", "group_norm", "rms_norm")
SUMS = ("add", "subtract", "multiply", "maximum", "average")
RECURRENT = ("rnn", "lstm", "gru")
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish"),
    *("hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh", "softplus", "softsign", "glu"),
    *("softmax", "log_softmax"),
)
"""What PyTorch code calls as a function (`F.relu`) as readily as it makes a module of it."""
MOVES = frozenset(
    (
        *("concat", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "fold", "unfold"),
        *("zero_pad1d", "zero_pad2d", "zero_pad3d", "constant_pad1d", "constant_pad2d"),
        *("constant_pad3d", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d"),
        *("replication_pad1d", "replication_pad2d", "replication_pad3d"),
        *("circular_pad1d", "circular_pad2d", "circular_pad3d"),
    )
)
"""Layers that move values and compute none: 0 for every tool, as views are."""


def recurrent_extra(times: Mapping[str, int], item: Item) -> Size:
    """Operations on states beside the products: so many a state, by the kind of layer."""
    states: int = item.argument("hidden_size") * item.argument("num_layers")
    directions = 2 if item.argument("bidirectional") else 1
    steps = prod(item.x[0][:-1])
    return times[item.layer.type] * states * directions * steps


def spatial(shape: Shape) -> Size:
    """The positions of a map (N, C, *spatial)."""
    return prod(shape[2:])
