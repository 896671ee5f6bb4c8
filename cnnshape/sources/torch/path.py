"""`net.py`, `net.py:Net`, `net.py:Net(num_classes=10)`: a file, and the model in it."""

from __future__ import annotations

import re
from typing import NamedTuple

PATTERN = re.compile(r"(?s)(?P<file>.+?\.py)(?::(?P<expression>.+))?")


class Target(NamedTuple):
    """A file, and the expression that gives the model in the file's own namespace."""

    file: str
    expression: str | None = None


def target_of(path: str) -> Target | None:
    """What a PATH means, if it is that of a Python file."""
    match = PATTERN.fullmatch(path)
    return Target(match["file"], match["expression"]) if match else None
