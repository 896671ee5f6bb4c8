"""Workflow commands of GitHub Actions: an annotation at the line of each finding.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from cnnshape.diagnostics import Diagnostic, Span
from cnnshape.report.outcome import Outcome, is_stream, remarks

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def report(outcome: Outcome) -> str:
    """One command a finding, and one for everything that could not be checked."""
    lines = [_annotation(item, analysis.path, outcome) for analysis, item in outcome.findings()]
    lines += [
        _command(
            "error",
            {"file": outcome.place(analysis.path)},
            f"not confirmed: {analysis.unconfirmed}",
        )
        for analysis in outcome.analyses
        if analysis.unconfirmed
    ]
    lines += [_command("error", {}, complaint) for complaint in outcome.complaints]
    return "\n".join(lines)


def _annotation(item: Diagnostic, path: str, outcome: Outcome) -> str:
    properties = _place(item.span, outcome) if item.span else {"file": outcome.place(path)}
    if is_stream(properties["file"]):
        properties = {}
    text = "\n".join([item.message, *remarks(item)])
    return _command(COMMANDS[item.severity], {**properties, "title": item.rule}, text)


def _place(span: Span, outcome: Outcome) -> dict[str, str]:
    """Columns are said only within one line: GitHub takes no others."""
    place = {"file": outcome.place(span.file), "line": str(span.line)}
    if span.line == span.end_line:
        place["col"] = str(span.column)
    place["endLine"] = str(span.end_line)
    if span.line == span.end_line:
        place["endColumn"] = str(span.end_column)
    return place


def _command(name: str, properties: dict[str, str], text: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' if told else ''}{told}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
