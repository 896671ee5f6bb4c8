"""A model file mended: faults in turn, each by the first change after which it is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Fix, UnreadableError
from cnnshape.repair.flatten import flatten
from cnnshape.repair.padding import padding
from cnnshape.repair.proposal import Proposal, objection
from cnnshape.repair.reason import unrepaired
from cnnshape.repair.state import Key, State, state_of
from cnnshape.repair.text import Text
from cnnshape.repair.value import expectation, number, spelling
from cnnshape.sources.spec.reader import Options, UsageError

MOST_REPAIRS = 500
MOST_WORK = 2_000_000
WORK_OF_TRIAL = 1_500
"""A trial costs this and one a layer."""

Propose = Callable[[State, Diagnostic], Iterator[Proposal]]
PROPOSALS: tuple[Propose, ...] = (flatten, number, padding)
SPELLING = ("unknown-type", "unknown-field", "unknown-reference")


class Repair(NamedTuple):
    """A fault that was mended: how, and what was written where, as the file stood then."""

    diagnostic: Diagnostic
    words: str
    notes: tuple[str, ...]
    fixes: tuple[Fix, ...]


class Left(NamedTuple):
    """An error that remains, and why."""

    diagnostic: Diagnostic
    reason: str


class Outcome(NamedTuple):
    """A model file before and after, and what is known of it then."""

    path: str
    before: str
    after: str
    repairs: tuple[Repair, ...]
    left: tuple[Left, ...]
    analysis: Analysis


def mend(file: str, content: bytes, options: Options, *, expectations: bool = False) -> Outcome:
    """Repair all that can be; UnreadableError and UsageError as the reader has them."""
    text = Text(content.decode("utf-8", "replace"))
    return _Mending(state_of(file, text, options), options, expectations).outcome()


class _Mending:
    def __init__(self, state: State, options: Options, expectations: bool) -> None:
        self.first = self.state = state
        self.options = options
        self.expectations = expectations
        self.repairs: list[Repair] = []
        self.reasons: dict[Key, str] = {}
        self.work = MOST_WORK

    def outcome(self) -> Outcome:
        """Repair until nothing changes any more."""
        while len(self.repairs) < MOST_REPAIRS and self._step():
            pass
        left = [Left(item, self._reason(item)) for item in self.state.errors]
        return Outcome(
            self.state.document.file,
            self.first.text.raw,
            self.state.text.raw,
            tuple(self.repairs),
            tuple(left),
            self.state.analysis,
        )

    def _reason(self, diagnostic: Diagnostic) -> str:
        known = self.reasons.get(self.state.key_of(diagnostic))
        return known or f"there is room for {MOST_REPAIRS} repairs in one run"

    def _step(self) -> bool:
        """Repair the first fault that can be; what was in the way of one may then be gone."""
        for diagnostic in self.state.errors:
            key = self.state.key_of(diagnostic)
            if key not in self.reasons and self._repair(diagnostic, key):
                self.reasons.clear()
                return True
        return False

    def _repair(self, diagnostic: Diagnostic, key: Key) -> bool:
        found = self._best(diagnostic, key)
        if found is None:
            return False
        proposal, after = found
        text, file = self.state.text, self.state.document.file
        fixes = tuple(Fix(text.span(file, edit), edit.text) for edit in sorted(proposal.edits))
        self.repairs.append(Repair(diagnostic, proposal.words, proposal.notes, fixes))
        self.state = after
        return True

    def _best(self, diagnostic: Diagnostic, key: Key) -> tuple[Proposal, State] | None:
        """The first change that mends and uncovers nothing, or else the one that uncovers least."""
        best: tuple[int, Proposal, State] | None = None
        refused: list[str] = []
        for proposal in self._proposals(diagnostic):
            self.work -= WORK_OF_TRIAL + len(self.state.graph.nodes)
            if self.work < 0:
                refused.append("the model is too large to try more")
                break
            after = self._tried(proposal)
            why = "it would not be YAML any more" if after is None else None
            if after is not None:
                why = objection(self.state, after, diagnostic, proposal)
            if why is not None or after is None:
                refused.append(why or "")
                continue
            uncovered = len(after.keys - self.state.keys)
            if best is None or uncovered < best[0]:
                best = uncovered, proposal, after
            if uncovered == 0:
                break
        if best is None:
            self.reasons[key] = unrepaired(self.state, diagnostic, refused, self.expectations)
            return None
        return best[1:]

    def _proposals(self, diagnostic: Diagnostic) -> Iterator[Proposal]:
        if diagnostic.rule == "expectation-failed":
            if self.expectations:
                yield from expectation(self.state, diagnostic)
        elif diagnostic.rule in SPELLING:
            yield from spelling(self.state, diagnostic)
        else:
            for propose in PROPOSALS:
                yield from propose(self.state, diagnostic)

    def _tried(self, proposal: Proposal) -> State | None:
        """The file with a change made; None where it is no model any more."""
        changed = self.state.text.changed(proposal.edits)
        try:
            return state_of(self.state.document.file, changed, self.options)
        except (UnreadableError, UsageError):
            return None
