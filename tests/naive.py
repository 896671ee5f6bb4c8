"""What layers make of shapes, by loops: windows placed one by one, values counted one by one.

The oracle of random models. No size is divided and no formula of the project is used; shapes are a
sample's, without the batch axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count, product
from typing import Any, NamedTuple

Shape = tuple[int, ...]
Layer = dict[str, Any]


class Counted(NamedTuple):
    """A layer's output, and what it stores and multiplies."""

    shape: Shape
    params: int = 0
    buffers: int = 0
    macs: int = 0


class EmptyError(Exception):
    """Nothing comes out."""


def array(*sizes: int) -> Any:
    """Zeros, as lists of lists."""
    return [array(*sizes[1:]) for _ in range(sizes[0])] if sizes else 0


def values(nested: Any) -> Iterator[int]:
    """All numbers of nested lists."""
    if isinstance(nested, list):
        for item in nested:
            yield from values(item)
    else:
        yield nested


def length(items: Any) -> int:
    return sum(1 for _ in items)


def stored(*arrays: Any) -> int:
    return length(values(list(arrays)))


def per_axis(value: Any, axes: int) -> list[Any]:
    return list(value) if isinstance(value, list) else [value] * axes


# --- windows ------------------------------------------------------------------------------------


def windows(size: int, kernel: int, stride: int, dilation: int, pads: list[int]) -> list[list[int]]:
    """The taps of every window that fits between the pads."""
    found = []
    for start in count(-pads[0], stride):
        taps = [start + tap * dilation for tap in range(kernel)]
        if taps[-1] >= size + pads[1]:
            return found
        found.append(taps)
    return found


def with_a_last_one(found: list[list[int]], size: int, stride: int, pads: list[int]) -> Any:
    """The same in ceil_mode: one more, if something is left over and it begins within the input."""
    start = found[-1][0] + stride
    left_over = found[-1][-1] < size + pads[1] - 1
    return [*found, [start]] if left_over and start < size else found


def pads_of_same(size: int, kernel: int, stride: int, dilation: int, lower: bool) -> list[int]:
    """The fewest pads with which a window begins at every stride-th place of the input."""
    wanted = length(range(0, size, stride))
    for total in count():
        small = max(half for half in range(total + 1) if half + half <= total)
        pads = [total - small, small] if lower else [small, total - small]
        if len(windows(size, kernel, stride, dilation, pads)) >= wanted:
            return pads
    raise AssertionError


def slid(layer: Layer, spatial: Shape) -> list[list[list[int]]]:
    """The windows along each axis of a convolution or a pooling."""
    axes = len(spatial)
    kernels = per_axis(layer["kernel_size"], axes)
    default = 1 if layer["type"].startswith("conv") else kernels
    strides = per_axis(layer.get("stride", default), axes)
    dilations = per_axis(layer.get("dilation", 1), axes)
    padding = layer.get("padding", 0)
    found = []
    for axis, size in enumerate(spatial):
        kernel, stride, dilation = kernels[axis], strides[axis], dilations[axis]
        if padding == "valid":
            pads = [0, 0]
        elif isinstance(padding, str):
            pads = pads_of_same(size, kernel, stride, dilation, padding == "same_lower")
        else:
            pads = per_axis(per_axis(padding, axes)[axis], 2)
        placed = windows(size, kernel, stride, dilation, pads)
        if not placed:
            raise EmptyError
        if layer.get("ceil_mode"):
            placed = with_a_last_one(placed, size, stride, pads)
        found.append(placed)
    return found


# --- layers -------------------------------------------------------------------------------------


def conv(layer: Layer, x: Shape) -> Counted:
    axes = slid(layer, x[1:])
    outputs, groups = layer["out_channels"], layer.get("groups", 1)
    seen = [[c for c in range(x[0]) if c * groups // x[0] == k * groups // outputs]
            for k in range(outputs)]  # fmt: skip
    kernel = per_axis(layer["kernel_size"], len(axes))
    filters = [array(len(channels), *kernel) for channels in seen]
    biases = array(outputs) if layer.get("bias", True) else []
    macs = sum(1 for one in filters for _ in product(*axes) for _ in values(one))
    return Counted((outputs, *map(len, axes)), stored(filters, biases), 0, macs)


def conv_transpose(layer: Layer, x: Shape) -> Counted:
    axes = len(x) - 1
    arguments = ("kernel_size", "stride", "dilation", "padding", "output_padding")
    columns = [per_axis(layer.get(name, int(name in arguments[:3])), axes) for name in arguments]
    sizes = []
    for axis, (kernel, stride, dilation, pad, extra) in enumerate(zip(*columns, strict=True)):
        places = {i * stride + tap * dilation for i in range(x[axis + 1]) for tap in range(kernel)}
        kept = range(pad, max(places) + 1 - pad + extra)
        if not kept:
            raise EmptyError
        sizes.append(len(kept))
    outputs, groups = layer["out_channels"], layer.get("groups", 1)
    reached = [[k for k in range(outputs) if c * groups // x[0] == k * groups // outputs]
               for c in range(x[0])]  # fmt: skip
    filters = [array(len(maps), *columns[0]) for maps in reached]
    biases = array(outputs) if layer.get("bias", True) else []
    positions = product(*map(range, x[1:]))
    macs = sum(1 for _ in positions for one in filters for _ in values(one))
    return Counted((outputs, *sizes), stored(filters, biases), 0, macs)


def pool(layer: Layer, x: Shape) -> Counted:
    return Counted((x[0], *map(len, slid(layer, x[1:]))))


def adaptive(layer: Layer, x: Shape) -> Counted:
    wanted = per_axis(layer["output_size"], len(x) - 1)
    return Counted((x[0], *(o if o else size for o, size in zip(wanted, x[1:], strict=True))))


def norm(layer: Layer, x: Shape) -> Counted:
    """Batch, group and instance norm: a gain and a bias a channel, and running values."""
    plain = layer["type"].startswith("instance")
    params = [array(x[0]), array(x[0])] if layer.get("affine", not plain) else []
    runs = layer["type"].startswith("batch")
    buffers = [array(x[0]), array(x[0])] if layer.get("track_running_stats", runs) else []
    if layer["type"] == "group_norm":
        buffers = []
    return Counted(x, stored(params), stored(buffers))


def layer_norm(layer: Layer, x: Shape) -> Counted:
    shape = layer.get("normalized_shape", [x[-1]])
    return Counted(x, stored(array(*shape), array(*shape)))


def linear(layer: Layer, x: Shape) -> Counted:
    weights = array(layer["out_features"], x[-1])
    biases = array(layer["out_features"]) if layer.get("bias", True) else []
    macs = sum(1 for _ in product(*map(range, x[:-1])) for _ in values(weights))
    return Counted((*x[:-1], layer["out_features"]), stored(weights, biases), 0, macs)


def pad(layer: Layer, x: Shape) -> Counted:
    pairs = [per_axis(one, 2) for one in per_axis(layer["padding"], len(x) - 1)]
    return Counted(
        (x[0], *(length(range(-b, w + a)) for w, (b, a) in zip(x[1:], pairs, strict=True)))
    )


def upsample(layer: Layer, x: Shape) -> Counted:
    """Outputs whose whole stretch lies within the stretched input."""
    scales = [Fraction(scale) for scale in per_axis(layer["scale_factor"], len(x) - 1)]
    sizes = [next(o for o in count() if o + 1 > w * s) for w, s in zip(x[1:], scales, strict=True)]
    if 0 in sizes:
        raise EmptyError
    return Counted((x[0], *sizes))


def moved(places: Callable[..., Shape], x: Shape) -> Counted:
    """The shape that holds every value at its new place."""
    new = [places(*place) for place in product(*map(range, x))]
    return Counted(tuple(max(axis) + 1 for axis in zip(*new, strict=True)))


def pixel_shuffle(layer: Layer, x: Shape) -> Counted:
    r = layer["upscale_factor"]
    return moved(lambda c, h, w: (c // r**2, h * r + c % r**2 // r, w * r + c % r), x)


def pixel_unshuffle(layer: Layer, x: Shape) -> Counted:
    r = layer["downscale_factor"]
    return moved(lambda c, h, w: (c * r**2 + h % r * r + w % r, h // r, w // r), x)


def permute(layer: Layer, x: Shape) -> Counted:
    return moved(lambda *place: tuple(place[dim - 1] for dim in layer["dims"][1:]), x)


def flatten(layer: Layer, x: Shape) -> Counted:
    return Counted((length(product(*map(range, x))),))


def cut(layer: Layer, x: Shape) -> Counted:
    """A slice."""
    dim = layer["dim"] - 1
    kept = list(range(x[dim]))[layer["start"] : layer["end"] : layer["step"]]
    return Counted((*x[:dim], len(kept), *x[dim + 1 :]))


def joined(layer: Layer, *x: Shape) -> Counted:
    """A concat along the channels."""
    channels = [channel for shape in x for channel in range(shape[0])]
    return Counted((len(channels), *x[0][1:]))


def merged(layer: Layer, *x: Shape) -> Counted:
    """A sum, value by value; a 1 is repeated."""
    return Counted(tuple(map(max, *x)))


def unchanged(layer: Layer, x: Shape) -> Counted:
    return Counted(x)


RULES: dict[str, Callable[..., Counted]] = {
    "conv": conv, "conv_transpose": conv_transpose, "max_pool": pool, "avg_pool": pool,
    "adaptive_avg_pool": adaptive, "adaptive_max_pool": adaptive,
    "batch_norm": norm, "group_norm": norm, "instance_norm": norm,
    "layer_norm": layer_norm, "linear": linear, "zero_pad": pad, "reflection_pad": pad,
    "upsample": upsample, "pixel_shuffle": pixel_shuffle, "pixel_unshuffle": pixel_unshuffle,
    "permute": permute, "flatten": flatten, "slice": cut, "concat": joined, "add": merged,
    "multiply": merged, "relu": unchanged, "dropout": unchanged, "identity": unchanged,
}  # fmt: skip


def run(layer: Layer, *x: Shape) -> Counted:
    """What a layer makes of its inputs; EmptyError where nothing is left."""
    kind = layer["type"]
    kind = kind[:-2] if kind[-2:] in ("1d", "2d", "3d") else kind
    return RULES[kind](layer, *x)
