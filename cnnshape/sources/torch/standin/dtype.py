"""What `torch` calls dtypes, devices and layouts."""

from __future__ import annotations

from typing import Any


class DType:
    """A kind of number; `torch.float32`."""

    def __init__(self, name: str, rank: int, bits: int) -> None:
        self.name = name
        self.rank = rank
        """Bool, integers, floats, complex numbers: the higher of two is what both become."""
        self.bits = bits

    @property
    def is_floating_point(self) -> bool:
        return self.rank == 2

    @property
    def is_complex(self) -> bool:
        return self.rank == 3

    @property
    def is_signed(self) -> bool:
        return self.rank > 0 and self.name != "uint8"

    @property
    def itemsize(self) -> int:
        return max(self.bits // 8, 1)

    def to_real(self) -> DType:
        return float32 if self.is_complex else self

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> Any:
        return _named, (self.name,)


float64 = DType("float64", 2, 64)
float32 = DType("float32", 2, 32)
float16 = DType("float16", 2, 16)
bfloat16 = DType("bfloat16", 2, 16)
int64 = DType("int64", 1, 64)
int32 = DType("int32", 1, 32)
int16 = DType("int16", 1, 16)
int8 = DType("int8", 1, 8)
uint8 = DType("uint8", 1, 8)
bool_ = DType("bool", 0, 8)
complex64 = DType("complex64", 3, 64)
complex128 = DType("complex128", 3, 128)

NAMES: dict[str, DType] = {
    "float64": float64,
    "double": float64,
    "float32": float32,
    "float": float32,
    "float16": float16,
    "half": float16,
    "bfloat16": bfloat16,
    "int64": int64,
    "long": int64,
    "int32": int32,
    "int": int32,
    "int16": int16,
    "short": int16,
    "int8": int8,
    "uint8": uint8,
    "bool": bool_,
    "complex64": complex64,
    "cfloat": complex64,
    "complex128": complex128,
    "cdouble": complex128,
}


WORDS = {"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
         "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
         "Bool": "bool"}  # fmt: skip
"""`torch.FloatTensor` and its likes → the numbers in them."""


def _named(name: str) -> DType:
    return NAMES[name]


def promoted(one: DType, other: DType) -> DType:
    """What two tensors' numbers become together (PyTorch, type promotion)."""
    if one is other:
        return one
    if one.rank != other.rank:
        return one if one.rank > other.rank else other
    if {one.name, other.name} == {"float16", "bfloat16"}:
        return float32
    if one.bits == other.bits:
        return int16 if {one.name, other.name} == {"int8", "uint8"} else one
    return one if one.bits > other.bits else other


class Device:
    """Where a tensor would lie; nothing lies anywhere here."""

    def __init__(self, type: object = "cpu", index: int | None = None) -> None:
        name, _, number = str(type).partition(":")
        self.type = name
        self.index = int(number) if number else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device | str) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *error: object) -> None:
        pass


CPU = Device()


class FInfo:
    """The bounds of a float; `torch.finfo`."""

    def __init__(self, dtype: DType = float32) -> None:
        eps, top = {
            "float64": (2.220446049250313e-16, 1.7976931348623157e308),
            "float32": (1.1920928955078125e-07, 3.4028234663852886e38),
            "float16": (0.0009765625, 65504.0),
            "bfloat16": (0.0078125, 3.3895313892515355e38),
        }[dtype.name]
        self.eps, self.max, self.min, self.bits = eps, top, -top, dtype.bits
        self.tiny = self.smallest_normal = 1.1754943508222875e-38
        self.dtype = dtype.name


class IInfo:
    """The bounds of an integer; `torch.iinfo`."""

    def __init__(self, dtype: DType = int64) -> None:
        signed = dtype.is_signed
        self.bits = dtype.bits
        self.max = 2 ** (dtype.bits - signed) - 1
        self.min = -(2 ** (dtype.bits - 1)) if signed else 0
        self.dtype = dtype.name
