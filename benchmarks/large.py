"""What large models cost in process: read, validated, propagated, counted.

1,000 layers written out, then 10,000 and 100,000 by `repeat`; all of it is `load` and `check` as a
user calls them. The time a layer shows whether it grows with the number of layers.

    python benchmarks/large.py
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

import cnnshape

WRITTEN_GOAL_MS = 60
REPEATED_GOAL_S = 5


def written_out(layers: int) -> str:
    """A model of convolutions, norms and activations, every layer a line of its own."""
    lines = ["name: written-out", "input: [16, 64, 64]", "layers:"]
    for number in range(layers):
        convolution = (
            f"{{name: conv{number}, type: conv2d, in_channels: 16, out_channels: 16, "
            "kernel_size: 3, padding: 1, bias: false}"
        )
        norm = f"{{name: norm{number}, type: batch_norm2d, num_features: 16}}"
        lines.append(f"  - {(convolution, norm, 'relu')[number % 3]}")
    return "\n".join(lines) + "\n"


def repeated(layers: int) -> str:
    """A model of ten different layers in a block, used `layers / 10` times."""
    lines = ["name: repeated", "input: [16, 64, 64]", "blocks:", "  unit:", "    layers:"]
    for number in range(3):
        convolution = "type: conv2d, out_channels: 16, kernel_size: 3, padding: 1"
        lines += [
            f"      - {{name: conv{number}, {convolution}}}",
            f"      - {{name: norm{number}, type: batch_norm2d}}",
            f"      - {{name: relu{number}, type: relu}}",
        ]
    lines += [
        "      - {name: add, type: add, from: [relu2, input]}",
        "layers:",
        f"  - {{name: body, type: unit, repeat: {layers // 10}}}",
    ]
    return "\n".join(lines) + "\n"


def cpu_seconds(path: Path, layers: int, repeats: int) -> float:
    """The median CPU time of load and check; the first one, which imports, is not counted."""
    times = []
    for _ in range(repeats + 1):
        started = process_time()
        analysis = cnnshape.load(path).check()
        times.append(process_time() - started)
        if not analysis.ok or len(analysis.layers) != layers:
            raise SystemExit(f"{path.name}: {len(analysis.layers)} layers, ok: {analysis.ok}")
    return median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats

    cases = [
        ("1,000 written out", written_out(1000), 1000, repeats),
        ("1,000 by repeat", repeated(1000), 1000, repeats),
        ("10,000 by repeat", repeated(10_000), 10_000, repeats),
        ("100,000 by repeat", repeated(100_000), 100_000, max(1, repeats // 2)),
    ]
    goals = {
        "1,000 written out": f"goal <= {WRITTEN_GOAL_MS} ms",
        "100,000 by repeat": f"goal <= {REPEATED_GOAL_S} s",
    }
    print("CPU time in process, median: load and check")
    first = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.yaml")
        for name, text, layers, times in cases:
            path.write_text(text, encoding="utf-8")
            seconds = cpu_seconds(path, layers, times)
            a_layer = seconds / layers
            if name == "1,000 by repeat":
                first = a_layer
            ratio = f"{a_layer / first:5.2f} × that of 1,000" if first else ""
            print(
                f"  {name:<18} {1000 * seconds:9.1f} ms  {1e6 * a_layer:7.1f} µs a layer"
                f"  {ratio:<22}{goals.get(name, '')}".rstrip()
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory of all {peak:9.1f} MiB")


if __name__ == "__main__":
    main()
