"""Functions of each value by itself. No parameters, 0 MACs."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.graph import DTYPE_BYTES, is_integer
from cnnshape.layer import Kept, Kind, Layer, Real, Shape
from cnnshape.layers.size import Number


def _known(dtype: str) -> str:
    if dtype not in DTYPE_BYTES:
        raise PydanticCustomError("dtype", f"must be one of {', '.join(DTYPE_BYTES)}")
    return dtype


Dtype = Annotated[str, AfterValidator(_known), WithJsonSchema({"enum": list(DTYPE_BYTES)})]


class Pointwise(Layer):
    """A function of each value."""

    in_files: ClassVar = False


class Function(Pointwise):
    """A function of each value without arguments, which gives floats (PyTorch, exp, log, …)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = dict.fromkeys(
        (
            *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt"),
            *("reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh"),
            *("acosh", "atanh", "erf", "erfc", "sinc"),
        )
    )

    @property
    def gives(self) -> Kind:
        return "floats"


class KeptFunction(Pointwise):
    """A function that gives integers for integers (PyTorch, abs, neg, round, …)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = dict.fromkeys(
        ("abs", "neg", "square", "sign", "floor", "ceil", "round", "trunc", "frac")
    )


class Predicate(Pointwise):
    """Whether each value is one of a kind (PyTorch, isnan, isinf, isfinite, logical_not)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = dict.fromkeys(("isnan", "isinf", "isfinite", "logical_not"))

    @property
    def gives(self) -> Kind:
        return "integers"


class Shrink(Pointwise):
    """log σ(x), or x - tanh(x) (PyTorch, LogSigmoid, Tanhshrink)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    reads: ClassVar = "floats"
    types: ClassVar = dict.fromkeys(("logsigmoid", "tanhshrink"))
    torch: ClassVar = ("LogSigmoid", "Tanhshrink")


class BoundedShrink(Pointwise):
    """0 where |x| <= lambd; elsewhere x, or with `softshrink` x less or plus lambd.

    (PyTorch, Hardshrink, Softshrink.)
    """

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    reads: ClassVar = "floats"
    types: ClassVar = dict.fromkeys(("hardshrink", "softshrink"))
    torch: ClassVar = ("Hardshrink", "Softshrink")

    lambd: Real = 0.5

    def check(self, x: Shape, *others: Shape) -> None:
        if self.type == "softshrink" and self.lambd < 0:
            raise RuleError(
                "invalid-value",
                f"has a lambd of {self.lambd:g}, below 0",
                field="lambd",
                found=self.lambd,
            )


class Threshold(Pointwise):
    """x where it is above the threshold, elsewhere `value` (PyTorch, Threshold)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = {"threshold": None}
    torch: ClassVar = ("Threshold",)

    threshold: Real
    value: Real
    inplace: bool = False


class Clamp(Pointwise):
    """x, no less than `min` and no more than `max` (PyTorch, clamp)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = {"clamp": None}

    min: Number | None = None
    max: Number | None = None

    def check(self, x: Shape, *others: Shape) -> None:
        if self.min is None and self.max is None:
            raise RuleError("invalid-value", "needs one of `min` and `max`", help="give a bound")

    @property
    def gives(self) -> Kind:
        return "floats" if isinstance(self.min, float) or isinstance(self.max, float) else "same"


class NanToNum(Pointwise):
    """Numbers in the place of what is none, and of infinities (PyTorch, nan_to_num)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = {"nan_to_num": None}

    nan: Real | None = None
    posinf: Real | None = None
    neginf: Real | None = None


class Cast(Pointwise):
    """The values as another kind of number (PyTorch, Tensor.to)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = {"cast": None}

    dtype: Dtype

    @property
    def gives(self) -> Kind:
        return "integers" if is_integer(self.dtype) else "floats"


class WithNumber(Pointwise):
    """Arithmetic of each value with a number: x + number, number - x, …

    `…_number` has the number on the right, `…_of_number` on the left (PyTorch, add, …).
    """

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = dict.fromkeys(
        (
            *("add_number", "subtract_number", "subtract_of_number", "multiply_number"),
            *("divide_number", "divide_of_number", "floor_divide_number"),
            *("floor_divide_of_number", "remainder_number", "remainder_of_number"),
            *("power_number", "power_of_number"),
        )
    )

    number: Number

    @property
    def gives(self) -> Kind:
        truly = self.type in ("divide_number", "divide_of_number")
        return "floats" if truly or isinstance(self.number, float) else "same"

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Nothing where the slope is a number."""
        linear = self.type.startswith(("add", "subtract", "multiply", "divide_number"))
        return Kept() if linear else Kept(inputs=True)


class CompareNumber(Pointwise):
    """Whether each value is equal to a number, less than it, … (PyTorch, eq, lt, …)."""

    kernel: ClassVar = "cnnshape.kernels.pointwise"
    types: ClassVar = dict.fromkeys(
        (
            *("equal_number", "not_equal_number", "less_number", "less_equal_number"),
            *("greater_number", "greater_equal_number"),
        )
    )

    number: Number

    @property
    def gives(self) -> Kind:
        return "integers"

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        return Kept()
