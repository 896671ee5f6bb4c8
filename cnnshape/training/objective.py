"""What is made small: the loss of the model file, or the one that suits targets and output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from cnnshape.execute.losses import (
    Loss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    loss_of,
    mse_loss,
    named,
    nll_loss,
)
from cnnshape.graph import Graph, Node
from cnnshape.kernels.arena import Array
from cnnshape.layer import N, Shape, show
from cnnshape.training.dataset import Dataset
from cnnshape.training.failure import unusable

WORDS: dict[Any, str] = {
    cross_entropy: "cross entropy",
    nll_loss: "negative log-likelihood",
    mse_loss: "mean squared error",
    binary_cross_entropy: "binary cross entropy",
    binary_cross_entropy_with_logits: "binary cross entropy with logits",
}
CLASSES = (cross_entropy, nll_loss)
BINARY = (binary_cross_entropy, binary_cross_entropy_with_logits)


class Objective(NamedTuple):
    """A loss of one layer's output."""

    layer: str
    """Whose output the loss reads: the model's first output, or what enters its softmax."""
    loss: Callable[[Array, Array], Loss]
    kind: Any
    """The loss without its arguments, which decides what is counted as correct."""
    shape: Shape
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The loss in words."""
        return WORDS.get(self.kind) or str(self.kind.__name__).replace("_", " ")

    def correct(self, x: Array, target: Array) -> float | None:
        """The share of predictions that are right; None where the loss tells no classes."""
        if self.kind in CLASSES:
            goal = target.argmax(axis=1) if target.shape == x.shape else target
            right = (x.argmax(axis=1) == goal)[goal != self.ignored]
            return float(right.mean()) if right.size else 0.0
        if self.kind in BINARY:
            middle = 0.5 if self.kind is binary_cross_entropy else 0.0
            return float(((x > middle) == (target > 0.5)).mean())
        return None

    def fitted(self, data: Dataset) -> Dataset:
        """Data whose targets have the shape and the kind that the loss needs."""
        target = data.target
        if self.kind in CLASSES:
            return replace(data, target=self._classes(target))
        if target.shape[1:] != self.shape and target[0].size == np.prod(self.shape):
            target = target.reshape(len(target), *self.shape)
        self._check_shape(target, (self.shape,))
        return replace(data, target=target.astype(np.float32, copy=False))

    def _classes(self, target: Array) -> Array:
        """Class numbers without an axis of 1, or a probability for every class."""
        single = self.shape[1:]
        if target.shape[1:] == self.shape:
            return target.astype(np.float32)
        if target.shape[1:] == (1, *single):
            target = target[:, 0]
        self._check_shape(target, (single, self.shape))
        if target.dtype.kind == "f" and (target != np.floor(target)).any():
            raise unusable(f"{self.name} needs class numbers, but `y` holds fractions")
        _check_range(target, self.shape[0], self.ignored)
        return target.astype(np.int64)

    @property
    def ignored(self) -> int:
        """The class number that is not counted."""
        given = self.loss.keywords if isinstance(self.loss, partial) else {}
        return int(given.get("ignore_index", -100))

    def _check_shape(self, target: Array, allowed: tuple[Shape, ...]) -> None:
        if target.shape[1:] not in allowed:
            wanted = " or ".join(show((N, *shape)) for shape in allowed)
            raise unusable(
                f"{self.name} of an output of {show((N, *self.shape))} needs targets of {wanted}, "
                f"but `y` is {show((N, *target.shape[1:]))}",
                rule="shape-mismatch",
                help=self._help(target),
                expected=[list(shape) for shape in allowed],
                found=list(target.shape),
            )

    def _help(self, target: Array) -> str | None:
        whole = target.dtype.kind == "f" and (target == np.floor(target)).all()
        if self.kind is mse_loss and whole and target.shape[1:] in ((), (1,)):
            return "classes are integers: write y.astype(int)"
        return None


def _check_range(target: Array, classes: int, ignored: int) -> None:
    known = target[target != ignored]
    wrong = known[(known < 0) | (known >= classes)]
    if not wrong.size:
        return
    found = int(wrong[0])
    row = int(np.argwhere(target == wrong[0])[0][0])
    from_one = known.min() == 1 and known.max() == classes
    raise unusable(
        f"the model tells {classes} classes, 0 to {classes - 1}, but the label of sample {row} "
        f"is {found}",
        help="labels count from 0: write y - 1" if from_one else None,
        expected=classes,
        found=found,
    )


def objective(graph: Graph, shapes: Mapping[str, Shape], target: Array) -> Objective:
    """What to train for; `shapes` are those of the layers."""
    output = graph.outputs[0]
    node = next((node for node in graph.nodes if node.name == output), None)
    kind = node.type if node is not None else ""
    shape = tuple(shapes[output][1:])
    if graph.loss is not None:
        function = named(graph.loss)
        return Objective(output, loss_of(graph.loss), function, shape, _warnings(function, kind))
    function, notes = _default(kind, shape, target)
    if function is cross_entropy and kind == "softmax" and _along_classes(node):
        assert node is not None
        said = f"the loss is that of what enters `{output}`: cross entropy applies softmax itself"
        return Objective(node.inputs[0], function, function, shape, (said,))
    return Objective(output, function, function, shape, notes)


def _along_classes(node: Node | None) -> bool:
    return node is not None and vars(node.layer).get("dim") in (None, 1)


def _default(kind: str, shape: Shape, target: Array) -> tuple[Any, tuple[str, ...]]:
    """Without `loss:` in the file: by the targets, then by the last layer."""
    if target.dtype.kind == "f":
        return mse_loss, ("`y` holds floats, so the loss is mean squared error",)
    if shape == (1,) or (kind == "sigmoid" and target.shape[1:] == shape):
        if kind == "sigmoid":
            return binary_cross_entropy, ()
        return binary_cross_entropy_with_logits, ("one output: it is the logit of class 1",)
    if kind == "log_softmax":
        return nll_loss, ("the model ends in log_softmax: the loss is the negative log-likelihood",)
    return cross_entropy, ()


def _warnings(function: Any, kind: str) -> tuple[str, ...]:
    """What PyTorch would do in silence, and hardly anyone wants."""
    if function is cross_entropy and kind == "softmax":
        return ("cross entropy applies softmax once more to `softmax`, which slows the learning",)
    if function is nll_loss and kind != "log_softmax":
        return ("negative log-likelihood reads logarithms, but the model ends in no log_softmax",)
    if function is binary_cross_entropy_with_logits and kind == "sigmoid":
        return ("this loss applies sigmoid once more to `sigmoid`",)
    if function is binary_cross_entropy and kind not in ("sigmoid", "softmax"):
        return ("binary cross entropy reads probabilities, but the model ends in no sigmoid",)
    return ()
