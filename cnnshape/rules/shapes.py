"""Rules of what arrives at a layer."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

RULES = (
    Rule(
        "size-mismatch",
        "error",
        prose("""A number that repeats the size of what arrives (`in_channels`, `in_features`,
            `num_features`, `embed_dim`, …) is another one."""),
        "The weights are made for another size than the layer is given, so it cannot be computed.",
        prose("""Write the number that arrives, or leave the argument out. If the number was right,
            the layer marked `--` is not."""),
        text("""
            input: [3, 32, 32]
            layers:
              - {name: conv1, type: conv2d, out_channels: 16, kernel_size: 3}
              - {name: conv2, type: conv2d, in_channels: 32, out_channels: 32, kernel_size: 3}
        """),
    ),
    Rule(
        "shape-mismatch",
        "error",
        prose("""The operands of `add`, `concat`, `matmul` and their likes do not fit each other;
            or weights taken over by `weights_from` have another shape."""),
        prose("""Values are joined place by place, so axes must be equal, or 1 where they are
            repeated; `concat` leaves one axis free."""),
        prose("""Give both branches the same strides and channels (a 1×1 convolution with the same
            stride on the shortcut), or `crop` the larger one."""),
        text("""
            input: [16, 32, 32]
            layers:
              - {name: main, type: conv2d, out_channels: 16, kernel_size: 3, stride: 2, padding: 1}
              - {name: sum, type: add, from: [main, input]}
        """),
    ),
    Rule(
        "empty-output",
        "error",
        "A kernel is larger than what is left of the input, so that nothing comes out.",
        prose("""Every stride and every kernel without padding makes the maps smaller; after
            enough of them no window fits any more."""),
        prose("""Use a larger input, fewer poolings or strides before the layer, a smaller kernel,
            or padding."""),
        text("""
            input: [1, 12, 12]
            layers:
              - {type: max_pool2d, kernel_size: 2}
              - {type: max_pool2d, kernel_size: 2}
              - {name: conv, type: conv2d, out_channels: 8, kernel_size: 5}
        """),
    ),
    Rule(
        "bad-rank",
        "error",
        "The layer takes another number of axes, or of inputs.",
        prose("""A layer slides over as many axes as its name says, and a merge joins several
            inputs."""),
        prose("""Put the layer where the axes still are, bring them back with `unflatten` or
            `reshape`, or use the type for that many axes (`conv1d`). A merge needs its inputs
            named: `from: [a, b]`."""),
        text("""
            input: [3, 32, 32]
            layers:
              - flatten
              - {name: conv, type: conv2d, out_channels: 8, kernel_size: 3}
        """),
    ),
    Rule(
        "bad-reshape",
        "error",
        "The values that arrive cannot be put into the shape that is asked for.",
        "A reshape keeps every value, so the sizes of both shapes have the same product.",
        prose("""Give sizes whose product is the number of values; `-1` stands for one size that
            follows from the others."""),
        text("""
            input: [6, 5, 5]
            layers:
              - {name: grid, type: reshape, shape: [8, -1]}
        """),
    ),
    Rule(
        "bad-groups",
        "error",
        "Groups or heads do not divide the channels evenly.",
        "Each group or head has the same number of channels.",
        "Write one of the divisors that the help names.",
        text("""
            input: [48, 16, 16]
            layers:
              - {name: conv, type: conv2d, out_channels: 64, kernel_size: 3, groups: 5}
        """),
    ),
    Rule(
        "bad-padding",
        "error",
        prose("""A padding that the layer cannot have: more than half of a pooling's kernel, a
            reflection as large as the axis, an `output_padding` that is no smaller than stride
            and dilation."""),
        prose("""A window of a pooling would lie in the padding altogether, a reflection would need
            values that are not there, and an output would be reached by no input."""),
        "Pad less, or pad before with a layer of its own (`zero_pad2d`).",
        text("""
            input: [3, 8, 8]
            layers:
              - {name: pool, type: max_pool2d, kernel_size: 3, stride: 2, padding: 2}
        """),
    ),
    Rule(
        "dtype-mismatch",
        "error",
        "Integers arrive where the layer calculates with floats, or floats at an `embedding`.",
        "An `embedding` looks rows up by their number; every other layer with weights calculates.",
        prose("""Declare `inputs: {tokens: {shape: [16], dtype: int64}}`, or put an `embedding`
            before the layer."""),
        text("""
            input: [16]
            layers:
              - {name: words, type: embedding, num_embeddings: 1000, embedding_dim: 32}
        """),
    ),
)
