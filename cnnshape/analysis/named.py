"""A network whose inputs have named sizes: its figures as formulas, and where these hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cnnshape.analysis.analyse import analyse, figures_of
from cnnshape.analysis.batch import batch_example
from cnnshape.analysis.claims import exceeded_limits
from cnnshape.analysis.design.example import that_hold
from cnnshape.analysis.result import Analysis
from cnnshape.analysis.sizes.accepted import AcceptedInputs
from cnnshape.analysis.sizes.condition import Solver
from cnnshape.analysis.sizes.explore import FixedNetwork, explore
from cnnshape.analysis.sizes.growth import LARGEST_SIZE
from cnnshape.analysis.sizes.naming import at_sizes, examples
from cnnshape.analysis.sizes.region import Region, everything
from cnnshape.analysis.sizes.told import told
from cnnshape.analysis.sizes.words import region_in_words, residues_of
from cnnshape.analysis.walk import Walk, walk
from cnnshape.dim import Condition, Dim, Recording, TooDeepError, recording
from cnnshape.dim.assumption import left_of
from cnnshape.graph import Graph

Value = TypeVar("Value")


def of_walk(graph: Graph, figures: Callable[[Walk], Value]) -> Value:
    """Figures of a network's walk; formulas in them are told with what is known of its sizes."""
    if not isinstance(graph.batch, int):  # of one sample
        one = at_sizes(graph, {str(graph.batch): 1})
        graph = one._replace(sizes=graph.sizes, assumed=graph.assumed)
    if not graph.sizes:
        return figures(walk(graph))
    sizes = chosen_examples(graph)
    try:
        with recording(sizes) as found:
            taken = walk(graph)
        assumed = [*graph.assumed, *found.found.items()]
        region = _where(assumed, Solver(tuple(sizes)))
        with recording(sizes):
            return told(figures(taken), residues_of(region, tuple(sizes)))
    except TooDeepError:
        return figures(walk(_held_to(graph, sizes)))


def analyse_named(graph: Graph) -> Analysis:
    """The figures as formulas; what is found wrong is found at examples of the sizes.

    A size without an example has the usual one, or the nearest to it that the model accepts.
    """
    sizes = chosen_examples(graph)
    at_examples = analyse(_held_to(graph, sizes))
    try:
        batch = batch_example(graph)
        with recording({**sizes, **batch}) as found:
            taken = walk(graph)
        solver = Solver(tuple(sizes))
        assumed = [*graph.assumed, *found.given(batch).found.items()]
        region = _where(assumed, solver)
        with recording({**sizes, **batch}) as asked:  # what figures ask is no condition
            layers, totals = figures_of(graph, taken, lambda: _is_new(asked, batch, region, solver))
    except TooDeepError:
        return at_examples
    formulas = at_examples._replace(
        inputs={item.name: item.shape for item in graph.inputs},
        outputs={name: taken.shapes[name] for name in graph.outputs},
        layers=layers,
        totals=totals,
        diagnostics=(),
        texts={},
    )
    diagnostics = at_examples.diagnostics
    if None in graph.sizes.values() and at_examples.ok:  # of any size: what is no formula is held
        last = {layer.name: layer for layer in layers}
        outputs = {name: last.get(name) for name in graph.outputs}
        diagnostics = (*diagnostics, *exceeded_limits(graph, totals, outputs))
    return told(formulas, residues_of(region, tuple(sizes)))._replace(
        diagnostics=tuple(that_hold(diagnostics, taken, graph.sizes)),
        texts=graph.texts,
        sizes=sizes,
        holds_for=region_in_words(region, tuple(sizes)),
    )


def held_to_examples(graph: Graph) -> Graph:
    """The network at an example of each of its named sizes."""
    return _held_to(graph, chosen_examples(graph)) if graph.sizes else graph


def at_shapes(graph: Graph, shapes: Mapping[str, Sequence[int]]) -> Graph:
    """The network at the sizes of tensors that are given for its inputs, batch included."""
    sizes = dict(graph.sizes)
    for item in graph.inputs:
        for side, size in zip(item.shape, shapes[item.name], strict=False):
            if isinstance(side, Dim):
                sizes[str(side)] = size
    return held_to_examples(graph._replace(sizes=sizes))


def _held_to(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """The network at examples, held to its author's figures where the examples are given."""
    plain = at_sizes(graph, sizes)
    if None in graph.sizes.values():
        plain = plain._replace(resized=True, limits=())
    return plain


def chosen_examples(graph: Graph) -> dict[str, int]:
    """An example of every named size at which the model holds, if there is one."""
    sizes = examples(graph)
    given = {name: value for name, value in graph.sizes.items() if value is not None}
    if max(given.values(), default=0) > LARGEST_SIZE or len(given) == len(sizes):
        return sizes
    if not walk(at_sizes(graph, sizes), to_first_fault=True).faults:
        return sizes
    network = FixedNetwork(graph)
    accepted = AcceptedInputs(network, explore(network, sizes)).within(given)
    return next(iter(accepted.nearest(**sizes)), sizes)


def _is_new(asked: Recording, batch: Mapping[str, int], region: Region, solver: Solver) -> bool:
    """Whether anything was asked, since the last time, that not all of a region agree on."""
    latest, asked.latest = asked.latest, set()
    for condition in latest:
        left = left_of(condition, batch)
        if left is None:
            continue
        points = solver.solve(left)
        if points is None or (region - points if asked.found[condition] else region & points):
            return True
    return False


def _where(found: Sequence[tuple[Condition, bool]], solver: Solver) -> Region:
    """The points for which the formulas hold, as far as sets describe them."""
    region = everything(len(solver.names))
    for condition, holds in found:
        points = solver.solve(condition)
        if points is not None:
            region = region & points if holds else region - points
    return region
