"""What the command line, or a caller, says about a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnshape.graph import NOTHING
from cnnshape.sources.spec.shape import Written


class Options(NamedTuple):
    """What the command line says about a model: values of `vars`, and shapes of inputs.

    Shapes without a name are those of all inputs in turn, numbered from 0.
    """

    variables: Mapping[str, Any] = NOTHING
    shapes: Mapping[Any, tuple[Written, ...]] = NOTHING
    texts: Mapping[Any, str] = NOTHING
    """Shapes as they were written, for sources that write them in their own way."""
    python: Mapping[str, Any] = NOTHING
    """How PyTorch source is run: `training`, `seconds`, `trusted`, `verbose`."""
