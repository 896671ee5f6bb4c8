"""Analyses as JSON, in the form that the contract describes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cnnshape.analysis.result import JSON_VERSION, Analysis


def dump(data: Any) -> str:
    """Any data as JSON, a top-level item a line where that is readable."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)


def models(analyses: Sequence[Analysis]) -> str:
    """What `check --format json` prints."""
    return dump({"version": JSON_VERSION, "models": [item.to_dict() for item in analyses]})


def model(analysis: Analysis) -> str:
    """What `summary --format json` prints."""
    return dump(analysis.to_dict())
