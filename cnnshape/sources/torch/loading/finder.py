"""What `import` finds while a user's module runs: the stand-in, own files, installed packages."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from importlib.util import LazyLoader, spec_from_file_location
from types import FrameType, ModuleType
from typing import Any, Protocol

from cnnshape.sources.torch.loading.frames import OWN, importer
from cnnshape.sources.torch.loading.missing import MissingModule, Told, told_of
from cnnshape.sources.torch.loading.policy import catches_import_error
from cnnshape.sources.torch.loading.runner import Note, Runner
from cnnshape.sources.torch.loading.source import read, source_of
from cnnshape.sources.torch.loading.weights import FETCHING, weightless

COMPILED_FOR_TORCH = {"torchvision._C", "torchvision.image", "torchvision._C_stable"}
OURSELVES = __name__.partition(".")[0]
"""Never a user's file, even where the user works in our own folder."""
INSTALLED = tuple(os.path.join("", name, "") for name in ("site-packages", "dist-packages"))


class Standin(Protocol):
    """What stands for torch: its modules by name, and an answer for any other name below it."""

    def __contains__(self, name: object) -> bool: ...
    def __getitem__(self, name: str) -> ModuleType: ...
    def missing(self, name: str) -> ModuleType:
        """A module for `torch.…` that is not in the mapping; ImportError if there is none."""
        ...


class Given:
    """A loader for a module that exists already."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


class OwnFile:
    """A loader for the user's files: their top level runs as far as it defines something."""

    def __init__(self, path: str, notes: list[Note]) -> None:
        self.path = path
        self.notes = notes

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the file; UnreadableError where it is no Python."""
        OWN.add(self.path)
        Runner(read(self.path), module, self.notes).run()


class Finder:
    """Stands first among Python's finders: the stand-in, then the user's own files."""

    def __init__(self, standin: Standin, folders: Sequence[str], notes: list[Note]) -> None:
        self.standin = standin
        self.folders = folders
        self.notes = notes
        self.usual = set(sys.path)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """The stand-in's module, an own file, or None for the next finder."""
        if name in self.standin:
            return _given(name, self.standin[name])
        if name.startswith("torch."):
            return _given(name, self.standin.missing(name))
        if name in COMPILED_FOR_TORCH:
            raise ModuleNotFoundError(f"{name} is compiled for PyTorch", name=name)
        if name in FETCHING:
            return weightless(name, path)
        if name.partition(".")[0] == OURSELVES or (path is None and _is_standard(name)):
            return None
        return self._found(name, path) or (_postponed(name) if path is None else None)

    def own(self, name: str, file: str, places: list[str] | None = None) -> ModuleSpec:
        """A spec for an own file."""
        loader: Any = OwnFile(file, self.notes)
        spec = spec_from_file_location(name, file, loader=loader, submodule_search_locations=places)
        assert spec is not None
        return spec

    def find_distributions(self, context: Any) -> Iterator[Any]:
        """`importlib.metadata.version("torch")` is the stand-in's version."""
        if context.name == "torch":
            from cnnshape.sources.torch.loading.metadata import distribution

            yield distribution(getattr(self.standin["torch"], "__version__", "2.13.0"))

    def _found(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, self._own_folders() if path is None else path)
        if spec is None or spec.origin is None or spec.loader is None:
            return None  # a folder without `__init__.py` gives way to an installed package
        if spec.origin.endswith(tuple(EXTENSION_SUFFIXES)):
            return _harmless(spec)
        if not (spec.origin.endswith(".py") and self._is_own(spec.origin)):
            return None
        return self.own(name, os.path.abspath(spec.origin), spec.submodule_search_locations)

    def _own_folders(self) -> list[str]:
        """The file's own, and those that user code added to `sys.path`."""
        added = [each for each in sys.path if each not in self.usual]
        return [*dict.fromkeys((*self.folders, *added))]

    def _is_own(self, file: str) -> bool:
        file = os.path.abspath(file)
        for folder in self._own_folders():
            root = os.path.join(os.path.abspath(folder), "")
            if file.startswith(root):
                return not any(part in file[len(root) - 1 :] for part in INSTALLED)
        return False


class LastFinder:
    """Stands last: a package that is not there becomes a placeholder, unless that is handled."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """A placeholder for a package that an `import` statement names outright."""
        parent = sys.modules.get(name.rpartition(".")[0])
        if isinstance(parent, MissingModule):
            told = told_of(parent)
            return _given(name, MissingModule(name, Told(told.package, name, told.span)))
        if "." in name or name in sys.stdlib_module_names:
            return None
        frame = importer()
        statement = frame and _import_statement(frame, name)
        if frame is None or statement is None:
            return None
        source = source_of(frame.f_code.co_filename)
        span = source.span(statement) if source else None
        return _given(name, MissingModule(name, Told(name, name, span)))


def _given(name: str, module: ModuleType) -> ModuleSpec:
    loader: Any = Given(module)
    spec = ModuleSpec(name, loader, is_package=True)
    spec.submodule_search_locations = []
    return spec


def _postponed(name: str) -> ModuleSpec | None:
    """An installed package that an own file imports as a whole: loaded when it is first used.

    NumPy takes longer to import than a small model to be checked.
    """
    frame = importer()
    if frame is None or frame.f_code.co_filename not in OWN:
        return None
    statement = _import_statement(frame, name)
    if not isinstance(statement, ast.Import) or any("." in each.name for each in statement.names):
        return None
    spec = PathFinder.find_spec(name)
    if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
        spec.loader = LazyLoader(spec.loader)
        return spec
    return None


def _harmless(spec: ModuleSpec) -> ModuleSpec | None:
    """None for the next finder, unless the library is linked against PyTorch's."""
    from mmap import ACCESS_READ, mmap

    with open(spec.origin or "", "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        if data.find(b"libtorch") >= 0 or data.find(b"libc10") >= 0:
            raise ModuleNotFoundError(f"{spec.name} is compiled for PyTorch", name=spec.name)
    return None


def _is_standard(name: str) -> bool:
    """Whether the standard library is meant: own files hide it from own files alone."""
    if name not in sys.stdlib_module_names:
        return False
    frame = importer()
    return frame is None or frame.f_code.co_filename not in OWN


def _import_statement(frame: FrameType, name: str) -> ast.stmt | None:
    """The statement that imports the package, unless a `try` around it handles that it fails."""
    source = source_of(frame.f_code.co_filename)
    if source is None:
        return None
    return _unhandled(source.tree, frame.f_lineno, name)


def _unhandled(tree: ast.AST, line: int, name: str) -> ast.stmt | None:
    for node in ast.iter_child_nodes(tree):
        if not _covers(node, line):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)) and name in _imported(node):
            return node
        if isinstance(node, (ast.Try, ast.TryStar)) and _handles(node, line):
            return None
        found = _unhandled(node, line, name)
        if found is not None:
            return found
    return None


def _handles(node: ast.Try | ast.TryStar, line: int) -> bool:
    return catches_import_error(node) and any(_covers(each, line) for each in node.body)


def _covers(node: ast.AST, line: int) -> bool:
    if isinstance(node, ast.match_case):
        return any(_covers(each, line) for each in node.body)
    start, end = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    return start is not None and end is not None and start <= line <= end


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if not node.level else set()
