"""What was repaired: as a unified diff, in words, as data."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from cnnshape.analysis.result import diagnostic_data
from cnnshape.diagnostics import Diagnostic
from cnnshape.repair.mend import Left, Outcome, Repair
from cnnshape.report.snippet import GUTTER, PLAIN, TITLE, WIDEST, Line, render
from cnnshape.report.text import GOOD, count

NO_LINE_BREAK = "\\ No newline at end of file"
STYLES = {"-": "removed", "+": "added", "@": "hunk", "\\": GUTTER}


def as_diff(outcome: Outcome) -> list[Line]:
    """The lines of a unified diff, as `patch` takes them; none where nothing changes."""
    before, after = _lines(outcome.before), _lines(outcome.after)
    lines = difflib.unified_diff(before, after, outcome.path, outcome.path)
    return [piece for line in lines for piece in _styled(line)]


def _lines(text: str) -> list[str]:
    """Lines with what breaks them; a carriage return is a character like others."""
    pieces = text.split("\n")
    return [f"{piece}\n" for piece in pieces[:-1]] + pieces[-1:] * bool(pieces[-1])


def _styled(line: str) -> Iterator[Line]:
    head = line.startswith(("---", "+++")) and line.endswith("\n")
    yield [(line.removesuffix("\n"), TITLE if head else STYLES.get(line[:1], PLAIN))]
    if not line.endswith("\n"):
        yield [(NO_LINE_BREAK, GUTTER)]


def as_words(
    outcome: Outcome, columns: int | None = None, *, written: bool = False, quiet: bool = False
) -> list[Line]:
    """Every repair, every error that is left, and a line that sums up."""
    lines = [] if quiet else [line for item in outcome.repairs for line in _repair(item)]
    for item in outcome.left:
        lines += render(_left(item), outcome.analysis.texts, columns or WIDEST)
    if outcome.left or not quiet:
        lines.append(_verdict(outcome, written=written))
    return lines


def _repair(repair: Repair) -> Iterator[Line]:
    """The error, its place, and what is written there instead."""
    item = repair.diagnostic
    yield [(f"repair[{item.rule}]", "repair"), (f": {item.message}", TITLE)]
    span = item.span
    if span is not None:
        yield [(" --> ", GUTTER), (f"{span.file}:{span.line}:{span.column}", PLAIN)]
    for kind, text in (("repair", repair.words), *(("note", note) for note in repair.notes)):
        yield [("  = ", GUTTER), (f"{kind}: ", kind), (text, PLAIN)]
    yield []


def _left(left: Left) -> Diagnostic:
    item = left.diagnostic
    return item._replace(notes=(*item.notes, f"not repaired: {left.reason}"))


def _verdict(outcome: Outcome, *, written: bool) -> Line:
    repairs, left = len(outcome.repairs), len(outcome.left)
    line: Line = [(f"{outcome.path}: ", PLAIN)]
    if repairs:
        done = ", written" if written else ""
        line.append((f"{count(repairs, 'repair')}{done}", GOOD))
    elif not left:
        return [*line, ("ok", GOOD), (", nothing to repair", PLAIN)]
    if left:
        line += [(", " * bool(repairs), PLAIN), (f"{count(left, 'error')} left", "error")]
    return line


def as_data(outcome: Outcome, *, written: bool) -> dict[str, Any]:
    """The JSON of one model."""
    return {
        "model": outcome.analysis.model,
        "path": outcome.path,
        "ok": outcome.analysis.ok,
        "written": written,
        "repairs": [_repair_data(item) for item in outcome.repairs],
        "left": [
            {**diagnostic_data(item.diagnostic), "reason": item.reason} for item in outcome.left
        ],
        "diff": "".join(f"{''.join(text for text, _ in line)}\n" for line in as_diff(outcome)),
    }


def _repair_data(repair: Repair) -> dict[str, Any]:
    return {
        "diagnostic": diagnostic_data(repair.diagnostic),
        "repair": repair.words,
        "notes": list(repair.notes),
        "edits": [
            {
                "line": fix.span.line,
                "column": fix.span.column,
                "end_line": fix.span.end_line,
                "end_column": fix.span.end_column,
                "text": fix.text,
            }
            for fix in repair.fixes
        ],
    }
