"""A guarded run where a process cannot fork: in this process, bounded neither in time nor memory.

The audit hook cannot be taken off again, so it stays, and lets everything pass between two runs.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TypeVar

from cnnshape.sources.torch.guard.child import GUARD, Rules, described
from cnnshape.sources.torch.guard.policy import Guard

T = TypeVar("T")
_guard: list[Guard] = []


def in_this_process(act: Callable[[], T], rules: Rules) -> T:
    """What `act` returns; every exception that is not ours becomes a GuardError."""
    with ExitStack() as undo:
        if not rules.verbose:
            undo.enter_context(redirect_stdout(io.StringIO()))
            undo.enter_context(redirect_stderr(io.StringIO()))
        undo.callback(setattr, sys, "dont_write_bytecode", sys.dont_write_bytecode)
        sys.dont_write_bytecode = True
        if not rules.trusted:
            _arm(undo)
        try:
            return act()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 whatever ends the act is told
            problem = described(error, rules)
        raise problem


def _arm(undo: ExitStack) -> None:
    if not _guard:
        _guard.append(Guard())
        _guard[0].arm()
    guard = _guard[0]
    guard.refusals.clear()
    guard.armed = True
    GUARD[:] = [guard]
    undo.callback(guard.disarm)
    undo.callback(guard.replace_unaudited())
