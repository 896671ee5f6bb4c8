"""Findings on designs against brute force: indices marked one by one, and numbers computed.

No formula of the project is used on the side of the oracle: windows are placed by loops
(tests/naive.py), receptive fields are sets of indices, and what is said of values is said of
values that were computed.
"""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from checked import designs, sequence
from generators.designs import conv, linear, named
from naive import pads_of_same, windows, with_a_last_one

import cnnshape
from cnnshape.analysis.design.kernel import live_taps, overlaps
from cnnshape.window import Slide, Spread

SEED = 20_260


# --- pixels-dropped -----------------------------------------------------------------------------


def drawn_slide(rng: Random) -> tuple[Slide, list[list[int]]] | None:
    """A random window, and its taps by a loop."""
    size, kernel, stride = rng.randint(1, 30), rng.randint(1, 6), rng.randint(1, 5)
    dilation, way = (
        rng.choice([1, 1, 2, 3]),
        rng.choice(["pads", "pads", "pads", "same", "same_lower", "ceil"]),
    )
    extent = len(range(kernel * dilation - dilation + 1))
    pads = [rng.choice([0, 0, 1, 2, 3]) for _ in range(2)]
    if way.startswith("same"):
        pads = pads_of_same(size, kernel, stride, dilation, way == "same_lower")
    if way == "ceil":
        pads, dilation, extent = [min(pads[0], kernel // 2)] * 2, 1, kernel
    if size + sum(pads) < extent:
        return None
    found = windows(size, kernel, stride, dilation, pads)
    if way == "ceil":
        found = with_a_last_one(found, size, stride, pads)
        found[-1] = [found[-1][0] + tap for tap in range(kernel)]
    same = way.startswith("same")
    return Slide(size, kernel, stride, dilation, *pads, way == "ceil", same), found


@pytest.mark.parametrize("number", range(400))
def test_what_is_left_over_is_what_no_window_and_no_step_holds(number: int) -> None:
    drawn = drawn_slide(Random(f"{SEED} rest {number}"))
    if drawn is None:
        return
    slide, found = drawn
    ends = {index for taps in found for index in range(taps[0], taps[-1] + 1)}
    steps = {index for taps in found for index in range(taps[0], taps[0] + slide.stride)}
    beyond = [i for i in range(slide.size) if i > max(ends | steps)]
    assert slide.left_over() == len(beyond)
    if slide.stride <= slide.extent:  # windows leave no gaps: what is left over is all at the end
        assert beyond == [i for i in range(slide.size) if i not in ends]


@pytest.mark.parametrize("number", range(60))
def test_rows_and_columns_that_are_told_get_no_gradient(number: int) -> None:
    """A sum over the outputs of a convolution of ones: the gradient counts the windows."""
    rng = Random(f"{SEED} gradient {number}")
    sizes = [rng.randint(6, 14), rng.randint(6, 14)]
    kernel = rng.randint(2, 4)
    given = conv(1, kernel, stride=rng.randint(2, kernel), padding=rng.choice([0, 0, 1]))
    layers = [named("c", {**given, "bias": False})]
    model = cnnshape.load({"input": [1, *sizes], "layers": layers})
    y = model.output_shape("c")
    ran = model.run(
        {"input": np.ones((1, 1, *sizes))},
        weights={"c.weight": np.ones((1, 1, kernel, kernel))},
        output_gradients={"c": np.ones((1, *y[1:]))},  # type: ignore[arg-type]
    )
    unread = ran.input_gradients["input"][0, 0] == 0
    rows, columns = int(unread.all(axis=1).sum()), int(unread.all(axis=0).sum())
    found = designs(sequence(*layers, given=[1, *sizes]), "pixels-dropped")
    words = [f"{n} {noun}{'' if n == 1 else 's'}"
             for n, noun in ((rows, "row"), (columns, "column")) if n]  # fmt: skip
    assert [item.message for item in found] == (
        [f"`c` drops {' and '.join(words)} of {sizes[0]}×{sizes[1]}: no window reaches them"]
        if words else []
    )  # fmt: skip


# --- dead-padding -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(300))
def test_taps_that_meet_a_value(number: int) -> None:
    drawn = drawn_slide(Random(f"{SEED} taps {number}"))
    if drawn is None:
        return
    slide, found = drawn
    live = [tap for tap in range(slide.kernel) if any(0 <= w[tap] < slide.size for w in found)]
    assert live_taps(slide.window(), slide.size, slide.output_size()) == live


@pytest.mark.parametrize("kernel", range(1, 6))
def test_every_small_convolution_with_dead_weights_is_told(kernel: int) -> None:
    """Whatever is asked first, to be quick, finds all that there is to find."""
    for size, stride, pad in product(range(1, 7), range(1, 5), range(kernel)):
        if size + 2 * pad < kernel:
            continue
        found = windows(size, kernel, stride, 1, [pad, pad])
        used = {tap for taps in found for tap, place in enumerate(taps) if 0 <= place < size}
        layer = {**conv(2, kernel, stride=stride, padding=pad), "type": "conv1d"}
        told = designs(sequence(layer, given=[3, size]), "dead-padding")
        assert bool(told) is (len(used) < kernel), (size, stride, pad)


@pytest.mark.parametrize("number", range(300))
def test_taps_of_a_transposed_kernel_that_give_to_an_output(number: int) -> None:
    """Input i gives to output i·s - p + t·d by tap t; the window counts taps from the far end."""
    rng = Random(f"{SEED} spread {number}")
    size, kernel, stride, dilation = (rng.randint(1, high) for high in (6, 5, 4, 3))
    before, after = rng.randint(0, 4), rng.randint(0, 4)
    spread = Spread(size, kernel, stride, dilation, before, after, rng.randint(0, stride - 1))
    outputs = spread.output_size()
    if outputs < 1:
        return
    live = {tap for i, tap in product(range(size), range(kernel))
            if 0 <= i * stride - before + tap * dilation < outputs}  # fmt: skip
    found = live_taps(spread.window(), size, outputs)
    assert {kernel - 1 - tap for tap in found} == live


@pytest.mark.parametrize("number", range(120))
def test_weights_that_are_told_dead_get_no_gradient(number: int) -> None:
    rng = Random(f"{SEED} dead {number}")
    sizes = [rng.randint(1, 5), rng.randint(1, 5)]
    kernel, dilation = rng.choice([3, 5]), rng.choice([1, 1, 2])
    kind = rng.choice(["conv2d", "conv_transpose2d"])
    pads = dilation * (kernel // 2) if kind == "conv2d" else 1
    stride = rng.choice([1, 1, 2, 3])
    rest = {"padding": pads, "dilation": dilation, "stride": stride, "bias": False}
    given = {**conv(2, kernel, **rest), "type": kind}
    model = cnnshape.load({"input": [3, *sizes], "layers": [named("c", given)]})
    y = model.output_shape("c")
    draw = np.random.default_rng(number)
    ran = model.run(
        {"input": draw.standard_normal((2, 3, *sizes))},
        output_gradients={"c": draw.standard_normal((2, *y[1:]))},  # type: ignore[arg-type]
    )
    gradient = ran.weight_gradients["c.weight"]
    dead = int((gradient == 0).sum())
    found = designs(sequence(named("c", given), given=[3, *sizes]), "dead-padding")
    notes = [f"{dead:,} of {gradient.size:,} weights change nothing, and are never trained"]
    assert [list(item.notes) for item in found] == ([notes] if dead else [])


# --- checkerboard -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [*product(range(1, 8), range(1, 5), (1, 2, 3))]
)
def test_sums_away_from_the_borders(kernel: int, stride: int, dilation: int) -> None:
    size = 60
    sums = [0] * (size * stride + kernel * dilation)
    for i, tap in product(range(size), range(kernel)):
        sums[i * stride + tap * dilation] += 1
    middle = sums[20 * stride : 40 * stride]
    window = Spread(size, kernel, stride, dilation).window()
    assert overlaps(window) == (min(middle), max(middle))


# --- field-exceeds-input ------------------------------------------------------------------------


def ways(blocks: list[list[list[dict[str, Any]]]]) -> list[list[dict[str, Any]]]:
    """Every way through blocks of branches."""
    return [[layer for part in parts for layer in part] for parts in product(*blocks)]


def seen_by(way: list[dict[str, Any]]) -> int:
    """How many places of the input an output sees along one way, as a set followed back."""
    places = {10_000}
    for layer in reversed(way):
        k, s = layer.get("kernel_size", 1), layer.get("stride", 1)
        places = {place * s + tap for place in places for tap in range(k)}
    return max(places) - min(places) + 1


@pytest.mark.parametrize("number", range(80))
def test_what_comes_too_late_by_every_way(number: int) -> None:
    rng = Random(f"{SEED} late {number}")
    size = rng.choice([8, 12, 24])
    layers: list[Any] = []
    done: list[list[list[dict[str, Any]]]] = []
    late, end = [], "input"
    for block in range(rng.randint(2, 6)):
        branches = []
        for branch in range(rng.choice([1, 1, 2])):
            way, last = [], end
            for place in range(rng.randint(0 if branch else 1, 2)):
                kernel = rng.choice([1, 3, 3, 5])
                layer = conv(4, kernel, padding=kernel // 2)
                name = f"b{block}.{branch}.{place}"
                before = ways([*done, [way]])
                if kernel > 1 and min(map(seen_by, before)) > size:
                    late.append(name)
                layers.append(named(name, layer, last))
                way, last = [*way, layer], name
            branches.append((way, last))
        done.append([way for way, _ in branches])
        end = branches[0][1]
        if len(branches) > 1:
            end = f"sum{block}"
            layers.append(named(end, {"type": "add"}, *(last for _, last in branches)))
        layers.append(named(f"act{block}", {"type": "relu"}, end))
        end = f"act{block}"
    found = designs(sequence(*layers, given=[4, size, size]), "field-exceeds-input")
    assert [item.layer for item in found] == late[:1]
    for item in found:
        assert item.notes[0].startswith(f"so it is for {len(late)} of ")


# --- linear-after-linear ------------------------------------------------------------------------


PAIRS: dict[str, tuple[list[int], list[Any]]] = {
    "linear": ([12], [linear(9), "dropout", linear(4)]),
    "convolutions": ([2, 9, 9], [conv(4, 3, stride=2, padding=1), conv(3, 2)]),
    "dilated": ([2, 15, 15], [conv(6, 3, dilation=2), conv(3, 3)]),
    "a convolution and a matrix": ([2, 8, 8], [conv(4, 3), "flatten", linear(5)]),
    "spread and mixed": ([8, 5, 5], [conv(8, 1), {**conv(4, 4, stride=2), "type":
                                     "conv_transpose2d"}]),
    "a vector made a map": ([6], [linear(64), {"type": "reshape", "shape": [4, 4, 4]},
                                  conv(8, 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_called_one_linear_map_is_one(name: str) -> None:
    given, layers = PAIRS[name]
    assert len(designs(sequence(*layers, given=given), "linear-after-linear")) == 1
    assert is_affine(given, layers)
    broken = [layers[0], "tanh", *layers[1:]]
    assert designs(sequence(*broken, given=given), "linear-after-linear") == []
    assert not is_affine(given, broken)


def is_affine(given: list[int], layers: list[Any]) -> bool:
    """f(x + z) + f(0) = f(x) + f(z), with dropout off."""
    draw = np.random.default_rng(3)
    x, z = draw.standard_normal((2, 1, *given))
    batch = np.concatenate([x + z, np.zeros_like(x), x, z])
    model = cnnshape.load({"input": given, "layers": layers})
    (y,) = model.run({"input": batch}, seed=1).outputs.values()
    return bool(np.allclose(y[0] + y[1], y[2] + y[3], atol=1e-10))


@pytest.mark.parametrize("number", range(40))
def test_the_kernel_in_place_of_both(number: int) -> None:
    """Where one input is 1 and the others 0, what comes out shows the taps of both together."""
    rng = Random(f"{SEED} kernel {number}")
    first = conv(8, [rng.randint(1, 4), rng.randint(1, 4)], stride=rng.randint(1, 2),
                 dilation=rng.randint(1, 2))  # fmt: skip
    second = conv(2, [rng.randint(1, 3), rng.randint(1, 3)], stride=rng.randint(1, 2))
    found = designs(sequence(first, second, given=[2, 41, 41]), "linear-after-linear")
    if not found:
        return
    model = cnnshape.load({"input": [2, 41, 41], "layers": [named("a", first), named("b", second)]})
    y = model.output_shape("b")
    one = np.zeros((1, *y[1:]))  # type: ignore[arg-type]
    one[0, 0, y[2] // 2, y[3] // 2] = 1  # type: ignore[operator]
    ran = model.run({"input": np.ones((1, 2, 41, 41))}, output_gradients={"b": one})
    read = (np.abs(ran.input_gradients["input"][0]) > 1e-12).any(axis=0)
    kernel = (read.any(axis=1).sum(), read.any(axis=0).sum())
    assert f"a kernel of {kernel[0]}×{kernel[1]}" in found[0].notes[0]


# --- normalisation ------------------------------------------------------------------------------


NORMS: dict[str, tuple[list[int], Any, Any, bool]] = {
    "batch norm of maps": ([3, 6, 6], conv(4, 3), "batch_norm2d", True),
    "batch norm of features": ([5], linear(4), "batch_norm1d", True),
    "instance norm": ([3, 6, 6], conv(4, 3), "instance_norm2d", True),
    "groups of one channel": ([3, 6, 6], conv(4, 3), {"type": "group_norm", "num_groups": 4}, True),
    "groups of two": ([3, 6, 6], conv(4, 3), {"type": "group_norm", "num_groups": 2}, False),
    "layer norm": ([5], linear(4), "layer_norm", False),
    "another axis": ([5, 3], linear(4), "batch_norm1d", False),
    "unshared biases": ([3, 6, 6], {**conv(4, 3), "type": "locally_connected2d"}, "batch_norm2d",
                        False),
    "no norm": ([3, 6, 6], conv(4, 3), {"type": "rms_norm", "normalized_shape": [4, 4, 4]}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", NORMS)
def test_a_bias_that_is_told_changes_nothing(name: str) -> None:
    given, first, norm, cancels = NORMS[name]
    layers = [{"name": "a", **first}, norm]
    assert bool(designs(sequence(*layers, given=given), "bias-before-norm")) is cancels
    model = cnnshape.load({"input": given, "layers": layers})
    draw = np.random.default_rng(5)
    x = {"input": draw.standard_normal((4, *given))}
    shape = model.run(x, seed=2).weights["a.bias"].shape
    found = [
        next(iter(model.run(x, weights={"a.bias": bias}, seed=2, training=True).outputs.values()))
        for bias in (np.zeros(shape), draw.standard_normal(shape))
    ]
    assert np.allclose(*found, atol=1e-10) is cancels


@pytest.mark.parametrize(("norm", "given", "alone"), [
    ({"type": "group_norm", "num_groups": 4}, [4], True),
    ({"type": "group_norm", "num_groups": 2}, [4], False),
    ({"type": "group_norm", "num_groups": 4}, [4, 1, 2], False),
    ({"type": "layer_norm", "normalized_shape": 1}, [4, 1], True),
    ({"type": "layer_norm", "normalized_shape": 4}, [4], False),
    ({"type": "batch_norm2d"}, [4, 1, 1], True),
    ({"type": "batch_norm2d"}, [4, 2, 1], False),
])  # fmt: skip
def test_a_mean_of_one_value_leaves_nothing(
    norm: dict[str, Any], given: list[int], alone: bool
) -> None:
    """One sample in training: the output is 0, the bias of a new layer."""
    assert bool(designs(sequence(norm, given=given), "norm-of-one")) is alone
    x = np.random.default_rng(7).standard_normal((1, *given))
    model = cnnshape.load({"input": given, "layers": [norm]})
    try:
        (y,) = model.run({"input": x}, training=True).outputs.values()
    except cnnshape.CnnshapeError:  # the executor refuses it, as PyTorch does
        assert norm["type"] == "batch_norm2d"
        assert alone
        return
    assert bool((np.abs(y) < 1e-12).all()) is alone


# --- softmax-before-loss ------------------------------------------------------------------------


def loss_of(loss: str, *behind: str) -> float:
    """The smallest loss that ten classes get of scores that could not be surer."""
    model = cnnshape.load({"input": [10], "loss": loss, "layers": ["identity", *behind]})
    x = 100 * np.eye(10)
    return float(model.run({"input": x}, target=np.arange(10)).loss)


def test_what_is_said_of_losses() -> None:
    assert loss_of("cross_entropy") < 1e-10
    assert loss_of("cross_entropy", "softmax") > 1.4  # log(1 + 9/e) = 1.46
    assert loss_of("cross_entropy", "log_softmax") == pytest.approx(loss_of("cross_entropy"))
    assert loss_of("nll_loss", "log_softmax") < 1e-10
    assert loss_of("nll_loss", "softmax") == pytest.approx(-1)


def test_the_draws_are_of_use() -> None:
    """Random cases that never find anything, or always, would test nothing."""
    drawn = [drawn_slide(Random(f"{SEED} rest {number}")) for number in range(400)]
    rests = [pair[0].left_over() > 0 for pair in drawn if pair]
    drawn = [drawn_slide(Random(f"{SEED} taps {number}")) for number in range(300)]
    dead = [
        len(live_taps(s.window(), s.size, s.output_size())) < s.kernel
        for s, _ in filter(None, drawn)
    ]
    assert all(sum(kind == way for kind in dead) > 20 for way in (True, False))
    assert all(sum(kind == way for kind in rests) > 20 for way in (True, False))
    assert len(rests) > 300
