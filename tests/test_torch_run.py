"""PyTorch files run in NumPy: every shape is confirmed both ways, or it is said why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnshape
from cnnshape.cli.runnable import runnable
from cnnshape.execute.confirmation import Order, confirm
from cnnshape.execute.failure import RunError
from cnnshape.sources.locate import locate
from cnnshape.sources.spec.reader import Options

DATA = Path(__file__).parent / "data"
NETS = json.loads((DATA / "torch_nets.json").read_text())["nets"]
SOUND = [net for net in NETS if net["ok"] and not net["needs"]]
NOT_RUN = {
    "ok_lstm_sentiment.py": "`final_state_1` cannot be run: final_state has no kernel",
    "ok_gru_packed.py": "`final_state_1` cannot be run: final_state has no kernel",
    "ok_cross_attention_mha.py": "attention_weights has no kernel",
    "ok_fft_global_filter.py": "rfftn has no kernel",
    "ok_stft_audio.py": "stft has no kernel",
    "ok_lstmcell_decoder.py": "the values of `constant_1`",
    "ok_swin_window_block.py": "the values of `constant_1`",
    "ok_seq2seq_transformer.py": "the values of `constant_1`",
    "ok_vqvae.py": "the shape alone is modelled",
    "ok_gumbel_controller.py": "the shape alone is modelled",
    "ok_deepfm_tables.py": "the shape alone is modelled",
    "ok_segnet_unpool.py": "the shape alone is modelled",
    "ok_siamese_cosine_kwargs.py": "the shape alone is modelled",
    "ok_triplet_loss_inside.py": "the shape alone is modelled",
}
NOT_FINITE = {"ok_moe_topk.py": "experts that are not chosen are masked with -inf, as in PyTorch"}


@pytest.mark.parametrize("net", SOUND, ids=lambda net: net["file"])
def test_every_shape_is_confirmed(net: Mapping[str, Any]) -> None:
    arguments = ", ".join(f"{name}={value!r}" for name, value in net["ctor_kwargs"].items())
    path = f"{DATA / 'torch_nets' / net['file']}:{net['cls']}({arguments})"
    names = [number if name is None else name for number, name in enumerate(net["input_names"])]
    texts = {
        name: f"{','.join(map(str, shape))}:{kind}"
        for name, shape, kind in zip(names, net["inputs"], net["dtypes"], strict=True)
    }
    (source,) = locate(path)
    options = Options(texts=texts, python={"training": net["mode"] == "train"})
    graph = runnable(source, options, source.graph(options), training=net["mode"] == "train")
    if net["file"] in NOT_RUN:
        with pytest.raises(RunError, match=NOT_RUN[net["file"]]):
            confirm(graph, Order(fields=False))
        return
    seen = confirm(graph, Order(fields=False, training=net["mode"] == "train"))
    wrong = {item.rule for item in seen.diagnostics if item.severity == "error"}
    assert wrong == ({"not-finite"} if net["file"] in NOT_FINITE else set())
    assert len(seen.layers) == len(graph.nodes)


def test_most_of_them_run() -> None:
    assert len(SOUND) - len(NOT_RUN) >= 70


def test_the_way_back_leaves_values_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slope of exp is its result, which must not be written over."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(
        "import torch\nimport torch.nn as nn\n\n\nclass Net(nn.Module):\n"
        "    def forward(self, x):\n        return torch.exp(x)\n"
    )
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    result = cnnshape.load("net.py", input="N,4").run({"x": x})
    (y,) = result.outputs.values()
    assert np.allclose(y, np.exp(x))
    assert np.array_equal(result.values["x"], x)
