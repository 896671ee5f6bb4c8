"""From a layer's keys to a layer: pydantic validates, this tells what it found in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cnnshape.layer import Layer
from cnnshape.sources.spec.entry import KEYS, Entry
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.words import clip, describe, nearest

MESSAGES = {
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "finite_number": "must be a finite number",
}
WORK_OF_FAULT = 500

QUOTE = "'"
"""What pydantic puts around a choice."""
BOUNDS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


def takes_none(cls: type[Layer]) -> bool:
    """Whether a layer can do without arguments."""
    return not any(
        field.is_required() for name, field in cls.model_fields.items() if name != "type"
    )


def build(
    cls: type[Layer], entry: Entry, arguments: Mapping[str, Any], name: str, findings: Findings
) -> Layer | None:
    """The layer, or None when its arguments were reported."""
    if not arguments and takes_none(cls):
        return cls.model_construct(type=entry.type)  # spares the making of a validator
    try:
        return cls.model_validate({"type": entry.type, **arguments})
    except ValidationError as error:
        findings.spend(WORK_OF_FAULT)
        faults = error.errors(include_url=False)
        known = _own_fields(cls)
        unknown = [str(item["loc"][0]) for item in faults if item["type"] == "extra_forbidden"]
        reported = {nearest(field, [*known, *KEYS]) for field in unknown}
        for fault in faults:
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
        known = _own_fields(cls)
        near = nearest(field, [*known, *KEYS])
        key = entry.value.keys.get(field, entry.type_value)
        findings.add(
            "unknown-field",
            f"`{name}` ({entry.type}) has no `{clip(field)}`",
            key,
            layer=name,
            help=f"write `{near}`" if near else f"{entry.type} takes {listed(known)}",
            fix=findings.renamed(field, key, [*known, *KEYS], entry.value.data),
        )
        return
    findings.add(
        "invalid-value",
        f"`{field}` of `{name}` {_say(fault)}",
        value or entry.type_value,
        layer=name,
        help=_choice(fault),
        found=fault["input"] if isinstance(fault["input"], int | float | str) else None,
    )


def _say(fault: dict[str, Any]) -> str:
    kind, given = fault["type"], fault["input"]
    context = fault.get("ctx", {})
    if kind == "literal_error":
        return f"must be {context['expected'].replace(QUOTE, '`')}, not {describe(given)}"
    if kind in BOUNDS:
        key, words = BOUNDS[kind]
        return f"{words} {context[key]:,}, not {describe(given)}"
    if kind in MESSAGES:
        return f"{MESSAGES[kind]}, not {describe(given)}"
    message = str(fault["msg"])
    if message.startswith("must be ") and not isinstance(given, list | tuple | dict):
        message = f"{message.partition(', not ')[0]}, not {describe(given)}"
    return message[:1].lower() + message[1:]


def _choice(fault: dict[str, Any]) -> str | None:
    """Help that names the choice which a misspelt one is most like."""
    if fault["type"] != "literal_error" or not isinstance(fault["input"], str):
        return None
    near = nearest(fault["input"], fault["ctx"]["expected"].split(QUOTE)[1::2])
    return f"write `{near}`" if near else None


def _own_fields(cls: type[Layer]) -> list[str]:
    return [key for key in cls.model_fields if key != "type"]


def listed(names: list[str]) -> str:
    """Names for a message; `nothing` where there are none."""
    return ", ".join(f"`{name}`" for name in names) or "no arguments"
