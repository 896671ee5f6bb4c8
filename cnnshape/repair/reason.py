"""Why an error is left as it is."""

from __future__ import annotations

from collections.abc import Sequence

from cnnshape.analysis.walk import Fault, lacks_flatten
from cnnshape.diagnostics import Diagnostic
from cnnshape.repair.proposal import Objection
from cnnshape.repair.state import State, key_of_claim

MOST_NAMED = 3


def unrepaired(
    state: State, diagnostic: Diagnostic, refused: Sequence[Objection], expectations: bool
) -> str:
    """One reason: what was tried and did not mend, or that nothing could be tried."""
    if diagnostic.rule == "limit-exceeded":
        return "a limit is what its author wants"
    if diagnostic.rule == "expectation-failed":
        return _expectation(state, diagnostic, refused, expectations)
    fault = state.fault_of(diagnostic)
    if fault is None:
        misspelt = diagnostic.rule.startswith("unknown")
        none = "no known name is surely meant" if misspelt else "no repair is known"
        return _first(refused) or none
    return _of_fault(state, fault) or _first(refused) or _nothing(fault)


def _first(refused: Sequence[Objection]) -> str | None:
    """What is said against the first change that would mend, or against the only one."""
    told = [item for item in refused if item.mends] or (refused if len(refused) == 1 else [])
    return told[0].text if told else None


def _expectation(
    state: State, diagnostic: Diagnostic, refused: Sequence[Objection], expectations: bool
) -> str:
    if not expectations:
        return "with --expectations the computed figure is written"
    broken = state.broken_of(diagnostic)
    if broken is not None and broken.claim.bound != "==":
        return "a bound is what its author wants"
    if broken is not None:
        key = key_of_claim(broken)
        same = [b for b in state.broken if b.claim.span == diagnostic.span]
        figures = {str(b.computed) for b in same if key_of_claim(b).what == key.what}
        if len(figures) > 1:
            return f"it is stated of {len(same)} layers, whose figures differ"
    return _first(refused) or "it is written in a way that cannot be changed by itself"


def _of_fault(state: State, fault: Fault) -> str | None:
    """What stands in the way where a value serves several layers."""
    field = fault.error.field
    if not fault.error.choices or field is None:
        return None
    alike = state.alike(fault)
    wanted: dict[str, str] = {}
    for other in alike:
        wanted.setdefault(str(other.error.choices[0]), other.node.name)
    if len(wanted) > 1:
        each = [f"`{name}` needs {number}" for number, name in wanted.items()]
        return f"`{field}` there serves {len(alike)} layers: {_listed(each)}"
    span = fault.node.place.fields.get(field)
    names = state.users(field, span)
    right = [f"`{name}` is right with it" for name in names if name in state.sound]
    if span is not None and right:
        return f"`{field}` there serves {len(names)} layers, and {_listed(right)}"
    value = state.sites.values.get(span) if span is not None else None
    keys = state.sites.keys_of(value) - {field} if value is not None else ()
    if keys:
        listed = ", ".join(f"`{key}`" for key in sorted(map(str, keys)))
        return f"the same value is {listed} elsewhere, by its anchor"
    return None


def _listed(items: list[str]) -> str:
    rest = len(items) - MOST_NAMED
    return ", ".join([*items[:MOST_NAMED], *([f"{rest} more"] if rest > 0 else [])])


def _nothing(fault: Fault) -> str:
    if fault.error.rule == "shape-mismatch":
        return "no padding in its branches makes them equal"
    if (
        fault.field is not None
        and fault.declared is not None
        and lacks_flatten(fault.field, fault.declared, fault.x[fault.operand])
    ):
        return "a `flatten` cannot be put in there by itself"
    return "no repair is known"
