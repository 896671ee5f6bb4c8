"""What an epoch came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Epoch(NamedTuple):
    """Means over the samples; None: not measured."""

    epoch: int
    train_loss: float
    """While the weights change, and with dropout."""
    valid_loss: float | None
    accuracy: float | None
    """The share that is right, in validation if there is one."""
    lr: float
    seconds: float

    @property
    def ratio(self) -> float | None:
        """Training loss by validation loss: far below 1 where the model learns by heart."""
        return self.train_loss / self.valid_loss if self.valid_loss else None

    @property
    def score(self) -> float:
        """The loss that counts."""
        return self.train_loss if self.valid_loss is None else self.valid_loss

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "ratio": self.ratio}


def best(history: Sequence[Epoch]) -> Epoch:
    """The first epoch of the lowest loss."""
    return min(history, key=lambda epoch: epoch.score)


def out_of_patience(history: Sequence[Epoch], patience: int | None) -> bool:
    """Whether the loss has not become lower for so many epochs."""
    return (
        patience is not None
        and bool(history)
        and history[-1].epoch - best(history).epoch >= patience
    )
