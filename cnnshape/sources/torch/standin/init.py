"""`torch.nn.init`: values are not kept, so only the arguments matter."""

from __future__ import annotations

from math import sqrt
from typing import Any

from cnnshape.sources.torch.standin.tensor import Tensor

INITIALISERS = (
    *("uniform", "normal", "constant", "ones", "zeros", "trunc_normal", "kaiming_normal"),
    *("kaiming_uniform", "xavier_normal", "xavier_uniform", "orthogonal", "sparse", "dirac", "eye"),
)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[Any, Any]:
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = 1
    for size in tensor.shape[2:]:
        field = field * size
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> Any:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode.lower() == "fan_in" else fan_out


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    slope = 0.01 if param is None else float(param)
    gains = {
        "tanh": 5.0 / 3,
        "relu": sqrt(2.0),
        "leaky_relu": sqrt(2.0 / (1 + slope**2)),
        "selu": 0.75,
    }
    return gains.get(nonlinearity, 1.0)


NEEDS_TWO_AXES = ("kaiming", "xavier", "orthogonal", "sparse")


def _initialiser(name: str) -> Any:
    def function(tensor: Any, *arguments: Any, **named: Any) -> Any:
        if not isinstance(tensor, Tensor):
            what = type(tensor).__name__
            raise AttributeError(f"'{what}' object has no attribute 'uniform_'")  # noqa: TRY004
        if name.startswith(NEEDS_TWO_AXES) and tensor.ndim < 2 and 0 not in tensor.shape:
            raise ValueError(
                "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
            )
        if tensor.name is None:
            tensor.recipe = None
        return tensor

    function.__name__ = name
    return function


NAMES: dict[str, Any] = {
    "_calculate_fan_in_and_fan_out": _calculate_fan_in_and_fan_out,
    "_calculate_correct_fan": _calculate_correct_fan,
    "calculate_gain": calculate_gain,
    **{f"{name}_": _initialiser(name) for name in INITIALISERS},
    **{name: _initialiser(name) for name in INITIALISERS},
}
