"""What `inputs` says: the sizes that a model accepts, why not others, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnshape.analysis.sizes.accepted import AcceptedInputs
from cnnshape.analysis.sizes.words import region_in_words
from cnnshape.dim import show as formula
from cnnshape.layer import Shape
from cnnshape.report.snippet import PLAIN, TITLE, Line

GAP = "  "


def as_lines(found: AcceptedInputs, near: Mapping[str, int] | None) -> list[Line]:
    """The whole answer, a fact a line."""
    facts = [*_accepts(found), *_smallest(found), *_near(found, near)]
    if found.any_batch:
        facts.append(("batch", "any: no rule asks for it"))
    facts += _outputs(found)
    facts += [*_alike(found), *_without_rest(found)]
    facts += [("because", text) for text in _causes(found)]
    width = max(len(title) for title, _ in facts)
    lines: list[Line] = [_head(found), []]
    before = ""
    for title, text in facts:
        shown = "" if title == before else title
        lines.append([(shown.ljust(width) + GAP, TITLE), (text, PLAIN)])
        before = title
    return lines


def _head(found: AcceptedInputs) -> Line:
    inputs = ", ".join(f"{item.name} {_shape(found, item.shape)}" for item in found.graph.inputs)
    return [(found.graph.name, TITLE), (f"{GAP}{inputs}", PLAIN)]


def _shape(found: AcceptedInputs, shape: Shape) -> str:
    sizes = ", ".join(formula(size, found.residues) for size in shape)
    return f"({sizes}{',' * (len(shape) == 1)})"


def _outputs(found: AcceptedInputs) -> list[tuple[str, str]]:
    where = f" for {found.outputs_for}" if found.outputs_for else ""
    return [
        ("output", f"{name} {_shape(found, shape)}{where}") for name, shape in found.outputs.items()
    ]


def _accepts(found: AcceptedInputs) -> list[tuple[str, str]]:
    """The set in words, a box a line where there are several."""
    pieces = str(found).split(", or ")
    ends = [", or"] * (len(pieces) - 1) + [""]
    return [("accepts", piece + end) for piece, end in zip(pieces, ends, strict=True)]


def _smallest(found: AcceptedInputs) -> list[tuple[str, str]]:
    return [("smallest", in_cross(found.smallest))] if found.smallest else []


def _near(found: AcceptedInputs, near: Mapping[str, int] | None) -> list[tuple[str, str]]:
    if near is None:
        return []
    points = [in_cross(point) for point in found.nearest(**near)]
    return [("nearest", f"to {in_cross(near)}: {', '.join(points) or 'none'}")]


def _alike(found: AcceptedInputs) -> list[tuple[str, str]]:
    example = found.examples if found.names and found.accepts(**found.examples) else found.smallest
    same = found.alike(**example) if example else None
    if same is None or not example or same.region.is_point:
        return []
    where = region_in_words(same.region, found.names)
    shape = "×".join(str(size) for size in same.shape if str(size) != "N")
    return [("alike", f"{same.layer} is {shape} as at {in_cross(example)} for {where}")]


def _without_rest(found: AcceptedInputs) -> list[tuple[str, str]]:
    region = found.without_rest
    if region is None or found.main is None or region == found.main.region:
        return []
    words = region_in_words(region, found.names)
    return [("evenly", f"no stride leaves a row or a column over for {words}")]


def _causes(found: AcceptedInputs) -> list[str]:
    texts = []
    for cause in found.causes:
        place = f" ({cause.span.file}:{cause.span.line})" if cause.span else ""
        said = cause.sizes if found.main and cause.is_simple else cause.condition
        texts.append(f"{cause.layer}{place}: {said}")
    return list(dict.fromkeys(texts))


def in_cross(sizes: Mapping[str, int]) -> str:
    """`350×525`, in the order of the names; one alone with its name."""
    if len(sizes) == 1:
        return " ".join(f"{name} = {size}" for name, size in sizes.items())
    return "×".join(map(str, sizes.values()))


def as_data(found: AcceptedInputs, near: Mapping[str, int] | None) -> dict[str, Any]:
    """The JSON form."""
    data = {"model": found.graph.name, "path": found.graph.path, **found.to_dict()}
    if near is not None:
        data["near"] = {"sizes": dict(near), "accepted": found.nearest(**near)}
    return data
