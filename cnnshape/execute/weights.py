"""Weights and buffers by name: given, or drawn from a seed as PyTorch would."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np
import numpy.typing as npt

from cnnshape.execute.failure import failure
from cnnshape.execute.plan import COUNTER, Plan, Stage
from cnnshape.kernels.arena import Array
from cnnshape.layer import Shape, show

Arrays = dict[str, Array]


def weights_of(
    plan: Plan,
    given: Mapping[str, npt.ArrayLike] | None = None,
    *,
    seed: int = 0,
    dtype: npt.DTypeLike = np.float32,
) -> Arrays:
    """Every parameter and buffer, as `<layer>.<parameter>`; what is not given is drawn.

    A layer's draw depends on the seed and on its name alone, so a layer that is added changes no
    other's. Both precisions draw the same values.
    """
    left = dict(given or {})
    weights: Arrays = {}
    for stage in plan.owners.values():
        weights.update(_weights_of(stage, left, seed, dtype))
    if left:
        raise _unknown(next(iter(left)), weights)
    return weights


def as_array(name: str, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> Array:
    """What is given for a name, as an array of numbers."""
    try:
        array = np.asarray(value, dtype, order="C")
    except (TypeError, ValueError):
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise failure("invalid-value", f"what is given for `{name}` is no array of numbers")
    return array


def generator(seed: int, name: str) -> np.random.Generator:
    """Random numbers of a layer."""
    return np.random.default_rng([seed, crc32(name.encode())])


def _weights_of(
    stage: Stage, left: dict[str, npt.ArrayLike], seed: int, dtype: npt.DTypeLike
) -> Arrays:
    """The weights of one layer; those that are given are taken out of `left`."""
    found = {}
    for name, shape in stage.stored.items():
        full = f"{stage.name}.{name}"
        if full in left:
            found[full] = _given(full, left.pop(full), shape, dtype, stage)
    missing = [name for name in stage.stored if f"{stage.name}.{name}" not in found]
    drawn = {}
    if any(name != COUNTER for name in missing):
        random = generator(seed, stage.name)
        shapes = {name: shape for name, shape in stage.stored.items() if name != COUNTER}
        drawn = stage.kernel.initial(stage.layer, shapes, random)
    drawn[COUNTER] = np.array(0)
    for name in missing:
        kind = drawn[name].dtype if name == COUNTER else dtype
        found[f"{stage.name}.{name}"] = np.ascontiguousarray(drawn[name], kind).reshape(
            stage.stored[name]
        )
    return found


def _given(
    full: str, value: npt.ArrayLike, shape: Shape, dtype: npt.DTypeLike, stage: Stage
) -> Array:
    kind = np.int64 if full.endswith(COUNTER) else dtype
    array = as_array(full, value, kind)
    if array.shape != shape:
        raise failure(
            "shape-mismatch",
            f"`{full}` is {show(shape)}, but {show(array.shape)} is given",
            layer=stage.name,
            expected=list(shape),
            found=list(array.shape),
        )
    return array


def _unknown(name: str, weights: Arrays) -> Exception:
    layer = name.rpartition(".")[0]
    near = [known for known in weights if known.rpartition(".")[0] == layer]
    listed = ", ".join(f"`{known}`" for known in near)
    return failure(
        "unknown-reference",
        f"there is no weight `{name}`",
        help=f"`{layer}` has {listed}" if near else None,
    )
