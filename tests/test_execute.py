"""Running models: what arrives where, what is shared, what is freed, and what is refused."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

import cnnshape
from cnnshape.execute import executor, losses
from cnnshape.execute.executor import Settings, forward
from cnnshape.execute.gradient_check import check_gradients
from cnnshape.execute.memory import memory_needed
from cnnshape.execute.plan import plan
from cnnshape.execute.run import drawn_inputs
from cnnshape.execute.weights import weights_of
from cnnshape.kernels import kernel as kernels
from cnnshape.kernels.arena import Arena
from cnnshape.kernels.error_function import erf
from cnnshape.layer import REGISTRY, Layer, Shape

MAGIC = [[17, 24, 1, 8, 15], [23, 5, 7, 14, 16], [4, 6, 13, 20, 22], [10, 12, 19, 21, 3],
         [11, 18, 25, 2, 9]]  # fmt: skip
FILTER = [[8, 1, 6], [3, 5, 7], [4, 9, 2]]
POOLED = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
QUARTERS = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
DOWN = {"type": "conv2d", "out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1}


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def single(layer: dict[str, Any] | str, x: Any, **given: Any) -> Any:
    """The output of one layer, called `x`, for one map of numbers."""
    array = np.asarray(x, np.float64)[None, None]
    layers = [{"name": "x", **(layer if isinstance(layer, dict) else {"type": layer})}]
    model = cnnshape.load({"input": list(array.shape[1:]), "layers": layers})
    return model.run({"input": array}, **given).outputs["x"][0, 0]


def filtered(x: Any, filter: Any) -> Any:
    """A map under a filter, with zeros around it."""
    layer = {"type": "conv2d", "out_channels": 1, "kernel_size": 3, "padding": 1, "bias": False}
    return single(layer, x, weights={"x.weight": np.asarray(filter, float)[None, None]})


# --- figures of lectures ------------------------------------------------------------------------


def naive(x: Any, weights: Any) -> Any:
    """Correlation by loops."""
    x, weights = np.pad(np.asarray(x, float), 1), np.asarray(weights, float)
    y = np.zeros((5, 5))
    for i in range(5):
        for j in range(5):
            y[i, j] = sum(x[i + a, j + b] * weights[a, b] for a in range(3) for b in range(3))
    return y


def test_correlation_and_convolution_of_a_magic_square() -> None:
    turned = np.asarray(FILTER)[::-1, ::-1]
    assert filtered(MAGIC, FILTER)[1, 3] == 585
    assert filtered(MAGIC, turned)[1, 3] == 575
    np.testing.assert_array_equal(filtered(MAGIC, FILTER), naive(MAGIC, FILTER))
    np.testing.assert_array_equal(filtered(MAGIC, turned), naive(MAGIC, turned))


def test_identity_shift_blur_and_laplacian() -> None:
    one = np.zeros((3, 3))
    one[1, 1] = 1
    np.testing.assert_array_equal(filtered(MAGIC, one), MAGIC)
    left = np.roll(one, -1, axis=1)
    shifted = np.pad(np.asarray(MAGIC, float), ((0, 0), (1, 0)))[:, :-1]
    np.testing.assert_array_equal(filtered(MAGIC, left), shifted)
    blurred = filtered(MAGIC, np.full((3, 3), 1 / 9))
    assert blurred[2, 2] == pytest.approx(13)  # the middle of a magic square is its mean
    laplacian = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    assert filtered(MAGIC, laplacian)[2, 2] == 6 + 20 + 7 + 19 - 4 * 13


def test_pooling_of_the_lectures() -> None:
    window = {"kernel_size": 3, "stride": 1}
    largest = single({"type": "max_pool2d", **window}, POOLED)
    means = single({"type": "avg_pool2d", **window}, POOLED)
    assert largest.tolist() == [[3, 3, 3], [3, 3, 3], [3, 2, 3]]
    assert np.round(means, 1).tolist() == [[1.7, 1.7, 1.7], [1.0, 1.2, 1.8], [1.1, 0.8, 1.3]]
    halves = {"kernel_size": 2, "stride": 2}
    assert single({"type": "max_pool2d", **halves}, QUARTERS).tolist() == [[6, 8], [3, 4]]
    assert single({"type": "avg_pool2d", **halves}, QUARTERS).tolist() == [[3.25, 5.25], [2, 2]]


# --- loops, where PyTorch has no such layer -----------------------------------------------------


def test_a_connection_table_connects_what_it_says() -> None:
    table = [[1, 0, 1], [0, 1, 1]]
    layer = {"name": "x", "type": "conv2d", "out_channels": 2, "kernel_size": [2, 3],
             "connection_table": table}  # fmt: skip
    x, weight, bias = draw(2, 3, 5, 7), draw(4, 2, 3, seed=1), draw(2, seed=2)
    model = cnnshape.load({"input": [3, 5, 7], "layers": [layer]})
    y = model.run({"input": x}, weights={"x.weight": weight, "x.bias": bias}).outputs["x"]
    for n, o, i, j in np.ndindex(2, 2, 4, 5):
        kernels_of = [0, 1] if o == 0 else [2, 3]
        sources = [channel for channel in range(3) if table[o][channel]]
        total = sum((x[n, c, i : i + 2, j : j + 3] * weight[k]).sum()
                    for k, c in zip(kernels_of, sources, strict=True))  # fmt: skip
        assert y[n, o, i, j] == pytest.approx(total + bias[o])


def test_unshared_weights_have_a_kernel_a_place() -> None:
    layer = {"name": "x", "type": "locally_connected2d", "out_channels": 2, "kernel_size": [2, 3],
             "stride": [1, 2], "padding": [[1, 0], [0, 1]]}  # fmt: skip
    model = cnnshape.load({"input": [3, 4, 6], "layers": [layer]})
    shape = model.output_shape("x")[1:]
    weight, bias = draw(2, 3, 2, 3, *shape[1:], seed=1), draw(*shape, seed=2)
    x = draw(2, 3, 4, 6)
    y = model.run({"input": x}, weights={"x.weight": weight, "x.bias": bias}).outputs["x"]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 1)))
    for n, o, i, j in np.ndindex(2, *shape):
        window = padded[n, :, i : i + 2, 2 * j : 2 * j + 3]
        assert y[n, o, i, j] == pytest.approx((window * weight[o, ..., i, j]).sum() + bias[o, i, j])


def test_subsampling_is_a_mean_with_gain_and_bias() -> None:
    layer = {"name": "x", "type": "subsample2d", "kernel_size": 2}
    model = cnnshape.load({"input": [3, 4, 6], "layers": [layer]})
    x, gain, bias = draw(2, 3, 4, 6), draw(3, seed=1), draw(3, seed=2)
    y = model.run({"input": x}, weights={"x.weight": gain, "x.bias": bias}).outputs["x"]
    means = x.reshape(2, 3, 2, 2, 3, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(y, means * gain[:, None, None] + bias[:, None, None], rtol=1e-14)


def test_radial_basis_functions_are_squared_distances() -> None:
    model = cnnshape.load({"input": [4], "layers": [{"name": "x", "type": "rbf",
                                                     "out_features": 3}]})  # fmt: skip
    x, centres = draw(2, 4), draw(3, 4, seed=1)
    y = model.run({"input": x}, weights={"x.centres": centres}).outputs["x"]
    assert y[1, 2] == pytest.approx(((x[1] - centres[2]) ** 2).sum())


def test_the_error_function() -> None:
    from math import erf as exact

    x = np.linspace(-7, 7, 2001)
    np.testing.assert_allclose(erf(x), [exact(value) for value in x], rtol=0, atol=3e-16)


# --- graphs -------------------------------------------------------------------------------------


def test_values_that_are_read_twice_add_up_their_gradients() -> None:
    layers = [{"name": "a", "type": "tanh"}, {"name": "b", "type": "sigmoid", "from": "a"},
              {"name": "c", "type": "multiply", "from": ["a", "b", "a"]},
              {"name": "d", "type": "subtract", "from": ["c", "a", "input"]}]  # fmt: skip
    graph = cnnshape.load({"input": [3, 4], "layers": layers}).graph
    slopes = list(check_gradients(plan(graph, 2), {"input": draw(2, 3, 4)}, {}, directions=3))
    assert max(slope.error for slope in slopes) < 1e-7


SHARED = {
    "input": [5],
    "layers": [
        {"name": "one", "type": "linear", "out_features": 5},
        "tanh",
        {"name": "two", "type": "linear", "out_features": 5, "weights_from": "one"},
        {"name": "fixed", "type": "linear", "out_features": 2, "trainable": False},
    ],
}


def test_shared_weights_add_up_and_fixed_ones_get_none() -> None:
    model = cnnshape.load(SHARED)
    result = model.run({"input": draw(3, 5)})
    assert set(result.weight_gradients) == {"one.weight", "one.bias"}
    assert set(result.weights) == {"one.weight", "one.bias", "fixed.weight", "fixed.bias"}
    planned = plan(model.graph, 3)
    weights = weights_of(planned, dtype=np.float64)
    slopes = list(check_gradients(planned, {"input": draw(3, 5)}, weights))
    assert max(slope.error for slope in slopes) < 1e-7


CHANNELS = [
    {"name": "c", "type": "conv2d", "out_channels": 4, "kernel_size": 3, "stride": 2},
    {"name": "n", "type": "batch_norm"},
    "prelu",
    {"type": "max_pool2d", "kernel_size": [2, 1]},
    {"type": "concat", "from": ["max_pool2d_1", "max_pool2d_1"]},
    "softmax",
]


def test_channels_last_gives_the_same_numbers() -> None:
    x = draw(2, 3, 9, 7)
    first = cnnshape.load({"input": [3, 9, 7], "layers": CHANNELS})
    last = cnnshape.load({"input": [9, 7, 3], "layout": "channels_last", "layers": CHANNELS})
    g = draw(2, 8, 2, 3, seed=1)
    one = first.run({"input": x}, output_gradients={"softmax_1": g}, training=True)
    two = last.run({"input": np.moveaxis(x, 1, -1)}, training=True,
                   output_gradients={"softmax_1": np.moveaxis(g, 1, -1)})  # fmt: skip
    np.testing.assert_allclose(
        np.moveaxis(two.outputs["softmax_1"], -1, 1), one.outputs["softmax_1"], rtol=1e-12
    )
    np.testing.assert_allclose(
        np.moveaxis(two.input_gradients["input"], -1, 1), one.input_gradients["input"], atol=1e-13
    )
    for name, g_weight in one.weight_gradients.items():
        np.testing.assert_allclose(two.weight_gradients[name], g_weight, atol=1e-12)


def test_what_is_freed_and_written_over_changes_no_number() -> None:
    graph = cnnshape.load("resnet18", input=(3, 33, 35)).graph
    planned = plan(graph, 2)
    inputs, weights = drawn_inputs(graph, 2), weights_of(planned)
    arena = Arena()
    results = []
    for keep in (None, frozenset(), frozenset()):
        settings = Settings(training=True, keep=keep)
        done = forward(planned, inputs, weights, settings, arena)
        (output,) = graph.outputs
        results.append(done.backward({output: done.values[output]}))
        assert keep is None or set(done.values) == {output}
    for by_inputs, by_weights in results[1:]:
        np.testing.assert_array_equal(by_inputs["input"], results[0][0]["input"])
        for name, value in by_weights.items():
            np.testing.assert_array_equal(value, results[0][1][name])


def test_memory_is_known_before() -> None:
    graph = cnnshape.load("squeezenet1-1").graph
    planned = plan(graph, 2)
    inputs, weights = drawn_inputs(graph, 2), weights_of(planned)
    for backward in (False, True):
        arena, settings = Arena(), Settings(backward=backward, keep=frozenset(), training=True)
        needed = memory_needed(planned, settings)
        done = forward(planned, inputs, weights, settings, arena)
        if backward:
            done.backward({name: done.values[name] for name in graph.outputs})
        del done
        assert 0.3 * (needed.total - needed.weights) < arena.peak < needed.total - needed.weights
        assert arena.lent == 0


def test_precision_is_that_of_the_inputs() -> None:
    head = {"type": "linear", "out_features": 2}
    layers = [DOWN, "batch_norm", "gelu", "flatten", head]
    model = cnnshape.load({"input": [3, 9, 7], "layers": layers})
    for dtype in (np.float32, np.float64):
        result = model.run({"input": draw(2, 3, 9, 7).astype(dtype)}, training=True)
        arrays = {**result.values, **result.input_gradients, **result.weight_gradients}
        assert {name: x.dtype for name, x in arrays.items()} == dict.fromkeys(arrays, dtype)


def test_every_layer_keeps_single_precision() -> None:
    from generators.examples import EXAMPLES

    for example in EXAMPLES:
        graph = cnnshape.load(example.model()).graph
        inputs = drawn_inputs(graph, 2)
        for training in (False, True):
            result = cnnshape.model.Model(graph).run(inputs, training=training)
            arrays = {**result.outputs, **result.weight_gradients, **result.input_gradients}
            for name, x in arrays.items():
                assert x.dtype == (np.float32 if x.dtype.kind == "f" else np.int64), (example, name)


def test_the_seed_decides_weights_and_what_is_dropped() -> None:
    model = cnnshape.load({"input": [3, 9, 7], "layers": [DOWN, "dropout"]})
    x = {"input": draw(2, 3, 9, 7)}
    one, two, other = (model.run(x, training=True, seed=seed).outputs["dropout_1"]
                       for seed in (1, 1, 2))  # fmt: skip
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    kept = model.run(x, seed=1)
    np.testing.assert_array_equal(kept.values["dropout_1"], kept.values["conv2d_1"])
    dropped = one == 0
    assert 0.3 < dropped.mean() < 0.7
    np.testing.assert_allclose(one[~dropped], 2 * kept.values["conv2d_1"][~dropped])


def test_weights_begin_as_those_of_pytorch() -> None:
    layers = [{"name": "c", "type": "conv2d", "out_channels": 64, "kernel_size": 3},
              {"name": "n", "type": "batch_norm"}, "flatten",
              {"name": "l", "type": "linear", "out_features": 50}]  # fmt: skip
    graph = cnnshape.load({"input": [16, 9, 7], "layers": layers}).graph
    weights = weights_of(plan(graph, 1))
    for name, fan_in in (("c.weight", 144), ("c.bias", 144), ("l.weight", 2240)):
        bound = 1 / np.sqrt(fan_in)
        assert np.abs(weights[name]).max() == pytest.approx(bound, rel=0.1)
        assert np.abs(weights[name]).max() <= bound * (1 + 1e-6)
    assert weights["c.weight"].std() == pytest.approx(1 / np.sqrt(3 * 144), rel=0.02)
    assert {float(x) for x in weights["n.weight"]} == {1.0}
    assert {float(x) for x in weights["n.running_var"]} == {1.0}
    double = weights_of(plan(graph, 1), dtype=np.float64)
    np.testing.assert_array_equal(weights["l.weight"], double["l.weight"].astype(np.float32))


def test_integers_are_drawn_below_what_reads_them() -> None:
    layer = {"type": "embedding", "num_embeddings": 4, "embedding_dim": 3}
    words = {"words": {"shape": [7], "dtype": "int64"}}
    loaded = cnnshape.load({"inputs": words, "layers": [layer]})
    words = drawn_inputs(loaded.graph, 50)["words"]
    assert set(words.ravel()) == {0, 1, 2, 3}
    assert loaded.run({"words": words}).input_gradients == {}


@pytest.mark.parametrize("size", [[24, 28], [27, 33]])
def test_fast_convolutions_give_nearly_the_same(size: list[int]) -> None:
    """In double precision nothing is lost; other kernels than 3×3 are computed as ever."""
    layers = [
        {"name": "a", "type": "conv2d", "out_channels": 33, "kernel_size": 3, "padding": 1},
        {"name": "b", "type": "conv2d", "out_channels": 32, "kernel_size": 3, "padding": [2, 0]},
    ]
    model = cnnshape.load({"input": [32, *size], "layers": layers})
    x = draw(2, 32, *size)
    for dtype, tolerance in ((np.float64, 1e-11), (np.float32, 1e-3)):
        slow, fast = (model.run({"input": x.astype(dtype)}, fast=way) for way in (False, True))
        assert (slow.outputs["b"] != fast.outputs["b"]).any()
        np.testing.assert_allclose(fast.outputs["b"], slow.outputs["b"], atol=tolerance)
        np.testing.assert_allclose(
            fast.input_gradients["input"], slow.input_gradients["input"], atol=tolerance
        )


# --- losses -------------------------------------------------------------------------------------


def test_the_loss_of_the_file_begins_the_way_back() -> None:
    layers = [{"name": "out", "type": "linear", "out_features": 4}]
    spec = {"type": "cross_entropy", "label_smoothing": 0.1}
    model = cnnshape.load({"input": [3], "layers": layers, "loss": spec})
    x, target = draw(5, 3), np.array([0, 3, 1, 1, 2])
    result = model.run({"input": x}, target=target)
    loss = losses.cross_entropy(result.outputs["out"], target, label_smoothing=0.1)
    assert result.loss == loss.value
    np.testing.assert_allclose(result.weight_gradients["out.bias"], loss.gradient.sum(axis=0))
    drawn = model.run({"input": x})
    assert drawn.loss is not None
    assert model.run({"input": x}, output_gradients={"out": draw(5, 4)}).loss is None


@pytest.mark.parametrize("name", losses.LOSSES)
def test_gradients_of_losses_are_slopes(name: str) -> None:
    x = 0.1 + 0.8 * np.random.default_rng(0).random((4, 5))
    target = losses.drawn_target(name, x, np.random.default_rng(1))
    for reduction in ("mean", "sum"):
        loss = losses.loss_of({"type": name, "reduction": reduction})
        direction = draw(4, 5, seed=2)
        ends = [loss(x + sign * 1e-6 * direction, target).value for sign in (1, -1)]
        slope = (loss(x, target).gradient * direction).sum()
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(slope, rel=1e-6)
    assert losses.loss_of({"type": name, "reduction": "none"})(x, target).value.shape[0] == 4


def refused(act: Any) -> str:
    with pytest.raises(cnnshape.CnnshapeError) as caught:
        act()
    assert caught.value.diagnostics
    return str(caught.value)


def test_losses_that_cannot_be() -> None:
    x = draw(2, 3)
    assert "no loss `mean`" in refused(lambda: losses.loss_of("mean"))
    assert "no argument `delta`" in refused(lambda: losses.loss_of({"type": "mse", "delta": 1}))
    assert "class 3 is not one of 0 to 2" in refused(lambda: losses.cross_entropy(x, [0, 3]))
    assert "no reduction `max`" in refused(lambda: losses.mse_loss(x, x, reduction="max"))
    assert "need targets of (2, 3)" in refused(lambda: losses.mse_loss(x, x[:1]))


# --- what is refused ----------------------------------------------------------------------------


def test_what_is_asked_for_in_vain() -> None:
    model, x = cnnshape.load("mnist-net"), draw(2, 1, 28, 28)
    run = model.run
    assert refused(lambda: run({})) == ("error[unknown-reference]: the input `input` is not given")
    assert "there is no input `image`" in refused(lambda: run({"input": x, "image": x}))
    assert "`input` is (N, 1, 28, 28), but (2, 1, 28, 27) is given" in refused(
        lambda: run({"input": x[..., 1:]})
    )
    assert "there is no weight `conv1.weights`" in refused(
        lambda: run({"input": x}, weights={"conv1.weights": x})
    )
    assert "`conv1.bias` is (10,), but (9,) is given" in refused(
        lambda: run({"input": x}, weights={"conv1.bias": np.zeros(9)})
    )
    assert "there is no layer `conv9`" in refused(
        lambda: run({"input": x}, output_gradients={"conv9": x})
    )
    assert "`conv1` gives (N, 10, 24, 24), but a gradient of (2, 1, 28, 28)" in refused(
        lambda: run({"input": x}, output_gradients={"conv1": x})
    )


def test_what_is_no_batch_of_numbers() -> None:
    model = cnnshape.load("mnist-net")
    for given in (3, np.zeros((0, 1, 28, 28)), np.zeros((1, 28, 28))):
        wanted = f"`input` is (N, 1, 28, 28), but {np.shape(given)} is given".replace("()", "()")
        assert wanted in refused(lambda given=given: model.run({"input": given}))
    for given in ("word", [[1], [1, 2]], [None], [1j]):
        message = refused(lambda given=given: model.run({"input": given}))
        assert "what is given for `input` is no array of numbers" in message
    embedding = {"type": "embedding", "num_embeddings": 4, "embedding_dim": 2}
    words = {"words": {"shape": [3], "dtype": "int64"}}
    reader = cnnshape.load({"inputs": words, "layers": [embedding]})
    assert "reads the index 4, but has 4 embeddings, 0 to 3" in refused(
        lambda: reader.run({"words": [[0, 4, 1]]})
    )


def test_a_model_that_does_not_hold_is_not_run() -> None:
    model = cnnshape.load("mnist-net-broken")
    with pytest.raises(cnnshape.ModelError) as caught:
        model.run({"input": draw(1, 1, 28, 28)})
    assert [item.rule for item in caught.value.diagnostics] == ["size-mismatch"]


def test_one_value_a_channel_has_no_variance() -> None:
    model = cnnshape.load({"input": [3], "layers": [{"name": "norm", "type": "batch_norm"}]})
    assert model.run({"input": draw(1, 3)}).outputs["norm"].shape == (1, 3)
    assert "`norm` has one value a channel" in refused(
        lambda: model.run({"input": draw(1, 3)}, training=True)
    )


def test_a_missing_kernel_is_an_error_that_names_the_layer() -> None:
    class Odd(Layer):
        """A layer that nobody computes."""

        types: ClassVar = {"odd": None}
        kernel: ClassVar = "cnnshape.kernels.odd"

    try:
        model = cnnshape.load({"input": [3], "layers": [{"name": "strange", "type": "odd"}]})
        assert model.check().ok
        assert "`strange` cannot be run: odd has no kernel" in refused(
            lambda: model.run({"input": draw(1, 3)})
        )
    finally:
        del REGISTRY["odd"]


def test_a_kernel_that_gives_another_shape_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = cnnshape.load({"input": [3, 4], "layers": [{"name": "act", "type": "tanh"}]}).graph
    planned = plan(graph, 2)
    (stage,) = planned.stages

    def transposed(layer: Layer, context: kernels.Context, x: Any) -> kernels.Step:
        return kernels.Step(x.swapaxes(1, 2), lambda g: kernels.Gradients((g,)))

    object.__setattr__(stage, "kernel", stage.kernel._replace(forward=transposed))
    assert "`act` gives (2, 4, 3), but (N, 3, 4) was computed" in refused(
        lambda: executor.forward(planned, {"input": draw(2, 3, 4)}, {})
    )


def test_the_batch_is_any_number() -> None:
    """Each sample by itself gives what it gives among others."""
    model = cnnshape.load({"input": [4, 6], "layers": [
        {"type": "permute", "dims": [1, 0, 2]},
        {"type": "gru", "hidden_size": 3},
        {"type": "permute", "dims": [1, 0, 2]},
        {"type": "multihead_attention", "num_heads": 3, "batch_first": True},
        "squeeze",
        "flatten",
    ]})  # fmt: skip
    x = draw(3, 4, 6)
    whole = model.run({"input": x}).outputs["flatten_1"]
    for number in range(3):
        alone = model.run({"input": x[number : number + 1]}).outputs["flatten_1"]
        np.testing.assert_allclose(alone[0], whole[number], rtol=1e-12)


def test_sizes_of_a_run_are_those_of_its_batch() -> None:
    graph = cnnshape.load("lenet5").graph
    shapes: dict[str, Shape] = plan(graph, 5).shapes
    assert {tuple.__getitem__(shape, 0) for shape in shapes.values()} == {5}


def test_named_sizes_are_those_of_what_is_given() -> None:
    model = cnnshape.load("mnist-net", input="1,H,W")
    x = np.zeros((2, 1, 20, 44), np.float32)
    assert model.run({"input": x}).values["relu_2"].shape == (2, 20, 2, 8)
    with pytest.raises(cnnshape.CnnshapeError, match="takes 320 features, but 500 arrive"):
        model.run({"input": np.zeros((2, 1, 32, 32))})
