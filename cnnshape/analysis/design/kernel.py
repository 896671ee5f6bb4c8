"""Rules of what a kernel's weights meet: `dead-padding`, `checkerboard`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnnshape.analysis.design.finding import sizes, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.walk import Applied
from cnnshape.diagnostics import Diagnostic
from cnnshape.window import Window

MOST_TAPS = 4096
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
    dead = f"{every - used} of the {every} weights of each"
    message = (
        f"spreads maps of {maps}, and {dead} only give what its padding cuts away"
        if spreads
        else f"sees maps of {maps}, where {dead} only ever meet padding"
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
            sums = overlaps(window)
            if window.up > 1 and size > 1 and len(set(sums)) > 1:
                yield _uneven(applied, window, sums)
                break


def overlaps(window: Window) -> list[int]:
    """How many weights each of `up` neighbouring outputs sums, away from the borders."""
    sums = [0] * window.up
    for tap in range(taps(window)):
        sums[tap * window.spacing % window.up] += 1
    return sums


def _uneven(applied: Applied, window: Window, sums: list[int]) -> Diagnostic:
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
            f"along an axis the outputs sum {min(sums)} and {max(sums)} values in turn, "
            "which shows as a checkerboard"
        ],
        help=f"use a kernel of {listed}, or `upsample` before a convolution of stride 1",
    )
