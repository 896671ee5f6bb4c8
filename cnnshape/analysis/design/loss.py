"""Rules of what the loss reads: `softmax-before-loss`."""

from __future__ import annotations

from collections.abc import Iterator

from cnnshape.analysis.design.finding import warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.walk import Applied, keeps_shape
from cnnshape.diagnostics import Diagnostic

SAYS = {
    ("cross_entropy", "probabilities"): (
        "gives probabilities, and cross entropy applies softmax once more",
        "the softmax of probabilities is nearly even: the loss cannot get small, and the "
        "gradient fades",
        "leave it out, and apply softmax where probabilities are wanted",
    ),
    ("cross_entropy", "logarithms"): (
        "applies log-softmax, and cross entropy applies it once more",
        "the loss is the same, it is only computed twice",
        "leave it out, or let the loss be `nll_loss`",
    ),
    ("nll", "probabilities"): (
        "gives probabilities, but the negative log-likelihood reads their logarithms",
        "the loss is minus a probability, and its gradient fades where a class is unlikely",
        "use `log_softmax`, or leave it out and let the loss be `cross_entropy`",
    ),
}
"""The loss and what it is given → what is said of it."""


def softmax_before_loss(subject: Subject) -> Iterator[Diagnostic]:
    """A distribution where the loss expects scores or logarithms (PyTorch, CrossEntropyLoss)."""
    loss, output = subject.graph.loss, subject.graph.outputs[0]
    name = str(loss if isinstance(loss, str) else (loss or {}).get("type")).removesuffix("_loss")
    applied = _behind_views(subject, output)
    words = SAYS.get((name, applied.layer.meaning)) if applied is not None else None
    if applied is not None and words is not None:
        message, note, help = words
        loss_is = f"the loss is `{name}`, of `{output}`"
        yield warning_at(
            "softmax-before-loss", applied.node, message, notes=(loss_is, note), help=help
        )


def _behind_views(subject: Subject, name: str) -> Applied | None:
    """What gives an output its values, layers left out that only hand them on."""
    applied = subject.applied.get(name)
    while applied is not None and applied.layer.view and keeps_shape(applied.layer):
        applied = subject.applied.get(applied.node.inputs[0])
    return applied
