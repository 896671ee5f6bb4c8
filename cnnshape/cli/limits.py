"""`--limit params=5M`: limits as options, with places for the pictures of what breaks them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnnshape.graph import Claim
from cnnshape.sources.demand import COMMAND_LINE
from cnnshape.sources.settings.place import Mark
from cnnshape.sources.spec.claims import read_limits
from cnnshape.sources.spec.document import Document, Value
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.spec.shape import UsageError

WORDS = "--limit "
OPTION = re.compile(r"\s*(?P<figure>\w+)(?:\.(?P<part>\w+))?\s*=\s*(?P<value>\S.*?)\s*", re.DOTALL)


def read(options: Sequence[str]) -> tuple[tuple[Claim, ...], str]:
    """The limits, and the text that their places are in: a line an option."""
    text = "\n".join(f"{WORDS}{option}" for option in options)
    claims = (claim for number, option in enumerate(options) for claim in _claims(number, option))
    return tuple(claims), text


def _claims(line: int, option: str) -> Iterator[Claim]:
    match = OPTION.fullmatch(option) if option.isprintable() else None
    if match is None:
        raise UsageError(f"--limit {option[:80]!r}: write NAME=VALUE, such as params=5M")
    start, end = (Mark(line, len(WORDS) + place) for place in match.span("value"))
    value = Value(_data(match["figure"], match["value"]), start, end)
    if match["part"]:
        value = _table(match["part"], value)
    findings = Findings(Document(COMMAND_LINE, value))
    yield from read_limits(_table(match["figure"], value), {}, findings)
    for fault in findings.items:
        help = f"; {fault.help}" if fault.help else ""
        raise UsageError(f"--limit {option[:80]}: {fault.message}{help}")


def _table(key: str, value: Value) -> Value:
    table = Value({key: value}, value.start, value.end)
    table.keys = {key: value}
    return table


def _data(figure: str, text: str) -> str | list[Value]:
    """The sizes of an output, `1000` or `64,56,56`; of all else the text."""
    parts = [part.strip() for part in re.split("[,x×]", text.strip("()[]"))]
    if figure != "output" or not all(part.isdecimal() and len(part) < 11 for part in parts):
        return text
    return [Value(int(part)) for part in parts]
