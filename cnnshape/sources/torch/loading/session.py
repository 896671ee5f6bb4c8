"""Loads a user's file as a module, with the stand-in in the place of PyTorch."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType
from typing import NamedTuple

from cnnshape.sources.torch.loading.arguments import let_parsers_give_defaults
from cnnshape.sources.torch.loading.finder import OURSELVES, Finder, LastFinder, OwnFile, Standin
from cnnshape.sources.torch.loading.frames import OWN
from cnnshape.sources.torch.loading.place import place_of
from cnnshape.sources.torch.loading.runner import Note
from cnnshape.sources.torch.loading.source import SourceFile, read

LOADED_ONCE = sys.stdlib_module_names | {OURSELVES, "numpy", "yaml", "_yaml"}
"""What the tool itself uses: to load it anew would make second, unequal copies of its classes."""


class Loaded(NamedTuple):
    """A user's module, its source, and the statements that were not run or that failed."""

    module: ModuleType
    source: SourceFile
    notes: list[Note]
    undo: ExitStack

    def close(self) -> None:
        """Put the interpreter back as it was; of use only where no child process ends."""
        self.undo.close()


def load(path: str, standin: Standin) -> Loaded:
    """Load a file and what it imports; UnreadableError if it is no Python.

    The stand-in stays in place, as imports inside functions need it, until `close`.
    """
    file = os.path.abspath(path)
    source = read(file, os.path.normpath(path))
    notes: list[Note] = []
    undo = ExitStack()
    try:
        module = _module(file, source, standin, notes, undo)
    except BaseException:
        undo.close()
        raise
    return Loaded(module, source, notes, undo)


def _module(
    file: str, source: SourceFile, standin: Standin, notes: list[Note], undo: ExitStack
) -> ModuleType:
    place = place_of(file, source.tree, sys.modules)
    finder = Finder(standin, place.folders, notes)
    _install(finder, file, undo)
    if place.package:
        __import__(place.package)
    if place.name in sys.modules:
        return sys.modules[place.name]
    is_package = os.path.basename(file) == "__init__.py"
    spec = finder.own(place.name, file, [os.path.dirname(file)] if is_package else None)
    return _executed(spec, place.package)


def _executed(spec: ModuleSpec, package: str) -> ModuleType:
    module = module_from_spec(spec)
    name = module.__name__
    sys.modules[name] = module
    assert spec.loader is not None
    spec.loader.exec_module(module)
    if package:
        setattr(sys.modules[package], name.rpartition(".")[2], module)
    return module


def _install(finder: Finder, file: str, undo: ExitStack) -> None:
    _keep(undo)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        del sys.modules[name]
    sys.meta_path[:] = [finder, *sys.meta_path, LastFinder()]
    inside, outside = finder.folders[:2], finder.folders[2:]
    sys.path[:] = [*inside, *sys.path, *outside]
    finder.usual.update(sys.path)
    sys.argv = [file]
    sys.dont_write_bytecode = True
    undo.callback(let_parsers_give_defaults())


def _keep(undo: ExitStack) -> None:
    """Note the state of the interpreter that a load changes, to be put back."""
    modules, paths, finders = dict(sys.modules), [*sys.path], [*sys.meta_path]
    arguments, bytecode, own = sys.argv, sys.dont_write_bytecode, set(OWN)

    def put_back() -> None:
        for name in [name for name in sys.modules if name not in modules and not _stays(name)]:
            del sys.modules[name]
        sys.modules.update(modules)
        sys.path[:] = paths
        sys.meta_path[:] = finders
        sys.argv = arguments
        sys.dont_write_bytecode = bytecode
        OWN.clear()
        OWN.update(own)

    undo.callback(put_back)


def _stays(name: str) -> bool:
    """Whether a module that came with the load may stay; a user's own file hides no other's."""
    loader = getattr(sys.modules[name], "__loader__", None)
    return name.partition(".")[0] in LOADED_ONCE and not isinstance(loader, OwnFile)
