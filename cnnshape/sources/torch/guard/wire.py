"""What passes from the child to the parent: a length, then a pickle of nothing but data.

User code ran in the child, so the parent makes of its message only what is listed here: plain
values, and our own classes.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from cnnshape.diagnostics import CnnshapeError
from cnnshape.sources.spec.shape import UsageError
from cnnshape.sources.torch.guard.errors import GuardError

MAGIC = b"\0cnnshape-result\0"
HEADER = len(MAGIC) + 8
LARGEST = 1 << 31
"""Bytes of a message."""
PACKAGE = "cnnshape"
PLAIN = {
    ("builtins", name)
    for name in (
        *("int", "float", "bool", "complex", "str", "bytes", "bytearray", "tuple", "list"),
        *("dict", "set", "frozenset", "slice", "range", "object"),
    )
} | {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("fractions", "Fraction"),
    ("copyreg", "_reconstructor"),
    ("pathlib", "Path"),
    ("pathlib", "PosixPath"),
    ("pathlib", "PurePosixPath"),
}
VALUES = {("cnnshape.graph", "NOTHING"), ("cnnshape.dim.tree", "grown")}
"""What of ours is no class and comes along: the empty mapping, and what makes a formula anew."""

OURS = (CnnshapeError, UsageError, GuardError)
"""Exceptions that travel from the child to the parent as they are."""


def packed(message: object) -> bytes:
    """A message with its header."""
    content = pickle.dumps(message, protocol=5)
    return MAGIC + len(content).to_bytes(8, "little") + content


def expected(received: bytearray) -> int | None:
    """How many bytes the message has in all; None while that is not known, or never will be."""
    if len(received) < HEADER or not received.startswith(MAGIC):
        return None
    return HEADER + int.from_bytes(received[len(MAGIC) : HEADER], "little")


def unpacked(received: bytearray) -> Any:
    """The message; pickle.UnpicklingError if it holds anything else than data."""
    return Reader(io.BytesIO(memoryview(received)[HEADER:])).load()


class Reader(pickle.Unpickler):
    """Makes plain values and classes of ours, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """A class that a message may name."""
        if (module, name) in PLAIN:
            return super().find_class(module, name)
        if module.partition(".")[0] == PACKAGE:
            found = super().find_class(module, name)
            if (module, name) in VALUES:
                return found
            if isinstance(found, type) and found.__module__.partition(".")[0] == PACKAGE:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not data")


def error_parts(error: BaseException) -> tuple[type, tuple[Any, ...], dict[str, Any]]:
    """An exception as data: pickle's own way calls the class with the message alone."""
    return type(error), error.args, dict(error.__dict__)


def error_of(parts: tuple[type, tuple[Any, ...], dict[str, Any]]) -> Exception:
    """The exception again."""
    kind, arguments, state = parts
    if not issubclass(kind, OURS):
        raise pickle.UnpicklingError(f"{kind.__name__} is none of our exceptions")
    error: Exception = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(state)
    return error
