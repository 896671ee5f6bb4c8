"""Blocks: parts of a model with a name, written out wherever they are used."""

from __future__ import annotations

import pytest
from checked import check_text, fault, faults, layer, names, rules, shapes, told

SMALL = "input: [3, 8, 8]\n"
CONV = "type: conv2d, kernel_size: 3, padding: 1"
BASIC = f"""
blocks:
  basic:
    params: {{channels: , stride: 1, act: relu}}
    layers:
      - {{name: conv, {CONV}, out_channels: "${{channels}}", stride: "${{stride}}"}}
      - {{name: act, type: "relu"}}
"""


# What a block is


def test_a_block_is_used_as_a_type() -> None:
    found = check_text(
        f"{BASIC}{SMALL}layers:\n  - {{name: one, type: basic, channels: 4}}\n"
        "  - {type: basic, channels: 5, stride: 2}\n  - relu\n"
    )
    assert faults(found) == []
    assert names(found) == ["one.conv", "one.act", "basic_2.conv", "basic_2.act", "relu_1"]
    assert shapes(found) == [(4, 8, 8)] * 2 + [(5, 4, 4)] * 3
    assert layer(found, "basic_2.conv").inputs == ("one.act",)


def test_repeat_numbers_a_block_and_index_counts_inside() -> None:
    found = check_text(
        f"""{SMALL}
blocks:
  unit:
    params: {{channels: }}
    layers:
      - {{name: c, {CONV}, out_channels: "${{channels}}", stride: "${{2 if index == 0 else 1}}"}}
layers:
  - {{name: layer1, type: unit, channels: "${{4 + index}}", repeat: 3}}
  - {{name: end, type: relu, from: layer1}}
  - {{type: relu, from: layer1.0}}
"""
    )
    assert faults(found) == []
    assert names(found) == ["layer1.0.c", "layer1.1.c", "layer1.2.c", "end", "relu_2"]
    assert shapes(found) == [(4, 4, 4), (5, 4, 4), (6, 4, 4), (6, 4, 4), (4, 4, 4)]
    assert layer(found, "end").inputs == ("layer1.2.c",)
    assert layer(found, "relu_2").inputs == ("layer1.0.c",)


def test_blocks_use_blocks_and_their_params() -> None:
    found = check_text(
        f"""vars: {{wide: 2}}
{SMALL}
blocks:
  outer:
    params: {{n: , factor: "${{n * wide}}"}}
    layers:
      - {{name: a, type: inner, channels: "${{n}}"}}
      - {{name: b, type: inner, channels: "${{factor}}", repeat: "${{wide}}"}}
  inner:
    params: {{channels: }}
    layers: [{{name: c, {CONV}, out_channels: "${{channels}}"}}]
layers:
  - {{name: x, type: outer, n: 5}}
  - {{name: y, type: outer, n: 3, factor: 7}}
"""
    )
    assert faults(found) == []
    assert names(found) == ["x.a.c", "x.b.0.c", "x.b.1.c", "y.a.c", "y.b.0.c", "y.b.1.c"]
    assert [shape[0] for shape in shapes(found)] == [5, 10, 10, 3, 7, 7]


def test_a_default_sees_the_params_before_it_and_vars() -> None:
    text = f"""vars: {{w: 6}}
{SMALL}
blocks:
  b:
    params: {{a: "${{w}}", b: "${{a + 1}}"}}
    layers: [{{name: c, {CONV}, out_channels: "${{b}}"}}]
layers: [b, {{type: b, a: 2}}, {{type: b, b: 9}}]
"""
    assert [shape[0] for shape in shapes(check_text(text))] == [7, 3, 9]


def test_the_output_is_the_last_layer_or_the_one_named() -> None:
    text = f"""{SMALL}
blocks:
  b:
    layers: [{{name: c, {CONV}, out_channels: 4}}, {{name: r, type: relu}}]
    output: c
layers: [{{name: u, type: b}}, {{name: after, type: tanh}}]
outputs: [u]
"""
    found = check_text(text)
    assert layer(found, "after").inputs == ("u.c",)
    assert list(found.outputs) == ["u.c"]


def test_a_block_may_give_several_outputs_and_take_several_inputs() -> None:
    found = check_text(
        f"""{SMALL}
blocks:
  split:
    layers:
      - {{name: a, {CONV}, out_channels: 4, from: input}}
      - {{name: b, {CONV}, out_channels: 5, from: input}}
    output: [a, b]
  join:
    layers:
      - {{name: x, type: relu, from: input.1}}
      - {{name: both, type: concat, from: input}}
      - {{name: all, type: concat, from: [input.0, x, both]}}
layers: [{{name: s, type: split}}, {{name: j, type: join}}, {{type: join, from: [s, input]}}]
"""
    )
    assert layer(found, "j.x").inputs == ("s.b",)
    assert layer(found, "j.both").inputs == ("s.a", "s.b")
    assert layer(found, "j.all").output_shape == (1, 4 + 5 + 9, 8, 8)
    assert rules(found) == []
    assert layer(found, "join_2.both").inputs == ("s.a", "s.b", "input")


def test_a_block_whose_output_is_a_block_twice() -> None:
    found = check_text(
        f"""{SMALL}
blocks:
  one: {{layers: [{{name: r, type: relu}}]}}
  two: {{layers: [{{name: p, type: one}}], output: [p, p]}}
layers: [{{name: t, type: two}}, {{name: j, type: concat}}]
"""
    )
    assert faults(found) == []
    assert layer(found, "j").inputs == ("t.p.r", "t.p.r")


def test_a_block_all_switched_off_passes_its_input_through() -> None:
    found = check_text(
        f"""{SMALL}
blocks: {{skip: {{params: {{on: false}}, layers: [{{type: tanh, if: on}}]}}}}
layers: [{{name: a, type: relu}}, {{name: s, type: skip}}, {{name: b, type: add, from: [s, a]}}]
"""
    )
    assert faults(found) == []
    assert layer(found, "b").inputs == ("a", "a")


def test_an_input_given_by_from_reaches_inside() -> None:
    found = check_text(
        f"""{SMALL}
blocks: {{res: {{layers: [{{name: c, {CONV}, out_channels: 3}}, {{type: add, from: [c, input]}}]}}}}
layers: [relu, tanh, {{name: r, type: res, from: relu_1}}]
"""
    )
    assert layer(found, "r.c").inputs == ("relu_1",)
    assert layer(found, "r.add_1").inputs == ("r.c", "relu_1")


def test_an_unused_block_is_no_layer() -> None:
    assert names(check_text(f"{BASIC}{SMALL}layers: [relu]")) == ["relu_1"]


# What can be wrong with a block


@pytest.mark.parametrize(
    ("blocks", "rule", "message"),
    [
        ("{a: 3}", "invalid-value", "the block `a` must be a mapping with `layers`, not `3`"),
        ("{a: [relu]}", "invalid-value",
         "the block `a` must be a mapping with `layers`, not a list"),
        ("{a: }", "invalid-value", "the block `a` must be a mapping with `layers`, not nothing"),
        ("{a: {}}", "invalid-value", "the block `a` has no `layers`"),
        ("{a: {layer: [relu]}}", "unknown-field", "the block `a` has no `layer`"),
        (
            "{a: {layers: relu}}",
            "invalid-value",
            "`layers` of the block `a` must be a list of layers, not `relu`",
        ),
        (
            "{a: {layers: [relu], params: [x]}}",
            "invalid-value",
            "the params of `a` must be a mapping, not a list",
        ),
        (
            "{a: {layers: [relu], params: {name: 1}}}",
            "invalid-value",
            "the block `a` cannot have a param `name`: every layer takes that key",
        ),
        ("{a: {layers: [relu], ouput: x}}", "unknown-field", "the block `a` has no `ouput`"),
        ("{a: {layers: [3]}}", "invalid-value",
         "a layer must be a type or a mapping with one, not `3`"),
        ("{a: {layers: [a]}}", "cyclic-reference", "the block `a` uses itself: a → a"),
        (
            "{a: {layers: [b]}, b: {layers: [relu, c]}, c: {layers: [a]}}",
            "cyclic-reference",
            "the block `c` uses itself: a → b → c → a",
        ),
        (
            "{a: {layers: [relu]}, relu: {layers: [tanh]}}",
            "duplicate-name",
            "`relu` is a layer's type already; a block needs another",
        ),
        ("{a: {layers: [relu], output: relu_2}}", "unknown-reference",
         "the block has no layer called `relu_2`"),
    ],
)  # fmt: skip
def test_one_fault_of_a_block_is_one_error(blocks: str, rule: str, message: str) -> None:
    """However often the block is used, and whatever comes after it."""
    text = (
        f"{SMALL}blocks: {blocks}\nlayers: [a, a, {{name: c, {CONV}, out_channels: 4, "
        "expect: [4, 8, 8]}, {type: add, from: [c, a_1]}, {type: linear, in_features: 2, "
        "out_features: 2, from: a_1}]\n"
    )
    if "relu]" in blocks or "a: {layers: [relu]}" in blocks:
        text = f"{SMALL}blocks: {blocks}\nlayers: [a, a]"
    found = fault(text)
    assert (found.rule, found.message) == (rule, message)
    assert found.span is not None
    assert found.span.line == 2


def test_blocks_nest_only_so_deep() -> None:
    chain = ", ".join(f"b{i}: {{layers: [b{i + 1}]}}" for i in range(39))
    text = f"{SMALL}blocks: {{{chain}, b39: {{layers: [relu]}}}}\nlayers: [b0]"
    assert len(check_text(text).layers) == 1
    deep = text.replace("b39: {layers: [relu]}", "b39: {layers: [b40]}, b40: {layers: [relu]}")
    assert fault(deep).message == "the block `b0` nests blocks more than 40 deep"


def test_a_param_that_must_be_given() -> None:
    text = f"{BASIC}{SMALL}layers: [{{name: one, type: basic}}, {{{CONV}, out_channels: 4}}]"
    assert told(text) == ("invalid-value", (9, 28), "the block `basic` needs `channels`", None)


def test_a_param_that_is_not_known() -> None:
    text = f"{BASIC}{SMALL}layers: [{{type: basic, chanels: 4}}]"
    assert told(text) == (
        "unknown-field",
        (9, 24),
        "the block `basic` has no `chanels`",
        "write `channels`",
    )
    extra = text.replace("chanels: 4", "channels: 4, depth: 3")
    assert fault(extra).message == "the block `basic` has no `depth`"


def test_a_param_without_a_value_is_one_error() -> None:
    text = f'{BASIC}{SMALL}layers: [{{type: basic, channels: "${{x + 1}}", stride: "${{x}}"}}]'
    assert {item.message for item in check_text(text).diagnostics} == {
        "`channels`: `x` is not defined",
        "`stride`: `x` is not defined",
    }
    layers = f'[{{{CONV}, out_channels: "${{n}}"}}]'
    block = f'{{params: {{n: "${{q}}"}}, layers: {layers}}}'
    default = f"{SMALL}blocks: {{b: {block}}}\nlayers: [b, b]"
    assert fault(default).message == "`n`: `q` is not defined"


def test_a_block_sees_its_own_layers_only() -> None:
    text = f"""{SMALL}
blocks:
  b:
    layers:
      - {{name: near, type: relu}}
      - {{type: tanh, from: outside}}
layers: [{{name: outside, type: relu}}, b, b]
"""
    assert told(text) == (
        "unknown-reference",
        (7, 28),
        "the block has no layer called `outside`",
        "a block sees its own layers and `input` only: hand it over with `from`",
    )
    assert fault(text.replace("outside}\n", "naer}\n")).help == "write `near`"


def test_a_part_of_the_input_that_is_not_given() -> None:
    text = f"{SMALL}blocks: {{b: {{layers: [{{type: relu, from: input.1}}]}}}}\nlayers: [b]"
    assert told(text)[:3] == (
        "unknown-reference",
        (2, 42),
        "no `input.1`: the block is given 1 input",
    )


def test_blocks_of_one_name() -> None:
    uses = "{name: u, type: basic, channels: 4}, {name: u, type: basic, channels: 5}"
    text = f"{BASIC}{SMALL}layers: [{uses}, relu]"
    found = fault(text)
    assert (found.rule, found.message) == ("duplicate-name", "`u` is a layer's name already")
    assert names(check_text(text)) == ["u.conv", "u.act", "u_2.conv", "u_2.act", "relu_1"]


# Faults inside of blocks: told once, where the block has it, and where it was used


FAULTY = f"""{SMALL}
blocks:
  pair:
    params: {{c: }}
    layers:
      - {{name: one, {CONV}, out_channels: "${{c}}"}}
      - {{name: two, {CONV}, in_channels: 7, out_channels: "${{c}}"}}
"""


def test_a_fault_points_into_the_block_and_notes_the_use() -> None:
    found = fault(f"{FAULTY}layers: [{{name: u, type: pair, c: 5}}]")
    assert found.message == "`u.two` takes 7 channels, but 5 arrive"
    assert found.span is not None
    assert (found.span.line, found.span.column) == (8, 76)
    assert found.notes == ("in the block `pair`, used as `u` at model.yaml:9:26",)
    assert [label.text for label in found.labels] == ["5 channels from `u.one`"]
    assert found.fix is not None  # the block is used once, so one number will do
    assert found.fix.text == "5"


def test_a_fault_that_repeats_is_told_once() -> None:
    text = f"{FAULTY}layers: [{{type: pair, c: 5, repeat: 9}}, {{type: pair, c: 6}}]"
    assert rules(check_text(text)) == ["size-mismatch"]


def test_the_uses_of_nested_blocks_are_noted_from_the_inside_out() -> None:
    text = FAULTY.replace("layers: \n", "") + (
        "  outer: {layers: [{name: p, type: pair, c: 5}]}\nlayers: [{name: o, type: outer}]\n"
    )
    assert fault(text).notes == (
        "in the block `pair`, used as `o.p` at model.yaml:9:36",
        "in the block `outer`, used as `o` at model.yaml:10:26",
    )


def test_a_bad_argument_in_a_block_is_told_once() -> None:
    text = (
        f"{SMALL}blocks: {{b: {{params: {{k: }}, layers: [{{type: conv2d, out_channels: 3, "
        'kernel_size: "${k}"}]}}\nlayers: [{type: b, k: 0, repeat: 4}, {type: b, k: -1}]'
    )
    assert rules(check_text(text)) == ["invalid-value"]


def test_an_alias_in_a_block_keeps_its_place() -> None:
    text = f"""{SMALL}
vars: {{unused: &conv {{type: conv2d, kernel_size: 3, in_channels: 9}}}}
layers:
  - {{<<: *conv, name: first, out_channels: 4}}
"""
    found = fault(text)
    assert found.message == "`first` takes 9 channels, but 3 arrive"
    assert found.span is not None
    assert (found.span.line, found.span.column) == (3, 66)
