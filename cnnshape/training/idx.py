"""The IDX format of the MNIST files: two zero bytes, a type, the sizes, and the values.

(LeCun, Cortes and Burges: The MNIST database of handwritten digits, file formats.)
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np

from cnnshape.kernels.arena import Array
from cnnshape.training.failure import unusable

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> Array:
    """The array of an IDX file, plain or compressed."""
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        shown = content[:4].hex(" ") or "nothing"
        raise unusable(f"{path} is no IDX file: it begins with {shown}, not with 00 00 08")
    kind, axes = np.dtype(TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise unusable(f"{path} is cut off: {len(content)} bytes do not hold {axes} sizes")
    sizes = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    wanted = prod(sizes) * kind.itemsize
    if len(content) - start != wanted:
        shape = " × ".join(map(str, sizes))
        word = "cut off" if len(content) - start < wanted else "too long"
        raise unusable(
            f"{path} is {word}: {shape} values take {wanted:,} bytes, "
            f"{len(content) - start:,} follow"
        )
    values = np.frombuffer(content, kind, offset=start).reshape(sizes)
    return values.astype(kind.newbyteorder("="), copy=False)


def _content(path: Path) -> bytes:
    """The bytes of a file, decompressed where its first bytes say so, whatever its name."""
    content = path.read_bytes()
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise unusable(f"{path} cannot be decompressed: {error}") from None


def labels_beside(images: Path) -> Path | None:
    """The labels of `train-images-idx3-ubyte.gz`: `train-labels-idx1-ubyte.gz` beside it."""
    stem = images.name.removesuffix(".gz")
    name = stem.replace("images", "labels").replace("idx3", "idx1")
    found = (images.with_name(name + suffix) for suffix in ("", ".gz"))
    return next((path for path in found if name != stem and path.is_file()), None)
