"""Corners in which the tool once failed: each a small file, and what must be said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checked import check_text, rules
from typer.testing import CliRunner

import cnnshape
from cnnshape.cli import application

RUN = CliRunner()


def lines(*layers: str, given: str = "input: [3, 8, 8]") -> str:
    return "\n".join([given, "layers:", *(f"  - {layer}" for layer in layers)]) + "\n"


def test_a_wrong_list_of_sizes_is_told_where_it_stands() -> None:
    found = check_text(lines("{type: layer_norm, normalized_shape: [8, 9]}"))
    assert rules(found) == ["size-mismatch"]


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "maximum", "average"])
@pytest.mark.parametrize("order", ["a, b", "b, a"])
def test_operands_of_very_different_ranks_do_not_fit(kind: str, order: str) -> None:
    given = "inputs: {a: [6], b: [2, 3, 4, 5]}"
    found = check_text(lines(f"{{type: {kind}, from: [{order}]}}", "relu", given=given))
    assert rules(found) == ["shape-mismatch"]


def test_bilinear_operands_of_very_different_ranks_do_not_fit() -> None:
    given = "inputs: {a: [1], b: [2, 3, 4, 5]}"
    found = check_text(
        lines("{type: bilinear, from: [a, b], out_features: 3}", "relu", given=given)
    )
    assert rules(found) == ["shape-mismatch"]


def test_there_is_a_most_of_inputs() -> None:
    given = f"inputs: {{{', '.join(f'i{n}: [3]' for n in range(33))}}}"
    found = check_text(lines("{type: relu, from: i0}", given=given))
    assert [item.message for item in found.diagnostics] == ["33 inputs; 32 at most"]


def test_what_serves_several_layers_has_no_fix() -> None:
    """Under `repeat` no number is right for all: 3 channels arrive first, then 8."""
    conv = "{type: conv2d, out_channels: 8, kernel_size: 3, in_channels: 3, repeat: 3}"
    (fault,) = check_text(lines(conv)).diagnostics
    assert fault.fix is None
    assert fault.help == "leave `in_channels` out: each layer then takes what arrives"


def test_the_origin_of_features_is_not_that_of_the_channels() -> None:
    model = lines(
        "{name: conv, type: conv2d, out_channels: 5, kernel_size: 3}",
        "{type: flatten, start_dim: 2}",
        "{type: transpose, dim0: 1, dim1: 2}",
        "{type: layer_norm, normalized_shape: 6}",
    )
    (fault,) = check_text(model).diagnostics
    assert [label.text for label in fault.labels] == ["5 channels from here"]


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
def test_json_stays_json_for_what_is_no_number(value: str, tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(lines(f"{{type: leaky_relu, negative_slope: {value}}}"), encoding="utf-8")
    result = RUN.invoke(application(), ["check", str(file), "--format", "json"])
    assert result.exit_code == 1

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(result.stdout, parse_constant=refuse)


def test_a_norm_of_another_rank_hides_nothing_below() -> None:
    found = check_text(
        lines(
            "{type: conv2d, out_channels: 4, kernel_size: 3}",
            "batch_norm1d",
            "{type: batch_norm2d, num_features: 32}",
        )
    )
    assert rules(found) == ["bad-rank", "size-mismatch"]


@pytest.mark.parametrize(
    ("bound", "told"), [("<= 1k", "at most 1,000 are"), ("> 5k", "more than 5,000 are")]
)
def test_a_bound_that_does_not_hold_is_told_as_a_bound(bound: str, told: str) -> None:
    """3·3·3·64 + 64 = 1,792 parameters."""
    conv = f'{{type: conv2d, out_channels: 64, kernel_size: 3, expect: {{params: "{bound}"}}}}'
    (fault,) = check_text(lines(conv)).diagnostics
    assert fault.message == f"`conv2d_1` has 1,792 parameters, but {told} expected"
    assert "1792" not in (fault.help or "")


@pytest.mark.parametrize(("bound", "count"), [(">= 3", 0), (">= 4", 1), ("3", 0)])
def test_an_expected_receptive_field_may_be_a_bound(bound: str, count: int) -> None:
    claim = f'expect: {{receptive_field: "{bound}"}}'
    conv = f"{{type: conv2d, out_channels: 4, kernel_size: 3, {claim}}}"
    assert rules(check_text(lines(conv))) == ["expectation-failed"] * count


def test_shapes_without_a_name_are_those_of_the_inputs_in_turn() -> None:
    model = {"inputs": {"a": [1], "b": [1]}, "layers": [{"type": "concat", "from": ["a", "b"]}]}
    with pytest.raises(cnnshape.UnreadableError, match="the model has 2 inputs"):
        cnnshape.load(model, input="3")
    one = RUN.invoke(application(), ["check", "lenet5", "--input", "1,32,32", "--input", "1,64,64"])
    assert one.exit_code == 2
    assert "the model has 1 input (input), 2 given" in one.stderr


def test_one_model_that_cannot_be_had_does_not_hide_the_others(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(lines("relu"), encoding="utf-8")
    result = RUN.invoke(application(), ["check", str(file), str(tmp_path / "no.yaml")])
    assert result.exit_code == 2
    assert "net.yaml: ok" in result.stdout
    assert "no such file" in result.stderr
