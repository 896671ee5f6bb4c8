"""What is different between two networks: as text, as Markdown, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from cnnshape.analysis.baseline import change as relative
from cnnshape.analysis.claims import in_bytes
from cnnshape.analysis.difference import (
    Argument,
    Change,
    Difference,
    Total,
    field_of,
    memory_of,
    shapes,
)
from cnnshape.analysis.result import JSON_VERSION, Analysis, LayerResult, size_of
from cnnshape.layer import show
from cnnshape.report.snippet import PLAIN, TITLE, Line
from cnnshape.report.table import UNKNOWN, field_text
from cnnshape.report.text import count

SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">", "same": " "}
STYLES = {"added": "added", "removed": "removed", "changed": "warning", "renamed": "hunk"}
FOLLOWS = "·"
TITLES = ("", "Layer", "Type", "Output", "Params", "MACs", "Memory", "Field")
NUMBERS = (4, 5, 6, 7)
"""Columns that are justified right."""
TOTALS = {
    "params": "Parameters",
    "trainable_params": "Trainable",
    "buffers": "Buffers",
    "macs": "Multiply-accumulates",
    "activations": "Activations",
    "memory.params": "Memory of parameters",
    "memory.forward": "Memory, forward",
    "memory.training": "Memory, training",
}

ESCAPED = str.maketrans({"|": "&#124;", "~": r"\~", "<": "&lt;", ">": "&gt;"})
"""What has a meaning of its own in a cell of Markdown."""


class Row(NamedTuple):
    """A layer's cells, what it is, and the arguments that changed."""

    change: Change
    cells: tuple[str, ...]
    arguments: str


def rows(difference: Difference, *, every: bool) -> list[Row]:
    """The layers that are different; with `every` those too that only follow from others."""
    shown = (item for item in difference.changes if item.kind != "same")
    return [_row(item) for item in shown if every or not item.follows]


def _row(change: Change) -> Row:
    sign = FOLLOWS if change.follows else SIGNS[change.kind]
    figures = (_name, _type, _shape, _params, _macs, _memory, _field)
    cells = tuple(_both(change, figure) for figure in figures)
    return Row(change, (sign, *cells), ", ".join(map(_argument, change.arguments)))


def _both(change: Change, figure: Any) -> str:
    """A figure, and where it changed what it was before."""
    texts = [figure(layer) for layer in (change.before, change.after) if layer is not None]
    return " → ".join(dict.fromkeys(texts))


def _name(layer: LayerResult) -> str:
    return layer.name


def _type(layer: LayerResult) -> str:
    return layer.type


def _shape(layer: LayerResult) -> str:
    return UNKNOWN if layer.output_shape is None else show(layer.output_shape)


def _params(layer: LayerResult) -> str:
    return _number(layer.params)


def _macs(layer: LayerResult) -> str:
    return _number(layer.macs)


def _number(value: int | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,}" if value else "-"


def _memory(layer: LayerResult) -> str:
    value = memory_of(layer)
    return UNKNOWN if value is None else in_bytes(value)


def _field(layer: LayerResult) -> str:
    field = layer.receptive_field
    return UNKNOWN if field is None else field_text(field) or "-"


def _argument(item: Argument) -> str:
    return f"{item.name}: {_written(item.before)} → {_written(item.after)}"


def _written(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, tuple | list) else str(value)


def summary(difference: Difference) -> str:
    """How many layers were added, removed, changed, renamed, and how many only follow."""
    found = [
        f"{len(items)} {kind}"
        for kind in ("added", "removed", "changed", "renamed")
        if (items := difference.of(kind))
    ]
    same, following = len(difference.of("same")), len(difference.of("changed", follows=True))
    if following:
        found.append(f"{count(following, 'layer')} {'follow' if following > 1 else 'follows'}")
    if not found:
        return "no layer is different"
    return ", ".join((*found, f"{same} as before"))


def as_lines(difference: Difference, names: tuple[str, str], *, every: bool = False) -> list[Line]:
    """Aligned tables: the layers that are different, and the totals."""
    lines: list[Line] = [[(" → ".join(names), TITLE)], [(summary(difference), PLAIN)]]
    lines += [[(text, PLAIN)] for text in _ends(difference, names)]
    shown = rows(difference, every=every)
    if shown:
        lines += [[], *_aligned(shown)]
    return [*lines, [], *_total_lines(difference)]


def _ends(difference: Difference, names: tuple[str, str]) -> Iterator[str]:
    """What goes in and what comes out, where that changed, and models that do not hold."""
    sides = (difference.before, difference.after)
    for number, word in enumerate(("input", "output")):
        old, new = (", ".join(map(_shown, shapes(side)[number])) for side in sides)
        if old != new:
            yield f"{word} {old} → {new}"
    for side, name in zip(sides, names, strict=True):
        errors = sum(item.severity == "error" for item in side.diagnostics)
        if errors:
            yield f"{count(errors, 'error')} in {name}"


def _shown(shape: Any) -> str:
    return UNKNOWN if shape is None else show(shape)


def _aligned(shown: Sequence[Row]) -> Iterator[Line]:
    table = [TITLES, *(row.cells for row in shown)]
    widths = [max(len(cells[number]) for cells in table) for number in range(len(TITLES))]
    yield [(_joined(TITLES, widths), TITLE)]
    for row in shown:
        style = PLAIN if row.change.follows else STYLES[row.change.kind]
        yield [(_joined(row.cells, widths), style)]
        if row.arguments:
            yield [(f"     {row.arguments}", style)]


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = (
        cell.rjust(width) if number in NUMBERS else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(texts).rstrip()


def _total_lines(difference: Difference) -> Iterator[Line]:
    table = [("Total", "Before", "After", "Change", ""), *map(_total, _shown_totals(difference))]
    widths = [max(len(cells[number]) for cells in table) for number in range(5)]
    for number, cells in enumerate(table):
        name, *rest = cells
        texts = (name.ljust(widths[0]), *map(str.rjust, rest, widths[1:]))
        yield [("  ".join(texts).rstrip(), TITLE if number == 0 else PLAIN)]


def _shown_totals(difference: Difference) -> list[Total]:
    return [total for total in difference.totals if total.name in TOTALS]


def _total(total: Total) -> tuple[str, ...]:
    """A total's cells: its name, before, after, the difference, and that as a part."""
    amount = in_bytes if total.name.startswith("memory.") else "{:,}".format
    before, after = total.before, total.after
    sign = "+" if after >= before else "-"
    step = f"{sign}{amount(abs(after - before))}" if after != before else "-"
    part = relative(before, after) if after != before and before else ""
    return TOTALS[total.name], amount(before), amount(after), step, part


def as_markdown(difference: Difference, names: tuple[str, str], *, every: bool = False) -> str:
    """For a comment on a pull request: the totals, and the layers in a table that opens."""
    lines = [
        f"### {_code(names[0])} → {_code(names[1])}",
        "",
        f"{summary(difference)[:1].upper()}{summary(difference)[1:]}.",
        *(f"\n{text[:1].upper()}{text[1:]}." for text in _ends(difference, names)),
        "",
        "| Total | Before | After | Change | |",
        "| :-- | --: | --: | --: | --: |",
        *(_cells(_total(total)) for total in _shown_totals(difference) if _tells(total)),
    ]
    shown = rows(difference, every=every)
    if not shown:
        return "\n".join(lines)
    return "\n".join((*lines, "", *_details(shown)))


def _tells(total: Total) -> bool:
    """Whether a total is worth its line: memory and buffers are, where they changed."""
    return total.before != total.after or total.name in ("params", "macs")


def _details(shown: Sequence[Row]) -> Iterator[str]:
    yield f"<details><summary>{count(len(shown), 'layer')}</summary>"
    yield ""
    yield _cells((*TITLES, "Arguments"))
    yield _cells([":--" if n not in NUMBERS else "--:" for n in range(len(TITLES) + 1)])
    yield from (_cells((*row.cells, row.arguments)) for row in shown)
    yield ""
    yield "</details>"


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def _cells(cells: Sequence[str]) -> str:
    escaped = (
        cell.replace("|", "&#124;").replace("~", r"\~").replace(">", "&gt;") for cell in cells
    )
    return f"| {' | '.join(escaped)} |"


def as_data(difference: Difference, names: tuple[str, str]) -> dict[str, Any]:
    """All of it, layers that are as before left out."""
    kinds = ("added", "removed", "changed", "renamed", "same")
    counts: dict[str, int] = {kind: len(difference.of(kind)) for kind in kinds}  # type: ignore[arg-type]
    counts["following"] = len(difference.of("changed", follows=True))
    return {
        "version": JSON_VERSION,
        "equal": difference.equal,
        "before": _side(difference.before, names[0]),
        "after": _side(difference.after, names[1]),
        "counts": counts,
        "layers": [_change(item) for item in difference.changes if item.kind != "same"],
        "totals": {total.name: _total_data(total) for total in difference.totals},
    }


def _side(analysis: Analysis, name: str) -> dict[str, Any]:
    data = analysis.to_dict()
    return {"path": name, **{key: data[key] for key in ("model", "ok", "inputs", "outputs")}}


def _change(change: Change) -> dict[str, Any]:
    return {
        "change": change.kind,
        "follows": change.follows,
        "before": _layer(change.before),
        "after": _layer(change.after),
        "arguments": {
            item.name: {"before": _json(item.before), "after": _json(item.after)}
            for item in change.arguments
        },
    }


def _layer(layer: LayerResult | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    shape, field = layer.output_shape, field_of(layer)
    figures = {"params": layer.params, "macs": layer.macs, "memory": memory_of(layer)}
    return {
        "name": layer.name,
        "type": layer.type,
        "output_shape": None if shape is None else [size_of(size) for size in shape],
        **{name: None if value is None else size_of(value) for name, value in figures.items()},
        "receptive_field": None if field is None else [size_of(size) for size in field],
    }


def _json(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _total_data(total: Total) -> dict[str, Any]:
    step = total.after - total.before
    part = float(round(Fraction(100 * step, total.before), 4)) if total.before else None
    return {"before": total.before, "after": total.after, "change": step, "percent": part}
