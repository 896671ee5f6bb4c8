"""`--limit params=5M`: limits of the command line, for every model and beside its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from checked import check_text
from test_cli import GOOD, Ended, Run, models, run

__all__ = ["models", "run"]  # fixtures

MEMORY = 4 * (2 * 20 + 64 + 72)
"""Bytes that training GOOD keeps: parameters and gradients, the input, the output of 2·6·6."""


@pytest.mark.parametrize(
    "limit",
    [
        "params=20",
        "params=5M",
        "params=<21",
        "params = >= 20",
        "macs=648",
        f"memory={MEMORY}",
        "memory=1MiB",
        "memory.params=80B",
        "memory.forward=544",
        "receptive_field=3",
        "receptive_field=>=3",
        "output=2,6,6",
        "output=[2, 6, 6]",
        "output=2x6x6",
    ],
)
def test_limits_that_are_kept(run: Run, models: Path, limit: str) -> None:
    assert run("check", "good.yaml", "-q", "--limit", limit) == Ended(0, "", "")


@pytest.mark.parametrize(
    ("limit", "message", "columns"),
    [
        ("params=19", "`good.yaml` has 20 parameters, but the limit is 19", (16, 18)),
        ("params=< 20", "`good.yaml` has 20 parameters, but the limit is less than 20", (16, 20)),
        ("params=  1e", None, None),
        ("macs=0.6k", "`good.yaml` takes 648 MACs, but the limit is 600", (14, 18)),
        ("memory=700B", "training of `good.yaml` takes 704 bytes, but the limit is 700 bytes",
         (16, 20)),
        ("memory.params=79", "the parameters of `good.yaml` take 80 bytes, but the limit is "
         "79 bytes", (23, 25)),
        ("memory.forward=543", "a forward pass of `good.yaml` takes 544 bytes, but the limit is "
         "543 bytes", (24, 27)),
        ("receptive_field=>=224", "the output of `good.yaml` sees 3×3, but the limit is at least "
         "224", (25, 30)),
        ("output=1000", "the output of `good.yaml` is (N, 2, 6, 6), but the limit is (N, 1000)",
         (16, 20)),
    ],
)  # fmt: skip
def test_limits_that_are_not_kept(
    run: Run, models: Path, limit: str, message: str | None, columns: tuple[int, int] | None
) -> None:
    ended = run("check", "good.yaml", "--format", "json", "--limit", limit)
    if message is None:
        assert (ended.code, ended.out) == (2, "")
        return
    assert ended.code == 1
    (found,) = ended.json["models"][0]["diagnostics"]
    assert (found["rule"], found["message"]) == ("limit-exceeded", message)
    assert (found["file"], found["line"]) == ("<command line>", 1)
    assert (found["column"], found["end_column"]) == columns


def test_the_picture(run: Run, models: Path) -> None:
    ended = run("check", "good.yaml", "--limit", "macs=1M", "--limit", "params=5")
    assert ended == Ended(
        1,
        "error[limit-exceeded]: `good.yaml` has 20 parameters, but the limit is 5\n"
        " --> <command line>:2:16\n"
        "  |\n"
        "2 | --limit params=5\n"
        "  |                ^ computed 20 parameters\n"
        "  |\n"
        "\n"
        "good.yaml: 1 error\n",
        "",
    )


def test_summary_takes_them_too(run: Run, models: Path) -> None:
    ended = run("summary", "good.yaml", "--limit", "params=5")
    assert ended.code == 1
    assert "but the limit is 5\n" in ended.out


def test_the_limits_of_the_file_hold_beside(run: Run, models: Path) -> None:
    (models / "limited.yaml").write_text(GOOD + "limits: {params: 10}\n")
    found = run("check", "limited.yaml", "--limit", "params=5M").out
    assert "error[limit-exceeded]: the model has 20 parameters, but the limit is 10\n" in found


def test_they_stand_in_for_those_of_the_settings(run: Run, models: Path) -> None:
    (models / "cnnshape.toml").write_text("limits = {params = 5, macs = 1}\n")
    ended = run("check", "good.yaml", "--limit", "params=5M", "--format", "json")
    (found,) = ended.json["models"][0]["diagnostics"]
    assert found["message"] == "`good.yaml` takes 648 MACs, but the limit is 1"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("params", "--limit 'params': write NAME=VALUE, such as params=5M"),
        ("params=", "--limit 'params=': write NAME=VALUE, such as params=5M"),
        ("=5M", "--limit '=5M': write NAME=VALUE, such as params=5M"),
        ("params=5\n", "--limit 'params=5\\n': write NAME=VALUE, such as params=5M"),
        ("parms=5M", "--limit parms=5M: `limits` has no `parms`; write `params`"),
        ("params=many", "--limit params=many: the limit `params` must be a number such as 5M, not "
         "`many`"),
        ("memory.traning=1", "--limit memory.traning=1: the limit `memory` has no `traning`; "
         "write `training`"),
        ("params.x=1", "--limit params.x=1: the limit `params` must be a number such as 5M, not a "
         "mapping"),
        ("output=ten", "--limit output=ten: the limit `output` must be a list of sizes, not "
         "`ten`"),
    ],
)  # fmt: skip
def test_limits_that_mean_nothing(run: Run, models: Path, limit: str, message: str) -> None:
    ended = run("check", "good.yaml", "--limit", limit)
    assert ended == Ended(2, "", f"error: {message}\n")


# Named sizes


NAMED = """input: [3, H, W]
limits: {params: 400, macs: 1, receptive_field: 9, output: [4, 5, 5]}
layers:
  - {name: c1, type: conv2d, out_channels: 16, kernel_size: 3}
  - {type: global_avg_pool}
  - {type: linear, out_features: 10}
"""


def test_what_is_no_formula_is_held_to_limits_at_any_size() -> None:
    """16·(27 + 1) + 170 parameters, 10 outputs; the MACs and the field depend on H and W."""
    found = [item.message for item in check_text(NAMED).diagnostics]
    assert found == [
        "the model has 618 parameters, but the limit is 400",
        "the output is (N, 10), but the limit is (N, 4, 5, 5)",
    ]


def test_with_examples_all_are_held_at_these() -> None:
    found = check_text(NAMED.replace("[3, H, W]", "[3, H=8, W=8]")).diagnostics
    assert [item.message for item in found] == [
        "the model has 618 parameters, but the limit is 400",
        "the model takes 15,712 MACs, but the limit is 1",
        "the output sees 8×8, but the limit is at least 9",
        "the output is (N, 10), but the limit is (N, 4, 5, 5)",
    ]
