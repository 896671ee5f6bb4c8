"""For which sizes the formulas of the outputs hold, where the ways through a network differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnshape.analysis.sizes.cause import in_signs
from cnnshape.analysis.sizes.condition import solve
from cnnshape.analysis.sizes.explore import Literal, Path
from cnnshape.analysis.sizes.region import Region
from cnnshape.analysis.sizes.words import region_in_words
from cnnshape.dim import EQUAL, Condition, Dim, Size
from cnnshape.layer import Shape


def part_in_words(where: Region, relations: Sequence[Literal], names: Sequence[str]) -> str:
    """Points of a region at which relations hold, too."""
    words = region_in_words(where, names)
    if not relations:
        return words
    said = " and ".join(in_signs(*literal) for literal in relations)
    return said if words == "any" else f"{said} for {words}"


def holds_for(
    main: Path, paths: Sequence[Path], outputs: Mapping[str, Shape], names: Sequence[str]
) -> str | None:
    """The sizes for which outputs of the main way come out; None: for all that are accepted."""
    others = [path for path in paths if path.accepted and path is not main]
    alike = [path for path in others if _gives(path, outputs, names)]
    if len(alike) == len(others):
        return None
    joined = main.region
    for path in alike:
        if not main.relations and not path.relations:
            joined |= path.region
    return part_in_words(joined, main.relations, names)


def _gives(path: Path, outputs: Mapping[str, Shape], names: Sequence[str]) -> bool:
    """Whether outputs of these shapes come out on another way, too."""
    for name, shape in outputs.items():
        found = path.walk.shapes.get(name)
        if found is None or len(found) != len(shape):
            return False
        pairs = zip(shape, found, strict=True)
        if not all(_agree(one, other, path.region, names) for one, other in pairs):
            return False
    return True


def _agree(one: Size, other: Size, region: Region, names: Sequence[str]) -> bool:
    """Whether two sizes are equal all over a region; not, where that is not decided."""
    difference = one - other
    if not isinstance(difference, Dim):
        return difference == 0
    points = solve(Condition(difference, EQUAL), names)
    return points is not None and not region - points
