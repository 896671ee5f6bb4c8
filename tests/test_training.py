"""Training: schedules, losses, the loop, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from training_data import TINY, Array, patterns, write_mnist

import cnnshape
from cnnshape import replacement
from cnnshape.execute import losses
from cnnshape.graph import Graph
from cnnshape.training import checkpoint
from cnnshape.training.checkpoint import load, save
from cnnshape.training.dataset import Dataset, dataset
from cnnshape.training.failure import DataError, TrainingError
from cnnshape.training.files import VALID, read_arrays
from cnnshape.training.history import Epoch, best, out_of_patience
from cnnshape.training.objective import Objective
from cnnshape.training.options import Options, resumed
from cnnshape.training.overfit import overfit, still
from cnnshape.training.schedule import schedule
from cnnshape.training.trainer import Trainer


def tiny(samples: int = 90) -> tuple[Graph, Dataset]:
    graph = cnnshape.load(yaml.safe_load(TINY)).graph
    x, y = patterns(samples, 3, 6, 5)
    return graph, dataset(graph, {"x": x, "y": y})


@contextmanager
def one_thread() -> Iterator[None]:
    """Small products are slow where threads of several processes wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


# Schedules


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1", [0.1, 0.1, 0.1, 0.1, 0.1]),
        ("constant:0.1", [0.1, 0.1, 0.1, 0.1, 0.1]),
        ("linear:0.5:0.1", [0.5, 0.4, 0.3, 0.2, 0.1]),
        ("linear:0.5:0.9", [0.5, 0.6, 0.7, 0.8, 0.9]),
        ("cosine:0.8:0", [0.8, 0.4 + 0.4 * 0.5**0.5, 0.4, 0.4 - 0.4 * 0.5**0.5, 0.0]),
        ("step:0.8:0.5:2", [0.8, 0.8, 0.4, 0.4, 0.2]),
    ],
)
def test_a_schedule_has_these_values(text: str, values: list[float]) -> None:
    found = schedule(text)
    assert [found.value(epoch, 5) for epoch in range(1, 6)] == pytest.approx(values)
    assert found.value(1, 1) == values[0]


@pytest.mark.parametrize(
    "text",
    ["", "fast", "linear", "linear:1", "linear:1:2:3", "cosine:1:x", "step:1:2:0", "-1", "nan"],
)
def test_a_schedule_that_is_none(text: str) -> None:
    with pytest.raises(DataError, match=f"^error.*--lr {text}: "):
        schedule(text, "--lr")


def test_the_optimiser_follows_the_schedules() -> None:
    graph, data = tiny(12)
    options = Options(
        optimiser="sgd", lr="linear:0.3:0.1", momentum="linear:0.5:0.9", epochs=3, split=0
    )
    trainer = Trainer(graph, data, options)
    found = []
    for epoch in trainer.epochs():
        found += [epoch.lr, trainer.optimiser.momentum]  # type: ignore[attr-defined]
    assert found == pytest.approx([0.3, 0.5, 0.2, 0.7, 0.1, 0.9])


# What is made small


def trained_for(last: Any, y: Array, outputs: int = 3, **fields: object) -> Objective:
    layers = [{"name": "fc", "type": "linear", "out_features": outputs}, *([last] if last else [])]
    graph = cnnshape.load({"input": [4], "layers": layers, **fields}).graph
    data = dataset(graph, {"x": np.ones((len(y), 4)), "y": y})
    trainer = Trainer(graph, data, Options(split=0, epochs=1))
    trainer.epoch()
    return trainer.objective


CLASSES = np.array([0, 2, 1, 1])


@pytest.mark.parametrize(
    ("last", "y", "outputs", "kind", "layer"),
    [
        (None, CLASSES, 3, losses.cross_entropy, "fc"),
        (None, CLASSES[:, None], 3, losses.cross_entropy, "fc"),
        (None, np.eye(3, dtype=int)[CLASSES], 3, losses.cross_entropy, "fc"),
        (None, CLASSES / 2, 1, losses.mse_loss, "fc"),
        (None, np.ones((4, 3)), 3, losses.mse_loss, "fc"),
        ("log_softmax", CLASSES, 3, losses.nll_loss, "log_softmax_1"),
        ("softmax", CLASSES, 3, losses.cross_entropy, "fc"),
        ("sigmoid", CLASSES % 2, 1, losses.binary_cross_entropy, "sigmoid_1"),
        ("sigmoid", np.eye(3, dtype=int)[CLASSES], 3, losses.binary_cross_entropy, "sigmoid_1"),
        (None, CLASSES > 0, 1, losses.binary_cross_entropy_with_logits, "fc"),
    ],
)
def test_the_loss_without_one_in_the_file(
    last: str | None, y: Array, outputs: int, kind: object, layer: str
) -> None:
    found = trained_for(last, y, outputs)
    assert (found.kind, found.layer) == (kind, layer)
    told = found.notes != ()
    assert told == (last in ("log_softmax", "softmax") or y.dtype.kind in "fb")


def test_the_loss_of_the_file_stands() -> None:
    assert trained_for(None, CLASSES, loss="mse", outputs=1).kind is losses.mse_loss
    smoothed = trained_for(None, CLASSES, loss={"type": "cross_entropy", "label_smoothing": 0.1})
    assert smoothed.notes == ()
    twice = trained_for("softmax", CLASSES, loss="cross_entropy")
    assert twice.layer == "softmax_1"
    assert "once more" in twice.notes[0]
    assert "no log_softmax" in trained_for(None, CLASSES, loss="nll").notes[0]
    ignoring = {"type": "cross_entropy", "ignore_index": 9}
    trained_for(None, np.array([0, 9, 1, 2]), loss=ignoring)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (CLASSES + 1, "3 classes, 0 to 2, but the label of sample 1 is 3"),
        (CLASSES - 1, "3 classes, 0 to 2, but the label of sample 0 is -1"),
        (np.ones((4, 2), int), r"targets of \(N,\) or \(N, 3\), but `y` is \(N, 2\)"),
        (np.ones((4, 2)), r"targets of \(N, 3\), but `y` is \(N, 2\)"),
    ],
)
def test_labels_that_do_not_fit(y: Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        trained_for(None, y)


def test_ignored_labels_are_neither_right_nor_wrong() -> None:
    loss = {"type": "cross_entropy", "ignore_index": 9}
    found = trained_for(None, np.array([0, 9, 1, 2]), loss=loss)
    x = np.eye(4, 3)
    assert found.correct(x, np.array([0, 9, 1, 2])) == pytest.approx(1 / 3)


def test_classes_as_floats_are_explained() -> None:
    with pytest.raises(DataError) as error:
        trained_for(None, CLASSES.astype(float))
    assert error.value.diagnostics[0].help == "classes are integers: write y.astype(int)"


def test_a_model_without_weights() -> None:
    graph = cnnshape.load({"input": [3], "layers": ["relu"]}).graph
    with pytest.raises(DataError, match="the model has no weights to train"):
        Trainer(graph, dataset(graph, {"x": np.ones((4, 3)), "y": CLASSES}), Options())


def test_labels_from_one_are_explained() -> None:
    with pytest.raises(DataError) as error:
        trained_for(None, CLASSES + 1)
    assert error.value.diagnostics[0].help == "labels count from 0: write y - 1"


# The loop


def test_the_same_seed_gives_the_same_bits() -> None:
    graph, data = tiny()
    runs = []
    for seed in (3, 3, 4):
        trainer = Trainer(graph, data, Options(epochs=2, batch_size=16, seed=seed))
        list(trainer.epochs())
        runs.append(trainer)
    assert_same(runs[0].weights, runs[1].weights)
    assert (runs[0].weights["fc.weight"] != runs[2].weights["fc.weight"]).any()


def assert_same(a: dict[str, Array], b: dict[str, Array]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert value.dtype == b[name].dtype, name
        assert value.tobytes() == b[name].tobytes(), name


def losses_of(history: list[Epoch]) -> list[Epoch]:
    return [epoch._replace(seconds=0) for epoch in history]


@pytest.mark.parametrize(
    "options",
    [
        Options(epochs=5, batch_size=16, lr="cosine:0.01:0", weight_decay=0.01),
        Options(optimiser="sgd", nesterov=True, epochs=5, batch_size=16, lr="step:0.05:0.5:2"),
        Options(optimiser="sgd", momentum="linear:0.5:0.9", epochs=5, batch_size=7, split=0),
    ],
)
def test_a_resumed_training_has_the_same_bits(options: Options, tmp_path: Path) -> None:
    graph, data = tiny()
    whole = Trainer(graph, data, options)
    list(whole.epochs())
    first = Trainer(graph, data, options)
    first.epoch()
    first.epoch()
    save(tmp_path / "state.npz", first.state())
    state = load(tmp_path / "state.npz")
    second = Trainer(graph, data, resumed(state.options, {}))
    second.resume(state)
    list(second.epochs())
    assert_same(whole.weights, second.weights)
    assert_same(whole.best, second.best)
    assert_same(whole.optimiser.state, second.optimiser.state)
    assert losses_of(whole.history) == losses_of(second.history)
    assert whole.random.bit_generator.state == second.random.bit_generator.state


def test_only_what_is_the_same_can_be_resumed() -> None:
    graph, data = tiny()
    options = Options(epochs=1)
    state = Trainer(graph, data, options).state()
    x, y = patterns(90, 3, 6, 5, seed=7)
    with pytest.raises(DataError, match="the data is not that of the checkpoint"):
        Trainer(graph, dataset(graph, {"x": x, "y": y}), options).resume(state)
    other = cnnshape.load(yaml.safe_load(TINY.replace("relu", "tanh"))).graph
    with pytest.raises(DataError, match="the model is not that of the checkpoint"):
        Trainer(other, data, options).resume(state)
    with pytest.raises(DataError, match=r"--seed 1: the checkpoint was trained with 0"):
        resumed(options.as_data(), {"seed": 1})
    with pytest.raises(DataError, match="the schedule of the checkpoint ends after 1 epochs"):
        resumed(replace(options, lr="linear:1:0").as_data(), {"epochs": 3})
    assert resumed(options.as_data(), {"epochs": 3, "patience": 2}).epochs == 3


def epochs(*scores: float) -> list[Epoch]:
    return [Epoch(n, 1.0, score, None, 0.1, 0.0) for n, score in enumerate(scores, 1)]


def test_patience() -> None:
    assert not out_of_patience([], 1)
    assert not out_of_patience(epochs(1, 2, 3), None)
    assert not out_of_patience(epochs(3, 2, 1, 2), 2)
    assert out_of_patience(epochs(3, 2, 1, 2, 1), 2)
    assert best(epochs(3, 1, 2, 1)).epoch == 2


def test_training_stops_without_progress_and_gives_the_best_weights() -> None:
    graph, data = tiny()
    trainer = Trainer(graph, data, Options(epochs=40, lr="0.5", patience=3, batch_size=16))
    kept = {}
    for epoch in trainer.epochs():
        kept[epoch.epoch] = {name: value.copy() for name, value in trainer.weights.items()}
    assert trainer.impatient
    assert len(trainer.history) == best(trainer.history).epoch + 3 < 40
    assert_same(dict(trainer.result), kept[best(trainer.history).epoch])


def test_a_loss_that_is_no_number_ends_it() -> None:
    graph = cnnshape.load({"input": [3], "layers": [{"type": "linear", "out_features": 1}]}).graph
    data = dataset(graph, {"x": np.ones((8, 3)), "y": np.ones(8)})
    trainer = Trainer(graph, data, Options(optimiser="sgd", lr="1e30", epochs=9, split=0))
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf)"):
        list(trainer.epochs())


def test_one_sample_is_not_left_alone() -> None:
    """A batch norm would divide by the variance of one value."""
    layers = [{"type": "batch_norm1d"}, {"type": "linear", "out_features": 2}]
    graph = cnnshape.load({"input": [3], "layers": layers}).graph
    x = np.random.default_rng(0).random((9, 3))
    trainer = Trainer(
        graph, dataset(graph, {"x": x, "y": np.arange(9) % 2}), Options(batch_size=4, split=0)
    )
    trainer.epoch()
    assert set(trainer.plans) == {1, 4, 5}  # 1: where the weights are drawn
    assert all(np.isfinite(value).all() for value in trainer.weights.values())


@pytest.mark.parametrize(
    "fields",
    [
        {"optimiser": "lion"},
        {"momentum": "0.9"},
        {"nesterov": True},
        {"optimiser": "sgd", "momentum": "1"},
        {"split": 1.0},
        {"split": float("nan")},
        {"weight_decay": -1.0},
        {"epochs": 0},
    ],
)
def test_options_that_are_none(fields: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        Options(**fields)


# Checkpoints


def test_a_checkpoint_is_whole_or_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, data = tiny(12)
    path = tmp_path / "state.npz"
    trainer = Trainer(graph, data, Options())
    save(path, trainer.state())
    before = path.read_bytes()
    trainer.epoch()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for place, name in ((Path, "replace"), (checkpoint.np, "savez"), (replacement.os, "fsync")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            with pytest.raises(DataError, match=r"cannot write .*: no space left on device"):
                save(path, trainer.state())
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_checkpoint_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, data = tiny(12)
    path = tmp_path / "state.npz"
    save(path, Trainer(graph, data, Options()).state())

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replacement.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(path, Trainer(graph, data, Options(seed=1)).state())
    assert load(path).options["seed"] == 0
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    with pytest.raises(DataError, match="no such file"):
        load(path)
    path.write_text("weights")
    with pytest.raises(DataError, match="is no checkpoint"):
        load(path)
    np.savez(path, x=np.ones(3))
    with pytest.raises(DataError, match="is no checkpoint"):
        load(path)


# By heart


def test_a_few_samples_are_learned_by_heart() -> None:
    graph, data = tiny()
    found = overfit(graph, data, Options(lr="0.01"), 8)
    assert found.ok
    assert found.last <= 0.01 * found.first
    assert found.steps < 200
    again = overfit(graph, data, Options(lr="0.01"), 8)
    assert found == again


def test_what_cannot_be_learned_by_heart() -> None:
    """The same sample with two labels."""
    graph, data = tiny(2)
    x = {name: values[[0, 0]] for name, values in data.inputs.items()}
    twins = replace(data, inputs=x, target=np.array([0, 1]))
    found = overfit(graph, twins, Options(lr="0.01"), 2, 100)
    assert not found.ok
    assert found.steps == 100
    with pytest.raises(DataError, match="the data hold 2 samples"):
        overfit(graph, twins, Options(), 3)


def test_dropout_is_off_where_one_learns_by_heart() -> None:
    graph, _ = tiny()
    dropped = [vars(node.layer)["p"] for node in still(graph).nodes if node.type == "dropout"]
    assert dropped == [0.0]


# Whole trainings

DIGITS = """
input: [1, 8, 8]
layers:
  - {type: conv2d, out_channels: 16, kernel_size: 3, padding: 1}
  - batch_norm2d
  - relu
  - {type: conv2d, out_channels: 32, kernel_size: 3, padding: 1}
  - batch_norm2d
  - relu
  - {type: max_pool2d, kernel_size: 2}
  - flatten
  - {type: linear, out_features: 10}
"""


def test_handwritten_digits() -> None:
    """1,437 of scikit-learn's pictures of 8 × 8 are learned, 360 others are told right."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    graph = cnnshape.load(yaml.safe_load(DIGITS)).graph
    train, test = (
        dataset(graph, {"x": digits.images[rows] / 16, "y": digits.target[rows]})
        for rows in (order[360:], order[:360])
    )
    with one_thread():
        trainer = Trainer(
            graph, train, Options(epochs=10, batch_size=32, lr="cosine:0.003:0", split=0)
        )
        list(trainer.epochs())
        accuracy = trainer.measure(trainer.objective.fitted(test)).accuracy
    assert accuracy is not None
    assert accuracy >= 0.98


def test_the_mnist_net_of_the_lecture(tmp_path: Path) -> None:
    for name, samples, seed in (("train", 600, 0), ("t10k", 100, 1)):
        write_mnist(tmp_path, name, *patterns(samples, 10, 28, 28, seed=seed), compressed=True)
    graph = cnnshape.load("mnist-net").graph
    train = dataset(graph, read_arrays(tmp_path))
    test = dataset(graph, read_arrays(tmp_path, VALID), VALID)
    with one_thread():
        options = Options(optimiser="sgd", nesterov=True, lr="0.02", epochs=3, batch_size=32)
        trainer = Trainer(graph, train, options, test)
        last = list(trainer.epochs())[-1]
    assert trainer.objective.kind is losses.nll_loss
    assert last.accuracy is not None
    assert last.accuracy >= 0.95
