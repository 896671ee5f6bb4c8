"""Where the attributes of a model that a statement reads were set."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from cnnshape.diagnostics import Span
from cnnshape.sources.torch.loading.frames import place_at
from cnnshape.sources.torch.loading.source import source_of
from cnnshape.sources.torch.places import own
from cnnshape.sources.torch.standin.stack import Stack

MOST = 3
REGISTERING = ("register_buffer", "register_parameter", "add_module", "register_module")


def attributes(stack: Stack, *, through_names: bool = False) -> list[tuple[str, Span]]:
    """`self.heads` in the innermost statement → where the class says `self.heads = …`.

    `through_names` also looks at the statements above that gave the names in it their values.
    """
    frames = own(stack)
    source = source_of(frames[0][0].co_filename) if frames else None
    if source is None:
        return []
    line = place_at(*frames[0]).line
    owner = _innermost(source.tree, line, ast.ClassDef)
    function = _innermost(source.tree, line, ast.FunctionDef)
    statement = _innermost(function, line, ast.stmt) if function else None
    if owner is None or function is None or statement is None:
        return []
    read = [statement, *(_above(function, statement) if through_names else ())]
    names = dict.fromkeys(name for part in read for name in _read(part))
    found = ((name, _setting(owner, name, line)) for name in names)
    return [(f"self.{name}", source.span(node)) for name, node in found if node][:MOST]


def computed(stack: Stack, expression: ast.expr) -> list[tuple[str, Span]]:
    """Where the names in an argument got their values, and those in what these were made of."""
    frames = own(stack)
    source = source_of(frames[0][0].co_filename) if frames else None
    function = _innermost(source.tree, expression.lineno, ast.FunctionDef) if source else None
    if source is None or function is None:
        return []
    found: dict[str, ast.Assign] = {}
    looked_at: list[ast.AST] = [expression]
    while looked_at and len(found) < MOST:
        for name, node in _named_above(function, looked_at.pop(0), expression.lineno):
            if name not in found:
                found[name] = node
                looked_at.append(node.value)
    return [(name, source.span(node)) for name, node in found.items()][:MOST]


def _innermost(tree: ast.AST, line: int, kind: type[ast.AST]) -> ast.AST | None:
    """The smallest part of a kind that a line stands in."""
    around = (
        node
        for node in ast.walk(tree)
        if isinstance(node, kind) and node.lineno <= line <= (node.end_lineno or line)  # type: ignore[attr-defined]
    )
    return max(around, key=lambda node: node.lineno, default=None)  # type: ignore[attr-defined]


def _read(node: ast.AST) -> Iterator[str]:
    """The attributes of self that a statement reads."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load) and _is_self(part):
            yield part.attr


def _is_self(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _above(function: ast.AST, statement: ast.AST) -> Iterator[ast.AST]:
    """The last assignments before a statement to the names that it reads."""
    return (node for _, node in _named_above(function, statement, statement.lineno))  # type: ignore[attr-defined]


def _named_above(function: ast.AST, part: ast.AST, line: int) -> Iterator[tuple[str, ast.Assign]]:
    """The names that a part of a function reads, each with the last assignment above a line."""
    names = dict.fromkeys(one.id for one in ast.walk(part) if isinstance(one, ast.Name))
    for name in names:
        before = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and node.lineno < line
            and any(isinstance(one, ast.Name) and one.id == name for one in _targets(node))
        ]
        if before and name != "self":
            yield name, max(before, key=lambda node: node.lineno)


def _targets(node: ast.Assign) -> Iterator[ast.AST]:
    return (part for target in node.targets for part in ast.walk(target))


def _setting(owner: ast.AST, name: str, line: int) -> ast.stmt | ast.expr | None:
    """The first statement of a class, other than the one at a line, that sets an attribute."""
    for node in ast.walk(owner):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno != line:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = (part for target in targets for part in ast.walk(target))
            if any(
                isinstance(one, ast.Attribute) and _is_self(one) and one.attr == name
                for one in parts
            ):
                return node
        if isinstance(node, ast.Call) and _registers(node, name):
            return node
    return None


def _registers(node: ast.Call, name: str) -> bool:
    called = node.func
    return (
        isinstance(called, ast.Attribute)
        and called.attr in REGISTERING
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == name
    )
