"""What is said about a model: places, diagnostics and the exceptions that carry them. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]


def documentation(rule: str) -> str:
    """Where the project's documentation has a rule."""
    return f"docs/rules.md#{rule}"


class Span(NamedTuple):
    """A stretch of a file: lines and columns count from 1, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Label(NamedTuple):
    """A second place that a diagnostic points at, and what was decided there."""

    span: Span
    text: str


class Fix(NamedTuple):
    """Characters to write in place of a span."""

    span: Span
    text: str


class Diagnostic(NamedTuple):
    """One finding; `message` stands alone, the rest shows it and says what to do."""

    rule: str
    message: str
    severity: Severity = "error"
    layer: str | None = None
    span: Span | None = None
    caption: str | None = None
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    expected: object = None
    found: object = None
    fix: Fix | None = None
    unfixed: str | None = None
    """Why no number can be written, where one is at fault."""


class RuleError(Exception):
    """A layer's rule does not hold.

    `message` is a predicate (the layer's name is put before it), `field` the argument at fault,
    `against` the argument that it does not agree with, where that is no input, `operand` the number
    of the input at fault, `note` the arithmetic with its numbers, `choices` what could stand in
    `field` instead, the best first.
    """

    def __init__(
        self,
        rule: str,
        message: str,
        *,
        field: str | None = None,
        against: str | None = None,
        operand: int | None = None,
        expected: object = None,
        found: object = None,
        note: str | None = None,
        help: str | None = None,
        choices: Sequence[object] = (),
    ) -> None:
        super().__init__(rule, message)  # what it is made of again in another process
        self.rule = rule
        self.message = message
        self.field = field
        self.against = against
        self.operand = operand
        self.expected = expected
        self.found = found
        self.note = note
        self.help = help
        self.choices = tuple(choices)

    def __str__(self) -> str:
        return self.message


class CnnshapeError(Exception):
    """A model cannot be used as asked; `diagnostics` say why."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, map(_summary, self.diagnostics))))


class UnreadableError(CnnshapeError):
    """The source is no model at all: not text, not YAML; `text` is what could be read of it."""

    text: str = ""


class ModelError(CnnshapeError):
    """The model has a fault, so what was asked of it is not known."""


def _summary(diagnostic: Diagnostic) -> str:
    place = diagnostic.span
    where = f"{place.file}:{place.line}:{place.column}: " if place else ""
    return f"{where}{diagnostic.severity}[{diagnostic.rule}]: {diagnostic.message}"
