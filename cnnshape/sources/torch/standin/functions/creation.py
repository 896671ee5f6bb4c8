"""Tensors made from nothing: zeros, random numbers, ranges, and given values."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from cnnshape.sources.torch.standin.dtype import (
    NAMES,
    DType,
    bool_,
    complex64,
    float32,
    int64,
)
from cnnshape.sources.torch.standin.functions.array import Array
from cnnshape.sources.torch.standin.offer import TORCH, needed, offer
from cnnshape.sources.torch.standin.shape import as_shape, as_size, is_formula, is_size
from cnnshape.sources.torch.standin.stack import stack
from cnnshape.sources.torch.standin.tensor import METHODS, Parameter, Tensor, apply


class Default:
    """What `torch.set_default_dtype` has set."""

    dtype: DType = float32


def made(shape: Any, dtype: DType | None, recipe: Callable[[], Any] | None = None) -> Tensor:
    """A tensor that no graph has yet."""
    return Tensor(shape, dtype or Default.dtype, recipe=recipe, made=stack())


def _shape(size: tuple[Any, ...], named: dict[str, Any]) -> Any:
    if not size and "size" in named:
        size = (named["size"],)
    found = as_shape(size)
    if any(one < 0 for one in found):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(found)}")
    return found


def _filled(value: Any) -> Callable[..., Any]:
    def recipe(shape: Any) -> Callable[[], Any]:
        def values() -> Any:
            import numpy as np

            return np.full(tuple(one.__index__() for one in shape), value)

        return values

    return recipe


def _like(input: Tensor, shape: Any) -> Any:
    """The order in memory, which what is made like a tensor takes over."""
    from cnnshape.sources.torch.standin.memory import like

    return like((input,), shape)


def _maker(name: str, value: Any, like: bool = True) -> None:
    recipe = _filled(value) if value is not None else None

    def function(*size: Any, dtype: DType | None = None, **named: Any) -> Tensor:
        shape = _shape(size, named)
        kind = dtype or (int64 if name == "randperm" else None)
        result = made(shape, kind, recipe(shape) if recipe else None)
        result.is_random = name.startswith("rand")
        return result

    function.__name__ = name
    TORCH[name] = function

    def alike(input: Tensor, *, dtype: DType | None = None, **_: Any) -> Tensor:
        shape = needed(input, f"{name}_like").shape
        found = made(shape, dtype or input.dtype, recipe(shape) if recipe else None)
        found.steps = _like(input, shape)
        found.is_random = name.startswith("rand")
        return found

    if like:
        TORCH[f"{name}_like"] = alike

    def new(self: Tensor, *size: Any, dtype: DType | None = None, **named: Any) -> Tensor:
        return function(*size, dtype=dtype or self.dtype, **named)

    METHODS[f"new_{name}"] = new


_maker("zeros", 0)
_maker("ones", 1)
_maker("empty", None)
_maker("rand", None)
_maker("randn", None)


@offer("torch.full")
def full(size: Any, fill_value: Any, *, dtype: DType | None = None, **_: Any) -> Tensor:
    if not isinstance(size, list | tuple):
        raise TypeError(f"full(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    shape = as_shape((size,))
    kind = dtype or _kind(fill_value)
    return made(shape, kind, _filled(_plain(fill_value))(shape))


@offer("torch.full_like")
def full_like(input: Tensor, fill_value: Any, *, dtype: DType | None = None, **_: Any) -> Tensor:
    return full(input.shape, fill_value, dtype=dtype or input.dtype)


@offer("Tensor.new_full")
def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, **_: Any) -> Tensor:
    return full(size, fill_value, dtype=dtype or self.dtype)


@offer("Tensor.new_tensor")
def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, **_: Any) -> Tensor:
    return tensor(data, dtype=dtype or self.dtype)


@offer("torch.randint")
def randint(*arguments: Any, dtype: DType | None = None, **named: Any) -> Tensor:
    size = named.get("size", arguments[-1] if arguments else ())
    if not isinstance(size, list | tuple):
        raise TypeError(
            f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}"
        )
    return made(as_shape((size,)), dtype or int64)


@offer("torch.randint_like")
def randint_like(input: Tensor, *_: Any, dtype: DType | None = None, **__: Any) -> Tensor:
    return made(input.shape, dtype or input.dtype)


@offer("torch.randperm")
def randperm(n: Any, *, dtype: DType | None = None, **_: Any) -> Tensor:
    return made((as_size(n),), dtype or int64)


@offer("torch.normal")
def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, **_: Any) -> Tensor:
    if size is not None:
        return made(as_shape((size,)), None)
    source = mean if isinstance(mean, Tensor) else std
    return made(source.shape, None)


@offer("torch.bernoulli", "Tensor.bernoulli")
def bernoulli(input: Tensor, p: Any = None, **_: Any) -> Tensor:
    return input


@offer("torch.multinomial", "Tensor.multinomial")
def multinomial(input: Tensor, num_samples: Any, replacement: bool = False, **_: Any) -> Tensor:
    return made((*input.shape[:-1], as_size(num_samples)), int64)


@offer("torch.eye")
def eye(n: Any, m: Any = None, *, dtype: DType | None = None, **_: Any) -> Tensor:
    def values() -> Any:
        import numpy as np

        return np.eye(int(n), int(n if m is None else m))

    return made((as_size(n), as_size(n if m is None else m)), dtype, values)


@offer("torch.range")
def range_(start: Any, end: Any, step: Any = 1, **named: Any) -> Tensor:
    """With its end, and of floats."""
    return arange(start, end + step, step, **{"dtype": Default.dtype, **named})


@offer("torch.arange")
def arange(*arguments: Any, dtype: DType | None = None, **named: Any) -> Tensor:
    start = named.get("start", 0)
    step = named.get("step", 1)
    end = named.get("end")
    given = [_plain(one) for one in arguments]
    if len(given) == 1:
        end = given[0]
    elif given:
        start, end = given[0], given[1]
        step = given[2] if len(given) > 2 else step
    whole = all(is_size(one) for one in (start, end, step))
    length = (end - start + step - 1) // step if whole and step > 0 else None
    if length is None:
        length = max(ceil((end - start) / step), 0)

    def values() -> Any:
        import numpy as np

        number: Any = int if whole else float
        return np.arange(number(start), number(end), number(step))

    if not is_formula(length) and length < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    return made((length,), dtype or (int64 if whole else Default.dtype), values)


def _triangle(name: str, inside: Callable[[int, int, int], bool]) -> None:
    def indices(
        row: Any, col: Any, offset: int = 0, *, dtype: DType | None = None, **_: Any
    ) -> Tensor:
        pairs = [(r, c) for r in range(int(row)) for c in range(int(col)) if inside(r, c, offset)]
        return tensor([[pair[place] for pair in pairs] for place in (0, 1)], dtype or int64)

    TORCH[name] = indices


_triangle("tril_indices", lambda r, c, offset: c - r <= offset)
_triangle("triu_indices", lambda r, c, offset: c - r >= offset)


@offer("torch.linspace")
def linspace(start: Any, end: Any, steps: Any, *, dtype: DType | None = None, **_: Any) -> Tensor:
    def values() -> Any:
        import numpy as np

        return np.linspace(float(start), float(end), int(steps), dtype=np.float32)

    return made((as_size(steps),), dtype, values)


@offer("torch.logspace")
def logspace(
    start: Any, end: Any, steps: Any, base: float = 10.0, *, dtype: DType | None = None, **_: Any
) -> Tensor:
    def values() -> Any:
        import numpy as np

        return np.logspace(float(start), float(end), int(steps), base=base)

    return made((as_size(steps),), dtype, values)


@offer("torch.hann_window", "torch.hamming_window", "torch.blackman_window", "torch.kaiser_window")
def window(window_length: Any, *_: Any, dtype: DType | None = None, **__: Any) -> Tensor:
    return made((as_size(window_length),), dtype)


def _plain(value: Any) -> Any:
    """A number, also where a tensor holds it."""
    return value.values().item() if isinstance(value, Tensor) else value


def _kind(value: Any) -> DType:
    if isinstance(value, Tensor):
        return value.dtype
    if isinstance(value, bool):
        return bool_
    if isinstance(value, complex):
        return complex64
    return int64 if is_size(value) else Default.dtype


@offer("torch.from_numpy")
def from_numpy(array: Any) -> Tensor:
    if type(array).__module__ != "numpy" and not isinstance(array, Array):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    return tensor(array)


@offer("torch.tensor", "torch.as_tensor", "torch.asarray", "torch.scalar_tensor")
def tensor(data: Any, dtype: DType | None = None, **_: Any) -> Tensor:
    """A tensor of given values: numbers, lists of them, arrays, tensors."""
    if isinstance(data, Array):
        data = data._tensor
    if isinstance(data, Tensor):
        return made(data.shape, dtype or data.dtype, data.recipe)
    if hasattr(data, "dtype") and hasattr(data, "shape"):
        name = str(data.dtype)
        return made(data.shape, dtype or NAMES.get(name, Default.dtype), lambda: data)
    shape, leaves = _nested(data)
    for leaf in leaves:
        if isinstance(leaf, str):
            raise TypeError(f"new(): invalid data type '{type(leaf).__name__}'")
        if leaf is None:
            raise RuntimeError("Could not infer dtype of NoneType")
    kind = dtype or _common(leaves)

    def values() -> Any:
        import numpy as np

        numbers = [float(_plain(one)) if kind.is_floating_point else _plain(one) for one in leaves]
        return np.array(numbers, dtype=_dtype_name(kind)).reshape([int(one) for one in shape])

    return made(shape, kind, values)


def _dtype_name(kind: DType) -> str:
    return "float32" if kind.name == "bfloat16" else kind.name


def _nested(data: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """The shape of nested lists, and the numbers in them."""
    if isinstance(data, Tensor) and data.ndim:
        data = [*data]
    if not isinstance(data, list | tuple | range):
        return (), [data]
    parts = [_nested(one) for one in data]
    inner = parts[0][0] if parts else ()
    for shape, _ in parts:
        if shape != inner:
            raise ValueError(f"expected sequence of length {inner} but got {shape}")
    return (len(parts), *inner), [leaf for _, leaves in parts for leaf in leaves]


def _common(leaves: list[Any]) -> DType:
    if not leaves:
        return Default.dtype
    kinds = [_kind(leaf) for leaf in leaves]
    return max(kinds, key=lambda kind: kind.rank)


@offer("Tensor.item")
def item(self: Tensor) -> Any:
    return self._one().item()


@offer("Tensor.tolist")
def tolist(self: Tensor) -> Any:
    return self.values().tolist()


@offer("torch.one_hot", "F.one_hot")
def one_hot(tensor: Tensor, num_classes: Any = -1) -> Tensor:
    if num_classes == -1:
        num_classes = int(tensor.values().max()) + 1
    return apply("one_hot", tensor, num_classes=as_size(num_classes), dtype=int64)


def _filler(name: str) -> Callable[..., Tensor]:
    """Methods that put values into a tensor: what it holds then is not known."""

    def method(self: Tensor, *_: Any, **__: Any) -> Tensor:
        if self.name is None:
            self.recipe = None
        return self

    method.__name__ = name
    return method


for _name in ("normal_", "uniform_", "bernoulli_", "exponential_", "random_", "trunc_normal_",
              "erfinv_", "fill_diagonal_", "geometric_", "log_normal_", "cauchy_"):  # fmt: skip
    METHODS[_name] = _filler(_name)


def _fill(self: Tensor, value: Any = 0) -> Tensor:
    if self.name is None:
        shape = self.shape
        self.recipe = _filled(_plain(value))(shape) if not isinstance(value, Tensor) else None
    return self


METHODS["zero_"] = lambda self: _fill(self, 0)
METHODS["fill_"] = _fill


@offer("Tensor.copy_")
def copy_(self: Tensor, source: Any, non_blocking: bool = False) -> Tensor:
    if isinstance(source, Tensor) and not isinstance(self, Parameter):
        from cnnshape.layers.merge import broadcast, first_clash

        clash = first_clash(tuple(self.shape), tuple(source.shape))
        if clash or broadcast(tuple(self.shape), tuple(source.shape)) != tuple(self.shape):
            raise RuntimeError(
                f"The size of tensor a ({tuple(self.shape)}) must match the size of tensor b "
                f"({tuple(source.shape)})"
            )
        self.recipe = source.recipe
    return self


@offer("Tensor.set_")
def set_(self: Tensor, source: Tensor) -> Tensor:
    return self.become(source)


def _default_dtype(dtype: Any) -> None:
    if isinstance(dtype, DType):
        Default.dtype = dtype


TORCH["set_default_dtype"] = _default_dtype
TORCH["get_default_dtype"] = lambda: Default.dtype
