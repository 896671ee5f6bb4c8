"""Write what is derived from the layers and the rules: their pages, the schema, the index of types.

`python scripts/generate.py --check` writes nothing and fails if a file is stale.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import shlex
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from cnnshape.analysis.budget import Network, Setting
from cnnshape.analysis.conventions import TOOLS, convention_of
from cnnshape.analysis.conventions.convention import Convention
from cnnshape.cli import main as cnnshape
from cnnshape.layer import Layer
from cnnshape.layers import families, load_all
from cnnshape.model import load
from cnnshape.report.rules import as_page
from cnnshape.rules import GROUPS
from cnnshape.rules.rule import Rule
from cnnshape.sources.spec.schema import schema

ROOT = Path(__file__).parent.parent


def classes_of(family: str) -> list[type[Layer]]:
    """The layers that a family's module defines, in the order of the file."""
    module = import_module(f"cnnshape.layers.{family}")
    found = [
        item
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, Layer)
        and item.__module__ == module.__name__
        and "types" in vars(item)
    ]
    return sorted(found, key=lambda cls: inspect.getsourcelines(cls)[1])


def index() -> str:
    """The module that says which family a type belongs to."""
    lines = [
        f'    "{name}": "{family}",'
        for family in families()
        for cls in classes_of(family)
        for name in cls.types
    ]
    names = [
        f'    "{torch}": "{name}",'
        for family in families()
        for cls in classes_of(family)
        for name, torch in zip(cls.types, cls.torch, strict=False)
        if torch
    ]
    head = (
        '"""Type → family, PyTorch\'s class → type. Written by `make generate`; do not edit."""\n\n'
        "INDEX: dict[str, str] = {"
    )
    second = ["}", "", "TORCH: dict[str, str] = {"]
    return "\n".join([head, *lines, *second, *names, "}"]) + "\n"


def documentation() -> str:
    """The page on every layer: its types, arguments and rules."""
    parts = [
        "# Layers",
        "Written by `make generate` from the classes in `cnnshape/layers`. Arguments stand in "
        "PyTorch's positional order. Every layer also takes the keys of "
        "[the model file](model-file.md#layers): `name`, `from`, `repeat`, `if`, `expect`, "
        "`weights_from`, `trainable`, `functional`. An argument that repeats a size of the input "
        "(`in_channels`, …) may be left out; given, it is checked.",
    ]
    parts += sections(in_files=True)
    parts += [
        "# Operations of programs",
        "What the source of a program calls beside layers: functions, operators and methods of "
        "tensors. A model file cannot name them. Axis 0 is an axis like the others; sizes may be "
        "0, as in PyTorch.",
        *sections(in_files=False),
    ]
    return "\n\n".join(parts) + "\n"


def sections(*, in_files: bool) -> list[str]:
    """The families' parts of the page, of layers or of operations."""
    parts = []
    for family in families():
        classes = [cls for cls in classes_of(family) if cls.in_files is in_files]
        if classes:
            module = import_module(f"cnnshape.layers.{family}")
            parts.append(f"## {family.capitalize()}")
            parts.append((module.__doc__ or "").strip())
            parts += [part for cls in classes for part in section(cls)]
    return parts


def section(cls: type[Layer]) -> list[str]:
    """One layer's part of the page."""
    names = ", ".join(f"`{name}`" for name in cls.types)
    text = inspect.cleandoc(cls.__doc__ or "")
    fields = {name: field for name, field in cls.model_fields.items() if name != "type"}
    parts = [f"### {names}", text]
    if fields:
        made = cls.model_json_schema()["properties"]
        rows = ["| argument | default | values |", "| --- | --- | --- |"]
        for name, field in fields.items():
            default = "required" if field.is_required() else f"`{written(field.default)}`"
            if name in cls.stated and field.default is None:
                default = "from the input"
            rows.append(f"| `{name}` | {default} | {values(made[name])} |")
        parts.append("\n".join(rows))
    return parts


def written(value: Any) -> str:
    """A default as YAML writes it."""
    return json.dumps(value).strip('"') if isinstance(value, str | bool | None) else f"{value:g}"


def values(field: dict[str, Any]) -> str:
    """What an argument may be, in a few words."""
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(map(values, field["anyOf"])))
    if "const" in field or "enum" in field:
        return ", ".join(f"`{written(item)}`" for item in field.get("enum", [field.get("const")]))
    kinds = field.get("type", "any")
    if kinds == "array":
        return f"list of ({values(field['items'])})"
    names = [kinds] if isinstance(kinds, str) else kinds
    bounds = [
        f"{sign} {field[key]}"
        for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"))
        if key in field and abs(field[key]) < 2**20
    ]
    return " ".join([" or ".join(names), *bounds])


def printed(rule: Rule) -> str:
    """What the command says of a rule's example."""
    output = io.StringIO()
    variables = {name: os.environ[name] for name in os.environ if name != "COLUMNS"}
    plain = {**variables, "NO_COLOR": "1"}
    with TemporaryDirectory() as folder:
        for name, text in rule.files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        with (
            chdir(folder),
            patch.dict(os.environ, plain, clear=True),
            patch.object(sys, "argv", shlex.split(rule.command)),
            redirect_stdout(output),
            redirect_stderr(output),
            suppress(SystemExit),
        ):
            cnnshape()
    return output.getvalue()


START, END = "<!-- made by `make generate` -->\n", "<!-- until here -->\n"


def with_part(page: str, part: str) -> str:
    """A page of the documentation, its generated part put in anew."""
    before, rest = (ROOT / page).read_text(encoding="utf-8").split(START)
    return f"{before}{START}\n{part}\n{END}{rest.split(END)[1]}"


def kept() -> str:
    """What training is said to keep of networks, and what PyTorch kept."""
    data = json.loads((ROOT / "tests/data/saved_cases.json").read_text(encoding="utf-8"))
    lines = [
        f"| network | kept of {data['batch']} samples | PyTorch | off |",
        "| --- | --: | --: | --: |",
    ]
    for name, case in data["networks"].items():
        own = ROOT / f"tests/models/{name}.yaml"
        graph = load(own if own.exists() else name, input=case["input"]).graph
        bytes_kept = Network(graph).budget(Setting(batch=data["batch"])).kept
        off = f"{bytes_kept / case['bytes'] - 1:+.2%}" if bytes_kept != case["bytes"] else "0"
        lines.append(f"| {name} | {bytes_kept:,} | {case['bytes']:,} | {off} |")
    return "\n".join(lines) + "\n"


def conventions() -> str:
    """What a layer of each type counts for, a column a tool, and where a tool errs."""
    every = [convention_of(tool) for tool in TOOLS]
    known = {name for item in every for name in item.costs}
    rows: dict[tuple[str, ...], list[str]] = {}
    for name in (name for name in load_all() if name in known):
        rows.setdefault(tuple(cost_in_words(name, item) for item in every), []).append(name)
    lines = [
        f"| layer | {' | '.join(TOOLS)} |",
        f"|{' --- |' * (len(TOOLS) + 1)}",
        *(f"| {' '.join(f'`{n}`' for n in rows[row])} | {' | '.join(row)} |" for row in rows),
        "",
        "| tool | version | counts | known to err |",
        "| --- | --- | --- | --- |",
        *(f"| {c.tool} | {c.version} | {c.unit} | {'; '.join(c.bugs)} |" for c in every),
    ]
    return "\n".join(lines) + "\n"


def cost_in_words(name: str, convention: Convention) -> str:
    """What a module counts for, and where it differs the call of a function."""
    module, call = convention.costs.get(name), convention.functions.get(name)
    text = "?" if module is None else module.text
    if call is None or call.text == text or len(convention.functions) == len(convention.costs):
        return text  # a tool that sees no calls at all says so among its errors
    return f"{text}; function: {call.text}"


def torch_names() -> str:
    """The page on what of PyTorch is modelled, from the stand-in itself."""
    from cnnshape.layers._index import TORCH
    from cnnshape.sources.torch.standin import offer
    from cnnshape.sources.torch.standin.contents import NAMES

    modules = {name for name in NAMES["torch.nn"]() if name[0].isupper()} | {*TORCH} | losses()
    functions = {name for name in NAMES["torch"]() if name in offer.TORCH}
    parts = [
        "# What of PyTorch is modelled",
        "Written by `make generate` from the stand-in in `cnnshape/sources/torch/standin`. A name "
        "of PyTorch's that is not here is reported as "
        "[`unsupported-operation`](rules.md#unsupported-operation) where a model uses it.",
        *listed("Modules", "torch.nn", modules),
        *listed("Functions", "torch", functions),
        *listed("Functional", "torch.nn.functional", {*offer.FUNCTIONAL}),
        *listed("Methods of tensors", "torch.Tensor", {*offer.METHODS}),
        *listed("Packages", "import", {*NAMES}),
    ]
    return "\n\n".join(parts) + "\n"


def losses() -> set[str]:
    """The losses, which are made of functions."""
    from cnnshape.sources.torch.standin import cells

    return {*cells.LOSSES}


def listed(title: str, place: str, names: set[str]) -> list[str]:
    """A part of a page: names in the order of the alphabet."""
    kept = sorted((name for name in names if not name.startswith("_")), key=str.casefold)
    text = ", ".join(f"`{name}`" for name in kept)
    return [
        f"## {title}",
        f"{len(kept)} of `{place}`: {text}." if place != "import" else f"{text}.",
    ]


FILES = {
    "cnnshape/layers/_index.py": index,
    "docs/layers.md": documentation,
    "docs/rules.md": lambda: as_page(GROUPS, printed),
    "docs/counting.md": lambda: with_part("docs/counting.md", conventions()),
    "docs/pytorch-names.md": torch_names,
    "docs/memory.md": lambda: with_part("docs/memory.md", kept()),
    "docs/model-file.schema.json": lambda: (
        json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    ),
}


def main() -> int:
    """Write the files, or tell which are stale."""
    stale = []
    for name, make in FILES.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'stale' if '--check' in sys.argv else 'wrote'}: {name}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
