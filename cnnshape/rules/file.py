"""Rules of the model file itself."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

RULES = (
    Rule(
        "unknown-type",
        "error",
        "No layer and no block of the file has the name that `type` gives.",
        "What the layer computes is not known, so nothing behind it is.",
        "Write a type of [layers.md](layers.md), or the name of a block of the file.",
        text("""
            input: [3, 32, 32]
            layers:
              - {type: convolution2d, out_channels: 8, kernel_size: 3}
        """),
    ),
    Rule(
        "unknown-field",
        "error",
        "A key that is not known where it stands.",
        "A misspelt key that is passed over is a default that you did not want.",
        prose("""Write the key that the help names; [layers.md](layers.md) lists the arguments of
            every type."""),
        text("""
            input: [3, 32, 32]
            layers:
              - {type: conv2d, out_channels: 8, kernel: 3, kernel_size: 3}
        """),
    ),
    Rule(
        "invalid-value",
        "error",
        prose("""A value of the wrong kind or size, an expression without a value, an argument that
            is missing, arguments that exclude each other."""),
        "The layer cannot be built of such an argument.",
        "Write a value that the message allows; [layers.md](layers.md) has the range of each.",
        text("""
            input: [3, 32, 32]
            layers:
              - {type: conv2d, out_channels: 8, kernel_size: -3}
              - {type: dropout, p: "${1 / 0}"}
        """),
    ),
    Rule(
        "unknown-reference",
        "error",
        "A layer, an output or an input is named that is not there.",
        "What a layer reads must come from somewhere.",
        prose("""Write the name of a layer of the same list, or `input`. Inside a block, only the
            block's layers and `input` are seen."""),
        text("""
            input: [3, 32, 32]
            layers:
              - {name: conv1, type: conv2d, out_channels: 8, kernel_size: 3}
              - {type: relu, from: conv2}
        """),
    ),
    Rule(
        "duplicate-name",
        "error",
        "Two layers have one name.",
        "A name must say which layer is meant, in `from`, in `outputs`, in weights.",
        "Write another name, or none: `conv2d_1`, `conv2d_2` follow by themselves.",
        text("""
            input: [3, 32, 32]
            layers:
              - {name: conv, type: conv2d, out_channels: 8, kernel_size: 3}
              - {name: conv, type: conv2d, out_channels: 8, kernel_size: 3}
        """),
    ),
    Rule(
        "cyclic-reference",
        "error",
        "Layers read from each other in a circle, or a block uses itself.",
        "No layer of a circle can be computed before the others.",
        prose("""Write a network without a circle; for a loop over time use `rnn`, `lstm` or `gru`,
            for a loop over depth `repeat`."""),
        text("""
            input: [3, 32, 32]
            layers:
              - {name: sum, type: add, from: [input, back]}
              - {name: back, type: relu, from: sum}
        """),
    ),
    Rule(
        "syntax",
        "error",
        "The file is no YAML, or no model at all. The exit code is 2.",
        "Nothing can be said of a model that cannot be read.",
        "Write YAML at the place that is marked; an unclosed bracket is often a line above.",
        text("""
            input: [3, 32, 32
            layers:
              - relu
        """),
    ),
)
