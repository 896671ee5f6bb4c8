"""Record what PyTorch gives for each call in `torch_calls.txt`.

Run by hand, with PyTorch installed: `python tests/data/make_torch_calls.py` writes
`torch_calls.json.gz` beside this file. Nothing of this project is imported. A line is statements,
and last an expression; what is written down is the shape and dtype of every tensor it gives, or
the class of the error.
"""

from __future__ import annotations

import gzip
import json
import math
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).parent
INPUTS = {
    "x": ((2, 6, 5, 7), "float32"),
    "v": ((6,), "float32"),
    "m": ((5, 7), "float32"),
    "s": ((2, 6, 9), "float32"),
    "k": ((2, 3, 9), "float32"),
    "y": ((2, 6, 4), "float32"),
    "z": ((), "float32"),
    "i": ((2, 9), "int64"),
    "b": ((2, 6, 5, 7), "bool"),
    "c": ((2, 8, 4, 4), "float32"),
    "d": ((2, 4, 3, 6, 5), "float32"),
    "q": ((2, 6, 1, 1), "float32"),
}


def drawn(shape: tuple[int, ...], dtype: str) -> Tensor:
    """Values that are sound indices where they are read as such."""
    kind = getattr(torch, dtype)
    return torch.randn(shape) if kind.is_floating_point else torch.randint(1, 5, shape).to(kind)


def told(value: Any) -> Any:
    """A tensor as its shape and dtype, a number as it is, a float as its kind."""
    if isinstance(value, Tensor):
        return {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple | list):
        return [told(one) for one in value]
    return {"kind": "float" if isinstance(value, float) else "other"}


def outcome(line: str) -> Any:
    """What the line gives, or the class of what it raises."""
    torch.manual_seed(0)
    names = {"torch": torch, "nn": nn, "F": nn.functional, "math": math, "np": np}
    names |= {"OrderedDict": OrderedDict}
    names |= {name: drawn(*one) for name, one in INPUTS.items()}
    *statements, last = line.split("; ")
    try:
        with torch.no_grad():
            for statement in statements:
                exec(statement, names)
            return told(eval(last, names))
    except Exception as error:  # noqa: BLE001 - whatever PyTorch raises is recorded
        return {"error": type(error).__name__}


def main() -> None:
    """Every line that is not a comment."""
    warnings.simplefilter("ignore")
    text = (HERE / "torch_calls.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(set(lines)), "a line stands twice"
    found = {
        "pytorch": torch.__version__.partition("+")[0],
        "inputs": INPUTS,
        "calls": {line: outcome(line) for line in lines},
    }
    packed = gzip.compress(json.dumps(found, separators=(",", ":")).encode(), mtime=0)
    (HERE / "torch_calls.json.gz").write_bytes(packed)


if __name__ == "__main__":
    main()
