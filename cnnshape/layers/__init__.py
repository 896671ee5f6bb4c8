"""The layers, one file a family. A family is imported when one of its types is first asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cnnshape.layer import REGISTRY, Layer
from cnnshape.layers._index import INDEX


def find(type_name: str) -> type[Layer] | None:
    """The class of a type, or None.

    The index only saves time: a type it does not know is looked for in every family.
    """
    if type_name not in REGISTRY:
        family = INDEX.get(type_name)
        if family is None:
            load_all()
        else:
            import_module(f"cnnshape.layers.{family}")
    return REGISTRY.get(type_name)


def find_in_files(type_name: str) -> type[Layer] | None:
    """The class of a type that a model file can name, or None."""
    found = find(type_name)
    return found if found is not None and found.in_files else None


def types_of_files() -> dict[str, type[Layer]]:
    """Every type that a model file can name, and its class."""
    return {name: cls for name, cls in load_all().items() if cls.in_files}


def families() -> list[str]:
    """The modules of this package that hold layers, in alphabetical order."""
    files = Path(__file__).parent.glob("[a-z]*.py")
    return sorted(file.stem for file in files)


def load_all() -> dict[str, type[Layer]]:
    """Every type and its class."""
    for family in families():
        import_module(f"cnnshape.layers.{family}")
    return REGISTRY
