"""A run that cannot be carried out."""

from __future__ import annotations

from cnnshape.diagnostics import CnnshapeError, Diagnostic, Span


class RunError(CnnshapeError):
    """The model holds, but it cannot be run as asked."""


def failure(
    rule: str,
    message: str,
    *,
    layer: str | None = None,
    span: Span | None = None,
    help: str | None = None,
    expected: object = None,
    found: object = None,
) -> RunError:
    """An error with its one diagnostic."""
    diagnostic = Diagnostic(
        rule, message, layer=layer, span=span, help=help, expected=expected, found=found
    )
    return RunError([diagnostic])
