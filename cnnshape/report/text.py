"""What `check` says: a line a model that holds, diagnostics for what does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnshape.analysis.result import Analysis
from cnnshape.layer import show
from cnnshape.report.snippet import PLAIN, TITLE, WIDEST, Line, plain, render

if TYPE_CHECKING:
    from cnnshape.report.outcome import Outcome  # a plain check needs none

GOOD = "good"


def verdict(analysis: Analysis) -> Line:
    """One line on a model."""
    place = (f"{analysis.path}: ", PLAIN)
    if not analysis.ok:
        errors = (count(len(_of(analysis, "error")), "error"), "error")
        return [place, errors, *_warnings(analysis), *_known(analysis)]
    totals = analysis.totals
    shapes = ", ".join(show(shape) for shape in analysis.inputs.values())
    outputs = ", ".join(show(shape) for shape in analysis.outputs.values() if shape is not None)
    facts = f" · {count(len(analysis.layers), 'layer')} · {count(totals.params, 'parameter')}"
    if isinstance(totals.macs, int):  # a network's whole sum as a formula is no one's line
        facts += f" · {count(totals.macs, 'MAC')}"
    facts += f" · {shapes} → {outputs}"
    if analysis.holds_for not in (None, "any"):
        facts += f" · for {analysis.holds_for}"
    return [
        place,
        ("ok", GOOD),
        *_warnings(analysis),
        (facts, PLAIN),
        *_known(analysis),
        *_confirmed(analysis),
    ]


def _confirmed(analysis: Analysis) -> Line:
    """What a run added, where there was to be one."""
    if analysis.unconfirmed:
        return [(" · ", PLAIN), (f"not confirmed: {analysis.unconfirmed}", "warning")]
    return [(" · confirmed: forward and backward", PLAIN)] if analysis.confirmed else []


def _known(analysis: Analysis) -> Line:
    """How many findings the baseline keeps quiet."""
    known = len(analysis.known)
    return [(f" · {count(known, 'known finding')}", "warning")] if known else []


def _of(analysis: Analysis, severity: str) -> list[str]:
    return [item.rule for item in analysis.diagnostics if item.severity == severity]


def _warnings(analysis: Analysis) -> Line:
    warnings = len(_of(analysis, "warning"))
    return [(f", {count(warnings, 'warning')}", "warning")] if warnings else []


def count(number: int, noun: str) -> str:
    """`1 layer`, `61,706 parameters`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def findings(analysis: Analysis, columns: int | None = None) -> list[Line]:
    """The diagnostics of a model, one under the other."""
    return [
        line
        for item in analysis.diagnostics
        for line in render(item, analysis.texts, columns or WIDEST)
    ]


def report(outcome: Outcome) -> str:
    """What `check` prints, with the models that cannot be read, in one file."""
    lines = []
    for analysis in outcome.analyses:
        lines += findings(analysis)
        if analysis.readable:
            lines.append(verdict(analysis))
    if len(outcome.analyses) > 1:
        lines.append(summary_line(outcome.analyses))
    return plain(lines).rstrip("\n")


def summary_line(analyses: Sequence[Analysis]) -> Line:
    """How many models hold."""
    good = sum(analysis.ok for analysis in analyses)
    unreadable = sum(not analysis.readable for analysis in analyses)
    bad = len(analyses) - good - unreadable
    pieces = [(f"{count(len(analyses), 'model')}: ", TITLE), (f"{good} ok", GOOD)]
    for number, words in ((bad, "with errors"), (unreadable, "unreadable")):
        if number:
            pieces += [(", ", PLAIN), (f"{number} {words}", "error")]
    return pieces
