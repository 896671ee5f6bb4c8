"""Findings on a design: placed like faults, of a milder severity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cnnshape.analysis.faults import place_of, used
from cnnshape.diagnostics import Diagnostic, Label
from cnnshape.graph import Node

MOST_NAMES = 6


def warning_at(
    rule: str, node: Node, message: str, *, field: str | None = None, notes: Sequence[str] = (),
    **rest: Any,
) -> Diagnostic:  # fmt: skip
    """A warning at a layer, or at one of its arguments."""
    return Diagnostic(
        rule,
        f"`{node.name}` {message}",
        severity="warning",
        layer=node.name,
        span=place_of(node.place, field) if field else node.place.made or node.place.span,
        notes=(*notes, *used(node.place)),
        **rest,
    )


def note_at(rule: str, node: Node, message: str, **rest: Any) -> Diagnostic:
    """A note, which no exit code counts."""
    return warning_at(rule, node, message, **rest)._replace(severity="note")


def labels_at(node: Node, text: str, field: str | None = None) -> tuple[Label, ...]:
    """A second place, where it is known."""
    span = place_of(node.place, field) if field else node.place.made or node.place.span
    return () if span is None else (Label(span, text),)


def listed(names: Iterable[str]) -> str:
    """`a`, `b` and 3 more."""
    known = list(names)
    shown = ", ".join(f"`{name}`" for name in known[:MOST_NAMES])
    rest = len(known) - MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def counted(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def sizes(values: Iterable[object]) -> str:
    """`3×3`."""
    return "×".join(map(str, values))
