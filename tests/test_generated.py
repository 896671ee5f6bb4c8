"""What is generated from the layers is fresh, and the schema says what the reader does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cnnshape.sources.spec.schema import schema

ROOT = Path(__file__).parent.parent
MODELS = sorted([*ROOT.glob("architectures/*.yaml"), *ROOT.glob("tests/models/*.yaml")])


@pytest.fixture(scope="module")
def validator() -> Any:
    cls = jsonschema.Draft202012Validator
    cls.check_schema(schema())
    return cls(schema())


def test_generated_files_are_fresh() -> None:
    command = [sys.executable, ROOT / "scripts/generate.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_file_satisfies_the_schema(path: Path, validator: Any) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(data)] == []


CONV = {"type": "conv2d", "out_channels": 8, "kernel_size": 3}


@pytest.mark.parametrize(
    "layer",
    [
        "relu",
        CONV,
        {**CONV, "padding": "same"},
        {**CONV, "padding": [[1, 2], [0, 1]]},
        {**CONV, "stride": ["${s}", 2], "expect": [8, 3, 3]},
        {**CONV, "connection_table": [[0, 1], [1, 1]]},
        {"type": "my_block", "width": 3},
        {"type": "adaptive_avg_pool2d", "output_size": [None, 3]},
    ],
)
def test_the_schema_accepts(layer: object, validator: Any) -> None:
    assert validator.is_valid({"input": [3, 9, 9], "layers": [layer]})


@pytest.mark.parametrize(
    "layer",
    [
        3,
        {"out_channels": 8},
        {"type": "conv2d", "out_channels": 8},
        {**CONV, "out_chanels": 8},
        {**CONV, "kernel_size": 0},
        {**CONV, "kernel_size": []},
        {**CONV, "padding": "smae"},
        {**CONV, "bias": "yes"},
        {**CONV, "repeat": -1},
        {"type": "dropout", "p": 1.5},
        {"type": "gelu", "approximate": "sigmoid"},
    ],
)
def test_the_schema_refuses(layer: object, validator: Any) -> None:
    assert not validator.is_valid({"input": [3, 9, 9], "layers": [layer]})


def test_the_schema_refuses_unknown_keys_at_the_top(validator: Any) -> None:
    assert not validator.is_valid({"input": [3, 9, 9], "layers": ["relu"], "layer": []})
