"""fvcore: one a multiply-accumulate, and norms; operators of the traced network."""

from __future__ import annotations

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
    of_inputs,
    of_norm,
)
from cnnshape.layer import Size

UPSAMPLED = {"nearest": 1, "bilinear": 4}


def _upsample(item: Item) -> Size:
    """Only maps of two axes are known, and two modes."""
    times = UPSAMPLED.get(item.argument("mode"), 0) if len(item.y) == 4 else 0
    return times * item.outputs


def projections(item: Item) -> Size:
    """The products with weights; those of queries, keys and values are one fused operator."""
    scores = item.layer.products(item.y, *item.x)
    fused = sum(a * b * c for name, (a, b, c) in scores.items() if name in FUSED)
    return item.macs - fused


FUSED = ("scores", "weighted values")

CONVENTION = Convention(
    tool="fvcore",
    version="0.1.5",
    unit="FLOPs, one a multiply-accumulate",
    costs=joined(
        ((*CONVOLUTIONS, *TRANSPOSED, "linear", "matmul"), MACS),
        (BATCH_NORMS, of_norm(2, 1)),
        ((*INSTANCE_NORMS, "layer_norm", "group_norm"), of_norm(5, 4)),
        (("adaptive_avg_pool2d",), of_inputs(1)),
        (
            ("upsample",),
            Cost("outputs (nearest), 4·outputs (bilinear), else 0; 2 axes only", _upsample),
        ),
        (("multihead_attention",), Cost("MACs of the projections", projections)),
        ((*MAX_POOLS, *AVERAGE_POOLS, *ADAPTIVE_MAX, "lp_pool2d", "global_max_pool"), FREE),
        ((name for name in ADAPTIVE_AVERAGE if name != "adaptive_avg_pool2d"), FREE),
        ((*GLOBAL_AVERAGE, *ACTIVATIONS, *SUMS, *RECURRENT, "embedding"), FREE),
        (("rms_norm", "local_response_norm", "bilinear"), FREE),
    ),
    bugs=(
        "recurrent and bilinear layers are unknown to it, and count 0",
        "of attention the products of queries with keys, and of weights with values, count 0",
    ),
)
