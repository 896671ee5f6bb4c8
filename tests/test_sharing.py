"""Weights used again, frozen layers, and what repetitions read."""

from __future__ import annotations

import pytest

import cnnshape

CONV = {"type": "conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
TOWER = {
    "params": {"channels": 4},
    "layers": [{**CONV, "name": "conv", "out_channels": "${channels}"}, "relu"],
}
"""3·3·1·4 + 4 = 40 parameters over one channel."""


def check(*layers: object, **more: object) -> cnnshape.Analysis:
    inputs = {"a": [1, 5, 7], "b": [1, 5, 7]}
    model = {"inputs": inputs, "blocks": {"tower": TOWER}, "layers": list(layers), **more}
    return cnnshape.load(model).check()


def test_a_block_takes_the_weights_of_another_layer_by_layer() -> None:
    found = check(
        {"name": "left", "type": "tower", "from": "a"},
        {"name": "right", "type": "tower", "from": "b", "weights_from": "left"},
    )
    assert found.diagnostics == ()
    assert found.totals.params == 40
    assert found.totals.macs == 2 * 3 * 3 * 1 * 4 * 5 * 7
    assert [item.weights_from for item in found.layers] == [None, None, "left.conv", "left.relu_1"]


def test_repetitions_of_a_block_share_with_those_that_an_expression_names() -> None:
    found = check(
        {"name": "left", "type": "tower", "from": "a", "repeat": 2},
        {"name": "r", "type": "tower", "from": "b", "repeat": 2, "weights_from": "left.${index}"},
    )
    assert found.diagnostics == ()
    shared = [item.weights_from for item in found.layers if item.type == "conv2d"]
    assert shared == [None, None, "left.0.conv", "left.1.conv"]
    assert found.totals.params == 40 + 3 * 3 * 4 * 4 + 4


def test_a_block_of_other_widths_cannot_share() -> None:
    found = check(
        {"name": "left", "type": "tower", "from": "a"},
        {"name": "right", "type": "tower", "from": "b", "channels": 5, "weights_from": "left"},
    )
    (fault,) = found.diagnostics
    assert (fault.rule, fault.layer) == ("shape-mismatch", "right.conv")


def test_a_layer_that_the_other_block_does_not_have_is_unknown() -> None:
    found = check(
        {**CONV, "name": "left", "from": "a"},
        {"name": "right", "type": "tower", "from": "b", "weights_from": "left"},
    )
    assert {item.rule for item in found.diagnostics} == {"unknown-reference"}


@pytest.mark.parametrize(("trainable", "count"), [(True, 40), (False, 0)])
def test_a_block_is_frozen_as_a_whole(trainable: bool, count: int) -> None:
    found = check({"name": "one", "type": "tower", "from": "a", "trainable": trainable})
    assert (found.totals.params, found.totals.trainable_params) == (40, count)


def test_what_stands_in_a_frozen_block_is_frozen_whatever_it_says() -> None:
    outer = {"layers": [{"type": "tower", "trainable": True}]}
    found = check(
        {"type": "outer", "from": "a", "trainable": False}, blocks={"tower": TOWER, "outer": outer}
    )
    assert (found.totals.params, found.totals.trainable_params) == (40, 0)


def test_each_repetition_reads_the_one_before() -> None:
    found = check(
        {**CONV, "name": "stem", "from": "a"},
        {**CONV, "name": "other", "from": "b"},
        {**CONV, "name": "more", "from": "stem", "repeat": 3},
        {"name": "sum", "type": "add", "from": ["stem", "other"], "repeat": 2},
    )
    sources = {item.name: item.inputs for item in found.layers}
    assert [sources[f"more.{index}"] for index in range(3)] == [("stem",), ("more.0",), ("more.1",)]
    assert [sources[f"sum.{index}"] for index in range(2)] == [
        ("stem", "other"),
        ("sum.0", "other"),
    ]


def test_an_expression_in_from_is_left_as_it_is() -> None:
    source = "${'a' if index == 0 else 'b'}"
    found = check({**CONV, "name": "conv", "from": source, "repeat": 2})
    assert [item.inputs for item in found.layers] == [("a",), ("b",)]
