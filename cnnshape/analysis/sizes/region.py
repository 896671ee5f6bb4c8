"""Sets of points, one size a name: unions of boxes, each a product of sets of sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from cnnshape.analysis.sizes.size_set import ANY, NONE, SizeSet

Box = tuple[SizeSet, ...]
Point = tuple[int, ...]


class Region(NamedTuple):
    """Boxes that do not overlap, in the one form that `region` gives them."""

    axes: int
    boxes: tuple[Box, ...]

    def holds(self, point: Point) -> bool:
        """Whether a point belongs to it."""
        return any(
            all(size in sizes for size, sizes in zip(point, box, strict=True)) for box in self.boxes
        )

    def __and__(self, other: Region) -> Region:
        met = (
            tuple(a & b for a, b in zip(one, two, strict=True))
            for one in self.boxes
            for two in other.boxes
        )
        return region(self.axes, met)

    def __or__(self, other: Region) -> Region:
        return region(self.axes, (*self.boxes, *other.boxes))

    def __sub__(self, other: Region) -> Region:
        return region(self.axes, _left(self.boxes, other.boxes))

    def __bool__(self) -> bool:
        return bool(self.boxes)

    @property
    def is_point(self) -> bool:
        """Whether it holds one point alone."""
        return len(self.boxes) == 1 and all(
            sizes.is_finite and sizes.low.bit_count() == 1 for sizes in self.boxes[0]
        )

    def along(self, axis: int) -> SizeSet:
        """All sizes that any point has along an axis."""
        found = NONE
        for box in self.boxes:
            found |= box[axis]
        return found

    def point_count(self) -> int | None:
        """How many points it has; None: no end of them."""
        if not all(sizes.is_finite for box in self.boxes for sizes in box):
            return None
        return sum(prod(sizes.low.bit_count() for sizes in box) for box in self.boxes)

    def points(self, most: int) -> Iterator[Point]:
        """Some of its points, the smallest sizes of each box first."""
        for box in self.boxes:
            yield from product(*(_first(sizes, most) for sizes in box))


def region(axes: int, boxes: Iterable[Box]) -> Region:
    """The union of boxes: cut along the first axis, cuts of the same rest joined, and so on."""
    return Region(axes, tuple(_cut([box for box in boxes if all(box)], axes)))


def everything(axes: int) -> Region:
    """All points."""
    return Region(axes, ((ANY,) * axes,))


def nothing(axes: int) -> Region:
    """No point."""
    return Region(axes, ())


@lru_cache(maxsize=64)
def widened(found: Region) -> tuple[Box, ...]:
    """Boxes that tell a region, none in vain; widened by one another, so that they may overlap."""
    kept = list(dict.fromkeys(_widened(box, found) for box in found.boxes))
    for box in list(kept):
        others = [other for other in kept if other != box]
        if not _left([box], others):
            kept = others
    return tuple(kept)


def _widened(box: Box, found: Region) -> Box:
    """A box, along each axis as wide as the boxes that cover the rest of it."""
    for axis in range(found.axes):
        for other in found.boxes:
            rest = enumerate(zip(box, other, strict=True))
            if not any(a - b for place, (a, b) in rest if place != axis):
                box = (*box[:axis], box[axis] | other[axis], *box[axis + 1 :])
    return box


def _cut(boxes: Sequence[Box], axes: int) -> list[Box]:
    if not boxes:
        return []
    if axes == 0:
        return [()]
    slabs = [(sizes, [box[1:] for box in held]) for sizes, held in _slabs(boxes)]
    joined: dict[tuple[Box, ...], SizeSet] = {}
    for sizes, held in slabs:
        key = tuple(_cut(held, axes - 1))
        joined[key] = joined.get(key, NONE) | sizes
    ordered = sorted(joined.items(), key=lambda item: item[1].smallest or 0)
    return [(sizes, *others) for key, sizes in ordered for others in key]


def _slabs(boxes: Sequence[Box]) -> list[tuple[SizeSet, list[Box]]]:
    """The first axis in pieces that no box cuts, each with the boxes above it."""
    alike: dict[SizeSet, list[Box]] = {}
    for box in boxes:
        alike.setdefault(box[0], []).append(box)
    slabs: list[tuple[SizeSet, list[Box]]] = []
    for first, above in alike.items():
        new, parted = first, []
        for sizes, held in slabs:
            met = sizes & first
            if met:
                parted.append((met, held + above))
                new -= met
            if met != sizes:
                parted.append((sizes - met, held))
        slabs = [*parted, (new, above)] if new else parted
    return slabs


def _left(boxes: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """Boxes less other ones."""
    left = list(boxes)
    for other in others:
        left = [part for box in left for part in _without(box, other)]
        if not left:
            break
    return left


def _without(box: Box, other: Box) -> Iterator[Box]:
    """A box less another one, as boxes."""
    met = tuple(a & b for a, b in zip(box, other, strict=True))
    if not all(met):
        yield box
        return
    for axis, sizes in enumerate(met):
        if sizes != box[axis]:
            yield (*met[:axis], box[axis] - sizes, *box[axis + 1 :])


def _first(sizes: SizeSet, most: int) -> list[int]:
    return [size for size, _ in zip(sizes.members(), range(most), strict=False)]
