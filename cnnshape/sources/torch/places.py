"""From stacks to places: where something was called, made, and where a number was written."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType
from typing import Any, NamedTuple

from cnnshape.diagnostics import Span
from cnnshape.sources.torch.loading.frames import OWN, call_at, place_at
from cnnshape.sources.torch.loading.source import source_of
from cnnshape.sources.torch.standin.stack import Stack

Frame = tuple[CodeType, int]


def own(stack: Stack) -> Stack:
    """The frames in the user's own files; all of them where none is."""
    mine = tuple(frame for frame in stack if frame[0].co_filename in OWN)
    return mine or stack


def span_of(stack: Stack) -> Span | None:
    """The innermost place of a stack."""
    frames = own(stack)
    return place_at(*frames[0]) if frames else None


def chain(stack: Stack) -> list[tuple[Span, str]]:
    """The places of a stack from the inside out, with the functions that they stand in."""
    return [(place_at(code, last), code.co_qualname) for code, last in own(stack)]


class Written(NamedTuple):
    """An argument as it is written: where, and the expression."""

    span: Span
    expression: ast.expr
    frame: int
    """The number of the frame of the stack in whose code it stands."""


def arguments_of(stack: Stack, order: list[str]) -> dict[str, Written]:
    """Where the arguments of the innermost call stand, by their names in `order`."""
    frames = own(stack)
    if not frames:
        return {}
    return _arguments(frames, 0, order)


def _arguments(frames: Stack, number: int, order: list[str]) -> dict[str, Written]:
    code, last = frames[number]
    call = call_at(code, last)
    source = source_of(code.co_filename)
    if call is None or source is None:
        return {}
    found: dict[str, Written] = {}
    for name, value in zip(order, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        found[name] = Written(source.span(value), value, number)
    for keyword in call.keywords:
        if keyword.arg is not None:
            span = source.span(keyword.value)
            found[keyword.arg] = Written(span, keyword.value, number)
        elif isinstance(keyword.value, ast.Name) and number + 1 < len(frames):
            passed = _passed_on(frames, number, keyword.value.id)
            found = {**passed, **found}
    return found


def _passed_on(frames: Stack, number: int, name: str) -> dict[str, Written]:
    """The keywords that a function was given as `**name` and passes on."""
    code = frames[number][0]
    has_more = code.co_flags & CO_VARKEYWORDS
    place = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARARGS)
    if not has_more or code.co_varnames[place] != name:
        return {}
    own_names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    outer = _arguments(frames, number + 1, [])
    return {key: value for key, value in outer.items() if key not in own_names}


MOST_STEPS = 8


def origins(stack: Stack, written: Written) -> list[Written]:
    """Where a value came from, if a parameter carried it: each caller's argument in turn."""
    frames = own(stack)
    found: list[Written] = []
    while len(found) < MOST_STEPS and isinstance(written.expression, ast.Name):
        code = frames[written.frame][0]
        name = written.expression.id
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if name not in parameters:
            break
        order = [one for one in code.co_varnames[: code.co_argcount] if one not in ("self", "cls")]
        outer = written.frame + 1
        given = _arguments(frames, outer, order).get(name) if outer < len(frames) else None
        given = given or _default(code, name, written.frame)
        if given is None or given in found:
            break
        found.append(given)
        written = given
    return found


def _default(code: CodeType, name: str, frame: int) -> Written | None:
    """Where a parameter's default stands."""
    source = source_of(code.co_filename)
    function = _function(source.tree, code) if source else None
    if source is None or not isinstance(function, ast.FunctionDef):
        return None
    value = _defaults(function).get(name)
    return Written(source.span(value), value, frame) if value is not None else None


def _defaults(node: ast.FunctionDef) -> Mapping[str, ast.expr]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    found = {one.arg: value for one, value in zip(with_default, arguments.defaults, strict=True)}
    for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            found[one.arg] = value
    return found


MOST_NAMES = 3


def assigned(stack: Stack) -> list[tuple[str, Span]]:
    """Where the names of the innermost statement got what they hold: the nearest lines above."""
    frames = own(stack)
    if not frames:
        return []
    code, last = frames[0]
    source, line = source_of(code.co_filename), place_at(code, last).line
    function = _function(source.tree, code) if source else None
    if source is None or function is None:
        return []
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    here = [node for node in statements if node.lineno <= line <= (node.end_lineno or line)]
    inner = max(here, key=lambda node: node.lineno, default=None)
    if inner is None:
        return []
    loads = (n for n in ast.walk(inner) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    found = []
    for name in dict.fromkeys(node.id for node in loads):
        above = [node for node in statements if node.lineno < line and name in _targets(node)]
        if above:
            target = max(above, key=lambda node: node.lineno)
            found.append((name, _head(source.span(target), target)))
    return found[:MOST_NAMES]


def _targets(node: ast.stmt) -> set[str]:
    """The names that a statement binds."""
    if isinstance(node, ast.Assign):
        parts: list[ast.expr] = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For):
        parts = [node.target]
    elif isinstance(node, ast.With):
        parts = [item.optional_vars for item in node.items if item.optional_vars]
    else:
        return set()
    return {name.id for part in parts for name in ast.walk(part) if isinstance(name, ast.Name)}


def _head(span: Span, node: ast.stmt) -> Span:
    """A statement's place; of a loop its first line alone."""
    if not isinstance(node, ast.For | ast.With) or span.line == span.end_line:
        return span
    return span._replace(end_line=span.line, end_column=span.column + 3)


def _function(tree: ast.Module, code: CodeType) -> ast.AST | None:
    """The definition that code was compiled from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = (node.lineno, *(item.lineno for item in node.decorator_list))
            if code.co_firstlineno in lines:
                return node
    return None


def definition(function: Any, *, end: bool = False) -> Span | None:
    """Where a function is defined: its first line, or its last statement."""
    code = getattr(function, "__code__", None)
    source = source_of(code.co_filename) if code else None
    found = _function(source.tree, code) if source and code else None
    if source is None or not isinstance(found, ast.FunctionDef):
        return None
    if end:
        return source.span(found.body[-1])
    line = found.lineno
    start = found.col_offset + 1
    return Span(source.shown, line, start, line, start + len(f"def {found.name}"))
