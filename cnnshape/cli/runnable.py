"""A model as it can be run: with numbers in the place of named sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnshape.graph import Graph
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

USUAL_BATCH = 2
"""More than one: a batch axis that is lost on the way shows."""


def runnable(
    source: Source,
    chosen: Options,
    graph: Graph,
    *,
    batch: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    training: bool = False,
) -> Graph:
    """The model for a batch, or for inputs of given shapes; at the examples of other names.

    PyTorch source is traced anew, as it may branch on what was a name before.
    """
    from cnnshape.analysis.named import at_shapes, held_to_examples

    if source.is_program:
        given = shapes or _shapes(graph, batch)
        return source.graph_for(chosen, graph, given, training=training)
    return at_shapes(graph, shapes) if shapes and graph.sizes else held_to_examples(graph)


def samples_of(graph: Graph, batch: int | None) -> int:
    """How many samples a run of a program has: as --input says, or as --batch does."""
    if not isinstance(graph.batch, int):
        return batch or USUAL_BATCH
    if batch is not None and batch != graph.batch:
        raise UsageError(f"--batch is {batch}, but --input says {graph.batch}; write N there")
    return graph.batch


def _shapes(graph: Graph, batch: int | None) -> dict[str, tuple[int, ...]]:
    sizes = {str(graph.batch): samples_of(graph, batch), **graph.sizes}
    numbers = {name: size for name, size in sizes.items() if size is not None}
    return {
        item.name: tuple(
            int(side) if isinstance(side, int) else side.replaced(numbers) for side in item.shape
        )
        for item in graph.inputs
    }
