"""What training holds, against what PyTorch kept for the backward pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checked import MODELS, graph

from cnnshape.analysis.budget import Network, Setting
from cnnshape.model import load
from cnnshape.sources import bundled

DATA = json.loads((Path(__file__).parent / "data/saved_cases.json").read_text())
OWN = ("googlenet-torchvision", "vit-tiny")
BATCH = DATA["batch"]
DIFFERENT = {
    "dropout": "a CPU has a float mask, a GPU one of a byte",
    "rnn": "the first state is kept too",
    "lstm": "on a CPU a library keeps a workspace of its own",
}
"""Layers whose figure is not that of a CPU, and why."""


def network(name: str) -> Network:
    folder = MODELS if name in OWN else bundled.folder()
    return Network(load(folder / f"{name}.yaml", input=DATA["networks"][name]["input"]).graph)


@pytest.mark.parametrize("name", DATA["networks"])
def test_networks_keep_what_pytorch_keeps(name: str) -> None:
    wanted = DATA["networks"][name]["bytes"]
    kept = network(name).budget(Setting(batch=BATCH)).kept
    assert abs(kept - wanted) <= 0.015 * wanted, f"{kept / wanted - 1:+.2%}"


def test_most_networks_keep_it_to_the_byte() -> None:
    exact = [
        name
        for name, case in DATA["networks"].items()
        if network(name).budget(Setting(batch=BATCH)).kept == case["bytes"]
    ]
    assert {"lenet5", "resnet18", "resnet50", "densenet121", "vit-tiny"} <= set(exact)


def kept_by(case: dict[str, Any]) -> int:
    """What a layer keeps that reads the output of another one."""
    reads = [{"type": "identity"}, {"name": "x", "type": "prelu"}]
    layer = {"name": "layer", **case["layer"]}
    if "from" in layer:
        layer["from"] = ["x", "x"]
    model = graph({"input": case["input"], "layers": [*reads, layer]})
    return Network(model).budget(Setting(batch=BATCH)).layers["layer"].kept


def test_layers_keep_what_pytorch_keeps() -> None:
    wrong, compared = [], 0
    for case in DATA["layers"]:
        if case["layer"]["type"] not in DIFFERENT:
            compared += 1
            if (kept := kept_by(case)) != case["bytes"]:
                wrong.append(f"{case['layer']}: {kept}, not {case['bytes']}")
    assert not wrong
    assert compared > 60
