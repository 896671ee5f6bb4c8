"""Draw random sequential models, run each with PyTorch, and record what PyTorch does.

Run by hand, with PyTorch installed: `python tests/data/make_random_models.py` writes
`random_models.json.gz` beside this file, the same bytes for the same PyTorch. The project
itself needs no PyTorch. Nothing is recorded because it was meant: a layer is valid, a planted
fault is a fault, where PyTorch says so.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

SEED = 20260
SOUND_MODELS = 420
SOUND_SEQUENCES_A_KIND = 8
FAULTS_A_KIND = 6
BATCH = 2
LARGEST_SAMPLE = 4096
LARGEST_LAYER = 40_000
MESSAGE_LENGTH = 160

Layer = dict[str, Any]
Shape = tuple[int, ...]  # of one sample: no batch axis
Model = dict[str, Any]
Apply = Callable[[Tensor], Tensor]

# What PyTorch raises when it refuses a layer; anything else is a bug of this script.
REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, AssertionError, ArithmeticError)


# --- a layer of a model file as PyTorch -----------------------------------------------------

ODD_NAMES = {
    "relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "LeakyReLU", "prelu": "PReLU", "elu": "ELU",
    "selu": "SELU", "celu": "CELU", "gelu": "GELU", "silu": "SiLU", "glu": "GLU",
    "rms_norm": "RMSNorm", "lp_pool2d": "LPPool2d", "rnn": "RNN", "lstm": "LSTM", "gru": "GRU",
}  # fmt: skip
SEQUENCE = ("rnn", "lstm", "gru", "multihead_attention", "transformer_encoder_layer")
# The argument that a model file may leave out, and the axis of the sample it is read from.
INFERRED = {
    "conv": ("in_channels", 0), "linear": ("in_features", -1), "batch_norm": ("num_features", 0),
    "instance_norm": ("num_features", 0), "group_norm": ("num_channels", 0),
    "rnn": ("input_size", -1), "lstm": ("input_size", -1), "gru": ("input_size", -1),
    "multihead_attention": ("embed_dim", -1), "transformer_encoder_layer": ("d_model", -1),
}  # fmt: skip
# Ranks of a sample at which the batch axis is read as such; elsewhere PyTorch may take the
# whole batch for one unbatched sample, which no model file means.
BATCHED_RANKS = {
    "pixel_shuffle": {3}, "pixel_unshuffle": {3}, "unfold": {3}, "fold": {2},
    "instance_norm": {2, 3, 4}, "batch_norm1d": {1, 2}, "dropout2d": {3}, "dropout3d": {4},
} | {name: {2} for name in SEQUENCE}  # fmt: skip


def mapping(entry: Layer | str) -> Layer:
    """The layer as a mapping: `relu` is short for `{type: relu}`."""
    return {"type": entry} if isinstance(entry, str) else entry


def inferred(kind: str) -> tuple[str, int] | None:
    """The argument that may be left out, and its axis."""
    family = "conv" if kind.startswith("conv") else kind.rstrip("d123")
    return INFERRED.get(kind) or INFERRED.get(family)


def is_batched(kind: str, rank: int) -> bool:
    """Whether PyTorch reads axis 0 as the batch when samples have this rank."""
    axes = re.search(r"([123])d$", kind)
    return rank in BATCHED_RANKS.get(kind, {int(axes[1]) + 1} if axes else {rank})


def class_name(kind: str, rank: int) -> str:
    """PyTorch's class for a type of the model file."""
    if kind in {"batch_norm", "instance_norm"}:
        kind += f"{max(rank - 1, 1)}d"
    return ODD_NAMES.get(kind) or "".join(part.capitalize() for part in kind.split("_"))


def shape_layer(kind: str, arguments: Layer) -> Apply | None:
    """The tensor method of a type without a module; `reshape` is given a sample's shape."""
    if kind == "reshape":
        return lambda x: x.reshape(x.shape[0], *arguments["shape"])
    if kind in {"permute", "transpose", "squeeze", "unsqueeze"}:
        return lambda x: getattr(x, kind)(*arguments.values())
    return None


def build(entry: Layer | str, shape: Shape) -> tuple[Apply, nn.Module]:
    """What applies the layer, and the module that holds its parameters."""
    arguments = dict(mapping(entry))
    kind = arguments.pop("type")
    if method := shape_layer(kind, arguments):
        return method, nn.Module()
    if (omitted := inferred(kind)) and omitted[0] not in arguments:
        arguments[omitted[0]] = shape[omitted[1]]
    if kind in {"softmax", "log_softmax"}:
        arguments.setdefault("dim", 1)
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
    module = getattr(nn, class_name(kind, len(shape)))(**arguments).eval()
    if kind == "multihead_attention":
        return lambda x: module(x, x, x)[0], module
    return (lambda x: module(x)[0]) if kind in SEQUENCE[:3] else module, module


def macs(kind: str, module: nn.Module, x: Shape, y: Shape) -> int:
    """Multiply-accumulates of a sample: every weight once an output (transposed: input) place."""
    if kind == "linear":
        return module.get_parameter("weight").numel() * math.prod(y[:-1])
    if kind.startswith("conv"):
        places = (x if "transpose" in kind else y)[1:]
        return module.get_parameter("weight").numel() * math.prod(places)
    return 0


def counted_macs(apply: Apply, shape: Shape) -> int:
    """The same by PyTorch's own counter, which calls a multiply-accumulate two operations."""
    with FlopCounterMode(display=False) as counter:
        apply(torch.zeros(1, *shape))
    return int(counter.get_total_flops()) // 2


def measure(entry: Layer | str, x: Tensor) -> tuple[Tensor, list[Any]]:
    """The layer's output, and its row: output shape, parameters, buffers, MACs of a sample."""
    kind, before = mapping(entry)["type"], tuple(x.shape[1:])
    apply, module = build(entry, before)
    y = apply(x)
    after = tuple(y.shape[1:])
    products = macs(kind, module, before, after)
    if products and products != counted_macs(apply, before):
        raise SystemExit(f"PyTorch counts other MACs for {entry} at {before}")
    buffers = (b.numel() for name, b in module.named_buffers() if "num_batches" not in name)
    parameters = sum(p.numel() for p in module.parameters())
    return y, [after, parameters, sum(buffers), None if kind in SEQUENCE else products]


def blank(model: Model) -> Tensor:
    """A batch of zeros for the model's input."""
    if "input" in model:
        return torch.zeros(BATCH, *model["input"])
    spec = next(iter(model["inputs"].values()))
    return torch.zeros(BATCH, *spec["shape"], dtype=getattr(torch, spec["dtype"]))


def message(error: Exception) -> str:
    """The beginning of what PyTorch says, without the sets that it prints in any order."""
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return re.sub(r"\{'.*?'\}", "{...}", text)[:MESSAGE_LENGTH]


def record(model: Model, kind: str | None) -> dict[str, Any]:
    """Run the model layer by layer, up to the first layer that PyTorch refuses."""
    x, rows = blank(model), []
    outcome: dict[str, Any] = {"model": model, "kind": kind, "fails": None, "message": None}
    for index, entry in enumerate(model["layers"]):
        try:
            x, row = measure(entry, x)
        except REFUSALS as error:
            outcome |= {"fails": index, "message": message(error)}
            break
        x = x.contiguous()  # sizes decide, not the strides that a permute leaves behind
        rows.append(row)
    return outcome | {"layers": rows}


# --- sound layers ---------------------------------------------------------------------------


def chance(rng: Random, probability: float) -> bool:
    """True with this probability."""
    return rng.random() < probability


def per_axis(rng: Random, axes: int, low: int, high: int) -> int | list[int]:
    """A value for every axis: one number mostly, else a list."""
    if chance(rng, 0.6):
        return rng.randint(low, high)
    return [rng.randint(low, high) for _ in range(axes)]


def option(rng: Random, layer: Layer, key: str, value: Any, probability: float = 0.4) -> None:
    """Give the argument, sometimes."""
    if chance(rng, probability):
        layer[key] = value


def divisors(number: int) -> list[int]:
    """All divisors, ascending."""
    return [d for d in range(1, number + 1) if number % d == 0]


def convolution(rng: Random, kind: str, shape: Shape) -> Layer:
    """A convolution; `same` only at stride 1, where PyTorch and TensorFlow agree."""
    axes = len(shape) - 1
    groups = rng.choice(divisors(shape[0])) if chance(rng, 0.4) else 1
    layer: Layer = {"type": kind, "out_channels": groups * rng.randint(1, max(1, 12 // groups))}
    layer["kernel_size"] = per_axis(rng, axes, 1, 4)
    option(rng, layer, "in_channels", shape[0], 0.5)
    option(rng, layer, "stride", per_axis(rng, axes, 1, 3))
    option(rng, layer, "padding", per_axis(rng, axes, 0, 2), 0.6)
    option(rng, layer, "dilation", per_axis(rng, axes, 1, 3), 0.25)
    option(rng, layer, "groups", groups, 1 if groups > 1 else 0.1)
    option(rng, layer, "bias", chance(rng, 0.2), 0.3)
    if "transpose" in kind:
        option(rng, layer, "output_padding", per_axis(rng, axes, 0, 2), 0.5)
        return layer
    option(rng, layer, "padding_mode", rng.choice(PADDING_MODES), 0.4)
    if "stride" not in layer and chance(rng, 0.3):
        layer["padding"] = rng.choice(["same", "same", "valid"])
    return layer


PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]


def pooling(rng: Random, kind: str, shape: Shape) -> Layer:
    """A max, average or power-average pooling."""
    axes = len(shape) - 1
    layer: Layer = {"type": kind, "kernel_size": per_axis(rng, axes, 1, 4)}
    if kind == "lp_pool2d":
        layer["norm_type"] = rng.choice([1, 2, 1.5])
    option(rng, layer, "stride", per_axis(rng, axes, 1, 4), 0.6)
    option(rng, layer, "ceil_mode", chance(rng, 0.8), 0.5)
    if kind != "lp_pool2d":
        option(rng, layer, "padding", per_axis(rng, axes, 0, 2), 0.5)
    if kind.startswith("max"):
        option(rng, layer, "dilation", per_axis(rng, axes, 1, 3), 0.3)
    if kind.startswith("avg"):
        option(rng, layer, "count_include_pad", chance(rng, 0.5), 0.4)
    return layer


def adaptive(rng: Random, kind: str, shape: Shape) -> Layer:
    """An adaptive pooling; null keeps an axis, which the one-axis kinds do not take."""
    axes = len(shape) - 1
    size: Any = per_axis(rng, axes, 1, 6)
    if isinstance(size, list) and axes > 1 and chance(rng, 0.5):
        size[rng.randrange(axes)] = None
    return {"type": kind, "output_size": size}


def normalisation(rng: Random, kind: str, shape: Shape) -> Layer:
    """Any of the normalisations."""
    layer: Layer = {"type": kind}
    if kind in {"layer_norm", "rms_norm"}:
        trailing = list(shape[-rng.randint(1, len(shape)) :])
        one = len(trailing) == 1 and chance(rng, 0.5)
        layer["normalized_shape"] = trailing[0] if one else trailing
        option(rng, layer, "elementwise_affine", False, 0.2)
        option(rng, layer, "eps", 1e-3, 0.1)
    elif kind == "local_response_norm":
        layer["size"] = rng.randint(1, 5)
    elif kind == "group_norm":
        layer["num_groups"] = rng.choice(divisors(shape[0]))
        option(rng, layer, "num_channels", shape[0], 0.5)
        option(rng, layer, "affine", False, 0.2)
    else:
        option(rng, layer, "num_features", shape[0], 0.5)
        option(rng, layer, "affine", chance(rng, 0.5), 0.4)
        option(rng, layer, "track_running_stats", chance(rng, 0.5), 0.3)
    return layer


ACTIVATIONS: dict[str, Layer] = {
    "relu": {"inplace": True}, "relu6": {}, "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 0.5}, "selu": {}, "celu": {"alpha": 2.0}, "gelu": {"approximate": "tanh"},
    "silu": {}, "mish": {}, "hardswish": {}, "hardsigmoid": {}, "sigmoid": {}, "tanh": {},
    "hardtanh": {"min_val": 0, "max_val": 6}, "softplus": {"beta": 2}, "softsign": {},
    "softmax": {"dim": -1}, "log_softmax": {"dim": 1}, "identity": {},
    "dropout": {"p": 0.25}, "alpha_dropout": {"p": 0.1},
}  # fmt: skip


def elementwise(rng: Random, kind: str, shape: Shape) -> Layer | str:
    """What keeps the shape: an activation, a dropout, or `prelu`."""
    if kind == "prelu":
        layer: Layer = {"type": kind}
        option(rng, layer, "num_parameters", rng.choice([1, shape[0]]), 0.6)
        return layer
    arguments = ACTIVATIONS.get(kind, {"p": 0.3})
    if arguments and chance(rng, 0.4):
        return {"type": kind, **arguments}
    return kind if chance(rng, 0.6) else {"type": kind}


def any_activation(rng: Random, kind: str, shape: Shape) -> Layer | str:
    """One of the activations, whatever the rank."""
    return elementwise(rng, rng.choice(list(ACTIVATIONS)), shape)


def glu(rng: Random, kind: str, shape: Shape) -> Layer | None:
    """A gated linear unit over an even axis."""
    even = [axis for axis, size in enumerate(shape, 1) if size % 2 == 0]
    if not even:
        return None
    layer = {"type": kind, "dim": rng.choice(even)}
    return {"type": kind} if layer["dim"] == len(shape) else layer


def padding(rng: Random, kind: str, shape: Shape) -> Layer:
    """A padding layer; zeros and constants also with negative pads, which crop."""
    flat = [rng.randint(0, 3) for _ in range(2 * len(shape) - 2)]
    if kind.startswith(("zero", "constant")) and chance(rng, 0.15):
        flat[rng.randrange(len(flat))] = -1
    layer: Layer = {"type": kind, "padding": flat if chance(rng, 0.6) else rng.randint(1, 3)}
    if kind.startswith("constant"):
        layer["value"] = rng.choice([0, 1.5])
    return layer


def shuffle(rng: Random, kind: str, shape: Shape) -> Layer:
    """A pixel shuffle or unshuffle, or a channel shuffle."""
    if kind == "channel_shuffle":
        return {"type": kind, "groups": rng.choice(divisors(shape[0]))}
    if kind == "pixel_unshuffle":
        return {"type": kind, "downscale_factor": rng.choice(divisors(math.gcd(*shape[1:])))}
    factors = [r for r in (1, 2, 3) if shape[0] % (r * r) == 0]
    return {"type": kind, "upscale_factor": factors[-1]}


INTERPOLATIONS = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}


def upsample(rng: Random, kind: str, shape: Shape) -> Layer:
    """An upsampling, to a size or by a factor that need not be whole."""
    axes = len(shape) - 1
    layer: Layer = {"type": kind}
    factors = [0.4, 0.5, 0.7, 1.1, 1.3, 1.5, 2, 2.0, 2.3, 3]
    if chance(rng, 0.4):
        layer["size"] = per_axis(rng, axes, 1, 12)
    elif chance(rng, 0.5):
        layer["scale_factor"] = rng.choice(factors)
    else:
        layer["scale_factor"] = [rng.choice(factors) for _ in range(axes)]
    option(rng, layer, "mode", rng.choice(["nearest", *INTERPOLATIONS[axes]]), 0.6)
    if layer.get("mode", "nearest") != "nearest":
        option(rng, layer, "align_corners", chance(rng, 0.5), 0.4)
    return layer


def flatten(rng: Random, kind: str, shape: Shape) -> Layer | str:
    """A flatten of all axes, or of some."""
    if chance(rng, 0.5):
        return kind
    start = rng.randint(1, len(shape))
    layer: Layer = {"type": kind, "start_dim": start}
    option(rng, layer, "end_dim", rng.choice([-1, rng.randint(start, len(shape))]), 0.7)
    return layer


def factorise(rng: Random, number: int) -> list[int]:
    """The number as a product of two or three factors."""
    first = rng.choice(divisors(number))
    second = rng.choice(divisors(number // first))
    rest = number // first // second
    return [first, second * rest] if chance(rng, 0.6) else [first, second, rest]


def unflatten(rng: Random, kind: str, shape: Shape) -> Layer:
    """An axis split into factors, one of them perhaps -1."""
    axis = rng.randint(1, len(shape))
    sizes = factorise(rng, shape[axis - 1])
    if chance(rng, 0.4):
        sizes[rng.randrange(len(sizes))] = -1
    dim = axis if chance(rng, 0.7) else axis - len(shape) - 1
    return {"type": kind, "dim": dim, "unflattened_size": sizes}


def reshape(rng: Random, kind: str, shape: Shape) -> Layer:
    """A sample given another shape.

    A -1 in front of sizes that hold all values means the batch in a model file, so it is avoided.
    """
    sizes = factorise(rng, math.prod(shape))
    if chance(rng, 0.5):
        open_axis = rng.randrange(len(sizes))
        if open_axis > 0 or len(sizes) == 1 or sizes[0] != 1:
            sizes[open_axis] = -1
    return {"type": kind, "shape": sizes}


def reorder(rng: Random, kind: str, shape: Shape) -> Layer:
    """A permute, transpose, squeeze or unsqueeze that leaves the batch axis alone."""
    axes = range(1, len(shape) + 1)
    if kind == "permute":
        return {"type": kind, "dims": [0, *rng.sample(axes, len(axes))]}
    if kind == "transpose":
        return {"type": kind, "dim0": rng.choice(axes), "dim1": rng.choice([*axes, -1])}
    if kind == "squeeze" and chance(rng, 0.2):
        return {"type": kind}
    if kind == "squeeze":
        ones = [axis for axis in axes if shape[axis - 1] == 1]
        return {"type": kind, "dim": rng.choice(ones or axes)}
    return {"type": kind, "dim": rng.choice([*axes, -1])}


def linear(rng: Random, kind: str, shape: Shape) -> Layer:
    """A linear layer over the last axis."""
    layer: Layer = {"type": kind, "out_features": rng.randint(1, 16)}
    option(rng, layer, "in_features", shape[-1], 0.5)
    option(rng, layer, "bias", False, 0.2)
    return layer


def unfold(rng: Random, kind: str, shape: Shape) -> Layer:
    """Sliding blocks of an image as columns."""
    layer: Layer = {"type": kind, "kernel_size": per_axis(rng, 2, 1, 3)}
    option(rng, layer, "stride", per_axis(rng, 2, 1, 3))
    option(rng, layer, "padding", per_axis(rng, 2, 0, 2))
    option(rng, layer, "dilation", per_axis(rng, 2, 1, 2), 0.3)
    return layer


def fold(rng: Random, kind: str, shape: Shape) -> Layer | None:
    """Columns summed back into the image whose blocks they are, where there is one."""
    for k in rng.sample((1, 2, 3), 3):
        rows = [n for n in divisors(shape[1]) if shape[0] % (k * k) == 0]
        if rows:
            height = rng.choice(rows)
            size = [height + k - 1, shape[1] // height + k - 1]
            return {"type": kind, "output_size": size, "kernel_size": k}
    return None


def sequence(rng: Random, kind: str, shape: Shape) -> Layer:
    """A recurrent or attention layer; the batch always comes first in a model file."""
    layer: Layer = {"type": kind, "batch_first": True}
    if kind in SEQUENCE[:3]:
        layer["hidden_size"] = rng.randint(3, 8)
        option(rng, layer, "num_layers", rng.randint(1, 3))
        option(rng, layer, "bidirectional", True)
        if kind == "lstm":
            option(rng, layer, "proj_size", rng.randint(1, 2), 0.3)
        if kind == "rnn":
            option(rng, layer, "nonlinearity", "relu", 0.3)
    else:
        heads = "nhead" if kind.startswith("transformer") else "num_heads"
        layer[heads] = rng.choice(divisors(shape[-1]))
    if kind.startswith("transformer"):
        option(rng, layer, "dim_feedforward", rng.randint(4, 32), 0.8)
        option(rng, layer, "norm_first", True)
    if kind == "multihead_attention":
        option(rng, layer, "add_bias_kv", True, 0.2)
    option(rng, layer, "bias", False, 0.3)
    key, axis = INFERRED[kind]
    option(rng, layer, key, shape[axis], 0.5)
    return layer


Propose = Callable[[Random, str, Shape], "Layer | str | None"]

# Types drawn at any rank, and those drawn at a rank of the sample; {d} is its spatial axes.
ANYWHERE: dict[str, Propose] = {
    "activation": any_activation, "prelu": elementwise, "glu": glu, "linear": linear,
    "batch_norm": normalisation, "group_norm": normalisation, "layer_norm": normalisation,
    "rms_norm": normalisation, "reshape": reshape, "unsqueeze": reorder,
}  # fmt: skip
SPATIAL: dict[str, Propose] = {
    "conv{d}d": convolution, "conv_transpose{d}d": convolution, "max_pool{d}d": pooling,
    "avg_pool{d}d": pooling, "adaptive_avg_pool{d}d": adaptive, "adaptive_max_pool{d}d": adaptive,
    "batch_norm{d}d": normalisation, "instance_norm": normalisation,
    "local_response_norm": normalisation, "dropout{d}d": elementwise, "zero_pad{d}d": padding,
    "constant_pad{d}d": padding, "reflection_pad{d}d": padding, "replication_pad{d}d": padding,
    "circular_pad{d}d": padding, "channel_shuffle": shuffle, "upsample": upsample,
    "flatten": flatten, "unflatten": unflatten, "permute": reorder, "transpose": reorder,
    "squeeze": reorder,
}  # fmt: skip
AT_RANK: dict[int, dict[str, Propose]] = {
    1: {"unflatten": unflatten},
    2: {"fold": fold},
    3: {"lp_pool2d": pooling, "pixel_shuffle": shuffle, "pixel_unshuffle": shuffle,
        "unfold": unfold},
    4: {},
}  # fmt: skip
FREQUENT = ("conv", "max_pool", "avg_pool", "activation", "linear", "upsample", "lp_", "fold")


def catalogue(rank: int) -> dict[str, Propose]:
    """The types that may be drawn when samples have this rank."""
    spatial = SPATIAL if rank > 1 else {}
    everything = ANYWHERE | spatial | AT_RANK[rank]
    return {name.format(d=rank - 1): propose for name, propose in everything.items()}


def propose_layer(rng: Random, shape: Shape) -> Layer | str | None:
    """A layer that probably fits."""
    types = catalogue(len(shape))
    weights = [3 if kind.startswith(FREQUENT) else 1 for kind in types]
    kind = rng.choices(list(types), weights)[0]
    return types[kind](rng, kind, shape)


def is_kept(row: list[Any]) -> bool:
    """Whether the result is of a size to go on with."""
    shape, parameters = row[:2]
    within = 0 < math.prod(shape) <= LARGEST_SAMPLE and parameters <= LARGEST_LAYER
    return within and 1 <= len(shape) <= max(AT_RANK)


def attempt(entry: Layer | str, shape: Shape) -> tuple[Tensor, list[Any]] | None:
    """What `measure` gives for samples of this shape, or None where PyTorch refuses."""
    try:
        return measure(entry, torch.zeros(BATCH, *shape))
    except REFUSALS:
        return None


def after(entry: Layer | str, shape: Shape) -> Shape | None:
    """The sample's shape after the layer, or None where it is refused or unwieldy."""
    measured = attempt(entry, shape)
    if measured is None or len(measured[0]) != BATCH or not is_kept(measured[1]):
        return None
    return tuple(measured[1][0])


def extend(rng: Random, shape: Shape, number: int) -> tuple[list[Layer | str], Shape]:
    """So many layers, each accepted by PyTorch after the one before it, and where they lead."""
    layers: list[Layer | str] = []
    while len(layers) < number:
        entry = propose_layer(rng, shape)
        if entry is not None and (arrived := after(entry, shape)):
            layers.append(entry)
            shape = arrived
    return layers, shape


def image(rng: Random, axes: int | None = None) -> Shape:
    """An input of one, two or three spatial axes (None: any)."""
    axes = axes or rng.choices((1, 2, 3), (3, 5, 3))[0]
    largest = {1: 30, 2: 14, 3: 8}[axes]
    return rng.randint(1, 9), *(rng.randint(2, largest) for _ in range(axes))


def sound_model(rng: Random) -> Model:
    """A model without a fault."""
    shape = image(rng)
    return {"input": list(shape), "layers": extend(rng, shape, rng.randint(3, 9))[0]}


def sequence_start(rng: Random) -> tuple[Model, Shape]:
    """The beginning of a sequence model: tokens and their embedding, or features as they are."""
    length, width = rng.randint(2, 9), rng.choice((4, 6, 8, 12))
    if chance(rng, 0.5):
        embedding = {"type": "embedding", "num_embeddings": rng.randint(5, 30)}
        option(rng, embedding, "padding_idx", 0, 0.3)
        tokens = {"tokens": {"shape": [length], "dtype": "int64"}}
        return {"inputs": tokens, "layers": [embedding | {"embedding_dim": width}]}, (length, width)
    layers: list[Layer | str] = []
    if chance(rng, 0.6):
        layers = [{"type": "linear", "out_features": width}, any_activation(rng, "", (1,))]
    return {"input": [length, width], "layers": layers}, (length, width)


def sequence_model(rng: Random, kind: str) -> Model:
    """A small model that ends in a recurrent or attention layer."""
    model, shape = sequence_start(rng)
    if chance(rng, 0.4):
        model["layers"].append({"type": "layer_norm", "normalized_shape": shape[-1]})
    model["layers"].append(sequence(rng, kind, shape))
    return model


# --- faults ---------------------------------------------------------------------------------
# A fault gives a layer to plant, and that layer repaired where the size that arrives decides
# what the rest of the model sees; or None where the shape that arrives does not serve.

Planted = tuple["Layer | str", "Layer | str | None"]
Fault = Callable[[Random, Shape], "Planted | Layer | None"]


class Plan(NamedTuple):
    """A kind of fault: what makes it, the rank of sample it needs, how often it is drawn."""

    make: Fault
    rank: int | None
    times: int


FAULTS: dict[str, Plan] = {}


def fault(rank: int | None = None, variety: int = 1) -> Callable[[Fault], Fault]:
    """Register a fault under its function's name."""

    def register(function: Fault) -> Fault:
        FAULTS[function.__name__] = Plan(function, rank, FAULTS_A_KIND * variety)
        return function

    return register


def spatial(rng: Random, shape: Shape, *families: str) -> str | None:
    """One of the families, with the number of the sample's spatial axes."""
    return f"{rng.choice(families)}{len(shape) - 1}d" if len(shape) > 1 else None


def other(rng: Random, size: int, step: int = 1) -> int:
    """A positive multiple of the step that is not the size."""
    return rng.choice([n * step for n in range(1, size // step + 5) if n * step != size])


def misdeclared(layer: Layer, key: str, value: Any) -> Planted | None:
    """The layer with a wrong size declared, repaired by leaving the size out."""
    repaired = {k: v for k, v in layer.items() if k != key}
    return repaired | {key: value}, repaired


@fault()
def wrong_in_channels(rng: Random, shape: Shape) -> Planted | None:
    """A convolution told of other channels than arrive."""
    kind = spatial(rng, shape, "conv", "conv_transpose")
    if not kind:
        return None
    layer = convolution(rng, kind, shape)
    return misdeclared(layer, "in_channels", other(rng, shape[0], layer.get("groups", 1)))


@fault()
def wrong_in_features(rng: Random, shape: Shape) -> Planted | None:
    """A linear layer told of other features than arrive."""
    return misdeclared(linear(rng, "linear", shape), "in_features", other(rng, shape[-1]))


@fault()
def wrong_num_features(rng: Random, shape: Shape) -> Planted | None:
    """A batch or instance norm told of other channels than arrive."""
    kind = rng.choice(["batch_norm", "instance_norm"] if len(shape) > 1 else ["batch_norm"])
    layer = normalisation(rng, kind, shape) | {"affine": True}
    return misdeclared(layer, "num_features", other(rng, shape[0]))


@fault()
def wrong_num_channels(rng: Random, shape: Shape) -> Planted | None:
    """A group norm told of other channels than arrive."""
    layer = normalisation(rng, "group_norm", shape) | {"affine": True}
    return misdeclared(layer, "num_channels", other(rng, shape[0], layer["num_groups"]))


@fault()
def wrong_normalized_shape(rng: Random, shape: Shape) -> Planted | None:
    """A layer or RMS norm over sizes that are not the trailing ones."""
    layer = normalisation(rng, rng.choice(["layer_norm", "rms_norm"]), shape)
    trailing = layer["normalized_shape"]
    sizes = [trailing] if isinstance(trailing, int) else list(trailing)
    wrong = list(reversed(sizes))
    if wrong == sizes:
        wrong[0] = other(rng, sizes[0])
    return layer | {"normalized_shape": wrong}, layer


@fault()
def wrong_num_parameters(rng: Random, shape: Shape) -> Planted | None:
    """A PReLU with neither one slope nor one a channel."""
    number = other(rng, shape[0])
    return misdeclared({"type": "prelu"}, "num_parameters", number) if number > 1 else None


@fault()
def bad_groups_in(rng: Random, shape: Shape) -> Layer | None:
    """Groups that do not divide the channels that arrive."""
    kind = spatial(rng, shape, "conv", "conv_transpose")
    groups = [g for g in range(2, shape[0] + 3) if shape[0] % g]
    if not kind or not groups:
        return None
    number = rng.choice(groups)
    out = number * rng.randint(1, 2)
    layer = {"type": kind, "out_channels": out, "kernel_size": 1, "groups": number}
    option(rng, layer, "in_channels", shape[0])
    return layer


@fault()
def bad_groups_out(rng: Random, shape: Shape) -> Layer | None:
    """Groups that do not divide the channels that leave."""
    kind = spatial(rng, shape, "conv", "conv_transpose")
    groups = rng.choice(divisors(shape[0]))
    if not kind or groups == 1:
        return None
    out = groups * rng.randint(0, 2) + rng.randint(1, groups - 1)
    return {"type": kind, "out_channels": out, "kernel_size": 1, "groups": groups}


@fault()
def kernel_too_large(rng: Random, shape: Shape) -> Layer | None:
    """A dilated kernel wider than the padded input, on one axis at least."""
    kind = spatial(rng, shape, "conv", "max_pool", "avg_pool")
    if not kind:
        return None
    kind = rng.choice([kind, kind, "unfold", "lp_pool2d"]) if len(shape) == 3 else kind
    dilated, padded = not kind.startswith(("avg", "lp")), not kind.startswith("lp")
    dilation, pad = rng.randint(1, 1 + dilated), rng.randint(0, padded)
    axes = len(shape) - 1
    widest = [max(2, (size + 2 * pad - 1) // dilation + 2) for size in shape[1:]]
    kernel: list[int] = [rng.randint(1, 1 + pad)] * axes
    axis = rng.randrange(axes)
    kernel[axis] = widest[axis]
    layer: Layer = {"type": kind, "kernel_size": kernel if chance(rng, 0.7) else max(widest)}
    layer |= {"dilation": dilation} if dilation > 1 else {}
    layer |= {"padding": pad} if pad else {}
    layer |= {"out_channels": 4} if kind.startswith("conv") else {}
    return layer | ({"norm_type": 2} if kind == "lp_pool2d" else {})


@fault()
def output_padding_too_large(rng: Random, shape: Shape) -> Layer | None:
    """An output padding below neither the stride nor the dilation."""
    kind = spatial(rng, shape, "conv_transpose")
    if not kind:
        return None
    layer = convolution(rng, kind, shape) | {"stride": rng.randint(1, 3)}
    layer["dilation"] = rng.randint(1, 3)
    smallest = max(layer["stride"], layer["dilation"])
    sizes = [rng.randrange(smallest) for _ in shape[1:]]
    sizes[rng.randrange(len(sizes))] = smallest
    return layer | {"output_padding": sizes if chance(rng, 0.5) else smallest}


@fault()
def transposed_to_nothing(rng: Random, shape: Shape) -> Layer | None:
    """A transposed convolution whose padding takes all and more."""
    kind = spatial(rng, shape, "conv_transpose")
    if not kind:
        return None
    return {"type": kind, "out_channels": 3, "kernel_size": 2, "padding": max(shape[1:]) // 2 + 2}


@fault()
def transposed_padding_mode(rng: Random, shape: Shape) -> Layer | None:
    """A padding mode that transposed convolutions do not have."""
    kind = spatial(rng, shape, "conv_transpose")
    if not kind:
        return None
    mode = rng.choice(PADDING_MODES[1:])
    return {"type": kind, "out_channels": 3, "kernel_size": 3, "padding_mode": mode}


@fault()
def pool_padding_too_large(rng: Random, shape: Shape) -> Layer | None:
    """A pad over half the kernel, the dilation not counted."""
    kind = spatial(rng, shape, "max_pool", "avg_pool")
    if not kind:
        return None
    kernel = rng.randint(1, 3)
    layer = {"type": kind, "kernel_size": kernel, "padding": kernel // 2 + 1}
    if kind.startswith("max"):
        option(rng, layer, "dilation", rng.randint(2, 3), 0.5)
    return layer


@fault(rank=4)
def average_over_small_volume(rng: Random, shape: Shape) -> Layer | None:
    """An average over three axes whose kernel only the padding would fill."""
    layer: Layer = {"type": "avg_pool3d", "kernel_size": min(shape[1:]) + 1}
    if chance(rng, 0.5):
        return layer | {"ceil_mode": True}
    return layer | {"padding": (min(shape[1:]) + 1) // 2}


@fault()
def reflection_too_large(rng: Random, shape: Shape) -> Layer | None:
    """A reflection of as many values as there are."""
    return pad_beyond(rng, shape, "reflection", "reflect", max(shape[1:], default=0))


@fault()
def circular_too_large(rng: Random, shape: Shape) -> Layer | None:
    """A pad that would wrap around more than once."""
    return pad_beyond(rng, shape, "circular", "circular", max(shape[1:], default=0) + 1)


def pad_beyond(rng: Random, shape: Shape, name: str, mode: str, pad: int) -> Layer | None:
    """A pad that the input cannot fill: a padding layer, or the padding of a convolution."""
    if len(shape) == 1:
        return None
    axes = len(shape) - 1
    if chance(rng, 0.4):
        layer = {"type": f"conv{axes}d", "out_channels": 3, "kernel_size": 3}
        return layer | {"padding": pad, "padding_mode": mode}
    flat = [rng.randint(0, 1) for _ in range(2 * axes)]
    axis = rng.randrange(axes)  # of the flat list: the last axis comes first
    flat[2 * axis + rng.randint(0, 1)] = shape[-1 - axis] + (name == "circular")
    padding = flat if chance(rng, 0.7) else pad
    return {"type": f"{name}_pad{axes}d", "padding": padding}


@fault()
def cropped_to_nothing(rng: Random, shape: Shape) -> Layer | None:
    """A negative pad that leaves less than nothing."""
    kind = spatial(rng, shape, "zero_pad", "constant_pad", "replication_pad", "reflection_pad")
    if not kind:
        return None
    flat = [0] * (2 * len(shape) - 2)
    flat[rng.randint(0, 1)] = -shape[-1] - 1
    return {"type": kind, "padding": flat} | ({"value": 0} if "constant" in kind else {})


def not_dividing(rng: Random, size: int, candidates: range) -> int | None:
    """A candidate that does not divide the size."""
    found = [n for n in candidates if size % n]
    return rng.choice(found) if found else None


@fault()
def bad_num_groups(rng: Random, shape: Shape) -> Layer | None:
    """Groups of a norm that do not divide the channels."""
    groups = not_dividing(rng, shape[0], range(2, shape[0] + 3))
    return {"type": "group_norm", "num_groups": groups} if groups else None


@fault()
def bad_channel_shuffle(rng: Random, shape: Shape) -> Layer | None:
    """Groups of a shuffle that do not divide the channels."""
    groups = not_dividing(rng, shape[0], range(2, shape[0] + 3))
    return {"type": "channel_shuffle", "groups": groups} if groups and len(shape) > 1 else None


@fault(rank=3)
def bad_pixel_shuffle(rng: Random, shape: Shape) -> Layer | None:
    """Channels that are not a multiple of the factor's square."""
    factor = rng.choice([r for r in (2, 3, 4) if shape[0] % (r * r)] or [9])
    return {"type": "pixel_shuffle", "upscale_factor": factor}


@fault(rank=3)
def bad_pixel_unshuffle(rng: Random, shape: Shape) -> Layer | None:
    """An image that is not a multiple of the factor."""
    factor = not_dividing(rng, rng.choice(shape[1:]), range(2, 5))
    return {"type": "pixel_unshuffle", "downscale_factor": factor} if factor else None


RANKED: dict[str, Layer] = {
    "conv": {"out_channels": 3, "kernel_size": 1}, "max_pool": {"kernel_size": 1},
    "conv_transpose": {"out_channels": 3, "kernel_size": 1}, "avg_pool": {"kernel_size": 1},
    "adaptive_avg_pool": {"output_size": 1}, "adaptive_max_pool": {"output_size": 1},
    "batch_norm": {}, "reflection_pad": {"padding": 1}, "replication_pad": {"padding": 1},
    "circular_pad": {"padding": 1},
}  # fmt: skip


@fault(variety=3)
def wrong_rank(rng: Random, shape: Shape) -> Layer | None:
    """A layer for another number of axes than arrives."""
    axes = rng.choice([axes for axes in (1, 2, 3) if axes != len(shape) - 1])
    name = rng.choice(list(RANKED))
    return {"type": f"{name}{axes}d", **RANKED[name]}


@fault()
def rank_too_low(rng: Random, shape: Shape) -> Layer | None:
    """A layer of images after a flatten."""
    layers: list[Layer] = [
        {"type": "local_response_norm", "size": 2}, {"type": "channel_shuffle", "groups": 1},
        {"type": "pixel_shuffle", "upscale_factor": 1}, {"type": "upsample", "scale_factor": 2},
        {"type": "pixel_unshuffle", "downscale_factor": 1}, {"type": "unfold", "kernel_size": 1},
    ]  # fmt: skip
    return rng.choice(layers) if len(shape) == 1 else None


@fault()
def dropout_rank(rng: Random, shape: Shape) -> Layer | None:
    """The one dropout that insists on its rank."""
    return {"type": "dropout1d"} if len(shape) > 2 else None


@fault()
def bad_flatten(rng: Random, shape: Shape) -> Layer | None:
    """Axes that do not exist, or in the wrong order."""
    last = len(shape)
    dims = [(last + 1, -1), (1, last + 1)] + [(2, 1), (-1, 1)] * (last > 1)
    start, end = rng.choice(dims)
    return {"type": "flatten", "start_dim": start, "end_dim": end}


@fault()
def bad_unflatten(rng: Random, shape: Shape) -> Layer | None:
    """Sizes whose product is not the axis."""
    axis = rng.randint(1, len(shape))
    factor = not_dividing(rng, shape[axis - 1], range(2, 7))
    if not factor:
        return None
    sizes = rng.choice([[factor, -1], [shape[axis - 1], factor], [-1, factor, 1]])
    return {"type": "unflatten", "dim": axis, "unflattened_size": sizes}


@fault()
def bad_reshape(rng: Random, shape: Shape) -> Layer | None:
    """Sizes whose product is not the sample's."""
    values = math.prod(shape)
    factor = not_dividing(rng, values, range(2, 8))
    if not factor:
        return None
    return {"type": "reshape", "shape": rng.choice([[factor, -1], [values, factor], [factor]])}


@fault()
def bad_permute(rng: Random, shape: Shape) -> Layer | None:
    """An order that is too short, too long, or names an axis twice."""
    axes = list(range(len(shape) + 1))
    return {"type": "permute", "dims": rng.choice([axes[:-1], [*axes, axes[-1] + 1],
                                                   [*axes[:-1], axes[-2]]])}  # fmt: skip


@fault()
def axis_out_of_range(rng: Random, shape: Shape) -> Layer | None:
    """An axis beyond the last, or before the first."""
    beyond = len(shape) + 1
    layers: list[Layer] = [
        {"type": "transpose", "dim0": 1, "dim1": beyond}, {"type": "squeeze", "dim": beyond},
        {"type": "unsqueeze", "dim": beyond + 1}, {"type": "softmax", "dim": beyond},
        {"type": "unflatten", "dim": beyond, "unflattened_size": [1, -1]},
    ]  # fmt: skip
    return rng.choice([*layers, {"type": "log_softmax", "dim": -beyond - 1}])


@fault()
def odd_glu(rng: Random, shape: Shape) -> Layer | None:
    """A gated linear unit over an axis that has no half."""
    odd = [axis for axis, size in enumerate(shape, 1) if size % 2]
    return {"type": "glu", "dim": rng.choice(odd)} if odd else None


@fault(variety=3)
def bad_upsample(rng: Random, shape: Shape) -> Layer | None:
    """Sizes, factors and modes that do not go together, or lead to nothing."""
    axes = len(shape) - 1
    if not axes:
        return None
    mode = rng.choice([m for n, modes in INTERPOLATIONS.items() if n != axes for m in modes])
    arguments: list[Layer] = [
        {"scale_factor": 2, "mode": mode}, {"size": [4] * (axes + 1)}, {"size": 0}, {},
        {"size": 4, "scale_factor": 2}, {"scale_factor": 0.9 / min(shape[1:])},
        {"scale_factor": 2, "align_corners": True}, {"scale_factor": [2] * (axes + 1)},
    ]  # fmt: skip
    return {"type": "upsample"} | rng.choice(arguments)


@fault(rank=2)
def bad_fold(rng: Random, shape: Shape) -> Layer | None:
    """Rows that are no multiple of the block, or columns that are not its places."""
    if shape[0] % 4:
        return {"type": "fold", "output_size": [shape[1] + 1, 2], "kernel_size": 2}
    return {"type": "fold", "output_size": [shape[1] + 2, 2], "kernel_size": 2}


@fault()
def single_value_instance_norm(rng: Random, shape: Shape) -> Layer | None:
    """An instance norm over one value."""
    return {"type": "instance_norm"} if len(shape) > 1 and math.prod(shape[1:]) == 1 else None


@fault(variety=3)
def wrong_length(rng: Random, shape: Shape) -> Layer | None:
    """A list with one value more than there are axes."""
    axes = len(shape) - 1
    kind = spatial(rng, shape, "conv", "max_pool", "avg_pool", "adaptive_avg_pool")
    if not kind:
        return None
    if kind.startswith("adaptive"):
        return {"type": kind, "output_size": [2] * (axes + 1)}
    layer: Layer = {"type": kind, "kernel_size": 1}
    layer |= {"out_channels": 2} if kind.startswith("conv") else {}
    return layer | {rng.choice(["kernel_size", "stride"]): [1] * (axes + 1)}


@fault(variety=3)
def invalid_value(rng: Random, shape: Shape) -> Layer | None:
    """A value that no input would make right."""
    layers: list[Layer] = [{"type": "dropout", "p": 1.5}, {"type": "hardtanh", "min_val": 2}]
    layers.append({"type": "gelu", "approximate": "erf"})
    if len(shape) > 1:
        conv = {"type": f"conv{len(shape) - 1}d", "out_channels": 4, "kernel_size": 1}
        wrong = [("stride", 0), ("dilation", 0), ("padding", -1), ("groups", 0),
                 ("padding_mode", "mirror"), ("kernel_size", 0), ("out_channels", 0)]  # fmt: skip
        layers += [conv | {key: value} for key, value in wrong]
        pool = {"type": f"max_pool{len(shape) - 1}d", "kernel_size": 1}
        layers += [pool | {"stride": 0}, pool | {"padding": -1}, pool | {"kernel_size": 0}]
        layers.append({"type": "local_response_norm", "size": 0})
    return rng.choice(layers)


def plant(rng: Random, kind: str) -> dict[str, Any] | None:
    """The outcome of a model with this fault between some sound layers, or None."""
    make, rank, _ = FAULTS[kind]
    shape = image(rng, rank - 1 if rank else None)
    layers, arrived = extend(rng, shape, rng.randint(1, 6))
    planted = make(rng, arrived) if rank in {None, len(arrived)} else None
    if planted is None:
        return None
    wrong, repaired = planted if isinstance(planted, tuple) else (planted, None)
    unbatched = not is_batched(mapping(wrong)["type"], len(arrived))
    rest = aftermath(rng, repaired, arrived)
    if rest is None or (unbatched and attempt(wrong, arrived)):
        return None
    outcome = record({"input": list(shape), "layers": [*layers, wrong, *rest]}, kind)
    if outcome["fails"] not in {None, len(layers)}:
        raise SystemExit(f"not the planted layer fails: {outcome}")
    return outcome


def aftermath(rng: Random, repaired: Layer | str | None, shape: Shape) -> list[Layer | str] | None:
    """Layers that are sound after the repaired layer; without one, what keeps any shape."""
    if repaired is None:
        return [any_activation(rng, "", (1,)) for _ in range(rng.randint(0, 2))]
    arrived = after(repaired, shape)
    return extend(rng, arrived, rng.randint(0, 3))[0] if arrived else None


SEQUENCE_FAULTS: dict[str, Layer] = {
    "wrong_input_size": {"input_size": 5}, "wrong_embed_dim": {"embed_dim": 10},
    "wrong_d_model": {"d_model": 10}, "bad_num_heads": {"num_heads": 5}, "bad_nhead": {"nhead": 5},
    "bad_proj_size": {"proj_size": 9}, "sequence_rank": {},
}  # fmt: skip
FAULTY_SEQUENCE = {"embed": SEQUENCE[3], "num_heads": SEQUENCE[3], "d_model": SEQUENCE[4],
                   "nhead": SEQUENCE[4], "proj": "lstm"}  # fmt: skip


def faulty_sequence(rng: Random, kind: str) -> Model:
    """A sequence model whose last layer is at fault."""
    choices = [name for part, name in FAULTY_SEQUENCE.items() if part in kind]
    layer_type = rng.choice(choices or (SEQUENCE if kind == "sequence_rank" else SEQUENCE[:3]))
    model = sequence_model(rng, layer_type)
    last = model["layers"][-1]
    if kind == "sequence_rank":
        model["layers"].insert(-1, {"type": "unsqueeze", "dim": 1})
    if "embed" in kind or "d_model" in kind:
        last["num_heads" if "embed" in kind else "nhead"] = 1
    last |= SEQUENCE_FAULTS[kind]
    return model


def embedding_of_floats(rng: Random) -> Model:
    """An embedding that is given no integers."""
    embedding = {"type": "embedding", "num_embeddings": 9, "embedding_dim": rng.randint(1, 5)}
    return {"input": [rng.randint(2, 6)], "layers": ["relu", embedding]}


# --- corners that a draw seldom meets ---------------------------------------------------------


def rounded_upsamples() -> Iterator[Model]:
    """Factors whose product with the size falls on the other side of a whole number."""
    for size, factor in ((25, 1.16), (45, 1.4), (50, 2.3), (25, 2.32), (29, 0.1)):
        yield {"input": [2, size], "layers": [{"type": "upsample", "scale_factor": factor}]}


def last_windows() -> Iterator[Model]:
    """Poolings in ceil_mode whose last window hangs over the end: (size, kernel, stride, pad)."""
    windows = ((5, 2, 2, 1), (3, 2, 2, 1), (7, 2, 3, 1), (2, 2, 3, 1), (6, 3, 2, 0), (5, 3, 4, 1),
               (6, 8, 8, 0), (6, 12, 9, 0), (6, 16, 9, 0), (2, 1, 2, 0), (6, 2, 5, 1))  # fmt: skip
    for size, kernel, stride, pad in windows:
        window = {"kernel_size": kernel, "stride": stride, "padding": pad, "ceil_mode": True}
        for kind, axes in (("max_pool1d", 1), ("avg_pool2d", 2), ("avg_pool3d", 3)):
            yield {"input": [3, *[size] * axes], "layers": [{"type": kind, **window}]}


def limits_of_padding() -> Iterator[Model]:
    """Pads at and beyond what a dilated pooling, and each padding mode, allows."""
    for axes in (1, 2, 3):
        for kernel, dilation, pad in ((3, 2, 1), (3, 2, 2), (2, 3, 1), (2, 3, 2), (4, 1, 2)):
            window = {"kernel_size": kernel, "dilation": dilation, "padding": pad}
            yield {"input": [2, *[9] * axes], "layers": [{"type": f"max_pool{axes}d", **window}]}
    for mode in PADDING_MODES:
        for size in (2, 3, 4):
            conv = {"type": "conv1d", "out_channels": 2, "kernel_size": 7, "padding_mode": mode}
            yield {"input": [2, size], "layers": [conv | {"padding": 3}, "relu"]}
            yield {"input": [2, size], "layers": [conv | {"padding": "same"}, "relu"]}


# --- the file -------------------------------------------------------------------------------


def sound_outcomes(rng: Random) -> Iterator[dict[str, Any]]:
    """The models without a planted fault."""
    for _ in range(SOUND_MODELS):
        yield record(sound_model(rng), None)
    for kind in SEQUENCE * SOUND_SEQUENCES_A_KIND:
        yield record(sequence_model(rng, kind), None)
    for model in chain(rounded_upsamples(), last_windows(), limits_of_padding()):
        yield record(model, "corner")


def faulty_outcomes(rng: Random) -> Iterator[dict[str, Any]]:
    """The models with one planted fault each, as many of every kind."""
    for kind, plan in FAULTS.items():
        attempts = (plant(rng, kind) for _ in count())
        yield from islice(filter(None, attempts), plan.times)
    for kind in SEQUENCE_FAULTS:
        for _ in range(FAULTS_A_KIND):
            yield record(faulty_sequence(rng, kind), kind)
    yield record(embedding_of_floats(rng), "embedding_of_floats")


def write(path: Path, outcomes: list[dict[str, Any]]) -> None:
    """One model a line, compressed; the same bytes for the same outcomes."""
    head = {"pytorch": torch.__version__.split("+")[0],
            "columns": ["output_shape", "params", "buffers", "macs"]}  # fmt: skip
    lines = ",\n".join(json.dumps(outcome, separators=(",", ":")) for outcome in outcomes)
    text = json.dumps(head)[:-1] + f', "models": [\n{lines}\n]}}\n'
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def report(outcomes: list[dict[str, Any]]) -> None:
    """Print what there is of every layer type and fault."""
    types = Counter(mapping(e)["type"] for o in outcomes for e in o["model"]["layers"])
    print(dict(sorted(types.items())))
    kinds = Counter((o["kind"] or "sound", o["fails"] is not None) for o in outcomes)
    for (kind, fails), number in sorted(kinds.items()):
        print(f"{kind}: {number} {'refused' if fails else 'accepted'}")


def main() -> None:
    """Draw, run, and write."""
    warnings.simplefilter("ignore")
    torch.set_grad_enabled(False)
    rng = random.Random(SEED)
    outcomes = [*sound_outcomes(rng), *faulty_outcomes(rng)]
    write(Path(__file__).with_name("random_models.json.gz"), outcomes)
    report(outcomes)


if __name__ == "__main__":
    main()
