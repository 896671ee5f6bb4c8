"""The state of a training as an `.npz` file, whole at any moment."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cnnshape.execute.weights import Arrays
from cnnshape.kernels.arena import Array
from cnnshape.replacement import replacing
from cnnshape.training.failure import unusable
from cnnshape.training.history import Epoch

VERSION = 1
HEAD = "checkpoint"
PARTS = ("weights", "optimiser", "best")


@dataclass(slots=True)
class State:
    """All that a training goes on with: stored and read back, nothing is lost."""

    weights: Arrays
    """Parameters and buffers."""
    optimiser: Arrays = field(default_factory=dict)
    best: Arrays = field(default_factory=dict)
    """Parameters and buffers of the epoch with the lowest loss in validation."""
    history: list[Epoch] = field(default_factory=list)
    random: dict[str, Any] = field(default_factory=dict)
    """The state of the generator that draws batches and seeds of dropout."""
    options: dict[str, Any] = field(default_factory=dict)
    subject: dict[str, str] = field(default_factory=dict)
    """What tells the model and the data from others."""


def save(path: Path, state: State) -> None:
    """Write a checkpoint beside the old one, then put it in its place."""
    head = {
        "version": VERSION,
        "history": [list(epoch) for epoch in state.history],
        "random": state.random,
        "options": state.options,
        "subject": state.subject,
    }
    arrays: Arrays = {HEAD: np.array(json.dumps(head))}
    for part in PARTS:
        arrays |= {f"{part}/{name}": value for name, value in getattr(state, part).items()}
    write_arrays(path, arrays)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """An `.npz` file, whole or not at all; a device or a pipe is written to."""
    try:
        with replacing(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise unusable(f"cannot write {path}: {reason}") from None


def load(path: Path) -> State:
    """Read a checkpoint back."""
    try:
        if not zipfile.is_zipfile(path):
            path.open("rb").close()
            raise unusable(f"{path} is no checkpoint")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        head = json.loads(str(arrays.pop(HEAD)[()]))
    except KeyError:
        help = "a checkpoint is what --checkpoint wrote"
        raise unusable(f"{path} is no checkpoint", help=help) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise unusable(f"cannot read {path}: {reason}") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise unusable(f"{path} cannot be read: {error}") from None
    return _state(path, head, arrays)


def _state(path: Path, head: Mapping[str, Any], arrays: Arrays) -> State:
    if head.get("version") != VERSION:
        found = head.get("version")
        raise unusable(f"{path} is a checkpoint of version {found}, not {VERSION}")
    parts = {part: _part(arrays, part) for part in PARTS}
    history = [Epoch(*fields) for fields in head["history"]]
    return State(
        **parts,
        history=history,
        random=head["random"],
        options=head["options"],
        subject=head["subject"],
    )


def _part(arrays: Mapping[str, Array], part: str) -> Arrays:
    prefix = f"{part}/"
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
