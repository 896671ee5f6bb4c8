"""What a fault may add when it hangs on the input's size: the sizes for which the model works."""

from __future__ import annotations

from math import prod

from cnnshape.analysis.sizes.accepted import AcceptedInputs, accepted_inputs
from cnnshape.analysis.sizes.explore import Path
from cnnshape.analysis.sizes.region import Box
from cnnshape.analysis.sizes.words import in_order, is_square, region_in_words
from cnnshape.analysis.walk import Applied, Fault, Walk
from cnnshape.diagnostics import Diagnostic
from cnnshape.dim import Dim
from cnnshape.graph import Graph, Node
from cnnshape.layer import Shape

MOST_LAYERS = 2_000
"""Larger networks are not searched for the sizes that they would take."""


def with_remedies(graph: Graph, taken: Walk, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics, those that hang on the input's size with the sizes that would do."""
    if len(graph.nodes) > MOST_LAYERS or any(node.layer is None for node in graph.nodes):
        return diagnostics
    told = [_padded(taken, item) for item in diagnostics]
    found = accepted_inputs(graph)
    node = _hanging(found)
    if node is None:
        return told
    faults = {fault.node.name: fault for fault in reversed(taken.faults)}
    return [
        _sized(found, item, faults[node.name]) if item.layer == node.name else item for item in told
    ]


def _hanging(found: AcceptedInputs) -> Node | None:
    """The first layer at fault, where its rule asked for a size of the input."""
    path: Path | None = next(iter(found.exploration.paths), None)
    if path is None or path.accepted:
        return None
    fault = path.walk.faults[0]
    if fault.declared is not None and len(fault.x[fault.operand]) > 2:
        return None  # a size that happens to be what another axis should have
    numbers = (fault.arrived, fault.error.expected, fault.error.found)
    asked = any(cause is fault.node for cause in path.recording.causes.values())
    return fault.node if asked or any(isinstance(size, Dim) for size in numbers) else None


def _sized(found: AcceptedInputs, item: Diagnostic, fault: Fault) -> Diagnostic:
    """One diagnostic with the input sizes that the whole model accepts."""
    if not found.exact or any(part.relations for part in found.parts):
        return item
    if not found.region:
        return item._replace(notes=(*item.notes, "no input size works"))
    factors = _factors(found, fault)
    square = not any(is_square(box) for box in found.region.boxes)
    note = f"works for {_sides(found)}{', for no square input' * square}"
    return item._replace(notes=(*item.notes, note + (f": {factors}" if factors else "")))


def _sides(found: AcceptedInputs) -> str:
    """The accepted sizes; two that differ by the order of the sides alone are told once."""
    boxes = in_order(found.region)
    mirrored = len(boxes) == 2 and len(found.names) == 2 and boxes[0] == boxes[1][::-1]
    if mirrored and all(sizes.is_finite for sizes in boxes[0]):
        one, other = (_span(boxes[0], axis) for axis in (0, 1))
        return f"one side {one}, the other {other}"
    return region_in_words(found.region, found.names, 3)


def _span(box: Box, axis: int) -> str:
    members = list(box[axis].members())
    if members[-1] - members[0] == len(members) - 1 > 0:
        return f"{members[0]} to {members[-1]}"
    return ", ".join(map(str, members[:8]))


def _factors(found: AcceptedInputs, fault: Fault) -> str | None:
    """`100 = 20·1·5`: how the declared number arises at the smallest accepted size."""
    path = found.main
    source = path.walk.applied.get(fault.node.inputs[0]) if path else None
    if fault.declared is None or source is None or found.smallest is None:
        return None
    shape = [
        size.value(found.smallest) if isinstance(size, Dim) else size for size in source.x[0][1:]
    ]
    if prod(shape) != fault.declared or len(shape) < 2:
        return None
    return f"{fault.declared} = {'·'.join(map(str, shape))} from {_cross(found)}"


def _cross(found: AcceptedInputs) -> str:
    return "×".join(map(str, (found.smallest or {}).values()))


def _padded(taken: Walk, item: Diagnostic) -> Diagnostic:
    """A clash of spatial sizes with the padding that would mend the branch at fault."""
    fault = next((fault for fault in taken.faults if fault.node.name == item.layer), None)
    if fault is None or item.rule != "shape-mismatch" or not fault.error.operand or not item.help:
        return item
    operands = (0, fault.error.operand)
    sides = [taken.shapes.get(fault.node.inputs[operand]) for operand in operands]
    if None in sides or len({len(side or ()) for side in sides}) != 1:
        return item
    one, other = fault.x[0], fault.x[fault.error.operand]
    if len(one) < 3 or one[2:] == other[2:]:
        return item
    smaller = 0 if all(a <= b for a, b in zip(one[2:], other[2:], strict=True)) else operands[1]
    wanted = fault.x[operands[1] if smaller == 0 else 0]
    text = _padding(taken, fault.node.inputs[smaller], fault.x[smaller], wanted)
    return item if text is None else item._replace(help=f"{item.help}; or {text}")


def _padding(taken: Walk, name: str, given: Shape, wanted: Shape) -> str | None:
    """The padding by which a branch keeps, or gets, the wanted spatial size."""
    at_fault = _unpadded(taken, name, given, wanted)
    if at_fault is not None:
        return at_fault
    missing = [b - a for a, b in zip(given[2:], wanted[2:], strict=True)]
    few = all(0 <= 4 * more < side for more, side in zip(missing, wanted[2:], strict=True))
    if not few or len(missing) > 3:
        return None
    pads = ", ".join(f"0, {more}" for more in reversed(missing))
    return f"put a `zero_pad{len(missing)}d` with `padding: [{pads}]` behind `{name}`"


def _unpadded(taken: Walk, name: str, given: Shape, wanted: Shape) -> str | None:
    """A layer of the branch that would keep the wanted size if it padded by half its kernel."""
    applied: Applied | None = taken.applied.get(name)
    while applied is not None and len(applied.y) == len(given) and applied.y[2:] == given[2:]:
        x = applied.x[0]
        if x[2:] == wanted[2:] and "padding" in type(applied.layer).model_fields:
            windows = applied.layer.windows(*applied.x).values()
            pads = {window.extent // 2 for window in windows if window and window.step == 1}
            odd = all(window and window.extent % 2 for window in windows)
            if len(pads) == 1 and odd:
                return f"write `padding: {pads.pop()}` in `{applied.node.name}`"
        applied = taken.applied.get(applied.node.inputs[0])
    return None
