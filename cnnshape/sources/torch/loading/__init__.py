"""How a user's Python file becomes a module, and how its frames become places in it."""

from cnnshape.sources.torch.loading.frames import (
    UserFrame,
    argument_spans,
    error_stack,
    frame_call,
    frame_span,
    position_index,
    user_stack,
)
from cnnshape.sources.torch.loading.missing import MissingModule, MissingName, MissingPackageError
from cnnshape.sources.torch.loading.runner import Note, Stopped
from cnnshape.sources.torch.loading.session import Loaded, load
from cnnshape.sources.torch.loading.source import SourceFile, source_of
from cnnshape.sources.torch.loading.unavailable import Unavailable, UnavailableError, error_of

__all__ = [
    "Loaded",
    "MissingModule",
    "MissingName",
    "MissingPackageError",
    "Note",
    "SourceFile",
    "Stopped",
    "Unavailable",
    "UnavailableError",
    "UserFrame",
    "argument_spans",
    "error_of",
    "error_stack",
    "frame_call",
    "frame_span",
    "load",
    "position_index",
    "source_of",
    "user_stack",
]
