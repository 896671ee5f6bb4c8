"""Which layer of one network is which of another: by name first, then by structure.

A name that its author gave says which layer is meant. One that only counts (`relu_3`) does not:
such layers are matched by their place between those that are known, and by what they are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher

from cnnshape.analysis.result import LayerResult

Pairs = dict[int, int]
"""Number of a layer before → its number after."""
Key = Callable[[LayerResult], Hashable]

MOST_WORK = 4_000_000
"""Pairs of layers that are looked at between two that are known; beyond, names alone count."""


def matched(before: Sequence[LayerResult], after: Sequence[LayerResult]) -> Pairs:
    """The layers that are the same one in both."""
    pairs = _by_name(before, after, is_named)
    for key, chosen in ((structure, _any), (_kind, _is_counted)):
        for olds, news in _gaps(pairs, before, after, chosen):
            pairs.update(_aligned(olds, news, before, after, key))
    left_before, left_after = _left(pairs, before, after, _any)
    pairs.update(_aligned(left_before, left_after, before, after, structure))
    known, taken = _by_name(before, after, _any), {*pairs.values()}
    for old, new in known.items():  # what no sequence explains
        if old not in pairs and new not in taken and before[old].type == after[new].type:
            pairs[old] = new
            taken.add(new)
    return pairs


def structure(layer: LayerResult) -> Hashable:
    """What a layer is, whatever it is called."""
    shape = None if layer.output_shape is None else tuple(map(str, layer.output_shape))
    return layer.type, shape, str(layer.params)


def _kind(layer: LayerResult) -> Hashable:
    return layer.type, layer.name.rpartition(".")[0]


def _any(_: LayerResult) -> bool:
    return True


def is_named(layer: LayerResult) -> bool:
    """Whether the name says which layer it is, and does not only count."""
    parts = [(layer.name, layer.type), *((scope.name, scope.type) for scope in layer.scopes)]
    return not any(_counts(name.rpartition(".")[2], kind) for name, kind in parts)


def _is_counted(layer: LayerResult) -> bool:
    return not is_named(layer)


def _counts(name: str, kind: str) -> bool:
    """Whether a name is that of the k-th layer of a type."""
    return re.fullmatch(rf"{re.escape(kind.partition(' ')[0])}_\d+", name) is not None


def _by_name(
    before: Sequence[LayerResult],
    after: Sequence[LayerResult],
    chosen: Callable[[LayerResult], bool],
) -> Pairs:
    numbers = {layer.name: number for number, layer in enumerate(after) if chosen(layer)}
    return {
        number: numbers[layer.name]
        for number, layer in enumerate(before)
        if layer.name in numbers and chosen(layer)
    }


def _left(
    pairs: Pairs,
    before: Sequence[LayerResult],
    after: Sequence[LayerResult],
    chosen: Callable[[LayerResult], bool],
) -> tuple[list[int], list[int]]:
    """The layers of both that have no partner yet."""
    taken = {*pairs.values()}
    olds = [n for n, layer in enumerate(before) if n not in pairs and chosen(layer)]
    news = [n for n, layer in enumerate(after) if n not in taken and chosen(layer)]
    return olds, news


def _gaps(
    pairs: Pairs,
    before: Sequence[LayerResult],
    after: Sequence[LayerResult],
    chosen: Callable[[LayerResult], bool],
) -> Iterator[tuple[list[int], list[int]]]:
    """What is left between one pair and the next, of those that stand in one order in both."""
    olds, news = _left(pairs, before, after, chosen)
    anchors = in_order(pairs)
    old_gap = [bisect_left(anchors, (n, -1)) for n in olds]
    seconds = [new for _, new in anchors]
    new_gap = [bisect_left(seconds, n) for n in news]
    for gap in sorted({*old_gap} & {*new_gap}):
        yield (
            [n for n, own in zip(olds, old_gap, strict=True) if own == gap],
            [n for n, own in zip(news, new_gap, strict=True) if own == gap],
        )


def in_order(pairs: Pairs) -> list[tuple[int, int]]:
    """The most pairs that stand in one order in both: the longest rising subsequence."""
    ends: list[int] = []
    chains: list[tuple[int, int, int | None]] = []
    last: list[int] = []
    for old, new in sorted(pairs.items()):
        length = bisect_left(ends, new)
        chains.append((old, new, last[length - 1] if length else None))
        ends[length : length + 1] = [new]
        last[length : length + 1] = [len(chains) - 1]
    found: list[tuple[int, int]] = []
    link = last[-1] if last else None
    while link is not None:
        old, new, link = chains[link]
        found.append((old, new))
    return found[::-1]


def _aligned(
    olds: Sequence[int],
    news: Sequence[int],
    before: Sequence[LayerResult],
    after: Sequence[LayerResult],
    key: Key,
) -> Pairs:
    """Layers that are alike by a key, each in its turn."""
    if len(olds) * len(news) > MOST_WORK:
        return {}
    first, second = [key(before[n]) for n in olds], [key(after[n]) for n in news]
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return {
        olds[block.a + step]: news[block.b + step]
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
