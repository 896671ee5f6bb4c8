"""Every type of layer: worked examples, the words of its faults, and laws."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from math import ceil, prod
from pathlib import Path
from typing import Any

import pytest
from checked import check, faults, graph
from generators.examples import EXAMPLES, Example
from generators.faults import FAULTS, Faulty
from generators.refused import REFUSED
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from operation_cases import error_of

import cnnshape.layers
from cnnshape.analysis import walk as walk_module
from cnnshape.analysis.walk import Applied, walk
from cnnshape.diagnostics import RuleError
from cnnshape.layers import types_of_files


def applied(example: Example) -> Applied:
    return walk(graph(example.model())).applied["x"]


def test_every_type_has_an_example() -> None:
    assert {example.type for example in EXAMPLES} == {*types_of_files()}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_output_is_as_worked_out(example: Example) -> None:
    analysis = check(example.model())
    assert faults(analysis) == []
    [layer] = analysis.layers
    assert layer.output_shape == (1, *example.output)
    assert layer.input_shapes == tuple((1, *shape) for shape in example.inputs)
    assert layer.activations == prod(example.output)
    assert str(layer.output_shape[0]) == "N"


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_weights_and_buffers_have_pytorchs_names_and_shapes(example: Example) -> None:
    found = applied(example)
    assert found.layer.weights(*found.x) == example.weights
    assert found.layer.buffers(*found.x) == example.buffers


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_counts_are_as_worked_out(example: Example) -> None:
    [layer] = check(example.model()).layers
    assert layer.params == layer.trainable_params == sum(map(prod, example.weights.values()))
    assert layer.buffers == sum(map(prod, example.buffers.values()))
    assert layer.macs == example.macs


def test_a_1_that_meets_the_batch_is_repeated() -> None:
    """(2, 1, 7) and (2, 7) make (2, 2, 7) in PyTorch, whichever comes first."""
    shapes = ((1, 7), (7,))
    for inputs in (shapes, shapes[::-1]):
        [layer] = check(Example("add", {}, inputs, ()).model()).layers
        assert list(map(str, layer.output_shape)) == ["N", "N", "7"]


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_told_in_these_words(fault: Faulty) -> None:
    [found] = check(fault.model()).diagnostics
    assert (found.rule, found.severity, found.layer) == (fault.rule, "error", "x")
    assert found.message == f"`x` {fault.message}"
    assert (found.help or "").partition("; or ")[0] == (fault.help or "")
    assert (found.expected, found.found) == (fault.expected, fault.found)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_faults_arithmetic_is_a_note(fault: Faulty) -> None:
    [found] = check(fault.model()).diagnostics
    others = ("`", "works for", "no input size")  # what `a` gives, and the inputs that would do
    own = [note for note in found.notes if not note.startswith(others)]
    assert own == [fault.arithmetic] * (fault.arithmetic is not None)


def test_every_rule_of_every_layer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place that raises RuleError does so for some fault of the table."""
    met: set[tuple[str, int]] = set()
    build = RuleError.__init__

    def spy(self: RuleError, *arguments: Any, **options: Any) -> None:
        frame = sys._getframe(1)
        met.add((frame.f_code.co_filename, frame.f_lineno))
        build(self, *arguments, **options)

    monkeypatch.setattr(RuleError, "__init__", spy)
    for fault in FAULTS:
        check(fault.model())
    for refused in REFUSED:
        error_of(refused)
    unmet = [place for place in raised() if not any(on(place, *line) for line in met)]
    assert unmet == []


def on(place: tuple[str, int, int], file: str, line: int) -> bool:
    return place[0] == file and place[1] <= line <= place[2]


def raised() -> list[tuple[str, int, int]]:
    """File, first and last line of every `RuleError(…)` in the rules of layers."""
    package = Path(cnnshape.layers.__file__).parent
    files = [*package.glob("*.py"), package.parent / "layer.py", Path(walk_module.__file__)]
    return [
        (str(file), node.lineno, node.end_lineno or 0)
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "RuleError"
    ]


def test_every_rule_is_among_the_contracts() -> None:
    counts = Counter(fault.rule for fault in FAULTS)
    assert counts.keys() == {
        *("bad-groups", "bad-padding", "bad-rank", "bad-reshape", "dtype-mismatch"),
        *("empty-output", "invalid-value", "shape-mismatch", "size-mismatch"),
    }


# --- laws ---------------------------------------------------------------------------------------

SIDE = st.integers(1, 40)
SHAPE = st.lists(st.integers(1, 9), min_size=1, max_size=4)
SPATIAL = st.tuples(st.integers(1, 8), SIDE, SIDE)


def run(given_shape: Any, *layers: Any) -> tuple[int, ...]:
    """A sound sequence's last shape, without the batch axis."""
    analysis = check({"input": list(given_shape), "layers": list(layers)})
    assert analysis.ok, analysis.diagnostics
    shape = analysis.layers[-1].output_shape
    assert shape is not None
    return shape[1:]


@settings(deadline=None)
@given(SPATIAL, st.integers(1, 7), st.integers(1, 5), st.sampled_from(["same", "same_lower"]))
@pytest.mark.parametrize("kind", ["conv2d", "max_pool2d", "avg_pool2d"])
def test_same_gives_the_ceiling(kind: str, x: Any, kernel: int, stride: int, padding: str) -> None:
    more = {"out_channels": x[0]} if kind == "conv2d" else {}
    layer = {"type": kind, "kernel_size": kernel, "stride": stride, "padding": padding, **more}
    assert run(x, layer) == (x[0], ceil(x[1] / stride), ceil(x[2] / stride))


@settings(deadline=None)
@given(SPATIAL, st.integers(1, 5), st.integers(1, 4), st.integers(0, 2))
def test_a_transposed_convolution_goes_back(x: Any, kernel: int, stride: int, pad: int) -> None:
    arguments = {"kernel_size": kernel, "stride": stride, "padding": pad, "out_channels": x[0]}
    sides = [side + (kernel - 2 * pad - side) % stride for side in x[1:]]  # the division is even
    assume(min(sides) + 2 * pad >= kernel)
    there = {"type": "conv2d", **arguments}
    back = {"type": "conv_transpose2d", **arguments}
    assert run((x[0], *sides), there, back) == (x[0], *sides)


@settings(deadline=None)
@given(st.data(), SHAPE)
def test_slices_put_together_are_the_whole(data: st.DataObject, shape: list[int]) -> None:
    dim = data.draw(st.integers(1, len(shape)))
    assume(shape[dim - 1] > 1)
    cut = data.draw(st.integers(1, shape[dim - 1] - 1))
    parts = [{"name": "a", "type": "slice", "dim": dim, "end": cut, "from": "input"},
             {"name": "b", "type": "slice", "dim": dim, "start": cut, "from": "input"}]  # fmt: skip
    whole = {"type": "concat", "dim": dim, "from": ["a", "b"]}
    assert run(shape, *parts, whole) == tuple(shape)


@settings(deadline=None)
@given(st.data(), SHAPE)
def test_a_permutation_and_its_inverse_change_nothing(
    data: st.DataObject, shape: list[int]
) -> None:
    order = data.draw(st.permutations(range(1, len(shape) + 1)))
    dims = [0, *order]
    inverse = [dims.index(axis) for axis in range(len(dims))]
    turn, back = ({"type": "permute", "dims": one} for one in (dims, inverse))
    assert run(shape, turn) == tuple(shape[axis - 1] for axis in order)
    assert run(shape, turn, back) == tuple(shape)


@settings(deadline=None)
@given(st.data(), SHAPE)
def test_shapes_change_and_counts_do_not(data: st.DataObject, shape: list[int]) -> None:
    wanted = data.draw(st.permutations(shape))
    open_axis = data.draw(st.integers(0, len(shape) - 1))
    assume(open_axis or wanted[0] > 1 or len(wanted) == 1)  # (-1, 6) of 6 values: see below
    opened = [*wanted[:open_axis], -1, *wanted[open_axis + 1 :]]
    for sizes in (wanted, opened):
        assert run(shape, {"type": "reshape", "shape": sizes}) == tuple(wanted)
        unflatten = {"type": "unflatten", "dim": 1, "unflattened_size": sizes}
        assert run(shape, "flatten", unflatten) == tuple(wanted)
    assert run(shape, "flatten") == (prod(shape),)


def test_a_reshape_that_begins_with_the_batch_is_understood() -> None:
    """`x.view(-1, 320)` says -1 for the batch; here the sample has 320 values."""
    assert run((20, 4, 4), {"type": "reshape", "shape": [-1, 320]}) == (320,)
    assert run((20, 4, 4), {"type": "reshape", "shape": [-1, 160]}) == (2, 160)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_pixels_are_shuffled_back(channels: int, height: int, width: int, factor: int) -> None:
    x = (channels * factor**2, height, width)
    there = {"type": "pixel_shuffle", "upscale_factor": factor}
    back = {"type": "pixel_unshuffle", "downscale_factor": factor}
    assert run(x, there) == (channels, height * factor, width * factor)
    assert run(x, there, back) == x


@settings(deadline=None)
@given(SPATIAL, st.integers(1, 4), st.integers(1, 3), st.integers(0, 2))
def test_what_is_unfolded_folds_back(x: Any, kernel: int, stride: int, pad: int) -> None:
    assume(min(x[1:]) + 2 * pad >= kernel)
    arguments = {"kernel_size": kernel, "stride": stride, "padding": pad}
    there = {"type": "unfold", **arguments}
    back = {"type": "fold", "output_size": list(x[1:]), **arguments}
    conv = {"type": "conv2d", "out_channels": 1, **arguments}
    assert run(x, there, back) == x
    assert run(x, there)[1] == prod(run(x, conv))  # a column a place of the convolution


@settings(deadline=None)
@given(st.data(), SPATIAL)
def test_crops_undo_pads(data: st.DataObject, x: Any) -> None:
    pairs = [[data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))] for _ in x[1:]]
    pad = {"type": "zero_pad2d", "padding": pairs}
    crop = {"type": "crop", "cropping": pairs}
    negative = {"type": "zero_pad2d", "padding": [[-a, -b] for a, b in pairs]}
    flat = {"type": "zero_pad2d", "padding": [*pairs[1], *pairs[0]]}  # PyTorch's order
    assert run(x, pad, crop) == run(x, pad, negative) == x
    assert run(x, pad) == run(x, flat)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6), SIDE)
def test_groups_share_the_weights_out(groups: int, inputs: int, outputs: int, size: int) -> None:
    arguments = {"type": "conv1d", "out_channels": groups * outputs, "kernel_size": 1}
    model = {"input": [groups * inputs, size], "layers": [{**arguments, "bias": False}]}
    whole = check(model).layers[0]
    model["layers"] = [{**arguments, "bias": False, "groups": groups}]
    shared = check(model).layers[0]
    assert whole.params == groups * shared.params
    assert whole.macs == groups * shared.macs


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_linear_layer_is_a_convolution_of_the_whole_map(c: int, size: int, outputs: int) -> None:
    conv = {"type": "conv1d", "out_channels": outputs, "kernel_size": size}
    one = check({"input": [c, size], "layers": [conv]}).layers[0]
    linear = {"type": "linear", "out_features": outputs}
    other = check({"input": [c, size], "layers": ["flatten", linear]}).layers[1]
    assert (one.params, one.macs) == (other.params, other.macs)
    assert one.connections == one.macs + outputs  # and a use of each bias
