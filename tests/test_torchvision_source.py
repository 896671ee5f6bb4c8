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
        expression = f"models.get_model({self.name!r}, weights=None{given})"
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
