"""PyTorch source mended: the number at fault rewritten, then the file traced again."""

from __future__ import annotations

import io
import os
import re
import tokenize
from functools import cached_property
from typing import NamedTuple

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, Fix, UnreadableError
from cnnshape.repair.mend import Left, Outcome, Repair
from cnnshape.repair.text import Edit, Text
from cnnshape.sources.options import Options
from cnnshape.sources.torch.path import target_of
from cnnshape.sources.torch.source import TorchSource

MOST_REPAIRS = 100
LINE_END = re.compile(r"\r\n?|\n")
NOTHING_TO_WRITE = "no number of a constructor is at fault"


class PythonText(Text):
    """The characters of a Python file, and its lines as Python counts them."""

    @cached_property
    def starts(self) -> list[int]:
        """Where each line starts."""
        return [0, *(match.end() for match in LINE_END.finditer(self.raw))]


class Tried(NamedTuple):
    """A file as it would be, and what is found of it then."""

    text: Text
    analysis: Analysis
    error: Diagnostic | None

    @property
    def reached(self) -> int:
        """How many layers the forward pass came through."""
        return sum(layer.output_shape is not None for layer in self.analysis.layers)


def mend_python(source: TorchSource, options: Options) -> Outcome:
    """Repair one fault after the other, as the forward pass comes to them.

    Raises UnreadableError and UsageError as the reader has them.
    """
    target = target_of(source.path)
    assert target is not None
    content = source.content()
    encoding = encoding_of(content)
    file = os.path.normpath(target.file)
    repairs: list[Repair] = []

    def tried(text: Text) -> Tried:
        contents = {file: text.raw.encode(encoding)}
        given = options._replace(python={**options.python, "contents": contents})
        analysis = analyse(source.graph(given))
        errors = [item for item in analysis.diagnostics if item.severity == "error"]
        return Tried(text, analysis, errors[0] if errors else None)

    try:
        first = now = tried(PythonText(content.decode(encoding)))
    except (UnicodeDecodeError, LookupError):
        source.graph(options)  # which says what is wrong with it
        raise
    reason = ""
    while now.error is not None:
        fix, reason = _possible(now.error, file)
        if fix is None or len(repairs) >= MOST_REPAIRS:
            break
        edit = Edit(now.text.start(fix.span), now.text.end(fix.span), fix.text)
        try:
            after = tried(PythonText(now.text.changed([edit]).raw))
        except UnreadableError as error:
            reason = (
                f"with {fix.text} there it could not be checked: {error.diagnostics[0].message}"
            )
            break
        if not _is_further(now, after):
            reason = f"{fix.text} in its place does not mend it"
            break
        repairs.append(_repair(now.error, fix, now.text))
        now = after
    left = () if now.error is None else (Left(now.error, reason),)
    return Outcome(file, first.text.raw, now.text.raw, tuple(repairs), left, now.analysis, encoding)


def encoding_of(content: bytes) -> str:
    """What a file is written in: what its first lines say, or else UTF-8."""
    try:
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except SyntaxError:
        return "utf-8"


def _possible(error: Diagnostic, file: str) -> tuple[Fix | None, str]:
    """The number to write; or why none is."""
    if error.fix is None:
        return None, error.unfixed or NOTHING_TO_WRITE
    span = error.fix.span
    if span.file != file:
        return None, f"the number stands in another file, {span.file}:{span.line}:{span.column}"
    return error.fix, ""


def _is_further(before: Tried, after: Tried) -> bool:
    """Whether a fault is gone: the forward pass comes further, or all holds."""
    if after.error is None or before.error is None:
        return True
    same = (after.error.rule, after.error.layer) == (before.error.rule, before.error.layer)
    return after.reached > before.reached or not (same or before.reached > after.reached)


def _repair(error: Diagnostic, fix: Fix, text: Text) -> Repair:
    written = text.at(fix.span)
    place = f"{fix.span.file}:{fix.span.line}:{fix.span.column}"
    words = f"write {fix.text} in place of `{written}` at {place}"
    notes = () if written.isdecimal() else (f"`{written}` was computed; now it is a number",)
    return Repair(error, words, notes, (fix,))
