"""One item of a list of layers, its keys told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnshape.diagnostics import Span
from cnnshape.sources.spec.document import Value, is_name
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.spec.plain import is_dynamic
from cnnshape.sources.words import describe, nearest

KEYS = (
    *("name", "type", "from", "repeat", "if", "expect", "weights_from", "trainable"),
    "functional",
)
"""Keys that every layer takes; all others are arguments of its type."""

MOST_KEYS = 100
WORK_OF_ENTRY = 10

UNKNOWN = "?"
"""The type of a layer whose own could not be read, which was reported."""


@dataclass(slots=True, eq=False)
class Entry:
    """A layer, or the use of a block, as written."""

    value: Value
    type: str
    type_value: Value
    keys: dict[str, Value]
    arguments: dict[str, Value]
    spans: Mapping[str, Span]
    dynamic: bool
    built: dict[Any, Any] = field(default_factory=dict)
    """Layers already made of it, by its arguments' values."""


class FieldSpans(Mapping[str, Span]):
    """Where each argument of a layer stands, worked out when asked for."""

    def __init__(self, findings: Findings, value: Value) -> None:
        self._findings = findings
        self._values: dict[str, Value] = value.data if isinstance(value.data, dict) else {}

    def __getitem__(self, name: str) -> Span:
        span = self._findings.span(self._values[name])
        if span is None:
            raise KeyError(name)
        return span

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def read_entries(value: Value | None, findings: Findings, where: str) -> list[Entry]:
    """The layers of a `layers:` list; what is no layer is reported and left out."""
    if value is None or not isinstance(value.data, list):
        found = "nothing" if value is None else describe(value.data)
        findings.add("invalid-value", f"{where} must be a list of layers, not {found}", value)
        return []
    findings.spend(WORK_OF_ENTRY * len(value.data))
    return [read_entry(item, findings) for item in value.data]


def read_entry(value: Value, findings: Findings) -> Entry:
    """One layer: a mapping with a `type`, or a type alone; what is neither has the type UNKNOWN."""
    data = value.data
    if isinstance(data, str) and is_name(data):
        return Entry(value, data, value, {}, {}, {}, dynamic=False)
    if not isinstance(data, dict):
        findings.add(
            "invalid-value",
            f"a layer must be a type or a mapping with one, not {describe(data)}",
            value,
        )
        return Entry(value, UNKNOWN, value, {}, {}, {}, dynamic=False)
    type_value = data.get("type")
    type_name = None if type_value is None else type_value.data
    if type_value is None or not isinstance(type_name, str) or not is_name(type_name):
        _report_type(value, type_value, findings)
        type_value, type_name = type_value or value, UNKNOWN
    if len(data) > MOST_KEYS:
        message = f"a layer of {len(data):,} keys; none has more than {MOST_KEYS}"
        findings.add("invalid-value", message, value)
        return Entry(value, UNKNOWN, value, {}, {}, {}, dynamic=False)
    keys = {key: item for key, item in data.items() if key in KEYS}
    arguments = {key: item for key, item in data.items() if key not in KEYS}
    return Entry(
        value,
        type_name,
        type_value,
        keys,
        arguments,
        FieldSpans(findings, value),
        dynamic=any(is_dynamic(item, findings.dynamic) for item in arguments.values()),
    )


def _report_type(value: Value, type_value: Value | None, findings: Findings) -> None:
    if type_value is not None:
        found = describe(type_value.data)
        findings.add("invalid-value", f"`type` must be a layer's type, not {found}", type_value)
        return
    near = nearest("type", value.data)
    at = value.keys.get(near or next(iter(value.data), ""), value)
    help = "write `type`" if near else "write `type: …`"
    findings.add("invalid-value", "a layer without a `type`", at, help=help)
