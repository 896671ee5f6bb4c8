"""Which model of a file is meant, and the model itself."""

from __future__ import annotations

import ast
import inspect
import traceback
from types import CodeType, ModuleType
from typing import Any

from cnnshape.sources.spec.shape import UsageError
from cnnshape.sources.torch.path import Target
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.words import suggest


def chosen(target: Target, module: ModuleType, tree: ast.Module) -> tuple[str, Any]:
    """The model's name, and what it is made by: a class, a function, or what an expression gives.

    UsageError where the file has none, or several of which none is named.
    """
    if target.expression is None:
        name = _only_model(target, module, tree)
        return name, getattr(module, name)
    try:
        parsed = ast.parse(target.expression.strip(), mode="eval").body
    except SyntaxError:
        raise UsageError(f"`{target.expression[:80]}` is no Python expression") from None
    named = _leading_name(parsed)
    name = named or "model"
    if named is not None and not hasattr(module, name):
        known = [key for key, value in vars(module).items() if _is_own(value, module)]
        near = suggest(name, known) or ""
        help = f"; {near.replace('write', 'did you mean')}?" if near.startswith("write") else ""
        listed = f"; it has {', '.join(f'`{key}`' for key in known[:8])}" if known else ""
        raise UsageError(f"{target.file} has no `{name}`{help or listed}")
    if isinstance(parsed, ast.Name):
        return parsed.id, getattr(module, parsed.id)
    code = compile(ast.Expression(parsed), "<PATH>", "eval")
    return name, lambda: _value(code, target, module)


def _value(code: CodeType, target: Target, module: ModuleType) -> Any:
    """What the expression of a PATH gives; UsageError where it is itself at fault."""
    try:
        return eval(code, vars(module))
    except Exception as error:
        *_, innermost = traceback.walk_tb(error.__traceback__)
        if innermost[0].f_code is not code:
            raise
        kind = type(error).__name__
        raise UsageError(f"{target.file}:{target.expression}: {kind}: {error}") from None


def _is_own(value: Any, module: ModuleType) -> bool:
    """Whether a class or a function stands in the file itself."""
    return callable(value) and getattr(value, "__module__", None) == module.__name__


def _leading_name(parsed: ast.expr) -> str | None:
    while not isinstance(parsed, ast.Name):
        if isinstance(parsed, ast.Call):
            parsed = parsed.func
        elif isinstance(parsed, ast.Attribute | ast.Subscript):
            parsed = parsed.value
        else:
            return None
    return parsed.id


def _only_model(target: Target, module: ModuleType, tree: ast.Module) -> str:
    models = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Module)
        and value.__module__ == module.__name__
        and value.__name__ == name
    ]
    if not models:
        raise UsageError(f"{target.file} defines no torch.nn.Module, so nothing was checked")
    used = _used(tree, models)
    left = [name for name in models if name not in used] or models
    if len(left) > 1:
        makeable = [name for name in left if not needed_arguments(getattr(module, name))]
        if len(makeable) != 1 or len(models) == len(left):
            listed = ", ".join(f"{target.file}:{name}" for name in left[:8])
            raise UsageError(f"{target.file} has several models, name one: {listed}")
        left = makeable
    return left[0]


def _used(tree: ast.Module, models: list[str]) -> set[str]:
    """The models that others are made of, directly or through functions of the file."""
    definitions = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    names = {
        node.name: {item.id for item in ast.walk(node) if isinstance(item, ast.Name)} - {node.name}
        for node in ast.walk(tree)
        if isinstance(node, definitions)
    }
    used: set[str] = set()
    for model in models:
        waiting = list(names.get(model, ()))
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += names.get(name, ())
        used |= seen - {model}
    return used & {*models}


def needed_arguments(made_by: Any) -> list[str]:
    """The arguments without which it cannot be called."""
    try:
        parameters = inspect.signature(made_by).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    empty = inspect.Parameter.empty
    return [one.name for one in parameters if one.default is empty and one.kind not in kinds]


def instance(target: Target, name: str, made_by: Any) -> Module:
    """The model; UsageError where it needs arguments, or is none."""
    if isinstance(made_by, Module):
        return made_by
    needed = needed_arguments(made_by) if callable(made_by) else []
    if needed:
        listed = ", ".join(f"{item}=…" for item in needed)
        raise UsageError(
            f"`{name}` needs arguments, write {target.file}:{name}({listed}) with values in place "
            "of the dots"
        )
    found = made_by() if callable(made_by) else made_by
    if isinstance(found, tuple | list) and found and isinstance(found[0], Module):
        found = found[0]
    if not isinstance(found, Module):
        shown, kind = target.expression or name, type(found).__name__
        raise UsageError(f"{target.file}:{shown} gives {kind}, no torch.nn.Module")
    return found
