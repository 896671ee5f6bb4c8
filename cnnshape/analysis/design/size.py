"""Rules of where the parameters are: `bottleneck`."""

from __future__ import annotations

from collections.abc import Iterator

from cnnshape.analysis.design.finding import warning_at
from cnnshape.analysis.design.registry import MANY_PARAMETERS
from cnnshape.analysis.design.subject import Subject
from cnnshape.diagnostics import Diagnostic
from cnnshape.layer import show

SHARE_PERCENT = 90


def bottleneck(subject: Subject) -> Iterator[Diagnostic]:
    """One layer that holds nearly all parameters of a network (Lin et al. 2014, section 3.2)."""
    total = subject.totals.params
    with_params = [layer for layer in subject.layers.values() if layer.params]
    largest = max(with_params, key=lambda layer: layer.params or 0)
    params = largest.params or 0
    if len(with_params) < 2 or params < MANY_PARAMETERS or 100 * params <= SHARE_PERCENT * total:
        return
    applied = subject.applied[largest.name]
    weights = applied.layer.weights(*applied.x)
    shapes = ", ".join(f"`{name}` {show(shape)}" for name, shape in weights.items())
    yield warning_at(
        "bottleneck",
        applied.node,
        f"holds {params:,} of {total:,} parameters, {_percent(params, total)} % of them",
        notes=[f"{shapes}, of an input of {show(applied.x[0])}"],
        help="make the maps smaller before it: a stride, a pooling, or `global_avg_pool`",
    )


def _percent(part: int, whole: int) -> str:
    """To one decimal, rounded down: never more than it is."""
    tenths = 1000 * part // whole
    return f"{tenths // 10}.{tenths % 10}"
