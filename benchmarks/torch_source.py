"""What checking PyTorch source costs: whole processes, next to torchinfo on the same files.

CPU time of whole processes, children included, taken in turn in one run, so that a busy machine
slows all alike; the ratios count.

    python benchmarks/torch_source.py --torch-python path/to/python   # with torch and torchinfo
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from startup import has_torchinfo, measure

MODELS = Path(__file__).parent.parent / "tests" / "models" / "torch"
TORCHINFO = """
import importlib.util
from torchinfo import summary
spec = importlib.util.spec_from_file_location("net", {file!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(summary(module.{name}(), {shape}, verbose=0))
"""
CASES = {
    "mnist": ("mnist_320.py", "Net", (1, 1, 28, 28), 0.25),
    "resnet50": ("resnet50.py", "ResNet", (1, 3, 224, 224), 0.5),
}
"""Name → file, class, input, the goal in seconds."""
RATIO_GOAL = 0.15


def main() -> None:
    """Print seconds and ratios; with --check, fail where a ratio misses its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", help="a Python with torch and torchinfo")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    other = given.torch_python or sys.executable
    compared = has_torchinfo(other)
    missed = False
    for case, (file, name, shape, goal) in CASES.items():
        path = str(MODELS / file)
        sizes = ",".join(map(str, ("N", *shape[1:])))
        commands = {"cnnshape": [sys.executable, "-m", "cnnshape", "check",
                                 f"{path}:{name}", "--input", sizes]}  # fmt: skip
        if compared:
            code = TORCHINFO.format(file=path, name=name, shape=shape)
            commands["torchinfo"] = [other, "-c", code]
        times = measure(commands, given.repeats)
        ours = times["cnnshape"]
        print(f"{case:10} cnnshape {ours:.3f} s (goal {goal} s)", end="")
        if compared:
            ratio = ours / times["torchinfo"]
            missed = missed or ratio > RATIO_GOAL
            print(f"  torchinfo {times['torchinfo']:.3f} s  ratio {ratio:.3f} (goal {RATIO_GOAL})")
        else:
            print("  torchinfo is not there: name its Python with --torch-python")
    if given.check and missed:
        raise SystemExit("a ratio misses its goal")


if __name__ == "__main__":
    main()
