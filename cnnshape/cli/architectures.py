"""`cnnshape list` and `cnnshape show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cnnshape.cli.options import FormatOption, OutputOption, TextFormat, complete_path
from cnnshape.cli.output import emit
from cnnshape.sources import bundled
from cnnshape.sources.locate import Source, locate
from cnnshape.sources.spec.shape import UsageError


def list_architectures(format: FormatOption = TextFormat.text, output: OutputOption = None) -> None:
    """List the architectures that come with cnnshape."""
    found = [_entry(name) for name in bundled.names()]
    if format is TextFormat.json:
        from cnnshape.report.json import dump

        emit(dump({"version": 1, "architectures": found}), output)
        return
    width = max((len(item["name"]) for item in found), default=0)
    emit("\n".join(f"{item['name']:<{width}}  {item['description']}" for item in found), output)


def _entry(name: str) -> dict[str, Any]:
    (source,) = _sources(name)
    data = source.document().root.data
    texts = {key: data[key].data for key in ("description", "reference") if key in data}
    return {
        "name": name,
        "description": texts.get("description", ""),
        "reference": texts.get("reference"),
        "path": str(bundled.path_of(name)),
    }


def _sources(name: str) -> list[Source]:
    path = bundled.path_of(name)
    if path is None:
        from cnnshape.sources.words import suggest

        help = suggest(name, bundled.names()) or "`cnnshape list` names them all"
        raise UsageError(f"no architecture is called `{name[:80]}`; {help}")
    return locate(str(path))


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A bundled architecture.",
            autocompletion=complete_path,
            show_default=False,
        ),
    ],
    output: OutputOption = None,
) -> None:
    """Print an architecture's model file, to read or to start from."""
    (source,) = _sources(name)
    emit(source.content().decode().rstrip("\n"), output)
