"""Record what expressions of torch's functions give: shapes, dtypes, values, or the exception.

Run by hand, with PyTorch installed: `python tests/data/make_function_cases.py` evaluates the lines
of `function_cases.txt` one by one and writes `function_cases.json` beside it. Nothing of this
project is imported. An entry is [shape, dtype, values or null], a list of them, the name of an
exception's type, or a plain value.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

HERE = Path(__file__).parent
MOST_VALUES = 64

SETTING = """
import math
import torch
import torch.nn.functional as F
from torch import nn
v = torch.arange(5.)
m = torch.arange(24.).reshape(4, 6) / 7
s = torch.tensor([[4., 1., 0.], [1., 3., 1.], [0., 1., 2.]])
b = torch.arange(24.).reshape(2, 3, 4) / 5
c = torch.arange(24.).reshape(2, 4, 3) / 9
i = torch.tensor([2, 0, 1])
k = torch.tensor([[True, False, True], [False, False, True]])
z = torch.complex(b, b)
"""


def plain(value: Any) -> Any:
    """What JSON can hold of a result."""
    if isinstance(value, Tensor):
        small = value.numel() <= MOST_VALUES and not value.is_complex()
        finite = small and bool(torch.isfinite(value.double()).all())
        values = value.detach().flatten().tolist() if finite else None
        return [list(value.shape), str(value.dtype), values]
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def outcome(expression: str, namespace: dict[str, Any]) -> Any:
    try:
        return {"gives": plain(eval(expression, namespace))}
    except Exception as error:  # noqa: BLE001 - whatever it raises is recorded
        return {"raises": [cls.__name__ for cls in type(error).__mro__]}


def main() -> None:
    """Evaluate every line, each with tensors of its own."""
    warnings.simplefilter("ignore")
    found = {}
    for line in (HERE / "function_cases.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            namespace: dict[str, Any] = {}
            exec(SETTING, namespace)
            found[line] = outcome(line, namespace)
    data = {"pytorch": torch.__version__.partition("+")[0], "setting": SETTING, "cases": found}
    text = json.dumps(data, indent=0, separators=(",", ":"))
    (HERE / "function_cases.json").write_text(text + "\n", "utf-8")
    print(len(found), "expressions,", sum("raises" in one for one in found.values()), "refused")


if __name__ == "__main__":
    main()
