"""What a model may do and hardly ever means to."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import Graph
from cnnshape.layer import show
from cnnshape.sources.torch.places import span_of
from cnnshape.sources.torch.standin.trace import Trace


def mixed_batches(trace: Trace) -> Iterator[Diagnostic]:
    """Views that give more or fewer rows than there are samples."""
    for shape, where, wanted in trace.warned:
        rest = prod(shape[1:])
        yield Diagnostic(
            "batch-mixed",
            f"a view as {show(wanted)} of {show(shape)} mixes the samples of a batch",
            severity="warning",
            span=span_of(where),
            notes=(f"each sample has {' · '.join(map(str, shape[1:]))} = {rest} values, "
                   f"each row {prod(wanted[1:])}",),
            help=f"write `x.view(x.size(0), -1)`: rows of {rest}",
        )  # fmt: skip


def no_output(graph: Graph) -> Iterator[Diagnostic]:
    """A forward pass that gives nothing."""
    if not graph.outputs:
        yield Diagnostic(
            "python-error",
            "`forward` returns no tensor",
            severity="warning",
            help="`return` what it has computed",
        )
