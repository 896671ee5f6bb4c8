"""For which sizes the formulas of the outputs hold, where the ways through a network differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from cnnshape.analysis.sizes.cause import in_signs
from cnnshape.analysis.sizes.explore import Literal, Path
from cnnshape.analysis.sizes.region import Region
from cnnshape.analysis.sizes.words import region_in_words
from cnnshape.dim import Dim
from cnnshape.layer import Shape

MOST_COMPARED = 512
"""Points of another way at which formulas of different form are compared."""


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
    pairs = [(shape, path.walk.shapes.get(name)) for name, shape in outputs.items()]
    if all(shape == found for shape, found in pairs):
        return True
    for point in islice(path.region.points(4), MOST_COMPARED):
        sizes = dict(zip(names, point, strict=True))
        if not all(literal.met(sizes) for literal in path.relations):
            continue
        if any(_at(shape, sizes) != _at(found, sizes) for shape, found in pairs):
            return False
    return True


def _at(shape: Shape | None, sizes: Mapping[str, int]) -> Shape | None:
    if shape is None:
        return None
    return tuple(size(**sizes) if isinstance(size, Dim) else size for size in shape)
