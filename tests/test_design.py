"""Designs that fit and are still wrong: what is told, of real networks and of near misses.

The example of each rule in `cnnshape.rules` breaks that rule alone (test_rules.py), and what is
said of it stands word for word in docs/rules.md.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from checked import check_text, designs, sequence
from generators.designs import conv, linear, named, pool, told, up

from cnnshape.analysis.design.registry import CHECKS
from cnnshape.analysis.result import Analysis
from cnnshape.rules import GROUPS, RULES
from cnnshape.sources import bundled

IMAGE = [3, 32, 32]
BRANCHED = [  # a U-Net's: the pooling leaves a row over, which the other way reads
    named("left", conv(4, 3, padding=1), "input"),
    "relu",
    pool(2),
    named("up", up(3, 2), "max_pool2d_1"),
    named("cut", {"type": "crop"}, "relu_1", "up"),
]


def test_the_registry_and_the_rules_name_the_same() -> None:
    assert {*CHECKS} == {rule.name for rule in GROUPS["Designs that fit and are still wrong"]}
    assert {rule.severity for rule in map(RULES.get, CHECKS) if rule} == {"warning", "note"}
    assert all(RULES[name].reference for name in CHECKS)


# Real networks that have the fault, or a few lines of one

REAL: dict[str, tuple[list[Any], list[int], str, dict[str, Any]]] = {
    "the MNIST network of Keras' examples": (
        [conv(32), "relu", pool(2), conv(64), "relu", named("second", pool(2))],
        [1, 28, 28], "pixels-dropped", {}),
    "SqueezeNet 1.1's first convolution": (
        [named("second", conv(64, 3, stride=2))], [3, 224, 224], "pixels-dropped", {}),
    "MobileNet v1 of Keras": (
        [named("second", conv(32, 3, stride=2, padding="same"))], [3, 224, 224],
        "same-differs", {}),
    "SAME_LOWER of ONNX, at any stride": (
        [named("second", conv(32, 2, padding="same_lower"))], IMAGE, "same-differs", {}),
    "the last stage of ImageNet's ResNet-18 on CIFAR-10": (
        [conv(8, 32), "relu", named("second", conv(8, 3, padding=1))], IMAGE, "dead-padding", {}),
    "ASPP of DeepLab v3 with a rate of 36 on maps of 33": (
        [named("second", conv(8, 3, padding=36, dilation=36))], [3, 33, 33], "dead-padding", {}),
    "a transposed convolution cut down to its middle": (
        [named("second", up(5, 1, padding=2))], [4, 1, 1], "dead-padding", {}),
    "the generator of DCGAN": (
        [named("second", up(5, 2, padding=2, output_padding=1))], [4, 8, 8], "checkerboard", {}),
    "VGG with batch norm, of torchvision": (
        [named("second", conv(64, 3, padding=1)), "batch_norm2d", "relu"], IMAGE,
        "bias-before-norm", {}),
    "a convolution before an instance norm": (
        [named("second", conv(64, 3, padding=1)), "instance_norm2d", "relu"], IMAGE,
        "bias-before-norm", {}),
    "a linear layer before batch norm": (
        [named("second", linear(64)), "batch_norm1d", "relu"], [10], "bias-before-norm", {}),
    "image pooling of DeepLab v3": (
        ["global_avg_pool", {"type": "unflatten", "dim": 1, "unflattened_size": [3, 1, 1]},
         conv(8, 1, bias=False), named("second", {"type": "batch_norm2d"})], IMAGE,
        "norm-of-one", {}),
    "a group norm of one value": (
        [named("second", {"type": "group_norm", "num_groups": 3})], [3], "norm-of-one", {}),
    "two linear layers": ([linear(300), named("second", linear(100))], [784],
                          "linear-after-linear", {}),
    "a relu forgotten in VGG": (
        [conv(64, 3, padding=1), named("second", conv(64, 3, padding=1))], IMAGE,
        "linear-after-linear", {}),
    "no relu where the channels grow": (
        [conv(16, 3, padding=1), named("second", conv(64, 3, padding=1))], [16, 32, 32],
        "linear-after-linear", {}),
    "quant_conv of a latent diffusion model's encoder": (
        [conv(8, 3, padding=1), named("second", conv(8, 1))], [128, 32, 32],
        "linear-after-linear", {}),
    "no activation before the flatten": (
        [conv(16), "dropout", "flatten", named("second", linear(10))], [1, 28, 28],
        "linear-after-linear", {}),
    "softmax before cross entropy": (
        [linear(10), named("second", {"type": "softmax"})], [8], "softmax-before-loss",
        {"loss": "cross_entropy"}),
    "log-softmax before cross entropy, with dropout behind": (
        [linear(10), named("second", {"type": "log_softmax"}), "dropout"], [8],
        "softmax-before-loss", {"loss": {"type": "cross_entropy", "label_smoothing": 0.1}}),
    "softmax before the negative log-likelihood": (
        [linear(10), named("second", {"type": "softmax"})], [8], "softmax-before-loss",
        {"loss": "nll_loss"}),
    "a head that is no output": (
        [named("main", linear(4)), named("second", linear(2), "input")], [8], "unused-layer",
        {"outputs": ["main"]}),
    "the MNIST network of PyTorch's examples": (
        [conv(32), "relu", conv(64), "relu", pool(2), "flatten", named("second", linear(128)),
         "relu", linear(10)], [1, 28, 28], "bottleneck", {}),
    "convolutions of 5 on small images": (
        [conv(4, 5, padding=2), "relu", conv(4, 5, padding=2), "relu",
         named("second", conv(4, 5, padding=2))], [3, 8, 8], "field-exceeds-input", {}),
    "features that see little": (
        [named("second", conv(8, 3, padding=1)), "global_avg_pool", linear(10)], IMAGE,
        "field-too-small", {"limits": {"receptive_field": ">= 16"}}),
    "an even kernel beside an odd one": (
        [named("a", conv(4, 2, stride=2), "input"),
         named("b", conv(4, 3, stride=2, padding=1), "input"),
         named("second", {"type": "add"}, "a", "b")], IMAGE, "not-aligned", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_what_is_wrong_is_told(name: str) -> None:
    layers, given, rule, keys = REAL[name]
    analysis = sequence(*layers, given=given, **keys)
    if name == "convolutions of 5 on small images":  # 5, then 9 at the third one's input
        assert told(analysis) == [(rule, "second")]
        return
    assert told(analysis) == [(rule, "second")]
    assert analysis.ok
    (found,) = analysis.diagnostics
    assert found.severity == RULES[rule].severity
    assert found.help
    assert any(character.isdigit() for character in found.message + "".join(found.notes)) or (
        rule in ("unused-layer", "softmax-before-loss")
    )


def test_every_rule_has_a_real_example_and_a_near_miss() -> None:
    assert {rule for _, _, rule, _ in REAL.values()} == {*CHECKS}
    assert {rule for _, _, rule, _ in NEAR.values()} == {*CHECKS}


# Near misses: the rule named is not broken, nor any other

NEAR: dict[str, tuple[list[Any], list[int], str, dict[str, Any]]] = {
    "a rest within the padding: ResNet's first convolution at 224": (
        [conv(64, 7, stride=2, padding=3)], [3, 224, 224], "pixels-dropped", {}),
    "a rest that ceil_mode takes in": (
        [pool(2, ceil_mode=True)], [3, 11, 11], "pixels-dropped", {}),
    "a shortcut of 1×1 with a stride, at an even size": (
        [conv(8, 1, stride=2)], IMAGE, "pixels-dropped", {}),
    "a row that another way reads": (BRANCHED, [3, 9, 9], "pixels-dropped", {}),
    "a map that is given out, too": (
        [named("a", conv(4, 3, padding=1)), named("b", pool(2))], [3, 9, 9], "pixels-dropped",
        {"outputs": ["a", "b"]}),
    "a crop takes away what it is told to": (
        [{"type": "crop", "size": 9}], IMAGE, "pixels-dropped", {}),
    "same on an odd size pads both sides alike": (
        [conv(8, 3, stride=2, padding="same")], [3, 33, 33], "same-differs", {}),
    "same at a stride of 1 puts the odd value behind everywhere": (
        [conv(8, 2, padding="same")], IMAGE, "same-differs", {}),
    "pads that are written are placed": (
        [conv(8, 3, stride=2, padding=[[0, 1], [0, 1]])], IMAGE, "same-differs", {}),
    "3×3 on 2×2 uses all its weights": (
        [conv(8, 3, padding=1)], [3, 2, 2], "dead-padding", {}),
    "padding that holds values": (
        [conv(8, 3, padding=1, padding_mode="replicate")], [3, 1, 1], "dead-padding", {}),
    "a pooling has no weights": (
        [pool(3, stride=1, padding=1)], [3, 1, 1], "dead-padding", {}),
    "a rate as large as ASPP's usual one": (
        [conv(8, 3, padding=18, dilation=18)], [3, 33, 33], "dead-padding", {}),
    "a transposed convolution of 4 with a stride of 2": (
        [up(4, 2, padding=1)], [4, 8, 8], "checkerboard", {}),
    "a transposed convolution that does not spread": (
        [up(3, 1, padding=1)], [4, 8, 8], "checkerboard", {}),
    "U-Net's transposed convolution of 2": ([up(2, 2)], [4, 8, 8], "checkerboard", {}),
    "an upsampling has nothing to sum": (
        [{"type": "upsample", "scale_factor": 3}, conv(4, 3)], [4, 8, 8], "checkerboard", {}),
    "no bias before the norm": (
        [conv(8, 3, bias=False), "batch_norm2d", "relu"], IMAGE, "bias-before-norm", {}),
    "a group norm of several channels leaves a bias": (
        [conv(8, 3), {"type": "group_norm", "num_groups": 4}, "relu"], IMAGE,
        "bias-before-norm", {}),
    "a layer norm leaves it": ([linear(8), "layer_norm", "relu"], [4], "bias-before-norm", {}),
    "DCGAN's first layer: a bias a feature, a mean a map": (
        [linear(64), {"type": "reshape", "shape": [4, 4, 4]}, "batch_norm2d", "relu"], [10],
        "bias-before-norm", {}),
    "a bias that something else reads": (
        [named("a", conv(8, 3, padding=1)), named("b", {"type": "batch_norm2d"}, "a"),
         named("c", {"type": "add"}, "a", "b")], IMAGE, "bias-before-norm", {}),
    "a bias on the other axis": (
        [linear(8), "batch_norm1d", "relu"], [5, 4], "bias-before-norm", {}),
    "batch norm of features": (
        [{**linear(8), "bias": False}, "batch_norm1d", "relu"], [5], "norm-of-one", {}),
    "batch norm of a map of 1×2": (
        [conv(8, 1, bias=False), "batch_norm2d"], [3, 1, 2], "norm-of-one", {}),
    "frozen, its means are not taken": (
        [{"type": "batch_norm2d", "trainable": False}], [3, 1, 1], "norm-of-one", {}),
    "an activation between": ([linear(300), "relu", linear(100)], [784],
                              "linear-after-linear", {}),
    "a code of 32: a factorisation, or an autoencoder of linear layers": (
        [linear(32), linear(784)], [784], "linear-after-linear", {}),
    "MobileNet v1's pairs, even without anything between": (
        [conv(32, 3, padding=1, groups=32), conv(64, 1)], [32, 16, 16],
        "linear-after-linear", {}),
    "Inception's 1×7 and 7×1": (
        [conv(32, [1, 7], padding=[0, 3]), conv(32, [7, 1], padding=[3, 0])], [32, 17, 17],
        "linear-after-linear", {}),
    "MobileNet v2's linear bottleneck has a batch norm": (
        [conv(16, 1, bias=False), "batch_norm2d", conv(96, 1)], [96, 16, 16],
        "linear-after-linear", {}),
    "groups, as ShuffleNet has them": (
        [conv(32, 3, padding=1, groups=2), conv(32, 3, padding=1, groups=2)], [32, 16, 16],
        "linear-after-linear", {}),
    "features that are given out before the classes": (
        [named("a", linear(300)), named("b", linear(10))], [784], "linear-after-linear",
        {"outputs": ["b", "a"]}),
    "FCN-32s: 21 classes, spread over the image": (
        [conv(21, 1), {**up(64, 32), "out_channels": 21}], [512, 7, 7],
        "linear-after-linear", {}),
    "EDSR: a pixel shuffle mixes places": (
        [conv(256, 3, padding=1), {"type": "pixel_shuffle", "upscale_factor": 2},
         conv(3, 3, padding=1)], [64, 8, 8], "linear-after-linear", {}),
    "a convolution that a sum reads, too": (
        [named("a", conv(8, 3, padding=1)), named("b", conv(8, 3, padding=1), "a"),
         named("c", {"type": "add"}, "a", "b")], [8, 16, 16], "linear-after-linear", {}),
    "patches that are smaller than their pixels": (
        [conv(2, 4, stride=4), "flatten", linear(1000)], [1, 64, 64],
        "linear-after-linear", {}),
    "log-softmax before the negative log-likelihood": (
        [linear(10), "log_softmax"], [8], "softmax-before-loss", {"loss": "nll_loss"}),
    "scores before cross entropy": (
        [linear(10)], [8], "softmax-before-loss", {"loss": "cross_entropy"}),
    "softmax within, as attention has it": (
        [linear(10), "softmax", linear(3)], [8], "softmax-before-loss",
        {"loss": "cross_entropy"}),
    "softmax at the end, and no loss": (
        [linear(10), "softmax"], [8], "softmax-before-loss", {}),
    "a layer that lends its weights": (
        [named("a", linear(4), "input"),
         {"name": "b", **linear(4), "from": "input", "weights_from": "a"}], [8], "unused-layer",
        {"outputs": ["b"]}),
    "two heads, both given out": (
        [named("a", linear(4), "input"), named("b", linear(2), "input")], [8], "unused-layer",
        {"outputs": ["a", "b"]}),
    "half of AlexNet's parameters": (
        [linear(1200), "relu", linear(1200), "relu", linear(10)], [1200], "bottleneck", {}),
    "98 % of a small network": (
        [linear(900), "relu", linear(10)], [1000], "bottleneck", {}),
    "a network of one layer": ([linear(2000)], [1000], "bottleneck", {}),
    "a field as large as the input": (
        [conv(4, 5, padding=2), "relu", conv(4, 4, padding=2), "relu", conv(4, 3, padding=1)],
        [3, 8, 8], "field-exceeds-input", {}),
    "a shortcut that sees less": (
        [named("a", conv(3, 9, padding=4)), "relu", named("s", {"type": "add"}, "relu_1", "input"),
         conv(4, 3, padding=1)], [3, 8, 8], "field-exceeds-input", {}),
    "a 1×1 adds no context anywhere": (
        [conv(4, 9, padding=4), "relu", conv(4, 1)], [3, 8, 8], "field-exceeds-input", {}),
    "a limit that the features meet": (
        [conv(8, 16), "global_avg_pool", linear(10)], IMAGE, "field-too-small",
        {"limits": {"receptive_field": ">= 16"}}),
    "no limit asks": (
        [conv(8, 3), "global_avg_pool", linear(10)], IMAGE, "field-too-small", {}),
    "a limit from above": (
        [conv(8, 3), conv(8, 3, groups=8)], IMAGE, "field-too-small",
        {"limits": {"receptive_field": "<= 16"}}),
    "a shortcut of 1×1 beside an odd kernel": (
        [named("a", conv(4, 3, stride=2, padding=1), "input"),
         named("b", conv(4, 1, stride=2), "input"),
         named("c", {"type": "add"}, "a", "b")], IMAGE, "not-aligned", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", NEAR)
def test_a_near_miss_is_left_alone(name: str) -> None:
    layers, given, rule, keys = NEAR[name]
    analysis = sequence(*layers, given=given, **keys)
    assert analysis.ok
    assert designs(analysis, rule) == []


# What the numbers are


def test_the_words_of_a_few() -> None:
    keras = sequence(*REAL["the MNIST network of Keras' examples"][0], given=[1, 28, 28])
    (found,) = keras.diagnostics
    assert found.message == "`second` drops 1 row and 1 column of 11×11: no window reaches them"
    assert found.notes == (
        "height, width: floor((11 - 2 + 2·0)/2) + 1 = 5, the last window ends 1 before the end of "
        "11",
    )
    (found,) = sequence(*REAL["a relu forgotten in VGG"][0], given=IMAGE).diagnostics
    assert found.notes == (
        "one layer with a kernel of 5×5, borders aside, can do what both do, with 4,800 weights in "
        "place of 38,592",
    )
    (found,) = sequence(*REAL["ASPP of DeepLab v3 with a rate of 36 on maps of 33"][0],
                        given=[3, 33, 33]).diagnostics  # fmt: skip
    assert found.message == (
        "`second` reads maps of 33×33, where 8 of 9 weights of a kernel only ever meet padding"
    )
    assert found.notes == ("192 of 216 weights change nothing, and are never trained",)


@pytest.mark.parametrize(("classes", "told"), [(100, False), (99, True)])
def test_nine_tenths_are_not_more_than_nine_tenths(classes: int, told: bool) -> None:
    """1,800,000 of 2,000,000, and of 1,998,000."""
    layers = [{**linear(2000), "bias": False}, "relu", {**linear(classes), "bias": False}]
    found = designs(sequence(*layers, given=[900]), "bottleneck")
    assert bool(found) is told
    assert not found or found[0].message == (
        "`linear_1` holds 1,800,000 of 1,998,000 parameters, 90.0 % of them"
    )


def test_what_leads_to_an_unused_layer_alone_is_named_with_it() -> None:
    analysis = sequence(
        named("shared", linear(4), "input"),
        named("a", linear(4), "shared"),
        named("b", {"type": "relu"}, "a"),
        named("end", linear(2), "b"),
        named("other", linear(5), "shared"),
        named("main", linear(3), "shared"),
        given=[8],
        outputs=["main"],
    )
    assert told(analysis) == [("unused-layer", "end"), ("unused-layer", "other")]
    assert [item.notes for item in analysis.diagnostics] == [("`a`, `b` lead nowhere else",), ()]


def test_late_layers_are_told_once_and_all_are_named() -> None:
    """VGG-16 for ImageNet on CIFAR's images: 44 is the field behind the third pooling."""
    analysis = check_bundled_at("vgg16", 32)
    (found,) = designs(analysis, "field-exceeds-input")
    assert found.layer == "conv4.0.conv"
    assert "see 44×44, more than the whole input of 32×32" in found.message
    assert found.notes[0].startswith("so it is for 6 of 13 layers with a kernel: `conv4.0.conv`")
    assert {item.rule for item in analysis.diagnostics if item.severity == "warning"} == set()


def check_bundled_at(name: str, side: int) -> Analysis:
    text = (bundled.folder() / f"{name}.yaml").read_text("utf-8")
    text = re.sub(r", expect: (\{[^}]*\}|\[[^]]*\])", "", text)
    return check_text(re.sub(r"input: \[3, \d+, \d+\]", f"input: [3, {side}, {side}]", text))
