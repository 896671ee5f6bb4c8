"""Losses over the epochs as a picture, an SVG file of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

from cnnshape.training.history import Epoch, best

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 52
INK, FAINT = "#333", "#ddd"
TRAIN, VALID = "#1f77b4", "#d95f02"
WIDE = 30
"""The ratio of the highest loss to the lowest from which on the scale is logarithmic."""


class Scale(NamedTuple):
    """Where a value stands on an axis, and which values are written beside it."""

    place: Callable[[float], float]
    ticks: tuple[float, ...]


def as_svg(title: str, history: Sequence[Epoch]) -> str:
    """The curves of the training and the validation loss."""
    curves = [("training", TRAIN, [(e.epoch, e.train_loss) for e in history])]
    valid = [(e.epoch, e.valid_loss) for e in history if e.valid_loss is not None]
    if valid:
        curves.append(("validation", VALID, valid))
    losses = [loss for _, _, points in curves for _, loss in points]
    x, y = _epochs(history[0].epoch, history[-1].epoch), _losses(min(losses), max(losses))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="26" font-size="16">{escape(title)}</text>',
        *_axes(x, y),
        *(line for _, colour, points in curves for line in _curve(points, colour, x, y)),
        *_mark(history, x, y),
        *_legend([(name, colour) for name, colour, _ in curves]),
        "</svg>",
    ]
    return "\n".join(parts)


def _epochs(first: int, last: int) -> Scale:
    span = max(last - first, 1)
    step = max(1, ceil(_step(span, 10)))
    ticks = range(ceil(first / step) * step, last + 1, step)
    return Scale(lambda value: LEFT + (WIDTH - LEFT - RIGHT) * (value - first) / span, tuple(ticks))


def _step(span: float, most: int) -> float:
    """1, 2 or 5 times a power of ten, so that `most` of it are enough."""
    power = 10.0 ** floor(log10(span / most))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * most >= span)


def _losses(low: float, high: float) -> Scale:
    if low > 0 and high / low > WIDE:
        return _logarithmic(log10(low), log10(high))
    low = min(low, 0.0)
    span = (high - low) or 1.0
    step = _step(span, 6)
    ticks = [step * number for number in range(ceil(low / step), floor(high / step) + 1)]
    return Scale(lambda value: _height((value - low) / span), tuple(ticks))


def _logarithmic(low: float, high: float) -> Scale:
    powers = range(floor(low), ceil(high) + 1)
    factors = (1, 2, 5) if high - low < 3 else (1,)
    values = [factor * 10.0**power for power in powers for factor in factors]
    ticks = [value for value in values if low <= log10(value) <= high]
    return Scale(lambda value: _height((log10(value) - low) / (high - low)), tuple(ticks))


def _height(part: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part


def _axes(x: Scale, y: Scale) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = []
    for tick in y.ticks:
        at = y.place(tick)
        lines += [
            f'<line x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}" stroke="{FAINT}"/>',
            f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>',
        ]
    for tick in x.ticks:
        at = x.place(tick)
        lines += [
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="{INK}"/>',
            f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>',
        ]
    middle = (LEFT + right) / 2
    return [
        *lines,
        f'<line x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}" stroke="{INK}"/>',
        f'<text x="{middle:g}" y="{HEIGHT - 12}" text-anchor="middle">epoch</text>',
        f'<text transform="translate(16 {(TOP + bottom) / 2:g}) rotate(-90)" '
        'text-anchor="middle">loss</text>',
    ]


def _curve(points: Sequence[tuple[int, float]], colour: str, x: Scale, y: Scale) -> list[str]:
    places = [(x.place(epoch), y.place(loss)) for epoch, loss in points]
    joined = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
    if len(places) == 1:
        return [f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3" fill="{colour}"/>']
    return [f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>']


def _mark(history: Sequence[Epoch], x: Scale, y: Scale) -> list[str]:
    """A ring around the best epoch."""
    found = best(history)
    colour = TRAIN if found.valid_loss is None else VALID
    across, down = x.place(found.epoch), y.place(found.score)
    return [
        f'<circle cx="{across:.1f}" cy="{down:.1f}" r="5" fill="white" stroke="{colour}" '
        f'stroke-width="2"><title>epoch {found.epoch}: {found.score:.5f}</title></circle>'
    ]


def _legend(names: Sequence[tuple[str, str]]) -> list[str]:
    lines = []
    for number, (name, colour) in enumerate(reversed(names)):
        end = WIDTH - RIGHT - 110 * number
        lines += [
            f'<text x="{end - 64}" y="26">{name}</text>',
            f'<line x1="{end - 92}" x2="{end - 70}" y1="22" y2="22" stroke="{colour}" '
            'stroke-width="2"/>',
        ]
    return lines
