"""What an expansion keeps: names to be looked up, nodes to be wired, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cnnshape.graph import Claim, Place, Scope, Use
from cnnshape.layer import Layer
from cnnshape.sources.spec.document import Value
from cnnshape.sources.spec.entry import Entry


class Reference(NamedTuple):
    """A name to be looked up once all are known, written at `value`, if anywhere."""

    name: str
    value: Value | None = None
    prefix: str = ""
    """What the block that it was written in puts before names."""


@dataclass(slots=True)
class Pending:
    """A node whose inputs are references."""

    name: str
    entry: Entry
    layer: Layer | None
    references: tuple[Reference, ...]
    place: Place
    scopes: tuple[Scope, ...]
    expect: tuple[Claim, ...] = ()
    weights_from: Reference | None = None
    trainable: bool = True
    functional: bool | None = None


@dataclass(slots=True)
class Frame:
    """One expansion of a list of layers: its names, and what it was given."""

    prefix: str
    names: dict[str, Any]
    given: tuple[Reference, ...]
    above: tuple[Reference, ...]
    uses: tuple[Use, ...] = ()
    scopes: tuple[Scope, ...] = ()
    trainable: bool = True
    functional: bool | None = None
    shared: str = ""
    """What stands before the names of the layers whose weights are used; empty: no others'."""
    repeated: bool = False
    """The next layer is a further repetition of the one above."""
    counts: dict[str, int] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
