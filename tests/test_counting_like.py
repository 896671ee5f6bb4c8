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
    return graph({"input": case["input"], "layers": [layer]})


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
