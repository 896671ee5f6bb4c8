"""Records what PyTorch keeps for the backward pass: bytes of the tensors that autograd saves.

    python tests/data/make_saved_cases.py

Needs PyTorch and torchvision; the project needs neither. Every storage counts once, parameters and
buffers not at all; on a CPU, in float32, in training mode. `layers` holds one layer each, whose
input has a gradient; `networks` holds whole networks, whose input has none.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
import torchvision.models as tv
from make_counting_cases import LAYERS, Mnist
from torch import nn

OUTPUT = Path(__file__).with_name("saved_cases.json")
BATCH = 2


class Vit(nn.Module):
    """tests/models/vit-tiny.yaml."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 192, 16, 16)
        self.encoder = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    192, 3, 768, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(4)
            )
        )
        self.norm, self.head = nn.LayerNorm(192), nn.Linear(192, 1000)
        self.pool = nn.AdaptiveAvgPool1d(1)

    def forward(self, x):
        x = self.encoder(self.patches(x).flatten(2).transpose(1, 2))
        return self.head(self.pool(self.norm(x).transpose(1, 2)).flatten(1))


def lenet():
    """LeNet-5 as `architectures/lenet5.yaml` has it."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


IMAGE = (3, 224, 224)
NETWORKS = {
    "mnist-net": (Mnist, (1, 28, 28)),
    "lenet5": (lenet, (1, 32, 32)),
    "alexnet-torchvision": (tv.alexnet, IMAGE),
    "vgg16": (tv.vgg16, IMAGE),
    "squeezenet1-1": (tv.squeezenet1_1, IMAGE),
    "resnet18": (tv.resnet18, IMAGE),
    "resnet50": (tv.resnet50, IMAGE),
    "mobilenet-v2": (tv.mobilenet_v2, IMAGE),
    "densenet121": (tv.densenet121, IMAGE),
    "googlenet-torchvision": (lambda: tv.googlenet(aux_logits=False, init_weights=False), IMAGE),
    "efficientnet-v2-s": (tv.efficientnet_v2_s, IMAGE),
    "vit-tiny": (Vit, IMAGE),
}


def saved(model, x):
    """Bytes of the storages that the backward pass of a model reads."""
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = model(x)
    del y
    return sum(size for size, _ in storages.values())


def without_dropout(case):
    """A transformer's layer is looked at without: on a CPU dropout takes another way."""
    module, layer, shape = case
    if layer["type"] == "transformer_encoder_layer":
        module = nn.TransformerEncoderLayer(6, 2, 7, dropout=0.0, batch_first=True)
        layer = {**layer, "dropout": 0.0}
    return module, layer, shape


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    data = {"torch": torch.__version__.split("+")[0], "batch": BATCH, "layers": [], "networks": {}}
    for module, layer, shape in map(without_dropout, LAYERS):
        if layer["type"] == "embedding":  # what it reads has no gradient
            continue
        x = torch.randn(BATCH, *shape, requires_grad=True)
        data["layers"].append({"layer": layer, "input": shape, "bytes": saved(module.train(), x)})
    for name, (build, shape) in NETWORKS.items():
        x = torch.randn(BATCH, *shape)
        data["networks"][name] = {"input": shape, "bytes": saved(build().train(), x)}
        print(name, data["networks"][name]["bytes"])
    lines = json.dumps(data).replace('{"layer"', '\n{"layer"').replace('"networks"', '\n"networks"')
    OUTPUT.write_text(lines.replace('}, "', '},\n"') + "\n")


if __name__ == "__main__":
    main()
