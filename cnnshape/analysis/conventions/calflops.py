"""calflops: two a multiply-accumulate, and one for each value of most other functions."""

from __future__ import annotations

from math import prod

from cnnshape.analysis.conventions.convention import (
    BATCH_NORMS,
    CONVOLUTIONS,
    FREE,
    GLOBAL_AVERAGE,
    INSTANCE_NORMS,
    MACS,
    POOLS,
    RECURRENT,
    SUMS,
    TRANSPOSED,
    TWO_MACS,
    Convention,
    Cost,
    Item,
    joined,
    of_inputs,
    of_norm,
    recurrent_extra,
)
from cnnshape.analysis.conventions.fvcore import projections
from cnnshape.analysis.conventions.ptflops import LP_POOL, RESPONSE_NORM
from cnnshape.layer import Size

STATES = {"rnn": 1 - 2, "lstm": 10 - 8, "gru": 7 - 6}
"""Operations on a state, less the two sums that each gate has too many in 2·MACs."""
ONE_EACH = ("relu", "prelu", "elu", "leaky_relu", "silu", "gelu", "softmax")


def _convolution(item: Item) -> Size:
    return 2 * item.macs + (item.outputs if item.has("bias") else 0)


def _transposed_macs(item: Item) -> Size:
    """The weight's second axis holds a group's channels, and is divided by the groups again."""
    groups: int = item.argument("groups")
    weight = item.layer.weights(*item.x)["weight"]
    return item.x[0][0] * prod(weight[2:]) * weight[0] * (weight[1] // groups) * prod(item.x[0][2:])


def _transposed(item: Item) -> Size:
    """Biases at as many positions as a direct convolution would have."""
    biases = 0
    if item.has("bias"):
        count = len(item.x[0]) - 2
        names = ("kernel_size", "stride", "padding", "dilation")
        rows = zip(item.x[0][2:], *(item.layer.along(n, count) for n in names), strict=True)
        positions = prod((w + 2 * p - d * (k - 1) - 1) // s + 1 for w, k, s, p, d in rows)
        biases = item.x[0][0] * item.layer.weights(*item.x)["weight"][1] * positions
    return 2 * _transposed_macs(item) + biases


def _upsample(item: Item) -> Size:
    """With a scale one an input; with a size, positions alone."""
    return item.inputs if item.argument("size") is None else prod(item.y[2:])


def _recurrent(item: Item) -> Size:
    return item.macs + item.connections + recurrent_extra(STATES, item)


CONVENTION = Convention(
    tool="calflops",
    version="0.3.2",
    unit="FLOPs, two a multiply-accumulate",
    costs=joined(
        (CONVOLUTIONS, Cost("2·MACs + bias uses", _convolution)),
        (TRANSPOSED, Cost("2·MACs/groups + biases of a direct convolution", _transposed)),
        (("linear", "matmul"), TWO_MACS),
        (BATCH_NORMS, of_norm(2, 1)),
        ((*INSTANCE_NORMS, "layer_norm", "group_norm"), of_norm(5, 4)),
        (POOLS, of_inputs(1)),
        (ONE_EACH, of_inputs(1)),
        (("upsample",), Cost("inputs (scale_factor), positions (size)", _upsample)),
        (("lp_pool2d",), LP_POOL),
        (("local_response_norm",), RESPONSE_NORM),
        (RECURRENT, Cost("2·MACs + bias uses + operations on states", _recurrent)),
        (
            ("multihead_attention",),
            Cost("2·MACs of the projections", lambda item: 2 * projections(item)),
        ),
        (("relu6", "selu", "celu", "mish", "hardswish", "hardsigmoid", "hardtanh"), FREE),
        (("sigmoid", "tanh", "softplus", "softsign", "glu", "log_softmax", "rms_norm"), FREE),
        ((*SUMS, *GLOBAL_AVERAGE, "global_max_pool", "embedding", "bilinear"), FREE),
    ),
    functions=joined((("relu6",), of_inputs(1))),
    bugs=(
        "the bias of a linear layer is not counted, that of a convolution is",
        "ReLU6 as a module counts 0, ReLU 1 an input",
        "upsampling counts its inputs, or with a `size` one channel's positions",
        "a transposed convolution in groups is divided by its groups twice",
        "sums and products written with operators (`x + y`) count 0",
        "it fails on a network without parameters",
    ),
    also=(
        "MACs",
        joined(
            ((*CONVOLUTIONS, "linear", "matmul"), MACS),
            (TRANSPOSED, Cost("MACs/groups", _transposed_macs)),
            (("multihead_attention",), Cost("MACs of the projections", projections)),
        ),
    ),
)
