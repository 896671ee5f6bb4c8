"""Runs an act in a child process, waits for its end, and leaves nothing of it behind."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from cnnshape.diagnostics import Span
from cnnshape.sources.torch.guard import child, wire
from cnnshape.sources.torch.guard.errors import (
    CrashedError,
    GuardError,
    OutOfMemoryError,
    Refusal,
    TimedOutError,
)
from cnnshape.sources.torch.guard.limits import GRACE
from cnnshape.sources.torch.loading.frames import OURS, STANDARD, UserFrame
from cnnshape.sources.torch.loading.source import shown_path

T = TypeVar("T")
MEMORY = 4 << 30
"""Bytes that an act may use beyond what is in use before it."""
DUMPED = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)')


class End(NamedTuple):
    """How the child ended: what it sent, its wait status, and whether it was killed from here."""

    received: bytearray
    status: int
    killed: bool


def in_child(
    act: Callable[[], T],
    *,
    seconds: float = 60,
    memory: int | None = MEMORY,
    trusted: bool = False,
    verbose: bool = False,
) -> T:
    """What `act` returns, run in a child process that is bounded and, unless trusted, guarded.

    Exceptions of ours come back as they are; any other end of the child is a GuardError. Where a
    process cannot fork, the act runs here: guarded, but bounded neither in time nor in memory.
    """
    rules = child.Rules(seconds, memory, trusted=trusted, verbose=verbose)
    if not hasattr(os, "fork"):
        from cnnshape.sources.torch.guard.here import in_this_process

        return in_this_process(act, rules)
    result: T = _outcome(_run(act, rules), rules)
    return result


def refusals() -> tuple[Refusal, ...]:
    """What was refused so far, for an act to ask: user code may have caught the exception."""
    return tuple(child.GUARD[0].refusals) if child.GUARD else ()


def _run(act: Callable[[], Any], rules: child.Rules) -> End:
    ours, theirs = os.pipe()
    try:
        process = _fork()
        if process == 0:
            child.run(act, theirs, rules)  # and never returns
    except BaseException:
        os.close(ours)
        os.close(theirs)
        raise
    os.close(theirs)
    try:
        return _end(ours, process, rules.seconds)
    finally:
        os.close(ours)


def _fork() -> int:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads: none is needed
        process = os.fork()
    _lead_own_group(process)
    return process


def _lead_own_group(process: int) -> None:
    """Called on both sides of the fork, as neither knows which one comes first."""
    try:
        os.setpgid(process, process)
    except OSError:  # it has ended, or has done it already
        return


def _end(pipe: int, process: int, seconds: float) -> End:
    received, status, killed = bytearray(), None, True
    try:
        killed = not _read(pipe, process, received, time.monotonic() + seconds + 2 * GRACE)
    finally:
        if killed:
            _kill_group(process)
        status = os.waitpid(process, 0)[1]
        _kill_group(process)  # what it started itself
    return End(received, status, killed)


def _read(pipe: int, process: int, received: bytearray, deadline: float) -> bool:
    """Read what the child sends, until all is there or it has ended; False when time is up."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        if not poll.poll(min(left, 0.5) * 1000):
            if _has_ended(process):
                return True
            continue
        content = os.read(pipe, 1 << 20)
        received += content
        size = wire.expected(received)
        if not content or (size is not None and len(received) >= size):
            return True
        if len(received) > wire.LARGEST:
            return False
    return False


def _has_ended(process: int) -> bool:
    """Whether it has ended, without taking note of that: `waitpid` is still to come."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except OSError:
        return


def _outcome(end: End, rules: child.Rules) -> Any:
    size = wire.expected(end.received)
    if size is None or len(end.received) < size:
        raise _without_result(end, rules)
    try:
        kind, content = wire.unpacked(end.received)
        if kind == "value":
            return content
        error = wire.error_of(content)
    except Exception as problem:  # noqa: BLE001 what user code makes of a message may do anything
        raise CrashedError(f"the result cannot be handed over: {problem}") from None
    raise error


def _without_result(end: End, rules: child.Rules) -> GuardError:
    text = end.received.decode(errors="replace")
    stack = _dumped_stack(text)
    number = os.WTERMSIG(end.status) if os.WIFSIGNALED(end.status) else 0
    if end.killed or text.startswith("Timeout") or number == signal.SIGXCPU:
        return TimedOutError(child.too_long(rules.seconds), stack)
    if number == signal.SIGKILL:
        return OutOfMemoryError("the system ended the code's process, as memory ran out", stack)
    if number:
        name = signal.Signals(number).name
        return CrashedError(f"the code crashed Python ({name})", stack, detail=text)
    code = os.waitstatus_to_exitcode(end.status)
    return CrashedError(f"the code ended its process: os._exit({code})", stack, detail=text)


def _dumped_stack(text: str) -> tuple[UserFrame, ...]:
    """The user's lines in what Python wrote when it was ended by force."""
    frames = []
    for match in DUMPED.finditer(text.rpartition("Current thread")[2] or text):
        file, line = match["file"], int(match["line"])
        if not file.startswith(("<", OURS, *STANDARD)):
            span = Span(shown_path(file), line, 1, line, 2)
            frames.append(UserFrame(span, match["function"]))
    return tuple(frames)
