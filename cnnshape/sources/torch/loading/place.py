"""Where a file belongs: its module's name, its package, and the folders it imports from."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Collection, Iterator
from typing import NamedTuple

MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
"""What stands in the root of a project."""
HIGHEST = 6


class Place(NamedTuple):
    """A file as a module: `name` in full, `package` empty outside one, `folders` to import from."""

    name: str
    package: str
    folders: tuple[str, ...]


def place_of(path: str, tree: ast.Module, taken: Collection[str]) -> Place:
    """The place of a file; a module of no package takes no name that is `taken`."""
    folder = os.path.dirname(path)
    stem = os.path.splitext(os.path.basename(path))[0].replace(".", "_")
    root, parts = _package(folder, _deepest_relative_import(tree))
    folders = dict.fromkeys((root, folder, *_ancestors(root)))
    if not parts:
        name = f"{stem}_" if stem in taken or stem in sys.stdlib_module_names else stem
        return Place(name, "", tuple(folders))
    package = ".".join(parts)
    name = package if stem == "__init__" else f"{package}.{stem}"
    return Place(name, package, tuple(folders))


def _package(folder: str, least: int) -> tuple[str, list[str]]:
    """The folder that holds the package, and the package's parts; at least so many of them."""
    parts: list[str] = []
    while (len(parts) < least or _is_package(folder)) and os.path.basename(folder):
        parts.insert(0, os.path.basename(folder))
        folder = os.path.dirname(folder)
    return folder, parts


def _is_package(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "__init__.py"))


def _deepest_relative_import(tree: ast.Module) -> int:
    return max(
        (node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0
    )


def _ancestors(folder: str) -> Iterator[str]:
    """The folders above, up to the project's root or the working directory; none without either."""
    here = os.getcwd()
    above: list[str] = []
    for _ in range(HIGHEST):
        if folder == here or any(os.path.exists(os.path.join(folder, mark)) for mark in MARKS):
            yield from [*above, folder]
            return
        above.append(folder)
        if folder == os.path.dirname(folder):
            return
        folder = os.path.dirname(folder)
