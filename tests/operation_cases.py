"""What PyTorch made of operations of programs (recorded by data/make_operation_cases.py)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from generators.refused import Refused

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, Shape
from cnnshape.layers import find

DATA = Path(__file__).parent / "data"
CASES: list[dict[str, Any]] = json.loads(
    gzip.decompress((DATA / "operation_cases.json.gz").read_bytes())
)["cases"]


@cache
def recorded() -> Mapping[str, Any]:
    """All arrays, as `<case>/<name>`."""
    with np.load(DATA / "operation_cases.npz") as file:
        values, index = file["values"], json.loads(file["index"].tobytes())
    ends = np.cumsum([int(np.prod(shape)) for _, _, shape in index])[:-1]
    parts = zip(index, np.split(values, ends), strict=True)
    return {name: part.reshape(shape).astype(kind) for (name, kind, shape), part in parts}


def tuples(value: Any) -> Any:
    """JSON's lists as the tuples that they stand for."""
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def layer_of(case: dict[str, Any]) -> Layer:
    """The operation of a case."""
    cls = find(case["type"])
    assert cls is not None
    return cls(type=case["type"], **{name: tuples(value) for name, value in case["args"].items()})


def inputs_of(case: dict[str, Any]) -> tuple[Shape, ...]:
    """The shapes of a case's inputs."""
    return tuple(tuple(shape) for shape, _ in case["inputs"])


def error_of(refused: Refused) -> RuleError | None:
    """What an operation says of its inputs; None: nothing."""
    cls = find(refused.type)
    assert cls is not None
    layer = cls(type=refused.type, **refused.arguments)
    try:
        layer.check(*refused.inputs)
        layer.output_shape(*refused.inputs)
    except RuleError as error:
        return error
    return None


def weights_of(layer: Layer, shapes: tuple[Shape, ...]) -> dict[str, Any]:
    """The weights that were recorded with: 0, 1/8, 2/8, …"""
    stored = layer.weights(*shapes)
    return {name: np.arange(np.prod(s)).reshape(s) / 8 for name, s in stored.items()}
