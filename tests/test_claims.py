"""What an author states, `expect` and `limits`, against what is computed."""

from __future__ import annotations

import pytest
from checked import check_text, faults, rules

from cnnshape.diagnostics import Diagnostic
from cnnshape.sources.spec.claims import quantity

SMALL = "input: [3, 8, 8]\n"
CONV = "type: conv2d, kernel_size: 3"


def fault(text: str) -> Diagnostic:
    (found,) = check_text(text).diagnostics
    return found


def expecting(claim: str, layer: str = f"{CONV}, out_channels: 4") -> str:
    return f"{SMALL}layers:\n  - {{name: c, {layer}, expect: {claim}}}\n"


# expect


@pytest.mark.parametrize(
    "claim",
    [
        "[4, 6, 6]",
        "[N, 4, 6, 6]",
        "{shape: [4, 6, 6]}",
        "{params: 112}",
        '{params: "112"}',
        '{params: "<= 1k"}',
        '{params: "> 111"}',
        "{macs: 3888}",
        "{macs: 3.888k}",
        "{receptive_field: 3}",
        "{receptive_field: [3, 3]}",
        "{shape: [4, 6, 6], params: 112, macs: 3888, receptive_field: 3}",
        '["${2 * 2}", 6, "${6}"]',
    ],
)
def test_what_holds_is_not_mentioned(claim: str) -> None:
    assert faults(check_text(expecting(claim))) == []


@pytest.mark.parametrize(
    ("claim", "message", "expected", "found"),
    [
        ("[4, 8, 8]", "gives (N, 4, 6, 6), but (N, 4, 8, 8) is expected", (1, 4, 8, 8),
         (1, 4, 6, 6)),
        ("[4, 36]", "gives (N, 4, 6, 6), but (N, 4, 36) is expected", (1, 4, 36), (1, 4, 6, 6)),
        ("[]", "gives (N, 4, 6, 6), but (N,) is expected", (1,), (1, 4, 6, 6)),
        ("{params: 100}", "has 112 parameters, but 100 are expected", 100, 112),
        ("{params: 1}", "has 112 parameters, but 1 is expected", 1, 112),
        ("{macs: 4k}", "takes 3,888 MACs, but 4,000 are expected", 4000, 3888),
        ("{receptive_field: 5}", "has a receptive field of 3, but 5 is expected", 5, (3, 3)),
        ("{receptive_field: [3, 5]}", "has a receptive field of 3×3, but 3×5 is expected", (3, 5),
         (3, 3)),
    ],
)  # fmt: skip
def test_what_does_not_hold(claim: str, message: str, expected: object, found: object) -> None:
    told = fault(expecting(claim))
    assert (told.rule, told.layer, told.message) == ("expectation-failed", "c", f"`c` {message}")
    assert (told.expected, told.found) == (expected, found)


def test_a_claim_is_underlined_at_its_value() -> None:
    told = fault(expecting("{shape: [4, 6, 6], params: 100}"))
    assert told.span is not None
    line = expecting("{shape: [4, 6, 6], params: 100}").split("\n")[told.span.line - 1]
    assert line[told.span.column - 1 : told.span.end_column - 1] == "100"


def test_every_claim_that_fails_by_itself_is_told() -> None:
    found = check_text(expecting("{params: 1, macs: 2, receptive_field: 9}"))
    assert rules(found) == ["expectation-failed"] * 3


@pytest.mark.parametrize(
    ("claim", "rule", "message", "help"),
    [
        ("{shap: [4]}", "unknown-field", "`expect` has no `shap`", "write `shape`"),
        ("{sha: 1, para: 2}", "unknown-field", None, None),
        ("x", "invalid-value",
         "the expected shape must be a list of integers such as `[10, 24, 24]`, not `x`", None),
        ("", "invalid-value",
         "the expected shape must be a list of integers such as `[10, 24, 24]`, not nothing", None),
        ("[4, x]", "invalid-value",
         "the expected shape must be a list of integers such as `[10, 24, 24]`, not a list", None),
        ("{params: many}", "invalid-value", "the expected params must be a number, not `many`",
         None),
        ("{params: -1}", "invalid-value", "the expected params must be a number, not `-1`", None),
        ("{params: true}", "invalid-value", "the expected params must be a number, not true", None),
        ("{macs: .nan}", "invalid-value", "the expected macs must be a number, not `nan`", None),
        ("{macs: [1]}", "invalid-value", "the expected macs must be a number, not a list", None),
        ("{receptive_field: x}", "invalid-value",
         "the expected receptive_field must be an integer, or one an axis, not `x`", None),
        ('{params: "${w}"}', "invalid-value", "`expect`: `w` is not defined", None),
    ],
)  # fmt: skip
def test_a_claim_that_means_nothing(
    claim: str, rule: str, message: str | None, help: str | None
) -> None:
    found = check_text(expecting(claim)).diagnostics
    assert {item.rule for item in found} == {rule}
    if message is not None:
        assert [(item.message, item.help) for item in found] == [(message, help)]


# What follows from what


LECTURE = f"""{SMALL}layers:
  - {{name: a, {CONV}, out_channels: 4, expect: [4, 8, 8]}}
  - {{name: b, type: max_pool2d, kernel_size: 2, expect: [4, 4, 4]}}
  - {{name: c, type: flatten, expect: [64]}}
  - {{name: d, type: linear, out_features: 10, expect: {{shape: [10], params: 650, macs: 640}}}}
"""


def test_claims_that_follow_from_a_wrong_one_are_not_told() -> None:
    """A table as an author believes it: one line is wrong, the others are right if it were."""
    assert fault(LECTURE).layer == "a"
    right = LECTURE.replace("kernel_size: 3, out", "kernel_size: 3, padding: 1, out")
    assert check_text(right).ok


def test_a_claim_that_is_wrong_either_way_is_told() -> None:
    found = check_text(LECTURE.replace("expect: [4, 4, 4]", "expect: [4, 5, 5]"))
    assert [item.layer for item in found.diagnostics] == ["a", "b", "c"]


def test_a_claim_after_a_fault_is_left_alone() -> None:
    text = f"""{SMALL}layers:
  - {{name: a, {CONV}, padding: 1, out_channels: 4}}
  - {{name: n, type: batch_norm2d, num_features: 5, expect: [5, 8, 8]}}
  - {{name: s, type: add, from: [n, a], expect: [5, 8, 8]}}
  - {{name: z, type: flatten, expect: [320]}}
"""
    assert rules(check_text(text)) == ["size-mismatch"]


def test_an_expectation_of_another_rank_breaks_nothing() -> None:
    layers = "[{type: prelu, expect: []}, {type: prelu}, {type: relu, expect: {macs: 1}}]"
    assert set(rules(check_text(f"input: [3]\nlayers: {layers}"))) == {"expectation-failed"}


def test_thousands_of_wrong_claims_end() -> None:
    layers = [f"  - {{type: relu, expect: [3, 8, {9 + i}]}}" for i in range(2000)]
    found = check_text(SMALL + "layers:\n" + "\n".join(layers))
    assert 0 < len(found.diagnostics) <= 101
    assert set(rules(found)) == {"expectation-failed"}


# Blocks


BLOCK = f"""{SMALL}
blocks:
  pair:
    layers:
      - {{{CONV}, padding: 1, out_channels: 4}}
      - {{{CONV}, padding: 1, out_channels: 5}}
      - relu
layers: [{{name: u, type: pair, expect: EXPECTED}}]
"""


@pytest.mark.parametrize(
    "claim",
    ["[5, 8, 8]", "{params: 297}", "{macs: 18432}", "{shape: [5, 8, 8], params: 297}",
     "{receptive_field: 5}"],
)  # fmt: skip
def test_what_is_expected_of_a_block_is_of_the_whole(claim: str) -> None:
    assert faults(check_text(BLOCK.replace("EXPECTED", claim))) == []


def test_what_fails_of_a_block() -> None:
    found = fault(BLOCK.replace("EXPECTED", "{params: 300}"))
    assert found.message == "`u` has 297 parameters, but 300 are expected"
    assert found.span is not None
    assert found.span.line == 9
    shape = fault(BLOCK.replace("EXPECTED", "[5, 8, 9]"))
    assert shape.message == "`u` gives (N, 5, 8, 8), but (N, 5, 8, 9) is expected"


def test_each_repetition_of_a_block_is_held_to_it() -> None:
    repeated = BLOCK.replace("type: pair", "type: pair, repeat: 2")
    assert check_text(repeated.replace("EXPECTED", "[5, 8, 8]")).ok
    found = fault(repeated.replace("EXPECTED", "{params: 297}"))
    assert found.message == "`u.1` has 369 parameters, but 297 are expected"


# limits


def limited(limits: str) -> str:
    return f"{SMALL}layers: [{{name: c, {CONV}, out_channels: 4}}]\nlimits: {limits}\n"


@pytest.mark.parametrize(
    "limits",
    [
        "{params: 112}",
        "{params: 1k, macs: 4k, memory: 1MiB}",
        '{params: "< 113", macs: ">= 3888"}',
        '{receptive_field: ">= 3"}',
        "{receptive_field: 2}",
        '{receptive_field: "== 3"}',
        "{output: [4, 6, 6]}",
        "{memory: {params: 448, forward: 1344, training: 2240}}",
        '{params: "${100 + 12}"}',
    ],
)
def test_limits_that_are_kept(limits: str) -> None:
    assert faults(check_text(limited(limits))) == []


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("{params: 111}", "the model has 112 parameters, but the limit is 111"),
        ('{params: "< 112"}', "the model has 112 parameters, but the limit is less than 112"),
        ('{params: ">= 1k"}', "the model has 112 parameters, but the limit is at least 1,000"),
        ("{macs: 1k}", "the model takes 3,888 MACs, but the limit is 1,000"),
        ("{memory: 1KiB}", "training takes 2.19 KiB, but the limit is 1.00 KiB"),
        ("{memory: {params: 100B}}", "the parameters take 448 bytes, but the limit is 100 bytes"),
        ("{memory: {forward: 1kB}}", "a forward pass takes 1.31 KiB, but the limit is 1,000 bytes"),
        ('{receptive_field: ">= 7"}', "the output sees 3×3, but the limit is at least 7"),
        ("{output: [10]}", "the output is (N, 4, 6, 6), but the limit is (N, 10)"),
    ],
)
def test_limits_that_are_not_kept(limits: str, message: str) -> None:
    found = fault(limited(limits))
    assert (found.rule, found.message) == ("limit-exceeded", message)
    assert found.span is not None
    assert found.span.line == 3


def test_limits_are_not_held_against_a_model_with_faults() -> None:
    text = limited("{params: 1}").replace("kernel_size: 3", "kernel_size: 33")
    assert rules(check_text(text)) == ["empty-output"]


@pytest.mark.parametrize(
    ("limits", "rule", "message"),
    [
        ("{param: 3}", "unknown-field", "`limits` has no `param`"),
        ("{params: many}", "invalid-value",
         "the limit `params` must be a number such as 5M, not `many`"),
        ("{params: }", "invalid-value",
         "the limit `params` must be a number such as 5M, not nothing"),
        ("{macs: [1]}", "invalid-value",
         "the limit `macs` must be a number such as 5M, not a list"),
        ("{memory: 2QB}", "invalid-value",
         "the limit `memory` must be a number such as 2GiB, not `2QB`"),
        ("{memory: {training: x}}", "invalid-value",
         "the limit `memory.training` must be a number such as 2GiB, not `x`"),
        ("{memory: {traning: 1}}", "unknown-field", "the limit `memory` has no `traning`"),
        ("{receptive_field: x}", "invalid-value",
         'the limit `receptive_field` must be a number such as ">= 224", not `x`'),
        ("{output: 3}", "invalid-value", "the limit `output` must be a list of sizes, not `3`"),
        ('{params: "${w}"}', "invalid-value", "the limit `params`: `w` is not defined"),
    ],
)  # fmt: skip
def test_limits_that_mean_nothing(limits: str, rule: str, message: str) -> None:
    found = fault(limited(limits))
    assert (found.rule, found.message) == (rule, message)


@pytest.mark.parametrize(
    ("text", "bound", "number"),
    [
        ("5M", "<=", 5_000_000),
        ("5 M", "<=", 5_000_000),
        ("1.5k", "<=", 1500),
        ("2GiB", "<=", 2 * 2**30),
        ("2 GB", "<=", 2 * 10**9),
        ("1Ki", "<=", 1024),
        ("100B", "<=", 100),
        (">= 224", ">=", 224),
        ("<5", "<", 5),
        ("== 7", "==", 7),
        (".5M", "<=", 500_000),
        (7, "<=", 7),
        (0.5, "<=", 0.5),
    ],
)
def test_quantities(text: object, bound: str, number: float) -> None:
    assert quantity(text, "<=") == (bound, number)


NO_QUANTITIES = [
    *("", "x", "5 5", "-5", "5X", "5MM", ">< 5", "1e3", "NaN", "9" * 50),
    *(None, True, -1, 2**63, float("inf"), float("nan"), [1]),
]


@pytest.mark.parametrize("text", NO_QUANTITIES)
def test_what_is_no_quantity(text: object) -> None:
    assert quantity(text, "<=") is None
