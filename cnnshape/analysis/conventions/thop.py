"""thop: multiply-accumulates of modules, and what some other modules do to each value."""

from __future__ import annotations

from math import prod

from cnnshape.analysis.conventions.convention import (
    ACTIVATIONS,
    ADAPTIVE_AVERAGE,
    ADAPTIVE_MAX,
    AVERAGE_POOLS,
    BATCH_NORMS,
    CONVOLUTIONS,
    FREE,
    GLOBAL_AVERAGE,
    INSTANCE_NORMS,
    MACS,
    MAX_POOLS,
    RECURRENT,
    SUMS,
    TRANSPOSED,
    Convention,
    Cost,
    Item,
    joined,
    of_norm,
    of_outputs,
    recurrent_extra,
)
from cnnshape.layer import Size
from cnnshape.layers.axis import axis_of

UPSAMPLED = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 128 + 96 + 35}
STATES = {"rnn": 1, "lstm": 8, "gru": 7}


def _transposed(item: Item) -> Size:
    groups: int = item.argument("groups")
    kernel = prod(item.layer.weights(*item.x)["weight"][2:])
    return item.outputs * (item.x[0][1] // groups) * kernel


def _softmax(item: Item) -> Size:
    """Along an axis of n: n exponentials, n - 1 sums, n divisions."""
    dim = item.argument("dim")
    size = item.x[0][1 if dim is None else axis_of(dim, item.x[0])]
    return item.inputs // size * (3 * size - 1)


def _upsample(item: Item) -> Size:
    return UPSAMPLED.get(item.argument("mode"), 0) * item.outputs


COSTS = joined(
    ((*CONVOLUTIONS, "linear"), MACS),
    (TRANSPOSED, Cost("weights of one output × outputs", _transposed)),
    ((*BATCH_NORMS, *INSTANCE_NORMS, "layer_norm"), of_norm(4, 2)),
    (("prelu",), of_outputs(1)),
    (("softmax",), Cost("3·inputs less one a sum", _softmax)),
    (AVERAGE_POOLS, of_outputs(1)),
    (ADAPTIVE_AVERAGE, Cost("inputs + outputs", lambda item: item.inputs + item.outputs)),
    (
        ("upsample",),
        Cost("outputs × 1 (nearest), 5 (linear), 11 (bilinear), 259 (bicubic), else 0", _upsample),
    ),
    (
        RECURRENT,
        Cost(
            "weight and bias uses + states × 1 (rnn), 8 (lstm), 7 (gru)",
            lambda item: item.connections + recurrent_extra(STATES, item),
        ),
    ),
    ((*MAX_POOLS, *ADAPTIVE_MAX, "lp_pool2d", "group_norm", "rms_norm"), FREE),
    ((name for name in ACTIVATIONS if name not in ("prelu", "softmax")), FREE),
    ((*SUMS, *GLOBAL_AVERAGE, "global_max_pool", "matmul", "embedding", "bilinear"), FREE),
    (("local_response_norm", "multihead_attention"), FREE),
)

CONVENTION = Convention(
    tool="thop",
    version="0.1.1",
    unit="MACs",
    costs=COSTS,
    functions=dict.fromkeys(COSTS, FREE),
    bugs=(
        "a function that is called (`F.avg_pool2d`) counts 0: it sees modules only",
        "a transposed convolution uses its weights at every output, not at every input",
        "a batch norm counts 4 a value, where its other rules count multiply-accumulates",
    ),
    modules_only=True,
)
