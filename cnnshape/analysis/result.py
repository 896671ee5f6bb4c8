"""What is known of a model: all that a report may read."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isfinite
from typing import Any, NamedTuple

from cnnshape.diagnostics import Diagnostic, Span, UnreadableError, documentation
from cnnshape.graph import NOTHING, Held, Scope
from cnnshape.layer import Batch, Shape

JSON_VERSION = 1


class ReceptiveField(NamedTuple):
    """What one output sees of an input, a value a spatial axis (contract of `receptive_field`)."""

    size: tuple[int, ...]
    stride: tuple[int | Fraction, ...]
    start: tuple[int, ...]


class LayerResult(NamedTuple):
    """One layer; what a fault leaves unknown is None."""

    name: str
    type: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape | None, ...]
    output_shape: Shape | None
    params: int | None = None
    trainable_params: int | None = None
    buffers: int | None = None
    macs: int | None = None
    connections: int | None = None
    activations: int | None = None
    receptive_field: ReceptiveField | None = None
    receptive_fields: Mapping[str, ReceptiveField] = NOTHING
    weights_from: str | None = None
    scopes: tuple[Scope, ...] = ()
    span: Span | None = None
    kernel: tuple[int, ...] | None = None
    stride: tuple[int, ...] | None = None
    padding: tuple[tuple[int, int], ...] | str | None = None


class Memory(NamedTuple):
    """Bytes in float32 for one sample.

    `params`: the parameters. `forward`: the most that is alive at once in a forward pass, of inputs
    and layers' outputs. `training`: parameters, buffers, gradients of what is trained, and every
    layer's output kept for the backward pass (SGD without momentum).
    """

    params: int = 0
    forward: int = 0
    training: int = 0


class Totals(NamedTuple):
    """Sums over all layers whose figures are known, for one sample."""

    params: int = 0
    trainable_params: int = 0
    buffers: int = 0
    macs: int = 0
    connections: int = 0
    activations: int = 0
    memory: Memory = Memory()


class Analysis(NamedTuple):
    """A model, checked."""

    model: str | None
    path: str
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape | None]
    layers: tuple[LayerResult, ...]
    totals: Totals
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str] = NOTHING
    """File → its text, for the lines that diagnostics point at."""
    readable: bool = True
    confirmed: bool | None = None
    """Whether a run agrees with all of it; None: it was not run."""
    unconfirmed: str = ""
    """Why it could not be run."""
    sizes: Mapping[str, int] = NOTHING
    """Named sizes, and the examples of them at which the model was checked."""
    holds_for: str | None = None
    """The sizes for which the formulas hold, in words."""
    held: tuple[Held, ...] = ()
    """Parameters and buffers that no layer of the table counts: read directly, or never."""
    suppressed: tuple[Diagnostic, ...] = ()
    """What was found, and comments or settings ask not to tell."""
    known: tuple[Diagnostic, ...] = ()
    """What was found, and stands in the baseline."""

    @property
    def ok(self) -> bool:
        """Whether the model holds: no error was found."""
        return not any(item.severity == "error" for item in self.diagnostics)

    @property
    def warned(self) -> bool:
        """Whether there is a warning."""
        return any(item.severity == "warning" for item in self.diagnostics)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that the contract describes."""
        memory = self.totals.memory
        confirmed: dict[str, Any] = {} if self.confirmed is None else {"confirmed": self.confirmed}
        if self.unconfirmed:
            confirmed["unconfirmed"] = self.unconfirmed
        named = {"sizes": dict(self.sizes), "holds_for": self.holds_for} if self.sizes else {}
        return {
            "model": self.model,
            "path": self.path,
            "ok": self.ok,
            **confirmed,
            "inputs": {name: _shape(shape) for name, shape in self.inputs.items()},
            "outputs": {name: _shape(shape) for name, shape in self.outputs.items()},
            **named,
            "layers": [_layer(layer) for layer in self.layers],
            "totals": {
                "params": size_of(self.totals.params),
                "trainable_params": size_of(self.totals.trainable_params),
                "buffers": size_of(self.totals.buffers),
                "macs": size_of(self.totals.macs),
                "connections": size_of(self.totals.connections),
                "activations": size_of(self.totals.activations),
                "memory": {
                    "params": size_of(memory.params),
                    "forward": size_of(memory.forward),
                    "training": size_of(memory.training),
                },
            },
            **({"held": [_held(item) for item in self.held]} if self.held else {}),
            "diagnostics": [diagnostic_data(item) for item in self.diagnostics],
            **{
                name: [diagnostic_data(item) for item in items]
                for name, items in (("suppressed", self.suppressed), ("known", self.known))
                if items
            },
        }


def unreadable(error: UnreadableError, path: str) -> Analysis:
    """What is known of a source that is no model."""
    texts = {path: error.text}
    return Analysis(None, path, {}, {}, (), Totals(), error.diagnostics, texts, readable=False)


def _held(item: Held) -> dict[str, Any]:
    params, trainable, buffers = item.stored
    return {
        "name": item.name,
        "shape": _shape(item.shape),
        "params": params,
        "trainable_params": trainable,
        "buffers": buffers,
        "used": item.used,
        "file": item.span.file if item.span else None,
        "line": item.span.line if item.span else None,
    }


def size_of(size: int | Fraction) -> int | str:
    """A size for JSON: a number, or the text of what is none."""
    whole = isinstance(size, int) or (isinstance(size, Fraction) and size.denominator == 1)
    return int(size) if whole and not isinstance(size, Batch) else str(size)


def _figure(figure: int | None) -> int | str | None:
    return None if figure is None else size_of(figure)


def _shape(shape: Shape | None) -> list[int | str] | None:
    return None if shape is None else [size_of(size) for size in shape]


def _field(field: ReceptiveField | None) -> dict[str, list[int | str]] | None:
    if field is None:
        return None
    return {
        "size": [size_of(size) for size in field.size],
        "stride": [size_of(size) for size in field.stride],
        "start": [size_of(size) for size in field.start],
    }


def _layer(layer: LayerResult) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": layer.name,
        "type": layer.type,
        "inputs": list(layer.inputs),
        "input_shapes": [_shape(shape) for shape in layer.input_shapes],
        "output_shape": _shape(layer.output_shape),
        "params": _figure(layer.params),
        "trainable_params": _figure(layer.trainable_params),
        "buffers": _figure(layer.buffers),
        "macs": _figure(layer.macs),
        "connections": _figure(layer.connections),
        "activations": _figure(layer.activations),
        "receptive_field": _field(layer.receptive_field),
        "line": layer.span.line if layer.span else None,
    }
    if len(layer.receptive_fields) > 1:
        fields = layer.receptive_fields.items()
        result["receptive_fields"] = {name: _field(field) for name, field in fields}
    if layer.weights_from is not None:
        result["weights_from"] = layer.weights_from
    return result


def diagnostic_data(item: Diagnostic) -> dict[str, Any]:
    """A diagnostic in the JSON form that the contract describes."""
    span = item.span
    result: dict[str, Any] = {
        "rule": item.rule,
        "severity": item.severity,
        "message": item.message,
        "layer": item.layer,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "expected": _plain(item.expected),
        "found": _plain(item.found),
        "notes": list(item.notes),
        "labels": [
            {
                "file": label.span.file,
                "line": label.span.line,
                "column": label.span.column,
                "end_line": label.span.end_line,
                "end_column": label.span.end_column,
                "text": label.text,
            }
            for label in item.labels
        ],
        "help": item.help,
        "docs": documentation(item.rule),
    }
    if item.fix is not None:
        place = item.fix.span
        result["fix"] = {
            "line": place.line,
            "column": place.column,
            "end_column": place.end_column,
            "text": item.fix.text,
        }
    return result


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return size_of(value) if isinstance(value, int | Fraction) else value
