"""Patterns of paths, as git's ignore files have them."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

PART = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[[^\]/]+\]|[^*?\[]+|\[")


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern holds of a path, relative to the settings and with `/` between its parts.

    A pattern without a `/` is that of a name anywhere; what holds of a folder holds of all in it.
    """
    return _expression(pattern).match(path) is not None


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    bare = pattern.removeprefix("./").rstrip("/")
    anywhere = "" if "/" in bare else "(?:.*/)?"
    body = "".join(map(_translated, PART.findall(bare.lstrip("/"))))
    try:
        return re.compile(f"{anywhere}{body}(?:/.*)?$", re.DOTALL)
    except re.error:  # brackets that mean nothing stand for themselves
        return re.compile(f"{anywhere}{re.escape(bare)}(?:/.*)?$")


def _translated(part: str) -> str:
    if part == "**/":
        return "(?:.*/)?"
    if part == "/**":
        return "/.*"
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in signs:
        return signs[part]
    if len(part) > 1 and part[0] == "[" and part[-1] == "]":
        inside = part[1:-1].replace("\\", r"\\")
        return f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
    return re.escape(part)


def relative(file: Path, folder: Path) -> str:
    """A path from a folder, with `/` between its parts; a path elsewhere stays whole."""
    whole = Path(os.path.abspath(file))
    try:
        return whole.relative_to(os.path.abspath(folder)).as_posix()
    except ValueError:
        return whole.as_posix()
