"""Which statements of a module's top level define something, and are run."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterable, Iterator

DEFINITIONS = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass, ast.Global),
    *((ast.TypeAlias,) if hasattr(ast, "TypeAlias") else ()),
)
COMPOUND = (ast.If, ast.With, ast.Try, ast.TryStar, ast.Match)
BODIES = ("body", "orelse", "finalbody")
METHODS = {
    *("append", "appendleft", "extend", "insert", "update", "add", "setdefault"),
    *("add_module", "register_module", "register_buffer", "register_parameter"),
    *("add_argument", "set_defaults"),
}
"""Methods that build the container, the module or the parser that they are called on."""
PURE = {
    *("items", "keys", "values", "get", "copy", "format", "split", "join", "replace", "strip"),
    *("lower", "upper", "startswith", "endswith", "index", "count", "parameters", "children"),
}
SETTINGS = {"sys.path.append", "sys.path.insert", "sys.path.extend", "torch.set_default_dtype"}
EFFECTS = {"print", "input", "open", "exec", "eval", "compile", "exit", "quit", "breakpoint"}


def runs(statement: ast.stmt) -> bool:
    """Whether a statement only defines something."""
    if isinstance(statement, (*DEFINITIONS, *COMPOUND)):
        return True
    if isinstance(statement, ast.Expr):
        return _is_text(statement.value) or _builds(statement.value)
    return isinstance(statement, (ast.For, ast.While)) and _only_builds(statement)


def pruned(statement: ast.stmt) -> tuple[ast.stmt, list[ast.stmt]]:
    """A compound statement without those inside it that do not run, and these."""
    if not isinstance(statement, COMPOUND):
        return statement, []
    left_out: list[ast.stmt] = []
    return _pruned(statement, left_out), left_out


def bound_names(statements: Iterable[ast.AST]) -> list[str]:
    """The names that statements bind, in the order in which they stand."""
    names: dict[str, None] = {}
    for statement in statements:
        names.update(dict.fromkeys(_bound(statement)))
    return list(names)


def changed_names(statement: ast.AST) -> list[str]:
    """The names whose values a statement changes from inside: `layers` in `layers.append(x)`."""
    names: dict[str, None] = {}
    for node in ast.walk(statement):
        target: ast.AST | None = None
        if isinstance(node, ast.Call) and _builds(node) and isinstance(node.func, ast.Attribute):
            target = node.func.value
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            target = node.value
        root = _root(target)
        if root is not None:
            names[root] = None
    return list(names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` as text; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def catches_import_error(statement: ast.Try | ast.TryStar) -> bool:
    """Whether a failed import in the body is handled."""
    return any(
        handler.type is None or _names_import_error(handler.type) for handler in statement.handlers
    )


def _names_import_error(node: ast.expr) -> bool:
    kinds = node.elts if isinstance(node, ast.Tuple) else [node]
    known = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return any(dotted(kind).removeprefix("builtins.") in known for kind in kinds)


def _pruned(node: ast.stmt, left_out: list[ast.stmt]) -> ast.stmt:
    if not isinstance(node, COMPOUND):
        return node
    kept = copy.copy(node)
    for field in BODIES:
        if hasattr(node, field):
            setattr(kept, field, _body(getattr(node, field), left_out))
    if isinstance(kept, (ast.Try, ast.TryStar)):
        kept.handlers = [_handler(handler, left_out) for handler in kept.handlers]
    if isinstance(kept, ast.Match):
        kept.cases = [_case(case, left_out) for case in kept.cases]
    return kept


def _body(
    statements: list[ast.stmt], left_out: list[ast.stmt], raising: bool = False
) -> list[ast.stmt]:
    kept: list[ast.stmt] = []
    for statement in statements:
        if runs(statement) or (raising and isinstance(statement, ast.Raise)):
            kept.append(_pruned(statement, left_out))
        else:
            left_out.append(statement)
            kept.append(ast.copy_location(ast.Pass(), statement))
    return kept


def _handler(handler: ast.ExceptHandler, left_out: list[ast.stmt]) -> ast.ExceptHandler:
    kept = copy.copy(handler)
    kept.body = _body(handler.body, left_out, raising=True)
    return kept


def _case(case: ast.match_case, left_out: list[ast.stmt]) -> ast.match_case:
    kept = copy.copy(case)
    kept.body = _body(case.body, left_out)
    return kept


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _builds(node: ast.expr) -> bool:
    """Whether a call only adds to something that the module holds."""
    if not isinstance(node, ast.Call):
        return False
    if dotted(node.func) in SETTINGS or dotted(node.func) == "setattr":
        return True
    callee = node.func
    return (
        isinstance(callee, ast.Attribute) and callee.attr in METHODS and bool(_root(callee.value))
    )


def _root(node: ast.AST | None) -> str | None:
    """`a` in `a.b[0].c`."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _only_builds(loop: ast.For | ast.While) -> bool:
    """Whether a loop adds to containers and calls nothing that could train a model."""
    simple = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Pass, ast.Break, ast.Continue)
    builds = False
    for node in ast.walk(loop):
        if isinstance(node, ast.Expr):
            if not (_builds(node.value) or _is_text(node.value)):
                return False
            builds = True
        elif isinstance(node, ast.stmt):
            if not isinstance(node, (*simple, ast.For, ast.While, ast.If)):
                return False
            builds = builds or _stores_inside(node)
        elif isinstance(node, ast.Call) and not (_builds(node) or _is_construction(node.func)):
            return False
    return builds


def _stores_inside(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Subscript) for target in targets)


def _is_construction(callee: ast.expr) -> bool:
    """`Conv2d(…)`, `nn.Conv2d(…)`, `range(…)`, `"…".format(…)`: no call that acts on a model."""
    if isinstance(callee, ast.Name):
        is_pure = hasattr(builtins, callee.id) and callee.id not in EFFECTS
        return is_pure or callee.id[:1].isupper()
    name = callee.attr if isinstance(callee, ast.Attribute) else ""
    return name[:1].isupper() or name in PURE or dotted(callee).startswith("math.")


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(node, ast.alias):
        if node.name != "*":
            yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
