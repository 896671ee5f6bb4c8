"""Operations of programs, against PyTorch: shapes, refusals, values, gradients."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from generators.refused import REFUSED, Refused
from operation_cases import CASES, error_of, inputs_of, layer_of, recorded, weights_of
from pydantic import ValidationError

from cnnshape.diagnostics import RuleError
from cnnshape.execute.executor import quiet
from cnnshape.kernels.kernel import Context, find
from cnnshape.layer import Layer, Shape
from cnnshape.layers import load_all
from cnnshape.window import Window

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
    """Those without a kernel are held against PyTorch in test_torch_functions."""
    own = {name for name, cls in OPERATIONS.items() if cls.kernel}
    assert own <= {case["type"] for case in CASES}
    taken = Counter(case["type"] for case in CASES if case["output"] is not None)
    assert {name for name in own if taken[name] < 2} == set()
    computed = {name for name, cls in OPERATIONS.items() if cls.kernel}
    assert computed <= {case["type"] for case in WITH_VALUES}


@pytest.mark.parametrize("case", WITH_VALUES, ids=[case["id"] for case in WITH_VALUES])
def test_values_and_gradients_are_pytorchs(case: dict[str, Any]) -> None:
    layer, a, name = layer_of(case), recorded(), case["id"]
    inputs = [a[f"{name}/in{n}"] for n in range(len(case["inputs"]))]
    kernel = find(type(layer))
    assert kernel is not None
    with quiet():
        shapes = inputs_of(case)
        context = Context(shapes=shapes, weights=weights_of(layer, shapes))
        step = kernel.forward(layer, context, *inputs)
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


@pytest.mark.parametrize("refused", REFUSED, ids=lambda one: f"{one.type}-{one.rule}")
def test_a_refusal_is_told_in_these_words(refused: Refused) -> None:
    error = error_of(refused)
    assert error is not None
    told = (error.rule, error.message, error.field, error.help, error.note)
    assert told == refused[3:]
    if error.field is not None:
        assert error.field in OPERATIONS.get(refused.type, load_all()[refused.type]).model_fields


MULTIPLIES = {name for name, cls in load_all().items() if cls.products is not Layer.products} & {
    case["type"] for case in CASES
}


@pytest.mark.parametrize("name", sorted({case["type"] for case in CASES}))
def test_multiply_accumulates_are_those_that_pytorch_counts(name: str) -> None:
    """Its counter knows products of matrices, but not of vectors, nor maps that make a grid."""
    counted = 0
    for case in CASES:
        if case["type"] == name and case["output"] is not None:
            shapes, layer = inputs_of(case), layer_of(case)
            y = layer.output_shape(*shapes)
            unbatched = name == "functional_linear" and len(shapes[0]) == 1
            batch = y[0] if y and not unbatched else 1
            found = layer.macs(y, *shapes) * batch
            if name not in MULTIPLIES:
                assert found == 0
            elif "macs" in case:
                assert found == case["macs"], case["id"]
                counted += 1
    assert (counted > 0) == (name in MULTIPLIES)


# --- what an output sees ------------------------------------------------------------------------


def sees(window: Window | None, output: int, source: int) -> bool:
    """Whether an output index may see an input index, by what the layer says of the axis."""
    if window is None:
        return True
    place = source * window.up - output * window.step + window.before
    return 0 <= place < window.extent


DIFFERENTIABLE = [
    case
    for case in WITH_VALUES
    # the recorded indices of an unpooling are those of no pooling: they point anywhere
    if f"{case['id']}/g" in recorded() and not case["type"].startswith("max_unpool")
]


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=[case["id"] for case in DIFFERENTIABLE])
def test_no_gradient_comes_from_where_an_output_does_not_look(case: dict[str, Any]) -> None:
    """Of an axis that keeps its place, index by index; windows are those of the first input."""
    layer, shapes, a = layer_of(case), inputs_of(case), recorded()
    inputs = [a[f"{case['id']}/in{n}"] for n in range(len(shapes))]
    kernel = find(type(layer))
    assert kernel is not None
    y = layer.output_shape(*shapes)
    windows, own = layer.windows(*shapes), Window(1)
    with quiet():
        step = kernel.forward(layer, Context(shapes=shapes), *inputs)
        for operand, places in enumerate(layer.flow(y, *shapes)):
            for axis, target in enumerate(places):
                if target is None or y[target] > 12:
                    continue
                window = windows.get(axis, own) if operand == 0 else own
                for index in range(y[target]):
                    g = np.zeros(y)
                    np.moveaxis(g, target, 0)[index] = 1
                    by_x = step.pullback(g).inputs[operand]
                    if by_x is None:
                        continue
                    reached = np.moveaxis(by_x, axis, 0).reshape(shapes[operand][axis], -1).any(1)
                    told = [sees(window, index, i) for i in range(len(reached))]
                    if not any(told) and case["args"].get("mode", "constant") != "constant":
                        continue  # a border that copies is told as lying beyond the input
                    assert not (reached & ~np.array(told)).any(), (axis, target, index)


KEPT = [
    ("view", {"shape": (2, 6, 35)}, (2, 6, 5, 7), (0, 1, None, None)),
    ("view", {"shape": (2, -1)}, (2, 6, 5, 7), (0, None, None, None)),
    ("view", {"shape": (2, 2, 3, 5, 7)}, (2, 6, 5, 7), (0, None, 3, 4)),
    ("view", {"shape": (12, 5, 7)}, (2, 6, 5, 7), (None, None, 1, 2)),
    ("view", {"shape": (2, 1, 6, 5, 7)}, (2, 6, 5, 7), (0, 2, 3, 4)),
    ("view", {"shape": (2, 6, 7)}, (2, 1, 6, 7), (0, None, 1, 2)),
    ("index", {"items": (0, "...", None)}, (2, 6, 5, 7), (None, 0, 1, 2)),
    ("index", {"items": ("...", 3)}, (2, 6, 5, 7), (0, 1, 2, None)),
    ("sum", {"dim": (2, -1)}, (2, 6, 5, 7), (0, 1, None, None)),
    ("amax", {"dim": 1, "keepdim": True}, (2, 6, 5, 7), (0, None, 2, 3)),
    ("mean", {"dim": 1}, (2, 6, 5, 7), (0, None, 1, 2)),
    ("expand", {"sizes": (3, 2, -1, 5)}, (2, 6, 1), (1, 2, None)),
    ("diagonal", {"dim1": 1, "dim2": 2}, (2, 6, 5, 7), (0, None, None, 1)),
]


@pytest.mark.parametrize(("name", "arguments", "x", "places"), KEPT, ids=str)
def test_axes_that_survive_keep_their_places(
    name: str, arguments: dict[str, Any], x: Shape, places: Shape
) -> None:
    layer = OPERATIONS[name](type=name, **arguments)
    y = layer.output_shape(x)
    assert layer.flow(y, x) == (places,)
    assert all(y[there] == x[axis] or y[there] == 1
               for axis, there in enumerate(places) if there is not None)  # fmt: skip
