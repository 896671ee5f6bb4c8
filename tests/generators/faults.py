"""Layers that do not hold, with the words that their error is told in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
MAP = (6, 5, 7)  # channels, height, width


@dataclass(frozen=True)
class Faulty:
    """A layer `x` and its inputs; `message` follows the name, `arithmetic` is its note."""

    rule: str
    message: str
    layer: dict[str, Any]
    inputs: tuple[Shape, ...] = (MAP,)
    help: str | None = None
    arithmetic: str | None = None
    expected: Any = None
    found: Any = None
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.rule}-{self.layer['type']}"

    def model(self) -> dict[str, Any]:
        """A model file of this layer alone."""
        names = "abcd"[: len(self.inputs)]
        given = zip(names, self.inputs, strict=True)
        return {
            "inputs": {n: {"shape": list(shape), "dtype": self.dtype} for n, shape in given},
            "layers": [{"name": "x", "from": list(names), **self.layer}],
        }


def layer(type: str, /, **arguments: Any) -> dict[str, Any]:
    return {"type": type, **arguments}


def conv(**arguments: Any) -> dict[str, Any]:
    return layer("conv2d", **{"out_channels": 4, "kernel_size": 3, **arguments})


def pool(**arguments: Any) -> dict[str, Any]:
    return layer("max_pool2d", **{"kernel_size": 2, **arguments})


LARGER = (
    "use a larger input, fewer poolings or strides before this layer, a smaller kernel, or padding"
)
ONE_SHAPE = "bring both to one shape before they meet: "
ONE_SIZE = "bring both to one size before they meet: "
STRIDES = "equal strides and padding in each branch, a crop, or an input that divides evenly"
FLAT = "a linear layer, a reshape or a flatten"

WRONG_GROUPS = [
    Faulty("bad-groups", "has 4 groups, which do not divide the 6 channels that arrive",
           conv(groups=4), help="write `groups: 1` or `groups: 2`, which divide 6 and 4",
           arithmetic="6 = 4·1 + 2", found=4),
    Faulty("bad-groups", "has 3 groups, which do not divide the 4 channels that leave",
           conv(groups=3), help="write `groups: 1` or `groups: 2`, which divide 6 and 4",
           arithmetic="4 = 3·1 + 1", found=3),
    Faulty("bad-groups", "has 5 groups, which do not divide the 6 channels that arrive",
           layer("conv_transpose2d", out_channels=5, kernel_size=1, groups=5),
           help="write `groups: 1`, which divides 6 and 5", arithmetic="6 = 5·1 + 1", found=5),
    Faulty("bad-groups", "has a connection table and 2 groups; the table says it all",
           conv(out_channels=2, groups=2, connection_table=[[1] * 6, [1] * 6]),
           expected=1, found=2),
    Faulty("bad-groups", "has 4 groups, which do not divide the 6 channels that arrive",
           layer("group_norm", num_groups=4), arithmetic="6 = 4·1 + 2", found=4,
           help="write `num_groups: 2` or `num_groups: 3` or `num_groups: 6`, which divide 6"),
    Faulty("bad-groups", "has 5 groups, which do not divide the 7 channels that arrive",
           layer("channel_shuffle", groups=5), ((7, 5, 6),), arithmetic="7 = 5·1 + 2", found=5,
           help="write `groups: 1` or `groups: 7`, which divide 7"),
    Faulty("bad-groups", "has 3 heads, which do not divide its 8 features",
           layer("multihead_attention", num_heads=3), ((5, 8),), arithmetic="8 = 3·2 + 2", found=3,
           help="write `num_heads: 1` or `num_heads: 2` or `num_heads: 4`, which divide 8"),
    Faulty("bad-groups", "has 16 heads, which do not divide its 8 features",
           layer("transformer_encoder_layer", nhead=16), ((5, 8),), arithmetic="8 = 16·0 + 8",
           help="write `nhead: 2` or `nhead: 4` or `nhead: 8`, which divide 8", found=16),
]  # fmt: skip

WRONG_PADDING = [
    Faulty("bad-padding", "pads 2 on a side, more than half its kernel of 3",
           pool(kernel_size=3, padding=[1, 2]), help="pad at most 1", expected=1, found=2),
    Faulty("bad-padding", "pads 3 on a side, more than half its kernel of 4",
           layer("avg_pool1d", kernel_size=4, padding=[[0, 3]]), ((6, 11),),
           help="pad at most 2", expected=2, found=3),
    Faulty("bad-padding", "pads 5 by reflect, which must be smaller than the axis of 5",
           layer("reflection_pad2d", padding=[1, 1, 5, 0]), help="pad at most 4, or use zeros",
           expected=4, found=5),
    Faulty("bad-padding", "pads 8 by circular, which must be no larger than the axis of 7",
           conv(padding=[0, 8], padding_mode="circular"), help="pad at most 7, or use zeros",
           expected=7, found=8),
    Faulty("bad-padding",
           "has an output_padding of 3, which must be smaller than its stride (3) or its "
           "dilation (2)",
           layer("conv_transpose2d", out_channels=4, kernel_size=3, stride=3, dilation=2,
                 output_padding=3),
           help="write at most 2", expected=2, found=3),
]  # fmt: skip

NOTHING_LEFT = [
    Faulty("empty-output", "slides a kernel of 6×6 over an input of 5×7: nothing comes out",
           conv(kernel_size=6), help=LARGER, arithmetic="(5 - 6 + 2·0)/1 + 1 = 0",
           expected=5, found=6),
    Faulty("empty-output",
           "slides a kernel of 3×5, 9 with its dilation, over an input of 5×7 (8 with its "
           "padding): nothing comes out",
           conv(kernel_size=[3, 5], dilation=2, padding=[[0, 0], [0, 1]]), help=LARGER,
           arithmetic="(7 + 0 + 1 - 2·(5 - 1) - 1)/1 + 1 = 0", expected=8, found=9),
    Faulty("empty-output", "slides a kernel of 8×8 over an input of 5×7: nothing comes out",
           layer("lp_pool2d", norm_type=2, kernel_size=8), help=LARGER,
           arithmetic="floor((5 - 8 + 2·0)/8) + 1 = 0", expected=5, found=8),
    Faulty("empty-output",
           "leaves nothing of its input (N, 6, 1, 2): its padding takes it all away",
           layer("conv_transpose2d", out_channels=4, kernel_size=2, padding=1), ((6, 1, 2),),
           help="reduce `padding`", arithmetic="(1 - 1)·1 - 2·1 + 1·(2 - 1) + 0 + 1 = 0"),
    Faulty("empty-output", "averages over 3 values of an axis that has 2",
           layer("avg_pool3d", kernel_size=3, padding=1), ((6, 5, 4, 2),),
           help="use a smaller kernel; padding does not count here (PyTorch, AvgPool3d)",
           expected=2, found=3),
    Faulty("empty-output",
           "normalises (N, 6, 1, 1), one value a channel, so nothing but its mean is left",
           layer("instance_norm"), ((6, 1, 1),),
           help="leave it out, or normalise where the map is larger"),
    Faulty("empty-output", "takes away all of its input (N, 6, 5, 7)",
           layer("zero_pad2d", padding=[0, 0, -3, -2]),
           arithmetic="5 + -3 + -2 = 0 and 7 + 0 + 0 = 7"),
    Faulty("empty-output", "takes away all of its input (N, 6, 5, 7)",
           layer("crop", cropping=[[2, 3], [0, 0]])),
    Faulty("empty-output", "keeps nothing of axis 2 of (N, 6, 5, 7)",
           layer("slice", dim=2, start=5), arithmetic="indices 0 to 4, from 5 up to before None"),
    Faulty("empty-output", "takes windows of 9 from an axis of 7: nothing comes out",
           layer("unfold", kernel_size=[3, 5], dilation=[1, 2]),
           arithmetic="(7 + 0 + 0 - 2·(5 - 1) - 1)/1 + 1 = -1"),
    Faulty("empty-output", "scales (N, 6, 5, 7) down to nothing",
           layer("upsample", scale_factor=[0.1, 1.0]),
           arithmetic="floor(5 · 0.1) = 0 and floor(7 · 1) = 7"),
]  # fmt: skip

SIZES_DIFFER = [
    Faulty("size-mismatch", "takes 3 channels, but 6 arrive", conv(in_channels=3),
           help="write `in_channels: 6`, or leave it out", expected=6, found=3),
    Faulty("size-mismatch", "takes 1 channel, but 6 arrive",
           layer("batch_norm2d", num_features=1), expected=6, found=1,
           help="write `num_features: 6`, or leave it out"),
    Faulty("size-mismatch", "takes 8 features, but 1 arrives",
           layer("linear", in_features=8, out_features=2), ((4, 1),), expected=1, found=8,
           help="write `in_features: 1`, or leave it out"),
    Faulty("size-mismatch", "takes 210 features, but 7 arrive",
           layer("linear", in_features=210, out_features=2), expected=7, found=210,
           help="put a `flatten` before it: 6 · 5 · 7 = 210"),
    Faulty("size-mismatch", "takes 5 features, but 4 arrive",
           layer("bilinear", in2_features=5, out_features=2), ((3, 6), (3, 4)), expected=4, found=5,
           help="write `in2_features: 4`, or leave it out"),
    Faulty("size-mismatch", "has 5 slopes, but 6 channels arrive",
           layer("prelu", num_parameters=5), expected=6, found=5,
           help="write `num_parameters: 6`, or 1 for all channels"),
    Faulty("size-mismatch", "has 4 output channels, but 2 rows in its table",
           conv(connection_table=[[1] * 6, [1] * 6]), expected=4, found=2),
    Faulty("size-mismatch", "connects 3 channels in its table, but 6 arrive",
           conv(out_channels=1, connection_table=[[1, 0, 1]]), expected=6, found=3),
    Faulty("size-mismatch", "normalises (7, 5), but the last axes of (N, 6, 5, 7) are (5, 7)",
           layer("layer_norm", normalized_shape=[7, 5]), help="write `normalized_shape: [5, 7]`",
           expected=[5, 7], found=[7, 5]),
    Faulty("size-mismatch", "normalises (8,), but the last axes of (N, 6, 5, 7) are (7,)",
           layer("rms_norm", normalized_shape=8), help="write `normalized_shape: [7]`",
           expected=7, found=8),
    Faulty("size-mismatch", "folds 20 windows into 5×7, but 21 arrive",
           layer("fold", output_size=[5, 7], kernel_size=[2, 3]), ((36, 21),),
           arithmetic="4 · 5 = 20, from (N, 36, 21)", expected=21, found=20),
]  # fmt: skip

SHAPES_DIFFER = [
    Faulty("shape-mismatch", "joins (N, 6, 5, 7) and (N, 4, 5, 7), which differ: 6 against 4",
           layer("add"), (MAP, (4, 5, 7)), expected=6, found=4,
           help=ONE_SHAPE + "a 1×1 convolution gives a branch the channels of the other"),
    Faulty("shape-mismatch", "joins (N, 6, 5, 7) and (N, 6, 4, 7), which differ: 5 against 4",
           layer("multiply"), (MAP, MAP, (6, 4, 7)), expected=5, found=4, help=ONE_SHAPE + STRIDES),
    Faulty("shape-mismatch", "joins (N, 6) and (N, 5), which differ: 6 against 5",
           layer("average"), ((6,), (5,)), expected=6, found=5, help=ONE_SHAPE + FLAT),
    Faulty("shape-mismatch", "joins (N, 6, 5, 7) and (N, 7), which differ: 5 against N",
           layer("multiply"), (MAP, (7,)), expected=5, found=1, help=ONE_SHAPE + FLAT),
    Faulty("shape-mismatch",
           "joins (N, 6, 5, 7) and (N, 4, 5, 8) along axis 1, but axis 3 differs: 7 against 8",
           layer("concat"), (MAP, (4, 5, 8)), expected=7, found=8, help=ONE_SIZE + STRIDES),
    Faulty("shape-mismatch",
           "joins (N, 6, 5, 7) and (N, 4, 5, 7) along axis 2, but axis 1 differs: 6 against 4",
           layer("concat", dim=2), (MAP, (4, 5, 7)), expected=6, found=4,
           help=ONE_SIZE + "a 1×1 convolution gives a branch the channels of the other"),
    Faulty("shape-mismatch",
           "multiplies (N, 5, 7) by (N, 4, 7): the last axis of the first has 7, the last but "
           "one of the second 4",
           layer("matmul"), ((5, 7), (4, 7)), expected=7, found=4, help="transpose one of them"),
    Faulty("shape-mismatch",
           "multiplies (N, 3, 5, 7) by (N, 2, 7, 4), which differ before the last two axes",
           layer("matmul"), ((3, 5, 7), (2, 7, 4)), expected=[3], found=[2]),
    Faulty("shape-mismatch", "joins (N, 4, 6) and (N, 3, 5), which differ before the last axis",
           layer("bilinear", out_features=2), ((4, 6), (3, 5)), expected=[4], found=[3]),
    Faulty("shape-mismatch", "has keys (N, 7, 8) and values (N, 6, 8) of different lengths",
           layer("multihead_attention", num_heads=2), ((5, 8), (7, 8), (6, 8)),
           expected=[7], found=[6]),
    Faulty("shape-mismatch", "keeps 8 values of an axis that has 7",
           layer("crop"), (MAP, (2, 4, 8)), expected=7, found=8),
]  # fmt: skip

RESHAPES = [
    Faulty("bad-reshape", "makes (4, 50) of the 210 values of (N, 6, 5, 7), but it holds 200",
           layer("reshape", shape=[4, 50]), arithmetic="6·5·7 = 210; 4·50 = 200",
           expected=210, found=200),
    Faulty("bad-reshape",
           "makes (4, -1) of the 210 values of (N, 6, 5, 7), which 4 does not divide",
           layer("reshape", shape=[4, -1]), arithmetic="210 = 4·52 + 2",
           expected=210, found=4),
    Faulty("bad-reshape", "leaves more than one size open (-1)",
           layer("unflatten", dim=1, unflattened_size=[-1, 2, -1])),
    Faulty("bad-reshape", "joins the axes 3 to 2 of (N, 6, 5, 7): the first lies behind the last",
           layer("flatten", start_dim=3, end_dim=2)),
    Faulty("bad-reshape", "joins the batch axis with the others of (N, 6, 5, 7)",
           layer("flatten", start_dim=0), expected=1, found=0,
           help="write `start_dim: 1`, so that each sample stays by itself"),
    Faulty("bad-reshape", "joins its inputs along the batch axis", layer("concat", dim=0),
           (MAP, MAP)),
    Faulty("bad-reshape", "halves axis 3 of (N, 6, 5, 7), but its size 7 is odd", layer("glu"),
           help="give it an even number of values, two for each that leaves", found=7),
    Faulty("bad-reshape", "needs channels divisible by 2² = 4, but 6 arrive",
           layer("pixel_shuffle", upscale_factor=2), arithmetic="6 = 4·1 + 2", found=6),
    Faulty("bad-reshape", "needs height and width divisible by 5, but 5×7 arrives",
           layer("pixel_unshuffle", downscale_factor=5), found=[5, 7]),
    Faulty("bad-reshape",
           "needs channels divisible by the 6 values of its kernel, but 35 arrive",
           layer("fold", output_size=[5, 7], kernel_size=[2, 3]), ((35, 20),),
           arithmetic="35 = 6·5 + 5", found=35),
]  # fmt: skip

RANKS = [
    Faulty("bad-rank", "takes (N, C, H, W), but (N, 6, 11) arrives", conv(), ((6, 11),),
           expected=4, found=3),
    Faulty("bad-rank", "takes (N, C) or (N, C, L), but (N, 6, 5, 7) arrives",
           layer("batch_norm1d"), expected=2, found=4),
    Faulty("bad-rank", "takes (N, L, E), but (N, 6) arrives", layer("lstm", hidden_size=3), ((6,),),
           expected=3, found=2),
    Faulty("bad-rank", "takes 2 or more inputs, but 1 arrives", layer("add"), expected=2, found=1,
           help="name them, `from: [a, b]`"),
    Faulty("bad-rank", "takes 1 to 3 inputs, but 4 arrive",
           layer("multihead_attention", num_heads=1), ((5, 8),) * 4, expected=1, found=4),
    Faulty("bad-rank", "takes 1 input, but 2 arrive", layer("relu"), (MAP, MAP),
           expected=1, found=2, help="name what it reads, `from: a`"),
    Faulty("bad-rank", "names axis 4, but (N, 6, 5, 7) has axes -4 to 3", layer("softmax", dim=4),
           found=4),
    Faulty("bad-rank", "joins (N, 6, 5, 7) and (N, 6, 5), which have 4 and 3 axes",
           layer("concat"), (MAP, (6, 5)), expected=4, found=3),
    Faulty("bad-rank", "orders 3 axes, but (N, 6, 5, 7) has 4", layer("permute", dims=[0, 2, 1]),
           help="give every axis, the batch as 0", expected=4, found=3),
    Faulty("bad-rank", "makes 70 axes, but a tensor has 64 at most",
           layer("reshape", shape=[210, *[1] * 69])),
    Faulty("bad-rank", "gives 66 axes, but a tensor has 64 at most",
           layer("unflatten", dim=1, unflattened_size=[6, *[1] * 62]), expected=64, found=66),
    Faulty("bad-rank", "cuts (N, 6, 5, 7) to the size of (N, 2, 4)", layer("crop"), (MAP, (2, 4))),
]  # fmt: skip

VALUES = [
    Faulty("invalid-value", "has 3 values of `stride`, but 2 spatial axes", conv(stride=[1, 2, 3]),
           expected=2, found=3),
    Faulty("invalid-value", "has 2 values of `kernel_size`, but 1 spatial axis",
           layer("conv1d", out_channels=1, kernel_size=[3, 3]), ((6, 11),), expected=1, found=2),
    Faulty("bad-padding", "takes 8 values away from an axis of 7",
           layer("zero_pad2d", padding=[2, -8, 0, 0]), help="take away fewer than 7",
           expected=7, found=8),
    Faulty("invalid-value", "has no output size",
           layer("adaptive_avg_pool1d", output_size=[None]), inputs=((6, 7),),
           help="write a number; null stands in a list only, `[null, 7]`"),
    Faulty("invalid-value", "pads 1 axis, but it has 2", layer("zero_pad2d", padding=[1, 2]),
           expected=2, found=1),
    Faulty("invalid-value", "has a max_val of 0.0, not above its min_val of 1.0",
           layer("hardtanh", min_val=1.0, max_val=0.0), found=0.0),
    Faulty("invalid-value", "has a padding_idx of 20, outside its 20 embeddings",
           layer("embedding", num_embeddings=20, embedding_dim=4, padding_idx=20), ((7,),),
           found=20, dtype="int64"),
    Faulty("invalid-value", "projects to 6, not smaller than its hidden_size of 6",
           layer("lstm", hidden_size=6, proj_size=6), ((5, 7),), expected=5, found=6),
    Faulty("invalid-value", "is given both `size` and `scale_factor`, and needs one",
           layer("upsample", size=3, scale_factor=2)),
    Faulty("invalid-value", "needs `size` or `scale_factor`", layer("upsample")),
    Faulty("invalid-value", "has align_corners, which mode nearest does not know",
           layer("upsample", size=3, align_corners=True),
           help="leave it out, or interpolate (`mode: bilinear`)"),
    Faulty("invalid-value",
           "needs one of `size`, `cropping`, and a second input whose size it takes",
           layer("crop", size=3, cropping=1)),
    Faulty("invalid-value", "keeps 8 values of an axis that has 7", layer("crop", size=[5, 8]),
           expected=7, found=8),
    Faulty("invalid-value", "slices the batch axis", layer("slice", dim=0, end=1),
           help="axis 1 is the first of a sample"),
    Faulty("invalid-value", "names axis 3 twice", layer("permute", dims=[0, 3, 1, -1]), found=3),
    Faulty("invalid-value",
           "gives (N, 6, 4294967299, 4294967301), more values than any memory holds",
           layer("zero_pad2d", padding=2**31 - 1),
           arithmetic=f"6·4294967299·4294967301 = {6 * 4294967299 * 4294967301}"),
    Faulty("dtype-mismatch", "reads integers, but floats arrive",
           layer("embedding", num_embeddings=20, embedding_dim=4), ((7,),),
           help="declare the input's `dtype: int64`", expected="integers", found="floats"),
    Faulty("dtype-mismatch", "reads floats, but integers arrive", conv(), dtype="uint8",
           help="put an `embedding` before it", expected="floats", found="integers"),
]  # fmt: skip

FAULTS = [
    *WRONG_GROUPS, *WRONG_PADDING, *NOTHING_LEFT, *SIZES_DIFFER, *SHAPES_DIFFER, *RESHAPES,
    *RANKS, *VALUES,
]  # fmt: skip
