"""PyTorch's FlopCounterMode: two a multiply-accumulate of convolutions and matrix products."""

from __future__ import annotations

from cnnshape.analysis.conventions.convention import (
    ACTIVATIONS,
    CONVOLUTIONS,
    FREE,
    GLOBAL_AVERAGE,
    NORMS,
    POOLS,
    SUMS,
    TRANSPOSED,
    TWO_MACS,
    Convention,
    joined,
)

CONVENTION = Convention(
    tool="torch",
    version="2.13.0",
    unit="FLOPs, two a multiply-accumulate",
    costs=joined(
        ((*CONVOLUTIONS, *TRANSPOSED, "linear", "matmul", "rnn", "gru"), TWO_MACS),
        ((*POOLS, *GLOBAL_AVERAGE, "global_max_pool", "lp_pool2d", *NORMS, *ACTIVATIONS), FREE),
        ((*SUMS, "upsample", "embedding", "local_response_norm", "lstm"), FREE),
        (("multihead_attention", "bilinear"), FREE),
    ),
    bugs=(
        "a bilinear layer counts 0",
        "an LSTM counts 0 on a CPU, where it is one operator that has no formula",
        "attention counts 0 in evaluation, where it is one operator that has no formula",
    ),
)
