"""The loop: forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from math import isfinite
from time import perf_counter
from typing import NamedTuple
from zlib import crc32

import numpy as np

from cnnshape.diagnostics import Diagnostic
from cnnshape.execute.executor import Settings, forward, quiet
from cnnshape.execute.optimisers import SGD
from cnnshape.execute.plan import Plan, plan
from cnnshape.execute.weights import Arrays, weights_of
from cnnshape.graph import Graph
from cnnshape.kernels.arena import Arena, Array
from cnnshape.training.checkpoint import State
from cnnshape.training.dataset import Dataset, split
from cnnshape.training.failure import TrainingError, unusable
from cnnshape.training.history import Epoch, best, out_of_patience
from cnnshape.training.objective import Objective, objective
from cnnshape.training.options import Options

Watch = Callable[[int, int, float], None]
"""Told of the batches done, of all batches, and of the mean loss so far."""


class Measured(NamedTuple):
    """Loss and accuracy of some samples."""

    loss: float
    accuracy: float | None


class Trainer:
    """A model, its data, and how far the training has come."""

    def __init__(
        self, graph: Graph, data: Dataset, options: Options, valid: Dataset | None = None
    ) -> None:
        self.graph = graph
        self.options = options
        self.plans: dict[int, Plan] = {}
        self.arena = Arena()
        first = self._plan(min(options.batch_size, len(data)))
        if not any(stage.trains and stage.parameters for stage in first.stages):
            raise unusable("the model has no weights to train")
        self.objective: Objective = objective(graph, first.shapes, data.target)
        data = self.objective.fitted(data)
        self.random = np.random.default_rng(options.seed)
        self.data = data
        self.valid = None if valid is None else self.objective.fitted(valid)
        if valid is None and options.split:
            self.data, self.valid = split(data, options.split, self.random)
        self.optimiser = options.new_optimiser()
        self.weights = weights_of(self._plan(1), seed=options.seed)
        self.history: list[Epoch] = []
        self.best: Arrays = {}

    def _plan(self, batch: int) -> Plan:
        if batch not in self.plans:
            self.plans[batch] = plan(self.graph, batch)
        return self.plans[batch]

    @property
    def subject(self) -> dict[str, str]:
        """What tells this model and these data from others."""
        model = repr([(node.name, node.layer, node.inputs) for node in self.graph.nodes])
        found = {
            "model": f"{crc32(model.encode()):08x}",
            "loss": repr(self.graph.loss),
            "data": self.data.fingerprint,
        }
        return found if self.valid is None else {**found, "validation": self.valid.fingerprint}

    @property
    def finished(self) -> bool:
        """Whether there is no epoch left, or no patience."""
        return len(self.history) >= self.options.epochs or self.impatient

    @property
    def impatient(self) -> bool:
        """Whether the loss has not become lower for as long as one was ready to wait."""
        return out_of_patience(self.history, self.options.patience)

    def epochs(self, watch: Watch | None = None) -> Iterator[Epoch]:
        """Train to the end, an epoch at a time."""
        while not self.finished:
            yield self.epoch(watch)

    def epoch(self, watch: Watch | None = None) -> Epoch:
        """Train on every sample once, then measure."""
        started = perf_counter()
        number = len(self.history) + 1
        self._schedule(number)
        trained = self._train(watch)
        valid = self.measure(self.valid) if self.valid is not None else None
        done = Epoch(
            epoch=number,
            train_loss=trained.loss,
            valid_loss=valid.loss if valid else None,
            accuracy=(valid or trained).accuracy,
            lr=self.optimiser.rate,
            seconds=perf_counter() - started,
        )
        if not isfinite(done.score):
            raise _diverged(done.score, f"after epoch {number}")
        self.history.append(done)
        if valid and best(self.history) is done:
            self.best = {name: np.array(value) for name, value in self.weights.items()}
        return done

    def _schedule(self, number: int) -> None:
        epochs = self.options.epochs
        self.optimiser.rate = self.options.rates().value(number, epochs)
        if isinstance(self.optimiser, SGD):
            self.optimiser.momentum = self.options.momenta().value(number, epochs)

    def _train(self, watch: Watch | None) -> Measured:
        order = self.random.permutation(len(self.data))
        seen = Sums()
        for done, rows in enumerate(self._batches(order), 1):
            seen.add(self.step(rows), len(rows))
            if watch is not None:
                total = -(-len(order) // self.options.batch_size)
                watch(done, total, seen.mean.loss)
        return seen.mean

    def _batches(self, order: Array) -> Iterator[Array]:
        """Samples in the order given; one that is left over joins the last batch.

        Alone it would have no variance for a batch norm to divide by.
        """
        size = self.options.batch_size
        starts = list(range(0, len(order), size))
        if len(starts) > 1 and len(order) - starts[-1] == 1:
            starts.pop()
        for start, end in pairwise([*starts, len(order)]):
            yield order[start:end]

    def step(self, rows: Array) -> Measured:
        """One update from some samples."""
        inputs, target = self.data.batch(self.graph, rows)
        name = self.objective.layer
        settings = Settings(
            training=True,
            seed=int(self.random.integers(2**62)),
            keep=frozenset({name}),
            inputs=(),
        )
        run = forward(self._plan(len(rows)), inputs, self.weights, settings, self.arena)
        x = run.values[name]
        with quiet():
            loss = self.objective.loss(x, target)
        if not isfinite(loss.value):
            raise _diverged(loss.value, f"in epoch {len(self.history) + 1}")
        correct = self.objective.correct(x, target)
        _, gradients = run.backward({name: loss.gradient})
        with quiet():
            self.optimiser.step(self.weights, gradients)
        self.weights.update(run.buffers)
        return Measured(float(loss.value), correct)

    def measure(self, data: Dataset) -> Measured:
        """Loss and accuracy as the model is used, without dropout."""
        seen = Sums()
        name = self.objective.layer
        settings = Settings(backward=False, keep=frozenset({name}))
        for rows in self._batches(np.arange(len(data))):
            inputs, target = data.batch(self.graph, rows)
            run = forward(self._plan(len(rows)), inputs, self.weights, settings, self.arena)
            x = run.values[name]
            with quiet():
                loss = self.objective.loss(x, target)
            seen.add(Measured(float(loss.value), self.objective.correct(x, target)), len(rows))
        return seen.mean

    def state(self) -> State:
        """All that is needed to go on."""
        return State(
            weights=self.weights,
            optimiser=self.optimiser.state,
            best=self.best,
            history=self.history,
            random=dict(self.random.bit_generator.state),
            options=self.options.as_data(),
            subject=self.subject,
        )

    def resume(self, state: State) -> None:
        """Go on where a checkpoint was written, with the same bits."""
        for part, found in self.subject.items():
            if state.subject.get(part) != found:
                raise unusable(
                    f"the {part} is not that of the checkpoint",
                    help="begin anew without --resume",
                )
        self.weights = weights_of(self._plan(1), state.weights)
        self.optimiser.state = state.optimiser
        self.best = state.best
        self.history = list(state.history)
        self.random.bit_generator.state = state.random

    @property
    def result(self) -> Mapping[str, Array]:
        """Parameters and buffers of the best epoch; without validation of the last."""
        return self.best or self.weights


class Sums:
    """Means over batches, weighed by their samples."""

    def __init__(self) -> None:
        self.loss = self.correct = 0.0
        self.samples = 0
        self.counted = True

    def add(self, measured: Measured, samples: int) -> None:
        self.loss += measured.loss * samples
        self.samples += samples
        self.counted &= measured.accuracy is not None
        self.correct += (measured.accuracy or 0.0) * samples

    @property
    def mean(self) -> Measured:
        accuracy = self.correct / self.samples if self.counted else None
        return Measured(self.loss / self.samples, accuracy)


def _diverged(loss: float, when: str) -> TrainingError:
    diagnostic = Diagnostic(
        "invalid-value",
        f"the loss is {loss:g} {when}",
        help="try a smaller --lr",
    )
    return TrainingError([diagnostic])
