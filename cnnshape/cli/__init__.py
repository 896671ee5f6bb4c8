"""The command line: the only room that prints, reads the environment or exits."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cnnshape.cli.architectures import list_architectures, show
from cnnshape.cli.check import check
from cnnshape.cli.explain import explain
from cnnshape.cli.fix import fix
from cnnshape.cli.inputs import inputs
from cnnshape.cli.output import complain, internal, wants_traceback
from cnnshape.cli.run import run
from cnnshape.cli.schema import schema
from cnnshape.cli.summary import summary
from cnnshape.cli.train import train
from cnnshape.sources.spec.shape import UsageError

app = typer.Typer(
    name="cnnshape",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: cnnshape summary lenet5",
)


def example(*lines: str) -> str:
    """Examples for a command's help, one a paragraph so that each keeps its line."""
    return "\n\n".join(("Examples:", *lines))


app.command(
    epilog=example(
        "cnnshape check net.yaml",
        "cnnshape check models/ --format json -o report.json",
        "cnnshape check net.yaml --set width=64 --input 3,192,192",
    )
)(check)
app.command(
    epilog=example(
        "cnnshape summary resnet50 --depth 1",
        "cnnshape summary net.yaml --format markdown",
    )
)(summary)
app.command(epilog=example("cnnshape explain lenet5", "cnnshape explain resnet50 layer2.0.conv2"))(
    explain
)
app.command(
    epilog=example(
        "cnnshape inputs unet-same",
        "cnnshape inputs net.yaml --near 350x525",
        "cnnshape inputs net.yaml --at 350x525",
    )
)(inputs)
app.command(
    epilog=example(
        "cnnshape fix net.yaml",
        "cnnshape fix net.yaml --write",
        "cnnshape fix models/ --write --expectations",
    )
)(fix)
app.command(
    epilog=example(
        "cnnshape run lenet5 --gradcheck",
        "cnnshape run net.yaml --input-file images.npz --save seen.npz",
        "cnnshape run resnet50 --batch 8 --train --max-memory 4GiB",
    )
)(run)
app.command(
    epilog=example(
        "cnnshape train lenet5 --input 1,28,28 --data mnist/ --overfit 16",
        "cnnshape train net.yaml --data digits.npz --epochs 20 --lr cosine:0.003:0",
        "cnnshape train net.yaml --data mnist/ --optimiser sgd --nesterov --checkpoint state.npz",
        "cnnshape train net.yaml --data mnist/ --resume state.npz",
    )
)(train)
app.command("list", epilog=example("cnnshape list"))(list_architectures)
app.command(epilog=example("cnnshape show resnet18 > mine.yaml"))(show)
app.command(epilog=example("cnnshape schema -o cnnshape.schema.json"))(schema)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cnnshape {version('cnnshape')}")
        raise typer.Exit


@app.callback()
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
        app()
    except UsageError as error:
        _fail(str(error))
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


def _fail(message: str) -> None:
    complain(message)
    sys.exit(2)
