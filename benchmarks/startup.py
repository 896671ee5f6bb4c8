"""What starting costs: `cnnshape check lenet5` against `python -c pass` and against torchinfo.

CPU time of whole processes, children included, taken in turn in one run, so that a busy machine
slows all alike; the ratios count, not the times.

    python benchmarks/startup.py --torch-python path/to/python   # a Python with torch and torchinfo
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

PASS_GOAL = 16
TORCHINFO_GOAL = 0.14

TORCHINFO = """
from torch import nn
from torchinfo import summary
net = nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
    nn.AvgPool2d(2), nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(),
    nn.Linear(84, 10),
)
print(summary(net, (1, 1, 32, 32), verbose=0))
"""


def cpu_seconds(command: Sequence[str]) -> float:
    """User and system time of one process."""
    # Bytecode is kept as in daily use; threads of numeric libraries are not what is measured.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:100]}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def has_torchinfo(python: str) -> bool:
    """Whether an interpreter can run torchinfo."""
    code = "from importlib.util import find_spec as f; exit(not (f('torch') and f('torchinfo')))"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def measure(commands: dict[str, Sequence[str]], repeats: int) -> dict[str, float]:
    """The median CPU time of each command; each runs once before, for its bytecode."""
    for command in commands.values():
        cpu_seconds(command)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            times[name].append(cpu_seconds(command))
    return {name: median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--torch-python", default=sys.executable, metavar="PATH")
    options = parser.parse_args()
    torch_python = str(Path(options.torch_python).expanduser())

    cnnshape = "cnnshape check lenet5"
    commands: dict[str, Sequence[str]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        cnnshape: [sys.executable, "-m", *cnnshape.split()],
        "cnnshape summary lenet5": [sys.executable, "-m", "cnnshape", "summary", "lenet5"],
    }
    with_torch = has_torchinfo(torch_python)
    if with_torch:
        commands["torchinfo, LeNet-5"] = [torch_python, "-c", TORCHINFO]
    times = measure(commands, options.repeats)

    print(f"CPU time, median of {options.repeats} runs in turn")
    for name, seconds in times.items():
        print(
            f"  {name:<24} {1000 * seconds:9.1f} ms {seconds / times['python -c pass']:8.1f} × pass"
        )
    print()
    against_pass = times[cnnshape] / times["python -c pass"]
    print(f"check / pass       {against_pass:6.2f}   goal <= {PASS_GOAL}")
    if with_torch:
        against_torchinfo = times[cnnshape] / times["torchinfo, LeNet-5"]
        print(f"check / torchinfo  {against_torchinfo:6.3f}   goal <= {TORCHINFO_GOAL}")
    else:
        print(
            "check / torchinfo       -   no torch and torchinfo here; --torch-python names a Python"
        )


if __name__ == "__main__":
    main()
