"""PyTorch source on the command line and from Python: what it says, word for word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from pages import in_process

import cnnshape

MODELS = Path(__file__).parent / "models" / "torch"
Cli = Callable[[str], tuple[int, str]]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A command in a folder with the lectures' nets."""
    for file in MODELS.glob("*.py"):
        shutil.copy(file, tmp_path)
    return lambda command: in_process(f"cnnshape {command}", tmp_path)


def write(folder: Path, text: str, name: str = "net.py") -> None:
    (folder / name).write_text(dedent(text).lstrip(), encoding="utf-8")


FAULT = """\
error[size-mismatch]: `fc` takes 100 features, but 320 arrive
  --> mnist.py:19:13
   |
12 |         self.fc = nn.Linear(100, 10)
   |                             --- `in_features` is 100 here, expected 320
...
18 |         x = x.view(in_size, -1)  # flatten the tensor
   |             ------------------- 320 features from `view_1`; gives (N, 320)
19 |         x = self.fc(x)
   |             ^^^^^^^^^^ 320 arrive here
   |
   = note: view_1: N · 20 · 4 · 4 = 320·N = N · 320, from (N, 20, 4, 4)
   = help: write 320 at mnist.py:12:29

mnist.py: 1 error
"""

# The lectures' nets


def test_the_net_that_is_wrong(cli: Cli) -> None:
    assert cli("check mnist.py --input N,1,28,28") == (1, FAULT)


def test_the_nets_that_hold(cli: Cli) -> None:
    assert cli("check mnist_320.py --input N,1,28,28") == (
        0,
        "mnist_320.py: ok · 9 layers · 8,490 parameters · 467,200 MACs · "
        "(N, 1, 28, 28) → (N, 10)\n",
    )
    assert cli("check cifar10.py:Net --input N,3,32,32") == (
        0,
        "cifar10.py:Net: ok · 12 layers · 62,006 parameters · 651,720 MACs · "
        "(N, 3, 32, 32) → (N, 10)\n",
    )


def test_fix_writes_the_number_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    before = (tmp_path / "mnist.py").read_bytes().replace(b"\n", b"\r\n")
    before = before.replace(b"# flatten the tensor", "# für den Tensor".encode("latin-1"))
    before = b"# -*- coding: latin-1 -*-\r\n" + before
    (tmp_path / "mnist.py").write_bytes(before)
    code, printed = cli("fix mnist.py --input N,1,28,28 --write")
    assert (code, printed) == (
        0,
        "repair[size-mismatch]: `fc` takes 100 features, but 320 arrive\n"
        " --> mnist.py:20:13\n"
        "  = repair: write 320 in place of `100` at mnist.py:13:29\n"
        "\n"
        "mnist.py: 1 repair, written\n",
    )
    after = (tmp_path / "mnist.py").read_bytes()
    assert after == before.replace(b"nn.Linear(100, 10)", b"nn.Linear(320, 10)")
    assert cli("fix mnist.py --input N,1,28,28") == (0, "mnist.py: ok, nothing to repair\n")


CHAIN = """
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, 8, 3)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(in_channels=1, out_channels=4, kernel_size=3)
        self.relu = nn.ReLU()
        self.block = Block({width})
        self.fc = nn.Linear(8 * 7 * 7, 10)

    def forward(self, x):
        x = self.block(self.relu(self.first(x)))
        return self.fc(x.flatten(1))
"""


def test_fix_goes_from_one_fault_to_the_next(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, CHAIN.replace("{width}", "4"))
    code, printed = cli("fix net.py --input N,3,12,12")
    assert code == 0
    assert "-        self.first = nn.Conv2d(in_channels=1, out_channels" in printed
    assert "+        self.first = nn.Conv2d(in_channels=3, out_channels" in printed
    assert "+        self.fc = nn.Linear(512, 10)" in printed
    assert "note: `8 * 7 * 7` was computed; now it is a number" in printed
    assert printed.endswith("net.py: 2 repairs\n")


def test_fix_says_where_a_parameter_came_from(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, CHAIN.replace("{width}", "16"))
    code, printed = cli("fix net.py --input N,1,12,12")
    assert code == 1
    assert (
        "= note: not repaired: `in_channels` is the parameter `width`, given at net.py:19:28"
        in (printed)
    )
    assert printed.endswith("net.py: 1 error left\n")


# Which model, which inputs


def test_no_input_says_what_is_needed(cli: Cli, tmp_path: Path) -> None:
    assert cli("check mnist.py") == (
        2,
        "error: mnist.py needs --input: forward(x), such as --input N,1,H,W\n",
    )
    write(
        tmp_path,
        """
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(100, 8)
            def forward(self, tokens, mask: int, *, scale=None):
                return self.table(tokens)
        """,
    )
    assert cli("check net.py") == (
        2,
        "error: net.py needs --input: forward(tokens, mask, *, scale=None), such as "
        "--input tokens=N,L:int64 --input mask=N,L:int64\n",
    )
    assert cli("check net.py --input tokens=N,5:int64") == (
        2,
        "error: net.py needs --input for `mask`, too: forward(tokens, mask, *, scale=None), such "
        "as --input mask=N,L:int64\n",
    )
    assert cli("check net.py --input tokens=N,5:int64 --input mask=N,5") == (
        0,
        "net.py: ok · 1 layer · 800 parameters · 0 MACs · (N, 5), (N, 5) → (N, 5, 8)\n",
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("check mnist.py --input y=N,1,28,28", "mnist.py: forward(x) has no `y`"),
        (
            "check mnist.py --input N,1,28,28 --input N,2",
            "mnist.py: forward(x) takes 1 input, 2 are given",
        ),
        ("check mnist.py:Nett --input N,1,28,28", "mnist.py has no `Nett`; did you mean `Net`?"),
        ("check mnist.py --input N,1,28,-2", "`N,1,28,-2` is no shape: `-2` is neither a size "
         "nor a name of one; write N,3,224,224"),
        ("check mnist.py --input N,1,28,28:int7", "`N,1,28,28:int7`: no dtype is called `int7`"),
        ("check mnist.py --set a=1 --input N,1,28,28", "--set gives values to `vars` of model "
         "files; for mnist.py write what the class takes, mnist.py:Net(a=…)"),
        ("check lenet5 --trust", "--trust is of use with PyTorch source (net.py) alone"),
        ("summary lenet5 --train", "--train is of use with PyTorch source (net.py) alone"),
        ("check mnist.py --timeout 0", "--timeout 0: write seconds, from more than 0 to 86,400"),
        ("check none.py --input N,1", "no such file: none.py"),
        ("train mnist.py --data x.npz", "mnist.py is PyTorch source, and only model files are "
         "trained here"),
        ("inputs mnist.py --input N,1,28,28 --free N", "--free N is of no use with PyTorch "
         "source, whose batch is N already"),
        ("run mnist_320.py --input 4,1,28,28 --batch 2", "--batch is 2, but --input says 4; "
         "write N there"),
    ],
)  # fmt: skip
def test_usage(cli: Cli, command: str, words: str) -> None:
    assert cli(command) == (2, f"error: {words}\n")


def test_a_file_without_a_model_is_no_pass(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path, "x = 1\n")
    assert cli("check net.py --input N,3") == (
        2,
        "error: net.py defines no torch.nn.Module, so nothing was checked\n",
    )


def test_a_forward_that_cannot_be_called(cli: Cli, tmp_path: Path) -> None:
    """The error is Python's own, as PyTorch's `Module.__call__` meets it."""
    write(
        tmp_path,
        """
        from torch import nn

        class Net(nn.Module):
            def forward(x):
                return x
        """,
    )
    assert cli("check net.py --input N,3") == (
        1,
        """\
error[python-error]: TypeError: Net.forward() takes 1 positional argument but 2 were given
 --> net.py:4:5
  |
4 |     def forward(x):
  |     ^^^^^^^^^^^
  |
  = help: write `def forward(self, x)`

net.py: 1 error
""",
    )


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("Net()", "TypeError: Net.__init__() missing 1 required positional argument: 'a'"),
        ("Net(b=2)", "TypeError: Net.__init__() got an unexpected keyword argument 'b'"),
        ("Net(zz)", "NameError: name 'zz' is not defined"),
        ("Net(1/0)", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_path_whose_expression_is_wrong(
    expression: str, words: str, cli: Cli, tmp_path: Path
) -> None:
    """The fault is in the command, not in the file: neither `crashed` nor a `python-error`."""
    write(
        tmp_path,
        """
        from torch import nn

        class Net(nn.Module):
            def __init__(self, a):
                super().__init__()
        """,
    )
    said = f"error: net.py:{expression}: {words}\n"
    assert cli(f"check 'net.py:{expression}' --input N,3") == (2, said)


def test_a_call_counts_nothing_where_modules_alone_are_seen(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.fc = nn.Linear(8, 10)

            def forward(self, x):
                return self.fc(self.conv(x).cumsum(2).mean((2, 3)))
        """,
    )
    positions = 25 * 25
    totals = {
        "torchinfo": (3 * 8 * 9 + 8) * positions + 8 * 10 + 10,
        "thop": 3 * 8 * 9 * positions + 8 * 10,
    }
    for tool, total in totals.items():
        _, printed = cli(f"summary net.py --input N,3,27,27 --count-like {tool}")
        (line,) = (line for line in printed.splitlines() if line.startswith("Counted like"))
        assert f" {total:,} " in line
        assert "no rule is known" not in printed


def test_arguments_of_a_model(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self, classes):
                super().__init__()
                self.fc = nn.Linear(6, classes)
            def forward(self, x):
                return self.fc(x)
        def build(depth=2):
            return Net(depth)
        """,
    )
    assert cli("check net.py --input N,6") == (
        2,
        "error: `Net` needs arguments, write net.py:Net(classes=…) with values in place of the "
        "dots\n",
    )
    ok = "ok · 1 layer · 28 parameters · 24 MACs · (N, 6) → (N, 4)\n"
    assert cli("check 'net.py:Net(classes=4)' --input N,6") == (0, f"net.py:Net(classes=4): {ok}")
    assert cli("check 'net.py:build(depth=4)' --input N,6") == (0, f"net.py:build(depth=4): {ok}")


# Safety


@pytest.mark.parametrize(
    "line",
    ["open('made.txt', 'w')", "__import__('os').remove('mnist.py')",
     "__import__('subprocess').run(['touch', 'made.txt'])",
     "__import__('socket').create_connection(('127.0.0.1', 9))"],
)  # fmt: skip
def test_what_is_refused(cli: Cli, tmp_path: Path, line: str) -> None:
    write(
        tmp_path,
        f"""
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                {line}
                return x
        """,
    )
    code, printed = cli("check net.py --input N,3")
    assert code == 2
    assert printed.startswith("error[refused]: not checked: ")
    assert "--> net.py:4:9" in printed
    assert "= help: --trust lets the file do what it wants" in printed
    assert not (tmp_path / "made.txt").exists()
    assert (tmp_path / "mnist.py").exists()


def test_trust_lifts_the_guard(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                open('made.txt', 'w').close()
                return x.relu()
        """,
    )
    assert cli("check net.py --input N,3 --trust")[0] == 0
    assert (tmp_path / "made.txt").exists()


def test_what_does_not_end_is_ended(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                while True:
                    x = x
        """,
    )
    code, printed = cli("check net.py --input N,3 --timeout 0.5")
    assert code == 2
    assert printed.startswith(
        "error[timed-out]: net.py: not checked: the code ran for longer than 0.5 s\n"
    )


def test_what_is_not_modelled_is_no_pass(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                return torch.lobpcg(x)
        """,
    )
    assert cli("check net.py --input N,3,3") == (
        2,
        "error[unsupported-operation]: not checked: `torch.lobpcg` is not modelled\n"
        " --> net.py:5:16\n"
        "  |\n"
        "5 |         return torch.lobpcg(x)\n"
        "  |                ^^^^^^^^^^^^^^^\n"
        "  |\n"
        "  = help: docs/pytorch.md lists what is supported\n",
    )


def test_exceptions_are_told_at_their_line(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                return self.helper(x)
            def helper(self, x):
                return x.shape["no"]
        """,
    )
    code, printed = cli("check net.py --input N,3")
    assert code == 1
    assert printed.startswith("error[python-error]: TypeError: ")
    assert " --> net.py:6:16\n" in printed
    assert "= note: called from Net.forward at net.py:4:16" in printed


# The other commands


def test_training_mode(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.aux = nn.Linear(6, 2)
                self.fc = nn.Linear(6, 4)
            def forward(self, x):
                return (self.fc(x), self.aux(x)) if self.training else self.fc(x)
        """,
    )
    assert cli("check net.py --input N,6")[1].endswith(
        "42 parameters · 24 MACs · (N, 6) → (N, 4)\n"
    )
    assert "36 MACs" in cli("check net.py --input N,6 --train")[1]


def test_json_has_places_in_the_file(cli: Cli) -> None:
    code, printed = cli("check mnist.py --input N,1,28,28 --format json")
    (model,) = json.loads(printed)["models"]
    (found,) = model["diagnostics"]
    assert (code, model["path"], model["model"], model["ok"]) == (1, "mnist.py", "Net", False)
    assert (found["file"], found["line"], found["column"]) == ("mnist.py", 19, 13)
    assert found["fix"] == {"line": 12, "column": 29, "end_column": 32, "text": "320"} | (
        {"end_line": 12} if "end_line" in found["fix"] else {}
    )


def test_summary_counts_what_no_layer_reads(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(6, 4)
                self.scale = nn.Parameter(torch.ones(4))
                self.unused = nn.Linear(10, 10)
            def forward(self, x):
                return self.fc(x) * self.scale
        """,
    )
    code, printed = cli("summary net.py --input N,6")
    assert code == 0
    assert "Parameters            142" in printed


def test_explain(cli: Cli) -> None:
    code, printed = cli("explain mnist_320.py conv2 --input N,1,28,28")
    assert code == 0
    assert "(12 - 5 + 2·0)/1 + 1 = 8" in printed


def test_named_sizes_give_formulas(cli: Cli) -> None:
    assert cli("check mnist_320.py --input N,1,S=28,S") == (
        0,
        "mnist_320.py: ok · 9 layers · 8,490 parameters · (N, 1, S, S) → (N, 10) · "
        "for 28 ≤ S ≤ 31\n",
    )


def test_run_confirms_every_layer(cli: Cli) -> None:
    code, printed = cli("run mnist_320.py --input N,1,28,28 --batch 3")
    assert code == 0
    assert "Confirmed  9 of 9 layers, forward and backward\n" in printed
    assert "Input      3 samples drawn from seed 0" in printed
    assert cli("check mnist_320.py --input N,1,28,28 --confirm")[1].endswith(
        " · confirmed: forward and backward\n"
    )


def test_what_cannot_be_run_is_said(cli: Cli, tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import torch
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("table", torch.empty(3, 4))
            def forward(self, x):
                return x @ self.table
        """,
    )
    words = "not run: the values of `table` (3, 4) (net.py:6) are not known"
    assert cli("run net.py --input N,3") == (2, f"error: {words}\n")
    code, printed = cli("check net.py --input N,3 --confirm")
    assert code == 2
    assert printed.endswith(f" · not confirmed: {words}\n")


def test_the_python_api(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = cnnshape.load("mnist_320.py", input=("N", 1, 28, 28))
    assert model.check().ok
    assert model.output_shape() == ("N", 10)
    assert model.output_shape("conv2") == ("N", 20, 8, 8)
    result = model.run({"x": np.ones((5, 1, 28, 28), np.float32)})
    assert next(iter(result.outputs.values())).shape == (5, 10)
    assert result.weight_gradients["conv1.weight"].shape == (10, 1, 5, 5)
    faulty = cnnshape.load("mnist.py", input={"x": "N,1,28,28"}).check()
    assert [item.rule for item in faulty.diagnostics] == ["size-mismatch"]
    with pytest.raises(cnnshape.CnnshapeError, match="needs --input"):
        cnnshape.load("mnist.py")


def test_nothing_of_a_file_reaches_this_process(cli: Cli) -> None:
    import sys

    cli("check mnist.py --input N,1,28,28")
    assert "torch" not in sys.modules
    assert not any(name == "mnist" for name in sys.modules)
