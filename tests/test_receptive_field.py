"""Receptive fields against what outputs are found to see, followed index by index."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from checked import check, designs, graph, layer, reaches
from generators.examples import EXAMPLES
from generators.fields import Followed, blocks, chain
from generators.forward import CASES, Case

from cnnshape.analysis.receptive_field import Reach
from cnnshape.analysis.walk import walk
from cnnshape.layers import load_all
from cnnshape.window import Window

SEED = 2019
SEQUENCE = {"rnn", "lstm", "gru", "multihead_attention", "transformer_encoder_layer"}


def claimed(net: Followed) -> dict[str, tuple[Reach, ...]]:
    return {name: fields["input"] for name, fields in reaches(net.model).items()}


def ends(seen: frozenset[int]) -> tuple[int, int]:
    return min(seen), max(seen)


def assert_exact(net: Followed) -> None:
    """First and last are exact at every output of every layer, and so are size, stride, start."""
    fields = claimed(net)
    for name, outputs in net.sizes.items():
        for axis in range(net.axes if name != "input" else 0):
            reach = fields[name][axis]
            for index in range(outputs[axis]):
                found = reach.at(index)
                assert found == ends(net.virtual(name, axis, index)), (
                    f"{name}, output {index} of {net.model}"
                )
            assert_summed_up(net, name, axis, reach)


def assert_summed_up(net: Followed, name: str, axis: int, reach: Reach) -> None:
    """The size is the largest of a period, the stride its advance, the start that of output 0."""
    here = ends(net.virtual(name, axis, 0))
    there = ends(net.virtual(name, axis, net.period))
    period = range(len(reach.first))
    widths = [ends(net.virtual(name, axis, index)) for index in period]
    assert reach.size == max(last - first + 1 for first, last in widths)
    assert (
        reach.stride
        == Fraction(there[0] - here[0], net.period)
        == Fraction(there[1] - here[1], net.period)
    )
    assert reach.start == here[0]


@pytest.mark.parametrize("number", range(30))
@pytest.mark.parametrize("axes", [1, 2])
def test_chains_are_exact(axes: int, number: int) -> None:
    assert_exact(chain(Random(f"{SEED} chain {axes} {number}"), axes, 4))


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("axes", [1, 2])
def test_blocks_that_line_up_are_exact(axes: int, number: int) -> None:
    net = blocks(Random(f"{SEED} blocks {axes} {number}"), axes)
    assert not designs(check(net.model), "not-aligned")
    assert_exact(net)


# --- the windows of single layers, by perturbing their inputs -----------------------------------


def sees(window: Window, index: int) -> list[int]:
    """What a window says that an output sees."""
    start = index * window.step - window.before
    return [i for i in range(-50, 50) if start <= i * window.up < start + window.extent]


def window_of(case: Case) -> Window | None:
    """The window of a layer along its last axis."""
    model = {"input": list(case.shape), "layers": [{"type": case.type, **case.arguments}]}
    [applied] = walk(graph(model)).applied.values()
    return applied.layer.windows(*applied.x)[len(case.shape)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_window_is_what_changes_an_output(case: Case) -> None:
    window, inside = window_of(case), range(case.shape[-1])
    found = case.reads()
    for index, read in enumerate(found):
        told = [*inside] if window is None else sees(window, index)
        if {*told} <= {*inside}:
            assert (min(read), max(read)) == (told[0], told[-1])
        else:
            assert case.wraps or read <= {*told}
    assert any(window is None or {*sees(window, i)} <= {*inside} for i in range(len(found)))


def test_every_class_with_windows_is_perturbed() -> None:
    """Sequence layers say that an output sees the whole sequence; others are in the table."""
    told = {
        type(item.layer)
        for example in EXAMPLES
        for item in walk(graph(example.model())).applied.values()
        if item.layer.windows(*item.x)
    }
    perturbed = {load_all()[case.type] for case in CASES}
    left = {cls.types.keys() <= SEQUENCE or cls.__name__ for cls in told - perturbed}
    assert left == {True}


# --- branches that do not line up ---------------------------------------------------------------


def line(*layers: dict[str, Any], size: int = 24) -> dict[str, Any]:
    """A model of named layers over one axis."""
    return {"input": [4, size], "layers": list(layers)}


def conv(name: str, source: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "type": "conv1d", "from": source, "out_channels": 4, **arguments}


def join(*sources: str) -> dict[str, Any]:
    return {"name": "join", "type": "add", "from": list(sources)}


HALF = conv("half", "input", kernel_size=2, stride=2)
UNALIGNED = {
    "one branch is shifted by half an input": (
        [conv("a", "input", kernel_size=2, padding=[[0, 1]]), join("a", "input")],
        ("a", "input"),
        ("`a`: stride 1, middle at 1/2", "`input`: stride 1, middle at 0"),
    ),
    "same_lower meets same": (
        [
            conv("a", "input", kernel_size=4, padding="same"),
            conv("b", "input", kernel_size=4, padding="same_lower"),
            join("a", "b"),
        ],
        ("a", "b"),
        ("`a`: stride 1, middle at 1/2", "`b`: stride 1, middle at -1/2"),
    ),
    "one branch strides, the other is cut": (
        [
            HALF,
            {"name": "cut", "type": "slice", "from": "input", "dim": 2, "end": 12},
            join("half", "cut"),
        ],
        ("half", "cut"),
        ("`half`: stride 2, middle at 1/2", "`cut`: stride 1, middle at 0"),
    ),
    "a stride's shortcut starts elsewhere": (
        [
            conv("a", "input", kernel_size=3, stride=2, padding="same"),
            conv("b", "input", kernel_size=1, stride=2),
            join("a", "b"),
        ],
        ("a", "b"),
        ("`a`: stride 2, middle at 1", "`b`: stride 2, middle at 0"),
    ),
}
ALIGNED = {
    "equal pads on both sides": [conv("a", "input", kernel_size=5, padding=2), join("a", "input")],
    "an odd kernel's stride and a 1×1": [
        conv("a", "input", kernel_size=3, stride=2, padding=1),
        conv("b", "input", kernel_size=1, stride=2),
        join("a", "b"),
    ],
    "two shifts that cancel": [
        conv("a", "input", kernel_size=2, padding=[[0, 1]]),
        conv("b", "a", kernel_size=2, padding=[[1, 0]]),
        join("b", "input"),
    ],
    "down and up again": [
        HALF,
        {"name": "up", "type": "upsample", "from": "half", "scale_factor": 2},
        join("up", "input"),
    ],
    "a whole view and a part": [
        {"name": "mean", "type": "global_avg_pool", "from": "input", "keepdims": True},
        {"name": "join", "type": "multiply", "from": ["input", "mean"]},
    ],
}


@pytest.mark.parametrize("name", UNALIGNED)
def test_branches_that_do_not_line_up_are_noted(name: str) -> None:
    layers, (one, other), notes = UNALIGNED[name]
    analysis = check(line(*layers))
    [found] = designs(analysis, "not-aligned")
    assert analysis.ok
    assert (found.rule, found.severity, found.layer) == ("not-aligned", "warning", "join")
    assert found.message == (
        f"`join` joins branches whose receptive fields do not line up: `{one}` and `{other}`"
    )
    assert found.notes == notes


@pytest.mark.parametrize("name", ALIGNED)
def test_branches_that_line_up_are_not_noted(name: str) -> None:
    assert not designs(check(line(*ALIGNED[name])), "not-aligned")


def followed(model: dict[str, Any]) -> Followed:
    """The same model followed index by index."""
    sizes = tuple(model["input"][1:])
    net = Followed(len(sizes), {"input": model["input"], "layers": []}, {"input": sizes})
    names = {"input": "input"}
    for given in model["layers"]:
        sources = given["from"] if isinstance(given["from"], list) else [given["from"]]
        rest = {key: value for key, value in given.items() if key not in ("name", "from")}
        names[given["name"]] = net.add({"start": 0, "step": 1, **rest} if "dim" in rest else rest,
                                       *(names[source] for source in sources))  # fmt: skip
    return net


@pytest.mark.parametrize("name", UNALIGNED)
def test_a_union_covers_both_branches_at_every_output(name: str) -> None:
    net = followed(line(*UNALIGNED[name][0]))
    last = list(net.sizes)[-1]
    reach = claimed(net)[last][0]
    for index in range(net.sizes[last][0]):
        assert reach.at(index) == ends(net.virtual(last, 0, index))


@pytest.mark.parametrize("name", UNALIGNED)
def test_what_is_really_seen_behind_a_union_is_claimed(name: str) -> None:
    behind = [
        conv("c", "join", kernel_size=3, padding=1),
        {"name": "t", "type": "conv_transpose1d", "from": "c", "out_channels": 4, "kernel_size": 4,
         "stride": 2, "padding": 1},
        conv("d", "t", kernel_size=5, padding=2, stride=3),
    ]  # fmt: skip
    net = followed(line(*UNALIGNED[name][0], *behind))
    assert_covered(net)


def assert_covered(net: Followed) -> None:
    """What outputs really see, zeros of the padding left out, lies within what is claimed."""
    fields = claimed(net)
    for name, outputs in net.sizes.items():
        for axis in range(net.axes if name != "input" else 0):
            for index in range(outputs[axis]):
                first, last = fields[name][axis].at(index)
                assert net.real(name, axis, index) <= {*range(first, last + 1)}


@pytest.mark.parametrize("number", range(15))
def test_outputs_away_from_the_border_see_all_that_is_claimed(number: int) -> None:
    net = chain(Random(f"{SEED} inside {number}"), 1, 3)
    assert_covered(net)
    for name, reach in ((name, each[0]) for name, each in claimed(net).items()):
        real = [net.real(name, 0, index) for index in range(net.sizes[name][0])]
        virtual = [net.virtual(name, 0, index) for index in range(net.sizes[name][0])]
        inside = [r for r, v in zip(real, virtual, strict=True) if r == v]
        assert all(max(seen) - min(seen) < reach.size for seen in real if seen)
        if len(inside) >= len(reach.first):  # a period of them
            assert max(max(seen) - min(seen) + 1 for seen in inside) == reach.size


# --- outputs that see nothing -------------------------------------------------------------------


def holes(**arguments: Any) -> dict[str, Any]:
    """A transposed convolution that leaves outputs without any input."""
    return {"name": "t", "type": "conv_transpose1d", "from": "input", "out_channels": 4,
            "stride": 3, **arguments}  # fmt: skip


def test_an_output_between_spread_inputs_sees_nothing() -> None:
    reach = reaches(line(holes(kernel_size=1)))["t"]["input"][0]
    assert [reach.at(index) for index in (0, 3, 6)] == [(0, 0), (1, 1), (2, 2)]
    assert all(reach.at(index)[0] > reach.at(index)[1] for index in (1, 2, 4, 5))
    assert (reach.size, reach.stride, reach.start) == (1, Fraction(1, 3), 0)


@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_holes_are_closed_by_what_follows(kernel: int) -> None:
    model = line(holes(kernel_size=1), conv("c", "t", kernel_size=kernel, padding=1))
    net = followed(model)
    reach = claimed(net)["l1"][0]
    for index in range(net.sizes["l1"][0]):
        seen = net.virtual("l1", 0, index)
        first, last = reach.at(index)
        assert (first, last) == ends(seen) if seen else first > last


def test_a_hole_adds_nothing_to_a_union() -> None:
    """The other branch sees inputs 5 places on, so that a hole counted as a place would show."""
    shifted = {"name": "s", "type": "crop", "from": "t", "cropping": [[15, 0]]}
    dense = {"name": "up", "type": "upsample", "from": "input", "size": 55}
    model = line(holes(kernel_size=1), shifted, dense, join("s", "up"))
    net = followed(model)
    reach = claimed(net)["l3"][0]
    for index in range(55):
        assert reach.at(index) == ends(net.virtual("l3", 0, index))


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_a_dilated_transposed_convolution_is_exact(kernel: int, stride: int, dilation: int) -> None:
    """Between its taps there are outputs that see nothing; what follows sees past them."""
    given = {"kernel_size": kernel, "stride": stride, "dilation": dilation}
    net = followed(line(holes(**given), conv("c", "t", kernel_size=3, padding=1, dilation=2)))
    fields = claimed(net)
    for name, outputs in list(net.sizes.items())[1:]:
        for index in range(outputs[0]):
            first, last = fields[name][0].at(index)
            seen = net.virtual(name, 0, index)
            assert (first, last) == ends(seen) if seen else first > last


# --- everything, nothing, and other axes --------------------------------------------------------

GRID = {"input": [3, 8, 10]}
CONV = {"name": "c", "type": "conv2d", "out_channels": 4, "kernel_size": [3, 5]}
AFTER = {
    "flatten": [{"name": "x", "type": "flatten"}],
    "linear": [{"type": "flatten"}, {"name": "x", "type": "linear", "out_features": 2}],
    "global_avg_pool": [{"name": "x", "type": "global_avg_pool"}],
    "adaptive_avg_pool2d": [{"name": "x", "type": "adaptive_avg_pool2d", "output_size": 1}],
    "unfold": [{"name": "x", "type": "unfold", "kernel_size": 2}],
    "reshape": [{"name": "x", "type": "reshape", "shape": [-1, 2, 2]}],
}


@pytest.mark.parametrize("name", AFTER)
def test_what_mixes_all_places_sees_the_whole_input(name: str) -> None:
    field = layer(check({**GRID, "layers": [CONV, *AFTER[name]]}), "x").receptive_field
    assert (field.size, field.start) == ((8, 10), (0, 0))


def test_a_linear_layer_over_the_last_axis_sees_the_whole_of_it() -> None:
    model = {**GRID, "layers": [CONV, {"name": "x", "type": "linear", "out_features": 2}]}
    field = layer(check(model), "x").receptive_field
    assert (field.size, field.start) == ((3, 10), (0, 0))


@pytest.mark.parametrize(
    "turn", [{"type": "permute", "dims": [0, 1, 3, 2]}, {"type": "transpose", "dim0": 2, "dim1": 3}]
)
def test_axes_are_followed_when_they_change_places(turn: dict[str, Any]) -> None:
    strided = {**CONV, "stride": [2, 1]}
    model = {**GRID, "layers": [strided, turn, {**CONV, "name": "x", "kernel_size": [4, 2]}]}
    field = layer(check(model), "x").receptive_field
    # rows: 3, then two places 2 apart; columns: 5, then four places
    assert (field.size, field.stride) == ((3 + 2, 5 + 3), (2, 1))


def test_a_branch_with_its_axes_exchanged_sees_everything() -> None:
    turned = {"name": "t", "type": "transpose", "from": "input", "dim0": 2, "dim1": 3}
    model = {"input": [3, 8, 8], "layers": [turned, {**join("input", "t"), "name": "x"}]}
    field = layer(check(model), "x").receptive_field
    assert (field.size, field.start) == ((8, 8), (0, 0))


def test_several_inputs_have_a_field_each() -> None:
    model = {
        "inputs": {"image": [3, 8, 10], "mask": [1, 8, 10]},
        "layers": [
            {**CONV, "from": "image", "padding": "same"},
            {"name": "x", "type": "concat", "from": ["c", "mask"]},
        ],
    }
    fields = layer(check(model), "x").receptive_fields
    assert {name: field.size for name, field in fields.items()} == {"image": (3, 5), "mask": (1, 1)}
