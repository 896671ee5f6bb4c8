"""SARIF 2.1.0, as GitHub code scanning, GitLab and editors read it.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from importlib.metadata import version
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Span
from cnnshape.report.json import dump
from cnnshape.report.outcome import Outcome, remarks
from cnnshape.rules import GROUPS, RULES
from cnnshape.rules.rule import Rule

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
"""What relative addresses are relative to: the root of the repository."""
INDEX = {name: index for index, name in enumerate(RULES)}

Data = dict[str, Any]


class Reader(NamedTuple):
    """What turns findings to results: places of the outcome, and the files named so far."""

    outcome: Outcome
    artifacts: dict[str, int]
    seen: Counter[tuple[object, ...]]


def report(outcome: Outcome) -> str:
    """One run: the rules, a result a finding, a notification for what could not be checked."""
    reader = Reader(outcome, {}, Counter())
    for analysis in outcome.analyses:
        _artifact(analysis.path, reader)
    results = [_result(analysis, item, reader) for analysis, item in outcome.findings()]
    run = {
        "tool": {"driver": _driver()},
        "invocations": [_invocation(reader)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "artifacts": [
            {"location": _address(path, reader), "roles": ["analysisTarget"]}
            for path in reader.artifacts
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "defaultEncoding": "utf-8",
    }
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver() -> Data:
    return {
        "name": "cnnshape",
        "version": version("cnnshape"),
        "semanticVersion": version("cnnshape"),
        "shortDescription": {"text": "Checks convolutional networks without running them."},
        "rules": [_rule(rule, group) for group, rules in GROUPS.items() for rule in rules],
    }


def _rule(rule: Rule, group: str) -> Data:
    text = f"{_alone(rule.reason)}\n\nRepair: {_alone(rule.repair)}"
    markdown = f"{_alone(rule.reason)}\n\n**Repair**: {_alone(rule.repair)}"
    if rule.example:
        text += f"\n\nExample:\n\n{rule.example}"
        markdown += f"\n\n**Example**\n\n```{rule.language}\n{rule.example}```"
    if rule.reference:
        text += f"\n\nReference: {rule.reference}"
        markdown += f"\n\n**Reference**: {rule.reference}"
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": _alone(rule.summary)},
        "fullDescription": {"text": _alone(f"{rule.summary} {rule.reason}")},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            "docs": rule.docs,
            "tags": [group],
            "precision": "high",
            "problem.severity": "recommendation" if rule.severity == "note" else rule.severity,
        },
    }


def _alone(markdown: str) -> str:
    """Without the addresses of links that stand relative to a page of the documentation."""
    return re.sub(r"\[([^\]]+)\]\((?!https:)[^)]*\)", r"\1", markdown)


def _invocation(reader: Reader) -> Data:
    outcome = reader.outcome
    told = [
        _notification(item.message, analysis.path, item.span, reader, item.rule)
        for analysis, item in outcome.findings()
        if not analysis.readable
    ]
    told += [
        _notification(f"not confirmed: {analysis.unconfirmed}", analysis.path, None, reader)
        for analysis in outcome.analyses
        if analysis.unconfirmed
    ]
    told += [{"level": "error", "message": _message(text)} for text in outcome.complaints]
    return {
        "executionSuccessful": outcome.exit_code < 2,
        "exitCode": outcome.exit_code,
        "toolExecutionNotifications": told,
    }


def _notification(
    text: str, path: str, span: Span | None, reader: Reader, rule: str | None = None
) -> Data:
    found = {
        "level": "error",
        "message": _message(text),
        "locations": [{"physicalLocation": _physical(path, span, reader)}],
    }
    if rule in INDEX:
        found["associatedRule"] = {"id": rule, "index": INDEX[rule]}
    return found


def _result(analysis: Analysis, item: Diagnostic, reader: Reader) -> Data:
    place: Data = {"physicalLocation": _physical(analysis.path, item.span, reader)}
    if place["physicalLocation"].get("region") and item.span:
        place["physicalLocation"]["region"].update(_snippet(analysis, item.span))
    if item.layer:
        place["logicalLocations"] = [{"name": item.layer, "kind": "object"}]
    result: Data = {
        "ruleId": item.rule,
        "level": item.severity,
        "message": _message("\n".join([item.message, *remarks(item)])),
        "locations": [place],
        "partialFingerprints": {"cnnshapeFinding/v1": _fingerprint(analysis, item, reader)},
    }
    if item.rule in INDEX:
        result["ruleIndex"] = INDEX[item.rule]
    if item.labels:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(label.span.file, label.span, reader),
                "message": _message(label.text),
            }
            for number, label in enumerate(item.labels)
        ]
    if item.fix:
        result["fixes"] = [_fix(item, reader)]
    return result


def _fix(item: Diagnostic, reader: Reader) -> Data:
    assert item.fix is not None
    change = {
        "artifactLocation": _location(item.fix.span.file, reader),
        "replacements": [
            {
                "deletedRegion": _region(item.fix.span),
                "insertedContent": {"text": item.fix.text},
            }
        ],
    }
    words = item.help or f"write `{item.fix.text.strip()}`"
    return {"description": _message(words), "artifactChanges": [change]}


def _physical(path: str, span: Span | None, reader: Reader) -> Data:
    if span is None:
        return {"artifactLocation": _location(path, reader)}
    return {"artifactLocation": _location(span.file, reader), "region": _region(span)}


def _region(span: Span) -> Data:
    """Columns count characters from 1 and the end is exclusive, as in SARIF."""
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _snippet(analysis: Analysis, span: Span) -> Data:
    text = _excerpt(analysis, span)
    return {"snippet": {"text": text}} if text else {}


def _excerpt(analysis: Analysis, span: Span) -> str:
    """The characters of a span that lies in one line."""
    lines = analysis.texts.get(span.file, "").split("\n")
    if span.line != span.end_line or span.line > len(lines):
        return ""
    return lines[span.line - 1][span.column - 1 : span.end_column - 1]


def _artifact(path: str, reader: Reader) -> int:
    return reader.artifacts.setdefault(path, len(reader.artifacts))


def _location(path: str, reader: Reader) -> Data:
    return {**_address(path, reader), "index": _artifact(path, reader)}


def _address(path: str, reader: Reader) -> Data:
    """A file's address, relative to the repository, percent-encoded."""
    place = reader.outcome.place(path)
    if PurePath(place).is_absolute():
        return {"uri": PurePath(place).as_uri()}
    return {"uri": quote_from_bytes(os.fsencode(place)), "uriBaseId": ROOT}


def _message(text: str) -> Data:
    """Brackets that would read as a link are meant as they are."""
    return {"text": re.sub(r"\[(?=[^\[\]]*\]\()", r"\\[", text)}


def _fingerprint(analysis: Analysis, item: Diagnostic, reader: Reader) -> str:
    """The same as long as the rule, the file, the layer and the value at fault are.

    It holds no line, so that it survives lines put in above; findings alike are numbered.
    """
    value = _excerpt(analysis, item.span) if item.span else ""
    key = (item.rule, reader.outcome.place(analysis.path), item.layer or "", value)
    reader.seen[key] += 1
    text = "\0".join([*key, str(reader.seen[key])])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]
