"""What an author states about a model: `expect` on a layer, `limits` on the whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cnnshape.graph import Claim
from cnnshape.layer import N
from cnnshape.sources.spec.document import Value
from cnnshape.sources.spec.expression import ExpressionError, Names
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.words import describe

EXPECTED = ("shape", "params", "macs", "receptive_field")
LIMITS: Mapping[str, str] = {
    "params": "<=",
    "macs": "<=",
    "memory": "<=",
    "receptive_field": ">=",
    "output": "==",
}
"""What can be limited, and the bound that is meant where none is written."""
MEMORY = ("params", "forward", "training")

QUANTITY = re.compile(r"\s*(<=|>=|==|<|>)?\s*(\d+(?:\.\d*)?|\.\d+)\s*([kKMGT]i?)?(B)?\s*")
POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}


def quantity(value: object, default: str) -> tuple[str, int | float] | None:
    """`5M`, `"2 GiB"`, `">= 224"` as a bound and a number; None if it is none of these."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return (default, value) if 0 <= value < 2**63 else None
    match = QUANTITY.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    if match is None:
        return None
    bound, digits, prefix, _ = match.groups()
    factor = 1
    if prefix:
        factor = (1024 if prefix.endswith("i") else 1000) ** POWERS[prefix[0]]
    number = float(digits) * factor if "." in digits else int(digits) * factor
    return bound or default, int(number) if number == int(number) else number


def read_expectations(value: Value, names: Names, findings: Findings) -> tuple[Claim, ...]:
    """The claims of a layer's `expect`: a shape, or a mapping of figures."""
    if isinstance(value.data, dict):
        items = value.data
        for key in set(items) - set(EXPECTED):
            findings.unknown_key(key, value.keys[key], EXPECTED, "`expect`")
    else:
        items = {"shape": value}
    claims = (
        _expectation(key, item, names, findings) for key, item in items.items() if key in EXPECTED
    )
    return tuple(claim for claim in claims if claim is not None)


def _expectation(key: str, value: Value, names: Names, findings: Findings) -> Claim | None:
    try:
        given = findings.plain(value, names)
    except ExpressionError as error:
        findings.no_value("`expect`", error, value, names)
        return None
    span = findings.span(value)
    if key == "shape":
        shape = _shape(given)
        if shape is not None:
            return Claim("shape", shape, span=span)
        wanted = "a list of integers such as `[10, 24, 24]`"
    elif key == "receptive_field":
        sizes = given if isinstance(given, tuple) else (given,)
        if sizes and all(type(size) is int for size in sizes):
            return Claim(key, given, span=span)
        bounded = quantity(given, "==")
        if bounded is not None:
            return Claim(key, bounded[1], bounded[0], span)
        wanted = "an integer, or one an axis"
    else:
        found = quantity(given, "==")
        if found is not None:
            return Claim(key, found[1], found[0], span)
        wanted = "a number"
    findings.add(
        "invalid-value", f"the expected {key} must be {wanted}, not {describe(given)}", value
    )
    return None


def _shape(given: object) -> tuple[int, ...] | None:
    """A shape with the batch axis in front; a leading N is allowed."""
    if not isinstance(given, tuple):
        return None
    sizes = given[1:] if given[:1] == ("N",) else given
    if not all(type(size) is int for size in sizes):
        return None
    return (N, *sizes)


def read_limits(value: Value | None, names: Names, findings: Findings) -> tuple[Claim, ...]:
    """The claims of the model's `limits`."""
    if value is None:
        return ()
    if not isinstance(value.data, dict):
        findings.add(
            "invalid-value", f"`limits` must be a mapping, not {describe(value.data)}", value
        )
        return ()
    claims: list[Claim] = []
    for key, item in value.data.items():
        if key not in LIMITS:
            findings.unknown_key(key, value.keys[key], LIMITS, "`limits`")
            continue
        try:
            given = findings.plain(item, names)
        except ExpressionError as error:
            findings.no_value(f"the limit `{key}`", error, item, names)
            continue
        claims += _limit(key, given, item, findings)
    return tuple(claims)


def _limit(key: str, given: Any, value: Value, findings: Findings) -> list[Claim]:
    if key == "output":
        shape = _shape(given)
        if shape is not None:
            return [Claim("output", shape, span=findings.span(value))]
        message = f"the limit `output` must be a list of sizes, not {describe(given)}"
        findings.add("invalid-value", message, value)
        return []
    parts = {key: (given, value)}
    if key == "memory":
        if isinstance(given, dict):
            parts = {f"memory.{part}": (given[part], value.data[part]) for part in given}
        else:
            parts = {"memory.training": (given, value)}
    claims = []
    for figure, (amount, place) in parts.items():
        found = quantity(amount, LIMITS[key])
        if figure.startswith("memory.") and figure.removeprefix("memory.") not in MEMORY:
            part = figure.removeprefix("memory.")
            findings.unknown_key(part, value.keys[part], MEMORY, "the limit `memory`")
        elif found is None:
            example = {"memory": "2GiB", "receptive_field": '">= 224"'}.get(key, "5M")
            wanted = f"must be a number such as {example}, not {describe(amount)}"
            name = key if place is value else figure
            findings.add("invalid-value", f"the limit `{name}` {wanted}", place)
        else:
            claims.append(Claim(figure, found[1], found[0], findings.span(place)))
    return claims
