"""What could mend a fault: edits, and what must be true once they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cnnshape.diagnostics import Diagnostic
from cnnshape.repair.state import Key, State, brought
from cnnshape.repair.text import Edit

Against = Callable[[State, State], str | None]


class Proposal(NamedTuple):
    """A change to try.

    `gone` are the errors that it must leave none of, by default the one that is told; `strict`
    means that their layers then have no other one either; `against` is what else may be said
    against it, given the states before and after.
    """

    edits: tuple[Edit, ...]
    words: str
    gone: tuple[Key, ...] = ()
    strict: bool = False
    notes: tuple[str, ...] = ()
    against: Against | None = None


def same_elsewhere(after: State, keys: Iterable[Key]) -> str | None:
    """What is said where another use of a block has the fault that this one had."""
    for key in keys:
        if key in after.keys:
            return f"is not right for `{key.layer}`"
    return None


class Objection(NamedTuple):
    """Why a change is no repair, and whether it would mend the fault as such."""

    text: str
    mends: bool = True


def objection(
    before: State, after: State, diagnostic: Diagnostic, proposal: Proposal
) -> Objection | None:
    """Why a change is no repair; None if it is one."""
    left = _left(before, after, diagnostic, proposal)
    if left is not None:
        return Objection(left, mends=False)
    new = brought(before, after)
    if new:
        words = _words(after, new[0])
        return Objection(f"{proposal.words} would bring another fault: {words}")
    more = proposal.against(before, after) if proposal.against is not None else None
    return None if more is None else Objection(f"{proposal.words} {more}")


def _left(before: State, after: State, diagnostic: Diagnostic, proposal: Proposal) -> str | None:
    """What the change leaves of the fault."""
    if not proposal.gone:
        key = before.key_of(diagnostic)
        fewer = after.keys[key] < before.keys[key]
        return None if fewer else f"{proposal.words} does not mend it"
    for key in proposal.gone:
        if key in after.keys or (proposal.strict and key.layer in after.faults):
            return f"{proposal.words} does not mend it: {_words(after, key)}"
    return None


def _words(after: State, key: Key) -> str:
    """The new fault as it would be told."""
    fault = after.faults.get(key.layer or "")
    if fault is not None:
        return f"`{key.layer}` {fault.error.message}"
    messages = [item.message for item in after.errors if item.rule == key.rule]
    return messages[0] if messages else key.rule
