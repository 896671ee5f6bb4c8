"""The command line: the only room that prints, reads the environment or exits."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, NamedTuple

import typer

from cnnshape.cli.output import complain, internal, wants_traceback
from cnnshape.diagnostics import UnreadableError
from cnnshape.sources.spec.shape import UsageError


class Command(NamedTuple):
    """Where a command is written, and examples of it."""

    module: str
    function: str
    examples: tuple[str, ...]


COMMANDS = {
    "check": Command(
        "check",
        "check",
        (
            "cnnshape check net.yaml",
            "cnnshape check models/ --format json -o report.json",
            "cnnshape check models/ --report sarif=out.sarif --report junit=out.xml",
            "cnnshape check net.yaml --set width=64 --input 3,192,192",
            "cnnshape check models/ --limit params=5M --baseline baseline.json --growth 5%",
        ),
    ),
    "summary": Command(
        "summary",
        "summary",
        (
            "cnnshape summary resnet50 --depth 1",
            "cnnshape summary net.yaml --format markdown",
        ),
    ),
    "diff": Command(
        "diff",
        "diff",
        (
            "cnnshape diff resnet18 resnet34",
            "cnnshape diff HEAD~1:net.yaml net.yaml --format markdown",
        ),
    ),
    "baseline": Command(
        "baseline",
        "baseline",
        ("cnnshape baseline baseline.json models/",),
    ),
    "explain": Command(
        "explain",
        "explain",
        ("cnnshape explain lenet5", "cnnshape explain resnet50 layer2.0.conv2"),
    ),
    "inputs": Command(
        "inputs",
        "inputs",
        (
            "cnnshape inputs unet-same",
            "cnnshape inputs net.yaml --near 350x525",
            "cnnshape inputs net.yaml --at 350x525",
        ),
    ),
    "fix": Command(
        "fix",
        "fix",
        (
            "cnnshape fix net.yaml",
            "cnnshape fix net.yaml --write",
            "cnnshape fix models/ --write --expectations",
        ),
    ),
    "run": Command(
        "run",
        "run",
        (
            "cnnshape run lenet5 --gradcheck",
            "cnnshape run net.yaml --input-file images.npz --save seen.npz",
            "cnnshape run resnet50 --batch 8 --train --max-memory 4GiB",
        ),
    ),
    "train": Command(
        "train",
        "train",
        (
            "cnnshape train lenet5 --input 1,28,28 --data mnist/ --overfit 16",
            "cnnshape train net.yaml --data digits.npz --epochs 20 --lr cosine:0.003:0",
            "cnnshape train net.yaml --data mnist/ --optimiser sgd --checkpoint state.npz",
            "cnnshape train net.yaml --data mnist/ --resume state.npz",
        ),
    ),
    "list": Command("architectures", "list_architectures", ("cnnshape list",)),
    "show": Command("architectures", "show", ("cnnshape show resnet18 > mine.yaml",)),
    "rules": Command("rules", "rules", ("cnnshape rules size-mismatch", "cnnshape rules --short")),
    "schema": Command("schema", "schema", ("cnnshape schema -o cnnshape.schema.json",)),
}


def application(first: str | None = None) -> typer.Typer:
    """The commands; only the one that the first argument names, since making all takes time."""
    app = typer.Typer(
        name="cnnshape",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Start with: cnnshape summary lenet5",
    )
    app.callback()(_root)
    for name in [first] if first in COMMANDS else COMMANDS:
        command = COMMANDS[name]
        function = getattr(import_module(f"cnnshape.cli.{command.module}"), command.function)
        app.command(name, epilog="\n\n".join(("Examples:", *command.examples)))(function)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cnnshape {version('cnnshape')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Tell what a convolutional network is before you pay to train it."""


def main() -> None:
    """Run the command line; whatever happens, the user sees no traceback."""
    try:
        application(sys.argv[1] if len(sys.argv) > 1 else None)()
    except UsageError as error:
        _fail(str(error))
    except UnreadableError as error:
        _refuse(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        _fail(f"cannot write: {(error.strerror or str(error)).lower()}")
    except Exception as error:
        if wants_traceback():
            raise
        _fail(internal(error))


def _refuse(error: UnreadableError) -> None:
    """What is wrong with settings that a command needs."""
    from cnnshape.cli.output import emit_lines
    from cnnshape.cli.project import refused
    from cnnshape.report.text import findings

    emit_lines(findings(refused(error))[:-1], None, error=True)
    sys.exit(2)


def _fail(message: str) -> None:
    complain(message)
    sys.exit(2)
