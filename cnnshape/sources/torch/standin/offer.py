"""Where functions on tensors are put, to be found as `torch.cat`, `F.relu`, `x.view`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from cnnshape.sources.torch.standin.tensor import METHODS, Tensor

Function = TypeVar("Function", bound=Callable[..., Any])

TORCH: dict[str, Callable[..., Any]] = {}
FUNCTIONAL: dict[str, Callable[..., Any]] = {}
PLACES = {"torch": TORCH, "F": FUNCTIONAL, "Tensor": METHODS}


def offer(*names: str, in_place: bool = False) -> Callable[[Function], Function]:
    """Offer a function as `torch.NAME`, `F.NAME`, `Tensor.NAME`.

    `in_place` also offers `NAME_`, which makes the first argument what comes out.
    """

    def register(function: Function) -> Function:
        numpy_like = renaming(function)
        for name in names:
            place, _, short = name.partition(".")
            offered = function if place == "F" else numpy_like
            PLACES[place][short] = offered
            if in_place:
                free = short in RESHAPING
                PLACES[place][f"{short}_"] = changing(offered, reshapes=free)
        return function

    return register


OTHER_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""NumPy's names of arguments, which PyTorch takes too."""


def renaming(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which takes NumPy's names as well."""
    code = getattr(function, "__code__", None)
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
    pairs = {a: b for a, b in OTHER_NAMES.items() if b in own and a not in own}
    if not pairs:
        return function

    def renamed(*arguments: Any, **named: Any) -> Any:
        if named:
            named = {pairs.get(name, name): value for name, value in named.items()}
        return function(*arguments, **named)

    renamed.__name__ = function.__name__
    return renamed


RESHAPING = ("squeeze", "unsqueeze", "transpose", "swapaxes", "swapdims", "t")


def changing(function: Callable[..., Any], *, reshapes: bool = False) -> Callable[..., Any]:
    """The function as one that changes its first argument, whose shape must stay."""

    def changed(self: Tensor, *arguments: Any, **named: Any) -> Tensor:
        result = function(self, *arguments, **named)
        if not reshapes and tuple(result.shape) != tuple(self.shape):
            raise RuntimeError(
                f"output with shape {list(self.shape)} doesn't match the broadcast shape "
                f"{list(result.shape)}"
            )
        if result.dtype.rank > self.dtype.rank:
            raise RuntimeError(
                f"result type {result.dtype} can't be cast to the desired output type {self.dtype}"
            )
        dtype = self.dtype
        self.become(result)
        self.dtype = dtype
        return self

    return changed


def needed(value: Any, name: str) -> Tensor:
    """A tensor; TypeError for anything else."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(value).__name__}")
    return value


def tensor_of(value: Any, like: Tensor | None = None) -> Tensor:
    """A tensor, made of a number where one is given."""
    if isinstance(value, Tensor):
        return value
    from cnnshape.sources.torch.standin.functions.creation import tensor

    return tensor(value) if like is None else tensor(value, dtype=like.dtype)
