"""Write the names that PyTorch's modules have, so that what is not modelled is told from typos.

Needs PyTorch: `pip install torch==2.13.0`, then `python tests/data/make_torch_known_names.py`.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import torch

MODULES = (
    *("torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.nn.utils"),
    *("torch.nn.utils.rnn", "torch.nn.utils.parametrizations", "torch.nn.utils.parametrize"),
    *("torch.nn.parallel", "torch.linalg", "torch.fft", "torch.special", "torch.jit"),
    *("torch.autograd", "torch.optim", "torch.optim.lr_scheduler", "torch.cuda", "torch.cuda.amp"),
    *("torch.amp", "torch.utils.data", "torch.distributions", "torch.fx", "torch.hub"),
    *("torch.nn.attention", "torch.compiler", "torch.backends", "torch.distributed"),
)
PATH = Path(__file__).parents[2] / "cnnshape/sources/torch/standin/names.txt"


def main() -> None:
    lines = []
    for name in MODULES:
        found = sorted(n for n in dir(importlib.import_module(name)) if not n.startswith("__"))
        lines.append(f"{name}: {' '.join(found)}")
    own = sorted(n for n in dir(torch.Tensor) if not n.startswith("__"))
    lines.append(f"torch.Tensor: {' '.join(own)}")
    PATH.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
