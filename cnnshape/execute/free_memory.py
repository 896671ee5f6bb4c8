"""How much memory there is for a run, and the refusal of one that will not fit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cnnshape.analysis.claims import in_bytes
from cnnshape.diagnostics import Diagnostic
from cnnshape.execute.failure import RunError

SHARE = 0.8
"""The part of what is free that a run may take."""
MEMINFO = Path("/proc", "meminfo")
GROUPS = Path("/sys", "fs", "cgroup")
LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""Limits of a container and what it uses: control groups of version 2, of version 1."""


class RefusedError(RunError):
    """A model that will not fit into memory."""

    def __init__(self, needed: int, allowed: int) -> None:
        words = f"needs {in_bytes(needed)}, but {in_bytes(allowed)} may be used"
        super().__init__([Diagnostic("limit-exceeded", words, expected=allowed, found=needed)])
        self.needed, self.allowed = needed, allowed


def admit(needed: int, most: int | None = None) -> None:
    """Raise RefusedError where more is needed than there may be; None: a share of what is free."""
    if most is None:
        free = free_memory()
        most = None if free is None else int(SHARE * free)
    if most is not None and needed > most:
        raise RefusedError(needed, most)


def free_memory() -> int | None:
    """Bytes that a process may still take, by the machine and by its container; None: unknown."""
    return min([*_machine(), *_container()], default=None)


def _machine() -> Iterator[int]:
    """What Linux calls available; elsewhere what the system has free, or else all it has."""
    with suppress(OSError, ValueError, IndexError):
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                yield 1024 * int(line.split()[1])
                return
    with suppress(AttributeError, OSError, ValueError):  # no such call on Windows
        names = os.sysconf_names
        pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in names else "SC_PHYS_PAGES"
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf(pages)


def _container() -> Iterator[int]:
    for limit, used in LIMITS:
        with suppress(OSError, ValueError):  # no such file, or no number: no limit
            most = int((GROUPS / limit).read_text(encoding="ascii"))
            yield max(most - int((GROUPS / used).read_text(encoding="ascii")), 0)
