"""Runs a module's top level, one statement after the other, as far as it defines something."""

from __future__ import annotations

import ast
import warnings
from contextlib import nullcontext
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from cnnshape.diagnostics import Span
from cnnshape.sources.torch.loading.numbers import builtins_for_users, calls_renamed
from cnnshape.sources.torch.loading.policy import COMPOUND, bound_names, changed_names, pruned, runs
from cnnshape.sources.torch.loading.source import SourceFile, understood
from cnnshape.sources.torch.loading.unavailable import Unavailable, error_of, unavailable


class Stopped(BaseException):
    """The run is over, at this line of the user's: no code may go on after it."""


class Note(NamedTuple):
    """A statement that was not run, or that failed, and why."""

    span: Span
    reason: str
    failed: bool = False


class Runner:
    """Runs one file in its module; what it leaves out, and what fails, goes into `notes`."""

    def __init__(self, source: SourceFile, module: ModuleType, notes: list[Note]) -> None:
        self.source = source
        self.names = module.__dict__
        self.notes = notes
        self.future = 0

    def run(self) -> None:
        """All statements; raises nothing that the user's code raises, but UnreadableError."""
        self.names["__builtins__"] = builtins_for_users()
        self.names["__doc__"] = ast.get_docstring(self.source.tree, clean=False)
        self._future()
        for statement in self.source.tree.body:
            self._step(statement)

    def _future(self) -> None:
        """`from __future__ import annotations` holds for the whole file."""
        import __future__

        for statement in self.source.tree.body:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                for alias in statement.names:
                    self.future |= getattr(__future__, alias.name).compiler_flag

    def _step(self, statement: ast.stmt) -> None:
        if not runs(statement):
            self._skip(statement)
        elif isinstance(statement, ast.If):
            self._branch(statement)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            self._unit(statement)

    def _branch(self, statement: ast.If) -> None:
        """The branch that Python would take; statement by statement, as at the top."""
        code = self._compiled(ast.Expression(statement.test), "eval")
        try:
            branch = statement.body if eval(code, self.names) else statement.orelse
        except BaseException as error:  # noqa: BLE001
            self._failed(statement, bound_names([statement]), error)
            return
        for each in branch:
            self._step(each)

    def _unit(self, statement: ast.stmt) -> None:
        kept, left_out = pruned(statement)
        names = bound_names([statement])
        before = {name: self.names.get(name, self) for name in names}
        code = self._compiled(ast.Module([kept], []), "exec")
        try:
            exec(code, self.names)
        except BaseException as error:  # noqa: BLE001
            if kept is not statement:  # what was bound before the failure, stays
                names = [name for name in names if self.names.get(name, self) is before[name]]
            self._failed(statement, names, error)
        for each in left_out:
            self._skip(each)
        if isinstance(statement, (ast.Try, ast.TryStar)):
            self._unbound(statement, "is not imported here")

    def _unbound(self, statement: ast.stmt, reason: str) -> None:
        """Names that a statement would have bound, had more of it been run."""
        span = self.source.span(statement)
        for name in bound_names([statement]):
            if name not in self.names:
                self.names[name] = Unavailable(name, span, reason, None)

    def _skip(self, statement: ast.stmt) -> None:
        kind = SKIPPED.get(type(statement), "statement")
        self.notes.append(Note(self.source.span(statement), f"this {kind} defines nothing"))
        self._unbound(statement, "is not run when a model is checked")

    def _failed(self, statement: ast.stmt, names: list[str], error: BaseException) -> None:
        """The names have no value; nor has what would have been changed, or it would be wrong."""
        if isinstance(error, (KeyboardInterrupt, Stopped)):
            raise error
        changed = [name for name in changed_names(statement) if self._is_own_value(name)]
        span = self._opening(statement)
        reason = f"failed: {told(error)}"
        self.notes.append(Note(span, reason, failed=True))
        for name in [*names, *changed]:
            self.names[name] = unavailable(name, span, reason, error)

    def _opening(self, statement: ast.stmt) -> Span:
        """What to point at: a statement's first line, without what it holds."""
        span = self.source.span(statement)
        if not isinstance(statement, (*COMPOUND, ast.For, ast.While, ast.ClassDef)):
            return span
        end = len(self.source.lines[span.line - 1].rstrip()) + 1
        return span._replace(end_line=span.line, end_column=end)

    def _is_own_value(self, name: str) -> bool:
        value = self.names.get(name)
        return name in self.names and not isinstance(value, (ModuleType, Unavailable))

    def _compiled(self, tree: ast.Module | ast.Expression, mode: str) -> CodeType:
        """Code; UnreadableError for what only the compiler finds, such as `return` in a class."""
        source = self.source
        with (
            understood(source.shown, source.text),
            warnings.catch_warnings(),
            calls_renamed(tree) if "int(" in source.text else nullcontext(),
        ):
            warnings.simplefilter("ignore")
            code: Any = compile(tree, source.path, mode, self.future, dont_inherit=True)
        assert isinstance(code, CodeType)
        return code


SKIPPED: dict[type[ast.stmt], str] = {
    ast.Expr: "call",
    ast.For: "loop",
    ast.While: "loop",
    ast.Assert: "assertion",
    ast.Delete: "deletion",
    ast.Raise: "raise",
}


def told(error: BaseException) -> str:
    """An exception in a few words: its kind and the first line of its message."""
    kind = type(error).__name__
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001 the message is user code too
        lines = []
    return f"{kind}: {lines[0][:200]}" if lines else kind


def first_cause(value: object) -> BaseException | None:
    """Why a name of a module has no value; None where it has one."""
    if not isinstance(value, Unavailable):
        return None
    error = error_of(value)
    return error.cause or error
