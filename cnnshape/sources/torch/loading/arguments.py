"""A command line that is not there: parsers give their defaults."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any


def let_parsers_give_defaults() -> Callable[[], None]:
    """`parse_args()` is what an empty command line gives, with None for what it must name.

    Returns what takes that back.
    """
    usual = argparse.ArgumentParser.parse_known_args

    def parse_known_args(
        self: argparse.ArgumentParser, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if args:
            return usual(self, args, namespace)
        return _defaults(self, argparse.Namespace() if namespace is None else namespace), []

    setattr(argparse.ArgumentParser, "parse_known_args", parse_known_args)  # noqa: B010
    return lambda: setattr(argparse.ArgumentParser, "parse_known_args", usual)


def _defaults(parser: argparse.ArgumentParser, namespace: Any) -> Any:
    for action in parser._actions:
        if argparse.SUPPRESS in (action.dest, action.default) or hasattr(namespace, action.dest):
            continue
        setattr(namespace, action.dest, _default(parser, action))
    for name, value in parser._defaults.items():
        if not hasattr(namespace, name):
            setattr(namespace, name, value)
    return namespace


def _default(parser: argparse.ArgumentParser, action: argparse.Action) -> Any:
    if isinstance(action.default, str):
        return parser._get_value(action, action.default)
    is_list = not action.option_strings and action.nargs == argparse.ZERO_OR_MORE
    return [] if is_list and action.default is None else action.default
