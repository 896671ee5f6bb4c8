"""The sizes that a network accepts, found by walking it at examples.

A walk at one point records what its comparisons found: all points of which the same holds go the
same way, and end in the same fault or in none. What is left of the domain is walked next, until
nothing is left. So the set is exact whatever a rule's branches are; what cannot be decided, or is
cut into too many pieces, is kept apart and never claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from time import monotonic
from typing import NamedTuple, Protocol

from cnnshape.analysis.sizes.condition import Solver
from cnnshape.analysis.sizes.naming import at_sizes
from cnnshape.analysis.sizes.region import Point, Region, everything, nothing, region
from cnnshape.analysis.sizes.size_set import exactly
from cnnshape.analysis.walk import Walk, walk
from cnnshape.dim import Condition, Recording, TooDeepError, recording
from cnnshape.graph import Graph, Node

MOST_PATHS = 600
"""Ways through the network beyond which the rest is left undecided."""
MOST_TRIES = 2_000
"""Points tried in search of one that meets conditions that no set describes."""


MOST_MEETINGS = 40_000
"""Pairs of boxes that are brought together; beyond it a condition is kept as it is."""


class Network(Protocol):
    """What is walked at examples of its named sizes."""

    graph: Graph

    def walked(self, sizes: Mapping[str, int]) -> tuple[Walk, Recording]:
        """A walk at examples, up to the first fault, and what was found of conditions."""

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether these sizes go through, as numbers."""

    def at(self, sizes: Mapping[str, int]) -> Graph:
        """The network of these sizes."""


class FixedNetwork:
    """A graph whose layers are the same whatever the sizes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def walked(self, sizes: Mapping[str, int]) -> tuple[Walk, Recording]:
        """A walk at examples, up to the first fault, and what was found of conditions."""
        with recording(sizes) as found:

            def begin(node: Node) -> None:
                found.cause = node

            return walk(self.graph, each=begin, to_first_fault=True), found

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether these sizes go through, as numbers."""
        return not walk(self.at(sizes), to_first_fault=True).faults

    def at(self, sizes: Mapping[str, int]) -> Graph:
        """The network of these sizes."""
        return at_sizes(self.graph, sizes)


class Literal(NamedTuple):
    """A condition that no set of boxes describes, and whether it holds."""

    condition: Condition
    holds: bool

    def met(self, sizes: Mapping[str, int]) -> bool:
        """Whether it is so at these sizes."""
        return self.condition.holds(sizes) == self.holds


class Path(NamedTuple):
    """Points that go one way through the network, and what happens to them."""

    region: Region
    relations: tuple[Literal, ...]
    walk: Walk
    recording: Recording
    solved: Mapping[Condition, Region]
    """What was found of each condition, as the points of which it holds."""

    @property
    def accepted(self) -> bool:
        """Whether they arrive."""
        return not self.walk.faults


class Exploration(NamedTuple):
    """All ways through a network, and what is left undecided."""

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    undecided: Region


class _Rest(NamedTuple):
    """A part of the domain that is still to be walked."""

    region: Region
    relations: tuple[Literal, ...] = ()


class _Explorer:
    def __init__(self, network: Network, names: tuple[str, ...], until: float | None) -> None:
        self.network = network
        self.until = until
        self.names = names
        self.solver = Solver(names)
        self.rests: list[_Rest] = []
        self.undecided = nothing(len(names))

    def paths(self, first: Point) -> Iterator[Path]:
        """One path a part of the domain, that of the first point before all others."""
        self.rests.append(_Rest(everything(len(self.names))))
        point: Point | None = first
        for _ in range(MOST_PATHS):
            if not self.rests:
                return
            if self.until is not None and monotonic() > self.until:
                break
            rest = self._listed(self.rests.pop())
            if not rest.region:
                continue
            point = point or self._point(rest)
            if point is None:
                self.undecided |= rest.region
                continue
            taken, found = self._walk(point)
            yield self._path(rest, taken, found)
            point = None
        for rest in self.rests:
            self.undecided |= rest.region

    def _walk(self, point: Point) -> tuple[Walk, Recording]:
        return self.network.walked(dict(zip(self.names, point, strict=True)))

    def _point(self, rest: _Rest) -> Point | None:
        """A point of a part of the domain; None where none was found."""
        if not rest.relations:
            return next(rest.region.points(1), None)
        points = islice(rest.region.points(64), MOST_TRIES)
        return next((point for point in points if self._meets(point, rest.relations)), None)

    def _meets(self, point: Point, relations: tuple[Literal, ...]) -> bool:
        sizes = dict(zip(self.names, point, strict=True))
        return all(literal.met(sizes) for literal in relations)

    def _listed(self, rest: _Rest) -> _Rest:
        """A part of few points is these points, and no relations are left of it."""
        count = rest.region.point_count()
        if not rest.relations or count is None or count > MOST_TRIES:
            return rest
        met = [point for point in rest.region.points(count) if self._meets(point, rest.relations)]
        boxes = [tuple(map(exactly, point)) for point in met]
        return _Rest(region(len(self.names), boxes))

    def _path(self, rest: _Rest, taken: Walk, found: Recording) -> Path:
        """What goes this way; what does not is put back as parts still to be walked."""
        here, relations = rest
        solved = {}
        for condition, holds in found.found.items():
            points = self.solver.solve(condition)
            literal = Literal(condition, holds)
            if points is None or len(here.boxes) * len(points.boxes) > MOST_MEETINGS:
                if literal not in relations:
                    other = Literal(condition, not holds)
                    self.rests.append(_Rest(here, (*relations, other)))
                    relations = (*relations, literal)
                continue
            solved[condition] = points
            away = here - points if holds else here & points
            if away:
                self.rests.append(_Rest(away, relations))
                here = here & points if holds else here - points
        here, relations = self._listed(_Rest(here, relations))
        return Path(here, relations, taken, found, solved)


def explore(network: Network, first: Mapping[str, int], until: float | None = None) -> Exploration:
    """All ways through a network whose inputs have named sizes, beginning with an example.

    What is not walked `until` then, by the monotonic clock, is undecided.
    """
    names = tuple(first)
    explorer = _Explorer(network, names, until)
    try:
        paths = tuple(explorer.paths(tuple(first.values())))
    except TooDeepError:
        return Exploration(names, (), everything(len(names)))
    undecided = explorer.undecided
    for path in paths if undecided else ():
        undecided = undecided if path.relations else undecided - path.region
    return Exploration(names, paths, undecided)
