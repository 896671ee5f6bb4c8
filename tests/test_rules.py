"""The registry of rules: each is described whole, and its example is found wrong by it alone."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
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


def reported() -> Iterator[str]:
    """The rules that the code outside the registry reports.

    Names with a hyphen that a call is given first or as `rule`; of one word those of `Diagnostic`.
    """
    for path in ROOT.glob("cnnshape/**/*.py"):
        if path.parent.name == "rules":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                values = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "rule")]
                sure = ast.unparse(node.func).endswith(("Diagnostic", "RuleError"))
                yield from (name for name in map(text_of, values) if is_rule(name, sure=sure))


def text_of(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_rule(name: str, *, sure: bool) -> bool:
    return bool(re.fullmatch(r"[a-z]+(-[a-z]+)*" if sure else r"[a-z]+(-[a-z]+)+", name))


def test_every_rule_that_is_reported_is_described() -> None:
    names = set(reported())
    assert names >= {"size-mismatch", "not-aligned", "field-mismatch", "shape-mismatch", "syntax"}
    assert names <= set(RULES)


@every
def test_every_rule_that_is_described_can_be_reported(rule: Rule) -> None:
    sources = (path for path in ROOT.glob("cnnshape/**/*.py") if path.parent.name != "rules")
    assert any(f'"{rule.name}"' in path.read_text(encoding="utf-8") for path in sources)


# The command


def test_one_rule(tmp_path: Path) -> None:
    assert in_process("cnnshape rules unknown-reference", tmp_path) == (
        0,
        """\
error[unknown-reference]
  A layer, an output or an input is named that is not there.

  why: What a layer reads must come from somewhere.
  repair: Write the name of a layer of the same list, or `input`. Inside a block, only the block's
  layers and `input` are seen.

  net.yaml
    input: [3, 32, 32]
    layers:
      - {name: conv1, type: conv2d, out_channels: 8, kernel_size: 3}
      - {type: relu, from: conv2}

  $ cnnshape check net.yaml
""",
    )


def test_all_rules(tmp_path: Path) -> None:
    _, printed = in_process("cnnshape rules", tmp_path)
    for rule in RULES.values():
        assert f"{rule.severity}[{rule.name}]\n" in printed
        assert not rule.example or f"  $ {rule.command}\n" in printed
    _, printed = in_process("cnnshape rules --short", tmp_path)
    assert [line.split()[:2] for line in printed.splitlines()] == [
        [rule.name, rule.severity] for rule in RULES.values()
    ]


def test_rules_as_json(tmp_path: Path) -> None:
    code, printed = in_process("cnnshape rules syntax bad-rank --format json", tmp_path)
    data = json.loads(printed)
    assert (code, data["version"]) == (0, 1)
    rule = RULES["syntax"]
    assert data["rules"][0] == {
        "name": "syntax",
        "severity": "error",
        "group": "The file",
        "summary": rule.summary,
        "reason": rule.reason,
        "repair": rule.repair,
        "reference": None,
        "files": {"net.yaml": rule.example},
        "command": "cnnshape check net.yaml",
        "docs": "docs/rules.md#syntax",
    }
    assert [item["name"] for item in data["rules"]] == ["syntax", "bad-rank"]


def test_an_unknown_rule(tmp_path: Path) -> None:
    assert in_process("cnnshape rules bad-grups", tmp_path) == (
        2,
        "error: no rule is called `bad-grups`; did you mean `bad-groups`?\n",
    )
    assert in_process("cnnshape rules everything", tmp_path) == (
        2,
        "error: no rule is called `everything`; `cnnshape rules` names all\n",
    )


@every
def test_the_page_has_the_rule_where_a_finding_says(rule: Rule) -> None:
    path, _, anchor = rule.docs.partition("#")
    headings = re.findall(r"^### `([a-z-]+)`$", (ROOT / path).read_text(encoding="utf-8"), re.M)
    assert headings.count(anchor) == 1


def test_a_finding_says_where_its_rule_is_documented(tmp_path: Path) -> None:
    (item,) = found(RULES["bad-rank"], tmp_path)
    assert item["docs"] == "docs/rules.md#bad-rank"
