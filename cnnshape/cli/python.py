"""Options for PyTorch source, which is run to be checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError

SECONDS = 60.0
LONGEST = 86_400
NAMES = {
    "training": "--train",
    "seconds": "--timeout",
    "trusted": "--trust",
    "verbose": "--verbose",
}

TrainOption = Annotated[
    bool,
    typer.Option(
        "--train/--eval", help="PyTorch source: the model as it trains, or as it is used."
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", help="PyTorch source: how long its code may run."),
]
TrustOption = Annotated[
    bool,
    typer.Option("--trust", help="PyTorch source: let its code write files, use the network, …."),
]
VerboseOption = Annotated[
    bool,
    typer.Option("--verbose", help="PyTorch source: show what it prints, and what is not run."),
]


def for_python(
    chosen: Options,
    paths: Sequence[str],
    *,
    training: bool = False,
    seconds: float = SECONDS,
    trusted: bool = False,
    verbose: bool = False,
) -> Options:
    """The options with those for PyTorch source; UsageError where no path names any."""
    values = {"training": training, "seconds": seconds, "trusted": trusted, "verbose": verbose}
    usual = {"training": False, "seconds": SECONDS, "trusted": False, "verbose": False}
    given = [NAMES[name] for name, value in values.items() if value != usual[name]]
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"--timeout {seconds:g}: write seconds, from more than 0 to {LONGEST:,}")
    if given and not any(is_python(path) for path in paths):
        raise UsageError(f"{given[0]} is of use with PyTorch source (net.py) alone")
    return chosen._replace(python=values)


def is_python(path: str) -> bool:
    """Whether a PATH names PyTorch source."""
    if ".py" not in path:
        return False
    from cnnshape.sources.torch.path import target_of

    return target_of(path) is not None
