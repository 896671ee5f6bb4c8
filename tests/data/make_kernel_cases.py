"""Record what PyTorch computes for single layers and losses, forward and backward, in float64.

Run by hand, with PyTorch installed: `python tests/data/make_kernel_cases.py` reads the cases of
`kernel_cases.json` and writes `kernel_cases.npz` beside this file. Inputs, parameters and buffers
that are in the file already stay as they are; those of a new case are drawn from its id. Nothing
of this project is imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

HERE = Path(__file__).parent
INDICES = {"Embedding"}
"""Modules that read integers."""
Arrays = dict[str, np.ndarray]
Run = Callable[[dict[str, Tensor]], Any]


def arrays_of(case: dict[str, Any], module: nn.Module | None, known: Arrays) -> Arrays:
    """What goes in: as recorded, or drawn."""
    random = np.random.default_rng(crc32(case["id"].encode()))
    found: Arrays = {}
    for name, shape in case["inputs"].items():
        found[name] = drawn(random, shape, case["op"])
    for name, value in (dict(module.named_parameters()) if module else {}).items():
        found[name] = short(random.standard_normal(value.shape) * 0.5)
    for name, value in (dict(module.named_buffers()) if module else {}).items():
        drawn_buffer = 0.5 + random.random(value.shape)
        found[f"before.{name}"] = np.array(3) if value.dtype == torch.int64 else drawn_buffer
    for name, shape in case.get("extra_inputs", {}).items():
        found[name] = random.random(shape)
    return {name: known.get(f"{case['id']}/{name}", value) for name, value in found.items()} | {
        name.partition("/")[2]: value
        for name, value in known.items()
        if name.startswith(f"{case['id']}/m.")
    }


def drawn(random: np.random.Generator, shape: list[int], op: str) -> np.ndarray:
    """Standard normal values; where they are read as such, probabilities or integers below 5."""
    if op == "BCELoss":
        return random.random(shape)
    if op in INDICES:
        return random.integers(0, 5, shape)
    return short(random.standard_normal(shape))


def short(values: np.ndarray) -> np.ndarray:
    """Rounded to 64ths, which take little room in the file."""
    return np.round(values * 64) / 64


def build(case: dict[str, Any]) -> nn.Module | None:
    """The module of a case; None: it is a function."""
    arguments = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in case["args"].items()
        if key not in ("self_attention", "prob_target")
    }
    if not hasattr(nn, case["op"]) or case["op"].endswith("Loss"):
        return None
    module: nn.Module = getattr(nn, case["op"])(**arguments)
    return module.double().train(case.get("training", True))


def call_module(case: dict[str, Any], module: nn.Module, values: dict[str, Tensor]) -> Any:
    """The outputs of a module, given its parameters and buffers."""
    stored = {name: values[prefixed(values, name)] for name, _ in module.named_parameters()}
    buffers = {name: values[f"before.{name}"] for name, _ in module.named_buffers()}
    inputs = [values[name] for name in case["inputs"]]
    if case["args"].get("self_attention"):
        inputs *= 3
    return torch.func.functional_call(module, {**stored, **buffers}, tuple(inputs))


def prefixed(values: dict[str, Tensor], name: str) -> str:
    """The name under which a parameter is recorded."""
    return f"m.{name}" if f"m.{name}" in values else name


def call_function(case: dict[str, Any], values: dict[str, Tensor]) -> Any:
    """The output of a loss or another function."""
    arguments = dict(case["args"])
    if case["op"].endswith("Loss"):
        arguments.pop("prob_target", None)
        for name in ("weight", "pos_weight"):
            if arguments.get(name) is True:
                arguments[name] = values[name]
        return getattr(nn, case["op"])(**arguments)(values["x"], values["target"])
    if case["op"] == "interpolate_antialias":
        return functional.interpolate(values["x"], **arguments)
    if case["op"] == "pad":
        return functional.pad(values["x"], **arguments)
    return functional.grid_sample(values["x"], values["grid"], **arguments)


def record(case: dict[str, Any], known: Arrays) -> Arrays:
    """Everything of one case, by name."""
    module = build(case)
    given = arrays_of(case, module, known)
    if module is not None and any(name.startswith("m.") for name in given):
        given = {n: v for n, v in given.items() if f"m.{n}" not in given}
    values = {name: torch.from_numpy(np.array(value)) for name, value in given.items()}
    fixed = set(case.get("extra_inputs", {}))
    asked = [
        name
        for name, value in values.items()
        if value.is_floating_point() and not name.startswith("before.") and name not in fixed
    ]
    for name in asked:
        values[name].requires_grad_()
    outputs = call_module(case, module, values) if module else call_function(case, values)
    return {**given, **outcome(case, given, values, flat(outputs), asked, known)}


def flat(outputs: Any) -> list[Tensor]:
    """The tensors of nested outputs, in order."""
    if isinstance(outputs, Tensor):
        return [outputs]
    return [tensor for item in outputs for tensor in flat(item)]


def outcome(
    case: dict[str, Any],
    given: Arrays,
    values: dict[str, Tensor],
    outputs: list[Tensor],
    asked: list[str],
    known: Arrays,
) -> Arrays:
    """Outputs, cotangents, gradients of Σ output·cotangent, and buffers afterwards."""
    random = np.random.default_rng(crc32(f"cotangents of {case['id']}".encode()))
    found: Arrays = {}
    total = torch.zeros((), dtype=torch.float64)
    for number, output in enumerate(outputs):
        suffix = str(number) if number else ""
        found[f"out{suffix}"] = output.detach().numpy()
        if output.requires_grad:
            fresh = short(random.standard_normal(tuple(output.shape)))
            found[f"G{suffix}"] = known.get(f"{case['id']}/G{suffix}", fresh)
            total = total + (output * torch.from_numpy(np.array(found[f"G{suffix}"]))).sum()
    gradients = torch.autograd.grad(total, [values[name] for name in asked])
    found |= {f"grad.{name}": g.numpy() for name, g in zip(asked, gradients, strict=True)}
    return found | {
        name.replace("before.", "after."): values[name].numpy()
        for name in given
        if name.startswith("before.")
    }


def load(path: Path) -> Arrays:
    """All arrays of the file, as `<case>/<name>`."""
    with np.load(path) as file:
        if "values" not in file:
            return dict(file)
        values, index = file["values"], json.loads(file["index"].tobytes())
    arrays: Arrays = {}
    for name, kind, shape in index:
        size = int(np.prod(shape))
        arrays[name], values = values[:size].reshape(shape).astype(kind), values[size:]
    return arrays


def save(path: Path, arrays: Arrays) -> None:
    """One long array and its index: hundreds of small members would take more room."""
    index = [[name, value.dtype.str, value.shape] for name, value in arrays.items()]
    values = np.concatenate([value.ravel().astype(np.float64) for value in arrays.values()])
    text = np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), np.uint8)
    np.savez_compressed(path, values=values, index=text)


def main() -> None:
    """Record every case."""
    cases = json.loads((HERE / "kernel_cases.json").read_text("utf-8"))["cases"]
    path = HERE / "kernel_cases.npz"
    known = load(path) if path.exists() else {}
    arrays = {
        f"{case['id']}/{name}": value
        for case in cases
        for name, value in record(case, known).items()
    }
    save(path, arrays)


if __name__ == "__main__":
    main()
