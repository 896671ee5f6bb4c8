"""Networks of an installed package, each read in one guarded process as `check` reads it."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cnnshape.analysis.analyse import analyse
from cnnshape.diagnostics import Diagnostic, UnreadableError
from cnnshape.graph import Graph
from cnnshape.sources.torch import guard
from cnnshape.sources.torch.inputs import given_of
from cnnshape.sources.torch.reader import Reading, Settings
from cnnshape.sources.torch.target import Target

MINUTES = 10


class Network(NamedTuple):
    """What is read: an expression in the file's namespace, and the input."""

    name: str
    expression: str
    input: str
    training: bool = False


class Row(NamedTuple):
    """What was found: of a network that was not read, `problem` alone."""

    problem: str | None = None
    params: int = 0
    trainable: int = 0
    buffers: int = 0
    macs: int = 0
    outputs: tuple[tuple[Any, ...], ...] = ()
    layers: tuple[tuple[Any, ...], ...] = ()
    """Name, type, input and output shape, parameters, buffers and MACs of every node."""


def needs(package: str) -> pytest.MarkDecorator:
    """Skips where a package is not installed."""
    there = find_spec(package) is not None
    return pytest.mark.skipif(not there, reason=f"needs `pip install --no-deps {package}`")


def read(
    file: Path, text: str, networks: Iterable[Network], *, layers_of: tuple[str, ...] = ()
) -> dict[str, Row]:
    """Rows by the networks' names; all are read from one file, whose imports run once."""
    file.write_text(text, "utf-8")

    def act() -> dict[str, tuple[Any, ...]]:
        warnings.simplefilter("ignore")  # the packages' own
        rows = {}
        for number, network in enumerate(networks):
            rows[network.name] = tuple(_row(file, network, network.name in layers_of))
            if not number:
                gc.freeze()
        return rows

    found: Mapping[str, tuple[Any, ...]] = guard.in_child(act, seconds=60 * MINUTES)
    return {name: Row(*row) for name, row in found.items()}


def _row(file: Path, network: Network, layers: bool) -> Row:
    settings = Settings({0: network.input}, network.training)
    target = Target(str(file), network.expression)
    try:
        graph = Reading(target, str(file), settings, {0: given_of(network.input)}).graph()
    except UnreadableError as error:
        return Row(_told(error.diagnostics))
    analysis = analyse(graph)
    errors = [one for one in analysis.diagnostics if one.severity == "error"]
    if errors:
        return Row(_told(errors))
    totals = analysis.totals
    shapes = tuple(map(_plain, analysis.outputs.values()))
    return Row(
        None, totals.params, totals.trainable_params, totals.buffers, int(totals.macs), shapes,
        tuple(_layers(graph, analysis)) if layers else (),
    )  # fmt: skip


def _told(diagnostics: Iterable[Diagnostic]) -> str:
    return "; ".join(f"{one.rule}: {one.message}" for one in diagnostics)


def _plain(shape: Any) -> tuple[Any, ...]:
    return tuple(size if type(size) is int else str(size) for size in shape)


def _layers(graph: Graph, analysis: Any) -> Iterator[tuple[Any, ...]]:
    for layer in analysis.layers:
        shapes = (_plain(layer.input_shapes[0]), _plain(layer.output_shape))
        yield (layer.name, layer.type, *shapes, layer.params, layer.buffers, int(layer.macs))
