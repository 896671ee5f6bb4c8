"""Models as they stood in git: `HEAD~1:net.yaml`."""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zipfile import ZipFile

from cnnshape.sources.locate import SUFFIXES, Source, locate
from cnnshape.sources.spec.shape import UsageError

FORM = re.compile(r"(?P<revision>[^:\s-][^:\s]*):(?P<path>.+)")
PYTHON = re.compile(r"(?P<file>.+\.py)(?P<rest>:.+)?")
EXPLAINED = (
    (re.compile("not a git repository"), "the working directory is in no git repository"),
    (re.compile(r"invalid object name|unknown revision|bad revision"), "git knows no `{revision}`"),
    (re.compile(r"does not exist in|exists on disk, but not in"), "`{revision}` has no `{path}`"),
)


class Revision(NamedTuple):
    """A file in a commit: its path is that from the repository's root, or begins with `./`."""

    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.revision}:{self.path}"


def revision_of(path: str) -> Revision | None:
    """What a PATH means as `REVISION:FILE`; None where it is a file, or a class of a file."""
    match = FORM.fullmatch(path)
    if match is None or match["revision"].endswith(".py") or _exists(path):
        return None
    return Revision(match["revision"], match["path"])


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


@contextmanager
def at_revision(wanted: Revision) -> Iterator[Source]:
    """The source as it stood; of Python with all that lies in its folder, for what it imports."""
    python = PYTHON.fullmatch(wanted.path)
    if python is None:
        if PurePosixPath(wanted.path).suffix.lower() not in SUFFIXES:
            raise UsageError(f"{wanted}: model files end in {' or '.join(SUFFIXES)}")
        file = _file(wanted, wanted.path)
        yield _named(str(wanted), _git(wanted, "show", f"{wanted.revision}:{file}"))
        return
    file = _file(wanted, python["file"])
    with tempfile.TemporaryDirectory() as folder:
        _extract(wanted, PurePosixPath(file).parent, folder)
        (source,) = locate(str(Path(folder, PurePosixPath(file).name)) + (python["rest"] or ""))
        yield source


def _named(name: str, content: bytes) -> Source:
    return Source(name, lambda: content)


def _file(wanted: Revision, path: str) -> str:
    """A file's path from the root, as git wants it; one from the working directory will do too."""
    prefix = _git(wanted, "rev-parse", "--show-prefix").decode().strip()
    here = str(PurePosixPath(prefix, path.removeprefix("./")))
    tries = [here] if path.startswith("./") else dict.fromkeys((path, here))
    for number, name in enumerate(tries, 1):
        try:
            _git(wanted, "cat-file", "-e", f"{wanted.revision}:{name}")
        except UsageError:
            if number == len(tries):
                _git(wanted, "rev-parse", "--verify", "--quiet", f"{wanted.revision}^{{commit}}")
                raise UsageError(f"{wanted}: `{wanted.revision}` has no `{path}`") from None
            continue
        return name
    return path


def _extract(wanted: Revision, folder: PurePosixPath, target: str) -> None:
    top = _git(wanted, "rev-parse", "--show-toplevel").decode().strip()
    tree = wanted.revision if folder == PurePosixPath() else f"{wanted.revision}:{folder}"
    content = _git(wanted, "-C", top, "archive", "--format=zip", tree)
    with ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(target)


def _git(wanted: Revision, *arguments: str) -> bytes:
    """What a git command prints; UsageError with its reason."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except OSError:
        raise UsageError(f"{wanted}: git is not installed, and no file has this name") from None
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip()
    raise UsageError(f"{wanted}: {_reason(said, wanted)}")


def _reason(said: str, wanted: Revision) -> str:
    for pattern, words in EXPLAINED:
        if pattern.search(said):
            return words.format(revision=wanted.revision, path=wanted.path)
    first = said.split("\n", maxsplit=1)[0].removeprefix("fatal: ")
    return first or f"git knows no `{wanted.revision}`"
