"""What `cnnshape check` costs for every bundled architecture in one process, in each format.

CPU time of whole processes, the formats in turn.

    python benchmarks/check.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from startup import measure

from cnnshape.cli.options import CheckFormat
from cnnshape.sources import bundled

GOAL = 2.0

# Some are broken on purpose, so the command ends with 1, which would not count as a measurement.
PROGRAM = """
from cnnshape.cli import main
try:
    main()
except SystemExit as stop:
    assert stop.code == 1
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    names = bundled.names()
    with TemporaryDirectory() as folder:
        output = str(Path(folder, "report"))
        check = [sys.executable, "-c", PROGRAM, "check", *names]
        times = measure(
            {kind: [*check, "--format", kind, "-o", output] for kind in CheckFormat}, repeats
        )
    print(f"CPU time of {len(names)} architectures, median of {repeats} runs in turn")
    for kind, seconds in times.items():
        print(f"  {kind:<10} {seconds:6.2f} s" + (f"   goal <= {GOAL} s" * (kind == "text")))


if __name__ == "__main__":
    main()
