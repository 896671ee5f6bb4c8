"""Random formulas of sizes, in the forms that layers ask about."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from cnnshape.dim import Size, maximum, minimum, size

H, W, C = size("H"), size("W"), size("C")


def window(rng: Random, x: Size) -> Size:
    """A convolution's or a pooling's output."""
    kernel, stride, padding = rng.randint(1, 5), rng.choice([1, 2, 2, 3, 4]), rng.randint(0, 2)
    if rng.random() < 0.8:
        return (x + 2 * padding - kernel) // stride + 1
    return -(-(x + 2 * padding - kernel) // stride) + 1


def chain(rng: Random, x: Size, most: int = 3) -> Size:
    """Several of them, and transposed ones, one behind the other."""
    for _ in range(rng.randint(0, most)):
        x = window(rng, x) if rng.random() < 0.75 else 2 * x + rng.randint(-1, 2)
    return x


def affine(rng: Random) -> Size:
    """What one branch asks, or two that meet; of one name."""
    x = rng.choice([H, W])
    number = rng.randint(-40, 10)
    if rng.random() < 0.5:
        return chain(rng, x) - chain(rng, x) + rng.randint(-3, 3)
    return rng.choice([1, 1, 2, -1, -3]) * chain(rng, x) + number


def extreme(rng: Random) -> Size:
    """Slices and paddings: the larger or the smaller of some sizes of one name."""
    x, chosen = rng.choice([H, W]), rng.choice([maximum, minimum])
    sizes = chain(rng, x), chain(rng, x) + rng.randint(-9, 9), rng.randint(0, 20)
    return chosen(*sizes) - rng.randint(-1, 25)


def flattened(rng: Random) -> Size:
    """Features of a map against those of a linear layer; also of a square."""
    one, other = chain(rng, H), chain(rng, rng.choice([H, W, W, W]))
    channels, wanted = rng.choice([1, 2, 4, 16]), rng.choice([0, 1, 6, 12, 20, 24, 100])
    return channels * one * other - channels * wanted


def reshaped(rng: Random) -> Size:
    """The rest that a reshape with an open size asks about."""
    divisor = rng.choice([2, 3, 4, 5, 6, 8])
    values = rng.choice([1, 2, 3, 16]) * chain(rng, H) * chain(rng, W)
    return values % divisor - rng.choice([0, 0, 0, 1, divisor])


def pooled(rng: Random) -> Size:
    """Positions of a map in one axis, and a pooling over them."""
    positions = chain(rng, H, 2) * chain(rng, W, 2) + rng.randint(0, 3)
    return positions // rng.choice([2, 3, 4]) - rng.choice([0, 1, 6, 24])


def branches(rng: Random) -> Size:
    """Two flattened maps behind one another."""
    one = rng.choice([1, 2, 8]) * chain(rng, H, 2) * chain(rng, W, 2)
    other = rng.choice([1, 3, 16]) * chain(rng, H, 2) * chain(rng, W, 2)
    return one + other - rng.choice([0, 24, 100, 320])


def volume(rng: Random) -> Size:
    """A flattened volume."""
    sides = chain(rng, H, 1) * chain(rng, W, 1) * chain(rng, C, 1)
    return sides - rng.choice([1, 8, 24, 60])


FORMS: dict[str, Callable[[Random], Size]] = {
    form.__name__: form for form in (affine, extreme, flattened, reshaped, pooled, branches, volume)
}
