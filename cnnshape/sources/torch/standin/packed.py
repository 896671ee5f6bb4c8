"""Sequences of different lengths in one tensor: kept padded, as only shapes matter."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.dtype import int64
from cnnshape.sources.torch.standin.functions.joining import stack as stacked
from cnnshape.sources.torch.standin.tensor import Tensor


class PackedSequence:
    """A padded batch of sequences, called packed."""

    def __init__(self, padded: Tensor, batch_first: bool = False, lengths: Any = None) -> None:
        self.padded = padded
        self.batch_first = batch_first
        self.lengths = lengths

    @property
    def data(self) -> Tensor:
        return self.padded.flatten(0, 1)

    def to(self, *_: Any, **__: Any) -> PackedSequence:
        return self


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    return PackedSequence(input, batch_first, lengths)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
    total_length: Any = None,
) -> Any:  # fmt: skip
    found = sequence.padded
    if batch_first != sequence.batch_first:
        found = found.transpose(0, 1)
    return found, Tensor((found.shape[0 if batch_first else 1],), int64)


def pad_sequence(sequences: Any, batch_first: bool = False, padding_value: float = 0.0) -> Tensor:
    from cnnshape.sources.torch.standin.offer import FUNCTIONAL

    given = [*sequences]
    longest = max(one.shape[0] for one in given)
    padded = [
        FUNCTIONAL["pad"](one, (0, 0) * (one.ndim - 1) + (0, longest - one.shape[0]))
        if one.shape[0] != longest
        else one
        for one in given
    ]
    found = stacked(padded, 0)
    return found if batch_first else found.transpose(0, 1)
