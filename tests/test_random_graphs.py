"""Random models and graphs against naive loops; one fault gives one error, where it was planted."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from checked import check, faults
from generators.models import FAULTS, MAPS, Drawn, faulty, faulty_graph, graph, sequential

from cnnshape.analysis.result import Analysis

SEED = 1989


def assert_counted(analysis: Analysis, drawn: Drawn) -> None:
    """Every layer before a fault has the shape and the figures that the loops count."""
    ours = [
        (item.output_shape[1:], item.params, item.buffers, item.macs)
        for item in analysis.layers[: len(drawn.rows)]
        if item.output_shape is not None
    ]
    assert ours == [tuple(row) for row in drawn.rows], drawn.model


@pytest.mark.parametrize("number", range(40))
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_sequences_are_as_loops_count(axes: int, number: int) -> None:
    drawn = sequential(Random(f"{SEED} sequence {axes} {number}"), axes)
    analysis = check(drawn.model)
    assert faults(analysis) == []
    assert_counted(analysis, drawn)
    assert analysis.totals.params == sum(row.params for row in drawn.rows)
    assert analysis.totals.macs == sum(row.macs for row in drawn.rows)


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_graphs_are_as_loops_count(axes: int, number: int) -> None:
    drawn = graph(Random(f"{SEED} graph {axes} {number}"), axes)
    analysis = check(drawn.model)
    assert faults(analysis) == []
    assert_counted(analysis, drawn)


def assert_one_error(analysis: Analysis, drawn: Drawn) -> None:
    errors = [item for item in analysis.diagnostics if item.severity == "error"]
    assert [(item.layer, item.rule) for item in errors] == [drawn.fault], drawn.model


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_one_fault_is_one_error(plant: Callable[..., Any], axes: int, number: int) -> None:
    drawn = faulty(Random(f"{SEED} {plant.__name__} {axes} {number}"), axes, plant)
    analysis = check(drawn.model)
    assert_one_error(analysis, drawn)
    assert_counted(analysis, drawn)


@pytest.mark.parametrize("number", range(15))
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_branches_that_differ_are_one_error(axes: int, number: int) -> None:
    drawn = faulty_graph(Random(f"{SEED} branches {axes} {number}"), axes)
    analysis = check(drawn.model)
    assert_one_error(analysis, drawn)
    assert_counted(analysis, drawn)


def moved(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(N, C, *spatial) → (N, *spatial, C)."""
    return (shape[0], *shape[2:], shape[1])


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_channels_last_only_moves_the_axes(axes: int, number: int) -> None:
    makers = [maker for maker in MAPS if maker.__name__ != "norm"]  # a layer norm counts axes
    drawn = sequential(Random(f"{SEED} layout {axes} {number}"), axes, makers)
    channels, *spatial = drawn.model["input"]
    last = {**drawn.model, "input": [*spatial, channels], "layout": "channels_last"}
    first, other = check(drawn.model), check(last)
    assert faults(other) == []
    for one, two in zip(first.layers, other.layers, strict=True):
        assert two.output_shape == moved(one.output_shape)
        assert (two.params, two.buffers, two.macs) == (one.params, one.buffers, one.macs)
        assert two.receptive_field == one.receptive_field
    assert other.totals.memory == first.totals.memory
