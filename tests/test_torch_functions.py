"""Functions of torch under the stand-in: shapes, dtypes, refusals, and values where known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnshape.sources.torch import guard, loading
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import UnsupportedError

RECORDED = json.loads((Path(__file__).parent / "data" / "function_cases.json").read_text("utf-8"))
CASES: dict[str, Any] = RECORDED["cases"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each expression gives, all evaluated in one process."""
    file = tmp_path_factory.mktemp("functions") / "setting.py"
    file.write_text(RECORDED["setting"], "utf-8")

    def act() -> dict[str, Any]:
        from cnnshape.sources.torch.standin.package import PACKAGE

        module = loading.load(str(file), PACKAGE).module
        return {expression: outcome(expression, module) for expression in CASES}

    return guard.in_child(act)


def outcome(expression: str, module: Any) -> Any:
    fresh: dict[str, Any] = {}
    exec(compile(RECORDED["setting"], module.__file__, "exec"), fresh)
    try:
        return {"gives": plain(eval(expression, fresh))}
    except UnsupportedError as error:
        return {"unsupported": error.name}
    except Exception as error:  # noqa: BLE001 - whatever it raises is compared
        return {"raises": type(error).__name__, "bases": [c.__name__ for c in type(error).__mro__]}


def plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        known = None if value.dtype.is_complex else value.known_values()
        values = None if known is None else np.asarray(known).ravel().tolist()
        return [list(value.shape), str(value.dtype), values]
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


@pytest.mark.parametrize("expression", CASES)
def test_a_function_gives_what_pytorch_gives(expression: str, found: dict[str, Any]) -> None:
    wanted, got = CASES[expression], found[expression]
    if "raises" in wanted:
        assert set(got.get("bases", ())) & set(wanted["raises"]) - {
            "Exception",
            "BaseException",
            "object",
        }, got
    else:
        assert "gives" in got, got
        assert_alike(got["gives"], wanted["gives"])


def assert_alike(found: Any, wanted: Any) -> None:
    """The same shapes and dtypes; the same values, where they are known at all."""
    if is_tensor(wanted):
        assert found[:2] == wanted[:2]
        if found[2] is not None and wanted[2] is not None:
            np.testing.assert_allclose(found[2], wanted[2], rtol=1e-5, atol=1e-6)
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_alike(one, other)
    else:
        assert found == wanted


def is_tensor(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[1], str)
