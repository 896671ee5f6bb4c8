"""Findings of a design whose inputs have named sizes: where they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnnshape.analysis.design.registry import CHECKS
from cnnshape.analysis.walk import Applied, Walk
from cnnshape.diagnostics import Diagnostic


def that_hold(
    found: Sequence[Diagnostic], taken: Walk, sizes: Mapping[str, int | None]
) -> Iterator[Diagnostic]:
    """Of what was found at examples that which is so at every size, or at an example given.

    What depends on a size whose example nobody gave is left out: at other sizes it is not so.
    `taken` has the shapes as formulas.
    """
    for item in found:
        applied = taken.applied.get(item.layer or "")
        if item.rule not in CHECKS or not CHECKS[item.rule].of_size or applied is None:
            yield item
            continue
        names = sorted(_names(applied))
        if not names:
            yield item
        elif all(sizes.get(name) is not None for name in names):
            at = " and ".join(f"{name} = {sizes[name]}" for name in names)
            yield item._replace(notes=(f"this is so for {at}", *item.notes))


def _names(applied: Applied) -> set[str]:
    """The named sizes that the shapes around a layer depend on, but for the batch."""
    formulas = (size for shape in (*applied.x, applied.y) for size in shape[1:])
    return {name for size in formulas for name in getattr(size, "names", ())}
