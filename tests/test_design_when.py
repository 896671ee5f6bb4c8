"""When a design is spoken of: beside errors, in blocks, at named sizes, of architectures."""

from __future__ import annotations

import re

import pytest
from checked import check_bundled, check_text, designs, sequence
from generators.designs import conv, linear, named, pool, told, up

from cnnshape.sources import bundled

# When nothing is said, or less


def test_a_model_with_an_error_hears_nothing_of_its_design() -> None:
    pair = [linear(300), linear(100)]
    wrong = {**linear(10), "in_features": 7}
    assert told(sequence(*pair, given=[784])) == [("linear-after-linear", "linear_2")]
    assert told(sequence(*pair, "relu", wrong, given=[784])) == []
    expecting = {**linear(10), "expect": [11]}
    assert told(sequence(*pair, "relu", expecting, given=[784])) == []


def test_a_limit_that_is_exceeded_hides_nothing() -> None:
    found = sequence(linear(300), linear(100), given=[784], limits={"params": 10})
    assert [item.rule for item in found.diagnostics] == ["limit-exceeded", "linear-after-linear"]


def test_a_limit_that_no_input_allows_is_told_once() -> None:
    layers = [conv(8, 3), "global_avg_pool"]
    for least, rule in ((32, "field-too-small"), (33, "limit-exceeded")):
        limits = {"receptive_field": f">= {least}"}
        found = sequence(*layers, given=[3, 32, 32], limits=limits).diagnostics
        assert [item.rule for item in found] == [rule]


BLOCK = """input: [3, 32, 32]
blocks:
  unit:
    params: {channels: }
    layers:
      - {name: conv, type: conv2d, out_channels: "${channels}", kernel_size: 3, padding: 1}
      - {name: bn, type: batch_norm2d}
      - relu
layers:
  - {name: stage1, type: unit, channels: 16, repeat: 3}
  - {name: stage2, type: unit, channels: 32}
"""


def test_what_a_block_repeats_is_told_once() -> None:
    (found,) = check_text(BLOCK).diagnostics
    assert (found.rule, found.layer) == ("bias-before-norm", "stage1.0.conv")
    assert found.span is not None
    assert found.span.line == 6
    assert [label.span.line for label in found.labels] == [7]
    assert found.notes[-1].startswith("in the block `unit`, used as `stage1.0` at ")


def test_many_findings_end() -> None:
    layers = [named(f"p{i}", pool(2), "input") for i in range(500)]
    names = [layer["name"] for layer in layers]
    assert len(sequence(*layers, given=[3, 9, 9], outputs=names).diagnostics) == 100


def test_channels_last_changes_nothing() -> None:
    layers = [
        named("a", conv(8, 3, stride=2)),
        named("n", {"type": "batch_norm2d"}),
        "relu",
        named("u", up(3, 2)),
    ]
    first = sequence(*layers, given=[3, 32, 30])
    last = sequence(*layers, given=[32, 30, 3], layout="channels_last")
    assert told(first) == told(last)
    assert [item.message for item in first.diagnostics] == [i.message for i in last.diagnostics]
    dense = [linear(8), {"type": "batch_norm2d"}, "relu"]
    assert told(sequence(*dense, given=[6, 6, 3], layout="channels_last")) == [
        ("bias-before-norm", "linear_1")
    ]
    assert told(sequence(*dense, given=[3, 6, 6])) == []


SIZED = """input: [3, {}, {}]
layers:
  - {{name: conv, type: conv2d, out_channels: 4, kernel_size: 3, stride: 2, bias: false}}
  - {{name: bn, type: batch_norm2d}}
  - relu
  - {{name: a, type: conv2d, out_channels: 8, kernel_size: 1}}
  - {{name: b, type: conv2d, out_channels: 8, kernel_size: 1}}
  - {{name: gap, type: adaptive_avg_pool2d, output_size: 1}}
  - {{name: late, type: conv2d, out_channels: 8, kernel_size: 3, padding: 1}}
"""
ALWAYS = [("linear-after-linear", "b"), ("dead-padding", "late")]


def test_with_named_sizes_only_what_holds_for_all_is_told() -> None:
    """At 224, the usual example, the stride drops a row: not at 225."""
    assert told(check_text(SIZED.format(224, 224))) == [("pixels-dropped", "conv"), *ALWAYS]
    assert told(check_text(SIZED.format(225, 225))) == ALWAYS
    assert told(check_text(SIZED.format("H", "W"))) == ALWAYS


def test_of_an_example_that_is_given_it_is_told_for_which() -> None:
    from cnnshape import load
    from cnnshape.analysis.analyse import analyse

    path = bundled.folder() / "squeezenet1-1.yaml"
    analysis = analyse(load(path, input="3,H=230,W=225").graph)  # its comments excuse this
    (found,) = designs(analysis)
    assert found.rule == "pixels-dropped"
    assert found.message == "`features.0` drops 1 row of 230×225: no window reaches them"
    assert found.notes[0] == "this is so for H = 230 and W = 225"
    assert designs(load(path, input="3,H,W").check()) == []


def test_sizes_that_are_asked_about_are_accepted_without_a_word_on_the_design() -> None:
    from cnnshape import load

    sizes = load("squeezenet1-1").accepted_inputs()
    assert sizes.at(H=224, W=224).diagnostics == ()


# The architectures


def excuses(name: str) -> list[tuple[int, str]]:
    """What an architecture's file says that it means: the line that is meant, and the rule.

    A comment with the reason stands above the one that names the rule.
    """
    lines = (bundled.folder() / f"{name}.yaml").read_text("utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        match = re.fullmatch(r" *# cnnshape: ignore\[([a-z-]+)\]", line)
        if match:
            assert re.fullmatch(r" *# \w.*\.", lines[number - 1])
            found.append((number + 2, match[1]))
    return found


@pytest.mark.parametrize("name", bundled.names())
def test_an_architecture_is_clean_or_says_why_not(name: str) -> None:
    analysis = check_bundled(name)
    found = [(item.span.line, item.rule) for item in designs(analysis) if item.span]
    assert found in ([], excuses(name))  # none, where suppression has taken them out


def test_some_architectures_have_excuses() -> None:
    assert {name for name in bundled.names() if excuses(name)} == {
        "alphago-policy", "dcgan-generator", "facial-keypoints", "squeezenet1-1"
    }  # fmt: skip
