"""Which indices an output sees by the rules of the layers, index by index, borders and all.

The analysis counts a receptive field into the padding. Here what lies there is left out layer by
layer, so that the indices are those at which a gradient can be non-zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cnnshape.analysis.layout import axis_to_first
from cnnshape.execute.field_probe import rules_of
from cnnshape.execute.plan import Plan, Stage
from cnnshape.kernels.arena import Array
from cnnshape.kernels.border import sources
from cnnshape.layer import Layer
from cnnshape.layers.padding import ModePad
from cnnshape.window import Window

Masks = list[Array]
"""One array of truth values an axis."""
EXACT = ("convolution", "pooling", "activation", "normalisation", "regularisation", "softmax",
         "dense", "merge", "padding")  # fmt: skip
"""Modules of kernels whose every value in a window counts in a linear probe."""


@dataclass(slots=True)
class Seen:
    """What is seen of each input and layer."""

    masks: dict[str, Masks] = field(default_factory=dict)
    cut: bool = False
    """Something lies in the padding."""
    wraps: bool = False
    """The padding holds values of the input."""
    loose: bool = False
    """A layer on the way need not see all that its rules say."""

    def add(self, name: str, masks: Masks) -> None:
        """What is seen by way of one more reader; nothing, if it is nothing along an axis."""
        if all(mask.any() for mask in masks):
            known = self.masks.get(name)
            joined = masks if known is None else [a | b for a, b in zip(known, masks, strict=True)]
            self.masks[name] = joined


def seen_from(plan: Plan, target: str, masks: Masks) -> Seen:
    """What these indices of a layer see, `masks` being in the model's layout."""
    seen = Seen({target: masks})
    for stage in reversed(plan.stages):
        if stage.name in seen.masks:
            _back(seen, stage)
    return seen


def _back(seen: Seen, stage: Stage) -> None:
    rules, masks = rules_of(stage), seen.masks[stage.name]
    if stage.moved:
        masks = _moved(masks, first=True)
    seen.loose |= _is_loose(stage.layer) or _is_apart(stage.layer, masks)
    for operand, (name, flow) in enumerate(zip(stage.node.inputs, rules.flow, strict=False)):
        sizes = stage.x[operand]
        windows = rules.windows if operand == 0 else {}
        found = []
        for axis, size in enumerate(sizes):
            target = flow[axis]
            if target is None or target >= len(masks):
                found.append(np.ones(size, bool))
            elif axis in windows:
                found.append(_through(seen, masks[target], windows[axis], size, stage.layer))
            else:
                found.append(_alongside(masks[target], size))
        seen.add(name, _moved(found, first=False) if stage.moved else found)


def _moved(masks: Masks, *, first: bool) -> Masks:
    """The axes between the model's layout, channels last, and the layers'."""
    rank = len(masks)
    order = [axis_to_first(axis, rank) for axis in range(rank)]  # last layout → first layout
    if first:
        return [masks[order.index(axis)] for axis in range(rank)]
    return [masks[axis] for axis in order]


def _is_loose(layer: Layer) -> bool:
    """Whether the layer may see less: flatten and what mixes everything sees all."""
    module = layer.kernel.rpartition(".")[2]
    return module not in EXACT and layer.type not in ("flatten", "global_avg_pool",
                                                      "global_max_pool")  # fmt: skip


def _is_apart(layer: Layer, masks: Masks) -> bool:
    """Whether not all groups of channels are seen, as when an axis of space lies there."""
    return vars(layer).get("groups", 1) > 1 and not masks[1].all()


def _alongside(mask: Array, size: int) -> Array:
    """The same indices; where sizes differ, an axis of one is repeated, others are mixed."""
    if len(mask) == size:
        return mask
    return np.full(size, bool(mask.any()))


def _through(seen: Seen, mask: Array, window: Window | None, size: int, layer: Layer) -> Array:
    found = np.zeros(size, bool)
    if window is None:
        found[:] = mask.any()
        return found
    places = np.flatnonzero(mask)[:, None] * window.step - window.before
    places = (places + np.arange(0, window.extent, window.spacing)).ravel()
    places = places[places % window.up == 0] // window.up
    outside = (places < 0) | (places >= size)
    if outside.any():
        seen.cut = True
        mode = layer.mode if isinstance(layer, ModePad) else vars(layer).get("padding_mode")
        if mode not in (None, "zeros"):
            seen.wraps = True
            before, after = max(-int(places.min()), 0), max(int(places.max()) - size + 1, 0)
            places = sources(size, (before, after), mode)[places + before]
        else:
            places = places[~outside]
    found[places] = True
    return found
