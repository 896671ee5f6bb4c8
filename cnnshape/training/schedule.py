"""Schedules: a number that changes from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, isfinite, pi
from typing import NamedTuple

from cnnshape.training.failure import unusable

FORMS = {
    "constant": "VALUE",
    "linear": "linear:START:END",
    "cosine": "cosine:START:END",
    "step": "step:START:FACTOR:EVERY",
}


class Schedule(NamedTuple):
    """A kind and its numbers, as `linear:0.1:0.001` names them; a number alone is constant."""

    kind: str
    numbers: tuple[float, ...]

    def value(self, epoch: int, epochs: int) -> float:
        """Its value in an epoch, of which the first is 1."""
        return RULES[self.kind](*self.numbers, epoch - 1, max(epochs - 1, 1))

    def __str__(self) -> str:
        numbers = ":".join(f"{number:g}" for number in self.numbers)
        return numbers if self.kind == "constant" else f"{self.kind}:{numbers}"

    @property
    def fixed(self) -> bool:
        """Whether its values are the same however many epochs there are."""
        return self.kind in ("constant", "step")


def constant(value: float, done: int, last: int) -> float:
    return value


def linear(start: float, end: float, done: int, last: int) -> float:
    """A straight line from the first epoch to the last (PyTorch, LinearLR)."""
    return start + (end - start) * done / last


def cosine(start: float, end: float, done: int, last: int) -> float:
    """Half a cosine from the first epoch to the last (Loshchilov and Hutter 2017, eq. 5)."""
    return end + (start - end) * (1 + cos(pi * done / last)) / 2


def step(start: float, factor: float, every: float, done: int, last: int) -> float:
    """`factor` times as much after every so many epochs (PyTorch, StepLR)."""
    return start * factor ** (done // int(every))


RULES: dict[str, Callable[..., float]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "step": step,
}


def schedule(text: str, option: str = "a schedule", below: float | None = None) -> Schedule:
    """Read a schedule; its values must not be negative, and `below` something if that is given."""
    kind, *rest = text.split(":")
    if kind not in RULES or not rest:
        kind, rest = "constant", [text]
    wanted = FORMS[kind].count(":") or 1
    numbers = tuple(map(_number, rest))
    known = [number for number in numbers if number is not None and isfinite(number)]
    if len(known) != wanted or len(numbers) != wanted:
        raise unusable(f"{option} {text[:80]}: write one of {', '.join(FORMS.values())}")
    if min(known) < 0:
        raise unusable(f"{option} {text[:80]}: it must not be negative")
    if kind == "step" and (known[2] < 1 or known[2] % 1):
        raise unusable(f"{option} {text[:80]}: EVERY counts epochs")
    if below is not None and max(known[:1] if kind == "step" else known) >= below:
        raise unusable(f"{option} {text[:80]}: it must be below {below:g}")
    return Schedule(kind, tuple(known))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
