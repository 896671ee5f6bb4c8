"""Activations: value by value, or along one axis. No parameters but PReLU's, 0 MACs."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import LARGEST, Formulas, Layer, PositiveInt, Real, Shape, show

Axis = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]


class Activation(Layer):
    """A function of each value, in place or not (PyTorch, ReLU, ReLU6, SELU, SiLU, Mish, …)."""

    types: ClassVar = {
        "relu": None,
        "relu6": None,
        "selu": None,
        "silu": None,
        "mish": None,
        "hardswish": None,
        "hardsigmoid": None,
    }
    torch: ClassVar = ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid")

    inplace: bool = False


class PlainActivation(Layer):
    """A function of each value without arguments (PyTorch, Sigmoid, Tanh, Softsign)."""

    types: ClassVar = {"sigmoid": None, "tanh": None, "softsign": None}
    torch: ClassVar = ("Sigmoid", "Tanh", "Softsign")


class Identity(Layer):
    """The input as it is (PyTorch, Identity)."""

    types: ClassVar = {"identity": None}
    torch: ClassVar = ("Identity",)
    view: ClassVar = True


class LeakyReLU(Layer):
    """x, or negative_slope·x below 0 (Maas et al. 2013; PyTorch, LeakyReLU)."""

    types: ClassVar = {"leaky_relu": None}
    torch: ClassVar = ("LeakyReLU",)

    negative_slope: Real = 0.01
    inplace: bool = False


class PReLU(Layer):
    """x, or a·x below 0, `a` being trained, one for all or one a channel.

    (He et al. 2015; PyTorch, PReLU.)
    """

    types: ClassVar = {"prelu": None}
    torch: ClassVar = ("PReLU",)
    channels: ClassVar = True

    num_parameters: PositiveInt = 1
    init: Real = 0.25

    def check(self, x: Shape, *others: Shape) -> None:
        if self.num_parameters not in (1, x[1]):
            raise RuleError(
                "size-mismatch",
                f"has {self.num_parameters} slopes, but {x[1]} channels arrive",
                field="num_parameters",
                expected=x[1],
                found=self.num_parameters,
                help=f"write `num_parameters: {x[1]}`, or 1 for all channels",
            )

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (self.num_parameters,)}


class ELU(Layer):
    """x, or α(exp(x) - 1) below 0; CELU α(exp(x/α) - 1) (Clevert et al. 2016; PyTorch, ELU)."""

    types: ClassVar = {"elu": None, "celu": None}
    torch: ClassVar = ("ELU", "CELU")

    alpha: Real = 1.0
    inplace: bool = False


class GELU(Layer):
    """x·Φ(x), or its approximation by tanh (Hendrycks and Gimpel 2016; PyTorch, GELU)."""

    types: ClassVar = {"gelu": None}
    torch: ClassVar = ("GELU",)

    approximate: Literal["none", "tanh"] = "none"


class Hardtanh(Layer):
    """x, no less than min_val and no more than max_val (PyTorch, Hardtanh)."""

    types: ClassVar = {"hardtanh": None}
    torch: ClassVar = ("Hardtanh",)

    min_val: Real = -1.0
    max_val: Real = 1.0
    inplace: bool = False

    def check(self, x: Shape, *others: Shape) -> None:
        if self.max_val <= self.min_val:
            raise RuleError(
                "invalid-value",
                f"has a max_val of {self.max_val}, not above its min_val of {self.min_val}",
                field="max_val",
                found=self.max_val,
            )


class Softplus(Layer):
    """log(1 + exp(βx))/β, linear above the threshold (PyTorch, Softplus)."""

    types: ClassVar = {"softplus": None}
    torch: ClassVar = ("Softplus",)

    beta: Real = 1.0
    threshold: Real = 20.0


class Softmax(Layer):
    """exp(x)/Σ exp(x) along an axis, by default the channels, or its logarithm.

    (PyTorch, Softmax, LogSoftmax.)
    """

    types: ClassVar = {"softmax": None, "log_softmax": None}
    torch: ClassVar = ("Softmax", "LogSoftmax")
    channel_dim: ClassVar = "dim"

    dim: Axis | None = None

    def check(self, x: Shape, *others: Shape) -> None:
        if self.dim is not None:
            axis_of(self.dim, x)


class GLU(Layer):
    """a·σ(b), a and b being the halves of an axis, by default the last.

    (Dauphin et al. 2017; PyTorch, GLU.)
    """

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


def axis_of(dim: int, x: Shape, *, field: str = "dim", rank: int | None = None) -> int:
    """An axis' number counted from the front; the batch is axis 0, -1 the last.

    `rank` is the number of axes to count in, by default those of `x`.
    """
    axes = len(x) if rank is None else rank
    if not -axes <= dim < axes:
        raise RuleError(
            "bad-rank",
            f"names axis {dim}, but {show(x)} has axes {-axes} to {axes - 1}",
            field=field,
            found=dim,
        )
    return dim % axes
