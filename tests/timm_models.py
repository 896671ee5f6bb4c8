"""timm's models, as PyTorch recorded them and as they are read from timm's own source."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from installed import Network, Row, read

FILE = "import timm\n"
FILLED_WHEN_RUN = ("convit_",)
"""Models whose buffers are made in the first forward pass; PyTorch's were counted before it."""


class Model(NamedTuple):
    """A model as PyTorch built it (recorded by data/make_timm_source.py)."""

    name: str
    params: int
    trainable: int
    buffers: int
    input: list[int]
    output: Any

    def network(self) -> Network:
        size = ",".join(map(str, self.input[1:]))
        return Network(
            self.name, f"timm.create_model({self.name!r}, pretrained=False)", f"N,{size}"
        )

    def differs(self, row: Row) -> str:
        """What is not as PyTorch has it; empty where all is."""
        if row.problem:
            return row.problem
        outputs = tuple(("N", *shape[1:]) for shape in shapes(self.output))
        pairs = {
            "params": (row.params, self.params),
            "trainable": (row.trainable, self.trainable),
            "buffers": (row.buffers, self.buffers),
            "outputs": (row.outputs, outputs),
        }
        if self.name.startswith(FILLED_WHEN_RUN):
            pairs.pop("buffers")
        found = (f"{what} {one}, not {two}" for what, (one, two) in pairs.items() if one != two)
        return "; ".join(found)


def shapes(output: Any) -> Iterator[list[int]]:
    """The shapes within a recorded output."""
    if isinstance(output, dict):
        output = [*output.values()]
    if output and isinstance(output[0], int):
        yield output
    else:
        for item in output:
            yield from shapes(item)


def recorded() -> list[Model]:
    """All models, by name."""
    path = Path(__file__).parent / "data" / "timm_source.json.gz"
    models = json.loads(gzip.decompress(path.read_bytes()))["models"]
    return [Model(name, *row) for name, row in models.items()]


def differences(models: Iterable[Model], file: Path) -> dict[str, str]:
    """What differs, by the models' names; empty where nothing does."""
    models = [*models]
    rows = read(file, FILE, [model.network() for model in models])
    return {model.name: model.differs(rows[model.name]) for model in models}
