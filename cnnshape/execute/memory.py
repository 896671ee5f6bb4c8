"""What a run will need, known before it starts."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnnshape.execute.executor import Settings
from cnnshape.execute.plan import Plan, Stage
from cnnshape.kernels.columns import COLUMNS, FEWEST


class Needed(NamedTuple):
    """Bytes, at most."""

    weights: int
    """Parameters and buffers."""
    values: int
    """Inputs, and what layers give, as much of it as is alive at once."""
    gradients: int
    """Of parameters, and of values on the way back."""
    work: int
    """Buffers of a kernel, which the largest decides."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


def memory_needed(plan: Plan, settings: Settings, dtype: npt.DTypeLike = np.float32) -> Needed:
    """An upper bound: values that are written over in place, and views, are counted all the same.

    On the way back every value is kept that a layer may need again, and beside them are alive the
    gradients that flow into and out of one layer, and those of its neighbours that wait.
    """
    size = np.dtype(dtype).itemsize
    stored = sum(prod(s) for stage in plan.owners.values() for s in stage.stored.values())
    trained = sum(
        prod(s) for stage in plan.owners.values() if stage.trains for s in stage.parameters.values()
    )
    if settings.backward or settings.keep is None:
        values = sum(map(prod, plan.shapes.values()))
    else:
        values = _peak(plan)
    flowing = max((2 * _around(stage) for stage in plan.stages), default=0)
    work = max(map(_work, plan.stages), default=0)
    return Needed(
        weights=size * stored,
        values=size * values,
        gradients=size * (trained + flowing) if settings.backward else 0,
        work=size * work,
    )


def _around(stage: Stage) -> int:
    """Values that a layer reads and gives."""
    return prod(stage.y) + sum(map(prod, stage.x))


def _work(stage: Stage) -> int:
    """A padded copy of what is read, and a buffer of columns, where there are weights."""
    inputs = sum(map(prod, stage.x))
    if "weight" not in stage.parameters:
        return inputs
    column = prod(stage.parameters["weight"][1:])
    return inputs + max(COLUMNS, FEWEST * column)


def _peak(plan: Plan) -> int:
    """The most values alive at once on the way forward, when none is kept."""
    alive = most = sum(prod(plan.shapes[item.name]) for item in plan.graph.inputs)
    dying: dict[str, int] = {}
    for name, reader in plan.last_readers.items():
        if name not in plan.graph.outputs:
            dying[reader] = dying.get(reader, 0) + prod(plan.shapes[name])
    for stage in plan.stages:
        alive += prod(stage.y)
        most = max(most, alive)
        alive -= dying.get(stage.name, 0)
    return most
