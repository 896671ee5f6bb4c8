"""One of several outputs: part of the graph only once something uses it."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.stack import stack
from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import SESSION, ShapeError


def later(type_name: str, *operands: Tensor, **arguments: Any) -> Tensor:
    """The tensor that an operation gives; the operation joins the graph when it is used."""
    trace = SESSION.trace
    if trace is None:
        return apply(type_name, *operands, **arguments)
    SESSION.trace = None  # the shape alone, and its faults, for now
    try:
        result = apply(type_name, *operands, **arguments)
    except ShapeError:
        SESSION.trace = trace  # told as what it is: a fault of a node of the graph
        return apply(type_name, *operands, **arguments)
    finally:
        SESSION.trace = trace
    if any(item.name is not None or item.pending or item.is_parameter for item in operands):
        where, alone = stack(), SESSION.shape_alone

        def make() -> None:
            before, SESSION.shape_alone = SESSION.shape_alone, alone
            try:
                _made(result, type_name, operands, arguments, where)
            finally:
                SESSION.shape_alone = before

        result.pending = make
    return result


def _made(
    result: Tensor, type_name: str, operands: tuple[Tensor, ...], arguments: Any, where: Any
) -> None:
    result.pending = None
    made = apply(type_name, *operands, where=where, **arguments)
    result.name = made.name
