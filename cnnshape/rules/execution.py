"""Rules of what `cnnshape run` and `cnnshape check --confirm` see."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

RULES = (
    Rule(
        "dead-activation",
        "warning",
        "An activation gives zeros alone, for all samples, though what arrives is not zero.",
        prose("""Nothing behind it depends on the input, and no gradient gets through. Often a
            bias or a range is at fault; of a small batch it may be chance."""),
        "Change the range or the bias before it; of a small batch, run a larger one.",
        text("""
            input: [1, 8, 8]
            layers:
              - {name: conv1, type: conv2d, out_channels: 4, kernel_size: 3}
              - {name: clip, type: hardtanh, min_val: -6, max_val: 0}
              - {name: relu1, type: relu}
              - flatten
              - {name: fc, type: linear, out_features: 3}
        """),
        options="--confirm",
    ),
    Rule(
        "no-gradient",
        "warning",
        "Parameters that are trained get no gradient, or zeros.",
        prose("""They will stay as they are. An output may have no part in the loss, a layer
            before it may give zeros; what leads nowhere at all is an `unused-layer`."""),
        prose("""Give the output a part in the loss or leave it out; weights that are meant to
            stay have `trainable: false`."""),
        text("""
            input: [1, 8, 8]
            loss: cross_entropy
            outputs: [fc, side]
            layers:
              - {name: conv1, type: conv2d, out_channels: 4, kernel_size: 3}
              - {name: features, type: flatten}
              - {name: side, type: linear, out_features: 2}
              - {name: fc, type: linear, out_features: 3, from: features}
        """),
        options="--confirm",
    ),
    Rule(
        "not-finite",
        "error",
        "A value or a gradient is infinite or no number.",
        prose("""Whatever follows is no number either, and training stops there. The layer named
            is the first where it happens, on the way forward, or else on the way back."""),
        "Keep a small `eps` where something is divided by, and values in the range of a logarithm.",
        text("""
            input: [6]
            layers:
              - {name: fc, type: linear, out_features: 4}
              - {name: nothing, type: subtract, from: [fc, fc]}
              - {name: norm, type: rms_norm, normalized_shape: 4, eps: 0}
        """),
        options="--confirm",
    ),
    Rule(
        "gradient-mismatch",
        "error",
        prose("""With `cnnshape run --gradcheck`: the backward pass gives another slope than
            differences of the forward pass."""),
        prose("""A layer of the model goes wrong in cnnshape itself, or in a layer that you
            added; a report is welcome. No model file shows it as long as cnnshape is right."""),
        "Mend the kernel of a layer that you added.",
    ),
    Rule(
        "field-mismatch",
        "error",
        prose("""The gradient of an output is zero where its receptive field should be, or not
            zero beside it."""),
        prose("""The `windows` of a layer are not what its kernel computes: a fault of cnnshape
            or of a layer that you added. No model file shows it as long as cnnshape is right."""),
        "Mend the `windows` of a layer that you added.",
    ),
    Rule(
        "missing-kernel",
        "error",
        prose("""The model cannot be run: a layer's type has no kernel, or PyTorch source gives a
            tensor values that are not worked out."""),
        prose("""What is missing is named; nothing is skipped, and no number is made up. All
            types of model files have a kernel, so there only a layer that you added shows it."""),
        "Write a kernel for the layer, or leave `--confirm` away.",
    ),
)
