"""Memory of one sample in float32: what is alive at once, and what training keeps."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from cnnshape.analysis.batch import of_one_sample
from cnnshape.analysis.result import Memory
from cnnshape.analysis.walk import Walk
from cnnshape.graph import DTYPE_BYTES

BYTES = DTYPE_BYTES["float32"]


def memory(walk: Walk, params: int, trainable: int, buffers: int) -> Memory:
    """Bytes of parameters, of a forward pass at its peak, and of training with SGD."""
    sizes, holder = _tensors(walk)
    kept = sum(sizes.values())
    return Memory(
        params=BYTES * params,
        forward=_peak(walk, sizes, holder),
        training=BYTES * (params + buffers + trainable) + kept,
    )


def _tensors(walk: Walk) -> tuple[dict[str, int], dict[str, str]]:
    """Bytes of each tensor that is stored, and for every name the tensor that holds its values.

    A view (flatten, dropout that drops nothing, …) shares the tensor of its input.
    """
    sizes: dict[str, int] = {}
    holder: dict[str, str] = {}
    batch = walk.graph.batch
    for item in walk.graph.inputs:
        sizes[item.name] = of_one_sample(prod(item.shape), batch) * DTYPE_BYTES[item.dtype]
        holder[item.name] = item.name
    for name, applied in walk.applied.items():
        if applied.layer.view and applied.node.inputs[0] in holder:
            holder[name] = holder[applied.node.inputs[0]]
        else:
            holder[name] = name
            sizes[name] = of_one_sample(prod(applied.y), batch) * BYTES
    return sizes, holder


def _peak(walk: Walk, sizes: Mapping[str, int], holder: Mapping[str, str]) -> int:
    """The most bytes alive at once: a tensor lives from its layer to the last one that reads it."""
    last_use: dict[str, str] = {}
    for name, applied in walk.applied.items():
        last_use[holder[name]] = name
        for source in applied.node.inputs:
            if source in holder:
                last_use[holder[source]] = name
    lasting = {holder[name] for name in walk.graph.outputs if name in holder}
    dying: dict[str, list[str]] = {}
    for tensor, reader in last_use.items():
        if tensor not in lasting:
            dying.setdefault(reader, []).append(tensor)
    alive = peak = sum(sizes[item.name] for item in walk.graph.inputs)
    for name in walk.applied:
        alive += sizes.get(name, 0)
        peak = max(peak, alive)
        alive -= sum(sizes[tensor] for tensor in dying.get(name, ()))
    return peak
