"""Rules as text, as JSON and as a page of the documentation."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from cnnshape.rules.rule import Rule

COLUMNS = 100


def as_text(rules: Iterable[Rule]) -> str:
    """Every rule whole: what is found, why, the repair, and an example."""
    return "\n\n\n".join("\n".join(_lines(rule)) for rule in rules)


def _lines(rule: Rule) -> list[str]:
    lines = [f"{rule.severity}[{rule.name}]", *_filled("", rule.summary)]
    lines += ["", *_filled("why: ", rule.reason), *_filled("repair: ", rule.repair)]
    if rule.reference:
        lines += _filled("reference: ", rule.reference)
    for name, content in rule.files.items():
        lines += ["", f"  {name}", textwrap.indent(content.rstrip("\n"), "    ")]
    if rule.example:
        lines += ["", f"  $ {rule.command}"]
    return lines


def _filled(label: str, markdown: str) -> list[str]:
    """A paragraph below a rule's name; of links only the words."""
    words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", markdown)
    return textwrap.wrap(label + words, COLUMNS, initial_indent="  ", subsequent_indent="  ")


def as_lines(rules: Iterable[Rule]) -> str:
    """A line a rule."""
    found = [*rules]
    width = max(len(rule.name) for rule in found)
    return "\n".join(f"{rule.name:<{width}}  {rule.severity:<7}  {rule.summary}" for rule in found)


def as_data(rule: Rule, group: str) -> dict[str, Any]:
    """A rule for JSON."""
    return {
        "name": rule.name,
        "severity": rule.severity,
        "group": group,
        "summary": rule.summary,
        "reason": rule.reason,
        "repair": rule.repair,
        "reference": rule.reference or None,
        "files": rule.files,
        "command": rule.command if rule.example else None,
        "docs": rule.docs,
    }


def as_page(groups: dict[str, tuple[Rule, ...]], run: Callable[[Rule], str]) -> str:
    """The page of all rules; `run` gives what the command prints about a rule's example."""
    parts = [
        "# Rules",
        "Written by `make generate` from `cnnshape/rules`; `cnnshape rules` prints the same. "
        "[diagnostics.md](diagnostics.md) says how to read what is printed.",
        "\n".join(
            f"- {title}: {', '.join(f'[`{rule.name}`](#{rule.name})' for rule in rules)}"
            for title, rules in groups.items()
        ),
    ]
    for title, rules in groups.items():
        parts.append(f"## {title}")
        parts += [part for rule in rules for part in _section(rule, run)]
    return "\n\n".join(parts) + "\n"


def _section(rule: Rule, run: Callable[[Rule], str]) -> list[str]:
    article = "An" if rule.severity == "error" else "A"
    parts = [f"### `{rule.name}`", f"{article} {rule.severity}. {rule.summary}"]
    for name, content in rule.files.items():
        if len(rule.files) > 1:
            parts.append(f"`{name}`:")
        language = name.rpartition(".")[2].replace("py", "python")
        parts.append(f"```{language}\n{content}```")
    if rule.example:
        parts.append(f"```console\n$ {rule.command}\n{run(rule)}```")
    parts += [rule.reason, f"Repair: {rule.repair}"]
    return [*parts, f"Reference: {rule.reference}"] if rule.reference else parts
