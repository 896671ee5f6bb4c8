"""A progress bar for the batches of an epoch."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


class Bar:
    """A bar for the batches of an epoch, with the loss so far; it goes when they are done."""

    def __init__(self, words: str) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
        )
        self.progress = Progress(
            *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
        )
        self.task = self.progress.add_task(words, total=None, loss=float("nan"))

    def __enter__(self) -> Bar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, done: int, total: int, loss: float) -> None:
        """How many batches are done, and their mean loss."""
        self.progress.update(self.task, completed=done, total=total, loss=loss)
