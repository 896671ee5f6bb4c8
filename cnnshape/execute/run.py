"""One run of a model, as `Model.run` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnnshape.analysis.named import at_shapes
from cnnshape.execute.executor import Settings, Watch, forward
from cnnshape.execute.failure import RunError, failure
from cnnshape.execute.losses import Loss, drawn_target, loss_of
from cnnshape.execute.plan import Plan, plan
from cnnshape.execute.weights import Arrays, as_array, generator, weights_of
from cnnshape.graph import Graph, Input, is_integer
from cnnshape.kernels.arena import Array
from cnnshape.layer import Batch, Shape, show

Given = Mapping[str, npt.ArrayLike]


class Result(NamedTuple):
    """What a run saw; arrays hold the batch axis."""

    outputs: Arrays
    values: Arrays
    """Of every input and layer."""
    input_gradients: Arrays
    weight_gradients: Arrays
    buffers: Arrays
    """Running statistics and other buffers, as they stand after the run."""
    weights: Arrays
    """The parameters that were used."""
    loss: float | None = None
    """The value of the model's loss, where it was what the backward pass began with."""


def run(
    graph: Graph,
    inputs: Given,
    *,
    weights: Given | None = None,
    output_gradients: Given | None = None,
    target: npt.ArrayLike | None = None,
    training: bool = False,
    seed: int = 0,
    fast: bool = False,
    dtype: npt.DTypeLike | None = None,
    watch: Watch | None = None,
) -> Result:
    """Run a model forward and backward, by default in the precision of its inputs.

    `output_gradients` are the cotangents of layers. Without them the backward pass is that of the
    model's loss, of the first output, its target being drawn where it is not given; a model without
    a loss gets cotangents that are drawn.
    """
    arrays = input_arrays(graph, inputs, dtype)
    dtype = dtype or precision(arrays)
    if graph.sizes:
        graph = at_shapes(graph, {name: x.shape for name, x in arrays.items()})
    planned = plan(graph, batch_of(graph, arrays))
    check_inputs(planned, arrays)
    stored = weights_of(planned, weights, seed=seed, dtype=dtype)
    settings = Settings(training=training, seed=seed, fast=fast)
    done = forward(planned, arrays, stored, settings, watch=watch)
    loss = None
    if output_gradients is None and graph.loss is not None:
        loss = _loss(planned, done.values[graph.outputs[0]], target, seed)
        output_gradients = {graph.outputs[0]: loss.gradient}
    cotangents = _cotangents(planned, output_gradients, seed, dtype)
    by_inputs, by_weights = done.backward(cotangents)
    buffers = {f"{s.name}.{name}" for s in planned.owners.values() for name in s.buffers}
    return Result(
        outputs={name: done.values[name] for name in graph.outputs},
        values=done.values,
        input_gradients={
            name: by_inputs.get(name, np.zeros_like(arrays[name])) for name in planned.floats
        },
        weight_gradients=by_weights,
        buffers={name: done.buffers.get(name, stored[name]) for name in sorted(buffers)},
        weights={name: value for name, value in stored.items() if name not in buffers},
        loss=None if loss is None else loss.value,
    )


def _loss(planned: Plan, x: Array, target: npt.ArrayLike | None, seed: int) -> Loss:
    """The model's loss of its first output."""
    spec = planned.graph.loss
    assert spec is not None
    goal = drawn_target(spec, x, generator(seed, "target")) if target is None else target
    return loss_of(spec)(x, goal)


def input_arrays(graph: Graph, inputs: Given, dtype: npt.DTypeLike | None = None) -> Arrays:
    """The inputs as arrays of one precision, integers where the model reads integers."""
    names = [item.name for item in graph.inputs]
    for name in inputs:
        if name not in names:
            listed = ", ".join(f"`{known}`" for known in names)
            raise failure("unknown-reference", f"there is no input `{name}`", help=f"has {listed}")
    for name in names:
        if name not in inputs:
            raise failure("unknown-reference", f"the input `{name}` is not given")
    arrays = {name: as_array(name, inputs[name]) for name in names}
    dtype = dtype or precision(arrays)
    return {
        item.name: as_array(
            item.name, arrays[item.name], np.int64 if is_integer(item.dtype) else dtype
        )
        for item in graph.inputs
    }


def batch_of(graph: Graph, arrays: Mapping[str, Array]) -> int:
    """The number of samples that are given."""
    first = graph.inputs[0]
    x = arrays[first.name]
    if x.ndim != len(first.shape) or not len(x):
        raise _other_shape(first, x.shape)
    return len(x)


def precision(arrays: Mapping[str, Array]) -> npt.DTypeLike:
    """Double where an input is in double, else single."""
    return np.float64 if any(x.dtype == np.float64 for x in arrays.values()) else np.float32


def check_inputs(planned: Plan, arrays: Arrays) -> None:
    """Raise RunError unless the arrays have the shapes that the inputs have."""
    for item in planned.graph.inputs:
        if planned.shapes[item.name] != arrays[item.name].shape:
            raise _other_shape(item, arrays[item.name].shape)


def _other_shape(item: Input, found: tuple[int, ...]) -> RunError:
    return failure(
        "shape-mismatch",
        f"`{item.name}` is {show(item.shape)}, but {show(found)} is given",
        span=item.span,
        expected=[str(size) for size in item.shape],
        found=list(found),
        help="load the model with this `input`, or give what it takes",
    )


def _cotangents(planned: Plan, given: Given | None, seed: int, dtype: npt.DTypeLike) -> Arrays:
    """Gradients of a scalar by layers' outputs: as given, or drawn for the model's outputs."""
    if given is None:
        return {
            name: generator(seed, f"gradient of {name}")
            .standard_normal(planned.shapes[name], dtype=np.float32)
            .astype(dtype)
            for name in planned.graph.outputs
        }
    found = {name: as_array(name, value, dtype) for name, value in given.items()}
    for name, value in found.items():
        if name not in planned.shapes:
            raise failure("unknown-reference", f"there is no layer `{name}`")
        if planned.shapes[name] != value.shape:
            raise failure(
                "shape-mismatch",
                f"`{name}` gives {show(planned.shapes[name])}, but a gradient of "
                f"{show(value.shape)} is given",
                layer=name,
                expected=list(planned.shapes[name]),
                found=list(value.shape),
            )
    return found


def drawn_inputs(
    graph: Graph, batch: int = 1, *, seed: int = 0, dtype: npt.DTypeLike = np.float32
) -> Arrays:
    """Inputs of a seed: floats from the normal distribution, integers below what reads them."""
    return {item.name: _drawn(graph, item, batch, seed, dtype) for item in graph.inputs}


def _drawn(graph: Graph, item: Input, batch: int, seed: int, dtype: npt.DTypeLike) -> Array:
    shape: Shape = tuple(batch if isinstance(size, Batch) else size for size in item.shape)
    random = generator(seed, f"input {item.name}")
    if not is_integer(item.dtype):
        return random.standard_normal(shape, dtype=np.float32).astype(dtype)
    readers = [vars(node.layer) for node in graph.nodes if item.name in node.inputs and node.layer]
    bounds = [reader["num_embeddings"] for reader in readers if "num_embeddings" in reader]
    return random.integers(0, min(bounds, default=2), shape)
