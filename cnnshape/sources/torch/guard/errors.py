"""How a guarded run can end other than with its result."""

from __future__ import annotations

from typing import NamedTuple

from cnnshape.sources.torch.loading.frames import UserFrame
from cnnshape.sources.torch.loading.runner import Stopped


class Refusal(NamedTuple):
    """Something that user code asked for and was not given."""

    kind: str
    what: str
    stack: tuple[UserFrame, ...]


class RefusedError(PermissionError):
    """Raised in user code at the line that asks for what the guard refuses."""


class TimeUp(Stopped):
    """Raised in user code at the line that runs when the time is over."""


class GuardError(Exception):
    """User code did not come to an end of its own; `stack` is where it was, innermost first."""

    def __init__(
        self,
        message: str,
        stack: tuple[UserFrame, ...] = (),
        refusals: tuple[Refusal, ...] = (),
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.stack = stack
        self.refusals = refusals
        self.detail = detail


class TimedOutError(GuardError):
    """The code ran for longer than it may."""


class OutOfMemoryError(GuardError):
    """The code asked for more memory than it may have."""


class CrashedError(GuardError):
    """The code ended the process it ran in, or raised what nobody handled."""
