"""Tensors that a network brings in beside its layers' weights: parameters, buffers, constants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnshape.diagnostics import Diagnostic
from cnnshape.execute.failure import RunError
from cnnshape.execute.plan import Plan
from cnnshape.execute.weights import Arrays, generator
from cnnshape.graph import Held, is_integer
from cnnshape.layer import show

SPREAD = 0.02
"""The standard deviation of what is drawn for a parameter that no layer initialises."""


class UnknownValuesError(RunError):
    """The source gives a tensor values that are not known here, so no run gives its numbers."""


def held_arrays(plan: Plan, weights: Arrays, seed: int, dtype: npt.DTypeLike) -> Arrays:
    """What is held and read, by name: as a layer has it, as the source gives it, or drawn.

    Raises UnknownValuesError where it is none of these.
    """
    return {
        item.name: weights[item.name] if item.name in weights else _array(item, seed, dtype)
        for item in plan.graph.held
        if item.used
    }


def trained_names(plan: Plan) -> frozenset[str]:
    """The parameters among what is held and read."""
    return frozenset(item.name for item in plan.graph.held if item.used and item.is_parameter)


def _array(item: Held, seed: int, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    kind = np.int64 if is_integer(item.dtype) else dtype
    if item.values is not None:
        name, content = item.values
        given = np.frombuffer(content, name).reshape(item.shape)
        return np.array(given, given.dtype if given.dtype == bool else kind)
    if item.is_parameter:
        drawn = generator(seed, item.name).standard_normal(item.shape, dtype=np.float32)
        return np.asarray(SPREAD * drawn, dtype)
    if item.is_random and not is_integer(item.dtype):
        drawn = generator(seed, item.name).standard_normal(item.shape, dtype=np.float32)
        return np.asarray(drawn, dtype)
    place = f" ({item.span.file}:{item.span.line})" if item.span else ""
    message = f"not run: the values of `{item.name}` {show(item.shape)}{place} are not known"
    raise UnknownValuesError([Diagnostic("missing-kernel", message, span=item.span)])
