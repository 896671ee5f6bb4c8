"""Shapes as they are written: integers, and names of sizes, each perhaps with an example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnnshape.layer import LARGEST
from cnnshape.sources.words import clip, describe

MOST_AXES = 8
MOST_NAMES = 6
"""Named sizes of one model: what it accepts is a set of points with an axis each."""
NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]{0,31}")
RESERVED = ("N", "floor", "max", "min", "mod")


class UsageError(Exception):
    """An option does not fit the model."""


class NamedSize(NamedTuple):
    """A size that is a name: `H`, or `H=256` with an example of it."""

    name: str
    example: int | None = None


Written = int | NamedSize


def named_size(text: str) -> NamedSize | str:
    """What `H` or `H=256` says; or else why it says nothing."""
    name, sign, example = (part.strip() for part in text.partition("="))
    if not NAME.fullmatch(name):
        return f"`{clip(text)}` is neither a size nor a name of one"
    if name in RESERVED:
        meant = "the batch axis, which is implied" if name == "N" else "a function in formulas"
        return f"no size can be called `{name}`: it is {meant}"
    if not sign:
        return NamedSize(name)
    if not _is_size(example):
        return f"the example of `{name}` must be a size from 1 to {LARGEST:,}"
    return NamedSize(name, int(example))


def _is_size(text: str) -> bool:
    return text.isdecimal() and len(text) < 11 and 1 <= int(text) <= LARGEST


def shape_of(sizes: str | Sequence[int | str]) -> tuple[Written, ...]:
    """`3,224,224`, `3,H,W=64`, or a sequence, as a sample's shape; a leading N is understood."""
    text = sizes if isinstance(sizes, str) else ",".join(map(str, sizes))
    parts = [part.strip() for part in text.strip("()[] ").split(",")]
    if parts[0] == "N":
        parts = parts[1:]
    if not parts or not all(parts) or len(parts) > MOST_AXES:
        raise UsageError(f"`{clip(text)}` is no shape: write sizes such as 3,224,224")
    return tuple(_written(part, text) for part in parts)


def _written(part: str, text: str) -> Written:
    if part.lstrip("+-").isdecimal():
        if not _is_size(part):
            raise UsageError(f"`{clip(text)}` is no shape: sizes go from 1 to {LARGEST:,}")
        return int(part)
    found = named_size(part)
    if isinstance(found, str):
        raise UsageError(f"`{clip(text)}` is no shape: {found}; write 3,224,224 or 3,H,W")
    return found


def as_written(size: object, name: str) -> Written | str:
    """A size of an input as a model file gives it; or else what is wrong with it."""
    if isinstance(size, NamedSize):
        return size
    if isinstance(size, str):
        found = named_size(size)
        return f"the shape of `{name}`: {found}" if isinstance(found, str) else found
    if type(size) is not int:
        return f"a size of `{name}` must be an integer or a name, not {describe(size)}"
    if not 1 <= size <= LARGEST:
        bound = "at least 1" if size < 1 else f"at most {LARGEST:,}"
        return f"a size of `{name}` must be {bound}, not {clip(f'{size:,}')}"
    return size


def add_example(examples: dict[str, int | None], size: NamedSize) -> str | None:
    """Remember a name, and its example; or else say why it cannot be."""
    known = examples.get(size.name)
    if None not in (known, size.example) and known != size.example:
        return f"`{size.name}` is given as {known} and as {size.example}"
    if size.name not in examples and len(examples) >= MOST_NAMES:
        return f"more than {MOST_NAMES} sizes are named"
    examples[size.name] = size.example if known is None else known
    return None


def as_sizes(shape: Sequence[Written]) -> tuple[int, ...]:
    """A written shape with its names as formulas."""
    if all(isinstance(item, int) for item in shape):
        return tuple(item for item in shape if isinstance(item, int))
    from cnnshape.dim import size

    return tuple(size(item.name) if isinstance(item, NamedSize) else item for item in shape)


def given_examples(shapes: Mapping[str, Sequence[Written]]) -> dict[str, int | None]:
    """The named sizes of several shapes, with their examples; UsageError where these differ."""
    examples: dict[str, int | None] = {}
    for item in (item for shape in shapes.values() for item in shape):
        problem = add_example(examples, item) if isinstance(item, NamedSize) else None
        if problem:
            raise UsageError(f"--input: {problem}")
    return examples


class Shapes(Mapping[Any, tuple[Written, ...]]):
    """Shapes as model files write them, each read when it is asked for."""

    def __init__(self, texts: Mapping[str | int, str]) -> None:
        self.texts = texts

    def __getitem__(self, key: Any) -> tuple[Written, ...]:
        return shape_of(self.texts[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)
