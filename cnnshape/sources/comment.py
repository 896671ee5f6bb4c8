"""The comments of a file that speak to cnnshape, told from text that only looks like them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

WANTED = re.compile(r"# ?cnnshape:[ \t]*(?=[A-Za-z])")
IN_YAML = re.compile(r"(?:^|(?<=[ \t]))#")


class Comment(NamedTuple):
    """A comment, from its `#` to the end of its line; line and column count from 1."""

    line: int
    column: int
    text: str
    alone: bool
    """Nothing else stands on its line."""


def comments(file: str, text: str) -> Iterator[Comment]:
    """The comments with `cnnshape:` in them, of Python or of YAML."""
    if WANTED.search(text) is None:  # nearly every file: no tokenizer is needed
        return
    lines = text.split("\n")
    found = _in_python(text) if file.endswith(".py") else _in_yaml(text, lines)
    for line, column in found:
        shown = lines[line - 1]
        if WANTED.search(shown, column - 1):
            alone = not shown[: column - 1].strip()
            yield Comment(line, column, shown[column - 1 :].rstrip(), alone)


def _in_python(text: str) -> Iterator[tuple[int, int]]:
    import tokenize

    try:
        for token in tokenize.generate_tokens(StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1] + 1
    except (tokenize.TokenError, SyntaxError):
        return  # what is no Python is told elsewhere


def _in_yaml(text: str, lines: list[str]) -> Iterator[tuple[int, int]]:
    """A `#` at the beginning of a line or behind a space, unless a scalar holds it."""
    scalars = _scalars(text)
    for number, line in enumerate(lines):
        if WANTED.search(line) is None:
            continue
        for match in IN_YAML.finditer(line):
            place = (number, match.start())
            if not any(start <= place < end for start, end in scalars):
                yield number + 1, match.start() + 1
                break


def _scalars(text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """From where to where each quoted or block scalar reaches; lines and columns count from 0."""
    import yaml

    from cnnshape.sources.spec.document import Parser

    found = []
    try:
        for token in yaml.scan(text, Loader=Parser):
            if isinstance(token, yaml.ScalarToken) and not token.plain:
                start, end = token.start_mark, token.end_mark
                begin = (start.line, start.column)
                if token.style in ("|", ">"):  # behind the sign there may be a comment
                    begin = (start.line + 1, 0)
                found.append((begin, (end.line, end.column)))
    except yaml.YAMLError:
        pass  # what is no YAML is told elsewhere
    return found
