"""The stand-in for PyTorch, call by call, against what PyTorch gave (data/make_torch_calls.py)."""

from __future__ import annotations

import gzip
import json
import math
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnshape.sources.torch.standin.dtype import NAMES
from cnnshape.sources.torch.standin.package import PACKAGE
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import SESSION, Trace, UnsupportedError

DATA = Path(__file__).with_name("data") / "torch_calls.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(DATA.read_bytes()))
CALLS: dict[str, Any] = RECORDED["calls"]
NOT_MODELLED = Path(__file__).with_name("data") / "torch_calls_not_modelled.txt"
REFUSED = frozenset(NOT_MODELLED.read_text("utf-8").splitlines())


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    SESSION.trace = None


def told(value: Any) -> Any:
    """What the recording tells of a value."""
    if isinstance(value, Tensor):
        return {"shape": [int(size) for size in value.shape], "dtype": value.dtype.name}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple | list):
        return [told(one) for one in value]
    return {"kind": "float" if isinstance(value, float) else "other"}


def names() -> dict[str, Any]:
    """What a line may name; the tensors come from the inputs of a model."""
    torch = PACKAGE["torch"]
    SESSION.trace = Trace()
    found = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "math": math, "np": np}
    for name, (shape, dtype) in RECORDED["inputs"].items():
        found[name] = Tensor(shape, NAMES[dtype])
        SESSION.trace.give(name, found[name])
    return {**found, "OrderedDict": OrderedDict}


def outcome(line: str) -> Any:
    """What a line gives, {"error": …} or {"not modelled": …}."""
    known = names()
    *statements, last = line.split("; ")
    try:
        for statement in statements:
            exec(statement, known)
        return told(eval(last, known))
    except UnsupportedError as error:
        return {"not modelled": error.name}
    except Exception as error:  # noqa: BLE001 - any error is as good as PyTorch's
        return {"error": type(error).__name__}


def is_error(found: Any) -> bool:
    return isinstance(found, dict) and "error" in found


@pytest.mark.parametrize("line", [line for line in CALLS if line not in REFUSED])
def test_a_call_gives_what_pytorch_gives(line: str) -> None:
    wanted, found = CALLS[line], outcome(line)
    if is_error(wanted):
        assert is_error(found), f"{found}, where PyTorch raises {wanted['error']}"
    else:
        assert found == wanted


@pytest.mark.parametrize("line", sorted(REFUSED))
def test_what_is_not_modelled_is_said_to_be(line: str) -> None:
    assert line in CALLS
    assert "not modelled" in outcome(line)
