"""`int(…)` and `isinstance` in user code, where an integer may be a size that is a formula."""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cnnshape.dim import Dim
from cnnshape.dim.ratio import Ratio

INTEGER = "__int__"
"""What `int` is called where it is called: as a type it stays Python's own."""


def integer(*arguments: Any, **named: Any) -> Any:
    """`int(…)`, of a size as a formula."""
    if len(arguments) == 1 and not named and isinstance(arguments[0], Dim | Ratio):
        return arguments[0] if isinstance(arguments[0], Dim) else math.trunc(arguments[0])
    return int(*arguments, **named)


def is_instance(value: Any, kinds: Any) -> bool:
    """`isinstance`, to which a size is an integer, and its half a float."""
    if isinstance(value, Dim):
        return isinstance(1, kinds) or isinstance(value, kinds)
    if isinstance(value, Ratio):
        return isinstance(1.0, kinds)
    return isinstance(value, kinds)


def builtins_for_users() -> dict[str, Any]:
    """The built-in names of a user's module."""
    return {**vars(builtins), "isinstance": is_instance, INTEGER: integer}


@contextmanager
def calls_renamed(tree: ast.AST) -> Iterator[None]:
    """Inside, calls of `int` call `integer`; the tree is as it was afterwards."""
    names = [
        node.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "int"
    ]
    for name in names:
        name.id = INTEGER
    try:
        yield
    finally:
        for name in names:
            name.id = "int"
