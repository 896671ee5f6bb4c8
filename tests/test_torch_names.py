"""Layers against the signatures of PyTorch's (recorded by data/make_torch_signatures.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnnshape.layer import Layer
from cnnshape.layers import load_all, types_of_files

DATA = Path(__file__).with_name("data") / "torch_signatures.json"
SIGNATURES: dict[str, list[list[Any]]] = json.loads(DATA.read_text("utf-8"))["classes"]

# Type → PyTorch's class.
PAIRS = {
    name: torch_name
    for name, cls in load_all().items()
    for torch_name in [dict(zip(cls.types, cls.torch, strict=False)).get(name)]
    if torch_name
}

# Arguments of ours that PyTorch's class does not have; they come last.
EXTRA = {
    "conv1d": ["connection_table"],  # LeNet-5's C3
    "conv2d": ["connection_table"],
    "conv3d": ["connection_table"],
    **{f"max_unpool{n}d": ["output_size"] for n in (1, 2, 3)},  # PyTorch's forward takes it
    "avg_pool1d": ["divisor_override"],  # shared with the classes of two and three axes
}
# Arguments of PyTorch's that a model file has no use for; they come last too.
LEFT_OUT = {
    "hardtanh": ["min_value", "max_value"],  # the old names of min_val and max_val
    "embedding_bag": ["_weight"],
    "embedding": ["_weight", "_freeze"],  # values; `trainable: false` freezes
}
# Arguments that are inferred when they are left out, beside those in `Layer.stated`.
INFERRED = {"layer_norm": ["normalized_shape"], "rms_norm": ["normalized_shape"]}

# Types that PyTorch has functions or methods for, or nothing at all.
WITHOUT = {
    *("batch_norm", "instance_norm"),  # any rank: BatchNorm1d, 2d or 3d by the input's
    *("add", "subtract", "multiply", "maximum", "average", "concat", "matmul"),
    *("reshape", "permute", "transpose", "squeeze", "unsqueeze", "slice", "crop"),
    *("global_avg_pool", "global_max_pool", "drop_path"),
    *("locally_connected2d", "rbf", "subsample2d"),
}


def ours(name: str) -> list[list[Any]]:
    """A layer's arguments as they were recorded of PyTorch: [name], or [name, default]."""
    fields = load_all()[name].model_fields
    return [
        [field] if info.is_required() else [field, info.default]
        for field, info in fields.items()
        if field != "type"
    ]


def theirs(name: str) -> list[list[Any]]:
    """PyTorch's arguments, those that are inferred here with the default None."""
    inferred = {*load_all()[name].stated, *INFERRED.get(name, [])}
    return [
        [one[0], None] if one[0] in inferred else one
        for one in SIGNATURES[PAIRS[name]]
        if one[0] not in LEFT_OUT.get(name, [])
    ]


def test_every_type_is_pytorchs_or_said_to_have_none() -> None:
    assert {*types_of_files()} - {*PAIRS} == WITHOUT


def test_pytorchs_names_are_its_own() -> None:
    assert {*PAIRS.values()} <= {*SIGNATURES}
    assert len({*PAIRS.values()}) == len(PAIRS)


@pytest.mark.parametrize("name", PAIRS)
def test_arguments_stand_in_pytorchs_order_with_its_defaults(name: str) -> None:
    found, expected = ours(name), theirs(name)
    extra = len(found) - len(EXTRA.get(name, []))
    assert found[:extra] == expected
    assert [field for field, *_ in found[extra:]] == EXTRA.get(name, [])


@pytest.mark.parametrize("name", PAIRS)
def test_flags_are_flags(name: str) -> None:
    """True == 1 in Python, but not in a signature."""
    recorded = dict(one for one in theirs(name) if len(one) == 2)
    for field, *default in ours(name):
        if default and field in recorded:
            assert isinstance(default[0], bool) is isinstance(recorded[field], bool)


@pytest.mark.parametrize("cls", dict.fromkeys(load_all().values()), ids=lambda cls: cls.__name__)
def test_types_and_pytorchs_names_go_together(cls: type[Layer]) -> None:
    assert len(cls.torch) in (0, len(cls.types))
    assert next(iter(cls.model_fields)) == "type"
    assert {*cls.stated} <= {*cls.model_fields}


@pytest.mark.parametrize("name", PAIRS)
def test_types_are_pytorchs_names_in_snake_case(name: str) -> None:
    assert name.replace("_", "") == PAIRS[name].lower()


def test_exceptions_are_still_needed() -> None:
    for name, fields in LEFT_OUT.items():
        assert {*fields} <= {one[0] for one in SIGNATURES[PAIRS[name]]}
    for name, fields in EXTRA.items():
        assert {*fields}.isdisjoint(one[0] for one in SIGNATURES[PAIRS[name]])
