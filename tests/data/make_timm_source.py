"""Record what every model of timm is: parameters, buffers, and the output shape of its input.

Run by hand, with PyTorch and timm installed: `python tests/data/make_timm_source.py FILE` writes
FILE, a model at a time, and goes on from what FILE holds already. A model is built and run in
eval mode on the meta device, on a batch of two of its default input size, with no weights
loaded; one that needs values there is built on the CPU. Nothing of this project is imported.
With `--pack` it writes `timm_source.json.gz` beside this file from FILE instead.
"""

from __future__ import annotations

import gc
import gzip
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

BATCH = 2
COLUMNS = ["params", "trainable", "buffers", "input", "output"]


def shapes(value: Any) -> Any:
    """An output's shape, or the shapes within it."""
    if isinstance(value, Tensor):
        return list(value.shape)
    if isinstance(value, dict):
        return {str(key): shapes(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [shapes(item) for item in value]
    return type(value).__name__


def built(name: str, device: str) -> nn.Module:
    """The model in eval mode."""
    with torch.device(device):
        return timm.create_model(name, pretrained=False).eval()


def forward(model: nn.Module, shape: list[int], device: str) -> Any:
    """The shapes of what comes out."""
    with torch.no_grad():
        return shapes(model.to(device)(torch.zeros(shape, device=device)))


def measured(name: str) -> dict[str, Any]:
    """A model's row, with the reason of what could not be measured."""
    row: dict[str, Any] = {}
    try:
        model = built(name, "meta")
    except Exception as error:  # noqa: BLE001 - whatever it raises is recorded
        row["on_meta"] = f"{type(error).__name__}: {error}"[:200]
        model = built(name, "cpu")
    row |= {
        "params": sum(one.numel() for one in model.parameters()),
        "trainable": sum(one.numel() for one in model.parameters() if one.requires_grad),
        "buffers": sum(one.numel() for one in model.buffers()),
        "input": [BATCH, *model.default_cfg["input_size"]],
    }
    try:
        row["output"] = forward(model, row["input"], "meta")
    except Exception as error:  # noqa: BLE001 - and again on the CPU
        row["forward_on_meta"] = f"{type(error).__name__}: {error}"[:200]
        row["output"] = forward(built(name, "cpu"), row["input"], "cpu")
    return row


def measure(path: Path) -> None:
    """Every model that the file does not have."""
    rows = json.loads(path.read_text("utf-8")) if path.exists() else {}
    names = [name for name in timm.list_models() if name not in rows]
    for index, name in enumerate(names):
        try:
            rows[name] = measured(name)
        except Exception as error:  # noqa: BLE001 - whatever it raises is recorded
            rows[name] = {"failed": f"{type(error).__name__}: {error}"[:300]}
        gc.collect()
        if index % 20 == 19 or index == len(names) - 1:
            path.write_text(json.dumps(rows), "utf-8")
            print(len(rows), name, flush=True)


def pack(path: Path) -> None:
    """The file as the tests read it: a row a model, and what failed by name."""
    rows = json.loads(path.read_text("utf-8"))
    data = {
        "pytorch": torch.__version__.partition("+")[0],
        "timm": timm.__version__,
        "columns": COLUMNS,
        "models": {
            name: [row[key] for key in COLUMNS]
            for name, row in sorted(rows.items())
            if "failed" not in row
        },
        "failed": {name: row["failed"] for name, row in sorted(rows.items()) if "failed" in row},
    }
    text = json.dumps(data).encode()
    target = Path(__file__).with_name("timm_source.json.gz")
    target.write_bytes(gzip.compress(text, mtime=0))


def main() -> None:
    """Measure, or pack what was measured."""
    warnings.simplefilter("ignore")
    path = Path(sys.argv[-1])
    (pack if "--pack" in sys.argv else measure)(path)


if __name__ == "__main__":
    main()
