"""What joins several tensors value by value, beside the sums and products of `merge`."""

from typing import ClassVar

from cnnshape.layer import Kind
from cnnshape.layers.merge import Elementwise
from cnnshape.layers.size import Number


class Joined(Elementwise):
    """A function of the values at one place; shapes are broadcast (PyTorch)."""

    in_files: ClassVar = False


class Arithmetic(Joined):
    """Two operands: a/b, floor(a/b), a - b·floor(a/b), aᵇ, the smaller, the angle of (b, a).

    (PyTorch, div, floor_divide, remainder, pow, minimum, atan2.)
    """

    kernel: ClassVar = "cnnshape.kernels.broadcast"
    types: ClassVar = dict.fromkeys(
        ("divide", "floor_divide", "remainder", "power", "minimum", "atan2")
    )
    arity: ClassVar = (2, 2)

    @property
    def gives(self) -> Kind:
        return "floats" if self.type in ("divide", "atan2") else "same"


class Compare(Joined):
    """Whether a and b are equal, a is less, both are true, … (PyTorch, eq, lt, logical_and, …)."""

    kernel: ClassVar = "cnnshape.kernels.broadcast"
    types: ClassVar = dict.fromkeys(
        (
            *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
            *("logical_and", "logical_or", "logical_xor"),
        )
    )
    arity: ClassVar = (2, 2)

    @property
    def gives(self) -> Kind:
        return "integers"


class Where(Joined):
    """a where the condition holds, elsewhere b; operands: condition, a, b (PyTorch, where)."""

    kernel: ClassVar = "cnnshape.kernels.broadcast"
    types: ClassVar = {"where": None}
    arity: ClassVar = (3, 3)


class MaskedFill(Joined):
    """x, or `value` where the mask holds; operands: x, mask (PyTorch, masked_fill)."""

    kernel: ClassVar = "cnnshape.kernels.broadcast"
    types: ClassVar = {"masked_fill": None}
    arity: ClassVar = (2, 2)

    value: Number


class Lerp(Joined):
    """start + weight·(end - start), the weight a number or the third operand (PyTorch, lerp)."""

    kernel: ClassVar = "cnnshape.kernels.broadcast"
    types: ClassVar = {"lerp": None}
    arity: ClassVar = (2, 3)

    weight: Number | None = None


class AddProduct(Joined):
    """x + value·a·b, or x + value·a/b; operands: x, a, b (PyTorch, addcmul, addcdiv)."""

    kernel: ClassVar = "cnnshape.kernels.broadcast"
    types: ClassVar = {"addcmul": None, "addcdiv": None}
    arity: ClassVar = (3, 3)

    value: Number = 1
