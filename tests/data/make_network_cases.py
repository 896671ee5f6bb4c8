"""Record loss and gradients of small whole networks, and steps of optimisers, by PyTorch.

Run by hand, with PyTorch installed: `python tests/data/make_network_cases.py` writes
`network_cases.json` beside this file, in float64. Nothing of this project is imported. Weights and
inputs are waves (`wave`), which whoever reads the file computes again; of a gradient its sum, its
sum weighed by a wave, and its first values are recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST = 5
STEPS = 4


def wave(shape: tuple[int, ...], start: float, size: float = 1.0) -> np.ndarray:
    """Sines of equal steps."""
    count = int(np.prod(shape))
    return size * np.sin(start + 0.7 * np.arange(count)).reshape(shape)


class LeNet5(nn.Module):
    """LeNet-5 with all maps connected and a dense output."""

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6, self.out = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = functional.avg_pool2d(torch.tanh(self.c3(x)), 2)
        return self.out(torch.tanh(self.f6(torch.tanh(self.c5(x)).flatten(1))))


LENET5 = {
    "input": [1, 32, 32],
    "layers": [
        {"name": "c1", "type": "conv2d", "out_channels": 6, "kernel_size": 5},
        "tanh",
        {"type": "avg_pool2d", "kernel_size": 2},
        {"name": "c3", "type": "conv2d", "out_channels": 16, "kernel_size": 5},
        "tanh",
        {"type": "avg_pool2d", "kernel_size": 2},
        {"name": "c5", "type": "conv2d", "out_channels": 120, "kernel_size": 5},
        "tanh",
        "flatten",
        {"name": "f6", "type": "linear", "out_features": 84},
        "tanh",
        {"name": "out", "type": "linear", "out_features": 10},
    ],
}


class Residual(nn.Module):
    """A stem with max pooling, one block with a projection, global pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.one = nn.Conv2d(4, 6, 3, 2, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(6)
        self.two = nn.Conv2d(6, 6, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(6)
        self.short = nn.Conv2d(4, 6, 1, 2, bias=False)
        self.norm3 = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(torch.relu(self.norm(self.stem(x))), 3, 2, 1)
        y = self.norm2(self.two(torch.relu(self.norm1(self.one(x)))))
        y = torch.relu(y + self.norm3(self.short(x)))
        return self.fc(y.mean((2, 3)))


def conv(name: str, outputs: int, kernel: int, **others: Any) -> dict[str, Any]:
    """A convolution without bias."""
    given = {"out_channels": outputs, "kernel_size": kernel, "bias": False}
    return {"name": name, "type": "conv2d", **given, **others}


def norm(name: str) -> dict[str, Any]:
    """A batch norm."""
    return {"name": name, "type": "batch_norm2d"}


RESIDUAL = {
    "input": [3, 21, 19],
    "layers": [
        conv("stem", 4, 7, stride=2, padding=3),
        norm("norm"),
        "relu",
        {"name": "pool", "type": "max_pool2d", "kernel_size": 3, "stride": 2, "padding": 1},
        conv("one", 6, 3, stride=2, padding=1),
        norm("norm1"),
        "relu",
        conv("two", 6, 3, padding=1),
        norm("norm2"),
        conv("short", 6, 1, stride=2) | {"from": "pool"},
        norm("norm3"),
        {"type": "add", "from": ["norm2", "norm3"]},
        "relu",
        "global_avg_pool",
        {"name": "fc", "type": "linear", "out_features": 5},
    ],
}


class Inverted(nn.Module):
    """An inverted residual of MobileNet v2, expanded, depthwise, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(4, 12, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(12)
        self.deep = nn.Conv2d(12, 12, 3, 1, 1, groups=12, bias=False)
        self.norm2 = nn.BatchNorm2d(12)
        self.thin = nn.Conv2d(12, 4, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(4)
        self.down = nn.Conv2d(4, 8, 3, 2, 1, groups=4, bias=False)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self.norm1(self.wide(x)))
        y = functional.relu6(self.norm2(self.deep(y)))
        y = x + self.norm3(self.thin(y))
        return self.fc(self.down(y).amax((2, 3)))


INVERTED = {
    "input": [4, 7, 9],
    "layers": [
        conv("wide", 12, 1),
        norm("norm1"),
        "relu6",
        conv("deep", 12, 3, padding=1, groups=12),
        norm("norm2"),
        "relu6",
        conv("thin", 4, 1),
        norm("norm3"),
        {"name": "sum", "type": "add", "from": ["input", "norm3"]},
        conv("down", 8, 3, stride=2, padding=1, groups=4),
        "global_max_pool",
        {"name": "fc", "type": "linear", "out_features": 5},
    ],
}


def summary(values: Tensor) -> list[float]:
    """A sum, a sum weighed by a wave, and the first values."""
    flat = values.detach().numpy().ravel()
    return [float(flat.sum()), float(flat @ wave(flat.shape, 0.3)), *map(float, flat[:FIRST])]


def network(model: dict[str, Any], module: nn.Module, batch: int) -> dict[str, Any]:
    """Loss, gradients and running statistics of a training pass."""
    module.double().train()
    for number, parameter in enumerate(module.parameters()):
        size = 1.0 if parameter.ndim == 1 else 2.0 / float(np.sqrt(np.prod(parameter.shape[1:])))
        parameter.data = torch.from_numpy(wave(tuple(parameter.shape), number, size))
    x = torch.from_numpy(wave((batch, *model["input"]), 0.1)).requires_grad_()
    y = module(x)
    target = torch.arange(batch) % y.shape[1]
    loss = functional.cross_entropy(y, target)
    loss.backward()
    return {
        "model": model,
        "batch": batch,
        "weights": {n: list(p.shape) for n, p in module.named_parameters()},
        "loss": loss.item(),
        "output": summary(y),
        "input_gradient": summary(x.grad),
        "gradients": {n: summary(p.grad) for n, p in module.named_parameters()},
        "buffers": {n: summary(b) for n, b in module.named_buffers() if b.ndim},
    }


def steps(make: Callable[[list[Tensor]], torch.optim.Optimizer]) -> list[list[float]]:
    """What a weight is after each of several steps; the gradients are waves."""
    weight = torch.from_numpy(wave((6,), 0.5)).requires_grad_()
    optimiser = make([weight])
    found = []
    for number in range(STEPS):
        weight.grad = torch.from_numpy(wave((6,), number))
        optimiser.step()
        found.append(weight.detach().tolist())
    return found


OPTIMISERS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("SGD", {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "dampened": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    "nesterov": ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.2}),
    "adam": ("Adam", {"lr": 0.05}),
    "decayed": ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1}),
}


def main() -> None:
    """Write the file."""
    networks = {
        "lenet5": network(LENET5, LeNet5(), 3),
        "residual": network(RESIDUAL, Residual(), 3),
        "inverted": network(INVERTED, Inverted(), 2),
    }
    optimisers = {
        name: {
            "type": kind,
            "arguments": arguments,
            "weights": steps(lambda w, k=kind, a=arguments: getattr(torch.optim, k)(w, **a)),
        }
        for name, (kind, arguments) in OPTIMISERS.items()
    }
    head = {"pytorch": torch.__version__.partition("+")[0]}
    text = json.dumps({**head, "networks": networks, "optimisers": optimisers}, indent=1)
    Path(__file__).with_name("network_cases.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
