"""Activations along one axis: softmax, and gated linear units. No parameters, 0 MACs."""

from typing import ClassVar, Literal

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Kept, Layer, Shape, show
from cnnshape.layers.axis import Axis, axis_of


class Softmax(Layer):
    """exp(x)/Σ exp(x) along an axis, by default the channels, or its logarithm.

    (PyTorch, Softmax, LogSoftmax.)
    """

    kernel: ClassVar = "cnnshape.kernels.softmax"
    types: ClassVar = {"softmax": None, "log_softmax": None}
    torch: ClassVar = ("Softmax", "LogSoftmax")
    channel_dim: ClassVar = "dim"

    dim: Axis | None = None

    @property
    def meaning(self) -> Literal["probabilities", "logarithms"]:
        return "logarithms" if self.type == "log_softmax" else "probabilities"

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept(output=True)

    def check(self, x: Shape, *others: Shape) -> None:
        if self.dim is not None:
            axis_of(self.dim, x)


class GLU(Layer):
    """a·σ(b), a and b being the halves of an axis, by default the last.

    (Dauphin et al. 2017; PyTorch, GLU.)
    """

    kernel: ClassVar = "cnnshape.kernels.softmax"
    types: ClassVar = {"glu": None}
    torch: ClassVar = ("GLU",)

    dim: Axis = -1

    def check(self, x: Shape, *others: Shape) -> None:
        axis = axis_of(self.dim, x)
        if x[axis] % 2:
            raise RuleError(
                "bad-reshape",
                f"halves axis {axis} of {show(x)}, but its size {x[axis]} is odd",
                field="dim" if "dim" in self.model_fields_set else None,
                found=x[axis],
                help="give it an even number of values, two for each that leaves",
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        axis = axis_of(self.dim, x)
        return (*x[:axis], x[axis] // 2, *x[axis + 1 :])

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        axis = axis_of(self.dim, x)
        return [(f"axis {axis}", f"{x[axis]}/2 = {y[axis]}")]
