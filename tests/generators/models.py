"""Random models, sound or with one planted fault, and what naive loops make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from random import Random
from typing import Any

from naive import Counted, EmptyError, Layer, Shape, run

LARGEST = 1500
"""The most values of a sample: loops count them."""


@dataclass
class Drawn:
    """A model, what is counted of each sound layer, and the fault, where one was planted."""

    model: dict[str, Any]
    rows: list[Counted] = field(default_factory=list)
    fault: tuple[str, str] | None = None
    """The layer at fault and the rule."""


def each(rng: Random, axes: int, low: int, high: int) -> int | list[int]:
    """One number, or one an axis."""
    drawn = [rng.randint(low, high) for _ in range(axes)]
    return drawn if rng.random() < 0.5 else drawn[0]


def some(rng: Random, **options: Any) -> dict[str, Any]:
    """Some of the options."""
    return {name: value for name, value in options.items() if rng.random() < 0.5}


def divisor(rng: Random, number: int) -> int:
    return rng.choice([d for d in range(1, number + 1) if number % d == 0])


# --- sound layers -------------------------------------------------------------------------------


def conv(rng: Random, x: Shape) -> Layer:
    axes, groups = len(x) - 1, divisor(rng, x[0])
    pairs = [[rng.randint(0, 2), rng.randint(0, 2)] for _ in range(axes)]
    paddings = [each(rng, axes, 0, 2), pairs, "same", "same_lower", "valid"]
    return {
        "type": f"conv{axes}d",
        "out_channels": groups * rng.randint(1, 2),
        "kernel_size": each(rng, axes, 1, 3),
        **({"groups": groups} if groups > 1 else {}),
        **some(rng, stride=each(rng, axes, 1, 3), dilation=each(rng, axes, 1, 2), bias=False),
        **some(rng, padding=rng.choice(paddings), in_channels=x[0]),
    }


def conv_transpose(rng: Random, x: Shape) -> Layer:
    axes, groups = len(x) - 1, divisor(rng, x[0])
    return {
        "type": f"conv_transpose{axes}d",
        "out_channels": groups * rng.randint(1, 2),
        "kernel_size": each(rng, axes, 1, 3),
        "stride": each(rng, axes, 2, 3),
        **({"groups": groups} if groups > 1 else {}),
        **some(rng, dilation=each(rng, axes, 1, 2), output_padding=each(rng, axes, 0, 1)),
        **some(rng, padding=each(rng, axes, 0, 1), bias=False),
    }


def pool(rng: Random, x: Shape) -> Layer:
    axes = len(x) - 1
    kind = rng.choice(["max", "avg"]) if axes < 3 else "max"
    layer = {
        "type": f"{kind}_pool{axes}d",
        "kernel_size": each(rng, axes, 2, 3),
        **some(rng, stride=each(rng, axes, 1, 3), ceil_mode=True),
        **some(rng, padding=rng.choice([1, "same", "same_lower"])),
    }
    if isinstance(layer.get("padding"), str):
        layer.pop("ceil_mode", None)
    return layer


def adaptive(rng: Random, x: Shape) -> Layer:
    return {
        "type": f"adaptive_avg_pool{len(x) - 1}d",
        "output_size": each(rng, len(x) - 1, 1, 4),
    }


def norm(rng: Random, x: Shape) -> Layer:
    kind = rng.choice(["batch_norm", "group_norm", "layer_norm", "instance_norm"])
    if kind == "group_norm":
        return {"type": kind, "num_groups": divisor(rng, x[0]), **some(rng, num_channels=x[0])}
    if kind == "layer_norm":
        return {"type": kind, **some(rng, normalized_shape=list(x[rng.randrange(len(x)) :]))}
    if kind == "instance_norm" and prod(x[1:]) == 1:
        return {"type": "relu"}
    return {"type": kind, **some(rng, affine=True, num_features=x[0])}


def plain(rng: Random, x: Shape) -> Layer:
    return {"type": rng.choice(["relu", "dropout", "identity"])}


def pad(rng: Random, x: Shape) -> Layer:
    pairs = [[rng.randint(0, min(2, w - 1)), rng.randint(0, min(2, w - 1))] for w in x[1:]]
    kind = rng.choice(["zero_pad", "reflection_pad"])
    return {"type": f"{kind}{len(x) - 1}d", "padding": pairs}


def upsample(rng: Random, x: Shape) -> Layer:
    scales = [rng.choice([1, 2, 1.5, 0.5, 2.25]) for _ in x[1:]]
    return {"type": "upsample", "scale_factor": rng.choice([scales, scales[0]])}


def shuffle(rng: Random, x: Shape) -> Layer:
    if len(x) == 3 and x[0] % 4 == 0:
        return {"type": "pixel_shuffle", "upscale_factor": 2}
    if len(x) == 3 and x[1] % 2 == x[2] % 2 == 0:
        return {"type": "pixel_unshuffle", "downscale_factor": 2}
    dims = list(range(1, len(x) + 1))
    rng.shuffle(dims)
    return {"type": "permute", "dims": [0, *dims]}


def cut(rng: Random, x: Shape) -> Layer:
    dim = rng.randint(1, len(x))
    start = rng.randrange(x[dim - 1])
    end = rng.randint(start + 1, x[dim - 1])
    return {"type": "slice", "dim": dim, "start": start, "end": end, "step": rng.randint(1, 3)}


def linear(rng: Random, x: Shape) -> Layer:
    options = some(rng, in_features=x[-1], bias=False)
    return {"type": "linear", "out_features": rng.randint(1, 6), **options}


SPATIAL = [conv, conv, conv, conv_transpose, pool, pool, adaptive, norm, norm, plain, pad,
           upsample, shuffle, cut, linear]  # fmt: skip
MAPS = [conv, conv, conv_transpose, pool, norm, plain, pad, upsample]
"""Layers that know channels and positions, and no axis by its number."""


def sound(rng: Random, x: Shape, makers: list[Any]) -> tuple[Layer, Counted]:
    """A layer that takes x, and what it makes of it."""
    while True:
        layer = rng.choice(makers)(rng, x)
        try:
            row = run(layer, x)
        except EmptyError:
            continue
        if prod(row.shape) <= LARGEST and row.macs < 40_000 and _pads_fit(layer, x):
            return layer, row


def _pads_fit(layer: Layer, x: Shape) -> bool:
    """A pooling pads no more than half its kernel."""
    if "_pool" not in layer["type"] or layer.get("padding") != 1:
        return True
    kernel = layer["kernel_size"]
    return min(kernel if isinstance(kernel, list) else [kernel]) >= 2


def given(rng: Random, axes: int) -> Shape:
    low, high = {1: (6, 30), 2: (4, 12), 3: (3, 6)}[axes]
    return (rng.choice([2, 3, 4, 6]), *(rng.randint(low, high) for _ in range(axes)))


def sequential(rng: Random, axes: int, makers: list[Any] | None = None) -> Drawn:
    """Sound layers one behind the other, and a head."""
    x = given(rng, axes)
    drawn = Drawn({"input": list(x), "layers": []})
    for _ in range(rng.randint(2, 6)):
        layer, row = sound(rng, x, makers or SPATIAL)
        x = row.shape
        drawn.model["layers"].append(layer)
        drawn.rows.append(row)
    for layer in [] if makers else [{"type": "flatten"}, {"type": "linear", "out_features": 3}]:
        drawn.rows.append(run(layer, drawn.rows[-1].shape))
        drawn.model["layers"].append(layer)
    return drawn


# --- faults -------------------------------------------------------------------------------------


def wrong_channels(rng: Random, x: Shape) -> tuple[Layer, str]:
    layer = {"type": f"conv{len(x) - 1}d", "out_channels": 2, "kernel_size": 1}
    return layer | {"in_channels": x[0] + rng.choice([-1, 1, 7])}, "size-mismatch"


def wrong_features(rng: Random, x: Shape) -> tuple[Layer, str]:
    features = x[-1] + rng.randint(1, 9)
    return {"type": "linear", "in_features": features, "out_features": 2}, "size-mismatch"


def wrong_norm(rng: Random, x: Shape) -> tuple[Layer, str]:
    return {"type": "layer_norm", "normalized_shape": [x[-1] + 1]}, "size-mismatch"


def wrong_groups(rng: Random, x: Shape) -> tuple[Layer, str]:
    layer = {"type": f"conv{len(x) - 1}d", "out_channels": x[0] + 1, "kernel_size": 1}
    return layer | {"groups": x[0] + 1}, "bad-groups"


def wrong_norm_groups(rng: Random, x: Shape) -> tuple[Layer, str]:
    return {"type": "group_norm", "num_groups": x[0] + rng.randint(1, 3)}, "bad-groups"


def large_kernel(rng: Random, x: Shape) -> tuple[Layer, str]:
    axes = len(x) - 1
    kernel = [1] * axes
    axis = rng.randrange(axes)
    kernel[axis] = x[axis + 1] + rng.randint(1, 4)
    return {"type": f"conv{axes}d", "out_channels": 2, "kernel_size": kernel}, "empty-output"


def large_pad(rng: Random, x: Shape) -> tuple[Layer, str]:
    return {"type": f"max_pool{len(x) - 1}d", "kernel_size": 3, "padding": 2}, "bad-padding"


def large_reflection(rng: Random, x: Shape) -> tuple[Layer, str]:
    pairs = [[0, 0] for _ in x[1:]]
    axis = rng.randrange(len(pairs))
    pairs[axis][rng.randrange(2)] = x[axis + 1]
    return {"type": f"reflection_pad{len(pairs)}d", "padding": pairs}, "bad-padding"


def large_output_padding(rng: Random, x: Shape) -> tuple[Layer, str]:
    layer = {"type": f"conv_transpose{len(x) - 1}d", "out_channels": 2, "kernel_size": 2}
    return layer | {"stride": 2, "output_padding": 2}, "bad-padding"


def bad_reshape(rng: Random, x: Shape) -> tuple[Layer, str]:
    return {"type": "reshape", "shape": [prod(x) + 1, -1]}, "bad-reshape"


def other_rank(rng: Random, x: Shape) -> tuple[Layer, str]:
    axes = rng.choice([axes for axes in (1, 2, 3) if axes != len(x) - 1])
    return {"type": f"conv{axes}d", "out_channels": 2, "kernel_size": 1}, "bad-rank"


def no_such_axis(rng: Random, x: Shape) -> tuple[Layer, str]:
    return {"type": "softmax", "dim": len(x) + 1}, "bad-rank"


FAULTS = [wrong_channels, wrong_features, wrong_norm, wrong_groups, wrong_norm_groups, large_kernel,
          large_pad, large_reflection, large_output_padding, bad_reshape, other_rank,
          no_such_axis]  # fmt: skip


def faulty(rng: Random, axes: int, plant: Any) -> Drawn:
    """Sound maps, a fault, and layers that take whatever comes out if it is repaired."""
    drawn = sequential(rng, axes, MAPS)
    wrong, rule = plant(rng, drawn.rows[-1].shape)
    after = [{"type": "relu"}, {"type": "flatten"}, {"type": "linear", "out_features": 3}]
    drawn.model["layers"] += [{"name": "wrong", **wrong}, *after]
    drawn.fault = ("wrong", rule)
    return drawn


# --- graphs -------------------------------------------------------------------------------------


@dataclass
class Grown:
    """A graph in the making: the shape of everything that has a name."""

    rng: Random
    model: dict[str, Any]
    shapes: dict[str, Shape]
    rows: list[Counted]

    def add(self, layer: Layer, *sources: str) -> str:
        name = f"l{len(self.rows)}"
        row = run(layer, *(self.shapes[source] for source in sources))
        self.model["layers"].append({"name": name, "from": list(sources), **layer})
        self.shapes[name] = row.shape
        self.rows.append(row)
        return name


def graph(rng: Random, axes: int, layers: int = 10) -> Drawn:
    """A graph of branches that part and meet, with one fault or none planted later."""
    x = given(rng, axes)
    grown = Grown(rng, {"input": list(x), "layers": []}, {"input": x}, [])
    while len(grown.rows) < layers:
        first = rng.choice(list(grown.shapes)[-4:])
        shape = grown.shapes[first]
        alike = [n for n, s in grown.shapes.items() if s == shape]
        beside = [n for n, s in grown.shapes.items() if s[1:] == shape[1:]]
        kind = rng.random()
        if kind < 0.3:
            grown.add({"type": rng.choice(["add", "multiply"])}, first, rng.choice(alike))
        elif kind < 0.5 and shape[0] < 20:
            grown.add({"type": "concat"}, *rng.sample(beside, min(len(beside), 3)))
        elif kind < 0.7:
            channels = rng.choice([min(shape[0], 6), 2, 3])
            conv = {"type": f"conv{axes}d", "out_channels": channels, "kernel_size": 3}
            grown.add({**conv, "padding": rng.choice([1, "same"])}, first)
        else:
            layer, row = sound(rng, shape, MAPS)
            if min(row.shape[1:]) > 1:
                grown.add(layer, first)
    return Drawn(grown.model, grown.rows)


def faulty_graph(rng: Random, axes: int) -> Drawn:
    """A graph in which two branches that differ meet, and layers that read of it."""
    drawn = graph(rng, axes, 6)
    last = drawn.rows[-1].shape
    wider = {"type": f"conv{axes}d", "out_channels": last[0] + 1, "kernel_size": 1}
    longer = {"type": f"zero_pad{axes}d", "padding": [[1, 0]] * axes}
    wrong = rng.choice(["add", "maximum", "concat"])
    off = longer if wrong == "concat" or last[0] == 1 else rng.choice([wider, longer])
    drawn.model["layers"] += [
        {"name": "off", "from": "l5", **off},
        {"name": "wrong", "type": wrong, "from": ["l5", "off"]},
        {"name": "after", "type": "batch_norm"},
        {"type": "add", "from": ["wrong", "after"]},
        "flatten",
    ]
    drawn.fault = ("wrong", "shape-mismatch")
    return drawn
