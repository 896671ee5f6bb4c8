"""The batch: figures are those of one sample, whatever axis the samples stand along."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cnnshape.graph import Graph
from cnnshape.layer import Size, is_size

ANY_BATCH = 10007
"""The example of a batch's size that is a name: a prime, which no other size is."""


def compared(graph: Graph) -> AbstractContextManager[Any]:
    """What goes on inside may compare sizes with the batch's."""
    batch = batch_example(graph)
    if not batch:
        return nullcontext()
    from cnnshape.dim import recording

    return recording(batch)


def batch_example(graph: Graph) -> dict[str, int]:
    """An example of the batch's size, where it is a name; else none."""
    return {} if isinstance(graph.batch, int) else {str(graph.batch): ANY_BATCH}


def of_one_sample(count: Size, batch: Size) -> Size:
    """The part of a count that one sample has; of what no sample has to itself, all of it."""
    if isinstance(count, int) and isinstance(batch, int):
        return count if batch == 1 else -(-count // batch)
    return count(**{str(batch): 1}) if is_size(batch) and not isinstance(count, int) else count
