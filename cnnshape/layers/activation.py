"""Activations, value by value. No parameters but PReLU's, 0 MACs."""

from math import prod
from typing import ClassVar, Literal

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Kept, Layer, PositiveInt, Real, Shape

BY_OUTPUT = ("relu", "sigmoid", "tanh")
"""Activations whose gradient follows from what they gave."""
CLONED = ("relu6", "hardtanh", "silu", "mish", "hardswish", "hardsigmoid")
"""Activations that in place need what they overwrite, so that PyTorch copies it."""


class Pointwise(Layer):
    """A function of each value."""

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its output where that is enough, or where it has taken the input's place."""
        if self.type in BY_OUTPUT:
            return Kept(output=True)
        if not vars(self).get("inplace"):
            return Kept(inputs=True)
        return Kept(values=prod(x)) if self.type in CLONED else Kept(output=True)


class Activation(Pointwise):
    """A function of each value, in place or not (PyTorch, ReLU, ReLU6, SELU, SiLU, Mish, …)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
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


class PlainActivation(Pointwise):
    """A function of each value without arguments (PyTorch, Sigmoid, Tanh, Softsign)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
    types: ClassVar = {"sigmoid": None, "tanh": None, "softsign": None}
    torch: ClassVar = ("Sigmoid", "Tanh", "Softsign")

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Softsign is a quotient, which keeps its denominator too."""
        found = super().keeps(y, x)
        return found._replace(values=prod(x)) if self.type == "softsign" else found


class Identity(Layer):
    """The input as it is (PyTorch, Identity)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
    types: ClassVar = {"identity": None}
    torch: ClassVar = ("Identity",)
    view: ClassVar = True


class LeakyReLU(Pointwise):
    """x, or negative_slope·x below 0 (Maas et al. 2013; PyTorch, LeakyReLU)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
    types: ClassVar = {"leaky_relu": None}
    torch: ClassVar = ("LeakyReLU",)

    negative_slope: Real = 0.01
    inplace: bool = False


class PReLU(Pointwise):
    """x, or a·x below 0, `a` being trained, one for all or one a channel.

    (He et al. 2015; PyTorch, PReLU.)
    """

    kernel: ClassVar = "cnnshape.kernels.activation"
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
                choices=(x[1], 1),
                help=f"write `num_parameters: {x[1]}`, or 1 for all channels",
            )

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (self.num_parameters,)}


class ELU(Pointwise):
    """x, or α(exp(x) - 1) below 0; CELU α(exp(x/α) - 1) (Clevert et al. 2016; PyTorch, ELU)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
    types: ClassVar = {"elu": None, "celu": None}
    torch: ClassVar = ("ELU", "CELU")

    alpha: Real = 1.0
    inplace: bool = False


class GELU(Pointwise):
    """x·Φ(x), or its approximation by tanh (Hendrycks and Gimpel 2016; PyTorch, GELU)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
    types: ClassVar = {"gelu": None}
    torch: ClassVar = ("GELU",)

    approximate: Literal["none", "tanh"] = "none"


class Hardtanh(Pointwise):
    """x, no less than min_val and no more than max_val (PyTorch, Hardtanh)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
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


class Softplus(Pointwise):
    """log(1 + exp(βx))/β, linear above the threshold (PyTorch, Softplus)."""

    kernel: ClassVar = "cnnshape.kernels.activation"
    types: ClassVar = {"softplus": None}
    torch: ClassVar = ("Softplus",)

    beta: Real = 1.0
    threshold: Real = 20.0
