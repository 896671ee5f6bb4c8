"""Files made to break a reader: an answer in a second and in bounded memory, whatever they hold."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnshape.analysis.analyse import analyse
from cnnshape.diagnostics import Diagnostic, UnreadableError
from cnnshape.report.snippet import plain, render
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import parse
from cnnshape.sources.spec.reader import read

HEAD = "input: [3, 8, 8]\n"
SECONDS = 2.0
"""Of processor time, on a machine that is busy; by itself it is less than one."""
MEMORY = 1200 * 2**20
"""Of address space, of which Python and its libraries take about half."""


def read_whole(content: bytes) -> tuple[Diagnostic, ...]:
    """Everything that `check` does with a file, the pictures too."""
    try:
        found = analyse(read(parse("m.yaml", content), Options()))
        diagnostics, texts = found.diagnostics, dict(found.texts)
    except UnreadableError as error:
        diagnostics, texts = error.diagnostics, {"m.yaml": error.text}
    for item in diagnostics:
        assert len(plain(render(item, texts))) < 5000
    return diagnostics


def laughs(depth: int, use: str) -> str:
    lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, depth)]
    return "\n".join(["a0: &a0 [1, 1]", *lines, HEAD, f"layers: {use.format(depth - 1)}", ""])


def nested_blocks(depth: int, use: str, last: str = "relu") -> str:
    body = "\n".join(f"  b{i}: {{layers: [{use.format(i + 1)}]}}" for i in range(depth))
    return f"{HEAD}blocks:\n{body}\n  b{depth}: {{layers: [{last}]}}\nlayers: [b0]\n"


def many(count: int, item: str) -> str:
    return HEAD + "layers:\n" + "".join(f"- {item.format(i)}\n" for i in range(count))


TABLE = ", ".join(["[1, 0, 1]"] * 5000)
TABLED = "{type: conv2d, out_channels: 1, kernel_size: 1, connection_table: "
BASES = ", ".join(f"k{i}: {i}" for i in range(5000))
SUMS = "+".join(["1"] * 60)

FILES: dict[str, Callable[[], str | bytes]] = {
    # aliases
    "billion laughs in an argument": lambda: laughs(
        10, "[{{type: conv2d, out_channels: *a{}, kernel_size: 1}}]"
    ),
    "billion laughs as layers": lambda: laughs(10, "*a{}"),
    "billion laughs in a var": lambda: laughs(9, "[relu]\nvars: {{w: *a{}}}"),
    "billion laughs in an expectation": lambda: laughs(9, "[{{type: relu, expect: *a{}}}]"),
    "a large table used often": lambda: (
        f"{HEAD}layers:\n- {TABLED}&t [{TABLE}]}}\n" + f"- {TABLED}*t}}\n" * 2000
    ),
    "large bases merged often": lambda: (
        f"vars: &v {{{BASES}}}\n{HEAD}layers:\n" + "- {<<: *v, type: relu}\n" * 2000
    ),
    "one list of layers in many blocks": lambda: (
        f"{HEAD}blocks:\n  a: {{layers: &l [{'relu, ' * 20000}]}}\n"
        + "".join(f"  b{i}: {{layers: *l}}\n" for i in range(1000))
        + "layers: [relu]\n"
    ),
    "a list in itself": lambda: f"{HEAD}layers: &l [relu, *l]\n",
    "an argument in itself": lambda: f"{HEAD}layers: [&m {{type: relu, x: *m}}]\n",
    "an expectation in itself": lambda: f"{HEAD}layers: [{{type: relu, expect: &m [1, *m]}}]\n",
    "a chain of aliases": lambda: (
        "a0: &a0 [x]\n"
        + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 5000))
        + f"{HEAD}layers: [{{type: relu, x: *a4999}}]\n"
    ),
    # depth and length
    "a deep list": lambda: "layers: " + "[" * 100_000,
    "a deep mapping": lambda: "\n".join(" " * i + "a:" for i in range(2000)),
    "a line of 10 MB": lambda: HEAD + "layers: [" + "relu, " * 1_700_000 + "]\n",
    "a scalar of 10 MB": lambda: HEAD + "name: " + "x" * 10**7 + "\nlayers: [relu]\n",
    "10 MB of small values": lambda: HEAD + "layers:\n" + "- relu\n" * 1_400_000,
    "10 MB of comments": lambda: "# x\n" * 2_500_000 + HEAD + "layers: [relu]\n",
    "20 MB": lambda: b" " * (20 * 2**20),
    "zero bytes": lambda: b"\0" * 10**6,
    # blocks and repeats
    "blocks that double": lambda: nested_blocks(39, "b{0}, b{0}"),
    "empty blocks that double": lambda: nested_blocks(39, "b{0}, b{0}", ""),
    "empty blocks that repeat": lambda: nested_blocks(30, '{{type: b{}, repeat: "${{9}}"}}', ""),
    "blocks nested without end": lambda: nested_blocks(3000, "b{}"),
    "inputs that double": lambda: (
        f"{HEAD}blocks:\n  b: {{layers: [relu], output: [input, input]}}\nlayers:\n" + "- b\n" * 60
    ),
    "outputs that double": lambda: nested_blocks(38, "{{name: p, type: b{}}}").replace(
        "]}\n", "], output: [p, p]}\n"
    ),
    "names that grow": lambda: nested_blocks(
        17, f"{{{{name: {'n' * 190}, type: b{{}}, repeat: 2}}}}"
    ),
    "a repeat of ten million": lambda: f"{HEAD}layers: [{{type: relu, repeat: 10000000}}]\n",
    "a repeat of 10^30": lambda: f"{HEAD}layers: [{{type: relu, repeat: {10**30}}}]\n",
    "many inputs, often": lambda: (
        f"{HEAD}layers: [{{type: concat, from: [{'input, ' * 5000}], repeat: 100000}}]\n"
    ),
    "a repeated fault": lambda: f'{HEAD}layers: [{{type: relu, x: "${{index}}", repeat: 60000}}]',
    # sizes
    "huge numbers": lambda: (
        f"{HEAD}layers: [{{type: conv2d, out_channels: {'9' * 5000}, "
        f"kernel_size: 0x{'f' * 3000}}}]\n"
    ),
    "huge shapes": lambda: (
        "input: [2147483647, 1]\nlayers: [{type: linear, out_features: 2147483647}, "
        "{type: unsqueeze, dim: 1}, {type: upsample, scale_factor: 999999}]\n"
    ),
    "axes without end": lambda: "input: [1]\nlayers: [{type: unsqueeze, dim: 1, repeat: 20000}]\n",
    "a reshape to thousands of axes": lambda: (
        f"input: [4]\nlayers: [{{type: reshape, shape: [{'2147483647, ' * 3000}]}}]\n"
    ),
    "growth without end": lambda: (
        "input: [1, 2]\nlayers: [{type: upsample, scale_factor: 999999, repeat: 3000}]\n"
    ),
    # expressions
    "towers": lambda: f'{HEAD}layers: [{{type: relu, name: "${{9**9**9**9}}"}}]\n',
    "deep brackets": lambda: (
        f'{HEAD}layers: [{{type: relu, name: "${{{"(" * 490}1{")" * 490}}}"}}]\n'
    ),
    "long sums": lambda: f'{HEAD}layers: [{{type: relu, name: "${{{SUMS}}}"}}]\n',
    "long text": lambda: (
        f"vars: {{a: {'x' * 900}}}\n{HEAD}layers: [{{type: relu, name: \"{'${a}' * 200000}\"}}]\n"
    ),
    # thousands of faults
    "unknown types": lambda: many(20_000, "foo{}"),
    "unknown references": lambda: many(20_000, "{{type: relu, from: x{}}}"),
    "unknown arguments": lambda: many(20_000, "{{type: conv2d, foo{}: 3}}"),
    "mismatches": lambda: many(
        5000, "{{type: conv2d, in_channels: 5, out_channels: 3, kernel_size: 3, padding: 1}}"
    ),
    "wrong expectations": lambda: many(5000, "{{type: relu, expect: [3, 8, {}]}}"),
    "one name for all": lambda: many(20_000, "{{type: relu, name: a}}"),
    "a long cycle": lambda: many(10_000, "{{name: a{}, type: relu, from: b}}").replace(
        "name: a9999", "name: b"
    ),
    "unaligned branches": lambda: many(
        5000, "{{type: add, from: [input, blur]}}"
    ) + "- {name: blur, type: avg_pool2d, kernel_size: 2, stride: 1, padding: same, from: input}\n",
    "thousands of limits": lambda: (
        f"{HEAD}layers: [relu]\nlimits: {{{', '.join(f'p{i}: 1' for i in range(9000))}}}\n"
    ),
    "thousands of vars": lambda: (
        f"vars: {{{', '.join(f'v{i}: {i}' for i in range(9000))}}}\n{HEAD}"
        "layers: [{type: relu, repeat: 50000}]\n"
    ),
    "thousands of keys": lambda: (
        f"{HEAD}layers: [{{type: relu, {', '.join(f'k{i}: {i}' for i in range(9000))}}}]\n"
    ),
}  # fmt: skip
SOUND = {"a chain of aliases", "10 MB of comments", "unaligned branches", "long sums"}


def content(name: str) -> bytes:
    made = FILES[name]()
    return made if isinstance(made, bytes) else made.encode()


@pytest.mark.parametrize("name", FILES)
def test_an_answer_in_time(name: str) -> None:
    data = content(name)
    started = time.process_time()
    diagnostics = read_whole(data)
    assert time.process_time() - started < SECONDS
    assert len(diagnostics) <= 101
    if name not in SOUND:
        assert any(item.severity == "error" for item in diagnostics)


def test_the_watch_can_go_off() -> None:
    started = time.process_time()
    sum(range(10**6))
    assert time.process_time() - started > 0


@pytest.mark.parametrize(
    "name", ["10 MB of small values", "empty blocks that repeat", "axes without end"]
)
def test_an_answer_in_bounded_memory(name: str, tmp_path: Path) -> None:
    """A process of its own, which the system stops at the bound."""
    path = tmp_path / "m.yaml"
    path.write_bytes(content(name))
    found = limited(["-m", "cnnshape", "check", str(path)])
    assert found.returncode in (1, 2)
    assert "Traceback" not in found.stderr
    assert "MemoryError" not in found.stderr
    assert "error[" in found.stdout + found.stderr


def test_the_bound_of_memory_can_be_met() -> None:
    assert "MemoryError" in limited(["-c", f"bytearray({MEMORY})"]).stderr


def limited(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
