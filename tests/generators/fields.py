"""Random graphs, and what every output of them sees, followed index by index.

A layer is a function from an output index to the set of input indices that it reads along one axis.
`Followed.virtual` follows these through the whole graph as if signals had no ends, as receptive
fields are counted; `real` drops what lies outside at every layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, prod
from random import Random
from typing import Any

from naive import EmptyError, Layer, pads_of_same, per_axis, run

from generators.models import each, some

Reads = Callable[[int], set[int]]
CHANNELS = 4
SMALLEST, LARGEST = 4, 40


# --- what one layer reads -----------------------------------------------------------------------


def column(layer: Layer, name: str, axis: int, axes: int, default: int) -> Any:
    return per_axis(layer.get(name, default), axes)[axis]


def slides(layer: Layer, axis: int, size: int, axes: int) -> Reads:
    """A convolution or a pooling."""
    k = column(layer, "kernel_size", axis, axes, 1)
    s = column(layer, "stride", axis, axes, k if "pool" in layer["type"] else 1)
    d = column(layer, "dilation", axis, axes, 1)
    padding = layer.get("padding", 0)
    if padding in ("same", "same_lower"):
        before = pads_of_same(size, k, s, d, padding == "same_lower")[0]
    else:
        before = per_axis(column(layer, "padding", axis, axes, 0), 2)[0]
    return lambda o: {o * s - before + tap * d for tap in range(k)}


def spreads(layer: Layer, axis: int, size: int, axes: int) -> Reads:
    """A transposed convolution: the inputs that write to this place."""
    names = ("kernel_size", "stride", "dilation")
    k, s, d = (column(layer, name, axis, axes, 1) for name in names)
    p = column(layer, "padding", axis, axes, 0)
    return lambda o: {(o + p - t * d) // s for t in range(k) if (o + p - t * d) % s == 0}


def resizes(layer: Layer, axis: int, size: int, axes: int, outputs: int) -> Reads:
    """An upsampling (PyTorch, `interpolate`): the step is 1/scale, or W/O where a size is given."""
    step = Fraction(size, outputs)
    if "scale_factor" in layer:
        step = 1 / Fraction(str(column(layer, "scale_factor", axis, axes, 1)))
    mode = layer.get("mode", "nearest")
    if mode == "nearest":
        return lambda o: {floor(o * step)}
    if layer.get("align_corners"):
        step = Fraction(size - 1, outputs - 1)
        return lambda o: around(o * step, mode)
    middle = Fraction(1, 2)
    if mode == "nearest-exact":
        return lambda o: {floor((o + middle) * step)}
    return lambda o: around((o + middle) * step - middle, mode)


def around(place: Fraction, mode: str) -> set[int]:
    """The inputs that lie less than 1 (linear) or 2 (cubic) from a place."""
    reach = 2 if mode == "bicubic" else 1
    near = range(floor(place) - reach, ceil(place) + reach + 1)
    return {index for index in near if abs(index - place) < reach}


def adapts(size: int, outputs: int) -> Reads:
    """An adaptive pooling; a single output takes all."""
    if outputs == 1:
        return lambda o: set(range(size))
    return lambda o: set(range(floor(Fraction(o * size, outputs)),
                               ceil(Fraction((o + 1) * size, outputs))))  # fmt: skip


def reads(layer: Layer, axis: int, size: int, outputs: int, axes: int) -> Reads:
    """What an output of a layer reads along one axis."""
    kind = layer["type"]
    if kind.startswith("conv_transpose"):
        return spreads(layer, axis, size, axes)
    if kind.startswith(("conv", "max_pool", "avg_pool")):
        return slides(layer, axis, size, axes)
    if kind == "upsample":
        return resizes(layer, axis, size, axes, outputs)
    if kind.startswith("adaptive"):
        return adapts(size, outputs)
    if kind == "pixel_shuffle":
        return lambda o: {o // layer["upscale_factor"]}
    if kind == "pixel_unshuffle":
        r = layer["downscale_factor"]
        return lambda o: {o * r + part for part in range(r)}
    if "_pad" in kind:
        before = per_axis(layer["padding"][axis], 2)[0]
        return lambda o: {o - before}
    if kind == "crop":
        first = (size - outputs) // 2 if "size" in layer else layer["cropping"][axis][0]
        return lambda o: {o + first}
    if kind == "slice" and layer["dim"] == axis + 2:
        return lambda o: {layer["start"] + o * layer["step"]}
    return lambda o: {o}


# --- a graph ------------------------------------------------------------------------------------


@dataclass
class Followed:
    """A graph and the reads of each of its layers along each axis."""

    axes: int
    model: dict[str, Any]
    sizes: dict[str, tuple[int, ...]]
    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reads: dict[str, list[Reads]] = field(default_factory=dict)
    period: int = 1
    """After so many outputs everything repeats."""

    def __post_init__(self) -> None:
        self.virtual = lru_cache(None)(self._virtual)
        self.real = lru_cache(None)(self._real)

    def add(self, layer: Layer, *sources: str) -> str:
        """The layer's name."""
        name = f"l{len(self.inputs)}"
        sizes = self.sizes[sources[0]]
        outputs = sizes if len(sources) > 1 else output_sizes(layer, sizes)
        self.model["layers"].append({"name": name, "from": list(sources), **layer})
        self.sizes[name], self.inputs[name] = outputs, sources
        self.reads[name] = [reads(layer, axis, size, outputs[axis], self.axes)
                            for axis, size in enumerate(sizes)]  # fmt: skip
        self.period *= repeats(layer, sizes, outputs)
        return name

    def _virtual(self, name: str, axis: int, index: int) -> frozenset[int]:
        if name == "input":
            return frozenset({index})
        found = set()
        for place in self.reads[name][axis](index):
            for source in self.inputs[name]:
                found |= self.virtual(source, axis, place)
        return frozenset(found)

    def _real(self, name: str, axis: int, index: int) -> frozenset[int]:
        if name == "input":
            return frozenset({index})
        found = set()
        for source in self.inputs[name]:
            inside = range(self.sizes[source][axis])
            for place in self.reads[name][axis](index) & {*inside}:
                found |= self.real(source, axis, place)
        return frozenset(found)


def output_sizes(layer: Layer, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of a layer's output."""
    if "size" in layer:
        return tuple(per_axis(layer["size"], len(sizes)))
    if layer["type"] == "crop":
        pairs = zip(sizes, layer["cropping"], strict=True)
        return tuple(size - before - after for size, (before, after) in pairs)
    return run(layer, (CHANNELS, *sizes)).shape[1:]


def repeats(layer: Layer, sizes: tuple[int, ...], outputs: tuple[int, ...]) -> int:
    """The outputs after which what a layer reads has moved by whole inputs."""
    kind, axes = layer["type"], len(sizes)
    if kind.startswith("conv_transpose"):
        return prod(per_axis(layer.get("stride", 1), axes))
    if kind == "pixel_shuffle":
        return int(layer["upscale_factor"])
    if kind == "upsample":
        return prod((o - 1 or 1) * o for o in outputs) * 9**axes
    return prod(outputs) if kind.startswith("adaptive") else 1


# --- drawing ------------------------------------------------------------------------------------


def conv(rng: Random, sizes: tuple[int, ...]) -> Layer:
    axes = len(sizes)
    pairs = [[rng.randint(0, 3), rng.randint(0, 3)] for _ in sizes]
    paddings = [each(rng, axes, 0, 2), pairs, "same", "same_lower"]
    return {
        "type": f"conv{axes}d",
        "out_channels": CHANNELS,
        "kernel_size": each(rng, axes, 1, 4),
        **some(rng, stride=each(rng, axes, 1, 3), dilation=each(rng, axes, 1, 3)),
        **some(rng, padding=rng.choice(paddings)),
    }


def transposed(rng: Random, sizes: tuple[int, ...]) -> Layer:
    axes = len(sizes)
    return {
        "type": f"conv_transpose{axes}d",
        "out_channels": CHANNELS,
        "kernel_size": each(rng, axes, 3, 4),
        "stride": each(rng, axes, 1, 3),
        **some(rng, padding=each(rng, axes, 0, 2), output_padding=0),
    }


def pool(rng: Random, sizes: tuple[int, ...]) -> Layer:
    axes = len(sizes)
    options = some(rng, stride=each(rng, axes, 1, 3), padding=1, ceil_mode=True)
    return {"type": f"max_pool{axes}d", "kernel_size": each(rng, axes, 2, 3), **options}


def upsample(rng: Random, sizes: tuple[int, ...]) -> Layer:
    smooth = ["linear"] if len(sizes) == 1 else ["bilinear", "bicubic"]
    mode = rng.choice(["nearest", "nearest-exact", *smooth])
    if rng.random() < 0.5:
        way: Layer = {"scale_factor": rng.choice([2, 3, 1.5, 0.75, 2.25])}
    else:
        way = {"size": [rng.randint(size // 2 + 1, size + 9) for size in sizes]}
        if mode in smooth and rng.random() < 0.4:
            way["align_corners"] = True
    return {"type": "upsample", "mode": mode, **way}


def adaptive(rng: Random, sizes: tuple[int, ...]) -> Layer:
    wanted = [rng.randint(2, size + 2) for size in sizes]
    return {"type": f"adaptive_max_pool{len(sizes)}d", "output_size": wanted}


def margin(rng: Random, sizes: tuple[int, ...]) -> Layer:
    pairs = [[rng.randint(0, 3), rng.randint(0, 3)] for _ in sizes]
    if rng.random() < 0.5:
        return {"type": f"zero_pad{len(sizes)}d", "padding": pairs}
    return {"type": "crop", "cropping": pairs}


def cut(rng: Random, sizes: tuple[int, ...]) -> Layer:
    axis = rng.randrange(len(sizes))
    end = rng.randint(sizes[axis] // 2, sizes[axis])
    return {"type": "slice", "dim": axis + 2, "start": rng.randint(0, 2), "end": end,
            "step": rng.randint(1, 2)}  # fmt: skip


MAKERS = [conv, conv, conv, transposed, pool, pool, upsample, adaptive, margin, cut]


def draw(rng: Random, sizes: tuple[int, ...], makers: list[Any]) -> Layer:
    """A layer whose output is neither too small nor too large."""
    while True:
        layer = rng.choice(makers)(rng, sizes)
        try:
            outputs = output_sizes(layer, sizes)
        except EmptyError:
            continue
        if all(SMALLEST <= size <= LARGEST for size in outputs):
            return layer


def chain(rng: Random, axes: int, layers: int, makers: list[Any] | None = None) -> Followed:
    """Layers one behind the other."""
    sizes = tuple(rng.randint(12, 30) for _ in range(axes))
    net = Followed(axes, {"input": [CHANNELS, *sizes], "layers": []}, {"input": sizes})
    last = "input"
    for _ in range(layers):
        last = net.add(draw(rng, net.sizes[last], makers or MAKERS), last)
    return net


def centred(rng: Random, axes: int) -> Layer:
    """A convolution of odd extent that keeps the size: the branch of a block that lines up."""
    k, d = rng.choice([1, 3, 5]), rng.randint(1, 3)
    padding = d * (k - 1) // 2
    return {"type": f"conv{axes}d", "out_channels": CHANNELS, "kernel_size": k, "dilation": d,
            "padding": padding}  # fmt: skip


def blocks(rng: Random, axes: int) -> Followed:
    """Layers, and blocks whose branches line up where they meet."""
    net = chain(rng, axes, 2)
    last = "l1"
    for _ in range(3):
        one = net.add(centred(rng, axes), last)
        other = net.add(centred(rng, axes), last) if rng.random() < 0.5 else last
        last = net.add({"type": rng.choice(["add", "concat", "multiply"])}, one, other)
        if net.model["layers"][-1]["type"] == "concat":
            last = net.add(
                {"type": f"conv{axes}d", "out_channels": CHANNELS, "kernel_size": 1}, last
            )
        last = net.add(draw(rng, net.sizes[last], MAKERS), last)
    return net
