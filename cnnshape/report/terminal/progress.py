"""A progress bar on stderr, for runs that take long enough to want one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
