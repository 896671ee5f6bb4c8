"""What a convolutional network is, before you pay to train it.

`load` reads a model file; the rest is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnshape.analysis.result import Analysis
    from cnnshape.diagnostics import CnnshapeError, Diagnostic, ModelError, UnreadableError
    from cnnshape.model import Model, load

HOMES = {
    "Analysis": "cnnshape.analysis.result",
    "CnnshapeError": "cnnshape.diagnostics",
    "Diagnostic": "cnnshape.diagnostics",
    "Model": "cnnshape.model",
    "ModelError": "cnnshape.diagnostics",
    "UnreadableError": "cnnshape.diagnostics",
    "load": "cnnshape.model",
}

__all__ = [
    "Analysis",
    "CnnshapeError",
    "Diagnostic",
    "Model",
    "ModelError",
    "UnreadableError",
    "load",
]


def __getattr__(name: str) -> Any:
    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'cnnshape' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
