"""Among the accepted sizes, those that leave nothing over, and those that are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cnnshape.analysis.sizes.condition import Solver
from cnnshape.analysis.sizes.explore import Path
from cnnshape.analysis.sizes.region import Region
from cnnshape.analysis.walk import Applied
from cnnshape.dim import AT_LEAST, EQUAL, Condition, Dim, Size, recording
from cnnshape.layer import Shape


class Alike(NamedTuple):
    """A layer's shape at an example, and the sizes that give the same one."""

    layer: str
    shape: Shape
    region: Region


def without_rest(path: Path, names: tuple[str, ...]) -> Region | None:
    """The points of a path at which every strided window reaches the end of what it slides over.

    Elsewhere rows or columns at the far edge are seen by no output. None: not decided.
    """
    region = path.region
    solver = _solver(path, names)
    with recording(path.recording.sizes):
        reaches = [size for applied in path.walk.applied.values() for size in _reaches(applied)]
    for size in reaches:
        if isinstance(size, Dim):
            points = solver.solve(Condition(size, AT_LEAST))
            if points is None:
                return None
            region &= points
        elif size < 0:
            return region - region
    return region


def _solver(path: Path, names: tuple[str, ...]) -> Solver:
    """A solver whose sets meet those of the path soon enough."""
    solver = Solver(names)
    for condition in path.solved:
        solver.solve(condition)
    return solver


def _reaches(applied: Applied) -> Iterator[Size]:
    """How far the last window of each axis reaches beyond the input's end."""
    x, y = applied.x[0], applied.y
    for axis, window in applied.layer.windows(*applied.x).items():
        if window is None or window.up > 1 or not 1 < window.step <= window.extent:
            continue
        yield (y[axis] - 1) * window.step + window.extent - window.before - x[axis]


def alike(path: Path, outputs: tuple[str, ...], names: tuple[str, ...],
          sizes: Mapping[str, int]) -> Alike | None:  # fmt: skip
    """The points of a path that give the output of an example, or the last shape that varies."""
    shapes = path.walk.shapes
    most = max(map(_varying, shapes.values()), default=0)
    varying = [name for name, shape in shapes.items() if most and _varying(shape) == most]
    name = next((name for name in outputs if name in varying), varying[-1] if varying else None)
    shape = shapes[name] if name is not None else None
    if name is None or shape is None or name in {item.name for item in path.walk.graph.inputs}:
        return None
    region = path.region
    solver = _solver(path, names)
    for size in shape:
        if isinstance(size, Dim):
            points = solver.solve(Condition(size.shifted(-size.value(sizes)), EQUAL))
            if points is None:
                return None
            region &= points
    found = tuple(size.value(sizes) if isinstance(size, Dim) else size for size in shape)
    return Alike(name, found, region)


def _varying(shape: Shape | None) -> int:
    """How many axes of a shape are formulas."""
    return sum(isinstance(size, Dim) for size in shape or ())
