"""torchvision's own source, read without PyTorch: what its builders build."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from installed import Network, Row, needs, read

from cnnshape.layers._index import TORCH

pytestmark = needs("torchvision")
RECORDED: dict[str, Any] = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "torchvision_source.json.gz").read_bytes())
)


class Built(NamedTuple):
    """A network as PyTorch built it (recorded by data/make_torchvision_source.py)."""

    name: str
    kind: str
    variant: str | None
    kwargs: dict[str, Any]
    mode: str
    input: list[int]
    params: int
    trainable: int
    buffers: int
    macs: int
    output: Any

    @property
    def id(self) -> str:
        return f"{self.name}-{self.variant}" if self.variant else self.name

    def network(self) -> Network:
        given = "".join(f", {key}={value!r}" for key, value in self.kwargs.items())
        size = ",".join(map(str, self.input[1:]))
        part = ".backbone" if self.kind == "detection" else ""
        expression = f"models.get_model({self.name!r}, weights=None{given}){part}"
        return Network(self.id, expression, f"N,{size}", self.mode == "train")


BUILT = [Built(*row) for row in RECORDED["models"]]
FILE = "from torchvision import models\n"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """All networks, read in one process."""
    file = tmp_path_factory.mktemp("torchvision") / "networks.py"
    leaves = tuple(RECORDED["leaves"])
    return read(file, FILE, [one.network() for one in BUILT], layers_of=leaves)


def shapes(output: Any) -> Iterator[tuple[int, ...]]:
    """The shapes within a recorded output."""
    if isinstance(output, dict):
        for item in output.values():
            yield from shapes(item)
    else:
        yield tuple(output)


@pytest.mark.parametrize("built", BUILT, ids=[one.id for one in BUILT])
def test_a_builder_builds_what_it_does_with_pytorch(built: Built, rows: dict[str, Row]) -> None:
    row = rows[built.id]
    wanted = tuple(("N", *shape[1:]) for shape in shapes(built.output))
    macs = built.macs // built.input[0]
    assert row[:-1] == (None, built.params, built.trainable, built.buffers, macs, wanted)


@pytest.mark.parametrize("name", RECORDED["leaves"])
def test_modules_run_in_the_order_and_with_the_figures_of_pytorch(
    name: str, rows: dict[str, Row]
) -> None:
    wanted = [
        (path, TORCH[kind], tuple(x[1:]), tuple(y[1:]), *figures)
        for path, kind, x, y, *figures in RECORDED["leaves"][name]
    ]
    modules = {path for path, *_ in wanted}
    # the second call of `relu` is `relu:2`
    found = [(name.partition(":")[0], *rest) for name, *rest in rows[name].layers]
    called = [(path, kind, x[1:], y[1:], *rest) for path, kind, x, y, *rest in found]
    assert [row for row in called if row[0] in modules] == wanted
    assert {row[4:] for row in called if row[0] not in modules} <= {(0, 0, 0)}


# --- operators ----------------------------------------------------------------------------------

OPERATORS = """
import torch
from torch import nn
from torchvision import models, ops


class Deformed(nn.Module):
    def __init__(self):
        super().__init__()
        self.offset = nn.Conv2d(8, 2 * 9, 3, padding=1)
        self.conv = ops.DeformConv2d(8, 16, 3, padding=1, groups=2)

    def forward(self, x):
        return self.conv(x, self.offset(x))


class Pooled(nn.Module):
    def forward(self, x):
        boxes = torch.tensor([[0, 0.0, 0, 4, 4], [0, 1.0, 1, 5, 5]])
        aligned = ops.roi_align(x, boxes, (3, 2))
        pooled = ops.roi_pool(x, [boxes[:, 1:]], 7)
        apart = ops.ps_roi_align(x, boxes, 2)
        return aligned, pooled, apart, ops.box_iou(boxes[:, 1:], boxes[:1, 1:])


class Suppressed(nn.Module):
    def forward(self, x):
        return ops.nms(x, x[:, 0], 0.5)


def detector():
    return models.detection.retinanet_resnet50_fpn(weights=None, weights_backbone=None)


def quantisable():
    return models.quantization.resnet18(weights=None)
"""


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """Models that use torchvision's operators."""
    file = tmp_path_factory.mktemp("operators") / "operators.py"
    networks = [
        Network("Deformed", "Deformed", "N,8,14,14"),
        Network("Pooled", "Pooled", "1,8,14,14"),
        Network("Suppressed", "Suppressed", "N,4"),
        Network("detector", "detector()", "2,3,320,320"),
        Network("quantisable", "quantisable()", "N,3,224,224"),
    ]
    return read(file, OPERATORS, networks)


def test_a_deformable_convolution_counts_as_a_convolution(operators: dict[str, Row]) -> None:
    row = operators["Deformed"]
    offsets = (2 * 9 * 8 * 9 + 2 * 9, 14 * 14 * 2 * 9 * 8 * 9)
    conv = (16 * 4 * 9 + 16, 14 * 14 * 16 * 4 * 9)
    assert row.problem is None
    assert (row.params, row.macs) == (offsets[0] + conv[0], offsets[1] + conv[1])
    assert row.outputs == (("N", 16, 14, 14),)


def test_regions_have_the_size_asked_for(operators: dict[str, Row]) -> None:
    assert operators["Pooled"].outputs == ((2, 8, 3, 2), (2, 8, 7, 7), (2, 2, 2, 2), (2, 1))


def test_what_depends_on_values_is_not_checked(operators: dict[str, Row]) -> None:
    kept = "how many boxes are kept depends on values that only the real computation gives"
    said = f"unsupported-operation: not checked: `torchvision.ops.nms` is not modelled: {kept}"
    assert operators["Suppressed"].problem == said
    assert "unsupported-operation: not checked" in str(operators["detector"].problem)


def test_a_quantisable_network_is_the_network(operators: dict[str, Row]) -> None:
    wanted = next(one for one in BUILT if one.name == "resnet18")
    row = operators["quantisable"]
    assert (row.params, row.buffers, row.macs) == (wanted.params, wanted.buffers, wanted.macs)
