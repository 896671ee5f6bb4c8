"""The registry of rules: each is described whole, and its example is found wrong by it alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pages import ROOT, in_process

from cnnshape.rules import GROUPS, RULES
from cnnshape.rules.rule import Rule

WITHOUT_EXAMPLE = {"gradient-mismatch", "field-mismatch", "missing-kernel"}
"""Faults of cnnshape or of a layer that a user added, which no model file shows."""

every = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)


def found(rule: Rule, folder: Path) -> list[dict[str, object]]:
    """The diagnostics of a rule's example."""
    for name, text in rule.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    _, printed = in_process(f"{rule.command} --format json", folder)
    return [item for model in json.loads(printed)["models"] for item in model["diagnostics"]]


@every
def test_the_example_breaks_the_rule_and_no_other(rule: Rule, tmp_path: Path) -> None:
    if not rule.example:
        assert rule.name in WITHOUT_EXAMPLE
        return
    items = found(rule, tmp_path)
    assert {(item["rule"], item["severity"]) for item in items} == {(rule.name, rule.severity)}


@every
def test_the_words(rule: Rule) -> None:
    """Sentences that stand alone, in the form of the page."""
    for words in (rule.summary, rule.reason, rule.repair):
        assert words == " ".join(words.split())
        assert words[0].isupper()
        assert words.endswith(".")
        assert words.count("`") % 2 == 0


def test_names_are_unique() -> None:
    assert len(RULES) == sum(map(len, GROUPS.values()))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in RULES)


REPORTED = re.compile(
    r"(?:RuleError|Diagnostic|\badd|refuse|_at)\(\s*\"([a-z]+(?:-[a-z]+)*)\","
    r"|\brule=\"([a-z-]+)\""
)


def reported() -> set[str]:
    """The rules that the code outside the registry reports."""
    paths = [path for path in ROOT.glob("cnnshape/**/*.py") if path.parent.name != "rules"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return {first or second for first, second in REPORTED.findall(source)}


def test_every_rule_that_is_reported_is_described() -> None:
    assert reported() >= {"size-mismatch", "not-aligned", "field-mismatch", "shape-mismatch"}
    assert reported() <= set(RULES)


@every
def test_every_rule_that_is_described_can_be_reported(rule: Rule) -> None:
    sources = (path for path in ROOT.glob("cnnshape/**/*.py") if path.parent.name != "rules")
    assert any(f'"{rule.name}"' in path.read_text(encoding="utf-8") for path in sources)
