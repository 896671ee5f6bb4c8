"""Every layer as PyTorch computes it: outputs, gradients, running statistics, in float64.

And against central differences, for every example of a layer that there is.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from generators.examples import EXAMPLES, Example
from kernel_cases import CASES, arrays, computed

import cnnshape
from cnnshape.execute.gradient_check import check_gradients
from cnnshape.execute.plan import plan
from cnnshape.execute.run import drawn_inputs
from cnnshape.execute.weights import weights_of
from cnnshape.kernels.convolution import axis_of_slide
from cnnshape.kernels.kernel import Context, find
from cnnshape.kernels.pooling import indices, max_pool
from cnnshape.layer import Layer
from cnnshape.layers import find as find_layer
from cnnshape.layers import load_all


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_agrees_with_pytorch(case: dict[str, Any]) -> None:
    a = arrays(case)
    found = computed(case, a)
    wanted = [name for name in a if re.match(r"out\d*$|grad\.|after\.", name)]
    if "MaxPool" in case["op"] and "out1" in wanted:
        wanted.remove("out1")  # the indices, which have a test of their own
    assert len(wanted) >= 2
    for name in wanted:
        np.testing.assert_allclose(
            found[name], a[name], rtol=1e-10, atol=1e-10, err_msg=f"{case['id']} {name}"
        )


WITH_INDICES = [
    case
    for case in CASES
    if case["args"].get("return_indices") and not case["op"].startswith("Adaptive")
]


@pytest.mark.parametrize("case", WITH_INDICES, ids=[case["id"] for case in WITH_INDICES])
def test_indices_of_maxima(case: dict[str, Any]) -> None:
    name = case["op"].replace("MaxPool", "max_pool")
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in case["args"].items()}
    layer: Any = find_layer(name)(type=name, **arguments)  # type: ignore[misc]
    a = arrays(case)
    axes = [axis_of_slide(slide) for slide in layer.slides(a["x"].shape)]
    which, _ = max_pool(axes, Context(), a["x"])
    np.testing.assert_array_equal(indices(which, axes), a["out1"])


def test_every_type_of_model_files_has_a_kernel() -> None:
    found = {name: cls for name, cls in load_all().items() if cls.in_files}
    assert [name for name, cls in found.items() if find(cls) is None] == []


def test_an_operation_of_programs_names_a_kernel_or_has_none() -> None:
    """What has none is refused by name when it is run (test_torch_run)."""
    found = {name: cls for name, cls in load_all().items() if not cls.in_files}
    assert [name for name, cls in found.items() if cls.kernel and find(cls) is None] == []
    assert find(found["final_state"]) is None


def test_kernels_stand_in_the_module_of_their_family() -> None:
    for cls in load_all().values():
        if cls.in_files or cls.kernel:
            assert cls.kernel == cls.__module__.replace(".layers.", ".kernels.")


def test_a_type_without_a_kernel_would_be_found() -> None:
    class Odd(Layer):
        """No types, no kernel."""

    assert find(Odd) is None


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_gradients_are_slopes(example: Example, training: bool) -> None:
    """Along random directions of the inputs and of every parameter; axes all differ."""
    graph = cnnshape.load(example.model()).graph
    planned = plan(graph, 3)
    inputs = drawn_inputs(graph, 3, seed=1, dtype=np.float64)
    weights = weights_of(planned, seed=2, dtype=np.float64)
    slopes = list(check_gradients(planned, inputs, weights, training=training, directions=2))
    floats = len(planned.floats) - (example.type == "crop" and len(example.inputs) == 2)
    assert len(slopes) >= 2 * (floats + len(example.weights))
    assert max((slope.error for slope in slopes), default=0) < 1e-6, slopes
