"""Sets of sizes in words: `H, W ≥ 16`, `H and W multiples of 32`, `28 ≤ H ≤ 31`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice

from cnnshape.analysis.sizes.region import Box, Region, widened
from cnnshape.analysis.sizes.size_set import ANY, SizeSet, at_least, size_set

MOST_PIECES = 8
"""Pieces of a set that are told, and boxes of a region."""


def region_in_words(found: Region, names: Sequence[str], most: int = MOST_PIECES) -> str:
    """A region: its boxes, square ones first, joined by `or`; `any` or `none`."""
    if not found:
        return "none"
    if all(sizes == ANY for sizes in found.boxes[0]):
        return "any"
    boxes = in_order(found)
    texts = [box_in_words(box, names) for box in boxes[:most]]
    if len(boxes) > most:
        texts.append(f"… ({len(boxes)} in all)")
    joint = ", or " if any(" and " in text or ", " in text for text in texts) else " or "
    return joint.join(texts).replace(", or …", ", …").replace(" or …", ", …")


def residues_of(found: Region, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Name → (modulus, rest), where all its sizes leave one rest."""
    residues = {}
    for axis, name in enumerate(names):
        sizes = found.along(axis)
        rests = [rest for rest in range(sizes.period) if sizes.rests >> rest & 1]
        if sizes.period > 1 and len(rests) == 1 and not sizes.low:
            residues[name] = (sizes.period, rests[0])
    return residues


def in_order(found: Region) -> list[Box]:
    """Boxes with square points first, then by the number of values at their smallest point."""

    def rank(box: Box) -> tuple[bool, int, list[int], list[bool]]:
        smallest = [sizes.smallest or 0 for sizes in box]
        values = 1
        for size in smallest:
            values *= size
        return not is_square(box), values, smallest, [sizes == ANY for sizes in box]

    return sorted(widened(found), key=rank)


def is_square(box: Box) -> bool:
    """Whether it holds a point whose sizes are all equal."""
    common = ANY
    for sizes in box:
        common &= sizes
    return bool(common)


def box_in_words(box: Box, names: Sequence[str]) -> str:
    """A box: the names of one set told together where that reads well."""
    alike: dict[SizeSet, list[str]] = {}
    for sizes, name in zip(box, names, strict=True):
        if sizes != ANY:
            alike.setdefault(sizes, []).append(name)
    return " and ".join(sizes_in_words(sizes, held) for sizes, held in alike.items()) or "any"


def sizes_in_words(sizes: SizeSet, names: Sequence[str]) -> str:
    """What one set says of names that share it."""
    listed, joined = ", ".join(names), " and ".join(names)
    if sizes == ANY:
        return f"{listed} any"
    if not sizes:
        return f"no {joined}"
    if sizes == at_least(sizes.start) and not sizes.low:
        return f"{listed} ≥ {sizes.start}"
    if sizes.is_finite:
        return _finite(sizes, names)
    if sizes.period == 1:
        below = size_set(sizes.start, 1, sizes.low, 0)
        pieces = len(list(_runs(below, sizes.start)))
        if pieces <= MOST_PIECES // 2:
            tail = f"{listed} ≥ {sizes.start}"
            return f"{_finite(below, names)}, or {tail}"
    return _periodic(sizes, names)


def _finite(sizes: SizeSet, names: Sequence[str]) -> str:
    runs = list(islice(_runs(sizes, sizes.start), MOST_PIECES + 1))
    if len(runs) == 1 and runs[0][0] != runs[0][1]:
        return " and ".join(f"{runs[0][0]} ≤ {name} ≤ {runs[0][1]}" for name in names)
    listed = ", ".join(names)
    if len(runs) == 1:
        return " and ".join(f"{name} = {runs[0][0]}" for name in names)
    texts = [f"{a}" if a == b else f"{a}..{b}" for a, b in runs[:MOST_PIECES]]
    more = ", …" if len(runs) > MOST_PIECES else ""
    return f"{listed} in {{{', '.join(texts)}{more}}}"


def _runs(sizes: SizeSet, end: int) -> list[tuple[int, int]]:
    """Members below an end as runs, (first, last)."""
    members = [size for size in range(1, end) if sizes.low >> size & 1]
    runs = []
    for _, group in groupby(enumerate(members), key=lambda pair: pair[1] - pair[0]):
        held = [size for _, size in group]
        runs.append((held[0], held[-1]))
    return runs


def _periodic(sizes: SizeSet, names: Sequence[str]) -> str:
    """What repeats: multiples, one rest, several rests; from where on, and what is before."""
    period = sizes.period
    joined, listed = " and ".join(names), ", ".join(names)
    rests = [rest for rest in range(period) if sizes.rests >> rest & 1]
    first = next(sizes.members(sizes.start))
    below = [size for size in range(1, sizes.start) if sizes.low >> size & 1]
    if period == 2:
        text = f"{joined} {'odd' if rests[0] else 'even'}"
    elif rests == [0]:
        many = "multiples" if len(names) > 1 else "a multiple"
        text = f"{joined} {many} of {period}"
    elif len(rests) == period - 1 and 0 not in rests:
        many = "multiples" if len(names) > 1 else "a multiple"
        text = f"{joined} not {many} of {period}"
    elif len(rests) == 1:
        text = f"{listed} = {period}k + {rests[0]}"
    else:
        text = f"{listed} mod {period} in {{{_rests_in_words(rests)}}}"
    if sizes.start > 1 and first >= period:
        text += f" from {first} on"
    if below:
        shown = ", ".join(map(str, below[:MOST_PIECES]))
        text += f", and {shown}{', …' if len(below) > MOST_PIECES else ''}"
    return text


def _rests_in_words(rests: list[int]) -> str:
    texts = []
    for _, group in groupby(enumerate(rests), key=lambda pair: pair[1] - pair[0]):
        held = [rest for _, rest in group]
        texts.append(f"{held[0]}" if len(held) == 1 else f"{held[0]}..{held[-1]}")
    more = len(texts) > MOST_PIECES
    return ", ".join(texts[:MOST_PIECES]) + (", …" if more else "")
