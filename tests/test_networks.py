"""Whole small networks and optimisers against what PyTorch recorded, in float64."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnshape
from cnnshape.execute.optimisers import SGD, Adam, Optimiser

DATA = json.loads((Path(__file__).parent / "data" / "network_cases.json").read_text("utf-8"))


def wave(shape: tuple[int, ...], start: float, size: float = 1.0) -> Any:
    """Sines of equal steps, as the recording script draws them."""
    count = int(np.prod(shape))
    return size * np.sin(start + 0.7 * np.arange(count)).reshape(shape)


def summary(values: Any) -> list[float]:
    flat = np.ascontiguousarray(values).ravel()
    return [flat.sum(), flat @ wave(flat.shape, 0.3), *flat[:5]]


def weights_of(case: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for number, (name, shape) in enumerate(case["weights"].items()):
        size = 1.0 if len(shape) == 1 else 2.0 / np.sqrt(np.prod(shape[1:]))
        found[name] = wave(tuple(shape), number, size)
    return found


def agree(found: list[float], recorded: list[float], what: str) -> None:
    np.testing.assert_allclose(found, recorded, rtol=1e-9, atol=1e-10, err_msg=what)


@pytest.mark.parametrize("name", DATA["networks"])
def test_a_training_pass_agrees_with_pytorch(name: str) -> None:
    case = DATA["networks"][name]
    model = cnnshape.load({**case["model"], "loss": "cross_entropy"})
    x = wave((case["batch"], *case["model"]["input"]), 0.1)
    (output,) = model.graph.outputs
    target = np.arange(case["batch"]) % model.output_shape()[1]
    result = model.run({"input": x}, weights=weights_of(case), target=target, training=True)
    assert result.loss == pytest.approx(case["loss"], abs=1e-12)
    agree(summary(result.outputs[output]), case["output"], "output")
    agree(summary(result.input_gradients["input"]), case["input_gradient"], "input")
    assert set(result.weight_gradients) == set(case["gradients"])
    for weight, recorded in case["gradients"].items():
        agree(summary(result.weight_gradients[weight]), recorded, weight)
    for buffer, recorded in case["buffers"].items():
        agree(summary(result.buffers[buffer]), recorded, buffer)


def optimiser(case: dict[str, Any]) -> Optimiser:
    arguments = dict(case["arguments"])
    kind = {"SGD": SGD, "Adam": Adam}[case["type"]]
    return kind(rate=arguments.pop("lr"), **arguments)


@pytest.mark.parametrize("name", DATA["optimisers"])
def test_steps_agree_with_pytorch(name: str) -> None:
    case = DATA["optimisers"][name]
    weights, maker = {"w": wave((6,), 0.5)}, optimiser(case)
    for number, recorded in enumerate(case["weights"]):
        maker.step(weights, {"w": wave((6,), number)})
        np.testing.assert_allclose(weights["w"], recorded, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", DATA["optimisers"])
def test_training_goes_on_from_a_stored_state(name: str) -> None:
    case = DATA["optimisers"][name]
    weights, maker = {"w": wave((6,), 0.5)}, optimiser(case)
    for number, recorded in enumerate(case["weights"]):
        maker.step(weights, {"w": wave((6,), number)})
        stored = {key: np.array(value) for key, value in maker.state.items()}
        maker = optimiser(case)
        maker.state.update(stored)
        np.testing.assert_allclose(weights["w"], recorded, rtol=1e-12, atol=1e-14)
