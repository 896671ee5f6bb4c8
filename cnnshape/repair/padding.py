"""Paddings that keep the size where branches meet that should be of one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from cnnshape.analysis.rewrite import anchor_end
from cnnshape.analysis.walk import Fault
from cnnshape.diagnostics import Diagnostic
from cnnshape.layers.sliding import Sliding
from cnnshape.repair.proposal import Proposal, same_elsewhere
from cnnshape.repair.site import Entry
from cnnshape.repair.state import State, key_of_fault
from cnnshape.repair.text import Edit
from cnnshape.sources.spec.document import Value

MOST_LAYERS, MOST_TOGETHER = 12, 6
"""Layers that are tried by themselves, and in any combination."""
FIELD, BEFORE = "padding", "kernel_size"


class Window(NamedTuple):
    """A layer of a branch whose padding can be chosen."""

    name: str
    layer: Sliding
    entry: Entry
    keeping: int | str | list[int]
    """The padding with which its output has the size of its input, divided by the stride."""

    @property
    def is_keeping(self) -> bool:
        pads = self.layer.pads
        if isinstance(self.keeping, str) or isinstance(pads, str):
            return pads in (self.keeping, "same", "same_lower")
        wanted = self.keeping if isinstance(self.keeping, list) else [self.keeping] * len(pads)
        return pads == tuple((pad, pad) for pad in wanted)

    @property
    def strides(self) -> bool:
        return any(stride > 1 for _, stride, _ in self.layer.taps)


Choice = tuple[Window, int | str | list[int]]


def padding(state: State, diagnostic: Diagnostic) -> Iterator[Proposal]:
    """Paddings to try: of one layer, of several that keep no size, and then other numbers."""
    fault = state.fault_of(diagnostic)
    if fault is None or fault.error.rule != "shape-mismatch" or not _differs(state, fault):
        return
    windows = list(_windows(state, fault))
    wrong = [window for window in windows if not window.is_keeping]
    still = [window for window in wrong if not window.strides]
    choices = [[(window, window.keeping)] for window in wrong]
    choices += _together(still)
    choices += [[(window, number)] for window in windows for number in _numbers(window.layer)]
    choices += _together(wrong) if len(still) < len(wrong) else []
    for chosen in choices:
        yield from _proposal(state, fault, chosen)


def _together(windows: list[Window]) -> list[list[Choice]]:
    """Several layers that keep the size, the fewest first."""
    some = windows[:MOST_TOGETHER]
    counts = range(2, len(some) + 1)
    groups = (group for count in counts for group in combinations(some, count))
    return [[(window, window.keeping) for window in group] for group in groups]


def _differs(state: State, fault: Fault) -> bool:
    """Whether the operands differ in more than their channels."""
    one, other = fault.x[0], fault.x[fault.error.operand or 0]
    if len(one) != len(other) or len(one) < 3:
        return False
    channels = len(one) - 1 if state.graph.channels_last else 1
    pairs = enumerate(zip(one, other, strict=True))
    return any(a != b for axis, (a, b) in pairs if axis != channels)


def _windows(state: State, fault: Fault) -> Iterator[Window]:
    """Convolutions and poolings of the branches, less what comes before all of them."""
    branches = [_ancestors(state, name) for name in fault.node.inputs]
    private = set[str]().union(*branches) - branches[0].intersection(*branches)
    seen: set[int] = set()
    names = [name for name in state.nodes if name in private]
    for name in names[::-1]:
        node = state.nodes[name]
        span, layer = node.place.span, node.layer
        entry = state.sites.entries.get(span) if span is not None else None
        if entry is None or not isinstance(layer, Sliding) or id(entry.value) in seen:
            continue
        if FIELD in type(layer).model_fields and len(seen) < MOST_LAYERS:
            seen.add(id(entry.value))
            yield Window(name, layer, entry, _keeping(layer))


def _ancestors(state: State, name: str) -> set[str]:
    """A layer and all that it depends on."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += state.nodes[name].inputs if name in state.nodes else ()
    return found


def _keeping(layer: Sliding) -> int | str | list[int]:
    totals = [dilation * (kernel - 1) for kernel, _, dilation in layer.taps]
    odd = any(t % 2 and s == 1 for t, (_, s, _) in zip(totals, layer.taps, strict=True))
    if odd:
        return "same"
    halves = [total // 2 for total in totals]
    return halves[0] if len(set(halves)) == 1 else halves


def _numbers(layer: Sliding) -> list[int]:
    """Other paddings, the nearest first; none reaches further than half of the window."""
    pads = layer.pads
    now = 0 if isinstance(pads, str) else pads[0][0]
    extent = min(dilation * (kernel - 1) + 1 for kernel, _, dilation in layer.taps)
    return sorted((p for p in range(extent // 2 + 1) if p != now), key=lambda p: abs(p - now))


def _proposal(state: State, fault: Fault, chosen: Iterable[Choice]) -> Iterator[Proposal]:
    edits: list[Edit] = []
    words: list[str] = []
    for window, value in chosen:
        found = _edit(state, window.entry, value)
        if found is None:
            return
        edit, instead = found
        edits.append(edit)
        words.append(f"`{FIELD}: {value}` of `{window.name}`{instead}")
    yield Proposal(
        tuple(edits),
        " and ".join(words),
        tuple(map(key_of_fault, state.alike(fault))),
        strict=True,
        against=lambda before, after: same_elsewhere(after, before.siblings(fault)),
    )


def _edit(state: State, entry: Entry, value: object) -> tuple[Edit, str] | None:
    """The padding written anew, or put in after `kernel_size`."""
    given = entry.value.data.get(FIELD)
    if given is None:
        edit = _put_in(state, entry, f"{FIELD}: {value}")
        return None if edit is None else (edit, "")
    span = state.document.span(given)
    if span is None or state.sites.keys_of(given) != {FIELD}:
        return None
    text = state.text.at(span)
    start = anchor_end(text)
    if "\n" in text:
        return None
    edit = Edit(state.text.start(span) + start, state.text.end(span), str(value))
    return edit, f" in place of `{text[start:]}`"


def _put_in(state: State, entry: Entry, item: str) -> Edit | None:
    """A new key of a mapping: behind a comma, or as a line of its own."""
    key, value = entry.value.keys.get(BEFORE), entry.value.data.get(BEFORE)
    if key is None or value is None or not state.sites.is_inside(key, entry.value):
        return None
    at, end = state.document.span(key), state.document.span(value)
    outer = state.document.span(entry.value)
    if at is None or end is None or outer is None:
        return None
    text = state.text
    follows = _follows(state, entry.value, key, value)
    own = text.at(outer)
    if own[anchor_end(own) :].startswith("{"):
        place = text.end(end) if follows else text.start(at)
        return Edit(place, place, f", {item}" if follows else f"{item}, ")
    indent = " " * (at.column - 1)
    if follows:
        place = text.line_end(end.end_line)
        return Edit(place, place, f"{text.line_break(at.line)}{indent}{item}")
    place = text.start(at)
    return Edit(place, place, f"{item}{text.line_break(at.line)}{indent}")


def _follows(state: State, outer: Value, key: Value, value: Value) -> bool:
    """Whether a value stands behind its key on its line, not elsewhere by an alias."""
    one, other = state.document.span(key), state.document.span(value)
    return (
        one is not None
        and other is not None
        and state.sites.is_inside(value, outer)
        and one.line == other.line == other.end_line
        and one.column < other.column
    )
