"""A model file's keys, one by one: what they mean, and what is said where they are wrong."""

from __future__ import annotations

from typing import Any

import pytest
from checked import check, check_text, fault, faults, layer, names, rules, shapes, told

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import UnreadableError
from cnnshape.layers import types_of_files
from cnnshape.sources.spec.document import parse
from cnnshape.sources.spec.entry import KEYS as LAYER_KEYS
from cnnshape.sources.spec.plain import from_mapping
from cnnshape.sources.spec.reader import KEYS, Options, read
from cnnshape.sources.spec.shape import UsageError

SMALL = "input: [3, 8, 8]\n"
CONV = "type: conv2d, out_channels: 3, kernel_size: 3, padding: 1"


def with_options(text: str, **options: Any) -> Analysis:
    return analyse(read(parse("m.yaml", text.encode()), Options(**options)))


# The top level


def test_every_key_of_the_contract_is_known() -> None:
    assert set(KEYS) == {
        *("cnnshape", "name", "description", "reference", "input", "inputs", "layout"),
        *("vars", "blocks", "layers", "outputs", "loss", "limits"),
    }
    found = check_text(
        "cnnshape: 1\nname: all\ndescription: a\nreference: [b, c]\ninput: [3, 8, 8]\n"
        "layout: channels_first\nvars: {w: 4}\nblocks: {b: {layers: [relu]}}\n"
        "layers: [b]\noutputs: [b_1]\nloss: cross_entropy\nlimits: {params: 10}\n"
    )
    assert faults(found) == []
    assert (found.model, names(found), list(found.outputs)) == ("all", ["b_1.relu_1"], names(found))


@pytest.mark.parametrize("key", KEYS)
def test_an_unknown_key_names_the_nearest(key: str) -> None:
    misspelt = f"{key}x"
    rule, place, message, help = told(f"{misspelt}: 1\n{SMALL}layers: [relu]\n")
    assert (rule, place) == ("unknown-field", (1, 1))
    assert message == f"a model file has no `{misspelt}`"
    assert help == f"write `{key}`"


def test_a_key_like_no_other_gets_all_of_them() -> None:
    assert told(f"zzz: 1\n{SMALL}layers: [relu]")[3] == (
        "known are `blocks`, `cnnshape`, `description`, `input`, `inputs`, `layers`, `layout`, "
        "`limits`, `loss`, `name`, `outputs`, `reference`, `vars`"
    )


@pytest.mark.parametrize("key", ["layers", "input"])
def test_a_misspelt_key_is_not_missing_too(key: str) -> None:
    text = f"{SMALL}layers: [relu]\n".replace(f"{key}:", f"{key}s_:")
    assert fault(text).rule == "unknown-field"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("layers: [relu]", (1, 1), "a model file says its `input`, such as `[3, 224, 224]`"),
        ("input: [3, 8, 8]", (1, 1), "a model file has a list of `layers`"),
        (f"{SMALL}layers: []", (2, 9), "`layers` is empty"),
        (f"{SMALL}layers:", (2, 8), "`layers` must be a list of layers, not nothing"),
        (f"{SMALL}layers: relu", (2, 9), "`layers` must be a list of layers, not `relu`"),
        (f"{SMALL}layers: {{relu: 1}}", (2, 9), "`layers` must be a list of layers, not a mapping"),
        (
            f"cnnshape: 2\n{SMALL}layers: [relu]",
            (1, 11),
            "`cnnshape` is the format's version, which is 1, not `2`",
        ),
        (f"name: [a]\n{SMALL}layers: [relu]", (1, 7), "`name` must be text, not a list"),
        (f"loss: 3\n{SMALL}layers: [relu]", (1, 7), "`loss` must name a loss"),
        (
            f"layout: channel_last\n{SMALL}layers: [relu]",
            (1, 9),
            "`layout` must be channels_first or channels_last, not `channel_last`",
        ),
        (f"vars: [w]\n{SMALL}layers: [relu]", (1, 7), "`vars` must be a mapping, not a list"),
        (
            f"vars: {{index: 3}}\n{SMALL}layers: [relu]",
            (1, 8),
            "a variable cannot be called `index`: it is the number of a repetition",
        ),
        (
            f"vars: {{a b: 3}}\n{SMALL}layers: [relu]",
            (1, 8),
            "a variable cannot be called `a b`: it is no name",
        ),
        (
            f"{SMALL}blocks: [a]\nlayers: [relu]",
            (2, 9),
            "`blocks` must be a mapping of blocks, not a list",
        ),
        (f"{SMALL}limits: 3\nlayers: [relu]", (2, 9), "`limits` must be a mapping, not `3`"),
        (
            f"{SMALL}outputs: [1.5]\nlayers: [relu]",
            (2, 11),
            "`outputs` must be layers' names, not `1.5`",
        ),
    ],
)
def test_a_wrong_value_at_the_top(text: str, place: tuple[int, int], message: str) -> None:
    assert told(text)[:3] == ("invalid-value", place, message)


@pytest.mark.parametrize("root", ["[relu]", "hello", "3", "true"])
def test_what_is_no_mapping_is_no_model(root: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        check_text(root)
    (found,) = raised.value.diagnostics
    assert found.rule == "syntax"
    assert found.message.startswith("a model file is a mapping with `input` and `layers`, not ")
    assert raised.value.text == root


def test_a_model_without_a_name_has_its_files() -> None:
    assert check_text(f"{SMALL}layers: [relu]", "dir/my-net.yaml").model == "my-net"
    assert check_text(f"name: 5\n{SMALL}layers: [relu]").model == "5"


# Inputs


@pytest.mark.parametrize(
    ("value", "place", "message"),
    [
        (
            "3",
            (1, 8),
            "the shape of `input` must be a list of sizes such as `[3, 224, 224]`, not `3`",
        ),
        (
            "[]",
            (1, 8),
            "the shape of `input` must be a list of sizes such as `[3, 224, 224]`, not a list",
        ),
        ("[3, 0, 8]", (1, 12), "a size of `input` must be at least 1, not 0"),
        ("[3, -8]", (1, 12), "a size of `input` must be at least 1, not -8"),
        ("[3, 1.5]", (1, 12), "a size of `input` must be an integer or a name, not `1.5`"),
        ("[3, true]", (1, 12), "a size of `input` must be an integer or a name, not true"),
        ("[3, [8]]", (1, 12), "a size of `input` must be an integer or a name, not a list"),
        ("[3, null]", (1, 12), "a size of `input` must be an integer or a name, not nothing"),
        ("[3, .nan]", (1, 12), "a size of `input` must be an integer or a name, not `nan`"),
        (
            "[3, 99999999999]",
            (1, 12),
            "a size of `input` must be at most 2,147,483,647, not 99,999,999,999",
        ),
        ("{shap: [3]}", (1, 9), "the input `input` has no `shap`"),
        ("{shape: [3], dtype: flot32}", (1, 28), "no dtype is called `flot32`"),
        ("{dtype: int64}", (1, 8), "the input `input` has no `shape`"),
        ('"${w}"', (1, 8), "the shape of `input`: `w` is not defined"),
    ],
)
def test_a_wrong_input(value: str, place: tuple[int, int], message: str) -> None:
    found = told(f"input: {value}\nlayers: [relu]")
    assert found[1:3] == (place, message)


def test_a_huge_input_is_refused() -> None:
    found = fault("input: [2147483647, 2147483647, 2]\nlayers: [relu]")
    assert found.message.endswith("values, more than any memory holds")


def test_a_wrong_input_is_the_only_error() -> None:
    text = (
        "input: [3, x y, 8]\nlayers:\n  - {type: conv2d, out_channels: 4, kernel_size: 99}\n"
        "  - {type: linear, in_features: 7, out_features: 2, expect: [9]}\n"
        "  - {type: add, from: [input, conv2d_1]}\n"
    )
    assert rules(check_text(text)) == ["invalid-value"]


def test_several_inputs_by_name_and_by_from_input() -> None:
    found = check_text(
        "inputs: {image: [3, 8, 8], mask: {shape: [1, 8, 8], dtype: float16}}\nlayers:\n"
        "  - {name: all, type: concat, from: input}\n"
        "  - {name: two, type: concat, from: [mask, image, mask]}\n"
        "  - {name: one, type: relu, from: image}\n"
    )
    assert faults(found) == []
    assert shapes(found) == [(4, 8, 8), (5, 8, 8), (3, 8, 8)]
    assert layer(found, "all").inputs == ("image", "mask")


def test_the_first_layer_reads_all_inputs() -> None:
    found = check_text("inputs: {a: [3, 8], b: [4, 8]}\nlayers: [{type: concat}]")
    assert shapes(found) == [(7, 8)]
    assert fault("inputs: {a: [3, 8], b: [4, 8]}\nlayers: [relu]").rule == "bad-rank"


def test_only_one_of_input_and_inputs() -> None:
    rule, place, message, _ = told("input: [3]\ninputs: {a: [3]}\nlayers: [relu]")
    assert (rule, place) == ("invalid-value", (2, 1))
    assert message == "`input` and `inputs`: a model file has one of them"


def test_an_integer_input_keeps_its_kind() -> None:
    found = check_text(
        "input: {shape: [16], dtype: int64}\nlayers:\n"
        "  - {type: embedding, num_embeddings: 10, embedding_dim: 4}\n"
    )
    assert found.ok
    assert shapes(found) == [(16, 4)]


# channels_last


def test_channels_last_moves_the_axes_of_what_thinks_in_channels() -> None:
    text = (
        "layout: {}\ninput: {}\nlayers:\n"
        "  - {{type: conv2d, out_channels: 4, kernel_size: 3}}\n"
        "  - {{type: max_pool2d, kernel_size: 2}}\n"
        "  - softmax\n  - {{type: concat, from: [softmax_1, max_pool2d_1]}}\n  - flatten\n"
    )
    first = check_text(text.format("channels_first", "[3, 12, 10]"))
    last = check_text(text.format("channels_last", "[12, 10, 3]"))
    assert first.ok
    assert last.ok
    assert shapes(first) == [(4, 10, 8), (4, 5, 4), (4, 5, 4), (8, 5, 4), (160,)]
    assert shapes(last) == [(10, 8, 4), (5, 4, 4), (5, 4, 4), (5, 4, 8), (160,)]
    assert first.totals.params == last.totals.params
    assert first.totals.macs == last.totals.macs


# Layers


def test_every_key_that_a_layer_takes() -> None:
    assert set(LAYER_KEYS) == {
        *("name", "type", "from", "repeat", "if", "expect", "weights_from", "trainable"),
        "functional",
    }


@pytest.mark.parametrize(
    ("item", "place", "message", "help"),
    [
        ("3", (3, 5), "a layer must be a type or a mapping with one, not `3`", None),
        ("[relu]", (3, 5), "a layer must be a type or a mapping with one, not a list", None),
        ("{}", (3, 5), "a layer without a `type`", "write `type: …`"),
        ("{name: a}", (3, 6), "a layer without a `type`", "write `type: …`"),
        ("{name: a, typ: relu}", (3, 15), "a layer without a `type`", "write `type`"),
        ("{type: [relu]}", (3, 12), "`type` must be a layer's type, not a list", None),
        ("{type: 5}", (3, 12), "`type` must be a layer's type, not `5`", None),
        ("{type: relu, name: [a]}", (3, 24), "`name` must be a line of text, not a list", None),
        ('{type: relu, name: "a\\nb"}', (3, 24), "`name` must be a line of text, not `a b`", None),
        ("{type: relu, name: }", (3, 24), "`name` must be a line of text, not nothing", None),
        (
            "{type: relu, from: 1.5}",
            (3, 24),
            "`from` must be a layer's name or a list of them, not `1.5`",
            None,
        ),
        (
            "{type: relu, from: }",
            (3, 24),
            "`from` must be a layer's name or a list of them, not nothing",
            None,
        ),
        (
            "{type: relu, repeat: -1}",
            (3, 26),
            "`repeat` must be an integer from 0 on, not `-1`",
            None,
        ),
        (
            "{type: relu, repeat: two}",
            (3, 26),
            "`repeat` must be an integer from 0 on, not `two`",
            None,
        ),
        ("{type: relu, repeat: 200001}", (3, 26), "more than 200,000 layers", None),
        ("{type: relu, if: [1]}", (3, 22), "`if` must be an expression, not a list", None),
        (
            "{type: relu, trainable: 1}",
            (3, 29),
            "`trainable` must be true or false, not `1`",
            None,
        ),
        (
            "{type: conv2d, out_channels: x, kernel_size: 1}",
            (3, 34),
            "`out_channels` of `conv2d_1` must be an integer, not `x`",
            None,
        ),
        (
            "{type: conv2d, out_channels: 2, kernel_size: 0}",
            (3, 50),
            "`kernel_size` of `conv2d_1` must be at least 1, not `0`",
            None,
        ),
        (
            "{type: conv2d, out_channels: 2, kernel_size: -3}",
            (3, 50),
            "`kernel_size` of `conv2d_1` must be at least 1, not `-3`",
            None,
        ),
        (
            "{type: conv2d, out_channels: 2, kernel_size: 1, groups: 0}",
            (3, 61),
            "`groups` of `conv2d_1` must be at least 1, not `0`",
            None,
        ),
        (
            "{type: conv2d, out_channels: 2, kernel_size: 1, padding_mode: zeroes}",
            (3, 67),
            "`padding_mode` of `conv2d_1` must be `zeros`, `reflect`, `replicate` or `circular`, "
            "not `zeroes`",
            "write `zeros`",
        ),
        (
            "{type: conv2d, out_channels: 2}",
            (3, 12),
            "`conv2d_1` needs `kernel_size`",
            "write `kernel_size: …` (conv2d cannot do without it)",
        ),
        (
            "{type: conv2d, out_channels: 99999999999, kernel_size: 1}",
            (3, 34),
            "`out_channels` of `conv2d_1` must be at most 2,147,483,647, not `99999999999`",
            None,
        ),
        (
            "{type: dropout, p: .nan}",
            (3, 24),
            "`p` of `dropout_1` must be at most 1.0, not `nan`",
            None,
        ),
    ],
)
def test_a_wrong_layer(item: str, place: tuple[int, int], message: str, help: str | None) -> None:
    assert told(f"{SMALL}layers:\n  - {item}\n") == ("invalid-value", place, message, help)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("conv2D", "conv2d"),
        ("Conv2d", "conv2d"),
        ("ReLU", "relu"),
        ("maxpool2d", "max_pool2d"),
        ("BatchNorm2d", "batch_norm2d"),
        ("Linear", "linear"),
        ("AdaptiveAvgPool2d", "adaptive_avg_pool2d"),
        ("drop_out", "dropout"),
        ("basc", "basic"),
    ],
)
def test_an_unknown_type_names_the_nearest(written: str, meant: str) -> None:
    text = f"{SMALL}blocks: {{basic: {{layers: [relu]}}}}\nlayers:\n  - {written}\n"
    message = f"no layer or block is called `{written}`"
    assert told(text) == ("unknown-type", (4, 5), message, f"write `{meant}`")


def test_a_type_like_no_other() -> None:
    assert told(f"{SMALL}layers: [qqqq]")[3] is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kernal_size", "kernel_size"),
        ("strides", "stride"),
        ("out_chanels", "out_channels"),
        ("pading", "padding"),
        ("form", "from"),
        ("nmae", "name"),
        ("repaet", "repeat"),
        ("expects", "expect"),
        ("Kernel_Size", "kernel_size"),
    ],
)
def test_an_unknown_argument_names_the_nearest(written: str, meant: str) -> None:
    """One error, even where the argument that was meant is missing because of it."""
    arguments = {"out_channels": "4", "kernel_size": "3"}
    arguments.pop(meant, None)
    rest = ", ".join(f"{key}: {value}" for key, value in arguments.items())
    found = told(f"{SMALL}layers:\n  - {{type: conv2d, {rest}, {written}: 3}}\n")
    assert found[0] == "unknown-field"
    assert found[2] == f"`conv2d_1` (conv2d) has no `{written}`"
    assert found[3] == f"write `{meant}`"


def test_an_argument_like_no_other_gets_what_the_type_takes() -> None:
    assert told(f"{SMALL}layers: [{{type: leaky_relu, qq: 1}}]")[3] == (
        "leaky_relu takes `negative_slope`, `inplace`"
    )


@pytest.mark.parametrize("type_name", sorted(types_of_files()))
def test_no_type_takes_what_it_does_not_know(type_name: str) -> None:
    found = check({"input": [3, 8, 8], "layers": [{"type": type_name, "qqqqq": 1}]})
    assert "unknown-field" in rules(found)


# Names


def test_default_names_count_each_type_from_1() -> None:
    found = check_text(f"{SMALL}layers: [relu, tanh, relu, {{type: relu, name: mine}}, relu]")
    assert names(found) == ["relu_1", "tanh_1", "relu_2", "mine", "relu_4"]


def test_a_number_is_a_name() -> None:
    found = check_text(
        f"{SMALL}layers:\n  - {{type: relu, name: 0}}\n  - tanh\n"
        "  - {type: relu, from: 0}\noutputs: [0]"
    )
    assert found.ok
    assert layer(found, "relu_2").inputs == ("0",)
    assert list(found.outputs) == ["0"]


def test_a_name_given_twice_is_one_error_and_both_layers_stay() -> None:
    text = (
        f"{SMALL}layers:\n  - {{name: a, type: conv2d, out_channels: 5, kernel_size: 3}}\n"
        "  - {name: a, type: conv2d, out_channels: 6, kernel_size: 3}\n"
        "  - {type: conv2d, in_channels: 6, out_channels: 7, kernel_size: 3}\n"
        "  - {name: last, type: relu, from: a}\n"
    )
    found = fault(text)
    assert (found.rule, found.message) == ("duplicate-name", "`a` is a layer's name already")
    (label,) = found.labels
    assert (label.text, label.span.line, label.span.column) == ("first given here", 3, 12)
    analysis = check_text(text)
    assert names(analysis) == ["a", "a_2", "conv2d_3", "last"]
    assert layer(analysis, "last").output_shape == layer(analysis, "a").output_shape


def test_names_that_are_taken() -> None:
    assert told(f"{SMALL}layers: [{{type: relu, name: input}}]") == (
        "duplicate-name",
        (2, 29),
        "no layer can be called `input`: that is what the model is given",
        None,
    )
    found = fault("inputs: {x: [3, 8]}\nlayers: [{type: relu, name: x}]")
    assert found.message == "`x` is an input's name already"


def test_two_layers_of_one_name_of_which_one_is_on() -> None:
    text = (
        "vars: {deep: true}\n" + SMALL + "layers:\n  - {name: a, type: relu, if: deep}\n"
        "  - {name: a, type: tanh, if: not deep}\n  - {type: gelu, from: a}\noutputs: [a, gelu_1]"
    )
    found = check_text(text)
    assert faults(found) == []
    assert [item.type for item in found.layers] == ["relu", "gelu"]
    assert list(found.outputs) == ["a", "gelu_1"]


# from


def test_from_names_any_layer_whatever_the_order() -> None:
    found = check_text(
        f"{SMALL}layers:\n  - {{name: a, type: relu, from: c}}\n  - {{name: b, type: tanh}}\n"
        "  - {name: c, type: gelu, from: input}\n"
    )
    assert faults(found) == []
    assert names(found) == ["c", "a", "b"]
    assert list(found.outputs) == ["c"]
    assert [layer(found, name).inputs for name in "abc"] == [("c",), ("a",), ("input",)]


@pytest.mark.parametrize(
    ("layers", "place", "message"),
    [
        ("[{name: a, type: relu, from: a}]", (2, 38), "`a` reads what depends on it: a → a"),
        (
            "[{name: a, type: relu, from: c}, {name: b, type: relu}, {name: c, type: relu}, relu]",
            (2, 38),
            "`a` reads what depends on it: a → b → c → a",
        ),
        (
            "[relu, {name: a, type: add, from: [relu_1, b]}, {name: b, type: relu}]",
            (2, 43),
            "`a` reads what depends on it: a → b → a",
        ),
    ],
)
def test_a_cycle_is_one_error(layers: str, place: tuple[int, int], message: str) -> None:
    rule, found, words, _ = told(f"{SMALL}layers: {layers}")
    assert (rule, found, words) == ("cyclic-reference", place, message)


def test_a_cycle_leaves_every_layer_in_the_table() -> None:
    found = check_text(
        f"{SMALL}layers: [{{name: s, type: relu}}, {{name: a, type: relu, from: b}}, "
        "{name: b, type: relu}]"
    )
    assert names(found) == ["s", "a", "b"]
    assert [item.output_shape is None for item in found.layers] == [False, True, True]
    assert found.outputs == {"b": None}


def test_an_unknown_reference() -> None:
    assert told(f"{SMALL}layers: [{{name: conv1, type: relu}}, {{type: tanh, from: cnov1}}]") == (
        "unknown-reference",
        (2, 56),
        "no layer is called `cnov1`",
        "write `conv1`",
    )
    linear = "{type: linear, in_features: 3, out_features: 1}"
    text = f"{SMALL}layers: [{{type: add, from: [input, x, y]}}, {linear}]"
    assert rules(check_text(text)) == ["unknown-reference"] * 2


def test_from_may_be_an_expression() -> None:
    text = (
        "vars: {skip: true}\n" + SMALL + "layers: [relu, "
        "{name: a, type: tanh, from: \"${'input' if skip else 'relu_1'}\"}]"
    )
    assert layer(check_text(text), "a").inputs == ("input",)
    assert layer(check_text(text, skip=False), "a").inputs == ("relu_1",)


def test_what_an_if_leaves_out_cannot_be_read() -> None:
    text = f"{SMALL}layers: [{{name: a, type: relu, if: 1 > 2}}, {{type: tanh, from: a}}]"
    assert told(text) == (
        "unknown-reference",
        (2, 63),
        "`a` is left out by its `if`",
        "choose with an expression, `\"${'a' if … else 'b'}\"`",
    )
    assert check_text(f"{SMALL}layers: [{{name: a, type: relu, if: 0}}, tanh]\noutputs: [a]").ok


# if, repeat, trainable, weights_from


@pytest.mark.parametrize(
    ("condition", "on"),
    [
        ("width > 2", True),
        ('"${width > 2}"', True),
        ("width == 2", False),
        ("true", True),
        ("false", False),
        ("0", False),
        ("not wide", True),
        ("wide or width", True),
    ],
)
def test_if(condition: str, on: bool) -> None:
    text = (
        f"vars: {{width: 3, wide: false}}\n{SMALL}layers: [tanh, {{type: relu, if: {condition}}}]"
    )
    assert names(check_text(text)) == ["tanh_1", *["relu_1"] * on]


def test_repeat_numbers_from_0_and_the_bare_name_is_the_last() -> None:
    found = check_text(
        f"{SMALL}layers:\n  - {{name: c, type: conv2d, kernel_size: 3, repeat: 3,\n"
        '     out_channels: "${4 * (index + 1)}"}\n  - {name: r, type: relu, from: c}\n'
        "  - {type: relu, from: c.0}\noutputs: [c, c.1]"
    )
    assert faults(found) == []
    assert names(found) == ["c.0", "c.1", "c.2", "r", "relu_2"]
    assert shapes(found) == [(4, 6, 6), (8, 4, 4), (12, 2, 2), (12, 2, 2), (4, 6, 6)]
    assert layer(found, "r").inputs == ("c.2",)
    assert list(found.outputs) == ["c.2", "c.1"]


def test_repeat_by_an_expression_and_none_at_all() -> None:
    text = f'vars: {{n: 2}}\n{SMALL}layers: [tanh, {{type: relu, name: r, repeat: "${{n}}"}}]'
    assert names(check_text(text)) == ["tanh_1", "r.0", "r.1"]
    assert names(check_text(text, n=0)) == ["tanh_1"]
    assert names(check_text(text, n=1)) == ["tanh_1", "r.0"]


def test_a_repeated_layer_whose_if_looks_at_index() -> None:
    found = check_text(
        f"{SMALL}layers: [{{type: relu, name: r, repeat: 4, if: index % 2 == 1}}, tanh]"
    )
    assert names(found) == ["r.1", "r.3", "tanh_1"]


def test_index_means_nothing_outside_of_a_repeat() -> None:
    assert fault(f'{SMALL}layers: [{{type: relu, name: "r${{index}}"}}]').message == (
        "`name`: `index` is not defined"
    )


def test_trainable() -> None:
    found = check_text(
        f"vars: {{frozen: true}}\n{SMALL}layers:\n"
        '  - {type: conv2d, out_channels: 4, kernel_size: 3, trainable: "${not frozen}"}\n'
        "  - {type: conv2d, out_channels: 5, kernel_size: 3}\n"
    )
    assert (found.totals.params, found.totals.trainable_params) == (112 + 185, 185)
    assert check_text(f"{SMALL}layers: [{{type: relu, trainable: false}}]").ok


def test_shared_weights_count_once() -> None:
    found = check_text(
        f"{SMALL}layers:\n  - {{name: a, {CONV}}}\n  - {{name: b, {CONV}, weights_from: a}}\n"
    )
    assert found.ok
    assert found.totals.params == 84
    assert layer(found, "b").weights_from == "a"
    assert layer(found, "b").macs == layer(found, "a").macs


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            "out_channels: 3, kernel_size: 5",
            "`b` needs a `weight` of (3, 3, 5, 5), but `a` has (3, 3, 3, 3)",
        ),
        (
            "out_channels: 3, kernel_size: 3, bias: false",
            "`b` has no `bias`, but `a` has one of (3,)",
        ),
    ],
)
def test_weights_that_do_not_fit(second: str, message: str) -> None:
    text = (
        f"{SMALL}layers:\n  - {{name: a, {CONV}}}\n"
        f"  - {{name: b, type: conv2d, {second}, weights_from: a}}\n"
    )
    found = fault(text)
    assert (found.rule, found.message) == ("shape-mismatch", message)
    assert found.span is not None
    line = text.split("\n")[found.span.line - 1]
    assert line[found.span.column - 1 : found.span.end_column - 1] == "a"
    assert line[: found.span.column - 1].endswith("weights_from: ")


def test_weights_of_what_has_none_or_is_faulty() -> None:
    conv = "{name: a, type: conv2d, out_channels: 3, kernel_size: 3, weights_from: r}"
    assert fault(f"{SMALL}layers: [{{name: r, type: relu}}, {conv}]").message == (
        "`a` needs a `weight` of (3, 3, 3, 3), but `r` has none"
    )
    bad = "{name: r, type: conv2d, out_channels: 3, kernel_size: 33}"
    from_input = conv.replace("type:", "from: input, type:")
    assert fault(f"{SMALL}layers: [{bad}, {from_input}]").rule == "empty-output"
    assert fault(f"{SMALL}layers: [{conv}]").message == "no layer is called `r`"


# outputs


def test_outputs_default_to_the_last_layer_and_may_be_several() -> None:
    text = f"{SMALL}layers: [{{name: a, type: relu}}, {{name: b, type: tanh}}]"
    assert list(check_text(text).outputs) == ["b"]
    assert list(check_text(f"{text}\noutputs: [b, a, b]").outputs) == ["b", "a"]
    assert list(check_text(f"{text}\noutputs: a").outputs) == ["a"]
    assert list(check_text(f"{text}\noutputs: [input]").outputs) == ["input"]
    assert told(f"{text}\noutputs: [a, c]")[:3] == (
        "unknown-reference",
        (3, 14),
        "no layer is called `c`",
    )


# vars and the command line's values


def test_a_var_may_use_those_above_it() -> None:
    text = (
        'vars: {w: 4, double: "${2 * w}", kind: "re${\'lu\'}"}\n' + SMALL + "layers:\n"
        '  - {type: conv2d, out_channels: "${double}", kernel_size: 1}\n'
    )
    assert shapes(check_text(text)) == [(8, 8, 8)]
    assert shapes(check_text(text, w=5)) == [(10, 8, 8)]
    assert fault('vars: {a: "${b}", b: 1}\n' + SMALL + "layers: [relu]").message == (
        "`a`: `b` is not defined"
    )


def test_a_var_that_has_no_value_is_one_error() -> None:
    text = (
        'vars: {w: "${1 / 0}", v: "${w + 1}"}\n' + SMALL + "layers:\n"
        '  - {type: conv2d, out_channels: "${w}", kernel_size: "${v * 2}"}\n'
        '  - {type: relu, repeat: "${w}", if: w > 3, name: "r${w}", trainable: "${w}"}\n'
        'limits: {params: "${w}"}\n'
    )
    assert told(text)[:3] == ("invalid-value", (1, 11), "`w`: `1 / 0` divides by zero")


def test_a_list_can_be_a_var() -> None:
    text = (
        "vars: {k: [3, 5]}\n" + SMALL + "layers:\n"
        '  - {type: conv2d, out_channels: 4, kernel_size: "${k}"}\n'
    )
    assert shapes(check_text(text)) == [(4, 6, 4)]


def test_an_option_that_does_not_fit() -> None:
    with pytest.raises(UsageError, match=r"no variable is called `widht`.*write `width`"):
        check_text(f"vars: {{width: 1}}\n{SMALL}layers: [relu]", widht=3)
    with pytest.raises(UsageError, match="no variable is called `w`"):
        check_text(f"{SMALL}layers: [relu]", w=3)


def test_shapes_from_outside() -> None:
    text = f"{SMALL}layers: [relu]"
    assert shapes(with_options(text, shapes={0: (5, 6)})) == [(5, 6)]
    assert shapes(with_options(text, shapes={"input": (5, 6)})) == [(5, 6)]
    assert shapes(with_options("layers: [relu]", shapes={0: (5, 6)})) == [(5, 6)]
    two = "inputs: {a: [3], b: [4]}\nlayers: [concat]"
    assert shapes(with_options(two, shapes={"b": (7,)})) == [(10,)]
    with pytest.raises(UsageError, match="has 2 inputs"):
        with_options(two, shapes={0: (7,)})
    with pytest.raises(UsageError, match="no input `c`"):
        with_options(two, shapes={"c": (7,)})


# Data in place of a file


def test_data_reads_as_the_same_text_does() -> None:
    data = {
        "name": "m",
        "input": (3, 8, 8),
        "vars": {"w": 4},
        "layers": [{"type": "conv2d", "out_channels": "${w}", "kernel_size": [3, 3]}, "relu"],
    }
    text = (
        "name: m\ninput: [3, 8, 8]\nvars: {w: 4}\n"
        'layers: [{type: conv2d, out_channels: "${w}", kernel_size: [3, 3]}, relu]'
    )
    assert shapes(check(data)) == shapes(check_text(text))
    assert check(data).totals == check_text(text).totals


def test_data_has_no_places() -> None:
    found = check({"input": [3, 8, 8], "layers": [{"type": "conv2d"}, "relux", {"typ": "relu"}]})
    assert {item.rule for item in found.diagnostics} == {"invalid-value", "unknown-type"}
    assert {item.span for item in found.diagnostics} == {None}


class Odd:
    pass


SELF: list[Any] = []
SELF.append(SELF)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"layers": Odd()}, "a value of type Odd, which no file can hold"),
        ({"layers": {1, 2}}, "a value of type set, which no file can hold"),
        ({"layers": b"x"}, "a value of type bytes, which no file can hold"),
        ({"layers": SELF}, "the mapping is nested too deep or too large"),
        ({"layers": 10**30}, "an integer beyond 2⁶³"),
        ({"layers": 10**9999}, "an integer beyond 2⁶³"),
        ({None: 1}, "a key that is no name"),
        ({(1, 2): 1}, "a key that is no name"),
        ({"a\nb": 1}, "a key that is no name"),
    ],
)
def test_data_that_no_file_can_hold(data: Any, message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        from_mapping(data)
    assert [item.message for item in raised.value.diagnostics] == [message]
