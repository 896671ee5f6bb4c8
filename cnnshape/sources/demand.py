"""What is asked of a model beside its own file: by the settings, and by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnshape.graph import NOTHING, Claim, Graph
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import Shapes

COMMAND_LINE = "<command line>"
"""The file that a picture shows options in: it is none."""


class Demand(NamedTuple):
    """Shapes of inputs where no option gives any, limits, and rules that are not to be told."""

    shapes: Mapping[Any, str] = NOTHING
    limits: tuple[Claim, ...] = ()
    ignore: frozenset[str] = frozenset()
    texts: Mapping[str, str] = NOTHING
    """File → its text, of the places where limits are stated."""

    def settled(self, options: Options) -> Options:
        """The options, with these shapes if they give none."""
        if options.shapes or not self.shapes:
            return options
        return options._replace(shapes=Shapes(self.shapes), texts=self.shapes)

    def on(self, graph: Graph) -> Graph:
        """The network, held to these limits too."""
        if not self.limits:
            return graph
        return graph._replace(
            limits=(*graph.limits, *self.limits), texts={**self.texts, **graph.texts}
        )


NO_DEMAND = Demand()

SIGNS = ("# cnnshape:", "#cnnshape:")
"""How a comment that speaks to cnnshape begins."""


def is_spoken_to(texts: Mapping[str, str]) -> bool:
    """Whether comments of files may ask for something; nearly always they do not."""
    return any(sign in text for text in texts.values() for sign in SIGNS)
