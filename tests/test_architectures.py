"""The bundled architectures against published figures and against torchvision."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from checked import (
    MODELS,
    check,
    check_bundled,
    check_file,
    check_text,
    faults,
    layer,
    rules,
    sequence,
)

import cnnshape
from cnnshape.sources import bundled

TORCHVISION = json.loads(
    gzip.decompress(Path(__file__).with_name("data").joinpath("torchvision.json.gz").read_bytes())
)
RECORDED = {f"{row['name']}{'-aux' * bool(row['vars'])}": row for row in TORCHVISION["models"]}
LEAVES = [name for name, row in RECORDED.items() if "leaves" in row]

# Parameters and MACs: a paper's, a lecture's, or worked out by hand; None: nobody says.
PUBLISHED: dict[str, tuple[int, int | None]] = {
    "lenet5": (61_706, 117_600 + 240_000 + 48_000 + 10_080 + 840),
    "lenet5-1998": (60_000, 117_600 + 150_000 + 48_000 + 10_080 + 840),
    "alexnet": (62_378_344, None),
    "alexnet-2012": (60_965_224, None),
    "alexnet-torchvision": (61_100_840, 714_188_480),
    "mnist-net": (8_490, 467_200),
    "mnist-net-deeper": (260 + 5_020 + 7_240 + 8_050 + 510, None),
    "cifar10-net": (62_006, 352_800 + 240_000 + 48_000 + 10_080 + 840),
    "facial-keypoints": (16_561_502, None),
    "torch7-mlp": (31, 24),
    "alphago-policy": (230_592 + 11 * 331_968 + 193, 361 * (230_400 + 11 * 331_776 + 192)),
    "vgg11": (132_863_336, None),
    "vgg13": (133_047_848, None),
    "vgg16": (138_357_544, None),
    "vgg19": (143_667_240, None),
    "googlenet": (6_998_552, None),
    "resnet18": (11_689_512, None),
    "resnet34": (21_797_672, None),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, None),
    "resnet152": (60_192_808, None),
    "mobilenet-v2": (3_504_872, None),
    "efficientnet-v2-s": (21_458_488, 8_365_617_152),  # torchvision 0.28
    "squeezenet1-1": (1_235_496, None),
    "densenet121": (7_978_856, None),
    "inception-v3": (23_834_568, None),
    "unet-same": (31_037_698, None),  # the port that is used most, with batch norms
    "dcgan-generator": (
        1_638_400 + 2_048 + 13_107_200 + 1_024 + 3_276_800 + 512 + 819_200 + 256 + 9_603,
        1_638_400 + 13_107_200 * 16 + 3_276_800 * 64 + 819_200 * 256 + 9_600 * 1_024,
    ),
}
FAULTS = {
    "mnist-net-broken": [("size-mismatch", "fc")],
    "alexnet-lecture": [("expectation-failed", "C1")],
}


def connections(name: str) -> dict[str, int | None]:
    return {item.name: item.connections for item in check_bundled(name).layers}


def test_there_are_no_architectures_without_figures() -> None:
    assert set(bundled.names()) == {*PUBLISHED, *FAULTS, "unet"}


@pytest.mark.parametrize("name", bundled.names())
def test_diagnostics_are_the_known_ones(name: str) -> None:
    found = [(item.rule, item.layer) for item in cnnshape.load(name).check().diagnostics]
    assert found == FAULTS.get(name, [])


@pytest.mark.parametrize("name", bundled.names())
def test_every_layer_has_all_its_figures(name: str) -> None:
    for item in check_bundled(name).layers:
        assert item.output_shape is not None
        assert None not in (item.params, item.buffers, item.macs, item.receptive_field)


@pytest.mark.parametrize("name", PUBLISHED)
def test_totals_are_the_published_ones(name: str) -> None:
    totals = check_bundled(name).totals
    params, macs = PUBLISHED[name]
    assert totals.params == totals.trainable_params == params
    assert macs is None or totals.macs == macs


def test_unet_gives_388_of_572() -> None:
    analysis = check_bundled("unet")
    double = [(1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)]
    double += [(2 * c, c) for c in (512, 256, 128, 64)]
    convolutions = sum(9 * (a * b + b * b) + 2 * b for a, b in double)
    ups = sum(4 * 2 * c * c + c for c in (512, 256, 128, 64))
    assert analysis.totals.params == convolutions + ups + 64 * 2 + 2
    assert list(analysis.outputs.values()) == [(1, 2, 388, 388)]


# --- torchvision --------------------------------------------------------------------------------


def recorded(name: str) -> tuple[Any, dict[str, Any]]:
    row = RECORDED[name]
    return check_bundled(row["name"], **row["vars"]), row


@pytest.mark.parametrize("name", RECORDED)
def test_totals_agree_with_torchvision(name: str) -> None:
    analysis, row = recorded(name)
    norms = sum(item.type.startswith("batch_norm") for item in analysis.layers)
    assert list(analysis.inputs.values()) == [(1, *row["input"])]
    assert [list(shape[1:]) for shape in analysis.outputs.values()] == row["outputs"]
    assert analysis.totals.params == row["params"]
    assert analysis.totals.macs == row["macs"]
    # PyTorch keeps a counter, num_batches_tracked, in each batch norm
    assert analysis.totals.buffers + norms == row["buffers"]


@pytest.mark.parametrize("name", LEAVES)
def test_layers_agree_with_torchvision(name: str) -> None:
    analysis, row = recorded(name)
    ours = [
        [
            list(item.input_shapes[0][1:]),
            list(item.output_shape[1:]),
            item.params,
            item.buffers + item.type.startswith("batch_norm"),
            item.macs,
        ]
        for item in analysis.layers
        if item.params or item.buffers
    ]
    assert ours == [leaf[2:] for leaf in row["leaves"]]


@pytest.mark.parametrize("name", [name for name in LEAVES if name != "vgg16"])
def test_layers_are_named_as_in_torchvision(name: str) -> None:
    analysis, row = recorded(name)
    ours = [item.name for item in analysis.layers if item.params or item.buffers]
    # a repeated block is numbered; torchvision writes denselayer1 for the first
    theirs = [_numbered(leaf[0]) for leaf in row["leaves"]]
    assert ours == theirs


def _numbered(name: str) -> str:
    parts = name.split(".")
    dense = [part.removeprefix("denselayer") for part in parts]
    pairs = zip(parts, dense, strict=True)
    return ".".join(part if part == rest else str(int(rest) - 1) for part, rest in pairs)


def test_inception_without_its_auxiliary_classifier_leaves_it_out() -> None:
    assert list(check_bundled("inception-v3").outputs) == ["fc"]
    assert len(check_bundled("inception-v3", aux=True).outputs) == 2


# --- LeNet-5 ------------------------------------------------------------------------------------


def test_lenet_1998_has_the_papers_connections() -> None:
    expected = {"C1": 122_304, "S2": 5_880, "C3": 151_600, "S4": 2_000, "C5": 48_120, "F6": 10_164}
    found = connections("lenet5-1998")
    assert {name: found[name] for name in expected} == expected
    assert found["output"] == 840
    assert check_bundled("lenet5-1998").totals.connections == 340_908


def test_lenet_1998_has_the_papers_parameters() -> None:
    expected = {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164, "output": 0}
    analysis = check_bundled("lenet5-1998")
    assert {item.name: item.params for item in analysis.layers if item.name in expected} == expected
    assert analysis.totals.trainable_params == 60_000
    assert analysis.totals.buffers == 840


# --- the two that are wrong ---------------------------------------------------------------------


def test_the_lectures_alexnet_fails_at_c1_alone() -> None:
    analysis = check_bundled("alexnet-lecture")
    [found] = analysis.diagnostics
    text = (bundled.folder() / "alexnet-lecture.yaml").read_text("utf-8").splitlines()
    line = next(n for n, row in enumerate(text, 1) if "name: C1" in row)
    assert (found.rule, found.severity, found.layer) == ("expectation-failed", "error", "C1")
    assert (found.span.line, found.span.column) == (line, text[line - 1].index("[96, 55") + 1)
    assert text[line - 1][found.span.column - 1 : found.span.end_column - 1] == "[96, 55, 55]"
    assert (found.expected, found.found) == ((1, 96, 55, 55), (1, 96, 56, 56))
    assert layer(analysis, "F1").params == 177_213_440


def test_the_broken_net_has_one_error_at_the_100() -> None:
    analysis = check_bundled("mnist-net-broken")
    [found] = analysis.diagnostics
    text = (bundled.folder() / "mnist-net-broken.yaml").read_text("utf-8").splitlines()
    line = next(n for n, row in enumerate(text, 1) if "name: fc" in row)
    column = text[line - 1].index("100") + 1
    span = found.span
    assert (span.line, span.column, span.end_line, span.end_column) == (
        line,
        column,
        line,
        column + 3,
    )
    assert (found.rule, found.layer) == ("size-mismatch", "fc")
    assert (found.expected, found.found) == (320, 100)
    assert found.message == "`fc` takes 100 features, but 320 arrive"
    assert found.help == "write `in_features: 320`, or leave it out"
    assert found.caption == "expected 320"
    assert found.notes == (
        "flatten_1: 20 · 4 · 4 = 320, from (N, 20, 4, 4)",
        "works for one side 16 to 19, the other 32 to 35, for no square input: "
        "100 = 20·1·5 from 16×32",
    )
    assert (found.fix.span, found.fix.text) == (span, "320")


def test_the_broken_net_says_where_its_channels_come_from() -> None:
    [found] = check_bundled("mnist-net-broken").diagnostics
    text = (bundled.folder() / "mnist-net-broken.yaml").read_text("utf-8").splitlines()
    line = next(n for n, row in enumerate(text, 1) if "name: conv2" in row)
    [label] = found.labels
    assert label.text == "20 channels from here"
    assert (label.span.line, label.span.column) == (line, text[line - 1].index("20,") + 1)


def test_the_broken_net_holds_with_320() -> None:
    text = (bundled.folder() / "mnist-net-broken.yaml").read_text("utf-8")
    analysis = check_text(text.replace("100", "320"))
    assert analysis.diagnostics == ()
    assert (analysis.totals.params, analysis.totals.macs) == (8_490, 467_200)
    assert layer(analysis, "fc").input_shapes == ((1, 320),)


# --- receptive fields (Araujo, Norris and Sim 2019) ---------------------------------------------

ARAUJO = {
    "alexnet-v2": (195, 32, 64),
    "vgg-16": (212, 32, 90),
    "inception-v3": (1311, 32, 618),
    "mobilenet-v1": (315, 32, 126),
    "resnet-v1-50": (483, 32, 239),
    "resnet-v1-101": (1027, 32, 511),
}


@pytest.mark.parametrize("name", ARAUJO)
def test_receptive_fields_are_those_of_araujo(name: str) -> None:
    analysis = check_file(MODELS / f"rf-{name}.yaml")
    assert faults(analysis) == []
    field = analysis.layers[-1].receptive_field
    size, stride, padding = ARAUJO[name]
    assert (field.size, field.stride, field.start) == ((size,) * 2, (stride,) * 2, (-padding,) * 2)


# --- a lecture's arithmetic ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "output"),
    [
        (7, 3, 1, 0, 5),
        (7, 3, 2, 0, 3),
        (7, 3, 1, 1, 7),
        (9, 3, 1, 1, 9),
        (9, 3, 1, 0, 7),
        (6, 3, 1, 0, 4),
        (32, 5, 1, 0, 28),
    ],
)
def test_the_lectures_convolutions(
    size: int, kernel: int, stride: int, padding: int, output: int
) -> None:
    conv = {"kernel_size": kernel, "stride": stride, "padding": padding}
    analysis = sequence({"type": "conv2d", "out_channels": 6, **conv}, given=[3, size, size])
    assert analysis.layers[0].output_shape == (1, 6, output, output)


def test_six_filters_of_5_by_5_by_3() -> None:
    analysis = sequence({"type": "conv2d", "out_channels": 6, "kernel_size": 5}, given=[3, 32, 32])
    [conv] = analysis.layers
    assert (conv.output_shape, conv.params) == ((1, 6, 28, 28), 456)
    assert conv.macs == 6 * 28 * 28 * 75


def test_a_model_as_data_has_no_places() -> None:
    wrong = {"type": "linear", "in_features": 100, "out_features": 10}
    analysis = check({"input": [320], "layers": [wrong]})
    assert rules(analysis) == ["size-mismatch"]
    assert analysis.diagnostics[0].span is None
