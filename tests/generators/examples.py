"""Every type of layer with arguments and inputs, and its figures worked out by hand.

Shapes are a sample's, without the batch axis; axes differ, so that a swap shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]
MAP = (6, 5, 7)  # channels, height, width


@dataclass(frozen=True)
class Example:
    type: str
    arguments: dict[str, Any]
    inputs: tuple[Shape, ...]
    output: Shape
    weights: dict[str, Shape] = field(default_factory=dict)
    buffers: dict[str, Shape] = field(default_factory=dict)
    macs: int = 0
    dtype: str = "float32"

    def __str__(self) -> str:
        listed = ",".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.type}({listed[:50]})".replace(" ", "")

    def model(self) -> dict[str, Any]:
        """A model file of this layer, called `x`, alone."""
        names = "abcd"[: len(self.inputs)]
        given = zip(names, self.inputs, strict=True)
        return {
            "inputs": {n: {"shape": list(shape), "dtype": self.dtype} for n, shape in given},
            "layers": [{"name": "x", "type": self.type, "from": list(names), **self.arguments}],
        }


def one(type: str, x: Shape, y: Shape, /, *figures: Any, **arguments: Any) -> Example:
    """A layer of one input; figures are weights, buffers, MACs."""
    return Example(type, arguments, (x,), y, *figures)


def of_each(size: int, *names: str) -> dict[str, Shape]:
    """Vectors of one size."""
    return dict.fromkeys(names, (size,))


NORM = of_each(6, "weight", "bias")
RUNNING = of_each(6, "running_mean", "running_var")
FEED_FORWARD = {
    "self_attn.in_proj_weight": (24, 8),
    "self_attn.in_proj_bias": (24,),
    "self_attn.out_proj.weight": (8, 8),
    "self_attn.out_proj.bias": (8,),
    "linear1.weight": (12, 8),
    "linear1.bias": (12,),
    "linear2.weight": (8, 12),
    "linear2.bias": (8,),
    **of_each(8, "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"),
}
ATTENTION = {
    "in_proj_weight": (24, 8),
    "in_proj_bias": (24,),
    "out_proj.weight": (8, 8),
    "out_proj.bias": (8,),
}
CROSS = {
    "q_proj_weight": (8, 8),
    "k_proj_weight": (8, 6),
    "v_proj_weight": (8, 4),
    "in_proj_bias": (24,),
    "bias_k": (1, 1, 8),
    "bias_v": (1, 1, 8),
    "out_proj.weight": (8, 8),
    "out_proj.bias": (8,),
}
UNCHANGED = (
    "relu", "relu6", "selu", "silu", "mish", "hardswish", "hardsigmoid", "sigmoid", "tanh",
    "softsign", "identity", "leaky_relu", "elu", "celu", "gelu", "hardtanh", "softplus",
    "softmax", "log_softmax", "dropout", "alpha_dropout", "dropout2d", "drop_path",
)  # fmt: skip


def recurrent(gates: int, features: int, hidden: int, suffixes: dict[str, int]) -> dict[str, Shape]:
    """Weights of a recurrent layer: suffix → the size of what comes in."""
    weights: dict[str, Shape] = {}
    for suffix, incoming in suffixes.items():
        weights[f"weight_ih_{suffix}"] = (gates * hidden, incoming or features)
        weights[f"weight_hh_{suffix}"] = (gates * hidden, hidden)
        weights[f"bias_ih_{suffix}"] = weights[f"bias_hh_{suffix}"] = (gates * hidden,)
    return weights


BOTH_WAYS = recurrent(1, 7, 4, {"l0": 0, "l0_reverse": 0, "l1": 8, "l1_reverse": 8})
PROJECTED = {
    "weight_ih_l0": (24, 7),
    "weight_hh_l0": (24, 4),
    "bias_ih_l0": (24,),
    "bias_hh_l0": (24,),
    "weight_hr_l0": (4, 6),
}

EXAMPLES: list[Example] = [
    # --- convolution
    one("conv1d", (6, 11), (4, 5), {"weight": (4, 3, 3), "bias": (4,)}, {}, 36 * 5,
        out_channels=4, kernel_size=3, stride=2, padding=1, dilation=2, groups=2),
    one("conv2d", MAP, (10, 4, 5), {"weight": (10, 6, 3, 2), "bias": (10,)}, {}, 360 * 20,
        out_channels=10, kernel_size=[3, 2], stride=[1, 2], padding=[[1, 0], [2, 1]]),
    one("conv2d", (3, 5, 7), (2, 4, 6), {"weight": (4, 2, 2), "bias": (2,)}, {}, 16 * 24,
        out_channels=2, kernel_size=2, connection_table=[[1, 0, 1], [0, 1, 1]]),
    one("conv2d", MAP, (6, 5, 7), {"weight": (6, 1, 3, 3)}, {}, 54 * 35,
        in_channels=6, out_channels=6, kernel_size=3, padding=1, groups=6, bias=False,
        padding_mode="reflect"),
    one("conv2d", MAP, (2, 3, 3), {"weight": (2, 6, 2, 5), "bias": (2,)}, {}, 120 * 9,
        out_channels=2, kernel_size=[2, 5], stride=[2, 3], padding="same"),
    one("conv3d", (2, 5, 6, 7), (3, 4, 4, 4), {"weight": (3, 2, 2, 3, 4)}, {}, 144 * 64,
        out_channels=3, kernel_size=[2, 3, 4], bias=False),
    one("conv_transpose1d", (6, 5), (4, 17), {"weight": (6, 2, 3), "bias": (4,)}, {}, 36 * 5,
        out_channels=4, kernel_size=3, stride=3, padding=1, output_padding=2, groups=2, dilation=2),
    one("conv_transpose2d", MAP, (3, 10, 15), {"weight": (6, 3, 2, 3), "bias": (3,)}, {}, 108 * 35,
        out_channels=3, kernel_size=[2, 3], stride=2),
    one("conv_transpose3d", (2, 3, 4, 5), (1, 3, 7, 13), {"weight": (2, 1, 1, 1, 1)}, {}, 2 * 60,
        out_channels=1, kernel_size=1, stride=[1, 2, 3], bias=False),
    one("locally_connected2d", (2, 5, 7), (3, 2, 3),
        {"weight": (3, 2, 3, 3, 2, 3), "bias": (3, 2, 3)}, {}, 54 * 6,
        out_channels=3, kernel_size=3, stride=2),
    # --- pooling
    one("max_pool1d", (6, 11), (6, 4), kernel_size=3, ceil_mode=True),
    one("max_pool2d", MAP, (6, 6, 4), kernel_size=[2, 3], stride=[1, 2], padding=1),
    one("max_pool3d", (2, 5, 6, 7), (2, 2, 3, 3), kernel_size=2),
    one("avg_pool1d", (6, 11), (6, 3), kernel_size=3),
    one("avg_pool2d", MAP, (6, 3, 2), kernel_size=[2, 4], padding=[1, 2]),
    one("avg_pool3d", (2, 5, 6, 7), (2, 4, 4, 4), kernel_size=[2, 3, 4], stride=1),
    one("lp_pool2d", MAP, (6, 2, 3), norm_type=2, kernel_size=3, ceil_mode=True),
    one("subsample2d", (6, 4, 8), (6, 2, 4), of_each(6, "weight", "bias"), kernel_size=2),
    one("adaptive_avg_pool1d", (6, 11), (6, 4), output_size=4),
    one("adaptive_avg_pool2d", MAP, (6, 5, 3), output_size=[None, 3]),
    one("adaptive_avg_pool3d", (2, 5, 6, 7), (2, 3, 3, 3), output_size=3),
    one("adaptive_max_pool1d", (6, 11), (6, 4), output_size=[4]),
    one("adaptive_max_pool2d", MAP, (6, 2, 7), output_size=[2, None]),
    one("adaptive_max_pool3d", (2, 5, 6, 7), (2, 4, 3, 2), output_size=[4, 3, 2]),
    one("global_avg_pool", MAP, (6,)),
    one("global_max_pool", (6, 11), (6, 1), keepdims=True),
    # --- normalisation
    one("batch_norm", MAP, MAP, NORM, RUNNING),
    one("batch_norm1d", (6,), (6,), {}, RUNNING, affine=False),
    one("batch_norm2d", MAP, MAP, NORM, {}, track_running_stats=False),
    one("batch_norm3d", (6, 5, 4, 3), (6, 5, 4, 3), NORM, RUNNING, num_features=6),
    one("instance_norm", MAP, MAP),
    one("instance_norm1d", (6, 11), (6, 11), NORM, affine=True),
    one("instance_norm2d", MAP, MAP, {}, RUNNING, track_running_stats=True),
    one("instance_norm3d", (6, 5, 4, 3), (6, 5, 4, 3), num_features=6),
    one("layer_norm", MAP, MAP, of_each(7, "weight", "bias")),
    one("layer_norm", MAP, MAP, {"weight": (5, 7)}, normalized_shape=[5, 7], bias=False),
    one("layer_norm", MAP, MAP, normalized_shape=[6, 5, 7], elementwise_affine=False),
    one("rms_norm", MAP, MAP, {"weight": (7,)}, normalized_shape=7),
    one("group_norm", MAP, MAP, NORM, num_groups=3),
    one("local_response_norm", MAP, MAP, size=5),
    # --- activation
    *(one(name, MAP, MAP) for name in UNCHANGED),
    one("dropout1d", (6, 11), (6, 11), p=0.2),
    one("dropout3d", (2, 5, 6, 7), (2, 5, 6, 7)),
    one("prelu", MAP, MAP, {"weight": (6,)}, num_parameters=6),
    one("prelu", MAP, MAP, {"weight": (1,)}),
    one("glu", (6, 5, 8), (6, 5, 4)),
    one("glu", MAP, (3, 5, 7), dim=1),
    # --- dense
    one("linear", (4, 6), (4, 9), {"weight": (9, 6), "bias": (9,)}, {}, 54 * 4, out_features=9),
    one("rbf", (84,), (10,), {}, {"centres": (10, 84)}, 840, out_features=10),
    Example("bilinear", {"out_features": 3}, ((4, 6), (4, 5)), (4, 3),
            {"weight": (3, 6, 5), "bias": (3,)}, {}, 90 * 4),
    Example("embedding", {"num_embeddings": 20, "embedding_dim": 4}, ((7,),), (7, 4),
            {"weight": (20, 4)}, {}, 0, "int64"),
    # --- shape
    one("flatten", MAP, (210,)),
    one("flatten", MAP, (6, 35), start_dim=2),
    one("unflatten", MAP, (2, 3, 5, 7), dim=1, unflattened_size=[2, -1]),
    one("reshape", MAP, (14, 15), shape=[14, -1]),
    one("permute", MAP, (7, 6, 5), dims=[0, 3, 1, 2]),
    one("transpose", MAP, (7, 5, 6), dim0=1, dim1=-1),
    one("squeeze", (6, 1, 7, 1), (6, 7)),
    one("squeeze", (6, 1, 7, 1), (6, 7, 1), dim=2),
    one("unsqueeze", MAP, (6, 1, 5, 7), dim=2),
    one("unsqueeze", MAP, (6, 5, 7, 1), dim=-1),
    one("pixel_shuffle", (12, 5, 7), (3, 10, 14), upscale_factor=2),
    one("pixel_unshuffle", (3, 6, 10), (12, 3, 5), downscale_factor=2),
    one("channel_shuffle", MAP, MAP, groups=3),
    one("upsample", MAP, (6, 10, 14), scale_factor=2),
    one("upsample", MAP, (6, 7, 21), scale_factor=[1.5, 3.0], mode="bilinear"),
    one("upsample", MAP, (6, 3, 4), size=[3, 4], mode="bicubic"),
    one("zero_pad1d", (6, 11), (6, 14), padding=[1, 2]),
    one("zero_pad2d", MAP, (6, 12, 10), padding=[1, 2, 3, 4]),
    one("zero_pad3d", (2, 5, 6, 7), (2, 6, 8, 10), padding=[[1, 0], [0, 2], [3, 0]]),
    one("constant_pad1d", (6, 11), (6, 13), padding=1, value=0.5),
    one("constant_pad2d", MAP, (6, 5, 5), padding=[-2, 0, 1, -1], value=0.5),
    one("constant_pad3d", (2, 5, 6, 7), (2, 7, 8, 9), padding=1, value=-1.0),
    one("reflection_pad1d", (6, 11), (6, 31), padding=10),
    one("reflection_pad2d", MAP, (6, 9, 8), padding=[1, 0, 0, 4]),
    one("reflection_pad3d", (2, 5, 6, 7), (2, 9, 6, 7), padding=[[4, 0], [0, 0], [0, 0]]),
    one("replication_pad1d", (6, 11), (6, 31), padding=[20, 0]),
    one("replication_pad2d", MAP, (6, 5, 17), padding=[10, 0, 0, 0]),
    one("replication_pad3d", (2, 5, 6, 7), (2, 7, 8, 9), padding=1),
    one("circular_pad1d", (6, 11), (6, 22), padding=[11, 0]),
    one("circular_pad2d", MAP, (6, 10, 7), padding=[[5, 0], [0, 0]]),
    one("circular_pad3d", (2, 5, 6, 7), (2, 7, 8, 9), padding=1),
    one("crop", MAP, (6, 3, 4), size=[3, 4]),
    one("crop", MAP, (6, 2, 5), cropping=[[1, 2], [0, 2]]),
    Example("crop", {}, (MAP, (2, 4, 3)), (6, 4, 3)),
    one("slice", MAP, (6, 2, 7), dim=2, start=1, end=5, step=2),
    one("slice", MAP, (2, 5, 7), start=-2),
    one("unfold", MAP, (36, 20), kernel_size=[2, 3]),
    one("fold", (36, 20), MAP, output_size=[5, 7], kernel_size=[2, 3]),
    # --- merge
    Example("add", {}, (MAP, MAP, (6, 1, 1)), MAP),
    Example("subtract", {}, (MAP, (1, 5, 7)), MAP),
    Example("multiply", {}, ((6, 1, 7), (6, 5, 1)), MAP),
    Example("maximum", {}, (MAP, MAP), MAP),
    Example("average", {}, (MAP, MAP), MAP),
    Example("concat", {}, (MAP, (4, 5, 7), (1, 5, 7)), (11, 5, 7)),
    Example("concat", {"dim": -1}, (MAP, (6, 5, 2)), (6, 5, 9)),
    Example("matmul", {}, ((3, 5, 7), (3, 7, 4)), (3, 5, 4), {}, {}, 3 * 140),
    Example("matmul", {}, ((5, 7), (7, 4)), (5, 4), {}, {}, 140),
    # --- sequence
    one("rnn", (5, 7), (5, 8), BOTH_WAYS, {}, 5 * (2 * 28 + 2 * 16 + 2 * 32 + 2 * 16),
        hidden_size=4, num_layers=2, bidirectional=True, batch_first=True),
    one("lstm", (5, 7), (5, 4), PROJECTED, {}, 5 * (168 + 96 + 24), hidden_size=6, proj_size=4),
    one("gru", (5, 7), (5, 4), recurrent(3, 7, 4, {"l0": 0}), {}, 5 * (84 + 48), hidden_size=4),
    one("multihead_attention", (5, 8), (5, 8), ATTENTION, {}, 4 * 320 + 2 * 200, num_heads=2),
    Example("multihead_attention", {"num_heads": 4, "add_bias_kv": True},
            ((5, 8), (7, 6), (7, 4)), (5, 8), CROSS, {}, 320 + 336 + 224 + 2 * (5 * 8 * 8) + 320),
    one("transformer_encoder_layer", (5, 8), (5, 8), FEED_FORWARD, {},
        4 * 320 + 2 * 200 + 2 * 480, nhead=2, dim_feedforward=12),
]  # fmt: skip
