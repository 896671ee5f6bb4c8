"""The check before any training: can the model learn a few samples by heart?"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cnnshape.graph import Graph, Node
from cnnshape.layers.regularisation import Dropout, DropoutChannels, DropPath
from cnnshape.training.dataset import Dataset
from cnnshape.training.failure import unusable
from cnnshape.training.options import Options
from cnnshape.training.trainer import Trainer, Watch

NEARLY = 0.01
"""The part of the first loss that counts as nearly nothing."""
STEPS = 500


class Overfit(NamedTuple):
    """What came of it."""

    samples: int
    steps: int
    first: float
    last: float
    accuracy: float | None

    @property
    def ok(self) -> bool:
        """Whether the loss is nearly zero."""
        return self.last <= NEARLY * self.first


def overfit(
    graph: Graph,
    data: Dataset,
    options: Options,
    samples: int,
    steps: int = STEPS,
    watch: Watch | None = None,
) -> Overfit:
    """Train on the same few samples, without dropout and weight decay, until the loss is gone."""
    if not 1 <= samples <= len(data):
        raise unusable(f"--overfit {samples}: the data hold {len(data):,} samples")
    rows = np.random.default_rng(options.seed).permutation(len(data))[:samples]
    chosen = replace(options, split=0.0, batch_size=samples, epochs=steps, weight_decay=0.0)
    trainer = Trainer(still(graph), data.part(np.sort(rows)), chosen)
    first = last = trainer.epoch()
    while not trainer.finished and last.train_loss > NEARLY * first.train_loss:
        last = trainer.epoch()
        if watch is not None:
            watch(last.epoch, steps, last.train_loss)
    return Overfit(samples, last.epoch, first.train_loss, last.train_loss, last.accuracy)


def still(graph: Graph) -> Graph:
    """The model without its dropout, which keeps a loss from zero."""
    return graph._replace(nodes=tuple(map(_still, graph.nodes)))


def _still(node: Node) -> Node:
    if isinstance(node.layer, Dropout | DropoutChannels):
        return node._replace(layer=node.layer.model_copy(update={"p": 0.0}))
    if isinstance(node.layer, DropPath):
        return node._replace(layer=node.layer.model_copy(update={"drop_prob": 0.0}))
    if getattr(node.layer, "dropout", None) and node.layer is not None:
        return node._replace(layer=node.layer.model_copy(update={"dropout": 0.0}))
    return node
