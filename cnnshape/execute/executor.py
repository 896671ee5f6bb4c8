"""The forward pass, and the way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from cnnshape.diagnostics import RuleError
from cnnshape.execute.failure import failure
from cnnshape.execute.held import held_arrays, trained_names
from cnnshape.execute.plan import Plan, Stage
from cnnshape.execute.weights import Arrays, generator
from cnnshape.kernels.arena import Arena, Array
from cnnshape.kernels.kernel import Context, Gradients, Pullback, Step
from cnnshape.layer import show


def quiet() -> np.errstate:
    """A value that is no number is found in the result; NumPy need not warn of it."""
    return np.errstate(all="ignore")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is carried out."""

    training: bool = False
    backward: bool = True
    fast: bool = False
    """Algorithms that are faster and less accurate."""
    seed: int = 0
    keep: Collection[str] | None = None
    """Layers whose values are kept beside the outputs; None: all."""
    inputs: Collection[str] | None = None
    """Inputs whose gradients are asked for; None: all that hold floats."""


class Watch(Protocol):
    """Who looks on while a model runs; what is shown may be written over afterwards."""

    def saw(self, name: str, value: Array) -> None:
        """A layer's output, on the way forward."""

    def got(self, name: str, gradient: Array) -> None:
        """The gradient of the scalar by a layer's output, on the way back."""


@dataclass(slots=True)
class Forward:
    """What a forward pass saw, and the steps that lead back."""

    plan: Plan
    settings: Settings
    values: Arrays
    buffers: Arrays = field(default_factory=dict)
    """Buffers that the pass changed."""
    arena: Arena = field(default_factory=Arena)
    watch: Watch | None = None
    needed: frozenset[str] = frozenset()
    pullbacks: dict[str, Pullback] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)

    def backward(self, output_gradients: Mapping[str, Array]) -> tuple[Arrays, Arrays]:
        """Gradients by inputs and by weights. It can be done once: it frees what it has used."""
        gradients = dict(output_gradients)
        by_weights: Arrays = {}
        with quiet():
            for stage in reversed(self.plan.stages):
                pullback = self.pullbacks.pop(stage.name, None)
                g = gradients.pop(stage.name, None)
                if g is not None and self.watch is not None:
                    self.watch.got(stage.name, g)
                if pullback is not None and g is not None:
                    found = pullback(_to_first(g) if stage.moved else g)
                    self._collect(stage, found, gradients, by_weights)
        inputs = {name: g for name, g in gradients.items() if name in self.plan.floats}
        for name in trained_names(self.plan) & gradients.keys():
            self._add(by_weights, name, gradients[name])
        return inputs, by_weights

    def _collect(
        self, stage: Stage, found: Gradients, gradients: Arrays, by_weights: Arrays
    ) -> None:
        for name, by_x in zip(stage.node.inputs, found.inputs, strict=False):
            if by_x is not None and name in self.needed:
                self._add(gradients, name, _to_last(by_x) if stage.moved else by_x)
        if stage.trains:
            for name, by_weight in found.weights.items():
                self._add(by_weights, f"{stage.owner}.{name}", by_weight)

    def _add(self, sums: Arrays, name: str, g: Array) -> None:
        """Add a gradient to what is there. Neither is written to: others may hold them."""
        if name in sums:
            g = np.add(sums[name], g, out=self.arena.like(g))
        sums[name] = g


def forward(
    plan: Plan,
    inputs: Mapping[str, Array],
    weights: Mapping[str, Array],
    settings: Settings = Settings(),
    arena: Arena | None = None,
    watch: Watch | None = None,
) -> Forward:
    """Compute every layer. An arena that is passed again saves the memory's first use."""
    wanted = plan.floats if settings.inputs is None else settings.inputs
    held = held_arrays(plan, dict(weights), settings.seed, precision_of(inputs, weights))
    run = Forward(plan, settings, {**held, **inputs}, arena=arena or Arena(), watch=watch,
                  needed=plan.in_need(wanted) if settings.backward else frozenset())  # fmt: skip
    local = _local(plan, weights)
    with quiet():
        for stage in plan.stages:
            _advance(run, stage, local[stage.owner])
    return run


def precision_of(inputs: Mapping[str, Array], weights: Mapping[str, Array]) -> np.dtype[Any]:
    """The precision of a run: that of its inputs or weights that are floats."""
    kinds = (x.dtype for x in (*inputs.values(), *weights.values()) if x.dtype.kind == "f")
    return next(kinds, np.dtype(np.float32))


def _local(plan: Plan, weights: Mapping[str, Array]) -> dict[str, Arrays]:
    """Weights by the layer that owns them, and their names in it."""
    local: dict[str, Arrays] = {stage.name: {} for stage in plan.stages}
    for full, value in weights.items():
        layer, name = _split(plan, full)
        local[layer][name] = value
    return local


def _split(plan: Plan, full: str) -> tuple[str, str]:
    """`block.conv.weight` as layer and parameter; both may hold dots."""
    layer, name = full, ""
    while layer not in plan.owners:
        layer, _, tail = layer.rpartition(".")
        name = f"{tail}.{name}" if name else tail
    return layer, name


def _advance(run: Forward, stage: Stage, weights: Arrays) -> None:
    inputs = [run.values[name] for name in stage.node.inputs]
    context = _context(run, stage, weights)
    step = _compute(stage, context, [_to_first(x) if stage.moved else x for x in inputs])
    if step.output.shape != stage.y:
        raise failure(
            "shape-mismatch",
            f"`{stage.name}` gives {show(step.output.shape)}, but {show(tuple(stage.y))} "
            "was computed",
            layer=stage.name,
            span=stage.node.place.span,
            expected=list(stage.y),
            found=list(step.output.shape),
        )
    run.values[stage.name] = _to_last(step.output) if stage.moved else step.output
    if run.watch is not None:
        run.watch.saw(stage.name, run.values[stage.name])
    if step.loose:
        run.loose.add(stage.name)
    if context.backward:
        run.pullbacks[stage.name] = step.pullback
    for name, value in context.buffers.items():
        run.buffers[f"{stage.owner}.{name}"] = weights[name] = value
    _forget(run, stage)


def _context(run: Forward, stage: Stage, weights: Arrays) -> Context:
    settings, names = run.settings, stage.node.inputs
    return Context(
        shapes=stage.x,
        weights=weights,
        wanted=tuple(name in run.needed for name in names),
        trains=stage.trains,
        backward=stage.name in run.needed,
        training=settings.training,
        fast=settings.fast,
        overwrite=_is_ours(run, names[0]),
        arena=run.arena,
        random=generator(settings.seed, stage.name),
    )


def _is_ours(run: Forward, name: str) -> bool:
    """Whether a value is read here and nowhere else, and nobody asks for it later."""
    keep = run.settings.keep
    return (
        name in run.loose and run.plan.readers[name] == 1 and keep is not None and name not in keep
    )


def _compute(stage: Stage, context: Context, inputs: list[Array]) -> Step:
    try:
        step: Step = stage.kernel.forward(stage.layer, context, *inputs)
        return step
    except RuleError as error:
        raise failure(
            error.rule,
            f"`{stage.name}` {error.message}",
            layer=stage.name,
            span=stage.node.place.span,
            help=error.help,
        ) from None


def _forget(run: Forward, stage: Stage) -> None:
    """Let go of values that nothing reads any more."""
    keep = run.settings.keep
    if keep is None:
        return
    for name in {stage.name, *stage.node.inputs}:
        if (
            run.plan.last_readers.get(name) == stage.name
            and name not in keep
            and name not in run.plan.graph.outputs
        ):
            run.values.pop(name, None)


def _to_first(x: Array) -> Array:
    """(N, *spatial, C) → (N, C, *spatial), a view."""
    return x if x.ndim < 3 else np.moveaxis(x, -1, 1)


def _to_last(x: Array) -> Array:
    """(N, C, *spatial) → (N, *spatial, C), a view."""
    return x if x.ndim < 3 else np.moveaxis(x, 1, -1)
