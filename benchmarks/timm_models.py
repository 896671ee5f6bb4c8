"""timm's own source, read without PyTorch: every model, against what PyTorch recorded.

`python benchmarks/timm_models.py [PATTERN]` reads all models whose names match, and prints how many
agree in parameters, buffers and output shape, and what is said of those that do not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from timm_models import Model, differences, recorded

AT_ONCE = 100
"""Models read in one process."""


def main(pattern: str = "*") -> None:
    """Read the models and print what differs."""
    models = [model for model in recorded() if fnmatch(model.name, pattern)]
    wrong: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        for some in groups(models):
            found = differences(some, Path(folder) / "models.py")
            wrong |= {name: problem for name, problem in found.items() if problem}
            print(f"... {some[-1].name}", file=sys.stderr, flush=True)
    print(f"{len(models) - len(wrong)} of {len(models)} models of timm agree with PyTorch")
    for name, problem in wrong.items():
        print(f"{name}: {problem}")


def groups(models: list[Model]) -> Iterator[list[Model]]:
    """The models in groups, each read in a process of its own."""
    for start in range(0, len(models), AT_ONCE):
        yield models[start : start + AT_ONCE]


if __name__ == "__main__":
    main(*sys.argv[1:])
