"""Functions of each value, and arithmetic between tensors and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.standin.dtype import DType, bool_, float32, promoted
from cnnshape.sources.torch.standin.offer import TORCH, changing, needed, offer, tensor_of
from cnnshape.sources.torch.standin.shape import is_formula
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor, apply

FUNCTIONS = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"),
    *("erf", "erfc", "sinc", "abs", "neg", "square", "sign", "floor", "ceil", "trunc", "frac"),
)
PREDICATES = ("isnan", "isinf", "isfinite", "logical_not")
ALIASES = {
    "absolute": "abs",
    "negative": "neg",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "fix": "trunc",
    "bitwise_not": "logical_not",
}


USUALLY = {"isnan": False, "isinf": False, "isfinite": True}
"""What is taken to hold of values that are not known: code asks to stop where they are broken."""


def _all(value: bool, shape: Any) -> Any:
    import numpy as np

    return np.full(tuple(int(size) for size in shape), value)


def _function(name: str) -> Callable[..., Tensor]:
    def function(input: Tensor, *, out: Any = None) -> Tensor:
        if name == "abs" and needed(input, name).dtype.is_complex:
            from cnnshape.sources.torch.standin.functions.spectral import magnitude

            return magnitude(input)
        return apply(name, needed(input, name))

    function.__name__ = name
    return function


def _predicate(name: str) -> Callable[..., Tensor]:
    def function(input: Tensor, *, out: Any = None) -> Tensor:
        found = apply(name, needed(input, name), dtype=bool_)
        if name in USUALLY and found.recipe is None:
            usual, shape = USUALLY[name], found.shape
            found.recipe = lambda: _all(usual, shape)
        return found

    function.__name__ = name
    return function


for _name in FUNCTIONS:
    offer(f"torch.{_name}", f"Tensor.{_name}", in_place=True)(_function(_name))
for _name in PREDICATES:
    offer(f"torch.{_name}", f"Tensor.{_name}")(_predicate(_name))
for _name, _meant in ALIASES.items():
    for _place in (TORCH, METHODS):
        _place[_name] = _place[_meant]


@offer("torch.round", "Tensor.round", in_place=True)
def rounded(input: Tensor, *, decimals: int = 0) -> Tensor:
    return apply("round", input)


@offer("torch.clamp", "torch.clip", "Tensor.clamp", "Tensor.clip", in_place=True)
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        result = input if min is None else TORCH["maximum"](input, min)
        return result if max is None else TORCH["minimum"](result, max)
    return apply("clamp", input, min=min, max=max)


@offer("Tensor.clamp_min", "torch.clamp_min", in_place=True)
def clamp_min(input: Tensor, min: Any) -> Tensor:
    return clamp(input, min=min)


@offer("Tensor.clamp_max", "torch.clamp_max", in_place=True)
def clamp_max(input: Tensor, max: Any) -> Tensor:
    return clamp(input, max=max)


@offer("torch.nan_to_num", "Tensor.nan_to_num", in_place=True)
def nan_to_num(input: Tensor, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
    return apply("nan_to_num", input, nan=nan, posinf=posinf, neginf=neginf)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) or is_formula(value)


def _as_operand(value: Any, like: Tensor, symbol: str) -> Tensor | Any:
    """A tensor or a number; TypeError for anything else, as Python's for `symbol`."""
    if isinstance(value, complex):
        from cnnshape.sources.torch.standin.functions.creation import tensor

        return tensor(value)
    if isinstance(value, Tensor) or _number(value):
        return value
    if type(value).__module__ == "numpy":
        from cnnshape.sources.torch.standin.functions.creation import tensor

        return value.item() if value.ndim == 0 else tensor(value)
    what = type(value).__name__
    raise TypeError(
        f"unsupported operand type(s) for {symbol}: '{type(like).__name__}' and '{what}'"
    )


def binary(
    symbol: str, plain: str, with_number: str, of_number: str | None = None, result: Any = None
) -> Callable[[Any, Any], Tensor]:
    """An operation of two tensors, or of a tensor and a number on either side."""

    def operation(left: Any, right: Any) -> Tensor:
        if not isinstance(left, Tensor):
            one = _as_operand(left, right, symbol)
            if isinstance(one, Tensor):
                return operation(one, right)
            if of_number is None:
                return operation(right, left)
            return _with_number(of_number, right, one, result)
        other = _as_operand(right, left, symbol)
        if isinstance(other, Tensor):
            return apply(plain, left, other, dtype=result)
        return _with_number(with_number, left, other, result)

    return operation


def _with_number(type_name: str, tensor: Tensor, number: Any, dtype: DType | None) -> Tensor:
    kind = dtype
    if kind is None:
        kind = tensor.dtype
        if isinstance(number, float):
            kind = kind if kind.rank >= float32.rank else promoted(kind, float32)
        elif kind is bool_ and not isinstance(number, bool):
            from cnnshape.sources.torch.standin.dtype import int64

            kind = int64
        if type_name.startswith("divide") and kind.rank < float32.rank:
            kind = float32
    return apply(type_name, tensor, number=number, dtype=kind)


def _of_numbers(operation: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    """Subtraction, which truth values do not know."""

    def subtraction(left: Any, right: Any) -> Tensor:
        kinds = {getattr(one, "dtype", None) for one in (left, right)}
        if kinds == {bool_} or (kinds == {bool_, None} and True in (left is True, right is True)):
            raise RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the "
                "`^` or `logical_xor()` operator instead."
            )
        return operation(left, right)

    return subtraction


add_ = binary("+", "add", "add_number")
subtract_ = _of_numbers(binary("-", "subtract", "subtract_number", "subtract_of_number"))
multiply_ = binary("*", "multiply", "multiply_number")
divide_ = binary("/", "divide", "divide_number", "divide_of_number")
floor_ = binary("//", "floor_divide", "floor_divide_number", "floor_divide_of_number")
remainder_ = binary("%", "remainder", "remainder_number", "remainder_of_number")
power_ = binary("**", "power", "power_number", "power_of_number")

COMPARISONS = {
    name: binary(symbol, f"{name}", f"{name}_number", f"{mirrored}_number", bool_)
    for name, mirrored, symbol in (
        ("equal", "equal", "=="),
        ("not_equal", "not_equal", "!="),
        ("less", "greater", "<"),
        ("less_equal", "greater_equal", "<="),
        ("greater", "less", ">"),
        ("greater_equal", "less_equal", ">="),
    )
}


@offer("torch.add", "Tensor.add", in_place=True)
def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    return add_(input, other if alpha == 1 else other * alpha)


@offer("torch.sub", "torch.subtract", "Tensor.sub", "Tensor.subtract", in_place=True)
def subtract(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    return subtract_(input, other if alpha == 1 else other * alpha)


@offer("torch.rsub", "Tensor.rsub")
def reverse_subtract(input: Any, other: Any) -> Tensor:
    return subtract_(other, input)


@offer("torch.mul", "torch.multiply", "Tensor.mul", "Tensor.multiply", in_place=True)
def multiply(input: Any, other: Any, *, out: Any = None) -> Tensor:
    return multiply_(input, other)


@offer("torch.div", "torch.divide", "torch.true_divide", "Tensor.div", "Tensor.divide",
       "Tensor.true_divide", in_place=True)  # fmt: skip
def divide(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    return divide_(input, other) if rounding_mode is None else floor_(input, other)


@offer("torch.floor_divide", "Tensor.floor_divide", in_place=True)
def floor_divide(input: Any, other: Any) -> Tensor:
    return floor_(input, other)


@offer("torch.remainder", "torch.fmod", "Tensor.remainder", "Tensor.fmod", in_place=True)
def remainder(input: Any, other: Any) -> Tensor:
    return remainder_(input, other)


@offer("torch.pow", "torch.float_power", "Tensor.pow", "Tensor.float_power", in_place=True)
def power(input: Any, exponent: Any) -> Tensor:
    return power_(input, exponent)


def _compared(name: str, short: str) -> None:
    def function(input: Any, other: Any) -> Tensor:
        return COMPARISONS[name](input, other)

    names = (f"torch.{short}", f"Tensor.{short}", f"torch.{name}", f"Tensor.{name}")
    offer(*(names if name != "equal" else names[:2]), in_place=True)(function)


for _name, _short in (("equal", "eq"), ("not_equal", "ne"), ("less", "lt"), ("less_equal", "le"),
                      ("greater", "gt"), ("greater_equal", "ge")):  # fmt: skip
    _compared(_name, _short)


def _of_two(type_name: str, *names: str, dtype: DType | None = None) -> None:
    def function(input: Tensor, other: Any, *, out: Any = None) -> Tensor:
        if dtype is None and not isinstance(other, Tensor):
            what = type(other).__name__
            raise TypeError(f"{names[0]}(): argument 'other' must be Tensor, not {what}")
        return apply(type_name, input, tensor_of(other), dtype=dtype)

    offer(*(f"{place}.{name}" for name in names for place in ("torch", "Tensor")), in_place=True)(
        function
    )


_of_two("maximum", "maximum", "fmax")
_of_two("minimum", "minimum", "fmin")
_of_two("atan2", "atan2", "arctan2")
for _name in ("and", "or", "xor"):
    _of_two(f"logical_{_name}", f"logical_{_name}", dtype=bool_)


def _of_bits(word: str) -> None:
    """Of truth values these are logic; of integers they are taken for it, the shape being alike."""

    def function(input: Any, other: Any, *, out: Any = None) -> Tensor:
        one, two = tensor_of(input), tensor_of(other)
        for tensor in (one, two):
            if tensor.dtype.is_floating_point:
                kind = tensor.dtype.name.capitalize().replace("32", "").replace("64", "")
                raise NotImplementedError(f"\"bitwise_{word}_cpu\" not implemented for '{kind}'")
        return apply(f"logical_{word}", one, two, dtype=promoted(one.dtype, two.dtype))

    offer(f"torch.bitwise_{word}", f"Tensor.bitwise_{word}", in_place=True)(function)


for _name in ("and", "or", "xor"):
    _of_bits(_name)


@offer("torch.where", "Tensor.where")
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`x.where(condition, y)` has the tensor first."""
    if input is None:
        return TORCH["nonzero"](condition, as_tuple=True)
    if isinstance(input, Tensor) and condition.dtype is not bool_ and input.dtype is bool_:
        condition, input = input, condition
    if condition.dtype.name not in ("bool", "uint8"):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}"
        )
    one, two = tensor_of(input), tensor_of(other)
    return apply("where", condition, one, two, dtype=promoted(one.dtype, two.dtype))


@offer("torch.lerp", "Tensor.lerp", in_place=True)
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    if isinstance(weight, Tensor):
        return apply("lerp", input, end, weight)
    return apply("lerp", input, end, weight=weight)


@offer("torch.addcmul", "Tensor.addcmul", in_place=True)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    return apply("addcmul", input, tensor1, tensor2, value=value)


@offer("torch.addcdiv", "Tensor.addcdiv", in_place=True)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    return apply("addcdiv", input, tensor1, tensor2, value=value)


@offer("torch.masked_fill", "Tensor.masked_fill", in_place=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    if mask.dtype is not bool_:
        raise RuntimeError(f"masked_fill only supports boolean masks, but got dtype {mask.dtype}")
    number = float(value) if isinstance(value, Tensor) else value
    return apply("masked_fill", input, mask, value=number, dtype=input.dtype)


def _operator(name: str, function: Callable[[Any, Any], Any], swapped: bool = False) -> None:
    def method(self: Tensor, other: Any) -> Any:
        return function(other, self) if swapped else function(self, other)

    setattr(Tensor, name, method)


for _symbol, _op in (("add", add_), ("sub", subtract_), ("mul", multiply_), ("truediv", divide_),
                     ("floordiv", floor_), ("mod", remainder_), ("pow", power_)):  # fmt: skip
    _operator(f"__{_symbol}__", _op)
    _operator(f"__r{_symbol}__", _op, swapped=True)
    setattr(Tensor, f"__i{_symbol}__", changing(_op))
for _symbol, _name in (("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
                       ("ge", "greater_equal")):  # fmt: skip
    _operator(f"__{_symbol}__", COMPARISONS[_name])


def _shifted(operation: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    """A shift of bits: a product, or a quotient, with a power of two."""
    return lambda one, two: operation(one, 2**two)


for _symbol in ("and", "or", "xor"):
    _operator(f"__{_symbol}__", TORCH[f"bitwise_{_symbol}"])
    _operator(f"__r{_symbol}__", TORCH[f"bitwise_{_symbol}"])
for _symbol, _op in (("lshift", multiply_), ("rshift", floor_)):  # by powers of two
    _operator(f"__{_symbol}__", _shifted(_op))


def _negative(self: Tensor) -> Tensor:
    if self.dtype is bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return apply("neg", self)


METHODS_OF_OPERATORS = {
    "__neg__": _negative,
    "__pos__": lambda self: self,
    "__abs__": TORCH["abs"],
    "__invert__": lambda self: apply("logical_not", self, dtype=self.dtype),
    "__eq__": lambda self, other: _equal(self, other, "equal"),
    "__ne__": lambda self, other: _equal(self, other, "not_equal"),
}
for _name, _method in METHODS_OF_OPERATORS.items():
    setattr(Tensor, _name, _method)


def _equal(left: Tensor, right: Any, name: str) -> Any:
    if right is None or isinstance(right, str | tuple | list | dict):
        return name == "not_equal"
    return COMPARISONS[name](left, right)
