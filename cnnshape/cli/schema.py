"""`cnnshape schema`."""

from __future__ import annotations

from cnnshape.cli.options import OutputOption
from cnnshape.cli.output import emit


def schema(output: OutputOption = None) -> None:
    """Print the JSON Schema of model files, for editors that complete and check YAML."""
    from cnnshape.report.json import dump
    from cnnshape.sources.spec.schema import schema as model_schema

    emit(dump(model_schema()), output)
