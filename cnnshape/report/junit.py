"""JUnit XML as Jenkins and GitLab read it: a test case a model."""

from __future__ import annotations

import re
from pathlib import PurePath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from cnnshape.analysis.result import Analysis
from cnnshape.report.outcome import Outcome
from cnnshape.report.snippet import plain
from cnnshape.report.text import count, findings, verdict

ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold."""


def report(outcome: Outcome) -> str:
    """One suite; a failure for a model with an error, an error for what could not be checked."""
    suite = Element("testsuite", name="cnnshape check")
    for analysis, seconds in zip(outcome.analyses, outcome.seconds, strict=True):
        _case(suite, analysis, seconds, outcome)
    for complaint in outcome.complaints:
        case = SubElement(suite, "testcase", name=_legal(complaint), classname="cnnshape")
        case.set("time", _time(0))
        _told(case, "error", "usage", complaint, complaint)
    root = Element("testsuites", name="cnnshape")
    for element in (root, suite):
        element.set("tests", str(len(suite)))
        element.set("failures", str(len(suite.findall("testcase/failure"))))
        element.set("errors", str(len(suite.findall("testcase/error"))))
        element.set("skipped", "0")
        element.set("time", _time(sum(outcome.seconds)))
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'


def _case(suite: Element, analysis: Analysis, seconds: float, outcome: Outcome) -> None:
    place = outcome.place(analysis.path)
    case = SubElement(
        suite,
        "testcase",
        name=_legal(analysis.model or PurePath(place).stem),
        classname=_legal(_class(place)),
        file=_legal(place),
        time=_time(seconds),
    )
    told = plain(findings(analysis)).rstrip("\n")
    if not analysis.readable:
        _told(case, "error", analysis.diagnostics[0].rule, analysis.diagnostics[0].message, told)
    elif analysis.unconfirmed:
        _told(case, "error", "not-confirmed", analysis.unconfirmed, plain([verdict(analysis)]))
    elif outcome.fails(analysis):
        rule, message = _worst(analysis)
        _told(case, "failure", rule, message, told)
    elif told:
        SubElement(case, "system-out").text = _legal(told)


def _class(place: str) -> str:
    """`models/net.yaml` as Jenkins reads a class: `models.net`."""
    path = PurePath(place).with_suffix("")
    return ".".join(part.replace(".", "_") for part in path.parts if part not in ("/", ".."))


def _worst(analysis: Analysis) -> tuple[str, str]:
    """The rule and the message of the first finding that counts, and how many there are."""
    severity = "warning" if analysis.ok else "error"
    items = [item for item in analysis.diagnostics if item.severity == severity]
    more = f" (1 of {count(len(items), severity)})" if len(items) > 1 else ""
    return items[0].rule, f"{items[0].message}{more}"


def _told(case: Element, tag: str, kind: str, message: str, text: str) -> None:
    SubElement(case, tag, type=kind, message=_legal(message)).text = _legal(text)


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _legal(text: str) -> str:
    return ILLEGAL.sub("", text)
