"""Diagnostics as they are found while a model file is read."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from cnnshape.diagnostics import Diagnostic, Fix, Label, Span
from cnnshape.sources.spec.document import Document, Value
from cnnshape.sources.spec.expression import FAILED, ExpressionError, FollowsError, Names
from cnnshape.sources.spec.plain import to_plain
from cnnshape.sources.words import clip, describe, only_near, printable, suggest

MOST_FINDINGS = 100
MOST_WORK = 4_000_000


class TooLargeError(Exception):
    """A model that is larger, or has more faults, than any that is meant; `at` is where."""

    def __init__(self, message: str, at: Value | None = None) -> None:
        super().__init__(message)
        self.at = at


class Findings:
    """What was found wrong; the same fault at the same place counts once.

    It also counts the work that a file makes, since a short one, with aliases, blocks and repeats,
    can ask for more than there is time for.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.items: list[Diagnostic] = []
        self.dynamic: dict[int, bool] = {}
        """Lists by their id: whether an expression stands in them."""
        self._seen: set[tuple[str, str, Span | None]] = set()
        self._work = MOST_WORK

    def has(self, rule: str, at: Value | None) -> bool:
        """Whether such a fault was found at a place."""
        span = self.span(at)
        return span is not None and (rule, "", span) in self._seen

    def spend(self, amount: int) -> None:
        """Count work, a unit about a value that is read; TooLargeError where it is too much."""
        self._work -= amount
        if self._work < 0:
            raise TooLargeError("aliases, blocks and repeats make this model too large to read")

    def plain(self, value: Value, names: Names) -> Any:
        """A value as plain data with its expressions evaluated; ExpressionError where it fails."""
        return to_plain(value, names, self.spend)

    def span(self, value: Value | None) -> Span | None:
        """Where a value stands."""
        return None if value is None else self.document.span(value)

    def flag(self, key: str, wanted: object, at: Value) -> bool | None:
        """What a key that is true or false says; None, and a finding, where it says neither."""
        if type(wanted) is bool:
            return wanted
        if wanted is not FAILED:
            message = f"`{key}` must be true or false, not {describe(wanted)}"
            self.add("invalid-value", message, at)
        return None

    def add(
        self,
        rule: str,
        message: str,
        at: Value | Span | None = None,
        *,
        layer: str | None = None,
        labels: Iterable[Label] = (),
        notes: Iterable[str] = (),
        help: str | None = None,
        expected: object = None,
        found: object = None,
        fix: Fix | None = None,
    ) -> None:
        """Report an error at a value or a span."""
        message = printable(message)
        span = at if isinstance(at, Span) else self.span(at)
        key = (rule, message if span is None else "", span)
        if key in self._seen:
            return
        self._seen.add(key)
        if len(self.items) == MOST_FINDINGS:
            raise TooLargeError(f"more than {MOST_FINDINGS} errors: the rest is not looked for")
        self.items.append(
            Diagnostic(
                rule,
                message,
                layer=layer,
                span=span,
                labels=tuple(labels),
                notes=tuple(notes),
                help=help,
                expected=expected,
                found=found,
                fix=fix,
            )
        )

    def no_value(self, what: str, error: ExpressionError, at: Value, names: Names) -> None:
        """Report an expression that has no value, unless that follows from a reported fault."""
        if isinstance(error, FollowsError):
            return
        help = suggest(error.name, names) if error.name is not None else None
        self.add("invalid-value", f"{what}: {error}", at, help=help)

    def unknown_key(
        self,
        key: str,
        at: Value,
        known: Iterable[str],
        where: str,
        present: Container[str] = (),
    ) -> None:
        """Report a key that has no meaning, with the nearest one that has."""
        names = [*known]
        self.add(
            "unknown-field",
            f"{where} has no `{clip(key)}`",
            at,
            help=suggest(key, names),
            fix=self.renamed(key, at, names, present),
        )

    def renamed(
        self, name: str, at: Value | None, known: Iterable[str], present: Container[str] = ()
    ) -> Fix | None:
        """A misspelt name put right where it stands, if it can mean one thing only."""
        span = self.span(at)
        meant = only_near(name, known)
        if span is None or span.line != span.end_line or meant is None or meant in present:
            return None
        line = self.document.text.split("\n", span.line)[span.line - 1]
        text = line[span.column - 1 : span.end_column - 1]
        if text in (f'"{name}"', f"'{name}'"):
            span = span._replace(column=span.column + 1, end_column=span.end_column - 1)
        elif text != name:
            return None
        return Fix(span, meant)
