"""Counting as other tools count, against what those tools printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checked import MODELS, graph

from cnnshape.analysis.conventions import TOOLS, convention_of
from cnnshape.analysis.conventions.convention import ACTIVATIONS, MOVES
from cnnshape.analysis.conventions.counting import count_like
from cnnshape.graph import Graph
from cnnshape.layers import load_all
from cnnshape.model import load
from cnnshape.sources import bundled

DATA = json.loads((Path(__file__).parent / "data/counting_cases.json").read_text())
UNKNOWN = {
    ("onnx-tool", "unfold"): "index arithmetic of the export",
    ("onnx-tool", "rnn"): "it fails",
    ("onnx-tool", "lstm"): "not followed",
    ("onnx-tool", "gru"): "not followed",
    ("onnx-tool", "multihead_attention"): "depends on the export",
}
"""What a tool prints and no rule is claimed for; all tools: transformer_encoder_layer."""


def single(case: dict[str, Any], functional: bool) -> Graph:
    layer = {"name": "layer", **case["layer"], "functional": functional}
    dtype = "int64" if layer["type"] == "embedding" else "float32"
    return graph({"input": {"shape": case["input"], "dtype": dtype}, "layers": [layer]})


def recorded(case: dict[str, Any], tool: str) -> int | None:
    value = case[tool]
    return value["FLOPs"] if isinstance(value, dict) else value


def titled(case: dict[str, Any]) -> str:
    return " ".join(map(str, case["layer"].values()))


@pytest.mark.parametrize("kind", ["layers", "calls"])
@pytest.mark.parametrize("tool", TOOLS)
def test_every_layer_counts_as_the_tool_counted_it(tool: str, kind: str) -> None:
    wrong, compared = [], 0
    for case in DATA[kind]:
        counted = count_like(single(case, kind == "calls"), tool)
        value, wanted = counted.layers["layer"], recorded(case, tool)
        if value is None:
            name = case["layer"]["type"]
            known = name == "transformer_encoder_layer" or (tool, name) in UNKNOWN
            assert known or wanted is None, f"{tool} has no rule for {titled(case)}"
            assert counted.unknown == (name,)
        elif wanted is not None and (tool, case["layer"]["type"]) not in UNKNOWN:
            compared += 1
            if value != wanted:
                wrong.append(f"{titled(case)}: {value}, not {wanted}")
    assert not wrong
    assert compared >= (70 if kind == "layers" else 8)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", DATA["networks"])
def test_every_network_counts_as_the_tool_counted_it(name: str, tool: str) -> None:
    folder = MODELS if name == "googlenet-torchvision" else bundled.folder()
    counted = count_like(load(folder / f"{name}.yaml").graph, tool)
    assert counted.total == recorded(DATA["networks"][name], tool)
    assert not counted.unknown
    if tool == "calflops":
        assert counted.also == ("MACs", DATA["networks"][name][tool]["MACs"])


REFERENCE = {
    "torchinfo": (474250, None, None),
    "fvcore": (467200, 4111512576, 1504878688),
    "thop": (467200, 4133742592, 1511332032),
    "ptflops": (490090, 4132436968, 1513907448),
    "calflops": (950240, None, None),
    "onnx-tool": (483850, 4117342184, 1517437192),
    "torch": (934400, 8178368512, 2996752384),
}
"""Measured by others: the lecture's MNIST network, ResNet-50, torchvision's GoogLeNet."""


@pytest.mark.parametrize("tool", TOOLS)
def test_recorded_totals_are_those_that_others_measured(tool: str) -> None:
    networks = ("mnist-net", "resnet50", "googlenet-torchvision")
    for name, wanted in zip(networks, REFERENCE[tool], strict=True):
        if wanted is not None:
            assert recorded(DATA["networks"][name], tool) == wanted


def test_tables_name_layers_that_exist() -> None:
    known = set(load_all())
    for tool in TOOLS:
        convention = convention_of(tool)
        tables = [convention.costs, convention.functions, (convention.also or ("", {}))[1]]
        assert all(known.issuperset(table) for table in tables), tool
        assert convention.tool == tool
    assert known.issuperset(MOVES)
    assert known.issuperset(ACTIVATIONS)


def test_functional_is_a_key_of_layers_and_of_blocks() -> None:
    model = {
        "input": [3, 6, 7],
        "blocks": {"pair": {"layers": ["relu", {"type": "relu", "functional": True}]}},
        "layers": [
            {"name": "modules", "type": "pair", "functional": False},
            {"name": "unsaid", "type": "pair"},
            {"name": "pool", "type": "max_pool2d", "kernel_size": 2, "functional": True},
        ],
    }
    read = graph(model)
    assert [node.functional for node in read.nodes] == [False, True, None, True, True]
    counted = count_like(read, "ptflops")
    assert list(counted.layers.values()) == [2 * 126, 126, 126, 126, 126]
    assert counted.supposed == ("relu",)
    wrong = graph({"input": [3], "layers": [{"type": "relu", "functional": 1}]})
    assert [item.message for item in wrong.findings] == [
        "`functional` must be true or false, not `1`"
    ]


def test_layers_that_no_tool_knows_are_named_and_left_out() -> None:
    layers = [
        {"type": "subsample2d"},
        {"type": "conv2d", "out_channels": 2, "kernel_size": 1},
        {"type": "zero_pad2d", "padding": 1},
        "flatten",
        {"type": "rbf", "out_features": 3},
    ]
    for tool in TOOLS:
        counted = count_like(graph({"input": [4, 6, 6], "layers": layers}), tool)
        assert counted.unknown == ("rbf", "subsample2d")
        assert counted.free == ()
        assert counted.total == counted.layers["conv2d_1"] != 0


@pytest.mark.parametrize("tool", TOOLS)
def test_counts_of_named_sizes_are_formulas(tool: str) -> None:
    formula = count_like(load("unet-same", input=(3, "H", "W")).graph, tool).total
    plain = count_like(load("unet-same", input=(3, 96, 64)).graph, tool).total
    assert not isinstance(formula, int)
    assert formula.value({"H": 96, "W": 64}) == plain


def test_a_batch_norm_is_folded_only_behind_a_convolution_of_its_own() -> None:
    conv = {"name": "c", "type": "conv2d", "out_channels": 2, "kernel_size": 1, "bias": False}
    norm = {"name": "n", "type": "batch_norm2d"}
    size, macs = 2 * 16, 2 * 4 * 16

    def counts(*layers: Any) -> list[int | None]:
        read = graph({"input": [4, 4, 4], "layers": list(layers)})
        return list(count_like(read, "onnx-tool").layers.values())

    assert counts(conv, norm) == [macs + size, 0]
    assert counts(conv, "relu", norm) == [macs, size, 31 * size]
    both = {"type": "add", "from": ["n", "c"]}
    assert counts(conv, norm, both) == [macs, 31 * size, size]
