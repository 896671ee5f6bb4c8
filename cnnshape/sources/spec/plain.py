"""Between trees of values and plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnshape.sources.spec.document import DEEPEST, MOST_VALUES, Document, Value, syntax_error
from cnnshape.sources.spec.expression import ExpressionError, Names, has_expression, substitute

MOST_ITEMS = 100_000
"""Values in one argument, an alias counted each time it is met."""


def from_mapping(mapping: Mapping[str, Any], name: str = "<mapping>") -> Document:
    """Plain data as a document without positions."""
    count = 0

    def convert(data: Any, depth: int) -> Value:
        nonlocal count
        count += 1
        if depth > DEEPEST or count > MOST_VALUES:
            raise syntax_error(name, "the mapping is nested too deep or too large")
        if isinstance(data, Mapping):
            value = Value({str(key): convert(item, depth + 1) for key, item in data.items()})
            value.keys = {key: Value(key) for key in value.data}
            return value
        if isinstance(data, list | tuple):
            return Value([convert(item, depth + 1) for item in data])
        if data is None or type(data) in (bool, int, float, str):
            return Value(data)
        raise syntax_error(name, f"a value of type {type(data).__name__}, which no file can hold")

    return Document(name, convert(mapping, 0))


def is_dynamic(value: Value, depth: int = 8) -> bool:
    """Whether an expression stands anywhere in a value."""
    data = value.data
    if isinstance(data, str):
        return has_expression(data)
    if depth and isinstance(data, list):
        return any(is_dynamic(item, depth - 1) for item in data[:MOST_ITEMS])
    return False


def to_plain(value: Value, names: Names) -> Any:
    """A value as plain data, lists as tuples, with its expressions evaluated.

    Raises ExpressionError, also for a value that is larger or deeper than any argument.
    """
    count = 0

    def convert(item: Value, depth: int) -> Any:
        nonlocal count
        count += 1
        if count > MOST_ITEMS or depth > 8:
            raise ExpressionError("is nested too deep or too large")
        data = item.data
        if isinstance(data, str) and has_expression(data):
            return substitute(data, names)
        if isinstance(data, list):
            return tuple(convert(part, depth + 1) for part in data)
        if isinstance(data, dict):
            return {key: convert(part, depth + 1) for key, part in data.items()}
        return data

    return convert(value, 0)
