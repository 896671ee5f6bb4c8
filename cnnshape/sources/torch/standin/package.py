"""The modules that `import torch` and its likes find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module, resources
from types import ModuleType
from typing import Any

from cnnshape.sources.torch.standin import tensor
from cnnshape.sources.torch.standin.contents import FINDERS, NAMES
from cnnshape.sources.torch.standin.unmodelled import Unmodelled


@cache
def known_names() -> Mapping[str, frozenset[str]]:
    """The names that PyTorch's modules have (written by tests/data/make_torch_known_names.py)."""
    text = resources.files(__package__).joinpath("names.txt").read_text("utf-8")
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: frozenset(names.split()) for name, _, names in pairs}


class StandinModule(ModuleType):
    """A module of the stand-in; what PyTorch has in it and we have not is told when it is used."""

    def __init__(self, name: str, names: Mapping[str, Any], finder: Callable[[str], Any]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        vars(self).update(names)
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._exported()
        if name.startswith("__"):
            raise AttributeError(name)
        if name in STANDARD and name in known_names().get(self.__name__, ()):
            return import_module(name)
        found = self._finder(name)
        if found is not None:
            return found
        full = f"{self.__name__}.{name}"
        if full in PACKAGE:
            return PACKAGE[full]
        listed = known_names().get(self.__name__)
        if listed is None or name in listed:  # of modules that are not listed, we cannot say
            return Unmodelled(full)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def _exported(self) -> list[str]:
        """What `from torch.nn import *` brings: all that is modelled."""
        listed = {*known_names().get(self.__name__, ()), *vars(self)}
        public = sorted(name for name in listed if not name.startswith("_"))
        return [name for name in public if not isinstance(getattr(self, name), Unmodelled)]


STANDARD = ("math", "warnings")
"""Python's modules that are found in PyTorch's, too."""


class Package(dict[str, ModuleType]):
    """The modules by name, each made when it is first asked for."""

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __missing__(self, name: str) -> ModuleType:
        if name not in NAMES:
            raise KeyError(name)
        made = self[name] = StandinModule(name, NAMES[name](), FINDERS.get(name, lambda _: None))
        return made

    def missing(self, name: str) -> ModuleType:
        """A module of PyTorch's that is not modelled: it does no harm until it is used."""
        return StandinModule(name, {}, lambda attribute: Unmodelled(f"{name}.{attribute}"))


PACKAGE = Package()


tensor.KNOWN = known_names().get("torch.Tensor", frozenset())
