"""What user code may not do: an audit hook, and what Python has no audit event for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from cnnshape.sources.torch.guard.errors import Refusal, RefusedError
from cnnshape.sources.torch.loading.frames import STANDARD, user_stack

KINDS = {
    "network": (
        *("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "imaplib.", "poplib."),
        *("nntplib.", "telnetlib.", "webbrowser."),
    ),
    "process": (
        *("subprocess.", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"),
        *("os.spawn", "os.startfile", "pty.", "_winapi.Create"),
    ),
    "signal": ("os.kill", "os.killpg", "signal.", "_winapi.TerminateProcess"),
    "writing": (
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod"),
        *("os.chown", "os.chflags", "os.lchflags", "os.truncate", "os.utime", "os.setxattr"),
        *("os.removexattr", "os.lockf", "shutil.", "tempfile.", "fcntl."),
    ),
    "limits": ("resource.setrlimit", "resource.prlimit"),
    "registry": ("winreg.", "syslog."),
    "guard": ("sys.addaudithook",),
}
"""Beginnings of the names of audit events; one that ends in a dot is a whole module's."""
ALLOWED = {"socket.gethostname", "fcntl.fcntl"}
WORDS = {
    "network": "the network",
    "process": "starting a process",
    "signal": "sending or handling a signal",
    "writing": "writing or deleting files",
    "limits": "changing the limits of the process",
    "registry": "the system's records",
    "guard": "another audit hook",
    "native": "loading or calling native code",
}
UNAUDITED = {
    "signal": (
        *("signal.signal", "signal.setitimer", "signal.alarm", "signal.pthread_sigmask"),
        *("signal.raise_signal", "signal.set_wakeup_fd", "signal.siginterrupt"),
        *("faulthandler.cancel_dump_traceback_later", "faulthandler.dump_traceback_later"),
        *("faulthandler.disable", "faulthandler.enable", "faulthandler.register"),
    ),
    "process": ("_posixsubprocess.fork_exec", "os.setsid", "os.setpgid"),
    "writing": ("os.mkfifo", "os.mknod", "os.ftruncate", "os.fchmod", "os.fchown"),
}
"""Functions that act without an audit event: these are replaced."""
TWINS = {"signal": "_signal", "os": "posix"}
NATIVE_PACKAGES = {"cffi", "_cffi_backend", "_posixshmem"}
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
DEEPEST = 10_000
"""Frames: what Python's own stack holds even where every call goes through C."""

Decision = Callable[[tuple[Any, ...]], str | None]
"""From an event's arguments to what is refused, in words; None where it is not."""


class Guard:
    """Refuses from `arm` to `disarm`, and keeps account of what it refused."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.armed = False
        self.known: dict[str, tuple[str, Decision] | None] = {}

    def arm(self) -> None:
        """Start to refuse. Python keeps a hook for good, so one hook serves a process."""
        self.armed = True
        sys.addaudithook(self.hook())

    def disarm(self) -> None:
        """Let everything pass from now on."""
        self.armed = False

    def hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """The hook: quick for all that it has no opinion on, as it sees every import and call."""
        known = self.known
        missing = object()

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            rule: Any = known.get(event, missing)
            if rule is missing:
                rule = known[event] = rule_of(event)
            if rule is not None and self.armed:
                kind, decide = rule
                what = decide(arguments)
                if what is not None:
                    self.refuse(kind, what)

        return hook

    def refuse(self, kind: str, what: str) -> NoReturn:
        """Raise in the user's code, and remember it for when that is caught there."""
        self.refusals.append(Refusal(kind, what, user_stack(sys._getframe(1))))
        raise RefusedError(f"{WORDS[kind]} is refused while a model is checked: {what}")

    def replace_unaudited(self) -> Callable[[], None]:
        """Put refusals in the place of functions without an event; returns what takes it back."""
        done: list[tuple[Any, str, Any]] = []
        for kind, paths in UNAUDITED.items():
            for path in paths:
                module, _, name = path.partition(".")
                for home in filter(None, (_module(module), _module(TWINS.get(module, "")))):
                    if hasattr(home, name):
                        done.append((home, name, getattr(home, name)))
                        setattr(home, name, self._refusal(kind, path))
        done.append((sys, "setrecursionlimit", sys.setrecursionlimit))
        setattr(sys, "setrecursionlimit", _bounded(sys.setrecursionlimit))  # noqa: B010

        def put_back() -> None:
            for home, name, usual in done:
                setattr(home, name, usual)

        return put_back

    def _refusal(self, kind: str, path: str) -> Callable[..., NoReturn]:
        def refused(*args: object, **kwargs: object) -> NoReturn:
            self.refuse(kind, f"{path}()")

        return refused


def rule_of(event: str) -> tuple[str, Decision] | None:
    """What to do at an audit event: the kind of thing it is, and how to decide; None: nothing."""
    if event in ALLOWED:
        return None
    if event == "open":
        return "writing", _writes
    if event == "import":
        return "native", _imports_native
    if event == "sqlite3.connect":
        return "writing", _opens_database
    if event.startswith("ctypes."):
        return "native", lambda arguments: _by_user(sys._getframe(2)) and _call(event, arguments)
    for kind, beginnings in KINDS.items():
        if any(_begins(event, beginning) for beginning in beginnings):
            return kind, lambda arguments: _call(event, arguments)
    return None


def _begins(event: str, beginning: str) -> bool:
    if beginning.endswith("."):
        return event.startswith(beginning)
    return (
        event == beginning
        or event.startswith((f"{beginning}/", f"{beginning}_"))
        or (beginning in ("os.exec", "os.spawn", "_winapi.Create") and event.startswith(beginning))
    )


def _writes(arguments: tuple[Any, ...]) -> str | None:
    path, mode, flags = arguments
    writes = isinstance(mode, str) and not set("wax+").isdisjoint(mode)
    if not writes and not (isinstance(flags, int) and flags & WRITING_FLAGS):
        return None
    if isinstance(path, int):
        return None if path in (0, 1, 2) else f"open file {path}"
    name = os.fsdecode(path)
    return None if name == os.devnull else f"`{name[:200]}`"


def _opens_database(arguments: tuple[Any, ...]) -> str | None:
    name = str(arguments[0])
    return None if name == ":memory:" else f"the database `{name[:200]}`"


def _imports_native(arguments: tuple[Any, ...]) -> str | None:
    """Compiled modules of the user's own, and packages whose purpose is to call native code."""
    name, file = arguments[:2]
    if isinstance(file, str) and not file.endswith(".py") and not _is_installed(file):
        return f"the compiled module `{file[:200]}`"
    if name in NATIVE_PACKAGES and _by_user(sys._getframe(2), past_import=True):
        return f"`import {name}`"
    return None


def _by_user(frame: FrameType | None, *, past_import: bool = False) -> str | None:
    """Words that are true if user code asks for it, not a package that is just being imported."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib"):
            if not past_import:
                return None
        else:
            past_import = False
            if not _is_installed(file):
                return file
        frame = frame.f_back
    return None


def _is_installed(file: str) -> bool:
    """Whether a file came with Python or was installed; `<string>` is user code."""
    return (
        file.startswith((*STANDARD, "<frozen"))
        or "site-packages" in file
        or "dist-packages" in file
    )


def _call(event: str, arguments: tuple[Any, ...]) -> str:
    """An event as a call: `os.remove('x')`."""
    shown = ", ".join(repr(each)[:80] for each in arguments if _is_plain(each))
    return f"{event.partition('/')[0]}({shown[:200]})"


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, bytes)) or (type(value) is int and value >= 0)


def _module(name: str) -> Any:
    if not name:
        return None
    try:
        return __import__(name)
    except ImportError:
        return None


def _bounded(usual: Callable[[int], None]) -> Callable[[int], None]:
    def setrecursionlimit(limit: int) -> None:
        usual(min(limit, DEEPEST))

    return setrecursionlimit
