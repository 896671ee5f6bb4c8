"""Every rule of design, when it has anything to say, and where it is written.

A rule is a function of the subject that gives diagnostics, named as the rule; its module is
imported only for a network that has what the rule is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import NamedTuple

from cnnshape.analysis.design.subject import Subject
from cnnshape.diagnostics import Diagnostic
from cnnshape.window import Slide

MOST = 100
"""Findings on one design that are told."""
MANY_PARAMETERS = 1_000_000
"""Of fewer nobody complains: they are 4 MB."""


class Check(NamedTuple):
    """A rule: its module, and whether it may find anything."""

    module: str
    applies: Callable[[Subject], bool]
    of_size: bool = False
    """What it finds depends on the sizes of maps."""
    beside_errors: bool = False
    """What it finds is so wherever shapes are known, whatever is wrong elsewhere."""


def _slide(subject: Subject, holds: Callable[[Slide], object]) -> bool:
    """Whether something holds for a window of a kernel."""
    return any(holds(slide) for _, slides in subject.sliding for slide in slides)


def _is_tight(slide: Slide) -> bool:
    """Whether padding may be all that a weight meets: on larger maps each meets a value."""
    padded = slide.before or slide.after
    return bool(padded) and slide.size < slide.extent + slide.stride - 1


def _spreads(subject: Subject) -> bool:
    """Whether there is a transposed convolution."""
    return any(
        item.layer.linear and item.layer.channels and not item.layer.slides(item.x[0])
        for item in subject.distinct
    )


def _centres(subject: Subject) -> bool:
    return any(item.layer.centring(item.x[0]) for item in subject.distinct)


def _stay_linear(subject: Subject) -> bool:
    """Whether anything that is linear or a view reads what is linear."""
    readers = (
        subject.applied[reader.name].layer
        for item in subject.distinct
        if item.layer.linear
        for reader in subject.readers.get(item.node.name, ())
    )
    return any(layer.linear or layer.view for layer in readers)


def _sees_all(subject: Subject) -> bool:
    """Whether a receptive field is larger than a side of an input."""
    sides = [side for sizes in subject.input_sizes.values() for side in sizes]
    least = min(sides, default=0)
    return any(
        reach.size > least and reach.axis is not None
        for item in subject.distinct
        for reaches in subject.fields.get(item.node.name, {}).values()
        for reach in reaches
    )


def _asks_for_a_field(subject: Subject) -> bool:
    return any(claim.figure == "receptive_field" for claim in subject.graph.limits)


CHECKS = {
    "pixels-dropped": Check("stride", lambda s: _slide(s, Slide.left_over), of_size=True),
    "same-differs": Check("stride", lambda s: _slide(s, lambda slide: slide.same), of_size=True),
    "dead-padding": Check("kernel", lambda s: _slide(s, _is_tight) or _spreads(s), of_size=True),
    "checkerboard": Check("kernel", _spreads),
    "bias-before-norm": Check("normalisation", _centres),
    "norm-of-one": Check("normalisation", _centres, of_size=True),
    "linear-after-linear": Check("linear", _stay_linear),
    "softmax-before-loss": Check("loss", lambda s: bool(s.graph.loss and s.graph.outputs)),
    "unused-layer": Check("wiring", lambda s: not s.live.issuperset(s.applied)),
    "bottleneck": Check("size", lambda s: s.totals.params > MANY_PARAMETERS, of_size=True),
    "field-exceeds-input": Check("field", _sees_all, of_size=True),
    "field-too-small": Check("field", _asks_for_a_field, of_size=True),
    "not-aligned": Check("alignment", lambda s: bool(s.unaligned), beside_errors=True),
}
"""Rule → check."""


def findings(subject: Subject, *, errors: bool) -> Iterator[Diagnostic]:
    """What is wrong with a design that fits; where there are errors, what is so beside them."""
    return islice(_findings(subject, errors), MOST)


def _findings(subject: Subject, errors: bool) -> Iterator[Diagnostic]:
    for rule, check in CHECKS.items():
        if (check.beside_errors or not errors) and check.applies(subject):
            module = import_module(f"cnnshape.analysis.design.{check.module}")
            yield from _once(getattr(module, rule.replace("-", "_"))(subject))


def _once(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What a block repeats is told once."""
    places: dict[object, Diagnostic] = {}
    for item in found:
        places.setdefault(item.span or item.layer, item)
        if len(places) == MOST:
            break
    return list(places.values())
