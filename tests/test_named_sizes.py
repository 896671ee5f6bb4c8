"""Models whose inputs have named sizes, end to end: each figure is a formula that holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from checked import check_text, rules
from checked import graph as read_model
from generators.sized import sized

from cnnshape import UnreadableError, load
from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.result import Analysis
from cnnshape.analysis.sizes.accepted import AcceptedInputs, accepted_inputs
from cnnshape.analysis.sizes.naming import at_sizes
from cnnshape.analysis.walk import walk
from cnnshape.dim import Dim
from cnnshape.graph import Graph
from cnnshape.sources import bundled

FIGURES = ("input_shapes", "output_shape", "params", "trainable_params", "buffers", "macs",
           "connections", "activations")  # fmt: skip
TOTALS = ("params", "trainable_params", "buffers", "macs", "connections", "activations")
WITHOUT_SIZES = ("dcgan-generator", "torch7-mlp")
NAMES = [name for name in bundled.names() if name not in WITHOUT_SIZES]


def value(figure: Any, sizes: Mapping[str, int]) -> Any:
    """Data with every formula in it evaluated."""
    if isinstance(figure, Dim):
        return figure.value(sizes)
    if isinstance(figure, tuple):
        items = [value(item, sizes) for item in figure]
        return type(figure)(*items) if hasattr(figure, "_fields") else tuple(items)
    if isinstance(figure, Mapping):
        return {key: value(item, sizes) for key, item in figure.items()}
    return figure


def assert_same(named: Analysis, plain: Analysis, sizes: Mapping[str, int], *more: str) -> None:
    """The formulas are, at these sizes, the figures of the plain analysis."""
    assert [item.name for item in named.layers] == [item.name for item in plain.layers]
    for one, other in zip(named.layers, plain.layers, strict=True):
        for figure in (*FIGURES, *more):
            if figure == "receptive_field" and one.receptive_field is None:
                continue  # the example's alone, and so not told
            found = value(getattr(one, figure), sizes)
            assert found == getattr(other, figure), (one.name, figure, sizes)
    for figure in TOTALS:
        assert value(getattr(named.totals, figure), sizes) == getattr(plain.totals, figure)
    memory, expected = value(named.totals.memory, sizes), plain.totals.memory
    assert (memory.params, memory.training) == (expected.params, expected.training)
    assert value(named.outputs, sizes) == plain.outputs
    assert value(named.inputs, sizes) == plain.inputs


def points(found: AcceptedInputs, rng: Random, most: int = 3) -> list[dict[str, int]]:
    """Some accepted sizes at which the model goes the way that it goes at its example."""
    assert found.main is not None
    near = [found.nearest(**dict.fromkeys(found.names, side)) for side in (40, 150, 300)]
    drawn = [{name: rng.randint(1, 300) for name in found.names} for _ in range(200)]
    sizes = [*(item for items in near for item in items), *drawn]
    return [item for item in sizes if on_main(found, item)][:most]


def on_main(found: AcceptedInputs, sizes: dict[str, int]) -> bool:
    path = found.main
    assert path is not None
    inside = path.region.holds(tuple(sizes[name] for name in found.names))
    return inside and all(literal.met(sizes) for literal in path.relations)


def plain_analysis(graph: Graph, sizes: dict[str, int]) -> Analysis:
    return analyse(at_sizes(graph, sizes)._replace(resized=True, limits=()))


def windows_hang_on_the_size(analysis: Analysis) -> bool:
    """Where poolings to a given size, or resizings, see other windows at each size."""
    kinds = ("adaptive", "upsample")
    return any(item.type.startswith(kinds) for item in analysis.layers)


# --- bundled architectures ----------------------------------------------------------------------


def named_graph(name: str) -> Graph:
    return load(name, input=named_shape(load(name).graph, "H", "W")).graph


def named_shape(graph: Graph, height: str, width: str) -> str:
    shape = graph.inputs[0].shape
    if graph.channels_last:
        return f"{height},{width},{shape[3]}"
    return f"{shape[1]},{height},{width}"


@pytest.mark.parametrize("name", NAMES)
def test_an_architectures_figures_are_formulas(name: str) -> None:
    graph = load(name).graph
    found = accepted_inputs(graph)
    example = found.nearest(**found.examples)[0]
    given = [f"{axis}={size}" for axis, size in example.items()]
    named = load(name, input=named_shape(graph, *given)).check()
    assert named.ok, named.diagnostics
    assert named.sizes == example
    assert named.holds_for is not None
    sees = () if windows_hang_on_the_size(named) else ("receptive_field",)
    assert_same(named, plain_analysis(found.graph, example), example, *sees, "receptive_field")
    for sizes in points(found, Random(name)):
        shape = named_shape(graph, *map(str, sizes.values()))
        assert_same(named, load(name, input=shape).check(), sizes, *sees)


DOUBTFUL = {
    "alexnet-torchvision": ["avgpool"],  # to 6×6
    "vgg11": ["avgpool"],
    "resnet18": [],  # to 1×1: all of the input
    "unet-same": [],
    "googlenet": [],
}


@pytest.mark.parametrize(("name", "layers"), DOUBTFUL.items())
def test_receptive_fields_that_are_an_examples_are_not_told(name: str, layers: list[str]) -> None:
    named = load(name, input="3,H=224,W=224").check()
    assert [item.name for item in named.layers if item.receptive_field is None] == layers


@pytest.mark.parametrize("name", NAMES)
def test_json_holds_formulas_as_strings(name: str) -> None:
    found = load(name, input=named_shape(load(name).graph, "H", "W")).check()
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(told["sizes"]) == {"H", "W"}
    assert told["holds_for"] == found.holds_for
    for item, layer in zip(told["layers"], found.layers, strict=True):
        assert item["macs"] == as_json(layer.macs)
        if layer.output_shape is not None:
            assert item["output_shape"] == ["N", *map(as_json, layer.output_shape[1:])]
    assert "H" in told["inputs"]["input"]


def as_json(figure: int | None) -> int | str | None:
    return str(figure) if isinstance(figure, Dim) else figure


# --- random networks ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(80))
def test_a_random_networks_figures_are_formulas(number: int) -> None:
    model, example = sized(Random(f"named {number}"))
    graph = read_model(model)
    given = {name: example[name] for name in graph.sizes}
    graph = graph._replace(sizes=given)
    named = analyse(graph)
    assert json.dumps(named.to_dict(), allow_nan=False)
    if walk(at_sizes(graph, given)).faults:
        assert not named.ok
        return
    assert named.ok, named.diagnostics
    assert_same(named, plain_analysis(graph, given), given)
    found = accepted_inputs(graph)
    for sizes in points(found, Random(number)):
        assert_same(named, plain_analysis(graph, sizes), sizes)


# --- how sizes are named ------------------------------------------------------------------------

CONV = {"type": "conv2d", "out_channels": 8, "kernel_size": 3, "stride": 2}


def shapes(model: dict[str, Any], **options: Any) -> tuple[Any, ...]:
    return load(model, **options).output_shape()


def test_a_size_is_named_in_the_file_or_on_the_way() -> None:
    for found in (
        shapes({"input": [3, "H", "W"], "layers": [CONV]}),
        shapes({"input": [3, 32, 32], "layers": [CONV]}, input="3,H,W"),
        shapes({"input": [3, 32, 32], "layers": [CONV]}, input=[3, "H", "W"]),
        shapes({"input": [3, 32, 32], "layers": [CONV]}, input="N,3,H=64,W"),
    ):
        assert [str(size) for size in found] == ["N", "8", "floor((H - 1)/2)", "floor((W - 1)/2)"]


def test_a_yaml_file_names_sizes() -> None:
    text = "input: [3, H, W=64]\nlayers:\n- {type: conv2d, out_channels: 8, kernel_size: 1}\n"
    found = check_text(text)
    assert found.ok
    assert found.sizes == {"H": 224, "W": 64}
    assert [str(size) for size in found.inputs["input"]] == ["N", "3", "H", "W"]


def test_one_name_on_both_axes_is_a_square() -> None:
    found = load({"input": [3, "H", "H"], "layers": [CONV, "flatten"]}).check()
    assert str(found.layers[-1].output_shape[1]) == "8·floor((H - 1)/2)²"  # type: ignore[index]
    assert found.sizes == {"H": 224}


def test_inputs_share_names() -> None:
    model = {
        "inputs": {"a": [3, "H", "W"], "b": [3, "H", "W"]},
        "layers": [{"name": "sum", "type": "add", "from": ["a", "b"]}],
    }
    assert load(model).check().ok
    assert str(accepted_inputs(load(model).graph)) == "any"


def test_inputs_of_different_names_meet() -> None:
    model = {
        "inputs": {"a": [3, "H", "W"], "b": [3, "K", "W"]},
        "layers": [{"name": "sum", "type": "concat", "from": ["a", "b"]}],
    }
    found = accepted_inputs(load(model).graph)
    assert found.names == ("H", "W", "K")
    for sizes in ({"H": 5, "W": 9, "K": 5}, {"H": 5, "W": 9, "K": 6}, {"H": 1, "W": 1, "K": 2}):
        assert found.accepts(**sizes) == (sizes["H"] == sizes["K"])


@pytest.mark.parametrize(
    "shape",
    ["N,3,N,W", "3,floor,W", "3,H=0,W", "3,H=x,W", "3,H=5,H=6", "3,1H,W", "3,H-1,W", "3,H=,W", ""],
)
def test_a_shape_that_names_nothing_is_refused(shape: str) -> None:
    with pytest.raises(UnreadableError):
        load("lenet5", input=shape)


@pytest.mark.parametrize("size", ["N", "max", "2x", "H W", "H=-3"])
def test_a_file_that_names_nothing_is_refused(size: str) -> None:
    found = load({"input": [3, size, 5], "layers": ["relu"]}).check()
    assert rules(found) == ["invalid-value"]


def test_an_example_that_does_not_work_is_told() -> None:
    found = load("mnist-net", input="1,H=27,W=27").check()
    assert rules(found) == ["size-mismatch"]
    assert found.sizes == {"H": 27, "W": 27}


def test_a_size_without_an_example_gets_one_that_works() -> None:
    found = load("mnist-net", input="1,H,W").check()
    assert found.ok
    assert accepted_inputs(load("mnist-net").graph).accepts(**found.sizes)


def test_a_formula_is_called_with_sizes() -> None:
    found = load("resnet18", input="3,H,W").check()
    assert found.totals.macs(H=224, W=224) == load("resnet18").check().totals.macs  # type: ignore[operator]


# --- what is hostile ----------------------------------------------------------------------------


def conv1d(**arguments: int) -> dict[str, Any]:
    return {"type": "conv1d", "out_channels": 1, "kernel_size": 1, **arguments}


def pool1d(kernel: int) -> dict[str, Any]:
    return {"type": "max_pool1d", "kernel_size": kernel}


PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
BRANCHES = [
    {"name": f"p{prime}", "from": ["input"], **pool1d(prime)} for prime in (101, 103, 107, 109)
]
HOSTILE: dict[str, dict[str, Any]] = {
    "a kernel that no size reaches": {"input": [1, "L"], "layers": [conv1d(kernel_size=2**30)]},
    "strides that are coprime": {
        "input": [1, "L"],
        "layers": [conv1d(stride=prime, padding=prime) for prime in PRIMES],
    },
    "branches of coprime strides": {
        "input": [1, "L"],
        "layers": [
            *BRANCHES,
            *(
                {"type": "conv_transpose1d", "out_channels": 1, "kernel_size": prime,
                 "stride": prime, "name": f"u{prime}", "from": [f"p{prime}"]}
                for prime in (101, 103, 107, 109)
            ),
            {"type": "add", "from": ["u101", "u103", "u107", "u109"]},
        ],
    },
    "floors that do not fold": {
        "input": [1, "L"],
        "layers": [
            layer
            for prime in PRIMES * 8
            for layer in (
                {"type": "max_pool1d", "kernel_size": 2, "ceil_mode": True, "padding": 1},
                {"type": "upsample", "scale_factor": 1.5 if prime % 3 else 2.25},
            )
        ],
    },
    "a growth beyond all bounds": {
        "input": [1, "L"],
        "layers": [{"type": "upsample", "scale_factor": 2**10}] * 5,
    },
    "six names": {
        "inputs": {"a": [1, "A", "B"], "b": [1, "C", "D"], "c": [1, "E", "F"]},
        "layers": [
            {"name": "x", "type": "flatten", "from": ["a"]},
            {"name": "y", "type": "flatten", "from": ["b"]},
            {"name": "z", "type": "flatten", "from": ["c"]},
            {"type": "concat", "from": ["x", "y", "z"]},
            {"type": "linear", "in_features": 720_720, "out_features": 1},
        ],
    },
    "four sides of a volume": {
        "input": ["A", "B", "C", "D"],
        "layers": ["flatten", {"type": "linear", "in_features": 5_040, "out_features": 1}],
    },
    "an open shape of many values": {
        "input": [1, "H", "W"],
        "layers": [{"type": "reshape", "shape": [997, -1]}, {"type": "linear", "in_features": 1009,
                                                             "out_features": 1}],
    },
    "a square that is multiplied again and again": {
        "input": [1, "H", "H"],
        "layers": [
            {"type": "permute", "dims": [0, 2, 3, 1]},
            "flatten",
            {"type": "unsqueeze", "dim": 1},
            {"type": "max_pool1d", "kernel_size": 3, "ceil_mode": True, "padding": 1},
            {"type": "linear", "in_features": 100, "out_features": 3},
        ],
    },
    "many slices": {
        "input": [1, "H", "W"],
        "layers": [
            {"type": "slice", "dim": 2 + number % 2, "start": -97 - number, "end": 5_000 + number}
            for number in range(60)
        ],
    },
    "a scale that is no short fraction": {
        "input": [1, "H", "W"],
        "layers": [{"type": "upsample", "scale_factor": 0.7}] * 4,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_hostile_gets_an_answer(kind: str) -> None:
    graph = read_model(HOSTILE[kind])
    found = accepted_inputs(graph)
    assert str(found)
    assert found.to_dict()["exact"] == found.exact
    rng = Random(kind)
    for _ in range(20):
        sizes = {name: rng.choice([1, 7, 100, 101 * 103, 2**31 - 1]) for name in found.names}
        small = dict.fromkeys(found.names, rng.randint(1, 40))
        for point in (sizes, small):
            expected = not walk(at_sizes(graph, point), to_first_fault=True).faults
            if max(point.values()) < 10**4:
                assert found.accepts(**point) == expected
            else:
                found.accepts(**point)
    analysis = analyse(graph)
    assert analysis.to_dict()
