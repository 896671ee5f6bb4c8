"""Which layers keep sizes out, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnnshape.analysis.sizes.explore import Exploration, Path
from cnnshape.analysis.sizes.region import Region, everything
from cnnshape.analysis.sizes.words import region_in_words
from cnnshape.diagnostics import Span
from cnnshape.dim import EQUAL, Condition, Size, show
from cnnshape.dim.expression import single
from cnnshape.dim.formula import products
from cnnshape.graph import Node


class Cause(NamedTuple):
    """A layer, and the condition that it puts on the sizes."""

    layer: str
    type: str
    condition: str
    """The rule as a formula."""
    sizes: str
    """The sizes that meet it, in words."""
    span: Span | None = None

    @property
    def is_simple(self) -> bool:
        """Whether the sizes say all that the rule says."""
        return not any(sign in self.condition for sign in ("floor", "ceil", "mod", "·"))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "layer": self.layer,
            "type": self.type,
            "file": self.span.file if self.span else None,
            "line": self.span.line if self.span else None,
            "condition": self.condition,
            "sizes": self.sizes,
        }


def causes_of(found: Exploration, accepted: Region, names: Sequence[str]) -> tuple[Cause, ...]:
    """The conditions that every accepted size meets, less those that follow from the others."""
    if not accepted and not any(path.accepted for path in found.paths):
        return _faults(found, names)
    for path in found.paths:  # relations between sizes leave more points than a region can tell
        accepted = accepted | path.region if path.accepted else accepted
    needed: dict[Condition, tuple[Node, str, Region]] = {}
    for path in found.paths:
        for condition, holds, met in _solved(path, names):
            cause = path.recording.causes[condition]
            if isinstance(cause, Node) and not (accepted - met):
                asked = path.recording.asked[condition]
                said = asked if condition.relation == EQUAL else condition
                needed.setdefault(condition, (cause, in_signs(said, holds), met))
    binding = _binding([met for _, _, met in needed.values()], len(names))
    held: dict[str, tuple[Node, list[str], Region]] = {}
    for (node, text, met), binds in zip(needed.values(), binding, strict=True):
        if binds:
            _, texts, region = held.get(node.name, (node, [], everything(len(names))))
            held[node.name] = (node, [*texts, text], region & met)
    causes = [
        Cause(
            node.name, node.type, " and ".join(texts), region_in_words(met, names), node.place.span
        )
        for node, texts, met in held.values()
    ]
    return (*causes, *_related(found))


def _related(found: Exploration) -> tuple[Cause, ...]:
    """The layers that ask for relations between sizes, where all accepted sizes meet the same."""
    accepted = [path for path in found.paths if path.accepted]
    causes: dict[str, Cause] = {}
    for literal in accepted[0].relations if len(accepted) == 1 else ():
        node, text = accepted[0].recording.causes[literal.condition], in_signs(*literal)
        if isinstance(node, Node):
            before = causes.get(node.name)
            text = f"{before.condition} and {text}" if before else text
            causes[node.name] = Cause(node.name, node.type, text, text, node.place.span)
    return tuple(causes.values())


def _faults(found: Exploration, names: Sequence[str]) -> tuple[Cause, ...]:
    """Where no size is accepted: the faults that large inputs end in."""
    causes = []
    for path in found.paths:
        if all(path.region.along(axis).rests for axis in range(len(names))):
            node, error = path.walk.faults[0].node, path.walk.faults[0].error
            words = region_in_words(path.region, names)
            causes.append(Cause(node.name, node.type, error.message, words, node.place.span))
    return tuple(causes)


def _solved(path: Path, names: Sequence[str]) -> list[tuple[Condition, bool, Region]]:
    """What was found on a path, as the points of which the same is found."""
    space = everything(len(names))
    return [
        (condition, holds, points if holds else space - points)
        for condition, points in path.solved.items()
        for holds in [path.recording.found[condition]]
    ]


def _binding(regions: list[Region], axes: int) -> list[bool]:
    """Which of some regions are needed for their intersection; of equal ones the first."""
    following = [everything(axes)]
    for met in reversed(regions):
        following.append(following[-1] & met)
    following.reverse()
    kept = []
    before = everything(axes)
    for number, met in enumerate(regions):
        binds = bool((before & following[number + 1]) - met)
        kept.append(binds)
        if binds:
            before &= met
    return kept


def in_signs(condition: Condition, holds: bool) -> str:
    """A condition as an equation: `20·floor((H - 12)/4) = 320`, `H ≥ 28`."""
    parts, constant = products(condition.size)
    left: Size = 0
    right: Size = -constant
    for part in parts:
        term: Size = abs(part.coefficient)
        for atom, shift in part.factors:
            term = term * single(atom).shifted(shift)
        left, right = (left + term, right) if part.coefficient > 0 else (left, right + term)
    if condition.relation == EQUAL:
        return f"{show(left)} {'=' if holds else '≠'} {show(right)}"
    if left == 0:
        return f"{show(right + constant)} {'≤' if holds else '>'} {constant}"
    return f"{show(left)} {'≥' if holds else '<'} {show(right)}"
