"""How a tensor lies in memory: a view of one whose axes were exchanged may be none.

Steps (strides) are kept where a tensor's differ from those of its axes in their order; None says
that they do not (PyTorch, tensor views; checked against PyTorch's `stride()`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnshape.sources.torch.standin.tensor import Tensor

Steps = tuple[Any, ...]


def in_order(shape: Sequence[Any]) -> Steps:
    """The steps of a tensor whose last axis lies closest together."""
    steps: list[Any] = []
    step: Any = 1
    for size in reversed(shape):
        steps.insert(0, step)
        step = step * size
    return tuple(steps)


def steps_of(tensor: Tensor) -> Steps:
    """A tensor's steps along its axes."""
    return in_order(tensor.shape) if tensor.steps is None else tensor.steps


def kept(shape: Sequence[Any], steps: Steps) -> Steps | None:
    """The steps, or None where they are those of axes in order; axes of size 1 do not count.

    Formulas are looked at as they are: where they are equal at some sizes alone, the steps stay.
    """
    usual = in_order(shape)
    same = all(
        (type(size) is int and size == 1) or _alike(a, b)
        for size, a, b in zip(shape, steps, usual, strict=True)
    )
    return None if same else steps


def _alike(one: Any, other: Any) -> bool:
    """Whether two steps are the same for all sizes, no size being asked for."""
    if type(one) is int or type(other) is int:
        return type(one) is type(other) and bool(one == other)
    return one.sum is other.sum and bool(one.constant == other.constant)


def viewed(shape: Sequence[Any], steps: Steps, wanted: Sequence[Any]) -> Steps | None:
    """The steps of a view in another shape; None where there is none without a copy."""
    if any(size == 0 for size in shape):
        return in_order(wanted)
    if not shape:
        return (1,) * len(wanted)
    found: list[Any] = [1] * len(wanted)
    place = len(wanted) - 1
    base, values, seen = steps[-1], 1, 1
    for axis in reversed(range(len(shape))):
        values = values * shape[axis]
        ends = axis == 0 or (shape[axis - 1] != 1 and steps[axis - 1] != values * base)
        if not ends:
            continue
        while place >= 0 and ((seen != values and _fits(seen, values)) or wanted[place] == 1):
            found[place] = seen * base
            seen = seen * wanted[place]
            place -= 1
        if seen != values:
            return None
        if axis > 0:
            base, values, seen = steps[axis - 1], 1, 1
    return tuple(found) if place < 0 else None


def _fits(seen: Any, values: Any) -> bool:
    return bool(seen < values)


def reordered(shape: Sequence[Any], order: Sequence[int]) -> Steps:
    """The steps of a tensor made with its axes in another order: `order` from far to close."""
    steps: list[Any] = [1] * len(shape)
    step: Any = 1
    for axis in reversed(order):
        steps[axis] = step
        step = step * shape[axis]
    return tuple(steps)


def order_of(shape: Sequence[Any], steps: Steps) -> list[int] | None:
    """The axes from far to close, where the tensor is a dense one with its axes exchanged."""
    import functools

    def farther(a: int, b: int) -> int:
        if steps[a] == steps[b]:
            return a - b
        return -1 if steps[a] > steps[b] else 1

    order = sorted(range(len(shape)), key=functools.cmp_to_key(farther))
    usual = reordered(shape, order)
    dense = all(a == b or size == 1 for size, a, b in zip(shape, steps, usual, strict=True))
    return order if dense else None


CHANNELS_LAST = (
    *("conv2d", "conv3d", "conv_transpose2d", "functional_conv2d", "batch_norm", "batch_norm2d"),
    *("batch_norm3d", "group_norm", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"),
    *("adaptive_max_pool2d", "upsample", "pad", "zero_pad2d", "reflection_pad2d"),
    "constant_pad2d",
)
PRESERVING = ("activation", "pointwise", "regularisation", "merge", "broadcast")
KEEPS = ("normalize", "sort", "flip", "average")
COPIES = ("masked_fill", "concat", "matmul", "glu")
REORDERING = ("permute", "transpose", "movedim")
SEQUENCES = ("lstm", "gru", "rnn")


def lay_out(
    type_name: str, layer: Any, operands: Sequence[Tensor], shape: Sequence[Any]
) -> Steps | None:
    """The steps of what an operation gives; None: its axes lie in order."""
    if type_name in SEQUENCES:
        return kept(shape, reordered(shape, (1, 0, 2))) if layer.batch_first else None
    if type_name == "einsum":
        return _einsum(layer.equation, operands, shape)
    if type_name == "multihead_attention":  # works on (L, N, E)
        return kept(shape, reordered(shape, (1, 0, 2))) if layer.batch_first else None
    if not operands or (all(one.steps is None for one in operands) and type_name not in VIEWS):
        return None
    x = operands[0]
    if type_name in VIEWS:
        return _view(type_name, layer, x, shape)
    if type_name in CHANNELS_LAST:
        return _channels_last(x, shape)
    family = type(layer).__module__.rpartition(".")[2]
    if type_name == "glu":
        order = order_of(x.shape, steps_of(x))
        return kept(shape, reordered(shape, order)) if order else None
    if type_name == "scaled_dot_product_attention":
        return like((x,), shape)
    if (family in PRESERVING and type_name not in COPIES) or type_name in KEEPS:
        return like(operands, shape)
    return None


VIEWS = (
    *REORDERING,
    *("unfold_axis", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "index"),
    "identity",
)


def like(operands: Sequence[Tensor], shape: Sequence[Any]) -> Steps | None:
    """In the order of the first operand that has the output's shape."""
    for one in operands:
        if one.steps is None and tuple(one.shape) == tuple(shape):
            return None
        if tuple(one.shape) == tuple(shape):
            order = order_of(one.shape, steps_of(one))
            return kept(shape, reordered(shape, order)) if order else None
    return None


def _channels_last(x: Tensor, shape: Sequence[Any]) -> Steps | None:
    """(N, *spatial, C) in memory stays so."""
    rank = len(x.shape)
    if rank < 4 or len(shape) != rank or x.steps is None:
        return None
    order = (0, *range(2, rank), 1)
    same = kept(x.shape, x.steps) == kept(x.shape, reordered(x.shape, order))
    return kept(shape, reordered(shape, order)) if same else None


def _view(type_name: str, layer: Any, x: Tensor, shape: Sequence[Any]) -> Steps | None:
    steps, sizes = steps_of(x), tuple(x.shape)
    if type_name in REORDERING:
        return kept(shape, tuple(steps[axis] for axis in layer.order(sizes)))
    if type_name == "identity":
        return x.steps
    if type_name == "unfold_axis":
        place = layer.dimension % max(len(sizes), 1)
        moved = [s * layer.step if axis == place else s for axis, s in enumerate(steps)]
        return kept(shape, (*moved, steps[place] if steps else 1))
    if type_name == "squeeze":
        dropped = layer.dropped(sizes)
        return kept(shape, tuple(s for axis, s in enumerate(steps) if axis not in dropped))
    if type_name == "unsqueeze":
        place = layer.place(sizes)
        return kept(shape, (*steps[:place], 1, *steps[place:]))
    if type_name == "expand":
        new = len(shape) - len(sizes)
        own = [0 if sizes[a] == 1 and shape[a + new] != 1 else s for a, s in enumerate(steps)]
        return kept(shape, (*[0] * new, *own))
    if type_name == "index":
        return kept(shape, _indexed(layer, sizes, steps))
    if x.steps is None:
        return None
    found = viewed(sizes, steps, shape)
    return None if found is None else kept(shape, found)


def _indexed(layer: Any, sizes: tuple[Any, ...], steps: Steps) -> Steps:
    return tuple(
        1 if part.axis is None else steps[part.axis] * part.step for part in layer.kept(sizes)
    )


def _einsum(equation: str, operands: Sequence[Tensor], shape: Sequence[Any]) -> Steps | None:
    """Axes of both operands, then of one and of the other, each as the output has them.

    Of which one first: of the one whose axes all stand before the other's in the output.
    """
    left, _, output = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    if not output or "." in equation:
        return None
    if len(parts) == 1:
        same = sorted(parts[0]) == sorted(output) and len({*output}) == len(output)
        steps = steps_of(operands[0])
        return kept(shape, tuple(steps[parts[0].index(axis)] for axis in output)) if same else None
    if len(parts) != 2:
        return None
    one, other = parts
    both = [axis for axis in output if axis in one and axis in other]
    mine = [axis for axis in output if axis in one and axis not in other]
    theirs = [axis for axis in output if axis not in one]
    if mine and theirs and output.index(mine[0]) > output.index(theirs[-1]):
        mine, theirs = theirs, mine
    natural = [*both, *mine, *theirs]
    return kept(shape, reordered(shape, [output.index(axis) for axis in natural]))
