"""A tensor: a shape, a dtype, a place in the graph, and values only where they matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any

from cnnshape.sources.torch.standin.dtype import CPU, Device, DType, float32, promoted
from cnnshape.sources.torch.standin.kept import kept_by
from cnnshape.sources.torch.standin.memory import lay_out
from cnnshape.sources.torch.standin.shape import Size
from cnnshape.sources.torch.standin.stack import Stack, asserted, stack
from cnnshape.sources.torch.standin.trace import (
    SESSION,
    Call,
    Recipe,
    UnsupportedError,
    layer_of,
    shape_of,
)

if TYPE_CHECKING:
    import numpy as np

METHODS: dict[str, Callable[..., Any]] = {}
"""What a tensor can do, by name; filled by the modules that say how."""
KNOWN: frozenset[str] = frozenset()
"""Names that PyTorch's tensors have, modelled here or not."""
MOST_VALUES = 2**22
"""Values are worked out for tensors no larger than that."""


class Tensor:
    """A shape, a dtype, and where it comes from."""

    is_parameter = False
    is_random = False
    """Whether its values are drawn."""
    requires_grad = False
    grad: Any = None
    grad_fn: Any = None
    is_cuda = is_mps = is_xpu = is_quantized = is_sparse = is_nested = is_meta = is_mkldnn = False
    is_leaf = True
    layout = "strided"
    __array_priority__ = 1000  # NumPy leaves `number * tensor` to the tensor
    came: Stack | None = None
    """Where what it was first worked out from was made, if it is a constant."""
    steps: Any = None
    """Its steps in memory along its axes, where these do not lie in their order."""
    kept: Any = None
    """The mask that keeps its rows, where nobody knows how many of them."""
    origin: Any = None
    """The parameter whose values it holds under no name of its own."""
    pending: Any = None
    """Makes the tensor, where it is one of several outputs and nothing has used it yet."""

    def __init__(
        self,
        shape: Any = (),
        dtype: DType = float32,
        *,
        name: str | None = None,
        recipe: Recipe | None = None,
        made: Stack | None = None,
    ) -> None:
        self.__dict__["_shape"] = Size(shape)
        self.dtype = dtype
        self.name = name
        self.recipe = recipe
        """How to work the values out, where they can be."""
        self.made: Stack | None = made

    @property
    def shape(self) -> Size:
        return self._shape

    @property
    def device(self) -> Device:
        return CPU

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> Any:
        return self._shape.numel() * self.dtype.itemsize

    @property
    def data(self) -> Tensor:
        return METHODS["detach"](self) if self.is_parameter else self

    @data.setter
    def data(self, value: Tensor) -> None:
        self.become(value)

    def become(self, other: Tensor) -> Tensor:
        """Be what an operation in place has made of it."""
        self.__dict__["_shape"] = other.shape
        self.dtype, self.name, self.recipe = other.dtype, other.name, other.recipe
        self.steps = other.steps
        return self

    def values(self) -> np.ndarray[Any, Any]:
        """The values as an array; UnsupportedError where they are not known."""
        found = self.known_values()
        if found is None:
            raise UnsupportedError("a tensor's value", VALUES)
        return found

    def known_values(self) -> np.ndarray[Any, Any] | None:
        """The values as an array, if they can be worked out."""
        if self.recipe is None or not _is_small(self._shape):
            return None
        import numpy as np

        found = self.recipe()
        if found is None:
            return None
        array: np.ndarray[Any, Any] = np.asarray(found)
        self.recipe = lambda: array
        return array

    def __getattr__(self, name: str) -> Any:
        method = METHODS.get(name)
        if method is not None:
            return method.__get__(self)
        if name in KNOWN:
            from cnnshape.sources.torch.standin.unmodelled import Unmodelled

            return Unmodelled(f"torch.Tensor.{name}")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    if TYPE_CHECKING:  # what the modules of functions put here

        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...
        def __pos__(self) -> Any: ...
        def __invert__(self) -> Any: ...
        def __abs__(self) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __gt__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __getitem__(self, index: Any) -> Any: ...

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of a 0-d tensor")
        return self._shape[0].__index__()

    def __iter__(self) -> Iterator[Tensor]:
        if not self._shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter([self[number] for number in range(self._shape[0])])

    def __bool__(self) -> bool:
        if self.known_values() is None and self._shape.numel() == 1 and asserted():
            return True  # what the author is sure of
        return bool(self._one().item())

    def __int__(self) -> int:
        return int(self._one().item())

    __index__ = __int__

    def __float__(self) -> float:
        return float(self._one().item())

    def _one(self) -> np.ndarray[Any, Any]:
        if any(size != 1 for size in self._shape):
            raise RuntimeError("a Tensor with more than one value is neither true nor a number")
        return self.values()

    def __hash__(self) -> int:
        return id(self)

    def __contains__(self, item: object) -> bool:
        return bool((self.values() == (item.values() if isinstance(item, Tensor) else item)).any())

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values() if dtype is None else self.values().astype(dtype)

    def __format__(self, spec: str) -> str:
        if not self._shape and self.known_values() is not None:
            return format(self.values().item(), spec)
        return repr(self)

    def __repr__(self) -> str:
        return f"tensor(shape={tuple(self._shape)}, dtype={self.dtype})"

    def __deepcopy__(self, memo: Any) -> Tensor:
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        memo[id(self)] = made
        return made

    @classmethod
    def __torch_function__(cls, *arguments: Any, **named: Any) -> Any:
        raise UnsupportedError("__torch_function__")


def _is_small(shape: Size) -> bool:
    total = 1
    for size in shape:
        total *= size.__index__()
    return total <= MOST_VALUES


VALUES = "what the code does depends on a value that only the real computation gives"


class Parameter(Tensor):
    """A tensor that a module trains."""

    is_parameter = True
    requires_grad = True

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        source = Tensor((0,)) if data is None else data
        if not isinstance(source, Tensor):
            raise TypeError(f"a Parameter is made of a tensor, not of {type(data).__name__}")
        if requires_grad and not (source.dtype.is_floating_point or source.dtype.is_complex):
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        super().__init__(source.shape, source.dtype, made=stack(), recipe=source.recipe)
        self.requires_grad = requires_grad


class Buffer(Tensor):
    """A tensor that a module stores and does not train."""

    def __init__(self, data: Tensor, persistent: bool = True) -> None:
        super().__init__(data.shape, data.dtype, made=stack(), recipe=data.recipe)
        self.persistent = persistent


def apply(
    type_name: str,
    *operands: Tensor,
    dtype: DType | None = None,
    module: Any = None,
    where: Stack | None = None,
    **arguments: Any,
) -> Tensor:
    """The tensor that an operation gives; ShapeError where its rule does not hold."""
    layer = layer_of(type_name, arguments)
    return carried_out(type_name, layer, operands, dtype, module, where)


def carried_out(
    type_name: str,
    layer: Any,
    operands: tuple[Tensor, ...],
    dtype: DType | None = None,
    module: Any = None,
    where: Stack | None = None,
) -> Tensor:
    """A layer applied to tensors, and recorded if a forward pass is under way."""
    trace = SESSION.trace
    name = made = None
    if module is not None:
        made = module.made
        name = (trace.names.get(id(module)) if trace else None) or type(module).__name__.lower()
    if operands and not operands[0].dtype.is_floating_point:
        _check_integers(type_name, operands[0])
    call = Call(type_name, layer, operands, name, module, made or (), where)
    shape, recorded = shape_of(call)
    kind = dtype or _dtype(layer, operands)
    result = Tensor(shape, kind)
    result.steps = lay_out(type_name, layer, operands, shape)
    if any(item.kept is not None for item in operands):
        result.kept = kept_by(type_name, layer, operands, shape)
    if recorded and trace is not None:
        result.name = trace.nodes[-1].node.name
        result.requires_grad = kind.is_floating_point
    else:
        result.made = stack()
        result.came = next((item.came or item.made for item in operands), None)
    if all(item.recipe is not None for item in operands) and _are_real(kind, operands):
        result.recipe = lambda: _computed(layer, operands, kind)
    return result


def _are_real(kind: DType, operands: tuple[Tensor, ...]) -> bool:
    """Whether no complex number comes in or out; the kernels compute with real ones."""
    return not kind.is_complex and not any(item.dtype.is_complex for item in operands)


def _joint(operands: tuple[Tensor, ...]) -> DType:
    """What their numbers become together; one by itself widens no tensor of its kind."""
    found = operands[0].dtype
    if all(item.dtype is found for item in operands):
        return found
    shaped = [item.dtype for item in operands if item.shape]
    found = reduce(promoted, shaped or [item.dtype for item in operands])
    higher = [item.dtype for item in operands if item.dtype.rank > found.rank]
    return reduce(promoted, higher, found)


OF_FLOATS_ALONE = frozenset((
    "gelu", "leaky_relu", "elu", "celu", "selu", "silu", "mish", "softplus", "softmax",
    "log_softmax", "hardswish", "hardsigmoid", "logsigmoid", "dropout", "dropout1d",
    "dropout2d", "dropout3d",
    "alpha_dropout", "upsample", "unfold", "fold", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d", "glu",
))  # fmt: skip
"""What PyTorch works out for floats only."""


def _check_integers(type_name: str, x: Tensor) -> None:
    images = type_name == "upsample" and x.dtype.name == "uint8"
    if type_name in OF_FLOATS_ALONE and not x.dtype.is_complex and not images:
        raise NotImplementedError(f"\"{type_name}\" not implemented for '{x.dtype}'")


FLOATS_OF_INTEGERS = ("sigmoid", "tanh", "softsign")


def _dtype(layer: Any, operands: tuple[Tensor, ...]) -> DType:
    found = _joint(operands) if operands else float32
    gives = getattr(layer, "gives", "same")
    if not found.is_floating_point and layer.type in FLOATS_OF_INTEGERS:
        return float32
    if layer.reads == "integers" or (gives == "floats" and found.rank < float32.rank):
        return float32
    if gives == "integers":
        from cnnshape.sources.torch.standin.dtype import int64

        return int64
    return found


def _computed(layer: Any, operands: tuple[Tensor, ...], dtype: DType) -> Any:
    """The values of an operation, by the layer's own kernel."""
    arrays = [item.known_values() for item in operands]
    if any(array is None for array in arrays):
        return None
    import numpy as np

    from cnnshape.kernels.kernel import Context, find

    kernel = find(type(layer))
    if kernel is None:
        return None
    if layer.type in ("concat", "stack"):  # what they hold lies in one array
        arrays = [array.astype(_numpy_name(dtype)) for array in arrays if array is not None]
    context = Context(shapes=tuple(tuple(item.shape) for item in operands), backward=False)
    found = kernel.forward(layer, context, *arrays).output
    return np.asarray(found).astype(_numpy_name(dtype), copy=False)


def _numpy_name(dtype: DType) -> str:
    return "float32" if dtype.name == "bfloat16" else dtype.name
