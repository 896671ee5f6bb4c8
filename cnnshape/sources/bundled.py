"""The architectures that come with the package."""

from __future__ import annotations

import re
from pathlib import Path


def folder() -> Path:
    """Where they lie: in the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "architectures"
    return inside if inside.is_dir() else package.parent / "architectures"


def names() -> list[str]:
    """Their names, sorted as a person would: resnet18 before resnet101."""
    found = [file.stem for file in folder().glob("*.yaml")]
    return sorted(found, key=_natural)


def _natural(name: str) -> list[int | str]:
    """The text and the numbers of a name in turn; text stands at even places."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def path_of(name: str) -> Path | None:
    """The file of an architecture, or None."""
    path = folder() / f"{name}.yaml"
    return path if name in names() else None
