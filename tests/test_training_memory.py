"""What training holds, against what PyTorch kept for the backward pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checked import MODELS, graph

from cnnshape.analysis.budget import Network, Setting
from cnnshape.graph import Graph
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


def parts(network: Network, **options: Any) -> Any:
    return network.budget(Setting(**options))


PLAIN: dict[str, Any] = {
    "input": [3, 8, 8],
    "layers": [
        {"name": "conv", "type": "conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1},
        {"name": "norm", "type": "batch_norm2d"},
        {"name": "act", "type": "relu"},
        {"name": "pool", "type": "global_avg_pool"},
        {"name": "out", "type": "linear", "out_features": 10},
    ],
}


def test_the_parts_of_a_budget_by_hand() -> None:
    params, buffers = 3 * 9 * 4 + 4 + 8 + 50, 8
    found = parts(Network(graph(PLAIN)), batch=5, optimizer="adam")
    assert (found.params, found.buffers, found.copies) == (4 * params, 4 * buffers, 0)
    assert (found.gradients, found.state) == (4 * params, 8 * params)
    image, maps = 3 * 64, 4 * 64
    # the image, the convolution's output, ReLU's output, the pooled values; 2·4 statistics once
    assert found.kept == 4 * (5 * (image + maps + maps + 4) + 8)
    # where most is held, the norm's output is alive and the pooled values are not made yet
    assert found.beside == 4 * 5 * (maps - 4)
    assert found.training == 16 * params + 4 * buffers + found.kept + found.beside
    # at most a convolution's output and a norm's are alive, the image being read no more
    assert (found.peak, found.peak_at) == (4 * 5 * 2 * maps, "norm")
    assert found.inference == 4 * (params + buffers) + found.peak


@pytest.mark.parametrize(
    ("optimizer", "values"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("adamw", 2)]
)
def test_an_optimiser_stores_values_for_what_is_trained(optimizer: str, values: int) -> None:
    frozen = {**PLAIN, "layers": [{**PLAIN["layers"][0], "trainable": False}, *PLAIN["layers"][1:]]}
    found = parts(Network(graph(frozen)), optimizer=optimizer)
    assert found.gradients == 4 * 58
    assert found.state == values * found.gradients


def test_what_comes_before_the_first_trained_layer_keeps_nothing() -> None:
    layers = [{"name": "first", "type": "tanh"}, *PLAIN["layers"]]
    found = parts(Network(graph({**PLAIN, "layers": layers})))
    assert found.layers["first"].kept == 0
    assert found.layers["conv"].kept == 4 * 3 * 64


def test_half_precision_halves_all_but_statistics() -> None:
    whole, half = (parts(Network(graph(PLAIN)), dtype=d) for d in ("float32", "bfloat16"))
    statistics = 4 * 8
    assert half.kept - statistics == (whole.kept - statistics) / 2
    assert (half.params, half.gradients, half.peak) == (
        whole.params / 2,
        whole.gradients / 2,
        whole.peak / 2,
    )


def test_mixed_precision_keeps_parameters_twice() -> None:
    whole, half, mixed = (
        parts(Network(graph(PLAIN)), optimizer="adam", dtype=dtype, mixed=mixed)
        for dtype, mixed in (("float32", False), ("float16", False), ("float16", True))
    )
    assert (mixed.params, mixed.gradients, mixed.state) == (
        whole.params,
        whole.gradients,
        whole.state,
    )
    assert (mixed.kept, mixed.peak, mixed.copies) == (half.kept, half.peak, half.params)


@pytest.mark.parametrize(
    ("kind", "tensors", "in_place"),
    [("relu", 1, 1), ("leaky_relu", 2, 1), ("elu", 2, 1), ("silu", 2, 2), ("relu6", 2, 2)],
)
def test_in_place_activations_share_what_they_read(kind: str, tensors: int, in_place: int) -> None:
    """Between a norm and a convolution; those that need what they overwrite are copied."""
    conv, norm = PLAIN["layers"][:2]
    for given, wanted in ((False, tensors), (True, in_place)):
        act = {"name": "act", "type": kind, "inplace": given}
        last = {"name": "last", "type": "conv2d", "out_channels": 1, "kernel_size": 1}
        layers = (
            Network(graph({**PLAIN, "layers": [conv, norm, act, last]})).budget(Setting()).layers
        )
        assert layers["act"].output == (0 if given else 4 * 4 * 64)
        assert layers["act"].kept + layers["last"].kept == wanted * 4 * 4 * 64


@pytest.mark.parametrize("name", ["mnist-net", "resnet18", "unet-same"])
@pytest.mark.parametrize("memory", [2**20, 2**28, 2**32])
def test_the_largest_batch_is_the_last_that_fits(name: str, memory: int) -> None:
    net = Network(load(name).graph)
    setting = Setting(optimizer="adam", mixed=True)
    largest = net.largest(setting, memory)
    for batch, figure in ((largest.training, "training"), (largest.inference, "inference")):
        if batch:
            assert getattr(parts(net, **setting._replace(batch=batch)._asdict()), figure) <= memory
        more = setting._replace(batch=batch + 1)
        assert getattr(net.budget(more), figure) > memory


@pytest.mark.parametrize("name", DATA["networks"])
def test_training_never_takes_less_than_inference(name: str) -> None:
    found = network(name).budget(Setting(batch=BATCH))
    assert 0 <= found.beside < found.peak
    assert found.training >= found.inference
    assert found.kept == sum(share.kept for share in found.layers.values())


def test_named_sizes_have_their_examples() -> None:
    named = Network(load("unet-same", input=(3, "H=64", "W=96")).graph)
    plain = Network(load("unet-same", input=(3, 64, 96)).graph)
    for batch in (1, 3):
        found = named.budget(Setting(batch=batch))
        assert found.sizes == {"H": 64, "W": 96}
        assert found._replace(sizes={}) == plain.budget(Setting(batch=batch))._replace(sizes={})


def named_batch() -> Graph:
    """A network as a reader of code gives it: the batch is a named size like any other."""
    read = graph({**PLAIN, "input": ["B", 8, 8]})
    sizes = {"B": 2}
    size = read.inputs[0].shape[1]
    nodes = graph(PLAIN).nodes
    inputs = (read.inputs[0]._replace(shape=(size, 3, 8, 8)),)
    return read._replace(inputs=inputs, nodes=nodes, sizes=sizes)


def test_a_batch_that_is_a_named_size_is_put_in() -> None:
    plain, named = Network(graph(PLAIN)), Network(named_batch())
    assert named.has_batch
    for batch in (1, 7):
        setting = Setting(batch=batch, optimizer="adam")
        assert named.budget(setting) == plain.budget(setting)
    assert named.largest(Setting(), 2**20) == plain.largest(Setting(), 2**20)


def test_inputs_without_an_axis_of_samples_have_none() -> None:
    read = named_batch()
    fixed = read._replace(inputs=(read.inputs[0]._replace(shape=(4, 3, 8, 8)),), sizes={})
    assert not Network(fixed).has_batch
    four = Network(fixed).budget(Setting()).kept
    assert four == Network(graph(PLAIN)).budget(Setting(batch=4)).kept
