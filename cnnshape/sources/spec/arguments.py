"""From a layer's keys to a layer: pydantic validates, this tells what it found in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cnnshape.layer import Layer
from cnnshape.sources.spec.entry import KEYS, Entry
from cnnshape.sources.spec.findings import Findings, clip, describe, suggest

MESSAGES = {
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "finite_number": "must be a finite number",
}
BOUNDS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


def build(
    cls: type[Layer], entry: Entry, arguments: Mapping[str, Any], name: str, findings: Findings
) -> Layer | None:
    """The layer, or None when its arguments were reported."""
    try:
        return cls.model_validate({"type": entry.type, **arguments})
    except ValidationError as error:
        reported: set[str] = set()
        for fault in error.errors(include_url=False):
            field = str(fault["loc"][0]) if fault["loc"] else ""
            if field not in reported:
                reported.add(field)
                _report(cls, entry, dict(fault), field, name, findings)
        return None


def _report(
    cls: type[Layer], entry: Entry, fault: dict[str, Any], field: str, name: str, findings: Findings
) -> None:
    kind = fault["type"]
    if kind == "missing":
        findings.add(
            "invalid-value",
            f"`{name}` needs `{field}`",
            entry.type_value,
            layer=name,
            help=f"write `{field}: …` ({entry.type} cannot do without it)",
        )
        return
    value = entry.arguments.get(field)
    if kind == "extra_forbidden":
        known = [key for key in cls.model_fields if key != "type"]
        key = entry.value.keys.get(field, entry.type_value)
        findings.add(
            "unknown-field",
            f"`{name}` ({entry.type}) has no `{clip(field)}`",
            key,
            layer=name,
            help=suggest(field, [*known, *KEYS]) or f"{entry.type} takes {listed(known)}",
        )
        return
    findings.add(
        "invalid-value",
        f"`{field}` of `{name}` {_say(fault)}",
        value or entry.type_value,
        layer=name,
        found=fault["input"] if isinstance(fault["input"], int | float | str) else None,
    )


def _say(fault: dict[str, Any]) -> str:
    kind, given = fault["type"], fault["input"]
    context = fault.get("ctx", {})
    if kind == "literal_error":
        return f"must be {context['expected']}, not {describe(given)}"
    if kind in BOUNDS:
        key, words = BOUNDS[kind]
        return f"{words} {context[key]:,}, not {describe(given)}"
    if kind in MESSAGES:
        return f"{MESSAGES[kind]}, not {describe(given)}"
    message = str(fault["msg"])
    return message[:1].lower() + message[1:]


def listed(names: list[str]) -> str:
    """Names for a message; `nothing` where there are none."""
    return ", ".join(f"`{name}`" for name in names) or "no arguments"
