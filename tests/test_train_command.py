"""`cnnshape train` as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pages import environment, in_process
from training_data import TINY, patterns, write_tiny

import cnnshape
from cnnshape.report.curve import as_svg
from cnnshape.training.history import Epoch

TRAIN = "cnnshape train tiny.yaml --data tiny.npz --batch-size 16"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny(tmp_path)
    return tmp_path


def figures(folder: Path, command: str) -> Any:
    code, printed = in_process(f"{command} --format json", folder)
    assert code == 0, printed
    return json.loads(printed)


def test_a_line_an_epoch(folder: Path) -> None:
    code, printed = in_process(f"{TRAIN} --epochs 3", folder)
    head, empty, titles, *rows, space, closing = printed.splitlines()
    assert code == 0
    assert head == ("tiny  72 samples, 18 more for validation · cross entropy · adam, lr 0.001")
    assert (empty, space) == ("", "")
    assert " ".join(titles.split()) == "epoch train loss valid loss ratio accuracy seconds"
    shape = re.compile(r" +\d +\d\.\d{5} +\d\.\d{5} +\d\.\d{3} +\d+\.\d % +\d+\.\d\d")
    assert len(rows) == 3
    assert all(shape.fullmatch(row) for row in rows), rows
    assert re.fullmatch(
        r"lowest validation loss \d\.\d{5} in epoch \d, accuracy \d+\.\d %", closing
    )


def test_quiet_prints_what_came_of_it(folder: Path) -> None:
    code, printed = in_process(f"{TRAIN} --epochs 2 --quiet --split 0", folder)
    assert code == 0
    head, closing = printed.splitlines()
    assert head.startswith("tiny  90 samples · cross entropy")
    assert closing.startswith("lowest training loss ")


def test_json(folder: Path) -> None:
    found = figures(folder, f"{TRAIN} --epochs 2")
    assert found["version"] == 1
    assert (found["model"], found["samples"], found["validation"]) == ("tiny", 72, 18)
    assert [epoch["epoch"] for epoch in found["epochs"]] == [1, 2]
    first = found["epochs"][0]
    assert first["ratio"] == pytest.approx(first["train_loss"] / first["valid_loss"])
    assert set(first) == {
        "epoch", "train_loss", "valid_loss", "accuracy", "lr", "seconds", "ratio"
    }  # fmt: skip
    assert found["best"] in found["epochs"]
    assert found["stopped"] == "epochs"


def test_what_is_learned_can_be_used(folder: Path) -> None:
    """The weights that --save writes are those that `Model.run` takes."""
    found = figures(folder, f"{TRAIN} --epochs 12 --lr 0.01 --save weights.npz")
    assert found["best"]["accuracy"] == 1.0
    x, y = patterns(20, 3, 6, 5, seed=5)
    with np.load(folder / "weights.npz") as archive:
        weights = dict(archive)
    result = cnnshape.load(folder / "tiny.yaml").run(
        {"input": np.float32(x[:, None] / 255)}, weights=weights
    )
    assert (result.outputs["fc"].argmax(axis=1) == y).mean() >= 0.95


def test_the_result_in_a_file(folder: Path) -> None:
    code, printed = in_process(f"{TRAIN} --epochs 1 -o table.txt", folder)
    assert (code, printed) == (0, "")
    assert len((folder / "table.txt").read_text().splitlines()) == 6


def test_resume_is_as_if_nothing_had_happened(folder: Path) -> None:
    options = f"{TRAIN} --optimiser sgd --nesterov --lr step:0.1:0.5:2"
    in_process(f"{options} --epochs 4 --checkpoint whole.npz", folder)
    in_process(f"{options} --epochs 2 --checkpoint part.npz", folder)
    found = figures(folder, "cnnshape train tiny.yaml --data tiny.npz --resume part.npz --epochs 4")
    assert len(found["epochs"]) == 4
    with np.load(folder / "whole.npz") as whole, np.load(folder / "part.npz") as part:
        assert set(whole.files) == set(part.files)
        for name in set(whole.files) - {"checkpoint"}:
            assert whole[name].tobytes() == part[name].tobytes(), name


def test_a_training_that_is_over_can_be_resumed(folder: Path) -> None:
    in_process(f"{TRAIN} --epochs 2 --checkpoint state.npz", folder)
    code, printed = in_process(
        "cnnshape train tiny.yaml --data tiny.npz --resume state.npz", folder
    )
    assert code == 0
    assert [line.split()[0] for line in printed.splitlines()[3:5]] == ["1", "2"]


def test_ctrl_c_leaves_a_checkpoint_and_tells_how_to_go_on(folder: Path) -> None:
    arguments = [*TRAIN.split()[1:], "--epochs", "100000", "--checkpoint", "state.npz"]
    running = subprocess.Popen(
        [sys.executable, "-m", "cnnshape", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (folder / "state.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    (again,) = re.findall(r"^error: stopped in epoch \d+; to go on: (cnnshape .*)$", told, re.M)
    assert again == "cnnshape train tiny.yaml --data tiny.npz --resume state.npz"
    assert [path.name for path in folder.glob(".*")] == []
    with np.load(folder / "state.npz") as archive:
        done = len(json.loads(str(archive["checkpoint"]))["history"])
    found = figures(folder, f"{again} --epochs {done + 1}")
    assert len(found["epochs"]) == done + 1


def test_ctrl_c_without_a_checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnshape.training.trainer import Trainer

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "step", interrupt)
    code, printed = in_process(f"{TRAIN} --quiet", folder)
    assert code == 130
    assert printed.endswith(
        "error: stopped in epoch 1; nothing is kept: --checkpoint FILE would have\n"
    )
    code, printed = in_process(f"{TRAIN} --quiet --checkpoint state.npz", folder)
    assert code == 130
    assert printed.endswith("error: stopped in epoch 1, before there was a checkpoint\n")


def test_patience_is_told(folder: Path) -> None:
    code, printed = in_process(f"{TRAIN} --epochs 60 --lr 0.5 --patience 2", folder)
    assert code == 0
    assert printed.endswith("stopped: no lower loss for 2 epochs\n")


def test_overfit(folder: Path) -> None:
    code, printed = in_process(f"{TRAIN} --overfit 8 --lr 0.01", folder)
    assert code == 0
    assert re.fullmatch(
        r"ok: the loss of 8 samples went from \d\.\d{5} to less than 1% of it\n", printed
    )
    code, printed = in_process(f"{TRAIN} --overfit 8 --epochs 2", folder)
    assert code == 1
    assert printed.startswith("the model does not learn 8 samples by heart: the loss of 8 ")
    found = figures(folder, f"{TRAIN} --overfit 8 --lr 0.01")
    assert found["ok"]
    assert found["samples"] == 8


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("--data nothing.npz", 2, "error: cannot read nothing.npz: no such file or directory"),
        ("--data tiny.yaml", 2, "error: tiny.yaml is no IDX file: it begins with 6e 61 6d 65"),
        ("--data tiny.npz --lr=", 2, "error: --lr : write one of VALUE, linear:START:END"),
        ("--data tiny.npz --lr fast", 2, "error: --lr fast: write one of VALUE, linear:START:END"),
        ("--data tiny.npz --nesterov", 2, "SGD's; add --optimiser sgd"),
        ("--data tiny.npz --split 1", 2, "error: --split 1: it must be at least 0 and below 1"),
        ("--data tiny.npz --resume tiny.npz", 2, "error: tiny.npz is no checkpoint"),
        ("--data tiny.npz --epochs 0", 2, "--epochs"),
        ("--data tiny.npz --overfit 91", 2, "--overfit 91: the data hold 90 samples"),
        ("--data tiny.npz --checkpoint no/where.npz", 2, "error: cannot write no/where.npz"),
        (
            "--data tiny.npz --input 1,7,5",
            2,
            "`input` is (N, 1, 7, 5), but the data are (90, 6, 5)",
        ),
        ("--data tiny.npz --lr 1e30 --optimiser sgd", 1, "error: the loss is "),
        ("--data tiny.npz --save no/where.npz", 2, "cannot write no/where.npz: there is no folder"),
        ("--data tiny.npz --curve .", 2, "error: cannot write .: it is a folder"),
        ("", 2, "--data"),
    ],
)
def test_what_cannot_be_done(folder: Path, options: str, code: int, words: str) -> None:
    ended, printed = in_process(f"cnnshape train tiny.yaml --epochs 1 {options}", folder)
    assert (ended, "Traceback" in printed) == (code, False), printed
    assert words in printed


def test_a_model_with_a_fault_is_not_trained(folder: Path) -> None:
    (folder / "bad.yaml").write_text(TINY.replace("{name: fc,", "{name: fc, in_features: 7,"))
    code, printed = in_process("cnnshape train bad.yaml --data tiny.npz", folder)
    assert code == 1
    assert printed.startswith("error[size-mismatch]: `fc` takes 7 features, but 48 arrive\n")
    code, printed = in_process("cnnshape train nowhere.yaml --data tiny.npz", folder)
    assert code == 2
    (folder / "odd.yaml").write_text(TINY + "loss: hinge\n")
    code, printed = in_process("cnnshape train odd.yaml --data tiny.npz", folder)
    assert code == 1
    assert "there is no loss `hinge`" in printed


# The picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_curve(folder: Path) -> None:
    assert in_process(f"{TRAIN} --epochs 3 --quiet --curve loss.svg", folder)[0] == 0
    root = ElementTree.fromstring((folder / "loss.svg").read_text())
    lines = [line.attrib["points"].split() for line in root.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 3]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"tiny", "training", "validation", "epoch", "loss", "1", "2", "3"} <= set(texts)


@pytest.mark.parametrize(
    "scores",
    [[1.0], [1.0, 1.0], [0.0, 0.0], [3.0, 2.5], [1e-6, 3.0, 1e4], [-2.0, -3.0], [2.0] * 2000],
)
def test_any_history_can_be_drawn(scores: list[float]) -> None:
    history = [Epoch(n, score, None, None, 0.1, 0.0) for n, score in enumerate(scores, 1)]
    root = ElementTree.fromstring(as_svg("<a & b>", history))
    ticks = [text.attrib for text in root.iter(f"{SVG}text") if text.attrib.get("x") == "56"]
    assert len(ticks) >= 1
    assert all(40 <= float(tick["y"]) <= 352 for tick in ticks)


def test_weights_go_into_a_pipe_that_stays_one(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        code, printed = in_process(f"{TRAIN} --epochs 1 --save pipe", folder)
        assert (code, reader.communicate(timeout=10)[0][:2]) == (0, b"PK"), printed
    assert pipe.is_fifo()
