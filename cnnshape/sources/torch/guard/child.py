"""The run inside the child process: bounded, guarded, and its end told to the parent."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.guard.errors import (
    CrashedError,
    GuardError,
    OutOfMemoryError,
    RefusedError,
    TimedOutError,
    TimeUp,
)
from cnnshape.sources.torch.guard.limits import Clock, bound, take_streams
from cnnshape.sources.torch.guard.policy import DEEPEST, Guard
from cnnshape.sources.torch.guard.wire import OURS, error_parts, packed
from cnnshape.sources.torch.loading.frames import error_stack
from cnnshape.sources.torch.loading.runner import told

GUARD: list[Guard] = []
"""The guard of this process, if it is guarded."""


class Rules:
    """How an act is run."""

    def __init__(self, seconds: float, memory: int | None, *, trusted: bool, verbose: bool) -> None:
        self.seconds = seconds
        self.memory = memory
        self.trusted = trusted
        self.verbose = verbose


class Kept:
    """What the run needs afterwards and user code could have taken away."""

    def __init__(self) -> None:
        self.modules = dict(sys.modules)
        self.builtins = dict(vars(builtins))
        self.write = os.write
        self.leave = os._exit
        self.depth = sys.setrecursionlimit

    def put_back(self) -> None:
        """The state of the interpreter that our own code stands on."""
        vars(builtins).update(self.builtins)
        sys.modules.update(self.modules)
        self.depth(DEEPEST)
        sys.settrace(None)
        sys.setprofile(None)


def run(act: Callable[[], Any], pipe: int, rules: Rules) -> None:
    """Run in this process, which the parent forked, and end it."""
    kept = Kept()
    message = b""
    try:
        message = _guarded(act, pipe, rules, kept)
    except BaseException as error:  # noqa: BLE001 nothing may pass: the parent is told instead
        kept.put_back()
        message = packed(("error", error_parts(described(error, rules))))
    finally:
        _send(message, pipe, kept)


def _send(message: bytes, pipe: int, kept: Kept) -> None:
    try:
        rest = memoryview(message)
        while rest:
            rest = rest[kept.write(pipe, rest) :]
    finally:
        kept.leave(0)


def _guarded(act: Callable[[], Any], pipe: int, rules: Rules, kept: Kept) -> bytes:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends this process
    take_streams(pipe, verbose=rules.verbose)
    sys.dont_write_bytecode = True
    more_memory = bound(rules.seconds, rules.memory, files=not (rules.trusted or rules.verbose))
    clock = Clock(rules.seconds, pipe)
    clock.start()
    guard = Guard()
    GUARD[:] = [guard]
    if not rules.trusted:
        guard.replace_unaudited()
        guard.arm()

    def end() -> None:
        clock.stop()
        guard.disarm()
        more_memory()
        kept.put_back()
        guard.armed = not rules.trusted

    try:
        return _message(act, rules, end)
    finally:
        end()
        guard.disarm()
        _flush(verbose=rules.verbose)


def _message(act: Callable[[], Any], rules: Rules, end: Callable[[], None]) -> bytes:
    """The result as the parent will read it; pickling may run user code, so the guard stands."""
    try:
        result = act()
        end()
        return packed(("value", result))
    except BaseException as error:  # noqa: BLE001 whatever ends the act is told to the parent
        end()
        return packed(("error", error_parts(described(error, rules))))


def _flush(*, verbose: bool) -> None:
    if verbose:
        sys.stdout.flush()
        sys.stderr.flush()


def described(error: BaseException, rules: Rules) -> Exception:
    """An exception as the parent is told of it: ours as it is, others as a GuardError."""
    if isinstance(error, OURS) and type(error).__module__.startswith("cnnshape."):
        return error
    stack = error_stack(error)
    refusals = tuple(GUARD[0].refusals) if GUARD else ()
    if isinstance(error, TimeUp):
        return TimedOutError(too_long(rules.seconds), stack, refusals)
    if isinstance(error, MemoryError):
        return OutOfMemoryError(too_large(rules.memory), stack, refusals)
    detail = "".join(traceback.format_exception(error))
    return CrashedError(_words(error), stack, refusals, detail)


def _words(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the code ended its process: sys.exit({error.code!r})"
    if isinstance(error, (RefusedError, GuardError)):
        return str(error)
    return told(error)


def too_long(seconds: float) -> str:
    """The message for code that takes too long."""
    return f"the code ran for longer than {seconds:g} s"


def too_large(memory: int | None) -> str:
    """The message for code that takes too much memory."""
    if memory is None:
        return "the code ran out of memory"
    return f"the code asked for more than {memory / (1 << 30):.3g} GiB of memory"
