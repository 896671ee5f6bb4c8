"""Receptive fields against gradients: where an output's gradient is not zero is what it sees."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from checked import graph as read_graph
from generators.models import Drawn, graph, sequential

import cnnshape
from cnnshape.analysis import fields
from cnnshape.analysis.receptive_field import Reach
from cnnshape.execute import field_check
from cnnshape.execute.field_check import FieldSeen, check_field, targets
from cnnshape.graph import Graph
from cnnshape.sources import bundled

SEED = 2016
SMALLER = {"unet": 188, "unet-same": 64, "inception-v3": 149, "densenet121": 64, "vgg11": 64,
           "vgg13": 64, "vgg16": 64, "vgg19": 64, "resnet18": 96, "resnet34": 96, "resnet50": 96,
           "resnet101": 64, "resnet152": 64, "alexnet-lecture": 115, "alexnet": 115,
           "alexnet-2012": 115, "alexnet-torchvision": 127, "googlenet": 96,
           "mobilenet-v2": 96, "squeezenet1-1": 96}  # fmt: skip
"""Height and width of an input that is cheaper than the architecture's own."""


def seen(model: Graph) -> Iterator[FieldSeen]:
    for target in targets(model):
        yield from check_field(model, target)


def placed(model: Graph) -> Iterator[FieldSeen]:
    """The last layer in space alone: what comes after a flatten depends on the input's size."""
    yield from check_field(model, targets(model)[0])


@pytest.mark.parametrize("name", [name for name in bundled.names() if "broken" not in name])
def test_bundled_architectures_see_what_is_computed(name: str) -> None:
    model = cnnshape.load(name).graph
    if name in SMALLER:
        (item,) = model.inputs
        smaller = (*item.shape[:2], SMALLER[name], SMALLER[name])
        model = model._replace(inputs=(item._replace(shape=smaller),))
        found = list(placed(model))
    else:
        found = list(seen(model))
    assert all(field.agrees for field in found), found
    if name not in ("dcgan-generator", "torch7-mlp"):  # vectors
        assert found


@pytest.mark.parametrize("number", range(15))
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("draw", [sequential, graph], ids=lambda draw: draw.__name__)
def test_random_networks_see_what_is_computed(draw: Any, axes: int, number: int) -> None:
    drawn: Drawn = draw(Random(f"{SEED} {draw.__name__} {axes} {number}"), axes)
    for field in seen(read_graph(drawn.model)):
        assert field.agrees, (drawn.model, field)


def one(*layers: Any, given: list[int], **keys: Any) -> FieldSeen:
    """The field of the first target."""
    model = read_graph({"input": given, "layers": list(layers), **keys})
    return next(seen(model))


CONV = {"type": "conv2d", "out_channels": 4, "kernel_size": 3}


def test_the_centre_sees_exactly_the_field() -> None:
    found = one(CONV, "relu", {"type": "max_pool2d", "kernel_size": 2}, CONV, given=[2, 22, 30])
    assert found == FieldSeen("conv2d_2", "input", ((8, 15), (12, 19)), ((8, 15), (12, 19)),
                              agrees=True, whole=False)  # fmt: skip


def test_of_layers_that_see_the_same_the_first_is_probed() -> None:
    model = read_graph({"input": [1, 9, 9], "layers": [CONV, "relu", "identity", "flatten"]})
    assert targets(model) == ["conv2d_1", "flatten_1"]


def test_indices_that_no_window_reaches_are_not_seen() -> None:
    """Eight values, windows of three, two apart: the last value is left over."""
    conv = {"type": "conv1d", "out_channels": 1, "kernel_size": 3, "stride": 2}
    model = read_graph({"input": [1, 8], "layers": [conv, "flatten"]})
    field = list(seen(model))[-1]
    assert field.seen == ((0, 6),)
    assert field.computed == ((0, 7),)
    assert field.agrees
    assert not field.whole


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_a_border_of_the_input_s_own_values_is_followed(mode: str) -> None:
    conv = {**CONV, "kernel_size": 5, "padding": 2, "padding_mode": mode}
    assert one(conv, conv, {**CONV, "stride": 3}, given=[1, 7, 8]).agrees


def test_channels_last() -> None:
    found = one(CONV, {**CONV, "stride": 2}, given=[15, 25, 2], layout="channels_last")
    assert found.agrees
    assert found.seen == ((6, 10), (10, 14))


def test_a_squeeze_and_excitation_sees_all() -> None:
    layers = [
        {"name": "c", **CONV},
        {"name": "squeeze", "type": "global_avg_pool", "keepdims": True},
        {"name": "excite", "type": "conv2d", "out_channels": 4, "kernel_size": 1},
        {"type": "sigmoid"},
        {"name": "scaled", "type": "multiply", "from": ["c", "sigmoid_1"]},
    ]
    found = list(seen(read_graph({"input": [2, 9, 9], "layers": layers})))
    assert all(field.agrees for field in found)
    assert found[-1].whole


def test_differences_do_not_cancel() -> None:
    layers = [
        {"name": "c", **CONV, "padding": 1},
        {"name": "d", "type": "subtract", "from": ["c", "c"]},
    ]
    assert one(*layers, given=[1, 9, 9]).seen == ((3, 5), (3, 5))


def test_what_is_trained_on_words_has_no_place() -> None:
    tokens = {"tokens": {"shape": [7], "dtype": "int64"}}
    layers = [{"type": "embedding", "num_embeddings": 9, "embedding_dim": 4}]
    assert targets(read_graph({"inputs": tokens, "layers": layers})) == []


def test_recurrent_and_attentive_layers_see_no_more_than_is_computed() -> None:
    layers: list[Any] = [
        {"type": "lstm", "hidden_size": 6, "batch_first": True},
        {"type": "transformer_encoder_layer", "nhead": 2, "dim_feedforward": 8,
         "batch_first": True},
    ]  # fmt: skip
    model = read_graph({"input": [11, 6], "layers": layers})
    assert all(field.agrees for field in seen(model))


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_wrong_field_is_found(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the analysis one index off, the gradient would tell."""

    def wrong(walk: Any) -> Any:
        found, unaligned = fields.receptive_fields(walk)
        for name, by_input in found.items():
            found[name] = {source: tuple(map(moved, reach)) for source, reach in by_input.items()}
        return found, unaligned

    def moved(reach: Reach) -> Reach:
        return reach._replace(first=tuple(i + shift for i in reach.first))

    monkeypatch.setattr(field_check, "receptive_fields", wrong)
    assert not one(CONV, given=[1, 9, 9]).agrees


def test_a_kernel_that_looks_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnshape.layers.convolution import Conv
    from cnnshape.window import Slide

    def shifted(self: Conv, x: Any) -> list[Slide]:
        return [slide._replace(before=slide.before + 1) for slide in honest(self, x)]

    honest = Conv.slides
    windows = Conv.windows
    monkeypatch.setattr(
        Conv,
        "windows",
        lambda self, x, *others: {
            axis: window._replace(before=window.before - 1)
            for axis, window in windows(self, x).items()
        },
    )
    monkeypatch.setattr(Conv, "slides", shifted)
    assert not one({**CONV, "padding": 1}, given=[1, 9, 9]).agrees
