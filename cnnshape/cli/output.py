"""Where results go: standard output or a file, in colour only on a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cnnshape import replacement
from cnnshape.report.snippet import Line, plain
from cnnshape.sources.spec.shape import UsageError


def wants_colour() -> bool:
    """Whether standard output is a terminal that shows colours and nobody asked for none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def width(output: Path | None) -> int | None:
    """Columns that there are for a result: the terminal's, or what COLUMNS says; None: any."""
    if output is None and sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns[:6]) > 0 else None


def emit_lines(lines: Sequence[Line], output: Path | None, *, error: bool = False) -> None:
    """Print styled lines, or write them without style."""
    if not lines:
        return
    if output is None and not error and wants_colour():
        from cnnshape.report.terminal.colour import print_lines

        print_lines(lines)
        return
    emit(plain(list(lines)), output, error=error)


def emit(text: str, output: Path | None, *, error: bool = False) -> None:
    """Print a text, or write it to a file whole or not at all."""
    if output is not None:
        write(output, text + "\n")
        return
    stream = sys.stderr if error else sys.stdout
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def emit_exactly(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file, with nothing added and no character replaced."""
    if output is not None:
        write(output, text)
        return
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        buffer.write(text.encode())
        buffer.flush()


def complain(message: str) -> None:
    """What went wrong with the run, on standard error."""
    sys.stderr.write(f"error: {message}\n")


def internal(error: Exception, subject: object = None) -> str:
    """A fault of ours in one line, and what it was about."""
    about = "" if subject is None else f" on {getattr(subject, 'path', subject)}"
    what = f"{type(error).__name__}: {error}"
    return f"cnnshape failed{about}: {what}; CNNSHAPE_DEBUG=1 shows where"


def wants_traceback() -> bool:
    """Whether somebody looks for a fault of ours."""
    return bool(os.environ.get("CNNSHAPE_DEBUG"))


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write beside the file, then put it in its place; a device or a pipe is written to."""
    with replacing(path) as file:
        file.write(text.encode(encoding))


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of the one that is there when all is written; or UsageError."""
    try:
        with replacement.replacing(path) as file:
            yield file
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {path}: {reason}") from None
