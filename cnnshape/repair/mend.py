"""A model file mended: faults in turn, each by the first change after which it is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Fix, UnreadableError
from cnnshape.repair.flatten import flatten
from cnnshape.repair.padding import padding
from cnnshape.repair.proposal import Objection, Proposal, objection
from cnnshape.repair.reason import unrepaired
from cnnshape.repair.state import Key, State, state_of
from cnnshape.repair.text import Edit, Text
from cnnshape.repair.value import expectation, number, spelling
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import parse
from cnnshape.sources.spec.shape import UsageError

MOST_REPAIRS = 5_000
MOST_WORK = 2_000_000
WORK_OF_TRIAL = 1_500
"""A trial costs this and one a layer."""

NUMBERS = 2
"""The turn of faults that another number mends."""

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
    encoding: str = "utf-8"


def mend(file: str, content: bytes, options: Options, *, expectations: bool = False) -> Outcome:
    """Repair all that can be; UnreadableError and UsageError as the reader has them."""
    document = parse(file, content)
    state = State(Text(content.decode()), document, options)
    return Mending(state, options, expectations).outcome()


class Mending:
    """A file and what was done to it; `work` is how much more may be tried."""

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

    def _many(self) -> bool:
        """Repair at once all faults that need one number each, if there are several."""
        chosen: list[tuple[Diagnostic, Proposal]] = []
        changed: dict[int, Edit] = {}
        for diagnostic in self.state.errors:
            key = self.state.key_of(diagnostic)
            simple = diagnostic.fix is not None and key not in self.reasons
            found = next(self._proposals(diagnostic), None) if simple else None
            if found is not None and not any(edit.start in changed for edit in found.edits):
                changed |= {edit.start: edit for edit in found.edits}
                chosen.append((diagnostic, found))
        after = self._tried(changed.values()) if len(chosen) > 1 else None
        if after is None or any(objection(self.state, after, *item) for item in chosen):
            return False
        self._accept(chosen, after)
        return True

    def _accept(self, chosen: Iterable[tuple[Diagnostic, Proposal]], after: State) -> None:
        text, file = self.state.text, self.state.document.file
        for diagnostic, proposal in chosen:
            fixes = tuple(Fix(text.span(file, edit), edit.text) for edit in sorted(proposal.edits))
            self.repairs.append(Repair(diagnostic, proposal.words, proposal.notes, fixes))
        self.state = after
        self.reasons.clear()

    def _step(self) -> bool:
        """Repair the first fault that can be; what was in the way of one may then be gone.

        Names come before layers, and layers before numbers: what arrives depends on them.
        """
        errors = sorted(self.state.errors, key=self._turn)
        structure = [item for item in errors if self._turn(item)[0] < NUMBERS]
        numbers = errors[len(structure) :]
        return self._one_of(structure) or self._many() or self._one_of(numbers)

    def _turn(self, diagnostic: Diagnostic) -> tuple[int, int]:
        """When a fault is looked at: its kind's turn, and its layer's place in the network."""
        place = self.state.order.get(diagnostic.layer or "", -1)
        if diagnostic.rule in SPELLING:
            return 0, place
        fault = self.state.fault_of(diagnostic)
        numbers = fault is not None and bool(fault.error.choices)
        structural = diagnostic.rule in ("size-mismatch", "shape-mismatch") and not numbers
        return (1 if structural else NUMBERS), place

    def _one_of(self, errors: Iterable[Diagnostic]) -> bool:
        for diagnostic in errors:
            key = self.state.key_of(diagnostic)
            found = None if key in self.reasons else self.best(diagnostic, key)
            if found is not None:
                proposal, after = found
                self._accept([(diagnostic, proposal)], after)
                return True
        return False

    def best(self, diagnostic: Diagnostic, key: Key) -> tuple[Proposal, State] | None:
        """The first change that mends and uncovers nothing, or else the one that uncovers least."""
        best: tuple[int, Proposal, State] | None = None
        refused: list[Objection] = []
        for proposal in self._proposals(diagnostic):
            if self.work < 0:
                refused.append(Objection("the model is too large to try more"))
                break
            after = self._tried(proposal.edits)
            if after is None:
                refused.append(Objection(f"with {proposal.words} it would be no model", False))
                continue
            why = objection(self.state, after, diagnostic, proposal)
            if why is not None:
                refused.append(why)
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

    def _tried(self, edits: Iterable[Edit]) -> State | None:
        """The file with a change made; None where it is no model any more."""
        self.work -= WORK_OF_TRIAL + len(self.state.graph.nodes)
        changed = self.state.text.changed(edits)
        try:
            return state_of(self.state.document.file, changed, self.options)
        except (UnreadableError, UsageError):
            return None
