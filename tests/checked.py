"""Models checked for a test: as data, from a file, or a bundled architecture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.design.registry import CHECKS
from cnnshape.analysis.fields import Fields, receptive_fields
from cnnshape.analysis.result import Analysis, LayerResult
from cnnshape.analysis.walk import walk
from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import Graph
from cnnshape.sources import bundled
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import parse
from cnnshape.sources.spec.plain import from_mapping
from cnnshape.sources.spec.reader import read

MODELS = Path(__file__).parent / "models"


def graph(model: Mapping[str, Any]) -> Graph:
    """The graph of a model that is given as data."""
    return read(from_mapping(model), Options())


def check(model: Mapping[str, Any]) -> Analysis:
    """The analysis of a model that is given as data."""
    return analyse(graph(model))


def sequence(*layers: Any, given: list[int], **keys: Any) -> Analysis:
    """The analysis of layers one after the other; `given` is the input's shape."""
    return check({"input": given, "layers": list(layers), **keys})


def check_text(text: str, file: str = "model.yaml", **variables: Any) -> Analysis:
    """The analysis of a model file's text."""
    return analyse(read(parse(file, text.encode()), Options(variables)))


def check_file(file: Path, **variables: Any) -> Analysis:
    """The analysis of a model file."""
    return check_text(file.read_text("utf-8"), file.name, **variables)


def check_bundled(name: str, **variables: Any) -> Analysis:
    """The analysis of a bundled architecture."""
    return check_file(bundled.folder() / f"{name}.yaml", **variables)


def reaches(model: Mapping[str, Any]) -> dict[str, Fields]:
    """What each layer of a sound model sees: layer → input → one reach a spatial axis."""
    return receptive_fields(walk(graph(model)))[0]


def layer(analysis: Analysis, name: str) -> LayerResult:
    """A layer's results by its name."""
    return next(item for item in analysis.layers if item.name == name)


def rules(analysis: Analysis, severity: str = "error") -> list[str]:
    """The rules of all diagnostics of a severity."""
    return [item.rule for item in analysis.diagnostics if item.severity == severity]


def fault(text: str) -> Diagnostic:
    """The only thing that is wrong."""
    (found,) = check_text(text).diagnostics
    return found


def told(text: str) -> tuple[str, tuple[int, int] | None, str, str | None]:
    found = fault(text)
    place = (found.span.line, found.span.column) if found.span else None
    return found.rule, place, found.message, found.help


def names(analysis: Analysis) -> list[str]:
    return [item.name for item in analysis.layers]


def shapes(analysis: Analysis) -> list[tuple[int, ...]]:
    return [(item.output_shape or ())[1:] for item in analysis.layers]


def faults(analysis: Analysis) -> list[Diagnostic]:
    """What is told of a model but for its design, which in a test's toy is no one's."""
    return [item for item in analysis.diagnostics if item.rule not in CHECKS]


def designs(analysis: Analysis, *wanted: str) -> list[Diagnostic]:
    """What is told of a model's design, by some rules or by all."""
    return [item for item in analysis.diagnostics if item.rule in (wanted or CHECKS)]
