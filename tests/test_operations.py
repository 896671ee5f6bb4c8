"""Operations of programs, against PyTorch: shapes, refusals, values, gradients."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from operation_cases import CASES, inputs_of, layer_of, recorded
from pydantic import ValidationError

from cnnshape.diagnostics import RuleError
from cnnshape.execute.executor import quiet
from cnnshape.kernels.kernel import Context, find
from cnnshape.layer import Shape
from cnnshape.layers import load_all

OPERATIONS = {name: cls for name, cls in load_all().items() if not cls.in_files}
WITH_VALUES = [case for case in CASES if case.get("values")]


def output_of(case: dict[str, Any]) -> Shape | None:
    """The shape by the layer's rules; None: it refuses."""
    shapes = inputs_of(case)
    try:
        layer = layer_of(case)
        fewest, most = layer.arity
        ranks = layer.ranks()
        if not fewest <= len(shapes) <= (most or len(shapes)):
            return None
        if ranks and any(len(shape) not in ranks for shape in shapes):
            return None
        layer.check(*shapes)
        return layer.output_shape(*shapes)
    except (RuleError, ValidationError):
        return None


@pytest.mark.parametrize("name", sorted({case["type"] for case in CASES}))
def test_shapes_and_refusals_are_pytorchs(name: str) -> None:
    cases = [case for case in CASES if case["type"] == name]
    found = [[case["id"], output_of(case)] for case in cases]
    wanted = [[c["id"], None if c["output"] is None else tuple(c["output"])] for c in cases]
    assert found == wanted


def test_every_operation_is_recorded() -> None:
    assert {*OPERATIONS} <= {case["type"] for case in CASES}
    taken = Counter(case["type"] for case in CASES if case["output"] is not None)
    assert {name for name in OPERATIONS if taken[name] < 2} == set()
    assert {*OPERATIONS} <= {case["type"] for case in WITH_VALUES}


@pytest.mark.parametrize("case", WITH_VALUES, ids=[case["id"] for case in WITH_VALUES])
def test_values_and_gradients_are_pytorchs(case: dict[str, Any]) -> None:
    layer, a, name = layer_of(case), recorded(), case["id"]
    inputs = [a[f"{name}/in{n}"] for n in range(len(case["inputs"]))]
    kernel = find(type(layer))
    assert kernel is not None
    with quiet():
        step = kernel.forward(layer, Context(shapes=inputs_of(case)), *inputs)
        assert_close(step.output, a[f"{name}/out"])
        if f"{name}/g" in a:
            found = step.pullback(a[f"{name}/g"]).inputs
            for n, x in enumerate(inputs):
                if f"{name}/grad{n}" in a:
                    by_x = found[n] if n < len(found) else None
                    assert_close(np.zeros(x.shape) if by_x is None else by_x, a[f"{name}/grad{n}"])


def assert_close(found: Any, wanted: Any) -> None:
    assert found.shape == wanted.shape
    assert found.dtype.kind == wanted.dtype.kind or {found.dtype.kind, wanted.dtype.kind} == {*"iu"}
    precise = found.dtype != np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-9 if precise else 1e-5, atol=1e-9)
