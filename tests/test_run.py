"""`cnnshape run` and `check --confirm`: what is confirmed, warned of, refused and written."""

# ruff: noqa: F401, F811 (`run` is a fixture, which is imported and asked for by its name)

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checked import graph as read_graph
from test_cli import Ended, Run, run

import cnnshape
from cnnshape.execute import free_memory
from cnnshape.execute.confirmation import Confirmation, Order, confirm
from cnnshape.execute.failure import RunError
from cnnshape.execute.free_memory import RefusedError, admit
from cnnshape.execute.free_memory import free_memory as free
from cnnshape.kernels import kernel as kernels
from cnnshape.kernels.kernel import Context, Gradients, Kernel, Step
from cnnshape.layers.activation import PlainActivation
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import parse
from cnnshape.sources.spec.reader import read

NET = """# a net
name: net
input: [2, 9, 7]
loss: cross_entropy
layers:
  - {name: conv, type: conv2d, out_channels: 3, kernel_size: 3}
  - relu
  - {name: pool, type: max_pool2d, kernel_size: 2}
  - flatten
  - {name: fc, type: linear, out_features: 4}
"""
DEAD = """input: [1, 6, 6]
layers:
  - {name: conv1, type: conv2d, out_channels: 2, kernel_size: 3}
  - {name: low, type: hardtanh, min_val: -2, max_val: -1}
  - {name: act, type: relu}
  - flatten
  - {name: fc, type: linear, out_features: 3}
"""
SIDE = """input: [4]
layers:
  - {name: a, type: linear, out_features: 3}
  - {name: side, type: linear, out_features: 2, from: a}
  - {name: more, type: linear, out_features: 2, from: side}
  - {name: top, type: linear, out_features: 2, from: a}
"""
ZEROS = """input: [4]
layers:
  - {name: fc, type: linear, out_features: 3}
  - {name: gone, type: subtract, from: [fc, fc]}
  - {name: rms, type: rms_norm, normalized_shape: 3, eps: 0}
"""
WORDS = """inputs: {tokens: {shape: [5], dtype: int64}, x: [4]}
layers:
  - {name: table, type: embedding, num_embeddings: 9, embedding_dim: 4, from: tokens}
  - {name: mean, type: avg_pool1d, kernel_size: 4, from: table}
  - {name: flat, type: flatten, from: mean}
  - {name: both, type: concat, from: [flat, x]}
"""


PLAIN = Order()


def seen(text: str, order: Order = PLAIN, **given: Any) -> Confirmation:
    return confirm(read(parse("net.yaml", text.encode()), Options()), order, **given)


def told(found: Confirmation) -> list[tuple[str, str, str]]:
    return [(item.severity, item.rule, item.message) for item in found.diagnostics]


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    return path


# --- the table ----------------------------------------------------------------------------------


def test_the_table_is_printed_with_what_was_seen(run: Run, net: Path) -> None:
    ended = run("run", "net.yaml", "--dtype", "float64", "--max-memory", "1GiB")
    assert (ended.code, ended.err) == (0, "")
    figures = r"-?[\d.e+-]+"
    shown = re.sub(rf"{figures} to {figures}", "A to B", ended.out)
    lines = [re.sub(r" +", " ", line) for line in shown.split("\n")]
    lines = [re.sub(r"(A to B) [\d.e-]+( [\d.e-]+)? ✓", r"\1 G\2 ✓", line) for line in lines]
    lines = [re.sub(r"G [\d.e-]+ ✓", "G W ✓", line) for line in lines]
    assert lines[0] == "net input (N, 2, 9, 7)"
    assert lines[2] == "Layer Type Output Values Gradient Weights Holds"
    assert lines[4:9] == [
        "conv conv2d (2, 3, 7, 5) A to B G W ✓",
        "relu_1 relu (2, 3, 7, 5) A to B G ✓",
        "pool max_pool2d (2, 3, 3, 2) A to B G ✓",
        "flatten_1 flatten (2, 18) A to B G ✓",
        "fc linear (2, 4) A to B G W ✓",
    ]
    assert lines[10] == "Confirmed 5 of 5 layers, forward and backward"
    assert lines[11] == "Input 2 samples drawn from seed 0, float64, as in evaluation"
    assert re.fullmatch(r"Loss 1\.\d+ \(cross_entropy, its target drawn\)", lines[12])
    assert lines[13] == "Field at the centre `pool` sees 4×4, `fc` sees 8×6"
    assert re.fullmatch(r"Memory about [\d.]+ MiB", lines[14])


def test_figures_are_those_of_the_api(net: Path) -> None:
    found = seen(NET, Order(dtype="float64", seed=3))
    assert found.result is not None
    again = cnnshape.load(net).run({"input": found.result.values["input"]}, seed=3)
    for name, value in again.values.items():
        assert np.array_equal(found.result.values[name], value)
    assert found.loss == again.loss
    weight = again.weight_gradients["conv.weight"]
    assert found.norms["conv.weight"] == pytest.approx(np.linalg.norm(weight))
    sight = found.layers["fc"]
    assert (sight.low, sight.high) == (again.outputs["fc"].min(), again.outputs["fc"].max())
    assert sight.shape == sight.gradient_shape == sight.computed == (2, 4)


def test_a_seed_gives_the_same_again(run: Run, net: Path) -> None:
    first, again, other = (run("run", "net.yaml", "--seed", s).out for s in ("7", "7", "8"))
    assert first == again
    assert first != other


def test_blocks_are_summed_up(run: Run) -> None:
    ended = run("run", "resnet18", "--input", "3,32,32", "--depth", "1", "--no-fields", "--train")
    assert ended.code == 0
    (line,) = [line for line in ended.out.split("\n") if line.startswith("layer1")]
    assert line.endswith("✓")
    assert "(2, 64, 8, 8)" in line
    assert "as in training" in ended.out
    assert "Field" not in ended.out


def test_a_model_that_does_not_hold_is_not_run(run: Run, net: Path) -> None:
    net.write_text(NET.replace("out_features: 4", "out_features: 4, in_features: 5"))
    ended = run("run", "net.yaml")
    assert ended.code == 1
    assert ended.out.startswith("error[size-mismatch]: `fc` takes 5 features, but 18 arrive\n")
    assert ended.out.endswith("net.yaml: 1 error\n")
    data = run("run", "net.yaml", "--format", "json").json
    assert data["layers"] == []
    assert not data["ok"]
    assert [item["rule"] for item in data["diagnostics"]] == ["size-mismatch"]


def test_what_is_no_model_cannot_be_run(run: Run, net: Path) -> None:
    net.write_text("layers: [")
    ended = run("run", "net.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[syntax]: ")


def test_json(run: Run, net: Path) -> None:
    data = run("run", "net.yaml", "--format", "json", "--gradcheck", "--batch", "3").json
    assert (data["ok"], data["batch"], data["dtype"], data["training"]) == (
        True, 3, "float32", False)  # fmt: skip
    conv = data["layers"][0]
    assert conv["output_shape"] == conv["gradient_shape"] == [3, 3, 7, 5]
    assert list(conv["parameters"]) == ["weight", "bias"]
    assert conv["holds"] is True
    assert data["layers"][1]["parameters"] == {}
    assert data["receptive_fields"][0] == {
        "layer": "pool", "input": "input", "seen": [[2, 5], [2, 5]],
        "computed": [[2, 5], [2, 5]], "agrees": True}  # fmt: skip
    assert data["gradcheck"]["compared"] == 5
    assert data["gradcheck"]["worst"]["error"] < 1e-6


# --- what is warned of --------------------------------------------------------------------------


def test_an_activation_that_is_zero_everywhere(run: Run, tmp_path: Path) -> None:
    (tmp_path / "dead.yaml").write_text(DEAD)
    ended = run("run", "dead.yaml")
    assert ended.code == 0
    assert ended.out.split("\n\n")[-1] == (
        "warning[dead-activation]: `act` is zero everywhere, in all 64 values\n"
        " --> dead.yaml:5:12\n"
        "  |\n"
        "5 |   - {name: act, type: relu}\n"
        "  |            ^^^\n"
        "  |\n"
        "  = note: `low` is between -1.51 and -1\n"
        "  = note: no gradient gets to `conv1`, `fc.weight`\n"
    )
    (line,) = [line for line in ended.out.split("\n") if line.startswith("act")]
    assert line.endswith("!")
    assert run("run", "dead.yaml", "--strict").code == 1


def test_a_branch_that_leads_nowhere() -> None:
    found = seen(SIDE)
    assert told(found) == []  # the analysis tells it: unused-layer
    assert found.layers["side"].gradient_norm is None
    assert found.ok


def test_an_output_that_the_loss_is_not_of() -> None:
    found = seen(SIDE + "outputs: [top, more]\nloss: mse\n")
    assert told(found)[0][2] == (
        "`side` gets no gradient: nothing leads from it to `top`, which the loss is of"
    )
    assert seen(SIDE + "outputs: [top, more]\n").diagnostics == ()


def test_a_gradient_that_is_zero() -> None:
    text = ZEROS.replace("rms_norm, normalized_shape: 3, eps: 0", "linear, out_features: 2")
    assert told(seen(text)) == [
        ("warning", "no-gradient", "`fc` gets no gradient: none comes back from `gone`"),
    ]


def test_where_a_gradient_ends_is_told() -> None:
    """Layer norm of one value is its bias, whatever arrives."""
    text = """input: [4]
layers:
  - {name: a, type: linear, out_features: 3}
  - {name: b, type: linear, out_features: 1, from: a}
  - {name: norm, type: layer_norm, normalized_shape: 1}
  - {name: fc, type: linear, out_features: 2}
"""
    (item,) = seen(text).diagnostics
    assert item.message == "`a` gets no gradient: none comes back from `norm`"
    assert item.notes == ("nor do `b`, `norm.weight`, `fc.weight`",)


def test_frozen_weights_are_not_missed() -> None:
    frozen = NET.replace("name: conv,", "name: conv, trainable: false,")
    assert seen(frozen).diagnostics == ()


def test_the_first_value_that_is_not_finite_is_told() -> None:
    found = seen(ZEROS + "  - {name: after, type: linear, out_features: 2}\n")
    assert told(found) == [("error", "not-finite", "`rms` gives no value that is finite")]
    assert found.diagnostics[0].notes == ("`gone` is 0 everywhere",)
    assert not found.ok
    assert not found.layers["after"].holds


def test_inputs_that_are_not_finite(run: Run, net: Path, tmp_path: Path) -> None:
    x = np.zeros((1, 2, 9, 7), np.float32)
    x[0, 1, 3, 2] = np.nan
    np.save(tmp_path / "x.npy", x)
    ended = run("run", "net.yaml", "--input-file", "x.npy")
    assert ended.code == 1
    assert "error[not-finite]: `input` holds 1 of 126 values that is not finite\n" in ended.out
    assert " not finite" in next(x for x in ended.out.split("\n") if x.startswith("conv"))
    data = run("run", "net.yaml", "--input-file", "x.npy", "--format", "json").json
    assert data["layers"][0]["not_finite"] == 27
    assert data["layers"][0]["holds"] is False
    assert data["loss"] is None


def test_a_gradient_that_is_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, lambda x, g: g / 0)
    found = seen(NET.replace("relu", "tanh"))
    assert told(found) == [
        ("error", "not-finite", "the gradient by `conv` is not finite, though its values are")
    ]


def test_a_gradient_of_another_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnshape.execute import finding
    from cnnshape.execute.plan import plan

    honest = seen(NET)
    assert honest.result is not None
    layers = {**honest.layers, "conv": honest.layers["conv"]._replace(gradient_shape=(2, 3, 7, 4))}
    weights = {**honest.result.weight_gradients, "fc.bias": np.zeros(3)}
    result = honest.result._replace(weight_gradients=weights)
    planned = plan(read_graph({"input": [2, 9, 7], "layers": NET_LAYERS}), 2)
    texts = [item.message for item in finding.findings(planned, layers, result)]
    assert texts == [
        "the gradient by `conv` is (2, 3, 7, 4), but it gives (2, 3, 7, 5)",
        "the gradient by `fc.bias` is (3,), but it is (4,)",
    ]


NET_LAYERS = [
    {"name": "conv", "type": "conv2d", "out_channels": 3, "kernel_size": 3},
    "relu",
    {"name": "pool", "type": "max_pool2d", "kernel_size": 2},
    "flatten",
    {"name": "fc", "type": "linear", "out_features": 4},
]


def broken(monkeypatch: pytest.MonkeyPatch, back: Any, forward: Any = np.tanh) -> None:
    """Tanh with another way back."""

    def step(layer: Any, context: Context, x: Any) -> Step:
        def pullback(g: Any) -> Gradients:
            with np.errstate(all="ignore"):
                return Gradients((back(x, g),))

        return Step(forward(x), pullback)

    kernels.find(PlainActivation)
    real = kernels.KERNELS[PlainActivation]
    monkeypatch.setitem(kernels.KERNELS, PlainActivation, Kernel(step, real.initial))


def test_a_shape_that_was_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, lambda x, g: g, lambda x: x[..., :-1])
    found = seen(NET.replace("relu", "tanh"))
    assert told(found) == [
        ("error", "shape-mismatch",
         "`tanh_1` gives (2, 3, 7, 4), but (N, 3, 7, 5) was computed"),
    ]  # fmt: skip
    assert list(found.layers) == ["conv"]
    assert found.result is None


# --- gradients by differences -------------------------------------------------------------------


def test_gradcheck_of_every_parameter_and_input() -> None:
    found = seen(NET, Order(gradcheck=True))
    assert {slope.name for slope in found.slopes} == {
        "input", "conv.weight", "conv.bias", "fc.weight", "fc.bias"}  # fmt: skip
    assert found.worst is not None
    assert found.worst.error < 1e-6
    assert found.ok


def test_gradcheck_catches_a_broken_kernel(
    run: Run,
    net: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken(monkeypatch, lambda x, g: g * (1 - np.tanh(x) ** 2) * 1.01)
    net.write_text(NET.replace("relu", "tanh"))
    ended = run("run", "net.yaml", "--gradcheck")
    assert ended.code == 1
    assert re.search(r"^Gradients +5 compared, the worst off by 9\.9e-03 at `", ended.out, re.M)
    found = re.findall(r"^error\[gradient-mismatch\]: the gradient by `([\w.]+)` gives a slope of "
                       r"[-\d.e]+, differences give [-\d.e]+$", ended.out, re.M)  # fmt: skip
    assert len(found) == 2
    assert "input" in found
    assert "= note: apart by 9.9e-03 of it, with a tolerance of 1.0e-04\n" in ended.out
    assert run("run", "net.yaml", "--gradcheck", "--tolerance", "0.1").code == 0


# --- inputs in files ----------------------------------------------------------------------------


def test_an_array_is_the_input(run: Run, net: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 255, (5, 2, 9, 7), np.uint8)
    np.save(tmp_path / "x.npy", x)
    ended = run("run", "net.yaml", "--input-file", "x.npy", "--save", "seen.npz")
    assert ended.code == 0
    assert "5 samples given, float32" in ended.out
    with np.load(tmp_path / "seen.npz") as saved:
        assert np.array_equal(saved["values/input"], x.astype(np.float32))
        assert saved["values/fc"].shape == (5, 4)


def test_what_is_saved_is_what_was_seen(run: Run, net: Path, tmp_path: Path) -> None:
    norm = NET.replace("  - relu", "  - {name: bn, type: batch_norm}\n  - relu")
    net.write_text(norm)
    ended = run("run", "net.yaml", "--save", "seen.npz", "--dtype", "float64", "--train")
    assert ended.code == 0
    expected = seen(norm, Order(dtype="float64", training=True)).result
    assert expected is not None
    with np.load(tmp_path / "seen.npz") as saved:
        assert float(saved["loss"]) == expected.loss
        for group in ("values", "input_gradients", "weight_gradients", "weights", "buffers"):
            arrays = getattr(expected, group)
            names = {n.removeprefix(f"{group}/") for n in saved.files if n.startswith(f"{group}/")}
            assert names == set(arrays)
            assert all(np.array_equal(saved[f"{group}/{n}"], arrays[n]) for n in names)


def test_several_inputs_and_a_target_by_name(
    run: Run,
    tmp_path: Path,
) -> None:
    (tmp_path / "words.yaml").write_text(WORDS + "loss: mse\n")
    tokens, x = np.arange(10).reshape(2, 5) % 9, np.ones((2, 4))
    np.savez(tmp_path / "in.npz", tokens=tokens, x=x, target=np.zeros((2, 9)))
    ended = run("run", "words.yaml", "--input-file", "in.npz")
    assert ended.code == 0
    assert re.search(r"^Loss +[\d.]+ \(mse, its target given\)$", ended.out, re.M)
    drawn = run("run", "words.yaml")
    assert re.search(r"^Loss +[\d.]+ \(mse, its target drawn\)$", drawn.out, re.M)


def test_x_and_y_are_an_input_and_its_target(
    run: Run,
    net: Path,
    tmp_path: Path,
) -> None:
    np.savez(tmp_path / "xy.npz", x=np.ones((3, 2, 9, 7)), y=np.array([0, 3, 1]))
    ended = run("run", "net.yaml", "--input-file", "xy.npz")
    assert ended.code == 0
    assert "its target given" in ended.out


def refused(ended: Ended, message: str) -> None:
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: {message}\n"


X = np.ones((2, 2, 9, 7), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X[:, :1]}, "`input` is (N, 2, 9, 7), but (2, 1, 9, 7) is given; load the model "
         "with this `input`, or give what it takes"),
        ({"x": X[0]}, "`input` is (N, 2, 9, 7), but (2, 9, 7) is given; load the model "
         "with this `input`, or give what it takes"),
        ({"x": X, "y": np.array([0, 4])}, "class 4 is not one of 0 to 3"),
        ({"x": X, "y": np.array([0, 1, 1])},
         "predictions of (2, 4) need targets of (2,), but (3,) are given"),
        ({"input": X, "other": X},
         "in.npz holds `other`, which is no input; the model has `input`"),
        ({"x": np.array(["a", "b"])}, "`input` reads numbers, but in.npz holds <U1"),
        ({"y": np.array([0, 1])}, "in.npz holds no `input`"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit(
    run: Run,
    net: Path,
    tmp_path: Path,
    arrays: Any,
    message: str,
) -> None:
    np.savez(tmp_path / "in.npz", **arrays)
    refused(run("run", "net.yaml", "--input-file", "in.npz"), message)


def test_integers_where_integers_are_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text(WORDS)
    np.savez(tmp_path / "in.npz", tokens=np.ones((2, 5)), x=np.ones((2, 4)))
    refused(run("run", "words.yaml", "--input-file", "in.npz"),
            "`tokens` reads integers, but in.npz holds float64")  # fmt: skip
    np.save(tmp_path / "one.npy", np.ones((2, 4)))
    refused(run("run", "words.yaml", "--input-file", "one.npy"),
            "one.npy holds one array, but there are `tokens`, `x`; "
            "give them by name in an .npz file")  # fmt: skip


def test_files_that_hold_no_arrays(run: Run, net: Path, tmp_path: Path) -> None:
    refused(
        run("run", "net.yaml", "--input-file", "no.npy"),
        "cannot read no.npy: no such file or directory",
    )
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("objects.npy", "text.npy", "empty.npz"):
        refused(run("run", "net.yaml", "--input-file", name),
                f"{name} is no .npy or .npz file of numbers")  # fmt: skip


def test_a_batch_that_contradicts_the_file(
    run: Run,
    net: Path,
    tmp_path: Path,
) -> None:
    np.save(tmp_path / "x.npy", X)
    refused(run("run", "net.yaml", "--input-file", "x.npy", "--batch", "3"),
            "--batch is 3, but --input-file holds 2")  # fmt: skip
    assert run("run", "net.yaml", "--input-file", "x.npy", "--batch", "2").code == 0


def test_a_word_that_the_table_does_not_hold(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text(WORDS)
    np.savez(tmp_path / "in.npz", tokens=np.full((2, 5), 9), x=np.ones((2, 4)))
    ended = run("run", "words.yaml", "--input-file", "in.npz")
    assert ended.code == 1
    assert "error[invalid-value]: `table` " in ended.out


# --- losses -------------------------------------------------------------------------------------


def test_a_loss_that_there_is_not(run: Run, net: Path) -> None:
    net.write_text(NET.replace("cross_entropy", "focal"))
    ended = run("run", "net.yaml")
    assert ended.code == 1
    assert "Confirmed  5 of 5 layers, forward alone\n" in ended.out
    assert "error[invalid-value]: there is no loss `focal`\n" in ended.out


def test_without_a_loss_gradients_are_drawn(run: Run, net: Path) -> None:
    net.write_text(NET.replace("loss: cross_entropy\n", ""))
    assert "Loss       none; random gradients of the outputs\n" in run("run", "net.yaml").out


def test_a_loss_that_is_not_reduced() -> None:
    text = NET.replace("cross_entropy", "{type: cross_entropy, reduction: none}")
    whole = seen(NET.replace("cross_entropy", "{type: cross_entropy, reduction: sum}"))
    assert seen(text).loss == pytest.approx(whole.loss)


# --- memory -------------------------------------------------------------------------------------


def test_a_model_that_will_not_fit_is_refused(run: Run, net: Path) -> None:
    ended = run("run", "net.yaml", "--max-memory", "100KiB")
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(
        r"error: net\.yaml: needs [\d.]+ MiB, but 100\.00 KiB may be used; "
        r"a smaller --batch needs less, --max-memory allows more\n",
        ended.err,
    )


@pytest.mark.parametrize("text", ["-1", "much", "0", "<= 2GiB", "2XB"])
def test_a_size_is_a_number_with_a_unit(run: Run, net: Path, text: str) -> None:
    refused(run("run", "net.yaml", f"--max-memory={text}"),
            f"--max-memory {text}: write a size such as 2GiB or 500MB")  # fmt: skip


def test_more_samples_need_more() -> None:
    few, many = (seen(NET, Order(batch=batch, fields=False)).needed for batch in (1, 200))
    assert few < many
    with pytest.raises(RefusedError) as refusal:
        seen(NET, Order(batch=200, fields=False), most=many - 1)
    assert refusal.value.needed == many
    assert seen(NET, Order(batch=200, fields=False), most=many).needed == many


def test_a_part_of_what_is_free_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda: 1000)
    admit(800)
    with pytest.raises(RefusedError, match="needs 801 bytes, but 800 bytes may be used"):
        admit(801)
    monkeypatch.setattr(free_memory, "free_memory", lambda: None)
    admit(1 << 60)


def test_free_memory_is_the_least_of_machine_and_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:    4096 kB\n")
    monkeypatch.setattr(free_memory, "MEMINFO", meminfo)
    monkeypatch.setattr(free_memory, "GROUPS", tmp_path)
    assert free() == 4096 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert free() == 4096 * 1024
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert free() == 3000
    meminfo.unlink()
    (tmp_path / "memory.max").unlink()
    assert (free() or 1) > 0


# --- check --confirm ----------------------------------------------------------------------------


def test_check_says_what_was_confirmed(run: Run, net: Path) -> None:
    plain = run("check", "net.yaml").out.rstrip("\n")
    ended = run("check", "net.yaml", "--confirm")
    assert ended == Ended(0, f"{plain} · confirmed: forward and backward\n", "")
    assert run("check", "net.yaml", "--confirm", "--format", "json").json["models"][0]["confirmed"]
    assert "confirmed" not in run("check", "net.yaml", "--format", "json").json["models"][0]


def test_check_says_what_disagrees(run: Run, net: Path) -> None:
    net.write_text(ZEROS)
    ended = run("check", "net.yaml", "--confirm")
    assert ended.code == 1
    assert ended.out.startswith("error[not-finite]: `rms` gives no value that is finite\n")
    assert ended.out.endswith("net.yaml: 1 error\n")
    assert run("check", "net.yaml").code == 0
    model = run("check", "net.yaml", "--confirm", "--format", "json").json["models"][0]
    assert (model["ok"], model["confirmed"]) == (False, False)


def test_check_warns(run: Run, net: Path) -> None:
    net.write_text(SIDE)
    ended = run("check", "net.yaml", "--confirm")
    assert ended.code == 0
    assert "\nnet.yaml: ok, 1 warning · 4 layers" in ended.out
    assert ended.out.endswith(" · confirmed: forward and backward\n")
    assert run("check", "net.yaml", "--confirm", "--strict").code == 1


def test_check_says_what_was_refused(run: Run, net: Path) -> None:
    ended = run("check", "net.yaml", "--confirm", "--max-memory", "1MB")
    assert ended.code == 2
    assert re.search(
        r" · not confirmed: needs [\d.]+ MiB, but 976\.56 KiB may be used\n$", ended.out
    )
    asked = ("--confirm", "--max-memory", "1MB", "--format", "json")
    model = run("check", "net.yaml", *asked).json["models"][0]
    assert (model["ok"], model["confirmed"]) == (True, False)
    assert model["unconfirmed"].startswith("needs ")
    refused(run("check", "net.yaml", "--max-memory", "1GB"),
            "--max-memory is of use with --confirm alone")  # fmt: skip


def test_a_missing_kernel_names_the_layer(
    run: Run,
    net: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cnnshape.execute import plan

    monkeypatch.setattr(plan, "find", lambda layer: None)
    ended = run("run", "net.yaml")
    assert ended.code == 2
    assert ended.err.startswith("error: `conv` cannot be run: conv2d has no kernel; name ")
    ended = run("check", "net.yaml", "--confirm")
    assert ended.code == 1
    assert "\nerror[missing-kernel]: `conv` cannot be run: " in ended.out


def test_the_input_may_have_another_shape(run: Run, net: Path) -> None:
    ended = run("run", "net.yaml", "--input", "2,11,7", "--format", "json")
    assert ended.json["layers"][0]["output_shape"] == [2, 3, 9, 5]


def test_the_result_goes_to_a_file_whole(run: Run, net: Path, tmp_path: Path) -> None:
    net.write_text(NET.replace("kernel_size: 2}", "kernel_size: 2, ceil_mode: true}"))
    ended = run("run", "net.yaml", "-o", "table.txt")
    assert ended == Ended(0, "", "")
    assert (tmp_path / "table.txt").read_text().startswith("net  input (N, 2, 9, 7)\n")
    (tmp_path / "seen.npz").write_bytes(b"before")
    refused(run("run", "net.yaml", "--save", "no/seen.npz", "-o", "table.txt"),
            "cannot write no/seen.npz: no such file or directory")  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "net.yaml", "seen.npz", "table.txt"]  # fmt: skip


def test_a_long_run_shows_a_bar_on_a_terminal(
    run: Run,
    net: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = "cnnshape.cli.run"
    quick = run("run", "net.yaml", "--gradcheck")
    monkeypatch.setattr(sys.modules[command], "stderr_is_terminal", lambda: True)
    monkeypatch.setattr(sys.modules[command], "PATIENCE_SECONDS", -1.0)
    ended = run("run", "net.yaml", "--gradcheck", FORCE_COLOR="1", NO_COLOR="1")
    assert ended.out == quick.out
    assert "running" in ended.err
    assert "comparing gradients" in ended.err
    assert quick.err == ""


def test_fast_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnshape.execute import executor

    asked = []
    honest = executor._context

    def context(forward: Any, *rest: Any) -> Context:
        asked.append(forward.settings.fast)
        return honest(forward, *rest)

    monkeypatch.setattr(executor, "_context", context)
    seen(NET, Order(fast=True, fields=False))
    assert asked == [True] * 5


def test_nothing_else_is_raised() -> None:
    with pytest.raises(RunError):
        seen(NET.replace("cross_entropy", "mse"), given=given(np.ones((1, 2, 9, 7)), np.ones(3)))


def given(x: Any, target: Any) -> Any:
    from cnnshape.execute.archive import Given

    return Given({"input": x}, target)


def test_json_has_no_nan(run: Run, net: Path) -> None:
    net.write_text(ZEROS)
    out = run("run", "net.yaml", "--format", "json").out
    data = json.loads(out, parse_constant=pytest.fail)
    assert data["layers"][2]["not_finite"] == 6
    assert data["layers"][0]["gradient_norm"] is None


def test_named_sizes_take_their_examples(run: Run, net: Path) -> None:
    net.write_text(NET.replace("[2, 9, 7]", "[2, H, W]").replace("- flatten", "- global_avg_pool"))
    ended = run("run", "net.yaml", "--input", "2,H=12,W=9", "--format", "json")
    assert ended.json["layers"][0]["output_shape"] == [2, 3, 10, 7]
    assert run("check", "net.yaml", "--confirm").out.endswith("confirmed: forward and backward\n")
    np.save("x.npy", np.ones((3, 2, 15, 8)))
    ended = run("run", "net.yaml", "--input-file", "x.npy", "--format", "json")
    assert ended.json["layers"][0]["output_shape"] == [3, 3, 13, 6]


def test_a_tolerance_without_end_is_refused(run: Run, net: Path) -> None:
    refused(run("run", "net.yaml", "--gradcheck", "--tolerance", "inf"),
            "--tolerance inf: write a number such as 1e-4")  # fmt: skip
