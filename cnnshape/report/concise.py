"""A line a finding, for editors and for `grep`: `file:line:column: severity[rule] message`."""

from __future__ import annotations

from cnnshape.report.outcome import Outcome


def report(outcome: Outcome) -> str:
    """All findings; nothing of models that hold."""
    lines = []
    for analysis, item in outcome.findings():
        span = item.span
        place = f"{span.file}:{span.line}:{span.column}" if span else analysis.path
        line = f"{place}: {item.severity}[{item.rule}] {item.message}"
        lines.append(" ".join(line.splitlines()))
    return "\n".join(lines)
