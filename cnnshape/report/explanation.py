"""The arithmetic of layers as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnshape.analysis.explanation import Explanation
from cnnshape.report.snippet import PLAIN, TITLE, Line


def as_lines(explanations: Sequence[Explanation]) -> list[Line]:
    """A paragraph a layer: its name and inputs, then one figure a line."""
    lines: list[Line] = []
    for item in explanations:
        inputs = ", ".join(f"{name} {shape}" for name, shape in item.inputs)
        lines.append(
            [(item.name, TITLE), (f"  {item.type}", PLAIN), (f"  from {inputs}", "gutter")]
        )
        width = max((len(label) for label, _ in item.lines), default=0)
        lines += [
            [(f"  {label:<{width}}  ", "gutter"), (text, PLAIN)] for label, text in item.lines
        ]
        lines.append([])
    return lines[:-1]


def as_data(explanations: Sequence[Explanation]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "name": item.name,
            "type": item.type,
            "inputs": [{"name": name, "shape": shape} for name, shape in item.inputs],
            "formulas": [{"figure": label, "text": text} for label, text in item.lines],
            "error": item.fault,
        }
        for item in explanations
    ]
