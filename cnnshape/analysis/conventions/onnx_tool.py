"""onnx-tool: operations of the exported graph, where batch norms are folded into convolutions."""

from __future__ import annotations

from math import prod

from cnnshape.analysis.conventions.convention import (
    ADAPTIVE_AVERAGE,
    ADAPTIVE_MAX,
    AVERAGE_POOLS,
    BATCH_NORMS,
    CONVOLUTIONS,
    FREE,
    INSTANCE_NORMS,
    MACS,
    MAX_POOLS,
    TRANSPOSED,
    WITH_BIAS,
    Convention,
    Cost,
    Item,
    joined,
    of_inputs,
    of_outputs,
)
from cnnshape.layer import Size

ADD, DIVIDE, SQRT, EXP, LOG = 1, 4, 24, 32, 43
"""What it takes the operations for; a product and a comparison are 1."""
TANH = 2 * (EXP + 2 * ADD + DIVIDE)
"""Twice its own figure: the table says so."""
SOFTPLUS = EXP + ADD + LOG
EACH = {
    "relu": 1,
    "relu6": 2,
    "hardtanh": 2,
    "leaky_relu": 2,
    "prelu": 2,
    "elu": 1 + EXP + 2,
    "gelu": EXP + 2,
    "silu": EXP + 1,
    "mish": SOFTPLUS + TANH + 1,
    "hardswish": 5,
    "hardsigmoid": 4,
    "sigmoid": EXP,
    "tanh": TANH,
    "softplus": SOFTPLUS,
    "softsign": 1 + ADD + DIVIDE,
    "softmax": EXP + DIVIDE,
    "log_softmax": EXP + DIVIDE + ADD + LOG,
    "glu": EXP + 1,
}
NORM = ADD + SQRT + DIVIDE + ADD + 1
UPSAMPLED = {"linear": 4, "bilinear": 4, "trilinear": 4, "bicubic": 8}


def _convolution(item: Item) -> Size:
    """A folded batch norm gives the convolution a bias."""
    biased = item.folded or item.has("bias")
    return item.macs + (item.outputs if biased else 0)


def _transposed(item: Item) -> Size:
    weight = item.layer.weights(*item.x)["weight"]
    return item.outputs * (prod(weight[1:]) + (1 if item.has("bias") else 0))


def _seen(kernel: tuple[Size, ...]) -> Size:
    """The values of a window: of three axes the first alone is counted."""
    return kernel[0] if len(kernel) == 3 else prod(kernel)


def _pool(item: Item) -> Size:
    return item.outputs * _seen(item.layer.along("kernel_size", len(item.x[0]) - 2))


def _windows(item: Item) -> Size | None:
    """Adaptive windows where they are all alike; others it does not export."""
    pairs = list(zip(item.x[0][2:], item.y[2:], strict=True))
    if any(size % output for size, output in pairs):
        return None
    return item.outputs * _seen(tuple(size // output for size, output in pairs))


def _adaptive_average(item: Item) -> Size | None:
    if all(size == 1 for size in item.y[2:]):
        return item.inputs + DIVIDE * item.outputs
    return _windows(item)


def _lp_pool(item: Item) -> Size:
    return EXP * item.inputs + _pool(item) + (5 + EXP) * item.outputs


def _batch_norm(item: Item) -> Size:
    return 0 if item.folded else NORM * item.inputs


def _layer_norm(item: Item) -> Size:
    given = item.argument("normalized_shape")
    axes = len(given) if isinstance(given, tuple) else 1
    means = item.inputs // item.x[0][-axes]
    return 7 * item.inputs + (ADD + SQRT + DIVIDE) * means


def _each(item: Item) -> Size:
    return EACH[item.layer.type] * item.outputs


def _sum(item: Item) -> Size:
    return (len(item.x) - 1) * item.outputs


POOLED = "outputs × kernel (3 axes: its first size)"

CONVENTION = Convention(
    tool="onnx-tool",
    version="1.0.1",
    unit="MACs",
    costs=joined(
        (CONVOLUTIONS, Cost("MACs + bias uses (a folded batch norm is a bias)", _convolution)),
        (TRANSPOSED, Cost("weights of one input × outputs + bias uses", _transposed)),
        (("linear",), WITH_BIAS),
        (("matmul",), MACS),
        (BATCH_NORMS, Cost(f"0 behind a convolution, else {NORM}·inputs", _batch_norm)),
        (INSTANCE_NORMS, of_inputs(7)),
        (("group_norm",), of_inputs(9)),
        (("layer_norm",), Cost("7·inputs + 29 a mean", _layer_norm)),
        ((*MAX_POOLS, *AVERAGE_POOLS), Cost(POOLED, _pool)),
        (("lp_pool2d",), Cost("32·inputs + outputs × (kernel + 37)", _lp_pool)),
        (
            ADAPTIVE_AVERAGE,
            Cost("inputs + 4·outputs if one a channel, else as pooling", _adaptive_average),
        ),
        (ADAPTIVE_MAX, Cost(POOLED, _windows)),
        *(((name,), Cost(of_outputs(times).text, _each)) for name, times in EACH.items()),
        (("add", "subtract", "multiply", "maximum"), Cost("outputs × (operands - 1)", _sum)),
        (
            ("upsample",),
            Cost(
                "4·outputs (linear), 8·outputs (cubic), 0 (nearest)",
                lambda item: UPSAMPLED.get(item.argument("mode"), 0) * item.outputs,
            ),
        ),
        (
            ("average",),
            Cost("outputs × (operands + 3)", lambda item: _sum(item) + DIVIDE * item.outputs),
        ),
        (("global_avg_pool", "global_max_pool"), of_inputs(1)),
        (("embedding",), FREE),
    ),
    bugs=(
        "a pooling over three axes counts the kernel's first size alone",
        "a transposed convolution uses its weights at every output, not at every input",
        "it fails on SELU, CELU, RNN and local response normalisation",
    ),
)
