"""`cnnshape rules`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnshape.cli.options import FormatOption, OutputOption, TextFormat
from cnnshape.cli.output import emit
from cnnshape.report.rules import as_data, as_lines, as_text
from cnnshape.rules import GROUPS, RULES
from cnnshape.sources.spec.shape import UsageError


def complete_rule(incomplete: str) -> list[str]:
    """Names of rules for the shell."""
    return [name for name in RULES if name.startswith(incomplete)]


def rules(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Rules to show; by default all.",
            autocompletion=complete_rule,
            show_default=False,
        ),
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="Print a line a rule.")] = False,
    format: FormatOption = TextFormat.text,
    output: OutputOption = None,
) -> None:
    """Print what can be found wrong: every rule with its reason, its repair and an example."""
    chosen = {name: RULES[known(name)] for name in names or RULES}
    if format is TextFormat.json:
        from cnnshape.report.json import dump

        groups = {rule.name: group for group, rules in GROUPS.items() for rule in rules}
        found = [as_data(rule, groups[name]) for name, rule in chosen.items()]
        emit(dump({"version": 1, "rules": found}), output)
        return
    emit((as_lines if short else as_text)(chosen.values()), output)


def known(name: str) -> str:
    """The name of a rule; UsageError where none is called so."""
    if name in RULES:
        return name
    from cnnshape.sources.words import suggest

    near = suggest(name, list(RULES))
    help = f"{near.replace('write', 'did you mean')}?" if near else "`cnnshape rules` names all"
    raise UsageError(f"no rule is called `{name[:80]}`; {help}")
