"""Where the settings stand: the nearest file upward, looked for with a few calls only."""

from __future__ import annotations

import os
import re
from pathlib import Path

OWN, PROJECT = "cnnshape.toml", "pyproject.toml"
TABLE = rb"""(?m)^\s*\[{0,2}\s*["']?tool["']?\s*(?:\.\s*["']?cnnshape|\]|=)"""
"""What a file must hold to have a table `tool.cnnshape`; few others do."""


def nearest(folder: Path) -> Path | None:
    """The settings of a folder: its own, else those of the nearest folder above that has any.

    A `pyproject.toml` without a table `[tool.cnnshape]` is none.
    """
    folder = Path(os.path.abspath(folder))  # without `..`, which has other parents
    for place in (folder, *folder.parents):
        own = place / OWN
        if own.is_file():
            return own
        project = place / PROJECT
        if project.is_file() and _speaks_of_us(project):
            return project
    return None


def _speaks_of_us(project: Path) -> bool:
    try:
        content = project.read_bytes()
    except OSError:  # not ours to complain of: it may say nothing of models
        return False
    if b"cnnshape" not in content or re.search(TABLE, content) is None:
        return False
    import tomllib

    try:
        tool = tomllib.loads(content.decode()).get("tool")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return b"tool.cnnshape" in content  # it means to; what is wrong is told when it is read
    return isinstance(tool, dict) and "cnnshape" in tool
