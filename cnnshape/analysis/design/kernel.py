"""Rules of what a kernel's weights meet: `dead-padding`, `checkerboard`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from cnnshape.analysis.design.finding import sizes, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.walk import Applied
from cnnshape.diagnostics import Diagnostic
from cnnshape.window import Window

MOST_TAPS = 1024
"""Larger kernels are not looked at, tap by tap."""


def _windows(applied: Applied) -> list[Window]:
    """The windows of a layer's weights, one a spatial axis; none for larger ones than are had."""
    windows = applied.layer.windows(*applied.x) if applied.layer.linear else {}
    found = [window for _, window in sorted(windows.items()) if window is not None]
    return found if all(taps(window) <= MOST_TAPS for window in found) else []


def taps(window: Window) -> int:
    """Weights along the axis."""
    return (window.extent - 1) // window.spacing + 1


def live_taps(window: Window, size: int, outputs: int) -> list[int]:
    """The weights along an axis that meet a value of the input for some output.

    Tap t of output o lies at o·step - before + t·spacing, on a grid that has an input at every
    `up`-th place.
    """
    if window.up == 1:
        return [
            tap for tap in range(taps(window))
            if _meets(window.before - tap * window.spacing, window.step, size, outputs)
        ]  # fmt: skip
    return [
        tap for tap in range(taps(window))
        if _meets(tap * window.spacing - window.before, window.up, outputs, size)
    ]  # fmt: skip


def _meets(shift: int, step: int, size: int, count: int) -> bool:
    """Whether 0 <= i·step - shift < size for some 0 <= i < count."""
    first = max(-(-shift // step), 0)
    return first < count and first * step - shift < size


def dead_padding(subject: Subject) -> Iterator[Diagnostic]:
    """Weights that only ever meet padding (Chen et al. 2017, section 3.3)."""
    for applied in subject.distinct:
        if vars(applied.layer).get("padding_mode", "zeros") != "zeros":
            continue
        windows = _windows(applied)
        pairs = zip(windows, applied.x[0][2:], applied.y[2:], strict=False)
        live = [len(live_taps(*triple)) for triple in pairs]
        kernel = [taps(window) for window in windows]
        if live != kernel:
            yield _dead(applied, windows, kernel, live)


def _dead(
    applied: Applied, windows: list[Window], kernel: list[int], live: list[int]
) -> Diagnostic:
    spreads = any(window.up > 1 for window in windows)
    every, used = prod(kernel), prod(live)
    weights = prod(applied.layer.weights(*applied.x)["weight"])
    maps = sizes(applied.x[0][2:])
    dead = f"{every - used} of {every} weights of a kernel"
    s = "s" if every - used == 1 else ""
    message = (
        f"spreads maps of {maps}, and {dead} only ever give{s} what the padding cuts away"
        if spreads
        else f"reads maps of {maps}, where {dead} only ever meet{s} padding"
    )
    return warning_at(
        "dead-padding",
        applied.node,
        message,
        field="kernel_size",
        caption=f"{sizes(live)} would do",
        notes=[
            f"{weights - weights * used // every:,} of {weights:,} weights change nothing, "
            "and are never trained"
        ],
        help="use a smaller kernel and less padding here, or keep the maps larger up to here",
    )


def checkerboard(subject: Subject) -> Iterator[Diagnostic]:
    """Transposed kernels that their stride does not divide (Odena et al. 2016)."""
    for applied in subject.distinct:
        for window, size in zip(_windows(applied), applied.y[2:], strict=False):
            fewest, most = overlaps(window)
            if size > 1 and fewest < most:
                yield _uneven(applied, window, fewest, most)
                break


def overlaps(window: Window) -> tuple[int, int]:
    """How few and how many weights an output sums, away from the borders.

    Of `up` neighbouring outputs each has the taps of one remainder.
    """
    sums = Counter(tap * window.spacing % window.up for tap in range(taps(window)))
    return min(sums.values()) if len(sums) == window.up else 0, max(sums.values())


def _uneven(applied: Applied, window: Window, fewest: int, most: int) -> Diagnostic:
    kernel, stride = taps(window), window.up
    near = [size for size in (kernel // stride * stride, (kernel // stride + 1) * stride) if size]
    listed = " or ".join(map(str, near))
    return warning_at(
        "checkerboard",
        applied.node,
        f"has a kernel of {kernel} and a stride of {stride}, which does not divide it: "
        "its outputs are sums of unequal numbers of values",
        field="kernel_size",
        caption=f"{listed} would be even",
        notes=[
            f"along an axis the outputs sum {fewest} and {most} values in turn, "
            "which shows as a checkerboard"
        ],
        help=f"use a kernel of {listed}, or `upsample` before a convolution of stride 1",
    )
