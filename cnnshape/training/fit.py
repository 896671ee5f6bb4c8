"""A training in one call, as `Model.train` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnnshape.execute.weights import Arrays
from cnnshape.graph import Graph
from cnnshape.training.dataset import Dataset, dataset
from cnnshape.training.history import Epoch
from cnnshape.training.options import Options
from cnnshape.training.trainer import Trainer

Inputs = npt.ArrayLike | Mapping[str, npt.ArrayLike]


class Trained(NamedTuple):
    """What came of a training."""

    history: tuple[Epoch, ...]
    weights: Arrays
    """Parameters and buffers of the best epoch, as `Model.run` takes them."""


def fit(
    graph: Graph,
    x: Inputs,
    y: npt.ArrayLike,
    valid: tuple[Inputs, npt.ArrayLike] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Trained:
    """Train to the end."""
    chosen = Options(**{**(options or {}), **_schedules(options or {})})
    held = None if valid is None else _data(graph, *valid, scale=chosen.scale)
    trainer = Trainer(graph, _data(graph, x, y, scale=chosen.scale), chosen, held)
    history = tuple(trainer.epochs())
    return Trained(history, dict(trainer.result))


def _schedules(options: Mapping[str, Any]) -> dict[str, str]:
    """A number is a schedule too."""
    given = {name: options.get(name) for name in ("lr", "momentum")}
    return {name: str(value) for name, value in given.items() if value is not None}


def _data(graph: Graph, x: Inputs, y: npt.ArrayLike, *, scale: bool) -> Dataset:
    named = x if isinstance(x, Mapping) else {"x": x}
    arrays = {name: np.asarray(value) for name, value in {**named, "y": y}.items()}
    return dataset(graph, arrays, scale=scale)
