"""Rules of branches that meet: `not-aligned`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnnshape.analysis.design.finding import warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.fields import Unaligned
from cnnshape.diagnostics import Diagnostic


def not_aligned(subject: Subject) -> Iterator[Diagnostic]:
    """Branches whose receptive fields do not line up (Araujo, Norris and Sim 2019, "alignment")."""
    return (_unaligned(item) for item in subject.unaligned if item.node.name in subject.live)


def _unaligned(item: Unaligned) -> Diagnostic:
    one, other = item.reaches
    middles = Fraction(one.centre) / 2, Fraction(other.centre) / 2
    help = (
        "give both the same strides"
        if one.stride != other.stride
        else "odd kernels with a padding of half their size on every side line up"
    )
    return warning_at(
        "not-aligned",
        item.node,
        f"joins branches whose receptive fields do not line up: `{item.one}` and `{item.other}`",
        field="from",
        notes=[
            f"`{item.one}`: stride {one.stride}, middle at {middles[0]}",
            f"`{item.other}`: stride {other.stride}, middle at {middles[1]}",
        ],
        help=help,
    )
