"""Analyses as JSON, in the form that the contract describes."""

from __future__ import annotations

import json
from typing import Any

from cnnshape.analysis.result import JSON_VERSION, Analysis
from cnnshape.report.outcome import Outcome


def dump(data: Any) -> str:
    """Any data as JSON, a top-level item a line where that is readable."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)


def report(outcome: Outcome) -> str:
    """What `check --format json` prints."""
    models = [analysis.to_dict() for analysis in outcome.analyses]
    return dump({"version": JSON_VERSION, "models": models})


def model(analysis: Analysis) -> str:
    """What `summary --format json` prints."""
    return dump(analysis.to_dict())
