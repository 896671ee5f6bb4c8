"""timm's own source, read without PyTorch: a model of every other family, against PyTorch.

All models are read by `python benchmarks/timm_models.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from installed import Network, Row, needs, read
from timm_models import Model, differences, recorded

pytestmark = needs("timm")


def smallest() -> list[Model]:
    """Of every other family, by the beginning of its name, the model of the fewest parameters."""
    families: dict[str, list[Model]] = defaultdict(list)
    for model in recorded():
        families[re.match("[a-z]{1,6}", model.name)[0]].append(model)  # type: ignore[index]
    return [min(family, key=lambda model: model.params) for family in families.values()][::2]


MODELS = smallest()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What differs, by the models' names; all are read in one process."""
    return differences(MODELS, tmp_path_factory.mktemp("timm") / "models.py")


@pytest.mark.parametrize("name", [model.name for model in MODELS])
def test_a_model_is_what_it_is_with_pytorch(name: str, found: dict[str, str]) -> None:
    assert found[name] == ""


# --- in a model of one's own --------------------------------------------------------------------

OWN = """
import timm
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = timm.create_model("resnet18", pretrained=True, num_classes=7)

    def forward(self, x):
        return self.net(x)


class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = timm.create_model("efficientnet_b0", pretrained=True, features_only=True)
        self.head = nn.Conv2d(self.net.feature_info.channels()[-1], 5, 1)

    def forward(self, x):
        return self.head(self.net(x)[-1])


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = timm.create_model("vit_small_patch16_224", pretrained=True, num_classes=0)
        self.head = nn.Linear(self.net.num_features, 5)

    def forward(self, x):
        return self.head(self.net.forward_features(x)[:, 0])


def fetched():
    return torch.hub.load("pytorch/vision:v0.10.0", "resnet18", pretrained=True)


def unknown():
    return torch.hub.load("somebody/something", "net")
"""
SIZES = {"Classifier": 11_180_103, "Features": 3_596_993, "Tokens": 21_667_589}
"""Parameters, counted with PyTorch 2.13.0 and timm 1.0.31."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Models of one's own that take pretrained ones of others."""
    file = tmp_path_factory.mktemp("own") / "own.py"
    names = (*SIZES, "fetched()", "unknown()")
    return read(file, OWN, [Network(name, name, "N,3,224,224") for name in names])


def test_no_weights_are_fetched(own: dict[str, Row]) -> None:
    found = {name: (own[name].problem, own[name].params) for name in SIZES}
    assert found == {name: (None, count) for name, count in SIZES.items()}
    outputs = [own[name].outputs[0] for name in SIZES]
    assert outputs == [("N", 7), ("N", 5, 7, 7), ("N", 5)]


def test_of_the_hub_torchvisions_networks_are_read(own: dict[str, Row]) -> None:
    assert (own["fetched()"].problem, own["fetched()"].params) == (None, 11_689_512)
    said = "not checked: `torch.hub.load` is not modelled: nothing is downloaded"
    assert own["unknown()"].problem == f"unsupported-operation: {said}"
