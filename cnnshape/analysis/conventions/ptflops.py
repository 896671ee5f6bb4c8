"""ptflops: hooks on modules, and PyTorch's functions replaced by ones that count."""

from __future__ import annotations

from math import prod
from typing import Any, cast

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
    WITH_BIAS,
    Convention,
    Cost,
    Item,
    joined,
    of_inputs,
    of_norm,
    of_outputs,
    recurrent_extra,
)
from cnnshape.layer import Size

STATES = {"rnn": 1, "lstm": 10, "gru": 7}
TWICE = ("relu", "prelu", "elu", "gelu")
"""Activations that have a hook, and whose module calls a function that counts."""


def lp_pool(item: Item) -> Size:
    """The mean that it is made of, a ReLU and a product."""
    return item.inputs + 2 * item.outputs


def response_norm(item: Item) -> Size:
    """Two products, a sum, and the mean over the channels, padded to the window."""
    shape = item.x[0]
    size: int = item.argument("size")
    return 3 * item.inputs + shape[0] * (shape[1] + size - 1) * prod(shape[2:])


def _attention(item: Item) -> Size:
    """Products, biases, the scaling of queries, and a softmax a head."""
    query, layer = item.x[0], cast(Any, item.layer)
    heads: int = item.argument("num_heads")
    key, value = (*item.x[1:], *item.x)[0], (*item.x[2:], *item.x[1:], *item.x)[0]
    steps, sources, values = (layer.steps(shape) for shape in (query, key, value))
    width, bias = query[-1], item.argument("bias")
    biases = (steps + sources + values) * width if bias else 0
    softmax = heads * steps * sources
    found: Size = item.macs + steps * width + biases + softmax + steps * value[-1]
    return found


LP_POOL = Cost("inputs + 2·outputs", lp_pool)
RESPONSE_NORM = Cost("4·inputs + its padding", response_norm)

CONVENTION = Convention(
    tool="ptflops",
    version="0.7.5",
    unit="MACs",
    costs=joined(
        ((*CONVOLUTIONS, *TRANSPOSED, "linear"), WITH_BIAS),
        ((*BATCH_NORMS, *INSTANCE_NORMS, "group_norm"), of_norm(2, 1)),
        (("layer_norm",), of_inputs(1)),
        (POOLS, of_inputs(2)),
        (TWICE, of_outputs(2)),
        (("relu6", "leaky_relu", "silu", "softmax"), of_outputs(1)),
        (("upsample",), of_outputs(2)),
        (("matmul",), MACS),
        (("lp_pool2d",), LP_POOL),
        (("local_response_norm",), RESPONSE_NORM),
        (
            RECURRENT,
            Cost(
                "weight and bias uses + states × 1 (rnn), 10 (lstm), 7 (gru)",
                lambda item: item.connections + recurrent_extra(STATES, item),
            ),
        ),
        (("multihead_attention",), Cost("MACs + biases + scaling + softmax", _attention)),
        (("selu", "celu", "mish", "hardswish", "hardsigmoid", "hardtanh", "sigmoid"), FREE),
        (("tanh", "softplus", "softsign", "glu", "log_softmax", "rms_norm"), FREE),
        ((*SUMS, *GLOBAL_AVERAGE, "global_max_pool", "embedding", "bilinear"), FREE),
    ),
    functions=joined(
        ((*POOLS,), of_inputs(1)),
        ((*TWICE, "relu6", "silu", "softmax", "upsample"), of_outputs(1)),
        (("leaky_relu",), FREE),
    ),
    bugs=(
        "poolings, upsampling and the activations relu, prelu, elu, gelu count twice as modules: "
        "once by a hook, once by the function that the module calls",
        "a layer norm's gain and bias are not seen",
        "sums and products written with operators (`x + y`) count 0",
    ),
)
