"""What a summary says beside the analysis, as JSON: another tool's count, and the memory."""

from __future__ import annotations

from typing import Any

from cnnshape.analysis.budget import Budget, Largest
from cnnshape.analysis.conventions.counting import Counted
from cnnshape.analysis.result import size_of
from cnnshape.report.columns import Extra


def as_data(extra: Extra) -> dict[str, Any]:
    """Keys that stand beside those of the contract; none of what was not asked for."""
    found: dict[str, Any] = {}
    if extra.counted is not None:
        found["counted"] = _counted(extra.counted)
    if extra.budget is not None:
        found["memory"] = _memory(extra.budget, extra.largest)
    return found


def _counted(counted: Counted) -> dict[str, Any]:
    layers = counted.layers.items()
    found: dict[str, Any] = {
        "tool": counted.tool,
        "version": counted.version,
        "unit": counted.unit,
        "total": size_of(counted.total),
        "layers": {name: None if value is None else size_of(value) for name, value in layers},
        "counted_as_0": list(counted.free),
        "not_counted": list(counted.unknown),
        "taken_for_functions": list(counted.supposed),
    }
    if counted.also is not None:
        found["also"] = {"unit": counted.also[0], "total": size_of(counted.also[1])}
    return found


def _memory(budget: Budget, largest: Largest | None) -> dict[str, Any]:
    setting = budget.setting
    found: dict[str, Any] = {
        "batch": setting.batch,
        "optimizer": setting.optimizer,
        "dtype": setting.dtype,
        "mixed_precision": setting.mixed,
        "sizes": dict(budget.sizes),
        "params": budget.params,
        "buffers": budget.buffers,
        "copies": budget.copies,
        "gradients": budget.gradients,
        "optimizer_state": budget.state,
        "kept": budget.kept,
        "alive_beside": budget.beside,
        "peak": budget.peak,
        "peak_at": budget.peak_at,
        "inference": budget.inference,
        "training": budget.training,
        "layers": {
            name: {"output": share.output, "kept": share.kept}
            for name, share in budget.layers.items()
        },
    }
    if largest is not None:
        memory, inference, training = largest
        found["largest_batch"] = {"memory": memory, "inference": inference, "training": training}
    return found
