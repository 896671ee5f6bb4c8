"""A model run for real, and what that confirms of what was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Literal, NamedTuple

import numpy as np

from cnnshape.diagnostics import Diagnostic
from cnnshape.execute.archive import Given
from cnnshape.execute.executor import Settings
from cnnshape.execute.failure import RunError
from cnnshape.execute.field_check import FieldSeen, check_field, targets
from cnnshape.execute.finding import findings, of_fields, of_slopes
from cnnshape.execute.free_memory import RefusedError, admit
from cnnshape.execute.gradient_check import Slope, check_gradients
from cnnshape.execute.held import UnknownValuesError
from cnnshape.execute.memory import memory_needed
from cnnshape.execute.plan import Plan, plan
from cnnshape.execute.run import Result, batch_of, check_inputs, drawn_inputs, input_arrays, run
from cnnshape.execute.sight import Sight, norm
from cnnshape.execute.weights import Arrays, generator, weights_of
from cnnshape.graph import NOTHING, Graph
from cnnshape.kernels.arena import Array

Advance = Callable[[], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""Words and a number of steps → what is called at each step."""

CHEAP_MACS = 1_000_000_000
CHEAP_PARAMS = 10_000_000
"""Up to these receptive fields are probed unasked: it takes less than the run."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a model is to be run."""

    batch: int = 2
    """More than one: a batch axis that is lost on the way shows."""
    seed: int = 0
    dtype: Literal["float32", "float64"] = "float32"
    training: bool = False
    fast: bool = False
    fields: bool | None = None
    """Whether receptive fields are probed; None: where that is cheap."""
    gradcheck: bool = False
    tolerance: float = 1e-4
    """The largest error of a gradient, as a part of it."""


class Confirmation(NamedTuple):
    """What a run saw; all that a report may read."""

    order: Order
    batch: int
    layers: Mapping[str, Sight]
    needed: int
    """Bytes, at most."""
    given: bool
    """Whether the inputs were given, and not drawn."""
    loss: float | None = None
    loss_name: str = ""
    target_given: bool = False
    fields: tuple[FieldSeen, ...] = ()
    slopes: tuple[Slope, ...] = ()
    norms: Mapping[str, float] = NOTHING
    """Of the gradients by parameters and inputs."""
    parameters: Mapping[str, tuple[str, ...]] = NOTHING
    """Layer → the names of its own."""
    diagnostics: tuple[Diagnostic, ...] = ()
    result: Result | None = None

    @property
    def ok(self) -> bool:
        """Whether all that was computed is confirmed."""
        return not any(item.severity == "error" for item in self.diagnostics)

    @property
    def worst(self) -> Slope | None:
        """The slope that differs most, of those that were compared."""
        return max(self.slopes, key=lambda slope: slope.error, default=None)


@contextmanager
def silently(words: str, steps: int) -> Iterator[Advance]:
    """No progress is told."""
    yield lambda: None


@dataclass(slots=True)
class Witness:
    """Writes down what every layer gives, and what comes back to it."""

    plan: Plan
    advance: Advance
    sights: dict[str, Sight] = field(default_factory=dict)

    def saw(self, name: str, value: Array) -> None:
        self.sights[name] = Sight.of(self.plan.shapes[name], value)
        self.advance()

    def got(self, name: str, gradient: Array) -> None:
        self.sights[name] = self.sights[name].with_gradient(gradient)
        self.advance()


@dataclass
class Trial:
    """One model to be run as ordered."""

    graph: Graph
    order: Order
    given: Given | None = None
    progress: Progress = silently

    @cached_property
    def inputs(self) -> Arrays:
        """As given, or drawn."""
        order = self.order
        if self.given is not None:
            return input_arrays(self.graph, self.given.inputs, order.dtype)
        return drawn_inputs(self.graph, order.batch, seed=order.seed, dtype=order.dtype)

    @cached_property
    def plan(self) -> Plan:
        """For as many samples as there are; raises RunError for inputs of another shape."""
        if self.given is None:
            return plan(self.graph, self.order.batch)
        planned = plan(self.graph, batch_of(self.graph, self.inputs))
        check_inputs(planned, self.inputs)
        return planned

    @cached_property
    def targets(self) -> list[str]:
        """Layers whose fields are to be probed."""
        wanted = self.order.fields
        if wanted is None:
            wanted = _is_cheap(self.plan)
        return targets(self.graph) if wanted else []

    def needed(self) -> int:
        """Bytes that the run needs at most: what it keeps, and the largest of what comes after."""
        order = self.order
        asked = Settings(training=order.training, seed=order.seed, fast=order.fast)
        first = memory_needed(self.plan, asked, order.dtype)
        looked_at = np.dtype(order.dtype).itemsize * max(map(prod, self.plan.shapes.values()))
        after = [first.work + looked_at]
        if order.gradcheck:
            after.append(memory_needed(self.plan, asked, np.float64).total)
        if self.targets:
            after.append(memory_needed(plan(self.graph, 1), asked, np.float64).total)
        return first.total - first.work + max(after)


def _is_cheap(planned: Plan) -> bool:
    """Whether a probe takes a second or so."""
    macs = sum(stage.layer.macs(stage.y, *stage.x) for stage in planned.stages)
    stored = [shape for stage in planned.owners.values() for shape in stage.stored.values()]
    return macs <= CHEAP_MACS * planned.batch and sum(map(prod, stored)) <= CHEAP_PARAMS


def confirm(
    graph: Graph,
    order: Order = Order(),
    given: Given | None = None,
    *,
    most: int | None = None,
    progress: Progress = silently,
) -> Confirmation:
    """Run a model that holds, forward and backward.

    What does not agree is in the diagnostics. Raises RefusedError for a model that needs more than
    `most` bytes (None: a share of what is free), RunError where it cannot be run as ordered.
    """
    trial = Trial(graph, order, given, progress)
    needed = trial.needed()
    admit(needed, most)
    try:
        return _confirmed(trial, needed)
    except MemoryError:
        raise RefusedError(needed, needed) from None


def _confirmed(trial: Trial, needed: int) -> Confirmation:
    found, result = _passes(trial)
    seen = Confirmation(trial.order, trial.plan.batch, found.sights, needed,
                        given=trial.given is not None)  # fmt: skip
    if isinstance(result, RunError):
        return seen._replace(diagnostics=result.diagnostics)
    fields, slopes = tuple(_fields(trial)), tuple(_slopes(trial, result))
    return seen._replace(
        loss=None if result.loss is None else float(np.sum(result.loss)),
        loss_name=_name_of_loss(trial.graph),
        target_given=trial.given is not None and trial.given.target is not None,
        fields=fields,
        slopes=slopes,
        parameters={name: tuple(s.parameters) for name, s in trial.plan.owners.items()},
        norms={
            name: norm(g)
            for name, g in {**result.input_gradients, **result.weight_gradients}.items()
        },
        diagnostics=(
            *findings(trial.plan, found.sights, result),
            *of_fields(trial.plan, fields),
            *of_slopes(trial.plan, slopes, trial.order.tolerance),
        ),
        result=result,
    )


def _name_of_loss(graph: Graph) -> str:
    spec = graph.loss
    return "" if spec is None else spec if isinstance(spec, str) else str(spec.get("type"))


def _passes(trial: Trial) -> tuple[Witness, Result | RunError]:
    """Forward and backward; what a layer or the loss cannot do is an answer, too."""
    order, target = trial.order, None if trial.given is None else trial.given.target
    with trial.progress("running", 2 * len(trial.plan.stages)) as advance:
        witness = Witness(trial.plan, advance)
        try:
            result = run(
                trial.graph,
                trial.inputs,
                target=target,
                training=order.training,
                seed=order.seed,
                fast=order.fast,
                dtype=order.dtype,
                watch=witness,
            )
        except UnknownValuesError:
            raise
        except RunError as error:
            if target is not None and error.diagnostics[0].layer is None:
                raise  # what was given is at fault
            return witness, error
    return witness, result


def _fields(trial: Trial) -> Iterable[FieldSeen]:
    with trial.progress("probing receptive fields", len(trial.targets)) as advance:
        for target in trial.targets:
            yield from check_field(trial.graph, target, trial.order.seed)
            advance()


def _slopes(trial: Trial, result: Result) -> Iterable[Slope]:
    if not trial.order.gradcheck:
        return
    order = trial.order
    weights = _beside(trial.plan, order.seed)
    steps = len(result.input_gradients) + len(result.weight_gradients)
    with trial.progress("comparing gradients", steps) as advance:
        for slope in check_gradients(
            trial.plan, trial.inputs, weights, training=order.training, seed=order.seed
        ):
            yield slope
            advance()


def _beside(planned: Plan, seed: int) -> Arrays:
    """The weights, each moved by up to a tenth of the largest.

    What is drawn may lie on kinks, where differences have no say: a ReLU of what is exactly zero,
    because biases and all that arrives are.
    """
    weights = weights_of(planned, seed=seed, dtype=np.float64)
    for stage in planned.owners.values():
        for name in stage.parameters:
            full = f"{stage.name}.{name}"
            largest = float(np.abs(weights[full]).max(initial=0)) or 1.0
            random = generator(seed, f"beside {full}")
            weights[full] += largest / 10 * random.uniform(-1, 1, weights[full].shape)
    return weights
