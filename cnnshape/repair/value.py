"""Values to be replaced: numbers that do not fit, figures that are out of date, misspelt names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnnshape.analysis.rewrite import anchor_end, rewrite, written
from cnnshape.analysis.walk import Fault
from cnnshape.diagnostics import Diagnostic
from cnnshape.layer import show
from cnnshape.repair.cause import together
from cnnshape.repair.proposal import Against, Proposal
from cnnshape.repair.state import Key, State, key_of_claim, key_of_fault
from cnnshape.repair.text import Edit, Text
from cnnshape.sources.spec.document import Value
from cnnshape.sources.words import printable

MOST_NAMED = 3
COMMENT = re.compile(r"\s#[^\n]*")


def spelling(state: State, diagnostic: Diagnostic) -> Iterator[Proposal]:
    """The name that was meant, where it can be one only."""
    fix = diagnostic.fix
    if fix is not None:
        edit = Edit(state.text.start(fix.span), state.text.end(fix.span), fix.text)
        words = f"`{fix.text}` in place of `{state.text.at(fix.span)}`"
        yield Proposal((edit,), words, against=_misfit(diagnostic.rule))


def _misfit(rule: str) -> Against:
    """What is said against a name that cannot be meant, since shapes do not fit then."""
    unfit = {"unknown-type": ("bad-rank",), "unknown-reference": ("bad-rank", "shape-mismatch")}

    def against(before: State, after: State) -> str | None:
        for name, fault in after.faults.items():
            if name not in before.faults and fault.error.rule in unfit.get(rule, ()):
                return f"does not fit: `{name}` {fault.error.message}"
        return None

    return against


def _unjudged(faults: Sequence[Fault]) -> Against:
    """What is said against a number while it is not known to be right for one of its layers."""
    places = {(f.error.field or "", f.node.place.fields.get(f.error.field or "")) for f in faults}

    def against(before: State, after: State) -> str | None:
        walk = after.walk
        for name in (name for field, span in places for name in before.users(field, span)):
            if name in after.nodes and (name not in walk.applied or name in walk.unsure):
                return f"may be wrong for `{name}`, which another fault hides"
        return None

    return against


def number(state: State, diagnostic: Diagnostic) -> Iterator[Proposal]:
    """Other numbers for the argument at fault, where it is written or where it comes from."""
    fault = state.fault_of(diagnostic)
    value = state.written(fault) if fault is not None else None
    if fault is None or value is None or fault.error.field is None:
        return
    field, alike = fault.error.field, state.alike(fault)
    keys = tuple(map(key_of_fault, alike))
    yield from _at_the_cause(state, fault, alike)
    for choice in fault.error.choices:
        others = [str(written(other)) for other in fault.error.choices if other != choice]
        notes = (*_others(field, others), *_on_a_map(fault))
        if state.sites.keys_of(value) <= {field}:
            words = f"`{field}: {{}}`"
            strict = bool(others)
            found = _replaced(state, value, fault.error.found, choice, words, keys)
            for item in found:
                yield item._replace(notes=notes, strict=strict, against=_unjudged(alike))


def _others(field: str, others: Sequence[str]) -> Iterator[str]:
    if others:
        yield " or ".join(f"`{field}: {other}`" for other in others) + " would do too"


def _on_a_map(fault: Fault) -> Iterator[str]:
    """A linear layer takes any number of axes, and so also a map that nobody flattened."""
    x = fault.x[fault.operand]
    if fault.error.field == "in_features" and len(x) > 3:
        yield f"it sees the last axis of {show(x)} alone; for all values put a `flatten` before it"


def _at_the_cause(state: State, fault: Fault, alike: Sequence[Fault]) -> Iterator[Proposal]:
    """The numbers in `vars`, or in the uses of a block, that are there for nothing else."""
    edits: list[Edit] = []
    words: list[str] = []
    faults: list[Fault] = []
    for cause in together(state, fault, alike):
        literal, (choice,) = cause.literal, cause.choices
        said = f"`{literal.key}: {{}}` of {literal.owner}"
        found = _replaced(state, literal.value, cause.faults[0].error.found, choice, said, ())
        for item in found:
            edits += item.edits
            words.append(item.words)
            faults += cause.faults
    if edits:
        keys = tuple(map(key_of_fault, faults))
        yield Proposal(tuple(edits), _listed(words), keys, against=_unjudged(faults))


def _listed(words: list[str]) -> str:
    rest = len(words) - MOST_NAMED
    return " and ".join([*words[:MOST_NAMED], *([f"{rest} more like it"] if rest > 0 else [])])


def _replaced(
    state: State,
    value: Value,
    old: object,
    new: object,
    words: str,
    keys: tuple[Key, ...],
) -> Iterator[Proposal]:
    """A value written anew; an expression gives way to the number that is right for every use."""
    span = state.document.span(value)
    if span is None:
        return
    start, text = state.text.start(span), state.text.at(span)
    pieces = rewrite(text, old, new, expressions=True)
    if not pieces:
        return
    edits = tuple(Edit(start + a, start + b, piece) for a, b, piece in pieces)
    said = Text(text).changed(Edit(*piece) for piece in pieces).raw
    instead = f" in place of `{_value(text)}`"
    yield Proposal(edits, words.format(_value(said)) + instead, keys)


def _value(text: str) -> str:
    """A value's text on one line, without anchor and comments."""
    return printable(" ".join(COMMENT.sub("", text[anchor_end(text) :]).split()))


def expectation(state: State, diagnostic: Diagnostic) -> Iterator[Proposal]:
    """The computed figure in place of the one that is stated."""
    broken = state.broken_of(diagnostic)
    span = diagnostic.span
    value = state.sites.values.get(span) if span is not None else None
    if broken is None or value is None or broken.claim.bound != "==":
        return
    claim = broken.claim
    same = [b for b in state.broken if b.claim.span == span and b.claim.figure == claim.figure]
    keys = tuple(map(key_of_claim, same))
    if not isinstance(broken.computed, int | tuple) or state.sites.keys_of(value) - {
        "expect",
        claim.figure,
    }:
        return
    words = f"`{claim.figure}: {{}}` expected of `{claim.block or broken.node.name}`"
    new = _plain(broken.computed)
    yield from _replaced(state, value, claim.value, new, words, keys)


def _plain(computed: object) -> object:
    """A figure as a file has it, without the batch axis."""
    if isinstance(computed, tuple):
        return tuple(size for size in computed if str(size) != "N")
    return computed
