"""The input sizes that a network accepts: the set, its causes, and what comes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import islice, product
from math import prod
from typing import Any, NamedTuple

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.design.registry import CHECKS
from cnnshape.analysis.result import Analysis
from cnnshape.analysis.sizes.cause import Cause, causes_of, in_signs
from cnnshape.analysis.sizes.explore import (
    Exploration,
    FixedNetwork,
    Literal,
    Network,
    Path,
    explore,
)
from cnnshape.analysis.sizes.naming import BATCH, examples, with_named_sizes
from cnnshape.analysis.sizes.outcome import holds_for, part_in_words
from cnnshape.analysis.sizes.region import Box, Point, Region, nothing, region
from cnnshape.analysis.sizes.relation import completed
from cnnshape.analysis.sizes.size_set import ANY, SizeSet, exactly
from cnnshape.analysis.sizes.tiling import Alike, alike, without_rest
from cnnshape.analysis.sizes.words import in_order, region_in_words, residues_of, sizes_in_words
from cnnshape.dim import Dim, show
from cnnshape.graph import Graph
from cnnshape.layer import Shape

MOST_TRIED = 4_096
"""Points of an undecided part that are tried one by one."""


class Part(NamedTuple):
    """Points that are accepted where relations hold that no set describes."""

    region: Region
    relations: tuple[Literal, ...] = ()

    def holds(self, point: Point, names: tuple[str, ...]) -> bool:
        """Whether a point belongs to it."""
        sizes = dict(zip(names, point, strict=True))
        return self.region.holds(point) and all(literal.met(sizes) for literal in self.relations)


class AcceptedInputs:
    """Every input size that a model accepts."""

    def __init__(
        self,
        network: Network,
        found: Exploration,
        *,
        any_batch: bool = False,
        most_tried: int = MOST_TRIED,
    ) -> None:
        self.network = network
        self.graph = graph = network.graph
        self.most_tried = most_tried
        self.any_batch = any_batch
        """The batch was asked for, too, which is free in every network."""
        self.names = found.names
        self.examples = examples(graph)
        self.exploration = found
        self.parts = _parts(found)

    @cached_property
    def region(self) -> Region:
        """The points that are accepted whatever else holds; all of them where `parts` is one."""
        joined = nothing(len(self.names))
        for part in self.parts:
            if not part.relations:
                joined |= part.region
        return joined

    @property
    def exact(self) -> bool:
        """Whether the set was decided for every size."""
        return not self.exploration.undecided

    @cached_property
    def tried(self) -> tuple[int, tuple[Point, ...]]:
        """Of what is undecided: up to which size every point was tried, and those accepted."""
        if self.exact:
            return 0, ()
        side = int(self.most_tried ** (1 / len(self.names)))
        points = product(range(1, side + 1), repeat=len(self.names))
        open_points = [point for point in points if self.exploration.undecided.holds(point)]
        return side, tuple(point for point in open_points if self._walks(point))

    def _walks(self, point: Point) -> bool:
        return self.network.holds(dict(zip(self.names, point, strict=True)))

    def accepts(self, **sizes: int) -> bool:
        """Whether the model takes inputs of these sizes, all of which must be given."""
        given = {name: value for name, value in sizes.items() if name != BATCH}
        if set(given) != set(self.names):
            wanted = ", ".join(self.names) or "none"
            raise TypeError(f"give the sizes {wanted}, not {', '.join(given) or 'none'}")
        point = tuple(given[name] for name in self.names)
        if any(type(size) is not int or size < 1 for size in point):
            return False
        if self.exploration.undecided.holds(point):
            return self._walks(point)
        return any(part.holds(point, self.names) for part in self.parts)

    def within(self, given: Mapping[str, int]) -> AcceptedInputs:
        """The same with some sizes given."""
        box = tuple(exactly(given[name]) if name in given else ANY for name in self.names)
        inside = region(len(self.names), [box])
        paths = [path._replace(region=path.region & inside) for path in self.exploration.paths]
        kept = tuple(path for path in paths if path.region)
        undecided = self.exploration.undecided & inside
        return AcceptedInputs(self.network, Exploration(self.names, kept, undecided))

    def at(self, **sizes: int) -> Analysis:
        """The model checked at these sizes, without its author's figures of another.

        Whether they are accepted is the question, so nothing is said of the design.
        """
        graph = self.network.at(sizes)
        same = sizes == {name: value for name, value in self.graph.sizes.items() if value}
        analysis = analyse(graph if same else graph._replace(resized=True, limits=()))
        kept = tuple(item for item in analysis.diagnostics if item.rule not in CHECKS)
        return analysis._replace(diagnostics=kept)

    @cached_property
    def smallest(self) -> dict[str, int] | None:
        """The accepted sizes that hold the fewest values, the most even of them; None: none."""
        points = [_corner(box) for box in self.region.boxes]
        for part in self.parts:
            if part.relations:
                near = islice(part.region.points(64), MOST_TRIED)
                points += [point for point in near if part.holds(point, self.names)]
        points += self.tried[1]
        if not points:
            return None
        best = min(points, key=lambda point: (prod(point), max(point, default=0), point))
        return dict(zip(self.names, best, strict=True))

    def nearest(self, **sizes: int) -> list[dict[str, int]]:
        """Accepted sizes nearest to given ones: of all, of those not below, of those not above."""
        target = tuple(sizes[name] for name in self.names)
        candidates = {
            point
            for part in self.parts
            for box in part.region.boxes
            for point in product(
                *(held.nearest(size) for held, size in zip(box, target, strict=True))
            )
            if part.holds(point, self.names)
        }
        candidates |= {
            point
            for part in self.parts
            for box in part.region.boxes
            for point in [completed(box, part.relations, self.names, sizes)]
            if part.relations and point is not None and part.holds(point, self.names)
        }
        sides = [
            candidates,
            {
                point
                for point in candidates
                if all(a >= b for a, b in zip(point, target, strict=True))
            },
            {
                point
                for point in candidates
                if all(a <= b for a, b in zip(point, target, strict=True))
            },
        ]
        found = [min(side, key=lambda point: _distance(point, target)) for side in sides if side]
        return [dict(zip(self.names, point, strict=True)) for point in dict.fromkeys(found)]

    @cached_property
    def main(self) -> Path | None:
        """The way through the network that the example takes, or else the first accepted one."""
        return next((path for path in self.exploration.paths if path.accepted), None)

    @cached_property
    def residues(self) -> dict[str, tuple[int, int]]:
        """Name → (modulus, rest), where all accepted sizes leave one rest."""
        return residues_of(self.main.region, self.names) if self.main else {}

    @cached_property
    def outputs(self) -> dict[str, Shape]:
        """The outputs' shapes, as formulas that hold on the main way through the network."""
        if self.main is None:
            return {}
        shapes = {name: self.main.walk.shapes.get(name) for name in self.main.walk.graph.outputs}
        return {name: shape for name, shape in shapes.items() if shape is not None}

    @cached_property
    def outputs_for(self) -> str | None:
        """The sizes for which `outputs` hold, in words; None: for all that are accepted."""
        if self.main is None:
            return None
        return holds_for(self.main, self.exploration.paths, self.outputs, self.names)

    @cached_property
    def without_rest(self) -> Region | None:
        """The accepted points at which no stride leaves a row or a column over."""
        return None if self.main is None else without_rest(self.main, self.names)

    def alike(self, **sizes: int) -> Alike | None:
        """The accepted points that give what given ones give."""
        if self.main is None or not self.accepts(**sizes):
            return None
        if not self.main.region.holds(tuple(sizes[name] for name in self.names)):
            return None
        return alike(self.main, self.main.walk.graph.outputs, self.names, sizes)

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """The layers that keep other sizes out, each with what it asks for."""
        return causes_of(self.exploration, self.region, self.names)

    def __str__(self) -> str:
        if not self.names:
            return "no input has a size that is free"
        texts = []
        if self.region:
            texts.append(region_in_words(self.region, self.names))
        texts += [part_in_words(*part, self.names) for part in self.parts if part.relations]
        if not self.exact:
            side, points = self.tried
            listed = ", ".join("×".join(map(str, point)) for point in points[:8])
            texts.append(
                f"not decided for {region_in_words(self.exploration.undecided, self.names)}: "
                f"every size up to {side} was tried, {f'{listed} fit' if points else 'none fits'}"
            )
        return "; ".join(texts) or "none"

    def __repr__(self) -> str:
        return f"<AcceptedInputs: {self}>"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        result: dict[str, Any] = {
            "text": str(self),
            "exact": self.exact,
            "sizes": {
                name: _sizes_to_dict(self._along(axis), name)
                for axis, name in enumerate(self.names)
            }
            | ({BATCH: _sizes_to_dict(ANY, BATCH)} if self.any_batch else {}),
            "joint": [self._box_to_dict(box) for box in in_order(self.region)],
            "relations": [
                {
                    "conditions": [in_signs(*literal) for literal in part.relations],
                    "within": [self._box_to_dict(box) for box in in_order(part.region)],
                }
                for part in self.parts
                if part.relations
            ],
            "smallest": self.smallest,
            "without_rest": None
            if self.without_rest is None
            else [self._box_to_dict(box) for box in in_order(self.without_rest)],
            "outputs": {
                name: [_size_to_json(size, self.residues) for size in shape]
                for name, shape in self.outputs.items()
            },
            "outputs_for": self.outputs_for,
            "causes": [cause.to_dict() for cause in self.causes],
        }
        if not self.exact:
            side, points = self.tried
            result["tried"] = {"up_to": side, "accepted": [list(point) for point in points]}
        return result

    def _along(self, axis: int) -> SizeSet:
        """All sizes of a name that stand in some accepted point, as far as it is decided."""
        sizes = self.region.along(axis)
        for part in self.parts:
            if part.relations:
                sizes |= part.region.along(axis)
        return sizes

    def _box_to_dict(self, box: Box) -> dict[str, Any]:
        pairs = zip(self.names, box, strict=True)
        return {name: _sizes_to_dict(sizes, name) for name, sizes in pairs}


def accepted_inputs(graph: Graph, free: Collection[str] = ()) -> AcceptedInputs:
    """The input sizes that a network accepts, with the axes in `free` named beside the spatial."""
    named = with_named_sizes(graph, free)
    network = FixedNetwork(named)
    return AcceptedInputs(network, explore(network, examples(named)), any_batch=BATCH in free)


def _parts(found: Exploration) -> tuple[Part, ...]:
    return tuple(Part(path.region, path.relations) for path in found.paths if path.accepted)


def _corner(box: Box) -> Point:
    return tuple(sizes.smallest or 0 for sizes in box)


def _distance(point: Point, target: Point) -> tuple[int, Point]:
    return sum(abs(a - b) for a, b in zip(point, target, strict=True)), point


def _sizes_to_dict(sizes: SizeSet, name: str) -> dict[str, Any]:
    """Members below `from`; from it on the rests by `period`."""
    return {
        "text": sizes_in_words(sizes, [name]),
        "values": [size for size in range(1, sizes.start) if sizes.low >> size & 1],
        "from": sizes.start if sizes.rests else None,
        "period": sizes.period,
        "rests": [rest for rest in range(sizes.period) if sizes.rests >> rest & 1],
    }


def _size_to_json(size: int, residues: Mapping[str, tuple[int, int]]) -> int | str:
    if isinstance(size, Dim):
        return show(size, residues)
    return str(size) if str(size) == BATCH else size
