"""Convolutions and linear maps whose weights arrive as operands: x, weight, and perhaps a bias.

They have no parameters of their own; a use of a weight is a multiply-accumulate between
activations.
"""

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Layer, PerAxis, PerAxisFrom0, PositiveInt, Shape, show
from cnnshape.layers.convolution import Conv, ConvTranspose
from cnnshape.layers.sliding import Padding
from cnnshape.window import Window

Flow = tuple[tuple[int | None, ...], ...]


class Functional(Layer):
    """A layer whose weights are operands."""

    in_files: ClassVar = False
    reads: ClassVar = "floats"
    arity: ClassVar = (2, 3)

    def check_bias(self, bias: tuple[Shape, ...], outputs: int) -> None:
        """A bias has one value an output."""
        for shape in bias:
            if shape != (outputs,):
                raise RuleError(
                    "shape-mismatch",
                    f"adds a bias of {show(shape)} to {outputs} outputs",
                    operand=2,
                    expected=[outputs],
                    found=list(shape),
                )


class FunctionalConvolution(Functional):
    """What the convolution of the same arguments gives, once the weight's shape is known."""

    convolution: ClassVar[type[Conv] | type[ConvTranspose]]

    def ranks(self) -> tuple[int, ...]:
        return ()

    def channels_of(self, weight: Shape) -> tuple[int, int]:
        """The channels that a weight reads, and those that it gives."""
        raise NotImplementedError

    def layer(self, weight: Shape) -> Any:
        """The convolution itself; its arguments are checked already, and may be formulas."""
        arguments = {name: value for name, value in self if name != "type"}
        return self.convolution.model_construct(
            type=self.type.removeprefix("functional_"),
            out_channels=self.channels_of(weight)[1],
            kernel_size=weight[2:],
            bias=False,
            **arguments,
        )

    def check(self, x: Shape, *others: Shape) -> None:
        weight, *bias = others
        axes = self.axes or 0
        for operand, shape in enumerate((x, weight)):
            if len(shape) != axes + 2:
                raise RuleError(
                    "bad-rank",
                    f"takes {axes + 2} axes, but {show(shape)} arrives",
                    operand=operand,
                    expected=axes + 2,
                    found=len(shape),
                )
        reads, gives = self.channels_of(weight)
        if reads != x[1]:
            raise RuleError(
                "shape-mismatch",
                f"reads {reads} channels with its weight {show(weight)}"
                + (f" in {vars(self)['groups']} groups" if vars(self)["groups"] != 1 else "")
                + f", but {x[1]} arrive",
                operand=1,
                expected=x[1],
                found=reads,
            )
        self.check_bias(tuple(bias), gives)
        self.layer(weight).check(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        shape: Shape = self.layer(others[0]).output_shape(x)
        return shape

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        uses = self.layer(others[0]).uses(y, x)
        return {"weight": (*others[0], uses["weight"])}

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        windows: Mapping[int, Window | None] = self.layer(others[0]).windows(x)
        return windows

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        (own,) = self.layer(others[0]).flow(y, x)
        return (own, *((None,) * len(shape) for shape in others))

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        formulas: Formulas = self.layer(others[0]).formulas(y, x)
        return formulas


class FunctionalConv(FunctionalConvolution):
    """A convolution by a weight (K, D/groups, *F) (PyTorch, functional.conv2d)."""

    kernel: ClassVar = "cnnshape.kernels.functional"
    types: ClassVar = {"functional_conv1d": 1, "functional_conv2d": 2, "functional_conv3d": 3}
    convolution: ClassVar = Conv

    stride: PerAxis = 1
    padding: Padding = 0
    dilation: PerAxis = 1
    groups: PositiveInt = 1

    def channels_of(self, weight: Shape) -> tuple[int, int]:
        return weight[1] * self.groups, weight[0]


class FunctionalConvTranspose(FunctionalConvolution):
    """A transposed convolution by a weight (D, K/groups, *F) (functional.conv_transpose2d)."""

    kernel: ClassVar = "cnnshape.kernels.functional"
    types: ClassVar = {
        "functional_conv_transpose1d": 1,
        "functional_conv_transpose2d": 2,
        "functional_conv_transpose3d": 3,
    }
    convolution: ClassVar = ConvTranspose

    stride: PerAxis = 1
    padding: PerAxisFrom0 = 0
    output_padding: PerAxisFrom0 = 0
    groups: PositiveInt = 1
    dilation: PerAxis = 1

    def channels_of(self, weight: Shape) -> tuple[int, int]:
        return weight[0], weight[1] * self.groups


class FunctionalLinear(Functional):
    """xWᵀ + b by a weight (out, in), or (in), which leaves no axis (PyTorch, functional.linear)."""

    kernel: ClassVar = "cnnshape.kernels.functional"
    types: ClassVar = {"functional_linear": None}

    def check(self, x: Shape, *others: Shape) -> None:
        weight, *bias = others
        if len(weight) not in (1, 2) or not x:
            raise RuleError(
                "bad-rank",
                f"multiplies {show(x)} by a weight of {show(weight)}, which has 1 or 2 axes",
                operand=1 if x else 0,
                expected=2,
                found=len(weight),
            )
        if x[-1] != weight[-1]:
            raise RuleError(
                "shape-mismatch",
                f"takes {weight[-1]} features with its weight {show(weight)}, but {x[-1]} arrive",
                operand=1,
                expected=x[-1],
                found=weight[-1],
            )
        if len(weight) == 2:
            self.check_bias(tuple(bias), weight[0])

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:-1], *others[0][:-1])

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (*others[0], prod(x[1:-1]))}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((*range(len(x) - 1), None), *((None,) * len(shape) for shape in others))
