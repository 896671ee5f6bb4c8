"""Rules of what the author states."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

RULES = (
    Rule(
        "expectation-failed",
        "error",
        "What an `expect` says is not what comes out.",
        prose("""You or your source believed another number than the arithmetic gives. An
            expectation that fails only because of one before it is not reported."""),
        prose("""Change the arguments if you meant the number (here: an input of 227, or
            `padding: 2`), else the number."""),
        text("""
            input: [3, 224, 224]
            layers:
              - name: conv1
                type: conv2d
                out_channels: 96
                kernel_size: 11
                stride: 4
                expect: [96, 55, 55]
              - relu
        """),
    ),
    Rule(
        "limit-exceeded",
        "error",
        "The model breaks one of its `limits`.",
        prose("""A limit is what the device or the budget allows. Limits are judged once the model
            has no other error."""),
        "Use a smaller model, or a larger limit.",
        text("""
            input: [3, 64, 64]
            limits: {params: 1M}
            layers:
              - flatten
              - {name: fc, type: linear, out_features: 100}
        """),
    ),
)
