"""torchinfo: parameters times the positions at which a convolution uses them."""

from __future__ import annotations

from math import prod

from cnnshape.analysis.conventions.convention import (
    ACTIVATIONS,
    CONVOLUTIONS,
    FREE,
    GLOBAL_AVERAGE,
    NORMS,
    POOLS,
    RECURRENT,
    SUMS,
    TRANSPOSED,
    Convention,
    Cost,
    Item,
    joined,
    spatial,
)
from cnnshape.layer import Size

KNOWN = ("weight", "bias")


def _parameters(item: Item) -> Size:
    """Each parameter once a sample, whatever it does."""
    return item.y[0] * sum(
        prod(w) for name, w in item.layer.weights(*item.x).items() if name in KNOWN
    )


def _at_positions(item: Item) -> Size:
    return _parameters(item) * spatial(item.y)


PER_POSITION = Cost("parameters × output positions", _at_positions)
PER_SAMPLE = Cost("parameters × samples", _parameters)
PER_STEP = Cost("parameters × steps", lambda item: item.connections)

CONVENTION = Convention(
    tool="torchinfo",
    version="1.8.0",
    unit="mult-adds",
    costs=joined(
        ((*CONVOLUTIONS, *TRANSPOSED), PER_POSITION),
        (("linear", "bilinear", "embedding", "prelu", *NORMS), PER_SAMPLE),
        (RECURRENT, PER_STEP),
        ((*POOLS, *GLOBAL_AVERAGE, "global_max_pool", "lp_pool2d", "local_response_norm"), FREE),
        ((name for name in ACTIVATIONS if name != "prelu"), FREE),
        ((*SUMS, "matmul", "upsample", "multihead_attention"), FREE),
    ),
    bugs=(
        "a linear layer over a sequence counts as if it had one step",
        "a transposed convolution uses its weights at every output position, not at every input's",
        "attention counts 0: its weights belong to no leaf module that is called",
    ),
    modules_only=True,
)
