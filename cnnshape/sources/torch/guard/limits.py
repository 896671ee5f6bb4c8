"""Bounds of a child process: time, memory, the size of files; and its streams."""

from __future__ import annotations

import faulthandler
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from cnnshape.sources.torch.guard.errors import TimeUp

GRACE = 1.0
"""Seconds from the exception that says that the time is up to the end by force."""
TICK = 0.5


class Clock:
    """Raises TimeUp where the code runs, again and again should that be caught."""

    def __init__(self, seconds: float, pipe: int) -> None:
        self.end = time.monotonic() + seconds
        self.seconds = seconds
        self.pipe = pipe
        self.parent = os.getppid()
        self.running = True

    def start(self) -> None:
        """Python raises between two steps of its own; the C library's thread ends the rest."""
        faulthandler.enable(self.pipe)
        faulthandler.dump_traceback_later(self.seconds + GRACE, file=self.pipe, exit=True)
        signal.signal(signal.SIGALRM, self.tick)
        first = min(self.seconds, TICK)
        signal.setitimer(signal.ITIMER_REAL, max(first, 0.001), min(TICK, max(first, 0.05)))

    def tick(self, number: int, frame: FrameType | None) -> None:
        """Look at the time, and whether anybody waits for the result."""
        if os.getppid() != self.parent:
            os._exit(1)
        if self.running and time.monotonic() >= self.end:
            raise TimeUp

    def stop(self) -> None:
        """Let what is said about the end take its time."""
        self.running = False


def bound(seconds: float, memory: int | None, *, files: bool) -> Callable[[], None]:
    """Set what the system itself bounds; returns what gives memory back, to say that it is out."""
    import resource

    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, math.ceil(seconds + GRACE) + 1)
    if files:
        _limit(resource.RLIMIT_FSIZE, 0)
    usual = resource.getrlimit(resource.RLIMIT_AS)
    if memory is None:
        return lambda: None
    _limit(resource.RLIMIT_AS, _used() + memory)
    change = resource.setrlimit
    return lambda: change(resource.RLIMIT_AS, usual)


def _limit(which: int, most: int) -> None:
    import resource

    hard = resource.getrlimit(which)[1]
    try:
        resource.setrlimit(which, (most if hard < 0 else min(most, hard), hard))
    except (ValueError, OSError):  # not every system bounds everything
        return


def _used() -> int:
    """Bytes of address space in use."""
    try:
        with open(os.path.join("/proc", "self", "statm"), "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1 << 33  # unknown: macOS maps several GiB before any code runs


def take_streams(pipe: int, *, verbose: bool) -> None:
    """Input is empty; output goes nowhere, or to standard error; all other files are closed."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    if verbose:
        os.dup2(2, 1)
    else:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, max(pipe + 2, min(os.sysconf("SC_OPEN_MAX"), 65536)))
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        mode = "r" if number == 0 else "w"
        stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
