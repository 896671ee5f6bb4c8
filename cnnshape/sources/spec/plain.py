"""Between trees of values and plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnnshape.sources.spec.document import (
    DEEPEST,
    MOST_VALUES,
    Document,
    Value,
    is_name,
    syntax_error,
)
from cnnshape.sources.spec.expression import (
    LARGEST,
    ExpressionError,
    Names,
    has_expression,
    substitute,
)

DEEPEST_ARGUMENT = 8
WORK_OF_ITEM = 3
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
            for key in data:
                if type(key) not in (str, int, float, bool) or not is_name(str(key)):
                    raise syntax_error(name, "a key that is no name")
            value = Value({str(key): convert(item, depth + 1) for key, item in data.items()})
            value.keys = {key: Value(key) for key in value.data}
            return value
        if isinstance(data, list | tuple):
            return Value([convert(item, depth + 1) for item in data])
        if type(data) is int and abs(data) > LARGEST:
            raise syntax_error(name, "an integer beyond 2⁶³")
        if data is None or type(data) in (bool, int, float, str):
            return Value(data)
        raise syntax_error(name, f"a value of type {type(data).__name__}, which no file can hold")

    return Document(name, convert(mapping, 0))


def is_dynamic(value: Value, known: dict[int, bool], depth: int = DEEPEST_ARGUMENT) -> bool:
    """Whether an expression may stand in a value; what was found of a list is kept in `known`."""
    data = value.data
    if isinstance(data, str):
        return has_expression(data)
    if not isinstance(data, list):
        return False
    if depth == 0:
        return True
    found = known.get(id(value))
    if found is None:
        found = any(is_dynamic(item, known, depth - 1) for item in data)
        known[id(value)] = found
    return found


def to_plain(value: Value, names: Names, spend: Callable[[int], None]) -> Any:
    """A value as plain data, lists as tuples, with its expressions evaluated.

    Raises ExpressionError, also for a value that is larger or deeper than any argument. `spend` is
    told how many values were met.
    """
    count = 0

    def convert(item: Value, depth: int) -> Any:
        nonlocal count
        count += 1
        if count > MOST_ITEMS or depth > DEEPEST_ARGUMENT:
            raise ExpressionError("is nested too deep or too large")
        data = item.data
        if isinstance(data, str) and has_expression(data):
            result = substitute(data, names)
            count += weight(result)
            return result
        if isinstance(data, list):
            return tuple(convert(part, depth + 1) for part in data)
        if isinstance(data, dict):
            return {key: convert(part, depth + 1) for key, part in data.items()}
        return data

    try:
        return convert(value, 0)
    finally:
        spend(count if count == 1 else WORK_OF_ITEM * count)


def weight(data: Any) -> int:
    """How many values plain data holds, beside itself."""
    if isinstance(data, tuple):
        return len(data) + sum(map(weight, data))
    if isinstance(data, dict):
        return len(data) + sum(map(weight, data.values()))
    return 0
