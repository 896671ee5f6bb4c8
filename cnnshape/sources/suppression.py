"""`# cnnshape: ignore[rule]`: findings that the author of a file does not want to hear of.

A comment behind something speaks of its line, a comment alone on its line of the next line that is
no comment; `ignore-file` speaks of the whole file. Without rules it speaks of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Fix, Span
from cnnshape.rules import GROUPS, RULES
from cnnshape.sources.comment import WANTED, Comment, comments
from cnnshape.sources.words import clip, suggest

UNUSED = "unused-suppression"
DIRECTIVE = re.compile(r"(?P<verb>[A-Za-z][\w-]*)[ \t]*(?P<rules>\[[^\]#]*\]?)?")
NAME = re.compile(r"[^\s,\[\]]+")
WRITTEN_IN = (".yaml", ".yml", ".py")
LINE, FILE = "ignore", "ignore-file"
AT_A_RUN = frozenset(rule.name for rule in GROUPS["When it is run"])


class Named(NamedTuple):
    """A rule that a directive names, and from where to where on its line."""

    rule: str
    column: int
    end_column: int


class Directive(NamedTuple):
    """One comment's wish; `line` is the line that it speaks of, None: the whole file."""

    span: Span
    verb: str
    line: int | None
    rules: tuple[Named, ...]
    bare: bool
    """It names no rule, and so means all."""
    closed: bool
    gone: Fix
    """What takes the comment out, with the space before it."""

    def covers(self, item: Diagnostic) -> bool:
        """Whether a finding stands where this speaks of."""
        if self.verb == FILE:
            return item.span is None or item.span.file == self.span.file
        if self.verb != LINE or item.span is None or item.span.file != self.span.file:
            return False
        return self.line in (item.span.line, _last_line(item.span))

    def silences(self, item: Diagnostic) -> bool:
        """Whether a finding is not wanted."""
        wanted = self.bare or any(named.rule == item.rule for named in self.rules)
        return wanted and item.rule != UNUSED and self.covers(item)


def _last_line(span: Span) -> int:
    """The line of the last character; a block of YAML ends where the next line begins."""
    return span.end_line - (span.end_column == 1 and span.end_line > span.line)


@lru_cache(maxsize=64)
def directives(file: str, text: str) -> tuple[Directive, ...]:
    """What the comments of a file ask for."""
    if not file.endswith(WRITTEN_IN) and file != "<stdin>":
        return ()
    lines = text.split("\n")
    return tuple(item for comment in comments(file, text) for item in _read(file, comment, lines))


def _read(file: str, comment: Comment, lines: Sequence[str]) -> Iterator[Directive]:
    for start in WANTED.finditer(comment.text):
        match = DIRECTIVE.match(comment.text, start.end())
        if match is None:
            continue
        first, listed = comment.column, match["rules"]
        found = NAME.finditer(comment.text, match.start("rules"), match.end()) if listed else ()
        rules = tuple(Named(m[0], first + m.start(), first + m.end()) for m in found)
        line = _next(comment.line, lines) if comment.alone else comment.line
        span = Span(file, comment.line, first + start.start(), comment.line, first + match.end())
        before = lines[comment.line - 1][: span.column - 1].rstrip()
        yield Directive(
            span,
            match["verb"],
            None if match["verb"] == FILE else line,
            rules,
            bare=listed is None,
            closed=listed is None or listed.endswith("]"),
            gone=Fix(span._replace(column=len(before) + 1), ""),
        )


def _next(line: int, lines: Sequence[str]) -> int:
    """The first line below that holds something."""
    for number in range(line + 1, len(lines) + 1):
        if lines[number - 1].strip() and not lines[number - 1].lstrip().startswith("#"):
            return number
    return line


def silenced(analysis: Analysis) -> Analysis:
    """The analysis without the findings that its files ask not to hear of."""
    asked = _asked(analysis)
    if not asked or not analysis.readable:
        return analysis
    told: list[Diagnostic] = []
    kept: list[Diagnostic] = []
    for item in analysis.diagnostics:
        (kept if any(one.silences(item) for one in asked) else told).append(item)
    return analysis._replace(diagnostics=tuple(told), suppressed=(*analysis.suppressed, *kept))


def _asked(analysis: Analysis) -> list[Directive]:
    return [item for file, text in analysis.texts.items() for item in directives(file, text)]


def judged(analyses: Iterable[Analysis]) -> list[Analysis]:
    """The analyses with a warning for every suppression that suppresses nothing.

    Models of one file share its comments: one that serves any of them is used, and one that
    serves none is told once.
    """
    analyses = list(analyses)
    if not any(_asked(analysis) for analysis in analyses):
        return analyses
    used = [item for analysis in analyses for item in analysis.suppressed]
    told: set[Span] = set()
    return [_judged(analysis, used, told) for analysis in analyses]


def _judged(analysis: Analysis, used: Sequence[Diagnostic], told: set[Span]) -> Analysis:
    if not analysis.readable:
        return analysis
    found: list[Diagnostic] = []
    for directive in _asked(analysis):
        if directive.span in told or not _is_of(analysis, directive):
            continue
        told.add(directive.span)
        found += _faults(directive, used, ran=analysis.confirmed is not None)
    found = [item for item in found if not _is_silenced_unused(item, analysis)]
    if not found:
        return analysis
    return analysis._replace(diagnostics=(*analysis.diagnostics, *found))


def _is_silenced_unused(item: Diagnostic, analysis: Analysis) -> bool:
    """Whether `ignore[unused-suppression]` stands beside, or for the whole file."""
    return any(
        one.covers(item) and any(named.rule == UNUSED for named in one.rules)
        for one in _asked(analysis)
    )


def _is_of(analysis: Analysis, directive: Directive) -> bool:
    """Whether a comment speaks of this model; a Python file may hold others, not looked at now."""
    if not directive.span.file.endswith(".py"):
        return True
    if directive.verb not in (LINE, FILE) or _unknown(directive):
        return True
    if directive.line is None:
        return analysis.path == directive.span.file
    spans = (layer.span for layer in analysis.layers)
    return any(span is not None and span.line <= directive.line <= span.end_line for span in spans)


def _unknown(directive: Directive) -> list[Named]:
    return [named for named in directive.rules if named.rule not in RULES]


def _faults(directive: Directive, used: Sequence[Diagnostic], *, ran: bool) -> Iterator[Diagnostic]:
    """What is wrong with a suppression: its words, its rules, or that it has nothing to do."""
    if directive.verb not in (LINE, FILE):
        message = f"`# cnnshape: {clip(directive.verb)}` means nothing"
        yield Diagnostic(
            UNUSED,
            message,
            "warning",
            span=directive.span,
            help=suggest(directive.verb, (LINE, FILE)),
        )
        return
    if not directive.closed:
        message = f"`{directive.verb}[` is not closed"
        yield Diagnostic(
            UNUSED, message, "warning", span=directive.span, help="write `]` behind it"
        )
    yield from (_misspelt(directive, named) for named in _unknown(directive))
    serves = {item.rule for item in used if directive.covers(item)}
    if directive.bare:
        if not serves:
            yield _unused(directive, "nothing is found here that it suppresses", None)
        return
    if not directive.rules:
        yield _unused(directive, "it names no rule", None)
    for named in directive.rules:
        late = named.rule in AT_A_RUN and not ran  # what it waits for was not looked for
        if named.rule in RULES and named.rule not in serves and named.rule != UNUSED and not late:
            yield _unused(directive, f"there is no `{named.rule}` here", named)


def _misspelt(directive: Directive, named: Named) -> Diagnostic:
    span = directive.span._replace(column=named.column, end_column=named.end_column)
    near = suggest(named.rule, RULES)
    meant = near.removeprefix("write `").removesuffix("`") if near else None
    return Diagnostic(
        UNUSED,
        f"no rule is called `{clip(named.rule)}`",
        "warning",
        span=span,
        help=near or "`cnnshape rules` lists them",
        fix=Fix(span, meant) if meant else None,
    )


def _unused(directive: Directive, reason: str, named: Named | None) -> Diagnostic:
    """A suppression, or one rule of several, that can go; with it what it goes without."""
    span = directive.span
    several = named is not None and len(directive.rules) > 1
    if several and named is not None:
        span = span._replace(column=named.column, end_column=named.end_column)
        help = f"take `{named.rule}` out"
    else:
        help = "take the comment out"
    fix = _taken_out(directive, named) if several and named is not None else directive.gone
    return Diagnostic(
        UNUSED, f"a suppression without use: {reason}", "warning", span=span, help=help, fix=fix
    )


def _taken_out(directive: Directive, named: Named) -> Fix:
    """The rule with the comma that parts it from its neighbour."""
    number = directive.rules.index(named)
    start, end = named.column, named.end_column
    if number:
        start = directive.rules[number - 1].end_column
    else:
        end = directive.rules[1].column
    return Fix(directive.span._replace(column=start, end_column=end), "")
