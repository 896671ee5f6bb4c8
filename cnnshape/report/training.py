"""A training as lines of text and as data: a head, a line an epoch, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnnshape.report.snippet import PLAIN, TITLE, Line
from cnnshape.report.text import GOOD, count
from cnnshape.training.history import Epoch, best


class Subject(NamedTuple):
    """What is trained, on what, and for what."""

    model: str
    path: str
    loss: str
    optimiser: str
    samples: int
    validation: int
    """Samples that are measured and not learned."""
    notes: tuple[str, ...] = ()


class Column(NamedTuple):
    """A column of the table of epochs."""

    title: str
    width: int


COLUMNS = (
    Column("epoch", 5),
    Column("train loss", 12),
    Column("valid loss", 12),
    Column("ratio", 8),
    Column("accuracy", 10),
    Column("seconds", 9),
)


def head(subject: Subject) -> list[Line]:
    """The model, the samples, and what was decided for the user."""
    samples = count(subject.samples, "sample")
    if subject.validation:
        samples += f", {subject.validation:,} more for validation"
    facts = f"  {samples} · {subject.loss} · {subject.optimiser}"
    notes: list[Line] = [[("note", "note"), (f": {note}", PLAIN)] for note in subject.notes]
    return [[(subject.model, TITLE), (facts, PLAIN)], *notes]


def table_head() -> list[Line]:
    """The titles of the table, below an empty line."""
    return [[], [("".join(f"{column.title:>{column.width}}" for column in COLUMNS), TITLE)]]


def row(history: Sequence[Epoch]) -> Line:
    """The line of the last epoch; the loss that counts stands out where it is the lowest yet."""
    epoch = history[-1]
    cells = [
        str(epoch.epoch),
        loss_text(epoch.train_loss),
        loss_text(epoch.valid_loss),
        "-" if epoch.ratio is None else f"{epoch.ratio:.3f}",
        share(epoch.accuracy),
        f"{epoch.seconds:.2f}",
    ]
    leading = 1 if epoch.valid_loss is None else 2
    lowest = best(history) is epoch
    return [
        (f"{cell:>{column.width}}", GOOD if number == leading and lowest else PLAIN)
        for number, (cell, column) in enumerate(zip(cells, COLUMNS, strict=True))
    ]


def loss_text(loss: float | None) -> str:
    """Five digits of a loss."""
    if loss is None:
        return "-"
    return f"{loss:.5f}" if 1e-4 <= loss < 1e4 or loss == 0 else f"{loss:.3e}"


def share(part: float | None) -> str:
    """`98.1 %`"""
    return "-" if part is None else f"{100 * part:.1f} %"


def closing(history: Sequence[Epoch], *, impatient: bool) -> list[Line]:
    """The best epoch, and why it ended where it did."""
    found = best(history)
    kind = "training" if found.valid_loss is None else "validation"
    text = f"lowest {kind} loss {loss_text(found.score)} in epoch {found.epoch}"
    if found.accuracy is not None:
        text += f", accuracy {share(found.accuracy)}"
    lines: list[Line] = [[(text, PLAIN)]]
    if impatient:
        waited = history[-1].epoch - found.epoch
        lines.append([(f"stopped: no lower loss for {count(waited, 'epoch')}", PLAIN)])
    return lines


def as_data(
    subject: Subject, history: Sequence[Epoch], options: dict[str, Any], *, impatient: bool
) -> dict[str, Any]:
    """What `train --format json` prints."""
    return {
        "version": 1,
        **subject._asdict(),
        "options": options,
        "epochs": [epoch.as_data() for epoch in history],
        "best": best(history).as_data() if history else None,
        "stopped": "patience" if impatient else "epochs",
    }
