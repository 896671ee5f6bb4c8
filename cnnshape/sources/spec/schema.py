"""The JSON Schema of the model file, derived from the layers' classes."""

from __future__ import annotations

from typing import Any

from cnnshape.graph import DTYPE_BYTES
from cnnshape.layer import Layer
from cnnshape.layers import types_of_files
from cnnshape.sources.spec.block import BLOCK_KEYS
from cnnshape.sources.spec.claims import LIMITS, MEMORY
from cnnshape.sources.spec.reader import INPUT_KEYS, KEYS, LAYOUTS
from cnnshape.sources.spec.shape import NAME

Schema = dict[str, Any]

EXPRESSION: Schema = {"$ref": "#/$defs/expression"}
NAMES: Schema = {
    "anyOf": [
        {"type": ["string", "integer"]},
        {"type": "array", "items": {"type": ["string", "integer"]}},
    ]
}
NAMED: Schema = {
    "type": "string",
    "pattern": rf"^{NAME.pattern}( *= *[0-9]+)?$",
    "description": "a size by name, perhaps with an example of it: H, H=256",
}
SIZE: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, NAMED, EXPRESSION]}
SHAPE: Schema = {"type": "array", "items": SIZE, "minItems": 1}
QUANTITY: Schema = {"type": ["number", "string"]}
BOOLEAN: Schema = {"anyOf": [{"type": "boolean"}, EXPRESSION]}
COUNT: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
EXPECT: Schema = {
    "anyOf": [
        {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"const": "N"}, EXPRESSION]}},
        {
            "type": "object",
            "properties": {
                "shape": {"type": "array"},
                "params": QUANTITY,
                "macs": QUANTITY,
                "receptive_field": {"type": ["integer", "array", "string"]},
            },
            "additionalProperties": False,
        },
    ]
}
COMMON: Schema = {
    "name": {"type": ["string", "integer"], "description": "by default <type>_<k>"},
    "from": {**NAMES, "description": "what it reads; by default the layer above"},
    "repeat": {**COUNT, "description": "how many times, one behind the other"},
    "if": {"type": ["string", "boolean", "integer"], "description": "an expression"},
    "expect": {**EXPECT, "description": "what its output is believed to be"},
    "weights_from": {"type": "string", "description": "the layer whose weights it uses"},
    "trainable": {**BOOLEAN, "description": "whether its parameters are trained"},
    "functional": {**BOOLEAN, "description": "whether PyTorch calls a function, F.relu, for it"},
}

COMMON_KEYS: Schema = {key: {"$ref": f"#/$defs/{key}"} for key in COMMON}


def schema() -> Schema:
    """The schema of a model file, in draft 2020-12."""
    classes = dict.fromkeys(types_of_files().values())
    layers = {"type": "array", "items": {"$ref": "#/$defs/layer"}, "minItems": 1}
    properties: Schema = {
        "cnnshape": {"const": 1, "description": "the format's version"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "reference": {"type": ["string", "array"]},
        "input": {"$ref": "#/$defs/input"},
        "inputs": {"type": "object", "additionalProperties": {"$ref": "#/$defs/input"}},
        "layout": {"enum": list(LAYOUTS)},
        "vars": {"type": "object"},
        "blocks": {"type": "object", "additionalProperties": {"$ref": "#/$defs/block"}},
        "layers": layers,
        "outputs": NAMES,
        "loss": {"type": ["string", "object"]},
        "limits": _limits(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnnshape model file",
        "type": "object",
        "properties": {key: properties[key] for key in KEYS},
        "required": ["layers"],
        "additionalProperties": False,
        "$defs": {
            "expression": {"type": "string", "pattern": r"\$\{.*\}"},
            "input": _input(),
            "block": _block(layers),
            **COMMON,
            "layer": _layer(list(classes)),
            **{cls.__name__: _arguments(cls) for cls in classes},
        },
    }


def _limits() -> Schema:
    memory = {"type": "object", "properties": dict.fromkeys(MEMORY, QUANTITY)}
    properties: Schema = dict.fromkeys(LIMITS, QUANTITY)
    properties["memory"] = {"anyOf": [QUANTITY, {**memory, "additionalProperties": False}]}
    properties["output"] = {"type": "array"}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _input() -> Schema:
    properties = dict(zip(INPUT_KEYS, (SHAPE, {"enum": list(DTYPE_BYTES)}), strict=True))
    named = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"anyOf": [SHAPE, EXPRESSION, {**named, "required": ["shape"]}]}


def _block(layers: Schema) -> Schema:
    kinds: tuple[Schema, ...] = ({"type": "object"}, layers, {"type": "string"})
    return {
        "type": "object",
        "properties": dict(zip(BLOCK_KEYS, kinds, strict=True)),
        "required": ["layers"],
        "additionalProperties": False,
    }


def _layer(classes: list[type[Layer]]) -> Schema:
    """A type alone, or a mapping whose arguments go by its type; other types are blocks."""
    types = sorted(name for cls in classes for name in cls.types)
    choices = [
        {
            "if": {"properties": {"type": {"enum": sorted(cls.types)}}},
            "then": {"$ref": f"#/$defs/{cls.__name__}"},
        }
        for cls in classes
    ]
    mapping = {
        "type": "object",
        "properties": {"type": {"anyOf": [{"enum": types}, {"type": "string"}]}, **COMMON_KEYS},
        "required": ["type"],
        "allOf": choices,
    }
    return {"anyOf": [{"anyOf": [{"enum": types}, {"type": "string"}]}, mapping]}


def _arguments(cls: type[Layer]) -> Schema:
    """One class' arguments beside the keys of every layer."""
    made = cls.model_json_schema()
    fields = {name: with_expressions(field) for name, field in made["properties"].items()}
    return {
        "description": (cls.__doc__ or "").split("\n")[0],
        "properties": {**COMMON_KEYS, **fields, "type": {"enum": sorted(cls.types)}},
        "required": made["required"],
        "additionalProperties": False,
    }


def with_expressions(field: Schema) -> Schema:
    """A field's schema that lets an expression stand for any value in it."""
    inner = {key: value for key, value in field.items() if key not in ("title", "default")}
    kept = {key: field[key] for key in ("default",) if key in field}
    if "items" in inner:
        inner["items"] = with_expressions(inner["items"])
    if "anyOf" in inner:
        choices = [with_expressions(choice) for choice in inner["anyOf"]]
        flat = [part for choice in choices for part in choice.get("anyOf", [choice])]
        unique = [part for number, part in enumerate(flat) if part not in flat[:number]]
        return {**kept, "anyOf": unique}
    return {**kept, "anyOf": [inner, EXPRESSION]}
