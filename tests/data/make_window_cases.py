"""Record what windows along one axis give, found by sliding them one place at a time.

`python tests/data/make_window_cases.py` writes `window_cases.json.gz` beside this file. No size
is divided: sizes are counted, pads searched for, receptive fields followed tap by tap.
"""

from __future__ import annotations

import gzip
import json
import random
from itertools import count, takewhile
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SEED = 1989
CASES = 400
CHAINS = 200


class Window(NamedTuple):
    """A kernel slid along one axis: its taps, step, distance between taps, and the two pads."""

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    def taps(self, place: int) -> list[int]:
        """The input places that an output place sees, negative before the input's first."""
        return [
            place * self.stride - self.before + tap * self.dilation for tap in range(self.kernel)
        ]


def places(window: Window, size: int) -> int:
    """How many windows fit between the pads."""
    end = size + window.after
    return len(list(takewhile(lambda place: window.taps(place)[-1] < end, count())))


def places_in_ceil_mode(window: Window, size: int) -> int:
    """The same, with a last window over the end if it begins before it and brings what is new."""
    fitting, end = places(window, size), size + window.after
    start = window.taps(fitting)[0]
    reached = window.taps(fitting - 1)[-1] if fitting else window.taps(-1)[-1]
    return fitting + (reached < end - 1 and start < size)


def places_from_starts(window: Window, size: int) -> int:
    """How many windows begin within the input: the places of padding `same`."""
    return len(range(0, size, window.stride))


def same_pads(window: Window, size: int) -> tuple[int, int]:
    """The fewest padded values with which every window of `same` fits; the odd one goes after."""
    last = (window.kernel - 1) * window.dilation
    last += (places_from_starts(window, size) - 1) * window.stride
    total = next(pads for pads in count() if last < size + pads)
    before = max(half for half in range(total + 1) if half + half <= total)
    return before, total - before


def scattered(window: Window, size: int, extra: int) -> int:
    """The output of the transposed window: all places written, less the pads, and some more."""
    written = {place * window.stride + tap * window.dilation
               for place in range(size) for tap in range(window.kernel)}  # fmt: skip
    return max(written) + 1 - window.before - window.after + extra


def seen(windows: list[Window], place: int) -> set[int]:
    """The input places (pads included) that a place of the last output sees."""
    found = {place}
    for window in reversed(windows):
        found = {tap for one in found for tap in window.taps(one)}
    return found


def draw(rng: Random) -> Window:
    """Any window."""
    return Window(rng.randint(1, 6), rng.randint(1, 4), rng.randint(1, 3),
                  rng.randint(0, 3), rng.randint(0, 3))  # fmt: skip


def case(rng: Random) -> dict[str, Any]:
    """One window over one size, each way of placing it; null where nothing fits."""
    window, size = draw(rng), rng.randint(1, 20)
    extra = rng.randrange(max(window.stride, window.dilation))
    pad = min(window.before, window.kernel // 2)  # more, PyTorch's poolings refuse
    pooled = window._replace(before=pad, after=pad)
    return {
        "size": size, **window._asdict(),
        "output": places(window, size) or None,
        "pool_padding": pad, "ceil_mode": places_in_ceil_mode(pooled, size) or None,
        "same": places_from_starts(window, size), "same_pads": same_pads(window, size),
        "output_padding": extra, "transposed": max(scattered(window, size, extra), 0) or None,
    }  # fmt: skip


def chain(rng: Random) -> dict[str, Any]:
    """Some windows one after the other, and the receptive field of the last."""
    windows = [draw(rng) for _ in range(rng.randint(1, 5))]
    first, second = seen(windows, 0), seen(windows, 1)
    field = {"size": max(first) - min(first) + 1, "stride": min(second) - min(first)}
    return {"windows": windows, "receptive_field": field | {"start": min(first)}}


def main() -> None:
    """Draw, slide, and write."""
    rng = random.Random(SEED)
    lists = {
        "cases": [case(rng) for _ in range(CASES)],
        "chains": [chain(rng) for _ in range(CHAINS)],
    }
    text = json.dumps({"window": Window._fields, **lists}, separators=(",", ":"))
    path = Path(__file__).with_name("window_cases.json.gz")
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
