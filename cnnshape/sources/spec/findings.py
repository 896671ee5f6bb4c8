"""Diagnostics as they are found while a model file is read."""

from __future__ import annotations

from collections.abc import Iterable

from cnnshape.diagnostics import Diagnostic, Label, Span
from cnnshape.sources.spec.document import Document, Value


class Findings:
    """What was found wrong; the same fault at the same place counts once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.items: list[Diagnostic] = []
        self._seen: set[tuple[str, str, Span | None]] = set()

    def span(self, value: Value | None) -> Span | None:
        """Where a value stands."""
        return None if value is None else self.document.span(value)

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
    ) -> None:
        """Report an error at a value or a span."""
        span = at if isinstance(at, Span) else self.span(at)
        key = (rule, message if span is None else "", span)
        if key in self._seen:
            return
        self._seen.add(key)
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
            )
        )

    def unknown_key(self, key: str, at: Value, known: Iterable[str], where: str) -> None:
        """Report a key that has no meaning, with the nearest one that has."""
        self.add("unknown-field", f"{where} has no `{clip(key)}`", at, help=suggest(key, known))


def suggest(name: str, known: Iterable[str]) -> str | None:
    """Help that names the nearest known name, or all of them where they are few."""
    from difflib import get_close_matches

    names = sorted(set(known))
    near = get_close_matches(name[:100].lower(), names, n=1, cutoff=0.6)
    if near:
        return f"write `{near[0]}`"
    if 0 < len(names) <= 16:
        return f"known are {', '.join(f'`{clip(known_name)}`' for known_name in names)}"
    return None


def clip(text: object, length: int = 60) -> str:
    """A value as text of bounded length, on one line."""
    shown = str(text).replace("\n", " ")
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


def describe(value: object) -> str:
    """A value of a file for a message: `'abc'`, `[1, 2]`, a mapping."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{clip(value, 40)}`"
