"""What is known of models already: findings that need not be told again, and totals that may grow.

A finding is known by its rule, its layer and its message, less the places in it: lines move.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from cnnshape.analysis.claims import in_bytes
from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic

PLACE = re.compile(r":\d+(?::\d+)?\b")
MOST_GONE = 20


class Finding(NamedTuple):
    """What a finding is known by."""

    rule: str
    layer: str
    message: str


class Known(NamedTuple):
    """What a baseline holds of one model: each finding as often as it was found, and totals."""

    findings: Mapping[Finding, int]
    totals: Mapping[str, int]


def finding(item: Diagnostic) -> Finding:
    """What a diagnostic is known by."""
    return Finding(item.rule, item.layer or "", PLACE.sub("", item.message))


def known(analysis: Analysis) -> Known:
    """All that was found of a model, and its totals; those that are formulas are left out."""
    return Known(Counter(map(finding, analysis.diagnostics)), totals(analysis))


def totals(analysis: Analysis) -> dict[str, int]:
    """The totals that are numbers, by their names in JSON, those of memory behind a point."""
    figures = analysis.totals._asdict()
    memory = figures.pop("memory")._asdict()
    figures.update({f"memory.{name}": value for name, value in memory.items()})
    return {name: value for name, value in figures.items() if isinstance(value, int)}


def compared(
    analysis: Analysis, before: Known | None, file: str, growth: Fraction | None
) -> Analysis:
    """The analysis less what is known; what has gone is noted, what has grown too much an error."""
    if before is None or not analysis.readable:
        return analysis
    left = Counter(before.findings)
    old: list[Diagnostic] = []
    new: list[Diagnostic] = []
    for item in analysis.diagnostics:
        key = finding(item)
        (old if left[key] > 0 else new).append(item)
        left[key] -= 1
    grown = [] if growth is None else _grown(analysis, before.totals, file, growth)
    gone = _gone(+left, file)
    return analysis._replace(diagnostics=(*new, *grown, *gone), known=tuple(old))


def _gone(left: Mapping[Finding, int], file: str) -> Iterator[Diagnostic]:
    """What the baseline holds and is not there any more."""
    for number, item in enumerate(sorted(left)):
        if number == MOST_GONE:
            message = f"{len(left) - MOST_GONE:,} more findings of the baseline are gone"
            yield Diagnostic("finding-gone", message, "note")
            return
        yield Diagnostic(
            "finding-gone",
            f"no longer found: {item.rule}: {item.message}",
            "note",
            layer=item.layer or None,
            help=f"write {file} anew, so that it would be new if it came back",
        )


SENTENCES = {
    "params": "the model has {} parameters",
    "macs": "the model takes {} MACs",
    "activations": "the model has {} activations",
    "memory.forward": "a forward pass takes {}",
    "memory.training": "training takes {}",
}
"""What is said of each total that may grow; others grow with these."""


def _grown(
    analysis: Analysis, before: Mapping[str, int], file: str, growth: Fraction
) -> Iterable[Diagnostic]:
    now = totals(analysis)
    for name, sentence in SENTENCES.items():
        old, new = before.get(name), now.get(name)
        if old is None or new is None or new <= old * (1 + growth / 100):
            continue
        amounts = [in_bytes(v) if name.startswith("memory.") else f"{v:,}" for v in (new, old)]
        yield Diagnostic(
            "growth-exceeded",
            f"{sentence.format(amounts[0])}, {change(old, new)} against {amounts[1]} "
            f"in {file}; {percent(growth)} is allowed",
            expected=old,
            found=new,
            help=f"make it smaller, or write {file} anew if it is meant so",
        )


def change(before: int, after: int) -> str:
    """`+7.8%`, `-0.03%`, as many digits as tell it from nothing; from 0 there is no part."""
    if before == 0:
        return "+0%" if after == 0 else f"{after:+,} from 0"
    return (
        f"{'+' if after >= before else '-'}{percent(abs(Fraction(100 * (after - before), before)))}"
    )


def percent(value: Fraction) -> str:
    """`5%`, `7.8%`, `0.03%`."""
    for digits in (1, 2, 3, 4):
        if round(value, digits):
            break
    text = f"{float(round(value, digits)):,.{digits}f}".rstrip("0").rstrip(".")
    return f"{text or 0}%"
