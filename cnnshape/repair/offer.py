"""The repairs that `check` offers beside the diagnostics that it reports."""

from __future__ import annotations

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Fix, UnreadableError
from cnnshape.repair.mend import Mending
from cnnshape.repair.state import state_of
from cnnshape.repair.text import Text
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

RULES = ("size-mismatch", "shape-mismatch", "bad-groups", "bad-padding")
"""Rules of faults for which it may take trials to find what mends them."""
MOST_WORK = 200_000


def with_offers(analysis: Analysis, options: Options) -> Analysis:
    """The analysis, each diagnostic with the one change that mends it, where there is one."""
    wanting = any(map(_wants_trial, analysis.diagnostics))
    text = analysis.texts.get(analysis.path)
    if not wanting or text is None:
        return analysis
    try:
        state = state_of(analysis.path, Text(text), options)
    except (UnreadableError, UsageError):
        return analysis
    mending = Mending(state, options, expectations=False)
    mending.work = MOST_WORK
    offered = tuple(_offered(mending, item) for item in analysis.diagnostics)
    return analysis._replace(diagnostics=offered)


def _wants_trial(diagnostic: Diagnostic) -> bool:
    return diagnostic.fix is None and diagnostic.rule in RULES


def _offered(mending: Mending, diagnostic: Diagnostic) -> Diagnostic:
    if not _wants_trial(diagnostic):
        return diagnostic
    state = mending.state
    found = mending.best(diagnostic, state.key_of(diagnostic))
    if found is None or len(found[0].edits) != 1:
        return diagnostic
    (edit,) = found[0].edits
    span = state.text.span(state.document.file, edit)
    return diagnostic._replace(fix=Fix(span, edit.text) if span.line == span.end_line else None)
