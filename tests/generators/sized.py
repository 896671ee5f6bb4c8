"""Random networks whose shape hangs on the input's size: branches, crops, reshapes, flattens."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any

from checked import graph as read

from cnnshape.analysis.walk import walk
from cnnshape.layer import Shape

Layer = dict[str, Any]
Maker = Callable[[Random, Shape], Layer]
NEAR = {1: (5, 60), 2: (5, 40), 3: (3, 12)}
"""Example sizes, by the number of spatial axes."""


def each(rng: Random, axes: int, low: int, high: int) -> int | list[int]:
    """One number, or one an axis."""
    drawn = [rng.randint(low, high) for _ in range(axes)]
    return drawn if rng.random() < 0.3 else drawn[0]


def some(rng: Random, **options: Any) -> Layer:
    """Some of the options."""
    return {name: value for name, value in options.items() if rng.random() < 0.5}


def conv(rng: Random, x: Shape) -> Layer:
    axes = len(x) - 1
    pairs = [[rng.randint(0, 3), rng.randint(0, 3)] for _ in range(axes)]
    layer = {
        "type": f"conv{axes}d",
        "out_channels": rng.choice([2, 4, x[0]]),
        "kernel_size": each(rng, axes, 1, 5),
        **some(rng, stride=each(rng, axes, 1, 4), dilation=each(rng, axes, 1, 3)),
        **some(rng, padding=rng.choice([each(rng, axes, 0, 3), pairs, "same", "same_lower"])),
    }
    mode = rng.choice(["zeros", "zeros", "zeros", "reflect", "circular", "replicate"])
    return layer | ({} if mode == "zeros" else {"padding_mode": mode})


def keeping(rng: Random, x: Shape) -> Layer:
    """A convolution that keeps the size, or halves it."""
    layer = {"type": f"conv{len(x) - 1}d", "out_channels": x[0], "kernel_size": 3, "padding": 1}
    return layer | {"stride": rng.choice([1, 2])}


def conv_transpose(rng: Random, x: Shape) -> Layer:
    axes = len(x) - 1
    return {
        "type": f"conv_transpose{axes}d",
        "out_channels": rng.choice([2, x[0]]),
        "kernel_size": each(rng, axes, 1, 4),
        "stride": each(rng, axes, 2, 3),
        **some(rng, padding=each(rng, axes, 0, 2), output_padding=each(rng, axes, 0, 1)),
        **some(rng, dilation=each(rng, axes, 1, 2)),
    }


def doubling(rng: Random, x: Shape) -> Layer:
    layer = {"type": f"conv_transpose{len(x) - 1}d", "out_channels": x[0]}
    return layer | {"kernel_size": 2, "stride": 2}


def pool(rng: Random, x: Shape) -> Layer:
    axes = len(x) - 1
    layer = {
        "type": f"{rng.choice(['max', 'avg'] if axes < 3 else ['max'])}_pool{axes}d",
        "kernel_size": each(rng, axes, 2, 3),
        **some(rng, stride=each(rng, axes, 1, 4), padding=1),
    }
    return layer | some(rng, ceil_mode=True)


def halving(rng: Random, x: Shape) -> Layer:
    return {"type": f"max_pool{len(x) - 1}d", "kernel_size": 2, **some(rng, ceil_mode=True)}


def upsample(rng: Random, x: Shape) -> Layer:
    if rng.random() < 0.2:
        return {"type": "upsample", "size": each(rng, len(x) - 1, 1, 20)}
    return {"type": "upsample", "scale_factor": rng.choice([2, 2, 1.5, 0.5, 0.25, 0.75])}


def pad(rng: Random, x: Shape) -> Layer:
    axes = len(x) - 1
    kind = rng.choice(["zero_pad", "reflection_pad", "circular_pad", "replication_pad"])
    pairs = [[rng.randint(-3, 3), rng.randint(-3, 3)] for _ in range(axes)]
    return {"type": f"{kind}{axes}d", "padding": pairs}


def crop(rng: Random, x: Shape) -> Layer:
    if rng.random() < 0.5:
        return {"type": "crop", "size": each(rng, len(x) - 1, 1, max(1, min(x[1:])))}
    return {"type": "crop", "cropping": [[rng.randint(0, 3), rng.randint(0, 3)] for _ in x[1:]]}


def cut(rng: Random, x: Shape) -> Layer:
    layer = {"type": "slice", "dim": rng.choice([-1, 2, len(x)]), "step": rng.randint(1, 3)}
    return layer | some(rng, start=rng.randint(-12, 12), end=rng.randint(-12, 30))


def adaptive(rng: Random, x: Shape) -> Layer:
    return {"type": f"adaptive_avg_pool{len(x) - 1}d", "output_size": each(rng, len(x) - 1, 1, 6)}


def mixed(rng: Random, x: Shape) -> Layer:
    """Axes exchanged: height becomes width, or channels."""
    if rng.random() < 0.7 and len(x) > 2:
        return {"type": "transpose", "dim0": -1, "dim1": -2}
    dims = list(range(1, len(x) + 1))
    rng.shuffle(dims)
    return {"type": "permute", "dims": [0, *dims]}


def shuffled(rng: Random, x: Shape) -> Layer:
    if len(x) == 3 and x[0] % 4 == 0 and rng.random() < 0.5:
        return {"type": "pixel_shuffle", "upscale_factor": 2}
    if len(x) == 3:
        return {"type": "pixel_unshuffle", "downscale_factor": rng.choice([2, 3])}
    return plain(rng, x)


def reshaped(rng: Random, x: Shape) -> Layer:
    """Axes joined, or a size left open."""
    known = rng.choice([d for d in (1, 2, 3, 4, 6, 8, x[0]) if prod(x) % d == 0])
    way = rng.random()
    if way < 0.2:
        return {"type": "reshape", "shape": list(x)}
    if way < 0.7:
        sizes = [known, -1] if rng.random() < 0.8 else [-1, known, 2]
        return {"type": "reshape", "shape": sizes}
    return {"type": "flatten", "start_dim": 2} if len(x) > 2 else {"type": "flatten"}


def plain(rng: Random, x: Shape) -> Layer:
    norm = {"type": f"batch_norm{len(x) - 1}d"} if len(x) in (2, 3, 4) else {"type": "relu"}
    return rng.choice([{"type": "relu"}, norm])


def normed(rng: Random, x: Shape) -> Layer:
    return {"type": "layer_norm", "normalized_shape": [x[-1]]}


def unfolded(rng: Random, x: Shape) -> Layer:
    if len(x) != 3:
        return plain(rng, x)
    layer = {"type": "unfold", "kernel_size": rng.choice([2, 3]), **some(rng, padding=1)}
    return layer | some(rng, stride=2)


USUAL: list[Maker] = [conv, conv, conv, keeping, conv_transpose, doubling, pool, halving, halving,
                      upsample, plain]  # fmt: skip
UNUSUAL: list[Maker] = [pad, crop, cut, adaptive, mixed, shuffled, reshaped, normed, unfolded]


class Growing:
    """A network in the making, and the shapes that arrive at its example."""

    def __init__(self, rng: Random, inputs: dict[str, list[int | str]], example: Any) -> None:
        self.rng = rng
        self.model: dict[str, Any] = {"inputs": inputs, "layers": []}
        self.shapes: dict[str, Shape] = {
            name: tuple(size if isinstance(size, int) else example[size] for size in shape)
            for name, shape in inputs.items()
        }

    def add(self, layer: Layer, *sources: str, even_if_wrong: bool = False) -> str | None:
        """Add a layer that takes its input; None: it does not."""
        inputs = {f"in{number}": list(self.shapes[name]) for number, name in enumerate(sources)}
        alone = read({"inputs": inputs, "layers": [{"from": [*inputs], "name": "l", **layer}]})
        shape = walk(alone).shapes["l"] if alone.nodes else None
        sound = shape is not None and not alone.findings and not walk(alone).faults
        if not sound and not (even_if_wrong and shape is not None and not alone.findings):
            return None
        if shape is None or prod(shape[1:]) > 10**6 or prod(shape[1:]) < 1:
            return None
        name = f"l{len(self.model['layers'])}"
        self.model["layers"].append({"name": name, "from": [*sources], **layer})
        self.shapes[name] = shape[1:]
        return name

    def pick(self) -> str:
        return self.rng.choice([*self.shapes][-3:])

    def grow(self) -> None:
        """One more layer, or two branches that meet."""
        rng, kind = self.rng, self.rng.random()
        source = self.pick()
        if len(self.shapes[source]) < 2:
            return
        if kind < 0.15:
            other = rng.choice([*self.shapes])
            dim = rng.choice([1, 1, 2, len(self.shapes[source])])
            self.add(
                {"type": "concat", "dim": dim}, source, other, even_if_wrong=rng.random() < 0.2
            )
        elif kind < 0.3:
            other = rng.choice([*self.shapes])
            self.add({"type": rng.choice(["add", "multiply"])}, source, other)
        elif kind < 0.35:
            self.add({"type": "crop"}, source, rng.choice([*self.shapes]))
        else:
            maker = rng.choice(USUAL if rng.random() < 0.75 else UNUSUAL)
            self.add(maker(rng, self.shapes[source]), source, even_if_wrong=rng.random() < 0.03)

    def skip(self) -> None:
        """Down and up again, and a merge with what was before."""
        rng, source = self.rng, self.pick()
        name: str | None = source
        depth = rng.randint(1, 3)
        for maker in [rng.choice([halving, keeping, pool])] * depth + [doubling] * depth:
            if name is None or len(self.shapes[name]) < 2:
                return
            name = self.add(maker(rng, self.shapes[name]), name) or name
        self.add({"type": rng.choice(["add", "concat"])}, source, name or source)

    def end(self) -> None:
        """A head that asks for a number of features, or for none."""
        rng, kind, last = self.rng, self.rng.random(), [*self.shapes][-1]
        if kind < 0.3:
            return
        if kind < 0.45:
            head = self.add({"type": "global_avg_pool"}, last)
        else:
            head = self.add({"type": "flatten"}, last)
        if head is None:
            return
        features = self.shapes[head][-1] + (rng.random() < 0.1)
        layer = {"type": "linear", "in_features": features, "out_features": 2}
        self.add(layer, head, even_if_wrong=True)


def inputs_of(rng: Random, axes: int) -> tuple[dict[str, list[int | str]], dict[str, int]]:
    """Inputs with named sizes, shared or not, and an example of each name."""
    names = {1: ["L"], 2: ["H", "W"], 3: ["D", "H", "W"]}[axes]
    if axes > 1 and rng.random() < 0.25:
        names = [rng.choice(names)] * axes
    channels = rng.choice([1, 2, 3, 4])
    given: dict[str, list[int | str]] = {"a": [channels, *names]}
    if rng.random() < 0.2:
        others = names if rng.random() < 0.5 else [f"{name}2" for name in names[:1]] + names[1:]
        given["b"] = [rng.choice([channels, 2]), *others]
    used = sorted(
        {str(size) for shape in given.values() for size in shape if isinstance(size, str)}
    )
    return given, {name: rng.randint(*NEAR[axes]) for name in used}


def sized(rng: Random) -> tuple[dict[str, Any], dict[str, int]]:
    """A model with named sizes, and the example at which it was made."""
    inputs, example = inputs_of(rng, rng.choice([1, 2, 2, 2, 2, 3]))
    growing = Growing(rng, inputs, example)
    for _ in range(rng.randint(1, 7)):
        growing.grow()
    for _ in range(rng.choice([0, 0, 1, 2])):
        growing.skip()
    growing.end()
    if not growing.model["layers"]:
        growing.add({"type": "relu"}, "a")
    return growing.model, example
