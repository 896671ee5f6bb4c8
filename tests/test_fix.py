"""Repairs: which characters change, and that no other one does.

A text has marks, `«100|320»`: what stands there before and what must stand there after.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
import yaml
from generators.models import graph, sequential
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fuzz import broken_text

from cnnshape.analysis.rewrite import rewrite
from cnnshape.diagnostics import UnreadableError
from cnnshape.repair.mend import Outcome, mend
from cnnshape.repair.text import Text
from cnnshape.sources import bundled
from cnnshape.sources.options import Options

MARK = re.compile(r"«([^|»]*)\|([^»]*)»", re.S)


def before(text: str) -> str:
    return MARK.sub(r"\1", text)


def after(text: str) -> str:
    return MARK.sub(r"\2", text)


def fix(text: str, *, expectations: bool = False, shape: Any = None, **variables: Any) -> Outcome:
    options = Options(variables, {0: shape} if shape else {})
    return mend("net.yaml", text.encode(), options, expectations=expectations)


def mended(text: str, **options: Any) -> Outcome:
    """The outcome for a text whose marks are all that has to change."""
    outcome = fix(before(text), **options)
    assert outcome.after == after(text)
    assert outcome.left == ()
    assert outcome.analysis.ok
    assert fix(outcome.after, **options).repairs == ()
    return outcome


def left(text: str, **options: Any) -> list[str]:
    """Why errors are left, in a text of which only the marks may change."""
    outcome = fix(before(text), **options)
    assert outcome.after == after(text)
    assert not outcome.analysis.ok
    return [item.reason for item in outcome.left]


def layers(*items: str, given: str = "[3, 8, 8]") -> str:
    return "\n".join([f"input: {given}", "layers:", *(f"  - {item}" for item in items), ""])


CONV = "type: conv2d, out_channels: 8, kernel_size: 3"


# Numbers


def broken_mnist_net() -> str:
    text = (bundled.folder() / "mnist-net-broken.yaml").read_text(encoding="utf-8")
    assert text.count("in_features: 100") == 1
    return text.replace("in_features: 100", "in_features: «100|320»")


def test_the_mnist_net() -> None:
    (repair,) = mended(broken_mnist_net()).repairs
    assert repair.words == "`in_features: 320` in place of `100`"
    assert repair.diagnostic.message == "`fc` takes 100 features, but 320 arrive"
    (written,) = repair.fixes
    assert (written.span[1:], written.text) == ((14, 43, 14, 46), "320")


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end"])
def test_marks_and_line_ends_stay(start: str, newline: str, end: str) -> None:
    text = (broken_mnist_net().rstrip("\n") + end).replace("\n", newline)
    mended(start + text)


@pytest.mark.parametrize(
    "layer",
    [
        "{name: f, type: linear, in_features: «7|8», out_features: 2}",
        "{name: b, type: bilinear, from: [a, a], in1_features: «7|8», in2_features: «9|8», "
        "out_features: 2}",
        "{name: n, type: batch_norm, num_features: «7|8»}  # 7 of them",
        "{name: n, type: group_norm, num_groups: 4, num_channels: «12|8»}",
        "{name: p, type: prelu, num_parameters: «7|8»}",
        "{name: l, type: layer_norm, normalized_shape: «7|8»}",
        "{name: l, type: layer_norm, normalized_shape: [ «7|8» ]}",
        "{name: r, type: rbf, in_features: «7|8», out_features: 2}",
    ],
)
def test_numbers_that_repeat_a_size(layer: str) -> None:
    mended(layers("{name: a, type: linear, out_features: 8}", layer, given="[5]"))


def test_numbers_in_lists_keep_their_layout() -> None:
    mended(
        "input: [3, 5, 7]\nlayers:\n  - type: layer_norm\n    normalized_shape:   # last axes\n"
        "      - «7|5»    # not 7\n      - «5|7»\n"
        "  - {type: layer_norm, normalized_shape: [«6|3»,\n"
        "       # two more\n       5, «8|7»]}\n"
    )


def test_a_list_of_another_length_is_written_anew() -> None:
    mended(layers("{type: layer_norm, normalized_shape: [8, «9|8»]}"))
    text = "{name: a, type: conv2d, out_channels: 2, kernel_size: 3, expect: «[2, 6]|[2, 6, 6]»}"
    mended(layers(text), expectations=True)


def test_heads_of_attention() -> None:
    mended(layers("{type: multihead_attention, num_heads: «7|6»}", given="[4, 12]"))


@pytest.mark.parametrize("written", ["{}  # {}", "&n {}", "!!int {}", "&n !!int {}"])
def test_what_stands_beside_a_number_stays(written: str) -> None:
    number = written.format("«4|3»", "four")
    mended(f"input: [3, 8, 8]\nlayers:\n  - type: batch_norm2d\n    num_features: {number}\n")


def test_a_carriage_return_of_an_anchored_value() -> None:
    mended("input: [3]\r\nlayers:\r\n  - type: linear\r\n    out_features: 2\r\n"
           "    in_features: &a «4|3»\r\n")  # fmt: skip


def test_a_linear_layer_on_a_map_may_have_been_meant_for_all_of_it() -> None:
    (repair,) = mended(layers("{type: linear, in_features: «9|8», out_features: 2}")).repairs
    words = "it sees the last axis of (N, 3, 8, 8) alone; for all values put a `flatten` before it"
    assert repair.notes == (words,)


def test_groups_become_the_nearest_divisor_and_the_others_are_told() -> None:
    text = layers("{type: conv2d, out_channels: 64, kernel_size: 3, groups: «5|4»}",
                  given="[48, 8, 8]")  # fmt: skip
    (repair,) = mended(text).repairs
    assert repair.notes == ("`groups: 2` or `groups: 8` would do too",)
    mended(layers("{type: group_norm, num_groups: «5|4»}", given="[12, 8, 8]"))
    mended(layers("{type: channel_shuffle, groups: «5|4»}", given="[12, 8, 8]"))


def test_groups_are_looked_at_when_the_channels_are_right() -> None:
    layer = "{type: conv2d, in_channels: «5|6», out_channels: 8, kernel_size: 1, groups: «3|2»}"
    assert len(mended(layers(layer, given="[6, 4, 4]")).repairs) == 2


def test_a_padding_that_is_too_large() -> None:
    mended(layers("{type: max_pool2d, kernel_size: 3, stride: 2, padding: «2|1»}"))
    mended(layers("{type: conv_transpose2d, out_channels: 2, kernel_size: 3, stride: 2, "
                  "output_padding: «2|1»}"))  # fmt: skip


def test_a_given_input_and_variables_are_what_is_repaired_for() -> None:
    text = layers("flatten", "{name: fc, type: linear, in_features: «192|48», out_features: 2}")
    mended(text, shape=(3, 4, 4))
    assert fix(before(text)).repairs == ()
    varied = "vars: {w: 8}\n" + layers(
        '{type: linear, out_features: "${w}"}',
        "{type: linear, in_features: «8|5», out_features: 2}",
    )
    mended(varied, w=5)


# What serves several layers


def test_a_number_in_a_block_used_once_and_often() -> None:
    block = """input: [3, 8, 8]
blocks:
  unit:
    layers:
      - {name: norm, type: batch_norm2d, num_features: «4|3»}
      - relu
layers:
  - {name: one, type: unit}
"""
    mended(block)
    (repair,) = mended(block + "  - {name: two, type: unit, repeat: 3}\n").repairs
    assert repair.diagnostic.layer == "one.norm"


def test_a_number_in_a_block_that_needs_two_values() -> None:
    block = """input: [3, 8, 8]
blocks:
  unit:
    layers: [{name: norm, type: batch_norm2d, num_features: 4}]
layers:
  - {name: one, type: unit}
  - {name: conv, type: conv2d, out_channels: 8, kernel_size: 3}
  - {name: two, type: unit}
"""
    reason = "`num_features` there serves 2 layers: `one.norm` needs 3, `two.norm` needs 8"
    assert left(block) == [reason]
    right = block.replace("num_features: 4", "num_features: 3")
    reason = "`num_features` there serves 2 layers, and `one.norm` is right with it"
    assert left(right) == [reason]


def test_a_number_that_serves_a_layer_behind_another_fault() -> None:
    """What arrives at the second use is not known before the branches fit."""
    text = """input: [8, 16, 16]
blocks:
  unit:
    layers: [{name: norm, type: batch_norm2d, num_features: 4}]
layers:
  - {name: one, type: unit}
  - {name: crop, type: slice, dim: 2, end: 5}
  - {name: sum, type: add, from: [crop, one]}
  - {name: two, type: unit}
"""
    assert left(text) == [
        "`num_features: 8` in place of `4` may be wrong for `two.norm`, which another fault hides",
        "no padding in its branches makes them equal",
    ]


def test_a_number_that_is_repeated() -> None:
    mended(layers("{type: conv2d, in_channels: «4|3», out_channels: 3, kernel_size: 1, repeat: 4}"))
    text = layers(f"{{name: c, in_channels: 4, {CONV}, repeat: 2}}")
    assert left(text) == ["`in_channels` there serves 2 layers: `c.0` needs 3, `c.1` needs 8"]


def test_an_argument_of_a_block_is_mended_where_the_block_is_used() -> None:
    text = """input: [3, 8, 8]
blocks:
  unit:
    params: {cin: «5|8», cout: 8}
    layers:
      - {type: conv2d, in_channels: "${cin}", out_channels: "${cout}", kernel_size: 1}
      - {type: batch_norm2d, num_features: "${cout}"}
  pair:
    params: {first: }
    layers:
      - {name: a, type: unit, cin: "${first}"}
      - {name: b, type: unit}
layers:
  - {name: p, type: pair, first: «4|3»}
  - {name: q, type: unit, cin: «3|8»}
"""
    (repair,) = mended(text).repairs
    assert repair.words == (
        "`first: 3` of `p` in place of `4` and `cin: 8` of `p.b` in place of `5` "
        "and `cin: 8` of `q` in place of `3`"
    )
    assert len(repair.fixes) == 3


def test_an_argument_that_serves_other_layers_too_stays() -> None:
    """The number in place of the expression is right wherever the block is used."""
    text = """input: [3, 8, 8]
blocks:
  unit:
    params: {c: }
    layers:
      - {type: conv2d, in_channels: «"${c}"|3», out_channels: "${c}", kernel_size: 1}
layers:
  - {name: p, type: unit, c: 8}
"""
    (repair,) = mended(text).repairs
    assert repair.words == '`in_channels: 3` in place of `"${c}"`'


def test_a_variable_that_is_there_for_nothing_else() -> None:
    conv = '{type: conv2d, in_channels: "${ c }", out_channels: 4, kernel_size: 1}'
    mended("vars: {c: «4|3»}\n" + layers(conv))
    mended("vars: {c: «4|3»}\n" + layers(conv, '{type: batch_norm2d, num_features: "${c}"}')
           .replace("out_channels: 4", "out_channels: 3"))  # fmt: skip


def test_a_variable_that_serves_more_stays() -> None:
    conv = "{type: conv2d, in_channels: «'${c}'|3», out_channels: \"${c}\", kernel_size: 1}"
    mended("vars: {c: 4}\n" + layers(conv))
    product = '{type: conv2d, in_channels: «"${c * 2}"|3», out_channels: 4, kernel_size: 1}'
    mended("vars: {c: 4}\n" + layers(product))
    other = '{type: relu, if: "c > 3"}'
    mended("vars: {c: 4}\n" + layers(conv.replace('"${c}"', "4"), other))


def test_a_variable_that_the_command_line_gives_stays() -> None:
    text = layers('{type: batch_norm2d, num_features: «"${c}"|3»}')
    mended(f"vars: {{c: 3}}\n{text}", c=5)


def test_an_alias_is_one_place() -> None:
    mended(layers("{type: batch_norm2d, num_features: &n «4|3»}", "relu",
                  "{type: batch_norm2d, num_features: *n}"))  # fmt: skip
    other = layers(f"{{{CONV.replace('8', '&n 8')}}}".replace("3", "3"),
                   "{type: conv2d, out_channels: 4, kernel_size: 1}",
                   "{type: batch_norm2d, num_features: *n}")  # fmt: skip
    assert left(other) == ["the same value is `out_channels` elsewhere, by its anchor"]


def test_a_merged_key_is_one_place() -> None:
    base = "&base {type: conv2d, in_channels: «4|3», out_channels: 3, kernel_size: 1}"
    mended(layers(base, "{<<: *base, name: b}", "*base"))
    wider = layers(base.replace("«4|3»", "4"), "{<<: *base, out_channels: 8}", "{<<: *base}")
    (reason,) = left(wider)
    assert reason == "`in_channels` there serves 3 layers: `conv2d_1` needs 3, `conv2d_3` needs 8"


# Expectations


def test_expectations_stay_unless_they_are_asked_for() -> None:
    text = layers(f"{{name: c, {CONV}, expect: [8, 5, 5]}}")
    assert left(text) == ["with --expectations the computed figure is written"]


def test_expectations_in_every_form() -> None:
    mended(
        layers(
            f"{{name: a, {CONV}, expect: [8, «8|6», 6]}}",
            f"{{name: b, {CONV}, expect: {{shape: [N, 8, «1|4», 4], params: «5k|584», "
            "macs: «1|9216», receptive_field: «3|5»}}",
            "{name: p, type: max_pool2d, kernel_size: [1, 2], expect: {receptive_field: "
            "«5|[5, 6]»}}",
            "{name: q, type: max_pool2d, kernel_size: 2, expect: {receptive_field: [«9|6», 8]}}",
        )
        + "  - type: flatten\n    expect:   # all\n      # of them\n      - «7|16»\n",
        expectations=True,
    )


def test_an_expectation_of_a_block() -> None:
    text = """input: [3, 8, 8]
vars: {n: 9}
blocks:
  unit:
    layers:
      - {name: c, type: conv2d, out_channels: 3, kernel_size: 1, expect: {params: «"${n}"|12»}}
layers:
  - {name: u, type: unit, expect: {params: «7|12»}}
  - {name: v, type: unit, repeat: 2}
"""
    mended(text, expectations=True)


def test_an_expectation_that_is_made_of_several_layers() -> None:
    text = """input: [3, 8, 8]
blocks:
  unit:
    layers:
      - {name: c, type: conv2d, out_channels: 3, kernel_size: 3, expect: [3, 7, 7]}
layers:
  - {name: u, type: unit, repeat: 2}
"""
    reason = "it is stated of 2 layers, whose figures differ"
    assert left(text, expectations=True) == [reason]


def test_what_follows_from_an_expectation_is_mended_after_it() -> None:
    text = layers(
        f"{{{CONV}, expect: [8, «7|6», «7|6»]}}",
        f"{{{CONV}, expect: [8, «5|4», «5|4»]}}",
        "flatten",
        "{type: linear, in_features: «200|128», out_features: 2}",
    )
    mended(text, expectations=True)


def test_bounds_and_limits_are_what_their_author_wants() -> None:
    bound = layers(f'{{{CONV}, expect: {{params: "<= 100"}}}}')
    assert left(bound, expectations=True) == ["a bound is what its author wants"]
    limit = f"limits: {{params: 10}}\n{layers(f'{{{CONV}}}')}"
    assert left(limit, expectations=True) == ["a limit is what its author wants"]


# A missing flatten


LINEAR = "type: linear, in_features: 192, out_features: 10"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_line_in_a_list_of_lines(newline: str) -> None:
    text = """input: [3, 8, 8]
layers:
  - relu
    # the head
«|  - flatten
»  - name: fc      # 192
    type: linear
    in_features: 192
    out_features: 10
"""
    (repair,) = mended(text.replace("\n", newline)).repairs
    assert repair.words == "a `flatten` before `fc`"
    assert repair.diagnostic.help == "put a `flatten` before it: 3 · 8 · 8 = 192"


def test_a_line_at_the_end_of_the_file_and_with_wide_indents() -> None:
    mended(f"input: [3, 8, 8]\nlayers:\n«|-   flatten\n»-   {{{LINEAR}}}".replace("-   f", "- f"))
    mended(f"input: [3, 8, 8]\nlayers:\n    - relu\n«|    - flatten\n»    -   {{{LINEAR}}}\n")


def test_an_item_in_brackets() -> None:
    mended(f"input: [3, 8, 8]\nlayers: [relu,\n  «|flatten, »{{{LINEAR}}}]\n")
    mended(f"input: [3, 8, 8]\nlayers: &all [«|flatten, »{{{LINEAR}}}, relu]\n")


def test_in_a_block_for_every_use() -> None:
    mended(f"""input: [3, 8, 8]
blocks:
  head:
    layers:
«|      - flatten
»      - {{{LINEAR}}}
layers:
  - {{name: one, type: head, from: input}}
  - {{name: two, type: head, from: input}}
outputs: [one, two]
""")


def test_a_layer_that_names_what_it_reads() -> None:
    """Another branch reads on from where it did; the new layer gets a name that is free."""
    text = layers(
        "{name: c, type: conv2d, out_channels: 3, kernel_size: 1}",
        "relu",
        "{name: fc, from: «c|NAME», " + LINEAR + "}",
        "{name: d, from: [ «c|d_flatten» ], " + LINEAR + "}",
        "{name: flatten, type: add, from: [fc, fc]}",
        "{type: add, from: [flatten, d]}",
    )
    line = "  - {name: fc,"
    text = text.replace(line, f"«|  - {{name: NAME, type: flatten, from: c}}\n»{line}")
    one = text.replace("from: [ «c|d_flatten» ], " + LINEAR, "type: linear, out_features: 10")
    mended(one.replace("NAME", "fc_flatten"))
    free = one.replace("name: flatten", "name: e").replace("[flatten, ", "[e, ")
    mended(free.replace("NAME", "flatten"))


@pytest.mark.parametrize("merge", ["add", "concat"])
def test_two_branches_that_lack_one_each(merge: str) -> None:
    """With one of them alone the branches would not fit each other."""
    text = f"""input: [3, 8, 8]
layers:
«|  - flatten
»  - {{name: a, {LINEAR}}}
«|  - {{name: flatten, type: flatten, from: input}}
»  - {{name: b, from: «input|flatten», {LINEAR}}}
«|  - {{name: c_flatten, type: flatten, from: input}}
»  - {{name: c, {LINEAR}, from: [«input|c_flatten»]}}
  - {{type: {merge}, from: [a, b, c]}}
"""
    (repair,) = mended(text).repairs
    words = "a `flatten` before `a` and a `flatten` before `b` and a `flatten` before `c`"
    assert repair.words == words


def test_default_names_that_would_move() -> None:
    """`flatten_1` is called by its number, which a new layer before it would take."""
    text = layers(
        "{name: c, type: conv2d, out_channels: 3, kernel_size: 1}",
        "{name: fc, " + LINEAR + "}",
        "{type: flatten, from: c}",
        "{type: linear, from: flatten_1, out_features: 3}",
    )
    words = "a `flatten` before `fc` would change what other layers read"
    assert left(text) == [words]
    mended(text.replace("  - {name: fc", "«|  - flatten\n»  - {name: fc")
           .replace(", from: flatten_1", ""))  # fmt: skip


def test_a_flatten_that_would_break_what_follows() -> None:
    text = layers("{name: fc, " + LINEAR + "}", "{type: upsample, scale_factor: 2}")
    (reason,) = left(text)
    assert reason.startswith("a `flatten` before `fc` would bring another fault: `upsample_1` ")


def test_a_flatten_comes_before_the_numbers_that_depend_on_it() -> None:
    text = layers(
        "{name: fc, " + LINEAR + "}",
        "{type: batch_norm, num_features: 10}",
        "{type: linear, in_features: «11|10», out_features: 2}",
    )
    mended(text.replace("  - {name: fc", "«|  - flatten\n»  - {name: fc"))


def test_a_dash_on_a_line_of_its_own_is_left_alone() -> None:
    text = "input: [3, 8, 8]\nlayers:\n  -\n    type: linear\n    in_features: 192\n"
    reasons = left(f"{text}    out_features: 10\n")
    assert reasons == ["a `flatten` cannot be put in there by itself"]


# Padding


def test_a_residual_block() -> None:
    text = """input: [3, 32, 32]
blocks:
  basic:
    params: {c: , stride: 1}
    layers:
      - {name: conv1, type: conv2d, out_channels: "${c}", kernel_size: 3, stride: "${stride}",
         padding: 1}
      - {type: batch_norm2d}
      - relu
      - {name: conv2, type: conv2d, out_channels: "${c}", kernel_size: 3, padding: «0|1»}
      - {name: skip, type: conv2d, from: input, out_channels: "${c}", kernel_size: 1,
         stride: "${stride}"}
      - {type: add, from: [conv2, skip]}
layers:
  - {name: stage1, type: basic, c: 8}
  - {name: stage2, type: basic, c: 16, stride: 2}
  - flatten
  - {type: linear, in_features: 4096, out_features: 10}
"""
    (repair,) = mended(text).repairs
    assert repair.words == "`padding: 1` of `stage1.conv2` in place of `0`"
    mended(text.replace(", padding: «0|1»", "«|, padding: 1»"))
    mended(text.replace("padding: «0|1»", 'padding: «"${stride + 1}"|1»'))


def test_a_block_whose_uses_need_other_paddings() -> None:
    """The second use lies behind the fault of the first, and has another kernel."""
    text = """input: [8, 16, 16]
blocks:
  unit:
    params: {k: }
    layers:
      - {name: c, type: conv2d, out_channels: 8, kernel_size: "${k}"}
      - {type: add, from: [c, input]}
layers:
  - {name: one, type: unit, k: 3}
  - {name: two, type: unit, k: 5}
"""
    assert left(text) == ["`padding: 1` of `one.c` is not right for `two.add_1`"]
    mended(text.replace("k: 5", "k: 3").replace('"${k}"}', '"${k}"«|, padding: 1»}'))


def test_two_layers_of_a_branch() -> None:
    text = f"""input: [8, 16, 16]
layers:
  - {{name: a, {CONV}«|, padding: 1»}}
  - {{name: b, type: conv2d, out_channels: 8, kernel_size: [3, 5]«|, padding: [1, 2]»}}
  - {{type: add, from: [b, input]}}
"""
    (repair,) = mended(text).repairs
    assert repair.words == "`padding: [1, 2]` of `b` and `padding: 1` of `a`"
    assert len(repair.fixes) == 2


def test_a_branch_that_strides() -> None:
    mended(f"""input: [8, 16, 16]
layers:
  - {{name: a, {CONV}, stride: 2, padding: «0|1»}}
  - {{name: b, {CONV}, dilation: 2, padding: «1|2»}}
  - {{name: s, type: avg_pool2d, kernel_size: 2, from: input}}
  - {{type: add, from: [b, s]}}
""")


def test_an_inception_module() -> None:
    text = """input: [8, 16, 16]
layers:
  - {name: one, type: conv2d, out_channels: 2, kernel_size: 1}
  - {name: three, type: conv2d, from: input, out_channels: 2, kernel_size: 3, padding: 1}
  - {name: five, type: conv2d, from: input, out_channels: 2, kernel_size: 5, padding: «1|2»}
  - {name: even, type: conv2d, from: input, out_channels: 2, kernel_size: 4«|, padding: same»}
  - {name: pool, type: max_pool2d, from: input, kernel_size: 3«|, padding: 1», stride: 1}
  - {type: concat, from: [one, three, five, even, pool]}
"""
    mended(text)


def test_lines_of_a_mapping() -> None:
    text = """input: [8, 16, 16]
layers:
  - name: a
    type: conv2d
    kernel_size: 3   # small«|
    padding: 1»
    out_channels: 8
  - type: add
    from: [a, input]
"""
    mended(text)
    mended(text.replace("\n", "\r\n"))
    listed = text.replace("3   # small«|\n    padding: 1»", "\n      - 3\n      - 3")
    mended(listed.replace("    kernel_size", "    «|padding: 1\n    »kernel_size"))


def test_another_number_where_none_keeps_the_size() -> None:
    mended("""input: [8, 9, 9]
layers:
  - {name: a, type: max_pool2d, kernel_size: 3, stride: 2, padding: «1|0»}
  - {name: b, type: adaptive_avg_pool2d, from: input, output_size: 4}
  - {type: concat, from: [a, b]}
""")


def test_what_no_padding_mends() -> None:
    reason = "no padding in its branches makes them equal"
    strided = layers(f"{{name: a, {CONV}, stride: 2}}", "{type: add, from: [a, input]}",
                     given="[8, 16, 16]")  # fmt: skip
    assert left(strided) == [reason]
    channels = layers(f"{{name: a, {CONV}, padding: 1}}", "{type: add, from: [a, input]}")
    assert left(channels) == [reason]


def test_a_padding_that_would_break_another_branch() -> None:
    text = layers(
        f"{{name: a, {CONV}}}",
        "{name: s, type: slice, dim: 2, end: 6, from: input}",
        "{name: t, type: slice, dim: 3, end: 6}",
        "{name: u, type: add, from: [a, t]}",
        "{type: add, from: [a, input]}",
        given="[8, 8, 8]",
    )
    (reason,) = left(text)
    assert reason.startswith("`padding: 1` of `a` would bring another fault: `u` joins")


def test_the_padding_of_what_comes_before_both_branches_stays() -> None:
    mended(f"""input: [8, 16, 16]
layers:
  - {{name: stem, {CONV}}}
  - {{name: a, {CONV}«|, padding: 1»}}
  - {{type: add, from: [a, stem]}}
""")


# Names


def test_misspelt_names() -> None:
    mended(
        """input: [3, 8, 8]
layers:
  - {name: conv, type: "«conv2|conv2d»", «out_chanels|out_channels»: 4, kernel_size: 3}
  - {type: «Linear|linear», in_features: 6, out_features: 2}
  - {name: first_norm, type: batch_norm2d}
  - {type: add, from: ['«first_nrom|first_norm»', first_norm]}
«limit|limits»: {params: 1M}
"""
    )


@pytest.mark.parametrize(
    "layer",
    [
        "{type: max_pool, kernel_size: 2}",
        "{type: conv2d, kernal_size: 3, kernel_size: 3, out_channels: 2}",
        "{type: conv4d, kernel_size: 3, out_channels: 2}",
        "{type: conv1, kernel_size: 3, out_channels: 2}",
        "{type: relu, from: rleu}",
        "{type: nothing}",
    ],
)
def test_names_that_could_mean_several_things_or_do_not_fit(layer: str) -> None:
    left(layers(layer))


def test_a_name_that_would_not_fit() -> None:
    """`conv1d` is meant, but two spatial axes arrive."""
    (reason,) = left(layers("{type: conv1dd, kernel_size: 3, out_channels: 2}"))
    assert reason == (
        "`conv1d` in place of `conv1dd` does not fit: "
        "`conv1d_1` takes (N, C, L), but (N, 3, 8, 8) arrives"
    )


# Several faults, and faults that stay


def test_several_faults_at_once() -> None:
    text = """input: [3, 32, 32]
layers:
  - {name: a, type: conv2d, in_channels: «1|3», out_channels: 8, kernel_size: 3, padding: 1}
  - {name: b, type: conv2d, in_channels: «9|8», out_channels: 8, kernel_size: 3«|, padding: 1»}
  - {name: sum, type: add, from: [b, a]}
  - {name: n, type: «BatchNorm2d|batch_norm2d», num_features: «4|8»}
  - {type: max_pool2d, kernel_size: 2}
«|  - flatten
»  - {name: fc, type: linear, in_features: 2048, out_features: 10, expect: [«11|10»]}
"""
    outcome = mended(text, expectations=True)
    assert len(outcome.repairs) == 7


def test_some_faults_stay_and_say_why() -> None:
    text = layers("{type: conv2d, in_channels: «1|3», out_channels: 8, kernel_size: 1}",
                  "{name: r, type: reshape, shape: [7, -1]}")  # fmt: skip
    assert left(text) == ["no repair is known"]


@pytest.mark.parametrize(
    ("layer", "rule"),
    [
        ("{type: conv2d, out_channels: 1, kernel_size: 20}", "empty-output"),
        ("{type: conv3d, out_channels: 1, kernel_size: 1}", "bad-rank"),
        ("{type: linear, in_features: x, out_features: 2}", "invalid-value"),
        ("{type: embedding, num_embeddings: 2, embedding_dim: 3}", "dtype-mismatch"),
        ("{type: relu, from: relu_1}", "cyclic-reference"),
        ("{type: relu, name: input}", "duplicate-name"),
    ],
)
def test_rules_without_a_repair(layer: str, rule: str) -> None:
    outcome = fix(layers(layer))
    assert [item.diagnostic.rule for item in outcome.left] == [rule]
    assert outcome.repairs == ()
    assert outcome.before == outcome.after


def test_many_faults_are_mended_in_a_moment() -> None:
    items = [f"{{type: conv2d, in_channels: 99, out_channels: {4 + n % 5}, kernel_size: 1}}"
             for n in range(400)]  # fmt: skip
    outcome = fix(layers(*items))
    assert outcome.analysis.ok
    assert len(outcome.repairs) == 400


def test_many_uses_of_a_block_are_mended_at_once() -> None:
    uses = "".join(f"  - {{name: u{n}, type: unit, c: «{n + 9}|3»}}\n" for n in range(300))
    text = f"""input: [3, 8, 8]
blocks:
  unit:
    params: {{c: }}
    layers: [{{type: batch_norm2d, num_features: "${{c}}"}}]
layers:
{uses}"""
    (repair,) = mended(text).repairs
    assert repair.words.endswith("`c: 3` of `u2` in place of `11` and 297 more like it")


def test_a_sound_model_is_left_alone() -> None:
    for name in ("lenet5", "resnet18", "unet"):
        content = (bundled.folder() / f"{name}.yaml").read_bytes()
        outcome = mend(name, content, Options(), expectations=True)
        assert (outcome.repairs, outcome.left, outcome.before) == ((), (), outcome.after)


@pytest.mark.parametrize("content", [b"layers: [", b"", b"[]", b"name: \xff", b"a: 1\n---\n"])
def test_what_is_no_model_is_told_as_check_does(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        mend("net.yaml", content, Options())


# Random models


DECLARED = re.compile(
    r"\b(?:in_features|in_channels|num_features): (\d+)|expect: (?:\{shape: )?\[(\d+)"
)
NUMBERS = [
    (name, match)
    for name in bundled.names()
    for match in DECLARED.finditer((bundled.folder() / f"{name}.yaml").read_text("utf-8"))
    if name not in ("mnist-net-broken", "alexnet-lecture")  # which have faults of their own
    and "if: aux" not in match.string[: match.start()].rpartition("\n")[2]  # which is off
]


@given(st.sampled_from(NUMBERS), st.integers(1, 5000))
@settings(max_examples=60, deadline=None)
def test_a_broken_number_of_an_architecture_is_restored(
    place: tuple[str, re.Match[str]], wrong: int
) -> None:
    name, match = place
    text = match.string
    group = 1 if match[1] else 2
    broken = text[: match.start(group)] + str(wrong) + text[match.end(group) :]
    outcome = mend(name, broken.encode(), Options(), expectations=group == 2)
    assert outcome.after == text
    assert outcome.analysis.ok


HOLE = 987_654


def declared(rng: Random, axes: int) -> tuple[dict[str, Any], int]:
    """A sound model in which one number that is declared is HOLE, and that number."""
    drawn = sequential(rng, axes)
    shapes = [tuple(drawn.model["input"]), *(row.shape for row in drawn.rows)]
    choices = [
        (layer, field, x[-1] if field == "in_features" else x[0])
        for layer, x in zip(drawn.model["layers"], shapes, strict=False)
        for start, field in FIELDS.items()
        if layer["type"].startswith(start)
    ]
    layer, field, right = rng.choice(choices)
    layer[field] = HOLE
    return drawn.model, right


FIELDS = {"conv": "in_channels", "batch_norm": "num_features", "linear": "in_features"}


@given(st.integers(0, 10**9), st.sampled_from([1, 2, 3]), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_a_broken_number_of_a_random_model_is_restored(seed: int, axes: int, off: int) -> None:
    rng = Random(seed)
    model, right = declared(rng, axes)
    style = rng.choice([None, True, False])
    text = yaml.safe_dump(model, default_flow_style=style, sort_keys=rng.random() < 0.5)
    outcome = fix(text.replace(str(HOLE), str(right + off)))
    said = [repair.words for repair in outcome.repairs] + [item.reason for item in outcome.left]
    if "flatten" not in "".join(said):  # then the number is that of all values by chance
        assert outcome.after == text.replace(str(HOLE), str(right))
        assert outcome.analysis.ok
    assert fix(outcome.after).repairs == ()


@given(st.integers(0, 10**9), st.data())
@settings(max_examples=60, deadline=None)
def test_a_broken_padding_of_a_skip_is_restored(seed: int, data: st.DataObject) -> None:
    rng = Random(seed)
    lines = []
    for number in range(rng.randint(1, 4)):
        kernel, dilation = rng.choice([1, 3, 5, 7]), rng.choice([1, 1, 2])
        pad = dilation * (kernel - 1) // 2
        lines.append([f"c{number}", kernel, dilation, pad])
    at = rng.randrange(len(lines))
    right = lines[at][3]
    wrong = data.draw(st.sampled_from([pad for pad in range(right + 4) if pad != right]))
    convs = [
        f"{{name: {name}, type: conv2d, out_channels: 4, kernel_size: {kernel}, "
        f"dilation: {dilation}, padding: {f'«{wrong}|{right}»' if number == at else pad}}}"
        for number, (name, kernel, dilation, pad) in enumerate(lines)
    ]
    merge = f"{{type: {rng.choice(['add', 'concat'])}, from: [input, {lines[-1][0]}]}}"
    mended(layers(*convs, merge, given="[4, 64, 70]"))


@given(st.integers(0, 10**9), st.sampled_from([1, 2, 3]))
@settings(max_examples=40, deadline=None)
def test_sound_graphs_are_left_alone(seed: int, axes: int) -> None:
    rng = Random(seed)
    text = yaml.safe_dump(graph(rng, axes).model, default_flow_style=None)
    outcome = fix(text, expectations=True)
    assert (outcome.repairs, outcome.left, outcome.after) == ((), (), text)


@given(st.integers(0, 10**9))
@settings(max_examples=150, deadline=None)
def test_whatever_a_file_holds_it_is_mended_or_told(seed: int) -> None:
    """No exception but the reader's own, and what is said to be mended holds."""
    content = broken_text(Random(seed))
    try:
        outcome = mend("net.yaml", content, Options(), expectations=seed % 2 == 0)
    except UnreadableError:
        return
    assert outcome.analysis.ok is (not outcome.left)
    assert all(item.reason for item in outcome.left)
    assert (outcome.before == outcome.after) is (not outcome.repairs)
    assert outcome.before.encode() == content
    again = mend("net.yaml", outcome.after.encode(), Options(), expectations=seed % 2 == 0)
    assert again.repairs == ()


# Characters


@given(st.text(alphabet="aé日\n\r\x85\u2028😀 ", max_size=40), st.booleans())
def test_places_and_offsets_agree(body: str, mark: bool) -> None:
    text = Text("\ufeff" * mark + body)
    assert text.starts[0] == int(mark)
    for number, start in enumerate(text.starts, 1):
        assert text.offset(number, 1) == start
        end = text.line_end(number)
        assert not {"\n", "\x85", "\u2028"} & set(text.raw[start:end])
    assert text.changed([]).raw == text.raw


@pytest.mark.parametrize(
    ("text", "old", "new", "wanted"),
    [
        ("100", 100, 320, "320"),
        ("5k", 5000, 7, "7"),
        ("&a 5", 5, 6, "&a 6"),
        ("[1, 2]", (1, 2), (1, 3), "[1, 3]"),
        ("[ 1,2 ]", (1, 2), (3, 4), "[ 3,4 ]"),
        ("[N, 1, 2]", (1, 2), (1, 2, 3), "[N, 1, 2, 3]"),
        ("[1, # 7\n 2]", (1, 2), (1, 3), "[1, # 7\n 3]"),
        ("- 1\n- 2\n# 3\n", (1, 2), (4, 2), "- 4\n- 2\n# 3\n"),
        ("5", 5, (6, 7), "[6, 7]"),
        ("5", 5, (7, 7), "7"),
        ('"${a}"', 5, 6, "6"),
        ('["${a}", 2]', (5, 2), (5, 3), '["${a}", 3]'),
    ],
)
def test_values_written_anew(text: str, old: object, new: object, wanted: str) -> None:
    pieces = rewrite(text, old, new, expressions=True)
    for start, end, piece in reversed(pieces):
        text = text[:start] + piece + text[end:]
    assert text == wanted


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("same", 5, 6),
        ("'5'", 5, 6),
        (">= 5", 5, 6),
        ("[*a, 2]", (1, 2), (1, 3)),
        ("[1, 2]", 1, 3),
        ("- 1\n- 2\n", (1, 2), (1, 2, 3)),
        ("[1, # one\n 2]", (1, 2), (1, 2, 3)),
        ("5", 5, "x"),
        ("", 5, 6),
    ],
)
def test_values_that_are_not_understood_stay(text: str, old: object, new: object) -> None:
    assert rewrite(text, old, new) == []
    assert rewrite('"${a}"', 5, 6) == []
