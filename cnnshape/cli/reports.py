"""The reports of `cnnshape check`: which are wanted, and where they go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from cnnshape.analysis.result import Analysis
from cnnshape.cli.options import CheckFormat, with_offers
from cnnshape.cli.output import emit, write
from cnnshape.report.outcome import Outcome
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError
from cnnshape.sources.words import suggest

WITH_OFFERS = {CheckFormat.json, CheckFormat.sarif}
"""Formats that hold repairs, which take trials to find."""

ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub and GitLab say that the repository lies."""


class Destination(NamedTuple):
    """A format, and the file that it goes to; None: standard output."""

    format: CheckFormat
    file: Path | None


def destinations(
    format: CheckFormat, output: Path | None, reports: Sequence[str]
) -> list[Destination]:
    """The reports of --format and --report, without the text, which `check` itself prints."""
    wanted = [Destination(format, output), *map(_destination, reports)]
    files = [Path(os.path.abspath(item.file)) for item in wanted if item.file]
    for file in files:
        if files.count(file) > 1 and (file.is_file() or not file.exists()):
            raise UsageError(f"two reports go to {file.name}; give each a file of its own")
    return wanted[1:] if format is CheckFormat.text else wanted


def _destination(text: str) -> Destination:
    name, sign, file = text.partition("=")
    if not sign or not file:
        raise UsageError(f"--report {text[:80]}: write FORMAT=FILE, as sarif=out.sarif")
    if name not in list(CheckFormat):
        help = suggest(name, CheckFormat)
        raise UsageError(f"--report {text[:80]}: no format is called `{name[:80]}`; {help}")
    return Destination(CheckFormat(name), Path(file))


def outcome(
    analyses: Sequence[Analysis],
    seconds: Sequence[float],
    complaints: Sequence[str],
    code: int,
    *,
    strict: bool,
) -> Outcome:
    """What was found, and where: below a CI job's repository, or else below this folder."""
    here = os.path.realpath(".")
    roots = [os.path.realpath(os.environ[name]) for name in ROOTS if os.environ.get(name)]
    root = next((root for root in roots if Path(here).is_relative_to(root)), here)
    return Outcome(analyses, seconds, complaints, code, strict, here, root)


def publish(wanted: Sequence[Destination], found: Outcome, chosen: Options) -> None:
    """Write every report; one for GitHub goes into the summary of the job's step, too."""
    formats = {item.format for item in wanted}
    offered = found
    if formats & WITH_OFFERS:
        offered = found._replace(analyses=[with_offers(item, chosen) for item in found.analyses])
    for format, file in wanted:
        module = import_module(f"cnnshape.report.{format}")
        _emit(module.report(offered if format in WITH_OFFERS else found), file)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if CheckFormat.github in formats and summary:
        from cnnshape.report import markdown

        _append(markdown.report(found), Path(summary))


def _emit(text: str, file: Path | None) -> None:
    """A report of nothing is an empty file, and prints no empty line."""
    if file is not None:
        write(file, _encodable(f"{text}\n" if text else ""))
    elif text:
        emit(text, None)


def _append(text: str, file: Path) -> None:
    """Put after what other steps' commands wrote."""
    try:
        with file.open("a", encoding="utf-8") as summary:
            summary.write(_encodable(f"{text}\n"))
    except OSError as error:
        raise UsageError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from None


def _encodable(text: str) -> str:
    """With a mark for bytes of a file's name that are no UTF-8."""
    return text.encode(errors="replace").decode()
