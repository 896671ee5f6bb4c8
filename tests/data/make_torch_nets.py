"""Record what PyTorch does with each small source file in `torch_nets`.

Run by hand, with PyTorch installed: `python tests/data/make_torch_nets.py` reads
`torch_nets_cases.yaml` and writes `torch_nets.json` beside this file. Nothing of this project is
imported. The cases say which class is built, of what, and which line a person would change; all
else is what PyTorch did. Each file runs in a process of its own.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import multiprocessing
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import MagicMock

import torch
import yaml
from torch import Tensor, nn

HERE = Path(__file__).parent
LEAF = ["name", "type", "input", "output", "params"]
SIZE_STEPS = (1, -3, 8)
BATCHES = (1, 5)
OLDEST_RAISE = 400
RUNS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


class Input(NamedTuple):
    """A tensor that goes in: `name=4,3,32,32:dtype`, of which the shape alone is needed."""

    name: str | None
    shape: tuple[int, ...]
    dtype: str


# --- the cases ------------------------------------------------------------------------------


def inputs_of(text: str) -> list[Input]:
    """`;` parts the inputs."""
    return [input_of(part.strip()) for part in str(text).split(";")]


def input_of(text: str) -> Input:
    """One input."""
    name, _, rest = text.rpartition("=")
    sizes, _, dtype = rest.partition(":")
    return Input(name or None, tuple(map(int, sizes.split(","))), dtype or "float32")


def resized(inputs: list[Input], step: int) -> list[Input]:
    """Both spatial axes changed, of what has them."""
    return [
        one._replace(shape=(*one.shape[:-2], *(size + step for size in one.shape[-2:])))
        if len(one.shape) > 3
        else one
        for one in inputs
    ]


def rebatched(inputs: list[Input], axis: int, batch: int) -> list[Input]:
    """The batch changed where the axis is that of the first input's size."""
    was = inputs[0].shape[axis]
    return [
        one._replace(shape=(*one.shape[:axis], batch, *one.shape[axis + 1 :]))
        if len(one.shape) > axis and one.shape[axis] == was
        else one
        for one in inputs
    ]


def others_of(case: dict[str, Any], inputs: list[Input]) -> Iterator[list[Input]]:
    """Every other input that is tried."""
    if case.get("sizes", True) and any(len(one.shape) > 3 for one in inputs):
        yield from (resized(inputs, step) for step in SIZE_STEPS)
    yield from map(inputs_of, case.get("others", []))
    if case.get("batches", True):
        axis = case.get("batch_axis", 0)
        yield from (rebatched(inputs, axis, batch) for batch in BATCHES)


# --- the file as Python ---------------------------------------------------------------------


def imported(path: Path, script: bool) -> ModuleType:
    """The file as a module; of a script, what defines something."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    if script:
        run_definitions(path, module)
    else:
        spec.loader.exec_module(module)
    return module


def run_definitions(path: Path, module: ModuleType) -> None:
    """Statements that define something, and of assignments those that work without any data."""
    for statement in ast.parse(path.read_bytes()).body:
        if isinstance(statement, RUNS):
            code = compile(ast.Module([statement], []), str(path), "exec")
            try:
                exec(code, vars(module))
            except ImportError:
                vars(module).update({name: MagicMock() for name in names(statement)})
            except Exception:
                if not isinstance(statement, ast.Assign):
                    raise


def names(statement: ast.stmt) -> Iterator[str]:
    """What an import binds."""
    assert isinstance(statement, ast.Import | ast.ImportFrom)
    for alias in statement.names:
        yield alias.asname or alias.name.partition(".")[0]


# --- what PyTorch does ----------------------------------------------------------------------


def drawn(one: Input) -> Tensor:
    """Values that are sound indices where they are read as such."""
    dtype = getattr(torch, one.dtype)
    if dtype.is_floating_point or dtype.is_complex:
        return torch.randn(one.shape, dtype=dtype)
    return torch.randint(1, 5, one.shape).to(dtype)


def shapes(value: Any) -> Any:
    """A shape, or the shapes within a value."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        return list(value.shape)
    if isinstance(value, dict):
        return {str(key): shapes(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [shapes(item) for item in value]
    return type(value).__name__


def call(model: nn.Module, inputs: list[Input]) -> Any:
    """The model's output."""
    given = [drawn(one) for one in inputs if one.name is None]
    named = {one.name: drawn(one) for one in inputs if one.name is not None}
    with torch.no_grad():
        return model(*given, **named)


def watched(model: nn.Module, rows: list[list[Any]]) -> None:
    """A row for each run of a module that has no modules."""
    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(row_of(name, rows), with_kwargs=True)


def row_of(name: str, rows: list[list[Any]]) -> Callable[..., None]:
    """Writes down one run."""

    def hook(module: nn.Module, given: Any, named: Any, output: Any) -> None:
        found = [shapes(one) for one in (*given, *named.values()) if holds_tensor(one)]
        params = sum(one.numel() for one in module.parameters())
        into = found[0] if len(found) == 1 else found
        rows.append([name, type(module).__name__, into, shapes(output), params])

    return hook


def holds_tensor(value: Any) -> bool:
    """Whether shapes can be told of it."""
    return isinstance(value, Tensor) or (
        isinstance(value, tuple | list) and any(map(holds_tensor, value))
    )


def failure(phase: str, error: BaseException, path: Path) -> dict[str, Any]:
    """What was raised, and where in the file."""
    frames = [
        {"line": one.lineno, "end_line": one.end_lineno, "func": one.name, "text": one.line}
        for one in traceback.extract_tb(error.__traceback__)
        if one.filename == str(path)
    ]
    last = frames[-1] if frames else {"line": None, "func": None}
    return {
        "ok": False,
        "phase": phase,
        "error_type": type(error).__name__,
        "error": str(error)[:OLDEST_RAISE],
        "raise_line": last["line"],
        "raise_func": last["func"],
        "stack_in_file": frames,
    }


def attempt(make: Callable[[], nn.Module], inputs: list[Input], path: Path) -> dict[str, Any]:
    """Built anew and run once."""
    phase = "init"
    try:
        model = make().eval()
        phase = "forward"
        rows: list[list[Any]] = []
        watched(model, rows)
        output = shapes(call(model, inputs))
        parameters = list(model.parameters())
        return {
            "ok": True,
            "output": output,
            "params": sum(one.numel() for one in parameters),
            "trainable": sum(one.numel() for one in parameters if one.requires_grad),
            "buffers": sum(one.numel() for one in model.buffers()),
            "leaves": rows,
        }
    except Exception as error:  # noqa: BLE001 - whatever PyTorch raises is recorded
        return failure(phase, error, path)


def other(make: Callable[[], nn.Module], inputs: list[Input], path: Path) -> dict[str, Any]:
    """The same in short."""
    found = attempt(make, inputs, path)
    kept = ("ok", "output", "phase", "error_type", "error", "raise_line")
    return {"inputs": [one.shape for one in inputs]} | {
        key: found[key] for key in kept if key in found
    }


# --- one file -------------------------------------------------------------------------------


def fault(case: dict[str, Any], path: Path) -> dict[str, Any]:
    """The line a person would change, which the case names by a part of it."""
    lines = path.read_text("utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if case["fault"] in line]
    wanted = case.get("fault_nth")
    if wanted is None and len(found) != 1:
        raise ValueError(f"{path.name}: `{case['fault']}` stands in lines {found}")
    line = found[wanted - 1 if wanted else 0]
    return {
        "bug": case["bug"],
        "fault_line": line,
        "fault_text": lines[line - 1].strip(),
        "fault_clear": case.get("clear", True),
    }


def record(case: dict[str, Any]) -> dict[str, Any]:
    """What the table says of one file."""
    warnings.simplefilter("ignore")
    torch.backends.mha.set_fastpath_enabled(False)  # or layers run that no hook sees
    torch.manual_seed(0)
    path = HERE / "torch_nets" / f"{case['file']}.py"
    module, inputs = imported(path, case.get("script", False)), inputs_of(case["inputs"])
    kwargs = case.get("kwargs", {})

    def make() -> nn.Module:
        return getattr(module, case["cls"])(**kwargs)

    found = {
        "file": path.name,
        "cls": case["cls"],
        "inputs": [one.shape for one in inputs],
        "input_names": [one.name for one in inputs],
        "dtypes": [one.dtype for one in inputs],
        "ctor_kwargs": kwargs,
        "mode": "eval",
        "needs": case.get("needs", []),
        "expected": "bug" if "bug" in case else "ok",
    }
    found |= fault(case, path) if "bug" in case else {}
    found |= attempt(make, inputs, path)
    if found.get("phase") != "init":
        found["other_inputs"] = [other(make, one, path) for one in others_of(case, inputs)]
    return found


def checked(found: dict[str, Any]) -> str:
    """What is not as the case means it."""
    if found["ok"] != (found["expected"] == "ok"):
        said = found.get("error_type", "runs"), found.get("error"), found.get("raise_line")
        return f"{found['file']}: meant {found['expected']}, but {said}\n"
    return ""


def recorded(case: dict[str, Any]) -> dict[str, Any]:
    """One file's record; a case that is wrong itself is told by its name."""
    try:
        return record(case)
    except Exception as error:
        raise RuntimeError(f"{case['file']}: {error!r}") from error


def main() -> None:
    """Every case, or those named; the table is written when every case is as it is meant."""
    cases = yaml.safe_load((HERE / "torch_nets_cases.yaml").read_text("utf-8"))
    named = {Path(one).stem for one in sys.argv[1:]}
    wanted = [case for case in cases if not named or case["file"] in named]
    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        found = pool.map(recorded, wanted, chunksize=1)
    told = "".join(map(checked, found))
    if named:
        print(*(json.dumps(one) for one in found), sep="\n")
    if told:
        sys.exit(told)
    if not named:
        write(found)


def write(found: list[dict[str, Any]]) -> None:
    """A file a line."""
    rows = ",\n".join(json.dumps(one, ensure_ascii=False) for one in found)
    version = torch.__version__.partition("+")[0]
    text = f'{{"pytorch": "{version}", "leaf": {json.dumps(LEAF)}, "nets": [\n{rows}\n]}}\n'
    (HERE / "torch_nets.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
