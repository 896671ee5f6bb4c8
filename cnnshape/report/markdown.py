"""Markdown for a pull request's comment or a step's summary: a table of models, then findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic
from cnnshape.layer import Shape, show
from cnnshape.report.outcome import Outcome, remarks
from cnnshape.report.snippet import plain
from cnnshape.report.text import count, summary_line

LONGEST = 65_000
"""Characters; a comment on GitHub may have 65,536."""

HEAD = (
    "| Model | Result | Layers | Parameters | MACs | Input | Output |",
    "| --- | --- | ---: | ---: | ---: | --- | --- |",
)
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&!$])")


def report(outcome: Outcome) -> str:
    """The whole report, cut where it would be too long for a comment."""
    told = plain([summary_line(outcome.analyses)])
    lines = [f"### cnnshape: {told}"]
    rows = [_row(analysis, outcome) for analysis in outcome.analyses]
    if rows:
        lines += ["", *HEAD, *_fitting(rows, LONGEST // 2, "| … {} more models | | | | | | |")]
    found = [*_findings(outcome)]
    if found:
        room = LONGEST - sum(len(line) + 1 for line in lines)
        lines += ["", *_fitting(found, room, "- … {} more findings")]
    return "\n".join(lines).rstrip("\n")


def _fitting(items: Iterable[str], room: int, rest: str) -> Iterator[str]:
    """As many items as there is room for, and how many are left out."""
    waiting = [*items]
    for done, item in enumerate(waiting):
        room -= len(item) + 1
        if room < len(rest) + 10:
            yield rest.format(f"{len(waiting) - done:,}")
            return
        yield item


def _row(analysis: Analysis, outcome: Outcome) -> str:
    cells = [code(outcome.place(analysis.path)), _result(analysis)]
    if analysis.ok:
        totals = analysis.totals
        macs = f"{totals.macs:,}" if isinstance(totals.macs, int) else str(totals.macs)
        outputs = analysis.outputs.values()
        cells += [str(len(analysis.layers)), f"{totals.params:,}", macs]
        cells += [_shapes(analysis.inputs.values()), _shapes(outputs)]
    cells += [""] * (7 - len(cells))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shapes(shapes: Iterable[Shape | None]) -> str:
    return ", ".join(code(show(shape)) for shape in shapes if shape is not None)


def _result(analysis: Analysis) -> str:
    if not analysis.readable:
        return "**unreadable**"
    severities = [item.severity for item in analysis.diagnostics]
    told = [
        count(severities.count(kind), kind) for kind in ("error", "warning") if kind in severities
    ]
    words = [] if "error" in severities else ["ok"]
    words += ["not confirmed"] if analysis.unconfirmed else []
    result = ", ".join([*words, *told])
    return result if analysis.ok and not analysis.unconfirmed else f"**{result}**"


def _findings(outcome: Outcome) -> Iterator[str]:
    for analysis, item in outcome.findings():
        yield _finding(item, outcome.place(analysis.path), outcome)
    for analysis in outcome.analyses:
        if analysis.unconfirmed:
            place = code(outcome.place(analysis.path))
            yield f"- **error** {place}: not confirmed: {escape(analysis.unconfirmed)}"
    for complaint in outcome.complaints:
        yield f"- **error**: {escape(complaint)}"


def _finding(item: Diagnostic, path: str, outcome: Outcome) -> str:
    span = item.span
    place = f"{outcome.place(span.file)}:{span.line}:{span.column}" if span else path
    lines = [f"- **{item.severity}[{item.rule}]** {code(place)}: {escape(item.message)}"]
    return "\n".join([*lines, *(f"  - {escape(remark)}" for remark in remarks(item))])


def code(text: str) -> str:
    """A text as code, whatever it holds."""
    text = " ".join(text.split())
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escape(text: str) -> str:
    """A message as Markdown: what stands between backticks stays code, the rest means itself."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0 or not all(parts[1:-1]):  # backticks that are no pairs
        return _literal("`".join(parts))
    return "".join(f"`{part}`" if i % 2 else _literal(part) for i, part in enumerate(parts))


def _literal(text: str) -> str:
    """No emphasis, no HTML, and nobody's name or issue called by `@` or `#`."""
    return re.sub("([@#])(?=[0-9A-Za-z])", r"\1<!-- -->", SPECIAL.sub(r"\\\1", text))
