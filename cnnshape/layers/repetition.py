"""Values more than once: expanded, repeated, and tensors put on one another. 0 MACs."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, Shape, show
from cnnshape.layers.axis import Axis, axis_of
from cnnshape.layers.shape import Flow
from cnnshape.layers.size import AnyExtent, AnySize
from cnnshape.window import Window


class Expand(Layer):
    """Axes of size 1 repeated to `sizes`, new ones put in front; -1 keeps (PyTorch, expand)."""

    kernel: ClassVar = "cnnshape.kernels.repetition"
    types: ClassVar = {"expand": None}
    in_files: ClassVar = False
    view: ClassVar = True

    sizes: tuple[AnyExtent, ...]

    def check(self, x: Shape, *others: Shape) -> None:
        new = len(self.sizes) - len(x)
        if new < 0:
            raise fewer("expands", self.sizes, x, "sizes")
        for axis, size in enumerate(self.sizes):
            if axis < new and size == -1:
                raise RuleError(
                    "bad-reshape",
                    f"keeps axis {axis} (-1), which {show(x)} does not have",
                    field="sizes",
                    found=-1,
                )
            if axis >= new and not (size == -1 or x[axis - new] in (size, 1)):
                raise RuleError(
                    "shape-mismatch",
                    f"expands {show(x)} to {show(self.sizes)}, but its axis {axis - new} has "
                    f"{x[axis - new]}, neither {size} nor 1",
                    field="sizes",
                    expected=x[axis - new],
                    found=size,
                )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        self.check(x)
        new = len(self.sizes) - len(x)
        return tuple(
            x[axis - new] if axis >= new and size == -1 else size
            for axis, size in enumerate(self.sizes)
        )

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        new = len(y) - len(x)
        return (tuple(a + new if y[a + new] == size else None for a, size in enumerate(x)),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return None if self.sizes[axis] == -1 else "sizes"


def fewer(does: str, sizes: Shape, x: Shape, field: str) -> RuleError:
    """Fewer sizes than axes."""
    plural = "s" * (len(sizes) != 1)
    return RuleError(
        "bad-rank",
        f"{does} {show(x)} by {len(sizes)} size{plural}, fewer than its {len(x)} axes",
        field=field,
        expected=len(x),
        found=len(sizes),
    )


class Repeat(Layer):
    """The whole put side by side, so often along each axis; new axes in front (PyTorch, repeat)."""

    kernel: ClassVar = "cnnshape.kernels.repetition"
    types: ClassVar = {"repeat": None}
    in_files: ClassVar = False

    repeats: tuple[AnySize, ...]

    def check(self, x: Shape, *others: Shape) -> None:
        if len(self.repeats) < len(x):
            raise fewer("repeats", self.repeats, x, "repeats")

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        self.check(x)
        padded = (1,) * (len(self.repeats) - len(x)) + x
        return tuple(size * times for size, times in zip(padded, self.repeats, strict=True))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        new = len(y) - len(x)
        return (tuple(a + new if y[a + new] == size else None for a, size in enumerate(x)),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "repeats"


class RepeatInterleave(Layer):
    """Each value so often in a row, along an axis or of all values (PyTorch, repeat_interleave)."""

    kernel: ClassVar = "cnnshape.kernels.repetition"
    types: ClassVar = {"repeat_interleave": None}
    in_files: ClassVar = False

    repeats: AnySize
    dim: Axis | None = None

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        if self.dim is None:
            return (prod(x) * self.repeats,)
        axis = axis_of(self.dim, x)
        return (*x[:axis], x[axis] * self.repeats, *x[axis + 1 :])

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        """Output o sees the input i with i·r <= o < (i + 1)·r."""
        if self.dim is None:
            return {}
        times = self.repeats
        return {axis_of(self.dim, x): Window(times, 1, times - 1, times)}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return (tuple(range(len(x))) if self.dim is not None else (None,) * len(x),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "repeats"


class Stack(Layer):
    """Tensors of one shape along a new axis `dim` (PyTorch, stack)."""

    kernel: ClassVar = "cnnshape.kernels.repetition"
    types: ClassVar = {"stack": None}
    in_files: ClassVar = False
    arity: ClassVar = (1, None)

    dim: Axis = 0

    def place(self, x: Shape) -> int:
        """The new axis' number."""
        return axis_of(self.dim, x, rank=len(x) + 1)

    def check(self, x: Shape, *others: Shape) -> None:
        self.place(x)
        for operand, shape in enumerate(others, 1):
            if shape != x:
                raise RuleError(
                    "shape-mismatch",
                    f"stacks {show(x)} and {show(shape)}, which differ",
                    operand=operand,
                    expected=list(x),
                    found=list(shape),
                )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        place = self.place(x)
        return (*x[:place], 1 + len(others), *x[place:])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        place = self.place(x)
        return (tuple(axis + (axis >= place) for axis in range(len(x))),) * (1 + len(others))
