"""Layers and losses as PyTorch computed them, and how this project computes the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import cnnshape
from cnnshape.execute import losses
from cnnshape.execute.run import run
from cnnshape.kernels import (
    activation,
    attention,
    border,
    interpolation,
    linear_map,
    padding,
    recurrent,
    sampling,
)
from cnnshape.kernels.arena import Arena
from cnnshape.kernels.kernel import Context
from cnnshape.layers import find, load_all

DATA = Path(__file__).parent / "data"
CASES = json.loads((DATA / "kernel_cases.json").read_text("utf-8"))["cases"]
Found = dict[str, Any]
LOSSES = {
    "CrossEntropyLoss": losses.cross_entropy,
    "KLDivLoss": losses.kl_div,
    "MSELoss": losses.mse_loss,
    "L1Loss": losses.l1_loss,
    "SmoothL1Loss": losses.smooth_l1_loss,
    "HuberLoss": losses.huber_loss,
    "BCELoss": losses.binary_cross_entropy,
    "BCEWithLogitsLoss": losses.binary_cross_entropy_with_logits,
}


@cache
def recorded() -> Mapping[str, Any]:
    """All arrays, as `<case>/<name>`."""
    with np.load(DATA / "kernel_cases.npz") as file:
        values, index = file["values"], json.loads(file["index"].tobytes())
    ends = np.cumsum([int(np.prod(shape)) for _, _, shape in index])[:-1]
    parts = zip(index, np.split(values, ends), strict=True)
    return {name: part.reshape(shape).astype(kind) for (name, kind, shape), part in parts}


def arrays(case: dict[str, Any]) -> Found:
    """The arrays of a case; parameters less the prefix of their module."""
    start = f"{case['id']}/"
    found = {n.removeprefix(start): v for n, v in recorded().items() if n.startswith(start)}
    return {re.sub(r"^(grad\.)?m\.", r"\1", name): value for name, value in found.items()}


@cache
def types() -> dict[str, str]:
    """PyTorch's name → the type."""
    classes = set(load_all().values())
    return {n: t for cls in classes for t, n in zip(cls.types, cls.torch, strict=False) if n}


def computed(case: dict[str, Any], a: Found) -> Found:
    """Outputs, gradients and buffers, by the names under which they are recorded."""
    op, args = case["op"], dict(case["args"])
    args.pop("self_attention", None)
    if op in LOSSES:
        return _loss(op, args, a)
    if op in FUNCTIONS:
        return FUNCTIONS[op](args, a)
    if op in ("RNN", "LSTM", "GRU"):
        return _recurrent(op.lower(), args, a)
    if op == "MultiheadAttention":
        return _attention(args, a)
    return _layer(case, args, a)


def _layer(case: dict[str, Any], args: dict[str, Any], a: Found) -> Found:
    """A model of one layer."""
    inputs = {name: a[name] for name in case["inputs"]}
    names = list(inputs)
    declared = {
        name: {"shape": list(x.shape[1:]), "dtype": "int64" if x.dtype == np.int64 else "float32"}
        for name, x in inputs.items()
    }
    layer = {"type": types()[case["op"]], "name": "layer", "from": names, **args}
    model = cnnshape.load({"inputs": declared, "layers": [layer]})
    others = {"out", "G", "out1", *names}
    weights = {
        f"layer.{name.removeprefix('before.')}": value
        for name, value in a.items()
        if name not in others and not name.startswith(("grad.", "after."))
    }
    found = run(model.graph, inputs, weights=weights, output_gradients={"layer": a["G"]},
                training=case.get("training", True), dtype=np.float64)  # fmt: skip
    gradients = {n: g for n, g in found.input_gradients.items() if f"grad.{n}" in a}
    gradients |= {n.removeprefix("layer."): g for n, g in found.weight_gradients.items()}
    return {
        "out": found.outputs["layer"],
        **{f"grad.{name}": g for name, g in gradients.items()},
        **{n.replace("layer.", "after."): value for n, value in found.buffers.items()},
    }


def _loss(op: str, args: dict[str, Any], a: Found) -> Found:
    args.pop("prob_target", None)
    arguments = {n: a[n] if v is True and n in a else v for n, v in args.items()}
    loss = LOSSES[op](a["x"], a["target"], **arguments)
    found = {"out": loss.value, "grad.x": a["G"] * loss.gradient}
    if "grad.target" in a:  # these losses are symmetric
        found["grad.target"] = a["G"] * LOSSES[op](a["target"], a["x"], **arguments).gradient
    return found


def _curve(name: str) -> Any:
    def compute(args: dict[str, Any], a: Found) -> Found:
        y, slope = getattr(activation, name)(a["x"], **args)
        return {"out": y, "grad.x": a["G"] * slope()}

    return compute


def _antialias(args: dict[str, Any], a: Found) -> Found:
    sizes = zip(a["x"].shape[2:], args["size"], strict=True)
    weight = interpolation.linear_weight
    matrices = [interpolation.antialiased(size, o, weight, 1) for size, o in sizes]
    return {
        "out": linear_map.mapped(matrices, a["x"]),
        "grad.x": linear_map.mapped_gradient(matrices, a["G"]),
    }


def _pad(args: dict[str, Any], a: Found) -> Found:
    flat, mode = args["pad"], args["mode"]
    pads = list(zip(flat[::2], flat[1::2], strict=True))[::-1]
    if mode == "constant":
        step = padding.surrounded(a["x"], pads, args["value"], Arena())
        return {"out": step.output, "grad.x": step.pullback(a["G"]).inputs[0]}
    sizes = a["x"].shape[-len(pads) :]
    return {
        "out": border.bordered(a["x"], pads, mode),
        "grad.x": border.border_gradient(a["G"], sizes, pads, mode),
    }


def _grid_sample(args: dict[str, Any], a: Found) -> Found:
    args.pop("mode")
    y, pullback = sampling.grid_sample(a["x"], a["grid"], **args)
    by_x, by_grid = pullback(a["G"])
    return {"out": y, "grad.x": by_x, "grad.grid": by_grid}


FUNCTIONS = {
    "Tanhshrink": _curve("tanhshrink"),
    "Hardshrink": _curve("hardshrink"),
    "interpolate_antialias": _antialias,
    "pad": _pad,
    "grid_sample": _grid_sample,
}


def _recurrent(type: str, args: dict[str, Any], a: Found) -> Found:
    """With the last states, and their cotangents."""
    layer: Any = find(type)(type=type, **args)  # type: ignore[misc]
    done = recurrent.recur(layer, Context(weights=a), a["x"].swapaxes(0, 1))
    count = len(done.states[0])
    by_states = list(zip(*(a[f"G{number}"] for number in range(1, count + 1)), strict=True))
    by_x, by_weights = done.back(a["G"].swapaxes(0, 1), by_states)
    return {
        "out": done.y.swapaxes(0, 1),
        **{f"out{n + 1}": np.array([state[n] for state in done.states]) for n in range(count)},
        "grad.x": by_x.swapaxes(0, 1),
        **{f"grad.{name}": value for name, value in by_weights.items()},
    }


def _attention(args: dict[str, Any], a: Found) -> Found:
    """With the weights of attention, and their cotangent."""
    layer: Any = find("multihead_attention")(type="multihead_attention", **args)  # type: ignore[misc]
    names = ["x"] * 3 if "x" in a else ["q", "k", "v"]
    sources = tuple(a[name] for name in names)
    done = attention.attend(attention.heads_of(layer), Context(weights=a), a, sources)
    by_sources, by_weights = done.back(a["G"], a["G1"])
    found: Found = {"out": done.y, "out1": done.weights}
    for name, by_source in zip(names, by_sources, strict=True):
        found[f"grad.{name}"] = found.get(f"grad.{name}", 0) + by_source
    return {**found, **{f"grad.{name}": value for name, value in by_weights.items()}}
