"""Small data sets for the tests of training."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

TINY = """name: tiny
input: [1, 6, 5]
layers:
  - {name: conv, type: conv2d, out_channels: 4, kernel_size: 3}
  - {name: norm, type: batch_norm2d}
  - relu
  - flatten
  - {type: dropout, p: 0.2}
  - {name: fc, type: linear, out_features: 3}
"""


def patterns(
    samples: int, classes: int, *shape: int, seed: int = 0, noise: float = 0.15
) -> tuple[Array, Array]:
    """Bytes: each class has a picture of its own, each sample is it with noise."""
    pictures = np.random.default_rng(1).random((classes, *shape)) > 0.5
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, samples)
    x = pictures[y] * 0.7 + 0.15 + random.normal(0, noise, (samples, *shape))
    return (np.clip(x, 0, 1) * 255).astype(np.uint8), y


def idx(array: Array, code: int = 0x08) -> bytes:
    """An array of bytes in the format of the MNIST files."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.tobytes()


def write_mnist(folder: Path, name: str, x: Array, y: Array, *, compressed: bool = False) -> None:
    """Images and labels under the names that the MNIST files have."""
    folder.mkdir(exist_ok=True)
    for kind, array in (("images-idx3", x), ("labels-idx1", y.astype(np.uint8))):
        content = idx(array)
        path = folder / f"{name}-{kind}-ubyte{'.gz' if compressed else ''}"
        path.write_bytes(gzip.compress(content, 1) if compressed else content)


def write_tiny(folder: Path, samples: int = 90) -> None:
    """A small model and data that it learns."""
    (folder / "tiny.yaml").write_text(TINY)
    x, y = patterns(samples, 3, 6, 5)
    np.savez(folder / "tiny.npz", x=x, y=y)
