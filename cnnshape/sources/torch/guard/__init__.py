"""User code run apart from ours: in a child process, bounded, and refused what no model needs."""

from cnnshape.sources.torch.guard.errors import (
    CrashedError,
    GuardError,
    OutOfMemoryError,
    Refusal,
    RefusedError,
    TimedOutError,
    TimeUp,
)
from cnnshape.sources.torch.guard.parent import MEMORY, in_child, refusals

__all__ = [
    "MEMORY",
    "CrashedError",
    "GuardError",
    "OutOfMemoryError",
    "Refusal",
    "RefusedError",
    "TimeUp",
    "TimedOutError",
    "in_child",
    "refusals",
]
