"""`inputs` on PyTorch source: the claimed sizes are those that tracing plain numbers finds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pages import in_process

import cnnshape
from cnnshape.analysis.sizes.accepted import AcceptedInputs
from cnnshape.sources.torch.inputs import given_of
from cnnshape.sources.torch.path import Target
from cnnshape.sources.torch.reader import Settings, guarded
from cnnshape.sources.torch.sizes import explored

DATA = Path(__file__).parent / "data"
NETS = {net["file"]: net for net in json.loads((DATA / "torch_nets.json").read_text())["nets"]}
TRIED = 64
CHOSEN = (
    *("ok_lenet_mnist.py", "ok_cifar_sequential.py", "ok_resnet_cifar.py", "ok_crnn_ocr.py"),
    *("ok_autoencoder_convT.py", "ok_flags_kwargs.py", "ok_vgg_cfg.py", "ok_mobilenet_v2.py"),
    *("ok_unet_pad_odd.py", "ok_attention_gate_unet.py", "ok_vit_by_hand.py", "ok_hrnet_fuse.py"),
    *("ok_spatial_transformer.py", "ok_yolo_grid.py", "ok_cbam.py", "ok_detr_lite.py"),
)


def traced(net: Mapping[str, Any]) -> tuple[AcceptedInputs, list[int]]:
    """What is claimed of squares, and the squares that go through when they are traced."""
    channels, side = net["inputs"][0][1:3]
    settings = Settings({0: f"N,{channels},S={side},S"})
    target = Target(str(DATA / "torch_nets" / net["file"]), net["cls"])
    inputs = {0: given_of(settings.texts[0])}

    def act() -> tuple[AcceptedInputs, list[int]]:
        found = explored(target, net["file"], settings, inputs, ())
        works = [size for size in range(1, TRIED + 1) if found.network.holds({"S": size})]
        _ = found.tried
        kept = AcceptedInputs.__new__(AcceptedInputs)
        kept.names, kept.parts = found.names, found.parts
        kept.exploration = found.exploration._replace(paths=())
        return kept, works

    return guarded(act, net["file"], settings)


@pytest.mark.parametrize("file", CHOSEN)
def test_every_square_is_as_claimed(file: str) -> None:
    found, works = traced(NETS[file])
    assert found.exact
    assert [size for size in range(1, TRIED + 1) if found.accepts(S=size)] == works


BRANCHES = """
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        n, c, h, w = x.shape
        if h < 8:
            raise ValueError("too small")
        assert isinstance(h, int)
        x = F.interpolate(x, size=(int(h / 2), w // 2))
        while x.shape[2] > 64:
            x = F.max_pool2d(x, 2)
        x = F.relu(self.conv(x))
        return self.fc(x.mean((2, 3)))
"""


def test_branches_and_loops_on_sizes(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(BRANCHES)
    code, printed = in_process("cnnshape inputs net.py --input N,3,H=64,W=64", tmp_path)
    assert code == 0
    lines = printed.splitlines()
    assert lines[0] == "Net  x (N, 3, H, W)"
    assert "smallest  8×6" in lines
    assert "output    fc (N, 10)" in lines
    assert "because   forward (net.py:14): H ≥ 8" in lines


def test_numbers_become_names_as_for_model_files(tmp_path: Path) -> None:
    text = (DATA / "torch_nets" / "ok_lenet_mnist.py").read_text()
    (tmp_path / "net.py").write_text(text)
    code, printed = in_process("cnnshape inputs net.py --input N,1,32,32 --near 40", tmp_path)
    assert code == 0
    assert printed == (
        "Net  x (N, 1, H, W)\n"
        "\n"
        "accepts   32 ≤ H ≤ 35 and 32 ≤ W ≤ 35, or\n"
        "          16 ≤ H ≤ 19 and 112 ≤ W ≤ 115, or\n"
        "          112 ≤ H ≤ 115 and 16 ≤ W ≤ 19\n"
        "smallest  32×32\n"
        "nearest   to 40×40: 35×35\n"
        "output    fc3 (N, 10)\n"
        "alike     max_pool2d_2 is 16×5×5 as at 32×32 for 32 ≤ H ≤ 35 and 32 ≤ W ≤ 35\n"
        "evenly    no stride leaves a row or a column over for H = 32 and W = 32, or "
        "H = 16 and W = 112, or H = 112 and W = 16\n"
        "because   fc1 (net.py:22): 16·floor((H - 12)/4)·floor((W - 12)/4) = 400\n"
    )


def test_a_model_that_no_size_fits_says_why(tmp_path: Path) -> None:
    text = BRANCHES.replace("nn.Linear(8, 10)", "nn.Linear(9, 10)").replace("while", "if")
    (tmp_path / "net.py").write_text(text)
    code, printed = in_process("cnnshape inputs net.py --input N,3,64,64", tmp_path)
    assert code == 1
    assert printed == (
        "Net  x (N, 3, H, W)\n\n"
        "accepts  none\n"
        "because  fc (net.py:21): takes 9 features, but 8 arrive\n"
    )


def test_the_python_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DATA / "torch_nets" / "ok_lenet_mnist.py").read_text()
    (tmp_path / "net.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = cnnshape.load("net.py", input="N,1,32,32").accepted_inputs()
    assert found.accepts(H=35, W=32)
    assert not found.accepts(H=36, W=32)
    assert found.smallest == {"H": 32, "W": 32}
    assert found.at(H=33, W=33).ok
    assert not found.at(H=40, W=40).ok
