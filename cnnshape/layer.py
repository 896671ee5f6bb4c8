"""The contract of a layer: its arguments, and the rules that follow from them.

A layer is a frozen model of its arguments. Its rules are integer arithmetic on shapes with the
batch axis first, `(N, C, H, W)`; it knows neither its name nor the file it stands in.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.window import Slide, Window

Size = int
Shape = tuple[Size, ...]
Kind = Literal["same", "floats", "integers"]
Formulas = list[tuple[str, str]]
"""What is computed, and the formula with its numbers: `("height", "(28 - 5 + 2·0)/1 + 1 = 24")`."""

LARGEST = 2**31 - 1
"""No argument of a layer may exceed it; sizes beyond are typing mistakes."""


class Batch(int):
    """The batch axis: it counts as one sample and is shown as `N`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "N"

    __str__ = __repr__


N = Batch(1)


class Stated(NamedTuple):
    """An argument that repeats a size of an input: PyTorch's `in_channels`, `in_features`, …"""

    noun: str
    axis: int
    operand: int = 0


def is_size(value: object) -> bool:
    """Whether a value is an integer or a formula; a flag is none."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    dim = sys.modules.get("cnnshape.dim")  # before it is imported, there are no formulas
    return dim is not None and isinstance(value, dim.Dim)


def check_bounds(size: Size, minimum: int) -> None:
    """Refuse an integer out of bounds; a formula is judged where it is used."""
    if isinstance(size, int) and not minimum <= size <= LARGEST:
        bound = f"at least {minimum}" if size < minimum else f"at most {LARGEST:,}"
        raise PydanticCustomError("bounds", f"must be {bound}, not {size}")


class Centring(NamedTuple):
    """Values of one sample from which their mean is taken away."""

    values: Size
    """How many share a mean."""
    by_channel: bool
    """A mean is that of one channel, so that what is added to a whole channel goes with it."""
    over_batch: bool = False
    """All samples of a batch share a mean."""


class Kept(NamedTuple):
    """What the backward pass of a layer reads, beside its parameters and its buffers.

    `inputs` and `output` are tensors of the network, which several layers may keep; the rest is
    the layer's own, a sample: `values` in the network's precision, `statistics` in float32, and
    `bytes` of masks and indices. `shared` are statistics of the batch as a whole.
    """

    inputs: bool = False
    output: bool = False
    values: Size = 0
    statistics: Size = 0
    bytes: Size = 0
    shared: Size = 0


INDEX_BYTES = 8
"""An index is an int64 (PyTorch, MaxPool2d with return_indices)."""


def _axis_values(minimum: int) -> PlainValidator:
    def validate(value: Any) -> Any:
        values = value if isinstance(value, tuple) else (value,)
        if not values:
            raise PydanticCustomError("axis_values", "needs an integer, or one an axis")
        for item in values:
            if not is_size(item):
                wanted = "must be an integer, or a list of one an axis"
                raise PydanticCustomError("axis_values", wanted)
            check_bounds(item, minimum)
        return value

    return PlainValidator(validate)


def _per_axis_schema(minimum: int) -> WithJsonSchema:
    one = {"type": "integer", "minimum": minimum}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})


def _formula_or_integer(value: Any, integer: ValidatorFunctionWrapHandler) -> Any:
    """A formula as it is: it is judged where it is used; anything else as an integer."""
    return value if type(value) is not int and is_size(value) else integer(value)


formulas = WrapValidator(_formula_or_integer)
PositiveInt = Annotated[int, Field(ge=1, le=LARGEST), formulas]
Count = Annotated[int, Field(ge=0, le=LARGEST), formulas]
Real = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]
PerAxis = Annotated[int | tuple[int, ...], _axis_values(1), _per_axis_schema(1)]
PerAxisFrom0 = Annotated[int | tuple[int, ...], _axis_values(0), _per_axis_schema(0)]

REGISTRY: dict[str, type[Layer]] = {}


class Layer(BaseModel):
    """One layer's arguments (fields, in PyTorch's positional order) and its rules."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        ignored_types=(cached_property,),
        defer_build=True,  # most runs use a few types: their validators alone are built
    )

    types: ClassVar[Mapping[str, int | None]] = {}
    """Type name → spatial axes; None: any number of them."""
    torch: ClassVar[tuple[str, ...]] = ()
    """The names in `torch.nn`, in the order of `types`; empty where PyTorch has none."""
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """Fewest and most inputs; None: any number."""
    channels: ClassVar[bool] = False
    """Reads its input as (N, C, *spatial), so `layout: channels_last` moves the axes for it."""
    stated: ClassVar[Mapping[str, Stated]] = {}
    """Arguments that repeat a size of an input: inferred when left out, checked when given."""
    channel_dim: ClassVar[str | None] = None
    """The argument that, left out, means the channel axis, wherever the layout has it."""
    reads: ClassVar[Literal["any", "floats", "integers"]] = "any"
    """The numbers that it takes."""
    view: ClassVar[bool] = False
    """The output is the input's memory seen another way."""
    in_files: ClassVar[bool] = True
    """Whether a model file can name it; what is false here stands for an operation of a program."""

    linear: ClassVar[bool] = False
    """The output is a sum of the input's values times `weight`, and of a bias."""

    kernel: ClassVar[str] = ""
    """The module that computes the layer in NumPy; imported by `execute`, by nothing else."""

    type: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name in cls.__dict__.get("types", ()):
            REGISTRY[name] = cls

    @property
    def axes(self) -> int | None:
        """The number of spatial axes, where the type fixes it."""
        return self.types[self.type]

    @property
    def gives(self) -> Kind:
        """The numbers that come out; "same": those that went in."""
        return "same"

    @cached_property
    def _has_formulas(self) -> bool:
        """Whether any argument is a formula, or holds one."""
        return any(_is_open(getattr(self, name)) for name in type(self).model_fields)

    def at(self, sizes: Mapping[str, int]) -> Self:
        """The layer with its arguments' formulas worked out at these sizes."""
        if not self._has_formulas:
            return self
        given = self.model_fields_set
        return type(self)(**{name: _at(getattr(self, name), sizes) for name in given})

    def ranks(self) -> tuple[int, ...]:
        """Ranks of input that the layer takes; empty: any."""
        return () if self.axes is None else (self.axes + 2,)

    def along(self, field: str, count: int, default: Any = None) -> tuple[Any, ...]:
        """An argument as one value an axis; `default` where the layer has no such argument."""
        value = vars(self).get(field, default)
        if not isinstance(value, tuple):
            return (value,) * count
        if len(value) != count:
            raise RuleError(
                "invalid-value",
                f"has {len(value)} values of `{field}`, but {count} spatial "
                f"ax{'is' if count == 1 else 'es'}",
                field=field,
                expected=count,
                found=len(value),
            )
        return value

    def check(self, x: Shape, *others: Shape) -> None:
        """Raise RuleError unless the arguments fit each other and the inputs."""

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        """The output's shape; the input's, unless the layer says otherwise."""
        return x

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        """Parameters by PyTorch's names."""
        return {}

    def buffers(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        """What is stored beside the parameters, by PyTorch's names."""
        return {}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        """How often one sample uses each value of a parameter (or buffer) in a product or a sum."""
        return {}

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        """Multiply-accumulates between activations, as the factors of each: `q·k`, …"""
        return {}

    def macs(self, y: Shape, x: Shape, *others: Shape) -> Size:
        """Multiply-accumulates of one sample: one a use of a weight, none for biases."""
        uses = self.uses(y, x, *others)
        if not uses and not self.products(y, x, *others):
            return 0
        stored = {**self.weights(x, *others), **self.buffers(x, *others)}
        weighed = sum(prod(stored[name]) * n for name, n in uses.items() if not is_bias(name))
        return weighed + sum(map(prod, self.products(y, x, *others).values()))

    def connections(self, y: Shape, x: Shape, *others: Shape) -> Size:
        """Uses of weights and of biases by one sample (LeCun et al. 1998, section II.B)."""
        stored = {**self.weights(x, *others), **self.buffers(x, *others)}
        return sum(prod(stored[name]) * n for name, n in self.uses(y, x, *others).items())

    def batch_axis(self, x: Shape) -> int:
        """The axis of the output along which samples stand; `macs` and the like count one."""
        return 0

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """What the backward pass reads; unless the layer says otherwise, its inputs."""
        return Kept() if self.view else Kept(inputs=True)

    def shares_input(self, *, training: bool) -> bool:
        """Whether the output stands where the input stood: as a view of it, or in its place."""
        return self.view or bool(vars(self).get("inplace"))

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        """Input axis → what an output sees along it; None: all of it; not named: its own index."""
        return {}

    def slides(self, x: Shape) -> list[Slide]:
        """The kernel's windows, one a spatial axis of (N, C, *spatial), where it has a kernel."""
        return []

    def centring(self, x: Shape) -> Centring | None:
        """What the layer takes means of in training, to subtract them."""
        return None

    @property
    def meaning(self) -> Literal["numbers", "probabilities", "logarithms"]:
        """What the values are: those of a distribution, their logarithms, or any numbers."""
        return "numbers"

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        """For each input, the output axis that each of its axes becomes; None: it is mixed up."""
        return tuple(tuple(range(len(shape))) for shape in (x, *others))

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        """The argument that decided the size of an output axis; None: it came with the input."""
        return None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        """How the output's sizes come about, with the numbers put in."""
        return []


def _is_open(value: object) -> bool:
    """Whether a value is a formula, or a tuple that holds one."""
    if isinstance(value, tuple):
        return any(map(_is_open, value))
    return not (value is None or isinstance(value, int | float | str)) and is_size(value)


def _at(value: Any, sizes: Mapping[str, int]) -> Any:
    """An argument with its formulas worked out."""
    if isinstance(value, tuple):
        return tuple(_at(item, sizes) for item in value)
    return value.replaced(sizes) if _is_open(value) else value


def is_bias(name: str) -> bool:
    """Whether a parameter is added, not multiplied (`bias`, `in_proj_bias`, `bias_ih_l0`)."""
    return "bias" in name.rpartition(".")[2]


def show(shape: Shape) -> str:
    """`(N, 20, 4, 4)`."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def division(whole: int, part: int) -> str:
    """A division that leaves a rest: `10 = 3·3 + 1`."""
    return f"{whole} = {part}·{whole // part} + {whole % part}"


SPATIAL_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def per_axis_formulas(texts: list[str]) -> Formulas:
    """One line an axis, or one line for all where they are equal."""
    names = SPATIAL_NAMES.get(len(texts)) or tuple(f"axis {i + 2}" for i in range(len(texts)))
    if len(texts) > 1 and len(set(texts)) == 1:
        return [(", ".join(names), texts[0])]
    return list(zip(names, texts, strict=True))
