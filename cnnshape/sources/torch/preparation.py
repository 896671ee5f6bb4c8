"""What a file will need, imported before its code runs: parent and child then both have it."""

from __future__ import annotations

import re
from importlib import import_module

from cnnshape.layers._index import INDEX, TORCH

NAME = re.compile(rb"\b(?:nn|F|torch|functional|x|out)\.(\w+)")
ALWAYS = ("arrangement", "shape")


def prepare(content: bytes) -> None:
    """Import the stand-in, and the layers whose names a file mentions."""
    import_module("cnnshape.sources.torch.standin.package")
    for family in dict.fromkeys((*ALWAYS, *map(_family, set(NAME.findall(content))))):
        if family is not None:
            import_module(f"cnnshape.layers.{family}")


def _family(name: bytes) -> str | None:
    """The family of a layer, by the name of its class or its function."""
    text = name.decode("ascii", "replace")
    return INDEX.get(TORCH.get(text, text))
