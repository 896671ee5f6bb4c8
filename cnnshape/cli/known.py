"""The baseline: read for `check --baseline`, written by `cnnshape baseline`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from cnnshape.analysis.result import Analysis
from cnnshape.sources import bundled
from cnnshape.sources.spec.shape import UsageError

VERSION = 1
PERCENT = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*%?\s*")


class Baseline:
    """What a file says is known of each model."""

    def __init__(self, file: Path, growth: Fraction | None, models: dict[str, Any]) -> None:
        self.file = file
        self.growth = growth
        self.models = models

    def compared(self, analyses: Sequence[Analysis]) -> list[Analysis]:
        """The analyses less what is known, with what has gone and what has grown."""
        from cnnshape.analysis.baseline import compared

        return [
            compared(item, self.models.get(key_of(item, self.file)), str(self.file), self.growth)
            for item in analyses
        ]


def key_of(analysis: Analysis, file: Path) -> str:
    """A model's name in a baseline: its path from there, the same on every machine."""
    path, _, name = analysis.path.partition(".py:")
    if analysis.path == "<stdin>":
        return analysis.path
    place = Path(f"{path}.py" if name else path)
    if os.path.abspath(place.parent) == os.path.abspath(bundled.folder()):
        return place.stem
    near = Path(os.path.relpath(place, file.parent)).as_posix()
    return f"{near}:{name}" if name else near


def read_baseline(file: Path, growth: str | None) -> Baseline:
    """What is known by the options; UsageError where they, or the file, mean nothing."""
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{file}: {reason}; `cnnshape baseline {file} PATH…` writes a baseline"
        ) from None
    return Baseline(file, None if growth is None else _percent(growth), _models(file, content))


def _percent(text: str) -> Fraction:
    match = PERCENT.fullmatch(text)
    if match is None:
        raise UsageError(f"--growth {text[:80]}: write a percentage such as 5%")
    return Fraction(match[1])


def _models(file: Path, content: bytes) -> dict[str, Any]:
    from cnnshape.analysis.baseline import Finding, Known

    try:
        data = json.loads(content)
    except ValueError as error:
        raise UsageError(f"{file}: no baseline: not JSON: {str(error)[:120].lower()}") from None
    if not isinstance(data, dict) or "models" not in data:
        raise UsageError(f"{file}: no baseline: it has no `models`")
    if data.get("version") != VERSION:
        found = str(data.get("version"))[:20]
        raise UsageError(f"{file}: a baseline of version {found}, but {VERSION} is known")
    try:
        return {
            path: Known(
                {
                    Finding(item["rule"], item["layer"] or "", item["message"]): int(item["count"])
                    for item in model["findings"]
                },
                {name: int(value) for name, value in model["totals"].items()},
            )
            for path, model in data["models"].items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError(
            f"{file}: no baseline: write it anew with `cnnshape baseline {file} PATH…`"
        ) from None


def text_of(analyses: Sequence[Analysis], file: Path) -> str:
    """A baseline of models, always in the same order, as JSON."""
    from cnnshape.analysis.baseline import known

    models = {}
    for analysis in analyses:
        found = known(analysis)
        models[key_of(analysis, file)] = {
            "findings": [
                {"rule": rule, "layer": layer or None, "message": message, "count": count}
                for (rule, layer, message), count in sorted(found.findings.items())
            ],
            "totals": found.totals,
        }
    data = {"version": VERSION, "models": models}
    return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True)
