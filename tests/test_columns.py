"""The columns of `cnnshape summary`: which there are, what stands in them, what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnshape.analysis.conventions import TOOLS
from cnnshape.cli import main
from cnnshape.cli.summary import Tool
from cnnshape.report.columns import NAMES

Summary = Callable[..., str]

MODEL = """name: mixed
input: [3, 20, 21]
blocks:
  pair:
    params: {channels: }
    layers:
      - name: a
        type: conv2d
        out_channels: "${channels}"
        kernel_size: [3, 5]
        stride: [1, 2]
        padding: [[1, 1], [0, 1]]
        bias: false
      - {name: b, type: batch_norm2d}
layers:
  - {name: one, type: pair, channels: 4}
  - {name: pool, type: max_pool2d, kernel_size: 2}
  - {name: same, type: conv2d, out_channels: 8, kernel_size: 3, padding: same, trainable: false}
  - {name: flat, type: flatten}
  - {name: out, type: linear, out_features: 5}
"""


@pytest.fixture
def summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Summary:
    """Standard output of `cnnshape summary` on the model; standard error where it fails."""
    (tmp_path / "mixed.yaml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str, path: str = "mixed.yaml", code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["cnnshape", "summary", path, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert ended.value.code == code, printed.err
        return printed.err if code == 2 else printed.out

    return run


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_holds_the_columns_in_the_order_given(summary: Summary) -> None:
    text = summary("--columns", "params,name,kernel,stride,padding", "--format", "csv")
    assert text.split("\n")[:4] == [
        "params,name,kernel,stride,padding",
        '180,one.a,3x5,1x2,"1x0,1"',
        "8,one.b,,,",
        "0,pool,2x2,2x2,0x0",
    ]
    assert rows_of(text)[3]["padding"] == "same"


def test_every_column_agrees_with_json(summary: Summary) -> None:
    names = ",".join(name for name in NAMES if name != "counted")
    rows = rows_of(summary("--columns", names, "--format", "csv"))
    data = json.loads(summary("--format", "json"))
    for row, layer in zip(rows, data["layers"], strict=True):
        assert row["name"] == layer["name"]
        assert row["inputs"] == " ".join(layer["inputs"])
        assert row["output_shape"] == "x".join(map(str, layer["output_shape"]))
        assert row["input_shape"] == "x".join(map(str, layer["input_shapes"][0]))
        for column, key in (
            ("params", "params"),
            ("trainable", "trainable_params"),
            ("buffers", "buffers"),
            ("macs", "macs"),
            ("activations", "activations"),
            ("connections", "connections"),
        ):
            assert row[column] == str(layer[key])
        assert row["flops"] == str(2 * layer["macs"])
        assert row["receptive_field"] == "x".join(map(str, layer["receptive_field"]["size"]))
        share = layer["params"] / data["totals"]["params"]
        assert float(row["share"] or 0) == pytest.approx(share, abs=1e-6)
    assert [row["trainable"] for row in rows] == ["180", "8", "0", "0", "0", "1605"]


def test_memory_columns_speak_of_the_batch(summary: Summary) -> None:
    columns = ("--columns", "name,memory,kept", "--format", "csv")
    one, four = (rows_of(summary(*columns, *more)) for more in ((), ("--batch", "4")))
    # conv: 4·20·9 values of 4 bytes; the input is what it keeps
    assert one[0] == {"name": "one.a", "memory": "2880", "kept": str(4 * 3 * 20 * 21)}
    assert four[0] == {"name": "one.a", "memory": "11520", "kept": str(4 * 4 * 3 * 20 * 21)}
    # batch norm: what it read, and two float32 a channel, for the batch as a whole
    assert (one[1]["kept"], four[1]["kept"]) == (str(2880 + 32), str(11520 + 32))
    # max pooling: what it read, and an index of 8 bytes for each of 4·10·4 outputs
    assert one[2]["kept"] == str(2880 + 8 * 160)
    assert one[5]["memory"] == str(4 * 5)
    assert one[4]["memory"] == "0"  # a view


def test_text_and_markdown_have_the_columns_and_blocks_their_sums(summary: Summary) -> None:
    text = summary("--columns", "type,name,params,kernel,input_shape", "--depth", "1")
    lines = text.split("\n")
    assert lines[2].split() == ["Type", "Layer", "Params", "Kernel", "Input"]
    block = next(line for line in lines if line.startswith("pair"))
    assert block.split() == ["pair", "one", "188", "(N,", "3,", "20,", "21)"]
    marked = summary("--columns", "type,name,params", "--format", "markdown").split("\n")
    assert marked[2:4] == ["| Type | Layer | Params |", "| :-- | :-- | --: |"]
    assert "| conv2d | &nbsp;&nbsp;a | 180 |" in marked


def test_counted_column_is_the_tools(summary: Summary) -> None:
    rows = rows_of(summary("--columns", "name,counted", "--count-like", "torch", "--format", "csv"))
    macs = json.loads(summary("--format", "json"))["layers"]
    assert [row["counted"] for row in rows] == [str(2 * layer["macs"]) for layer in macs]


def test_csv_has_what_was_asked_for_behind_the_usual_columns(summary: Summary) -> None:
    plain = summary("--format", "csv").split("\n")
    more = summary("--format", "csv", "--count-like", "torch", "--batch", "2").split("\n")
    assert more[0] == plain[0] + ",counted,memory,kept"
    assert more[1].startswith(plain[1] + ",")
    assert [line.rpartition(",")[0].rpartition(",")[2] for line in more[1:3]] == ["5760", "5760"]


def test_a_model_on_standard_input_is_read_once(
    summary: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = io.BytesIO(b"{input: [8], layers: [{type: linear, out_features: 2}]}")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(text))
    printed = summary("--count-like", "torch", "--memory", "1KiB", path="-")
    assert "32 FLOPs" in printed


def test_tools_of_the_command_are_those_that_have_a_convention() -> None:
    assert tuple(Tool) == TOOLS


def test_json_stays_the_contracts_whatever_the_columns(summary: Summary) -> None:
    plain = summary("--format", "json")
    assert summary("--format", "json", "--columns", "name") == plain


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ("name,parms", "--columns: no column is called `parms`; did you mean `params`?"),
        ("name,name", "--columns names `name` twice"),
        ("counted", "--columns: `counted` needs --count-like"),
        ("", "--columns: no column is called ``; there are name, type, inputs"),
    ],
)
def test_a_column_that_there_is_not(summary: Summary, columns: str, wanted: str) -> None:
    assert summary("--columns", columns, code=2).startswith(f"error: {wanted}")


def test_sizes_with_names_are_formulas(summary: Summary) -> None:
    text = summary("--input", "3,H,W", "--columns", "name,flops", path="unet-same")
    assert "3456·H·W" in text  # 2·3·3·3·64


def test_unknown_figures_are_empty(summary: Summary, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        "input: [3, 8, 8]\nlayers:\n  - {type: conv2d, out_channels: 2, kernel_size: 9}\n"
        "  - {name: after, type: conv2d, out_channels: 2, kernel_size: 1}\n"
    )
    names = ",".join(NAMES)
    more = ("--columns", names, "--count-like", "thop", "--format", "csv")
    _, after = rows_of(summary(*more, path="wrong.yaml", code=1))
    assert after["params"] == after["counted"] == after["kernel"] == ""
