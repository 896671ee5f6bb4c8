"""The program: `cnnshape`, `python -m cnnshape`."""

from __future__ import annotations

import gc
import os


def main() -> None:
    """Run the command line.

    A run is short, and what it imports stays to its end: looking through that for garbage, now and
    when the interpreter leaves, would take a quarter of its time. So there is little of it.
    """
    gc.set_threshold(200_000, 20, 20)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # or it looks through all packages
    from cnnshape import cli

    try:
        cli.main()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
