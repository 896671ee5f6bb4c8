"""Words for messages: names that are near, values described, texts that fit a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

MOST_CANDIDATES = 300
LONGEST_NAME = 200


def printable(text: str) -> str:
    """A text on one line, without what would steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one is most like; of very many only the first are tried."""
    names = tuple(dict.fromkeys(islice(known, MOST_CANDIDATES)))
    return _nearest(name[:LONGEST_NAME].lower(), names) or _nearest(name[:LONGEST_NAME], names)


@lru_cache(maxsize=256)
def _nearest(name: str, names: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return near[0] if near else None


NEAR, NEARER = 0.8, 0.05
"""How like the name that was surely meant a misspelt one is, and how much liker than the next."""
SIMPLE_NAME = re.compile(r"[A-Za-z_][\w.]*")


def only_near(name: str, known: Iterable[str]) -> str | None:
    """The one known name that a misspelt one must mean; None where there are several, or none.

    `conv2` is no misspelt `conv1`: digits are the same.
    """
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=_bare(name[:LONGEST_NAME]))
    ratios: dict[str, float] = {}
    for other in dict.fromkeys(islice(known, MOST_CANDIDATES)):
        matcher.set_seq1(_bare(other))
        least = NEAR - NEARER
        if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
            ratios[other] = matcher.ratio()
    best, *rest = sorted(ratios, key=lambda other: -ratios[other])[:2] or [""]
    if ratios.get(best, 0) < NEAR or (rest and ratios[best] - ratios[rest[0]] < NEARER):
        return None
    same = _digits(best) == _digits(name) and SIMPLE_NAME.fullmatch(best)
    return best if same else None


def _bare(name: str) -> str:
    """A name as it would be if nobody told `BatchNorm` from `batch_norm`."""
    return name.lower().replace("_", "")


def _digits(name: str) -> str:
    return "".join(filter(str.isdecimal, name))


def suggest(name: str, known: Iterable[str]) -> str | None:
    """Help that names the nearest known name, or all of them where they are few."""
    names = dict.fromkeys(islice(known, MOST_CANDIDATES))
    near = nearest(name, names)
    if near is not None:
        return f"write `{near}`"
    if 0 < len(names) <= 16:
        return f"known are {', '.join(f'`{clip(known_name)}`' for known_name in sorted(names))}"
    return None


def clip(text: object, length: int = 60) -> str:
    """A value as text of bounded length, on one line."""
    shown = str(text).replace("\n", " ")
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


def describe(value: object) -> str:
    """A value of a file for a message: `'abc'`, `[1, 2]`, a mapping."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{clip(value, 40)}`"
