"""Why a training cannot be carried out."""

from __future__ import annotations

from collections.abc import Sequence

from cnnshape.diagnostics import CnnshapeError, Diagnostic, Span


class DataError(CnnshapeError):
    """The data, a checkpoint or an option cannot be used, or not with this model."""


class TrainingError(CnnshapeError):
    """The training was begun and failed."""


def unusable(
    message: str,
    *,
    rule: str = "invalid-value",
    help: str | None = None,
    span: Span | None = None,
    notes: Sequence[str] = (),
    expected: object = None,
    found: object = None,
) -> DataError:
    """An error with its one diagnostic."""
    diagnostic = Diagnostic(
        rule, message, help=help, span=span, notes=tuple(notes), expected=expected, found=found
    )
    return DataError([diagnostic])
