"""How a model is trained: what a checkpoint remembers, so that it can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from cnnshape.execute.optimisers import SGD, Adam, Optimiser
from cnnshape.training.failure import unusable
from cnnshape.training.schedule import Schedule, schedule

RATES = {"adam": "0.001", "sgd": "0.01"}
MOMENTUM = "0.9"
FREE = frozenset({"epochs", "patience"})
"""Options that may be others when a training goes on."""


@dataclass(frozen=True, slots=True)
class Options:
    """Names and meanings are those of the command line."""

    optimiser: str = "adam"
    lr: str | None = None
    """A schedule; None: 0.001 for Adam, 0.01 for SGD."""
    momentum: str | None = None
    """A schedule, of SGD; None: 0.9."""
    nesterov: bool = False
    weight_decay: float = 0.0
    epochs: int = 10
    batch_size: int = 64
    split: float = 0.2
    """The share of samples held back for validation, where no data are given for it."""
    patience: int | None = None
    """Epochs without a lower loss in validation after which training ends."""
    seed: int = 0
    scale: bool = True

    def __post_init__(self) -> None:
        if self.optimiser not in RATES:
            listed = " or ".join(RATES)
            raise unusable(f"there is no optimiser `{self.optimiser}`", help=f"use {listed}")
        if self.optimiser != "sgd" and (self.momentum is not None or self.nesterov):
            raise unusable("momentum and Nesterov are SGD's", help="add --optimiser sgd")
        for name, value in (("--epochs", self.epochs), ("--batch-size", self.batch_size)):
            if value < 1:
                raise unusable(f"{name} {value}: it must be at least 1")
        if self.patience is not None and self.patience < 1:
            raise unusable(f"--patience {self.patience}: it must be at least 1")
        if not 0 <= self.split < 1:
            raise unusable(f"--split {self.split:g}: it must be at least 0 and below 1")
        if not (isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise unusable(f"--weight-decay {self.weight_decay:g}: it must not be negative")
        if self.seed < 0:
            raise unusable(f"--seed {self.seed}: it must not be negative")
        self.rates()
        self.momenta()

    def rates(self) -> Schedule:
        """The learning rate."""
        return schedule(RATES[self.optimiser] if self.lr is None else self.lr, "--lr")

    def momenta(self) -> Schedule:
        """The momentum of SGD."""
        return schedule(MOMENTUM if self.momentum is None else self.momentum, "--momentum", below=1)

    def new_optimiser(self) -> Optimiser:
        """The optimiser before its first step."""
        if self.optimiser == "adam":
            return Adam(weight_decay=self.weight_decay)
        return SGD(nesterov=self.nesterov, weight_decay=self.weight_decay)

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def resumed(stored: Mapping[str, Any], given: Mapping[str, Any]) -> Options:
    """The options of a checkpoint; of those that are given, only some may differ."""
    known = {field.name for field in fields(Options)}
    options = {name: value for name, value in stored.items() if name in known}
    for name, value in given.items():
        if name not in FREE and options.get(name) != value:
            flag = "--" + name.replace("_", "-")
            raise unusable(
                f"{flag} {value}: the checkpoint was trained with {_text(options.get(name))}",
                help=f"leave {flag} out, or begin anew without --resume",
            )
    found = Options(**{**options, **given})
    if found.epochs != stored.get("epochs") and not (
        found.rates().fixed and (found.optimiser != "sgd" or found.momenta().fixed)
    ):
        raise unusable(
            f"--epochs {found.epochs}: the schedule of the checkpoint ends after "
            f"{stored.get('epochs')} epochs",
            help="leave --epochs out, or begin anew without --resume",
        )
    return found


def _text(value: object) -> str:
    return "the default" if value is None else str(value)
