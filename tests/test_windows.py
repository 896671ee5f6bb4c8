"""Windows along one axis against naive loops (see data/README.md and make_window_cases.py)."""

from __future__ import annotations

import gzip
import json
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from checked import faults, rules, sequence
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnshape.analysis.receptive_field import own, through
from cnnshape.window import Slide, Spread, Window, same_padding

DATA = Path(__file__).with_name("data") / "window_cases.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(DATA.read_bytes()))
CASES = RECORDED["cases"]
CHAINS = RECORDED["chains"]


def slide(case: dict[str, Any], **changes: Any) -> Slide:
    fields = ("size", "kernel", "stride", "dilation", "before", "after")
    return Slide(**{**{name: case[name] for name in fields}, **changes})


def spread(case: dict[str, Any]) -> Spread:
    return Spread(*slide(case)[:-2], case["output_padding"])


def pads(case: dict[str, Any], *, lower: bool) -> tuple[int, int]:
    extent = case["dilation"] * (case["kernel"] - 1) + 1
    return same_padding(case["size"], extent, case["stride"], lower=lower)


@pytest.mark.parametrize("case", CASES)
def test_a_window_fits_as_often_as_it_was_placed(case: dict[str, Any]) -> None:
    pad = case["pool_padding"]
    before, after = pads(case, lower=False)
    sizes = {
        "output": slide(case).output_size(),
        "ceil_mode": slide(case, before=pad, after=pad, ceil=True).output_size(),
        "same": slide(case, before=before, after=after).output_size(),
        "transposed": spread(case).output_size(),
    }
    found = {name: size if size > 0 else None for name, size in sizes.items()}
    assert found == {name: case[name] for name in sizes}
    assert [before, after] == case["same_pads"] == list(pads(case, lower=True))[::-1]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_sees_as_much(chain: dict[str, Any]) -> None:
    reach = own(2)
    for kernel, step, dilation, before, _ in chain["windows"]:
        reach = through(reach, Window(dilation * (kernel - 1) + 1, step, before))
    found = {"size": reach.size, "stride": reach.stride, "start": reach.start}
    assert found == chain["receptive_field"]


# --- the same numbers by way of model files -----------------------------------------------------


def conv(case: dict[str, Any], **changes: Any) -> dict[str, Any]:
    arguments = {
        "type": "conv1d",
        "out_channels": 1,
        "kernel_size": case["kernel"],
        "stride": case["stride"],
        "dilation": case["dilation"],
        "padding": [[case["before"], case["after"]]],
    }
    return arguments | changes


@pytest.mark.parametrize("case", CASES[::5])
def test_a_convolution_slides_so(case: dict[str, Any]) -> None:
    analysis = sequence(conv(case), given=[1, case["size"]])
    if case["output"] is None:
        assert rules(analysis) == ["empty-output"]
    else:
        assert faults(analysis) == []
        assert analysis.layers[0].output_shape == (1, 1, case["output"])


@pytest.mark.parametrize("case", CASES[::5])
@pytest.mark.parametrize("padding", ["same", "same_lower"])
def test_a_padding_by_name_slides_so(case: dict[str, Any], padding: str) -> None:
    analysis = sequence(conv(case, padding=padding), given=[1, case["size"]])
    [layer] = analysis.layers
    assert layer.output_shape == (1, 1, case["same"])
    before = case["same_pads"][padding == "same_lower"]
    assert layer.receptive_field.start == (-before,)


@pytest.mark.parametrize("case", CASES[::5])
def test_a_max_pooling_slides_so(case: dict[str, Any]) -> None:
    names = {"kernel_size": "kernel", "stride": "stride", "dilation": "dilation"}
    arguments = {name: case[column] for name, column in names.items()}
    pool = {"type": "max_pool1d", "padding": case["pool_padding"], "ceil_mode": True, **arguments}
    analysis = sequence(pool, given=[2, case["size"]])
    if case["ceil_mode"] is None:
        assert rules(analysis) == ["empty-output"]
    else:
        assert analysis.layers[0].output_shape == (1, 2, case["ceil_mode"])


# (I, k, s, p) → O with ceil_mode, executed with PyTorch 2.13
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "output"),
    [
        (5, 2, 2, 1, 3),
        (3, 2, 2, 1, 2),
        (7, 2, 3, 1, 3),
        (2, 2, 3, 1, 1),
        (6, 3, 2, 0, 3),
        (5, 3, 4, 1, 2),
    ],
)
def test_ceil_mode_is_pytorchs(
    size: int, kernel: int, stride: int, padding: int, output: int
) -> None:
    assert Slide(size, kernel, stride, 1, padding, padding, ceil=True).output_size() == output


@pytest.mark.parametrize(
    ("slide", "text"),
    [
        (Slide(28, 5), "(28 - 5 + 2·0)/1 + 1 = 24"),
        (Slide(224, 11, 4, 1, 2, 2), "floor((224 - 11 + 2·2)/4) + 1 = 55"),
        (Slide(11, 3, 1, 2), "(11 + 0 + 0 - 2·(3 - 1) - 1)/1 + 1 = 7"),
        (Slide(28, 3, 2, 1, 0, 1), "(28 + 0 + 1 - 1·(3 - 1) - 1)/2 + 1 = 14"),
        (Slide(6, 3, 2, ceil=True), "ceil((6 - 3 + 2·0)/2) + 1 = 3"),
        (Slide(5, 2, 2, 1, 1, 1, ceil=True), "ceil((5 - 2 + 2·1)/2) + 1 - 1 = 3"),
    ],
)
def test_a_slides_formula_has_its_numbers(slide: Slide, text: str) -> None:
    assert slide.formula() == text


@pytest.mark.parametrize(
    ("spread", "text"),
    [
        (Spread(4, 5, 2, 1, 2, 2, 1), "(4 - 1)·2 - 2·2 + 1·(5 - 1) + 1 + 1 = 8"),
        (Spread(3, 2, 3, 2), "(3 - 1)·3 - 2·0 + 2·(2 - 1) + 0 + 1 = 9"),
    ],
)
def test_a_spreads_formula_has_its_numbers(spread: Spread, text: str) -> None:
    assert spread.formula() == text


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5), st.integers(1, 3), st.booleans())
def test_same_gives_ceil(size: int, kernel: int, stride: int, dilation: int, lower: bool) -> None:
    before, after = same_padding(size, dilation * (kernel - 1) + 1, stride, lower=lower)
    padded = Slide(size, kernel, stride, dilation, before, after)
    assert padded.output_size() == ceil(size / stride)
    assert 0 <= (before - after if lower else after - before) <= 1


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.integers(0, 3))
def test_transposed_restores_what_divides(size: int, kernel: int, stride: int, pad: int) -> None:
    there = Slide(size, kernel, stride, 1, pad, pad)
    if there.output_size() < 1:
        return
    rest = (size + 2 * pad - kernel) % stride
    back = Spread(there.output_size(), kernel, stride, 1, pad, pad, rest)
    assert back.output_size() == size


def test_the_cases_are_many_and_some_leave_nothing() -> None:
    assert len({json.dumps(case) for case in CASES}) > 390
    for name in ("output", "ceil_mode", "transposed"):
        assert 5 < sum(case[name] is None for case in CASES) < 200
