"""What Python tells of PyTorch as an installed distribution: its name and its version."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path
from typing import Any


class TorchDistribution(Distribution):
    """PyTorch, as far as packages ask which version of it is installed."""

    def __init__(self, version: str) -> None:
        self.text = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        """The metadata; there is no other file."""
        return self.text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Path:
        """Nowhere: none of its files exist."""
        return Path(path)


def distribution(version: str) -> Distribution:
    """PyTorch of a version."""
    return TorchDistribution(version)
