"""A progress bar on stderr, for runs that take long enough to want one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

Item = TypeVar("Item")


def tracked(items: Iterable[Item], total: int, words: str) -> Iterator[Item]:
    """The items, with a bar that tells how many are done and goes when all are."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=total)
        for item in items:
            yield item
            progress.advance(task)


@contextmanager
def steps(words: str, total: int, patience: float = 0) -> Iterator[Callable[[], None]]:
    """What is called at each of so many steps; after `patience` seconds a bar shows them."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task = progress.add_task(words, total=total)
    started = monotonic()

    def advance() -> None:
        progress.advance(task)
        if not progress.live.is_started and monotonic() - started > patience:
            progress.start()

    try:
        yield advance
    finally:
        if progress.live.is_started:
            progress.stop()
