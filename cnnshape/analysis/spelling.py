"""Help in the words of the source: a model file's `bias: false` is a program's `bias=False`."""

from __future__ import annotations

import re

from cnnshape.diagnostics import Diagnostic

ARGUMENT = re.compile(r"`(\w+): ([^`]+)`")
VALUES = {"true": "True", "false": "False", "null": "None"}
PHRASES = ((", or leave it out", ""), ("name it in `outputs`", "return it"))


def in_python(item: Diagnostic) -> Diagnostic:
    """A diagnostic whose help is written as Python."""
    return item if item.help is None else item._replace(help=spelled(item.help))


def spelled(help: str) -> str:
    """Arguments as Python writes them."""
    for phrase, other in PHRASES:
        help = help.replace(phrase, other)
    return ARGUMENT.sub(lambda m: f"`{m[1]}={VALUES.get(m[2], m[2])}`", help)
