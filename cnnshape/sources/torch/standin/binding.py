"""Arguments of modules and functions, bound to those of layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import index
from typing import Any

from cnnshape.layer import Layer, Shape
from cnnshape.layers import find
from cnnshape.sources.torch.standin.shape import is_formula

LARGE = 2**20
"""A spatial size that every kernel fits into."""
INFERRED = {"layer_norm": ("normalized_shape",), "rms_norm": ("normalized_shape",)}
"""Arguments that a model file may leave out and PyTorch asks for, beside what repeats a size."""
PLACEMENT = ("device", "dtype")
OLD_NAMES = {"min_value": "min_val", "max_value": "max_val"}
PAIRED = ("kernel_size", "stride", "padding", "dilation", "output_padding")
"""What a convolution keeps as one value an axis."""


def plain(value: Any) -> Any:
    """An argument as a layer takes it: tuples for lists, integers for what is one."""
    if isinstance(value, bool | str | float) or value is None or type(value) is int:
        return value
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if is_formula(value):
        return value
    try:
        return index(value)
    except (TypeError, RuntimeError):  # a tensor of several values is none, too
        return value


def bound(
    name: str,
    layer_type: str,
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
    *,
    lazy: bool = False,
) -> dict[str, Any]:
    """Arguments by field, as Python binds them; TypeError as Python's."""
    cls = layer_class(layer_type)
    skipped = tuple(cls.stated) if lazy else ()
    fields = [field for field in cls.model_fields if field != "type" and field not in skipped]
    trained = cls.weights is not Layer.weights  # what has no weights lies nowhere
    order = [*fields, *(PLACEMENT if trained else ())]
    if "connection_table" in order:
        order.remove("connection_table")
    if len(arguments) > len(order):
        count = len(order) + 1
        raise TypeError(
            f"{name}.__init__() takes at most {count} positional arguments "
            f"but {len(arguments) + 1} were given"
        )
    found = dict(zip(order, arguments, strict=False))
    for given, value in named.items():
        key = OLD_NAMES.get(given, given)
        if key not in order:
            raise TypeError(f"{name}.__init__() got an unexpected keyword argument '{key}'")
        if key in found:
            raise TypeError(f"{name}.__init__() got multiple values for argument '{key}'")
        found[key] = value
    optional = ("kdim", "vdim")
    needed = [f for f in (*cls.stated, *INFERRED.get(layer_type, ())) if f not in optional]
    for field, info in cls.model_fields.items():
        required = info.is_required() or (field in needed and not lazy)
        if required and field not in found and field != "type":
            raise TypeError(f"{name}.__init__() missing 1 required positional argument: '{field}'")
        if field in needed and found.get(field, 0) is None and not lazy:
            raise TypeError(f"{name}: '{field}' is None, and must be an integer")
    return {key: value for key, value in found.items() if key not in PLACEMENT}


def declared(layer: Layer) -> tuple[Shape, ...] | None:
    """Inputs of the sizes that the arguments state; None where an argument is left out."""
    if getattr(layer, "normalized_shape", None) is not None:
        shape = layer.normalized_shape  # type: ignore[attr-defined]
        return ((1, *(shape if isinstance(shape, tuple) else (shape,))),)
    rank = (layer.ranks() or (3 if layer.channels else 2,))[0]
    count = max((stated.operand for stated in layer.stated.values()), default=0) + 1
    shapes = [[1, *([LARGE] * (rank - 1))] for _ in range(count)]
    for name, stated in layer.stated.items():
        size = getattr(layer, name)
        if size is None and name in ("kdim", "vdim"):
            size = layer.embed_dim  # type: ignore[attr-defined]
        if size is None:
            return None
        shapes[stated.operand][stated.axis] = size
    return tuple(map(tuple, shapes))


@cache
def layer_class(type_name: str) -> type[Layer]:
    cls = find(type_name)
    assert cls is not None
    return cls
