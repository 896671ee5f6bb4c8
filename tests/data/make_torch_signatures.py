"""Record the arguments of PyTorch's layers: names, in their order, with their defaults.

Run by hand, with PyTorch installed: `python tests/data/make_torch_signatures.py` writes
`torch_signatures.json` beside this file. It asks `torch.nn` itself for its classes; nothing of
this project is imported.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any, get_overloads

import torch
from torch import nn

PLACEMENT = {"device", "dtype"}  # where and how a layer's values are stored: no model file says


def arguments(module: type[nn.Module]) -> list[list[Any]]:
    """[name], or [name, default], of each argument."""
    overloads = get_overloads(module.__init__)  # recurrent layers say theirs there
    found = inspect.signature(overloads[0] if overloads else module).parameters.values()
    return [
        [one.name] if one.default is one.empty else [one.name, plain(one.default)]
        for one in found
        if one.name not in {"self", *PLACEMENT} and one.kind is one.POSITIONAL_OR_KEYWORD
    ]


def plain(default: Any) -> Any:
    """A default as JSON; a function by its name."""
    return default.__name__ if callable(default) else default


def main() -> None:
    """Write every class of torch.nn whose name is public."""
    classes = {
        name: arguments(item)
        for name, item in sorted(vars(nn).items())
        if inspect.isclass(item) and issubclass(item, nn.Module) and item is not nn.Module
    }
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in classes.items())
    text = f'{{"pytorch": "{torch.__version__.partition("+")[0]}", "classes": {{\n{rows}\n}}}}\n'
    Path(__file__).with_name("torch_signatures.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
