"""Rules of layers that subtract a mean: `bias-before-norm`, `norm-of-one`."""

from __future__ import annotations

from collections.abc import Iterator

from cnnshape.analysis.design.finding import counted, labels_at, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.walk import Applied
from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import Node
from cnnshape.layer import show


def bias_before_norm(subject: Subject) -> Iterator[Diagnostic]:
    """Biases that the mean takes away again (Ioffe and Szegedy 2015, section 3.2)."""
    for applied in subject.distinct:
        node, layer = applied.node, applied.layer
        weights = layer.weights(*applied.x) if layer.linear else {}
        if len(weights.get("bias", ())) != 1 or node.name in subject.graph.outputs:
            continue
        readers = subject.readers.get(node.name, [])
        forgotten = all(_forgets(subject, applied, reader) for reader in readers)
        if forgotten and readers and node.weights_from is None:
            yield _cancelled(applied, readers[0], weights["bias"][0])


def _forgets(subject: Subject, applied: Applied, reader: Node) -> bool:
    """Whether a reader subtracts from every channel its mean, and so what was added to it."""
    norm = subject.applied[reader.name]
    centring = norm.layer.centring(norm.x[0])
    if centring is None or not centring.by_channel:
        return False
    return subject.channel_axis(applied) == subject.channel_axis(norm)


def _cancelled(applied: Applied, norm: Node, channels: int) -> Diagnostic:
    return warning_at(
        "bias-before-norm",
        applied.node,
        f"adds a bias to each channel, and `{norm.name}` takes it away again with the mean",
        field="bias",
        labels=labels_at(norm, "subtracts the mean of each channel"),
        notes=[f"{counted(channels, 'parameter')} without effect"],
        help="leave it out, `bias: false`; the normalisation has a bias of its own",
    )


def norm_of_one(subject: Subject) -> Iterator[Diagnostic]:
    """Means of a single value; over a batch, of one value a sample (Ioffe and Szegedy 2015).

    Of features, (N, C), a batch norm has one value a sample and everyone knows it.
    """
    for applied in subject.distinct:
        centring = applied.layer.centring(applied.x[0])
        if centring is None or centring.values != 1 or not applied.node.trainable:
            continue
        if centring.over_batch and len(applied.x[0]) > 2:
            yield warning_at(
                "norm-of-one",
                applied.node,
                f"reads {show(applied.x[0])}, one value of each channel a sample: "
                "in training a batch of one cannot be normalised",
                notes=["PyTorch raises an error there; a last batch may have one sample"],
                help="normalise where the maps are larger, or see to it that no batch has one "
                "sample (`drop_last`)",
            )
        elif not centring.over_batch:
            yield warning_at(
                "norm-of-one",
                applied.node,
                f"takes the mean of single values of {show(applied.x[0])}: "
                "less it, nothing is left",
                notes=["the output is the layer's bias, or 0, whatever arrives"],
                help="normalise more values at once, or leave the layer out",
            )
