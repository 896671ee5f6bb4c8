"""The columns that a user may pick, by name, and what stands below a table that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnnshape.analysis.result import Analysis, LayerResult, size_of
from cnnshape.layer import Shape, show
from cnnshape.report import table
from cnnshape.report.table import Column, Row

if TYPE_CHECKING:
    from cnnshape.analysis.budget import Budget, Largest, Setting
    from cnnshape.analysis.conventions.counting import Counted


class Extra(NamedTuple):
    """What was asked for beside the analysis."""

    counted: Counted | None = None
    budget: Budget | None = None
    largest: Largest | None = None


class Page(NamedTuple):
    """The columns of a table, and what stands below it."""

    columns: tuple[Column, ...]
    totals: list[tuple[str, str]]


def page(
    analysis: Analysis, names: Sequence[str] | None, extra: Extra, *, connections: bool
) -> Page:
    """The columns that are named, or the usual ones, and all totals that were asked for."""
    known = by_name(extra)
    if names is not None:
        shown = tuple(known[name] for name in names)
    else:
        shown = table.columns(connections=False)
        shown += (known["counted"],) if extra.counted is not None else ()
        shown += (table.CONNECTIONS,) if connections else ()
    below = table.totals(analysis, connections=connections)
    return Page(shown, [*below, *counted_lines(extra.counted), *budget_lines(extra)])


def _shapes(row: Row, analysis: Analysis) -> str:
    """What the first layer of the row reads."""
    shapes = row.layers[0].input_shapes
    return " ".join(table.UNKNOWN if shape is None else show(shape) for shape in shapes)


def _inputs(row: Row, analysis: Analysis) -> str:
    return " ".join(row.layers[0].inputs)


def _alone(text: Callable[[LayerResult], str]) -> Callable[[Row, Analysis], str]:
    """A cell of a layer; a block has none."""
    return lambda row, _: "" if row.is_block else text(row.layers[0])


def _sizes(sizes: Sequence[int] | None) -> str:
    """`3×3`, or one number where there is one axis."""
    return "" if sizes is None else "×".join(map(str, sizes))


def padding_text(layer: LayerResult) -> str:
    """`1×1`; `0,1×0,1` where before and after differ; or the name of the rule."""
    padding = layer.padding
    if padding is None or isinstance(padding, str):
        return padding or ""
    pairs = [str(a) if a == b else f"{a},{b}" for a, b in padding]
    return "×".join(pairs)


def _plain_shape(shape: Shape | None) -> str:
    return "x".join(map(str, shape or ()))


Figure = Callable[[LayerResult], int | None]


def _number(title: str, figure: Figure) -> Column:
    """A column of numbers that blocks add up; as data, the number alone."""
    return Column(title, table.summed(figure), plain=lambda layer, _: _datum(figure(layer)))


def _datum(figure: int | None) -> object:
    return "" if figure is None else size_of(figure)


def _text(
    title: str,
    cell: Callable[[Row, Analysis], str],
    plain: Callable[[LayerResult], object],
    *,
    number: bool = False,
) -> Column:
    return Column(title, cell, number, plain=lambda layer, _: plain(layer))


def _plain_share(layer: LayerResult, analysis: Analysis) -> object:
    """The part of all parameters, as a fraction."""
    total = analysis.totals.params
    if not isinstance(total, int) or not total or not layer.params:
        return ""
    return round(layer.params / total, 6)


def by_name(extra: Extra) -> dict[str, Column]:
    """Every column, by the name that `--columns` gives it."""
    plain = {column.title: column for column in table.COLUMNS}
    shares = extra.budget.layers if extra.budget is not None else {}
    found = {
        "name": plain["Layer"]._replace(plain=lambda layer, _: layer.name),
        "type": plain["Type"]._replace(plain=lambda layer, _: layer.type),
        "inputs": _text("Inputs", _inputs, lambda layer: " ".join(layer.inputs)),
        "input_shape": _text(
            "Input", _shapes, lambda layer: " ".join(map(_plain_shape, layer.input_shapes))
        ),
        "output_shape": plain["Output"]._replace(
            plain=lambda layer, _: _plain_shape(layer.output_shape)
        ),
        "kernel": _text(
            "Kernel", _alone(lambda x: _sizes(x.kernel)), lambda x: _plain_shape(x.kernel)
        ),
        "stride": _text(
            "Stride", _alone(lambda x: _sizes(x.stride)), lambda x: _plain_shape(x.stride)
        ),
        "padding": _text(
            "Padding", _alone(padding_text), lambda x: padding_text(x).replace("×", "x")
        ),
        "params": _number("Params", lambda layer: layer.params),
        "trainable": _number("Trainable", lambda layer: layer.trainable_params),
        "buffers": _number("Buffers", lambda layer: layer.buffers),
        "macs": _number("MACs", lambda layer: layer.macs),
        "flops": _number("FLOPs", lambda x: None if x.macs is None else 2 * x.macs),
        "activations": _number("Activations", lambda layer: layer.activations),
        "memory": _number("Memory", lambda x: shares[x.name].output if x.name in shares else None),
        "kept": _number("Kept", lambda x: shares[x.name].kept if x.name in shares else None),
        "receptive_field": plain["Field"]._replace(
            plain=lambda x, _: _plain_shape(x.receptive_field.size if x.receptive_field else ())
        ),
        "connections": _number("Connections", lambda layer: layer.connections),
        "share": plain["Share"]._replace(plain=_plain_share),
    }
    counted = extra.counted
    if counted is not None:
        found["counted"] = _number(counted.tool, lambda layer: counted.layers.get(layer.name))
    return found


OF_MEMORY = ("memory", "kept")
"""Columns that speak of the memory of a batch."""
COUNTED = "counted"
"""The column that `--count-like` fills."""
NAMES = (*by_name(Extra()), COUNTED)


def counted_lines(counted: Counted | None) -> list[tuple[str, str]]:
    """A tool's total, and what it leaves out."""
    if counted is None:
        return []
    tool = counted.tool
    total = f"{counted.total:,} {counted.unit}"
    if counted.also is not None:
        unit, value = counted.also
        total += f"; {value:,} {unit}"
    lines = [(f"Counted like {tool}", f"{total} ({tool} {counted.version})")]
    if counted.free:
        lines.append((f"Counted as 0 by {tool}", ", ".join(counted.free)))
    if counted.unknown:
        lines.append((f"Not counted by {tool}", f"{', '.join(counted.unknown)}: no rule is known"))
    if counted.supposed:
        taken = ", ".join(counted.supposed)
        lines.append(("Taken for functions", f"{taken}; `functional: false` says modules"))
    return lines


def _precision(setting: Setting) -> str:
    if not setting.mixed:
        return setting.dtype
    half = setting.dtype if setting.dtype != "float32" else "float16"
    return f"float32 with {half}"


def budget_lines(extra: Extra) -> list[tuple[str, str]]:
    """What a batch takes, part by part, and the largest that fits."""
    from cnnshape.analysis.claims import in_bytes

    budget = extra.budget
    if budget is None:
        return []
    setting = budget.setting
    sizes = "".join(f", {name} = {size}" for name, size in budget.sizes.items())
    fixed = [("params", budget.params), ("buffers", budget.buffers), ("copies", budget.copies)]
    trained = [
        *(*fixed, ("gradients", budget.gradients)),
        *((f"{setting.optimizer} state", budget.state), ("kept", budget.kept)),
        ("alive beside", budget.beside),
    ]
    peak = f"{in_bytes(budget.peak)} alive at {budget.peak_at}"
    passing = " · ".join(filter(None, (_parts(fixed), peak)))
    lines = [
        ("Batch", f"{setting.batch:,} in {_precision(setting)}{sizes}"),
        ("Inference", f"{in_bytes(budget.inference)}: {passing}"),
        ("Training", f"{in_bytes(budget.training)}: {_parts(trained)}"),
    ]
    if extra.largest is not None:
        memory, inference, training = extra.largest
        fits = f"training with {_samples(training)} · inference with {_samples(inference)}"
        lines.append((f"Fits {in_bytes(memory)}", fits))
    return lines


def _parts(parts: Sequence[tuple[str, int]]) -> str:
    from cnnshape.analysis.claims import in_bytes

    return " · ".join(f"{name} {in_bytes(value)}" for name, value in parts if value)


def _samples(batch: int) -> str:
    return f"a batch of {batch:,}" if batch else "no sample"
