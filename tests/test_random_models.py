"""Random sequential models against what PyTorch did with them (see data/README.md)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from checked import check, faults

from cnnshape.analysis.result import Analysis

DATA = Path(__file__).with_name("data") / "random_models.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(DATA.read_bytes()))
MODELS: list[dict[str, Any]] = RECORDED["models"]
EVERY = range(len(MODELS))
FAILING = [number for number in EVERY if MODELS[number]["fails"] is not None]


@cache
def analysis_of(number: int) -> Analysis:
    return check(MODELS[number]["model"])


def errors_at(analysis: Analysis) -> list[int]:
    """The number of the layer of each error."""
    names = [item.name for item in analysis.layers]
    return [names.index(str(item.layer)) for item in faults(analysis)]


def test_the_record_has_both_kinds_in_number() -> None:
    kinds = {entry["kind"] for entry in MODELS}
    assert RECORDED["columns"] == ["output_shape", "params", "buffers", "macs"]
    assert len(MODELS) > 800
    assert len(FAILING) > 300
    assert len(kinds) > 30


@pytest.mark.parametrize("number", EVERY)
def test_the_same_layer_fails_as_in_pytorch(number: int) -> None:
    entry = MODELS[number]
    expected = [] if entry["fails"] is None else [entry["fails"]]
    assert errors_at(analysis_of(number)) == expected, entry["message"]


@pytest.mark.parametrize("number", EVERY)
def test_the_figures_are_pytorchs(number: int) -> None:
    """Of every layer before the one that fails; PyTorch has no count of a sequence layer's MACs."""
    entry, analysis = MODELS[number], analysis_of(number)
    rows = entry["layers"]
    found = [
        [item.output_shape, item.params, item.buffers, None if row[-1] is None else item.macs]
        for item, row in zip(analysis.layers, rows, strict=False)
    ]
    assert found == [[(1, *shape), *figures] for shape, *figures in rows]
    assert len(analysis.layers) == len(entry["model"]["layers"])


@pytest.mark.parametrize("number", FAILING)
def test_an_error_names_its_layer(number: int) -> None:
    [found] = analysis_of(number).diagnostics
    assert found.severity == "error"
    assert f"`{found.layer}`" in found.message
