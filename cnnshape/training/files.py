"""Files of data as named arrays: `.npz`, `.npy` in a folder, the MNIST files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.training.failure import unusable
from cnnshape.training.idx import labels_beside, read_idx

Named = Mapping[str, Array]
TRAIN, VALID = ("train",), ("t10k", "test", "valid", "val")
"""What the names of files and arrays say of their use."""
KINDS = "an .npz file, a folder of .npy files, or the MNIST files"


def read_arrays(path: Path, uses: tuple[str, ...] = TRAIN) -> dict[str, Array]:
    """Every array behind a path by its name; `uses` decides where there are several sets."""
    try:
        if path.is_dir():
            return _folder(path, uses)
        if path.suffix == ".npz":
            return _npz(path)
        if path.suffix == ".npy":
            raise unusable(
                f"{path} is one array; training takes two", help="name the folder of x.npy, y.npy"
            )
        return _images(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise unusable(f"cannot read {path}: {reason}", help=f"data are {KINDS}") from None


def _npz(path: Path) -> dict[str, Array]:
    if not zipfile.is_zipfile(path):
        found = "empty" if path.stat().st_size == 0 else "no .npz file, or cut off"
        raise unusable(f"{path} is {found}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise unusable(f"{path} cannot be read: {error}") from None


def _npy(path: Path) -> Array:
    try:
        array: Array = np.load(path, allow_pickle=False)
        return array
    except (ValueError, EOFError) as error:
        raise unusable(f"{path} cannot be read: {error}") from None


def _folder(path: Path, uses: tuple[str, ...]) -> dict[str, Array]:
    arrays = {file.stem: _npy(file) for file in sorted(path.glob("*.npy"))}
    if arrays:
        return arrays
    images = sorted(file for file in path.iterdir() if _is_images(file))
    if not images:
        raise unusable(f"{path} holds neither x.npy and y.npy nor the MNIST files")
    meant = [file for file in images if any(use in file.name for use in uses)]
    meant = meant or (images if len(images) == 1 else [])
    if not meant:
        listed = ", ".join(file.name for file in images)
        raise unusable(f"{path} holds several sets of images: {listed}", help="name one of them")
    return _images(meant[0])


def _is_images(file: Path) -> bool:
    return file.is_file() and "images" in file.name and file.suffix not in {".npz", ".png"}


def _images(path: Path) -> dict[str, Array]:
    images = read_idx(path)
    labels = labels_beside(path)
    if labels is None:
        raise unusable(
            f"the labels of {path} are not beside it",
            help="they are called as the images, with `labels` for `images` and `idx1` for `idx3`",
        )
    return {"x": images, "y": read_idx(labels)}
