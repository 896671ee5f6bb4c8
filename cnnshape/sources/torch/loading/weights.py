"""Packages that fetch weights for their models: which ones they are changes no shape."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

FETCHING = {"timm.models._builder": ("load_pretrained",)}
"""Modules of installed packages, and their functions that fetch and load weights."""


class Weightless(SourceFileLoader):
    """A loader that leaves the fetching out."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then put its functions that fetch weights aside."""
        super().exec_module(module)
        for name in FETCHING[module.__name__]:
            setattr(module, name, _nothing)


def _nothing(*_: Any, **__: Any) -> None:
    """No weights are fetched."""


def weightless(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """The spec of a module that would fetch weights; None where it is not there."""
    spec = PathFinder.find_spec(name, path)
    if spec is not None and spec.origin is not None:
        spec.loader = Weightless(name, spec.origin)
    return spec
