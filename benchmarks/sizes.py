"""What named sizes cost: 100,000 layers in a chain in plain integers, and in `H` and `W`.

Every layer is the rule of a sliding window along two axes: convolutions with padding, poolings
that halve, and enlargements that double. Both run in turn, in one run, with the same code.

    python benchmarks/sizes.py
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time

from cnnshape.dim import Dim, Size, recording, size

LAYERS = 100_000
GOAL_MS = 150

Pair = tuple[Size, Size]


def slid(x: Size, kernel: int, stride: int, padding: int) -> Size:
    """floor((x + 2p - k)/s) + 1, the constants in one."""
    return (x + (2 * padding - kernel + stride)) // stride


def padded(x: Pair, layers: int) -> Pair:
    """Convolutions 3x3 that keep the size."""
    h, w = x
    for _ in range(layers):
        h, w = slid(h, 3, 1, 1), slid(w, 3, 1, 1)
    return h, w


def valid(x: Pair, layers: int) -> Pair:
    """Convolutions 3x3 without padding: every size is a new one."""
    h, w = x
    for _ in range(layers):
        h, w = slid(h, 3, 1, 0), slid(w, 3, 1, 0)
    return h, w


def hourglass(x: Pair, layers: int) -> Pair:
    """A convolution, a pooling, a convolution and an enlargement, over and over."""
    h, w = x
    for _ in range(layers // 4):
        h, w = slid(h, 3, 1, 1), slid(w, 3, 1, 1)
        h, w = slid(h, 2, 2, 0), slid(w, 2, 2, 0)
        h, w = slid(h, 3, 1, 1), slid(w, 3, 1, 1)
        h, w = h * 2, w * 2
    return h, w


def checked(x: Pair, layers: int) -> Pair:
    """Convolutions without padding that ask whether their kernel fits, as the layers do."""
    h, w = x
    for _ in range(layers):
        if h < 3 or w < 3:
            raise SystemExit(f"a kernel of 3 does not fit on {h} x {w}")
        h, w = slid(h, 3, 1, 1), slid(w, 3, 1, 1)
    return h, w


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats

    sizes = {"H": 2 * LAYERS + 224, "W": 2 * LAYERS + 350}
    print(f"CPU time in process, median: {LAYERS:,} layers along two axes")
    for chain in (padded, valid, hourglass, checked):
        plain, named = [], []
        for _ in range(repeats):
            started = process_time()
            numbers = chain((sizes["H"], sizes["W"]), LAYERS)
            between = process_time()
            with recording(sizes):
                formulas = chain((size("H"), size("W")), LAYERS)
            named.append(process_time() - between)
            plain.append(between - started)
            found = [x.value(sizes) if isinstance(x, Dim) else x for x in formulas]
            if found != [*numbers]:
                raise SystemExit(f"{chain.__name__}: {formulas} is not {numbers}")
        integers, dims = 1000 * median(plain), 1000 * median(named)
        print(
            f"  {chain.__name__:<10} integers {integers:6.1f} ms  H, W {dims:6.1f} ms"
            f"  {dims / integers:5.1f} ×  goal <= {GOAL_MS} ms  {formulas[0]}"
        )


if __name__ == "__main__":
    main()
