"""How other tools count: one module a tool, each a table of costs by layer type."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnshape.analysis.conventions.convention import Convention

TOOLS = ("torchinfo", "fvcore", "thop", "ptflops", "calflops", "onnx-tool", "torch")
"""The tools whose conventions are known, by the names that they have."""


def convention_of(tool: str) -> Convention:
    """The convention of one of `TOOLS`; its table is read when it is first asked for."""
    name = tool.replace("-", "_")
    found: Convention = import_module(f"cnnshape.analysis.conventions.{name}").CONVENTION
    return found
