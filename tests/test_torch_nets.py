"""PyTorch files as people write them: what PyTorch said of each, said without it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, UnreadableError
from cnnshape.graph import Graph
from cnnshape.sources.torch import guard
from cnnshape.sources.torch.inputs import given_of
from cnnshape.sources.torch.path import Target
from cnnshape.sources.torch.reader import Reading, Settings

DATA = Path(__file__).parent / "data"
NETS = json.loads((DATA / "torch_nets.json").read_text())["nets"]


def texts_of(net: Mapping[str, Any], inputs: Sequence[Sequence[int]]) -> dict[str | int, str]:
    """Inputs as `--input` gives them."""
    keys = [number if name is None else name for number, name in enumerate(net["input_names"])]
    shapes = [",".join(map(str, shape)) for shape in inputs]
    kinds = net["dtypes"]
    return {k: f"{shape}:{kind}" for k, shape, kind in zip(keys, shapes, kinds, strict=False)}


def expression(net: Mapping[str, Any]) -> str:
    """The model as a PATH names it."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in net["ctor_kwargs"].items())
    return f"{net['cls']}({arguments})" if arguments else net["cls"]


def read(net: Mapping[str, Any]) -> list[Graph | Diagnostic]:
    """What is found for each of the inputs of a file, all in one guarded child."""
    path = DATA / "torch_nets" / net["file"]
    target = Target(str(path), expression(net))
    runs = [net["inputs"], *(other["inputs"] for other in net.get("other_inputs", ()))]

    def each() -> Iterator[Graph | Diagnostic]:
        for inputs in runs:
            texts = texts_of(net, inputs)
            settings = Settings(texts, training=net["mode"] == "train")
            given = {key: given_of(text) for key, text in texts.items()}
            try:
                yield Reading(target, path.name, settings, given).graph()
            except UnreadableError as error:
                yield error.diagnostics[0]

    found: list[Graph | Diagnostic] = guard.in_child(lambda: [*each()])
    return found


def shapes_in(output: object) -> list[tuple[int, ...]]:
    """The shapes of tensors in what PyTorch's forward pass gave."""
    if isinstance(output, dict):
        return [shape for item in output.values() for shape in shapes_in(item)]
    if not isinstance(output, list):
        return []
    if any(isinstance(item, list | dict) for item in output):
        return [shape for item in output for shape in shapes_in(item)]
    return [tuple(output)]


def verdict_of(analysis: Analysis, expected: Mapping[str, Any]) -> None:
    """The verdict, and the line that PyTorch raises at or the shapes that come out."""
    errors = [item for item in analysis.diagnostics if item.severity == "error"]
    assert analysis.ok == expected["ok"], (errors, expected)
    if errors:
        assert errors[0].span is not None
        assert errors[0].span.line == expected["raise_line"], (errors[0], expected)
    else:
        assert set(analysis.outputs.values()) == set(shapes_in(expected["output"]))


@pytest.mark.parametrize("net", NETS, ids=lambda net: net["file"])
def test_what_pytorch_says(net: Mapping[str, Any]) -> None:
    for package in net["needs"]:
        pytest.importorskip(package)
    first, *others = read(net)
    assert isinstance(first, Graph), first
    analysis = analyse(first)
    verdict_of(analysis, net)
    if net["ok"]:
        totals = analysis.totals
        figures = (totals.params, totals.trainable_params, totals.buffers)
        assert figures == (net["params"], net["trainable"], net["buffers"])
    elif net["fault_clear"]:
        assert net["fault_line"] in lines_of(analysis)
    for graph, expected in zip(others, net.get("other_inputs", ()), strict=True):
        assert isinstance(graph, Graph), graph
        verdict_of(analyse(graph), expected)


def lines_of(analysis: Analysis) -> set[int]:
    """The lines of the file that the error points at."""
    error = next(item for item in analysis.diagnostics if item.severity == "error")
    spans = [error.span, *(label.span for label in error.labels)]
    return {span.line for span in spans if span is not None}


def test_the_files_are_all_here() -> None:
    names = {path.name for path in (DATA / "torch_nets").glob("*.py")}
    assert {net["file"] for net in NETS} == names
    assert len(NETS) > 150
