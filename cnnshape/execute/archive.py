"""Arrays in files: inputs that are given as .npy or .npz, and what a run saw as .npz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple
from zipfile import BadZipFile

import numpy as np

from cnnshape.execute.failure import failure
from cnnshape.execute.run import Result
from cnnshape.execute.weights import Arrays
from cnnshape.graph import Graph, Input, is_integer
from cnnshape.kernels.arena import Array

TARGETS = ("target", "y")
"""Names in an archive that mean the target of the loss, where no input is called so."""


class Given(NamedTuple):
    """The inputs of a model, and the target of its loss where there is one."""

    inputs: Arrays
    target: Array | None = None


def read_inputs(path: Path, graph: Graph) -> Given:
    """The arrays of a file as a model's inputs; raises RunError where they are none."""
    arrays = _arrays(path)
    names = [item.name for item in graph.inputs]
    if isinstance(arrays, np.ndarray):
        if len(names) > 1:
            listed = ", ".join(f"`{name}`" for name in names)
            raise failure("invalid-value", f"{path} holds one array, but there are {listed}",
                          help="give them by name in an .npz file")  # fmt: skip
        return Given({names[0]: _fitting(path, graph.inputs[0], arrays)})
    found = next((name for name in TARGETS if name in arrays and name not in names), None)
    target = None if found is None else arrays.pop(found)
    if len(names) == len(arrays) == 1:  # whatever it is called
        arrays = {names[0]: next(iter(arrays.values()))}
    return Given({name: _fitting(path, *pair) for name, pair in _pairs(path, graph, arrays)},
                 target)  # fmt: skip


def _pairs(path: Path, graph: Graph, arrays: Arrays) -> Iterator[tuple[str, tuple[Input, Array]]]:
    known = {item.name: item for item in graph.inputs}
    listed = ", ".join(f"`{name}`" for name in known)
    for name in arrays:
        if name not in known:
            raise failure("unknown-reference", f"{path} holds `{name}`, which is no input",
                          help=f"the model has {listed}")  # fmt: skip
    for name, item in known.items():
        if name not in arrays:
            raise failure("unknown-reference", f"{path} holds no `{name}`")
        yield name, (item, arrays[name])


def _arrays(path: Path) -> Array | Arrays:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            return {name: loaded[name] for name in loaded.files}
    except OSError as error:
        reason = (error.strerror or "no .npy or .npz file").lower()
        raise failure("invalid-value", f"cannot read {path}: {reason}") from None
    except (ValueError, EOFError, BadZipFile):  # objects, cut short, or something else
        raise failure("invalid-value", f"{path} is no .npy or .npz file of numbers") from None


def _fitting(path: Path, item: Input, x: Array) -> Array:
    """The array, if it holds numbers of the kind that the input reads."""
    kinds, words = ("bui", "integers") if is_integer(item.dtype) else ("buif", "numbers")
    if x.dtype.kind not in kinds:
        raise failure("dtype-mismatch", f"`{item.name}` reads {words}, but {path} holds {x.dtype}")
    return x


def write_result(file: IO[bytes], result: Result) -> None:
    """What a run saw, as `values/<layer>`, `weight_gradients/<layer>.<parameter>`, …"""
    np.savez(file, allow_pickle=False, **dict(_named(result)))


def _named(result: Result) -> Iterator[tuple[str, Array]]:
    groups: Mapping[str, Arrays] = {
        "values": result.values,
        "input_gradients": result.input_gradients,
        "weight_gradients": result.weight_gradients,
        "weights": result.weights,
        "buffers": result.buffers,
    }
    for group, arrays in groups.items():
        for name, array in arrays.items():
            yield f"{group}/{name}", array
    if result.loss is not None:
        yield "loss", np.asarray(result.loss)
