"""Indexing: parts of a tensor by numbers, slices and tensors of indices. 0 MACs."""

from collections.abc import Mapping
from functools import reduce
from itertools import count
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Layer, Shape, Size, is_size, show
from cnnshape.layers.merge import broadcast, first_clash
from cnnshape.layers.padding import within
from cnnshape.layers.shape import Flow
from cnnshape.layers.size import Number
from cnnshape.window import Window

REST = "..."
TENSOR = "tensor"


def _validate_item(value: Any) -> Any:
    part = value if isinstance(value, tuple) and len(value) == 3 else ()
    if value is None or is_size(value) or (isinstance(value, str) and value in (REST, TENSOR)):
        return value
    if part and all(bound is None or is_size(bound) for bound in part):
        return value
    wanted = "must be an index, a slice (start, stop, step), null for a new axis, `...` or `tensor`"
    raise PydanticCustomError("item", wanted)


_INTEGER = {"type": ["integer", "null"]}
Item = Annotated[
    int | tuple[int | None, int | None, int | None] | str | None,
    PlainValidator(_validate_item),
    WithJsonSchema(
        {
            "anyOf": [
                _INTEGER,
                {"enum": [REST, TENSOR]},
                {"type": "array", "items": _INTEGER, "minItems": 3, "maxItems": 3},
            ]
        }
    ),
]


class Part(NamedTuple):
    """What an item keeps of an axis: `size` indices from `start` on; or of a new axis (None)."""

    axis: int | None
    item: Any
    start: Size = 0
    step: int = 1
    size: Size = 1


class Indexed(Layer):
    """A part of the input, by one item for each of its axes, from the first.

    An item is an index, which takes its axis away; a slice (start, stop, step); null, a new axis of
    size 1; `...`, all axes that are not named; or `tensor`, an operand that holds indices. Of axes
    behind the last item all is kept (PyTorch, indexing).
    """

    in_files: ClassVar = False

    def parts(self, x: Shape) -> list[Part]:
        """What each item keeps, the axes that no item names among them; RuleError beyond them."""
        items: tuple[Any, ...] = vars(self)["items"]
        named = sum(item is not None and item != REST for item in items)
        if named > len(x):
            raise RuleError(
                "bad-rank",
                f"names {named} axes, but {show(x)} has {len(x)}",
                field="items",
                expected=len(x),
                found=named,
            )
        place = next((i for i, item in enumerate(items) if item == REST), len(items))
        whole = [(None, None, None)] * (len(x) - named)
        ordered = [*items[:place], *whole, *(item for item in items[place:] if item != REST)]
        axes = count()
        return [
            Part(None, None) if item is None else _part(next(axes), item, x) for item in ordered
        ]

    def kept(self, x: Shape) -> list[Part]:
        """The parts that are axes of the result before tensors of indices are looked up."""
        return [part for part in self.parts(x) if not (part.axis is not None and _single(part))]


def _single(part: Part) -> bool:
    """Whether an item is one index, which takes its axis away."""
    return is_size(part.item)


def _part(axis: int, item: Any, x: Shape) -> Part:
    size = x[axis]
    if item == TENSOR:
        return Part(axis, item, 0, 1, size)
    if not isinstance(item, tuple):
        if not -size <= item < size:
            raise RuleError(
                "invalid-value",
                f"takes index {item} of axis {axis} of {show(x)}, which has {size}",
                field="items",
                expected=size,
                found=item,
                help=f"indices go from {-size} to {size - 1}" if size > 0 else None,
            )
        return Part(axis, item, item if item >= 0 else size + item)
    start, stop, step = item
    step = 1 if step is None else step
    if start is None and stop is None and step == 1:
        return Part(axis, item, size=size)
    if step < 1:
        raise RuleError(
            "invalid-value",
            f"slices axis {axis} by steps of {step}; they go forward only",
            field="items",
            found=step,
            help="use `flip` for the reverse",
        )
    first = 0 if start is None else within(start, size)
    last = size if stop is None else within(stop, size)
    return Part(axis, item, first, step, (last - first + step - 1) // step if last > first else 0)


class Index(Indexed):
    """A part of the input by indices and slices (PyTorch, basic indexing)."""

    kernel: ClassVar = "cnnshape.kernels.indexing"
    types: ClassVar = {"index": None}
    view: ClassVar = True

    items: tuple[Item, ...]

    def check(self, x: Shape, *others: Shape) -> None:
        if TENSOR in self.items:
            raise RuleError("invalid-value", "indexes by a tensor", field="items",
                            help="that is `take_index`")  # fmt: skip
        self.parts(x)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return tuple(part.size for part in self.kept(x))

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return windows_of(self.kept(x))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        places = {part.axis: place for place, part in enumerate(self.kept(x))}
        return (tuple(places.get(axis) for axis in range(len(x))),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return None if self.kept(x)[axis].item == (None, None, None) else "items"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        return [
            (f"axis {part.axis}", f"from {part.start} on by {part.step}: {part.size}")
            for part in self.kept(x)
            if isinstance(part.item, tuple) and any(bound is not None for bound in part.item)
        ]


def windows_of(parts: list[Part]) -> dict[int, Window | None]:
    """What slices see: the values from their start on, each by itself."""
    return {
        part.axis: Window(1, part.step, -part.start)
        for part in parts
        if part.axis is not None
        and isinstance(part.item, tuple)
        and any(bound is not None for bound in part.item)
    }


class TakeIndex(Indexed):
    """A part of the input by tensors of indices, too, which are the operands behind it, in order.

    Their shapes are broadcast, and their common axes stand where the first of them does, or in
    front where other axes stand between them (PyTorch, indexing by tensors).
    """

    kernel: ClassVar = "cnnshape.kernels.indexing"
    types: ClassVar = {"take_index": None}
    arity: ClassVar = (2, None)

    items: tuple[Item, ...]

    def check(self, x: Shape, *others: Shape) -> None:
        wanted = self.items.count(TENSOR)
        if wanted != len(others):
            raise RuleError(
                "bad-rank",
                f"looks up {wanted} tensors of indices, but {len(others)} arrive",
                field="items",
                expected=wanted,
                found=len(others),
            )
        joint: Shape = ()
        for operand, shape in enumerate(others, 1):
            clash = first_clash(joint, shape)
            if clash is not None:
                raise RuleError(
                    "shape-mismatch",
                    f"looks up indices of {show(joint)} and {show(shape)}, which differ: "
                    f"{clash[0]} against {clash[1]}",
                    operand=operand,
                    expected=clash[0],
                    found=clash[1],
                )
            joint = broadcast(joint, shape)
        self.parts(x)

    def layout(self, x: Shape) -> tuple[list[Part], int]:
        """The parts that are sliced, and the place of the common axes of the indices."""
        kept = self.kept(x)
        looked = [place for place, part in enumerate(kept) if part.item == TENSOR]
        together = looked == list(range(looked[0], looked[0] + len(looked)))
        first = looked[0] if together else 0
        return [part for part in kept if part.item != TENSOR], first

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        parts, first = self.layout(x)
        joint: Shape = reduce(broadcast, others)
        sizes = tuple(part.size for part in parts)
        return (*sizes[:first], *joint, *sizes[first:])

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return windows_of(self.layout(x)[0])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        """Where the indices come from sees nothing of the values, and is left out."""
        parts, first = self.layout(x)
        more = len(y) - len(parts)
        places = {part.axis: place + more * (place >= first) for place, part in enumerate(parts)}
        return (tuple(places.get(axis) for axis in range(len(x))),)


class Assign(Indexed):
    """The input with a part of it, by indices and slices, in the place of which a value stands.

    Operands: x, and the value, which is broadcast to the part; or `value`, a number (PyTorch,
    Tensor.__setitem__).
    """

    kernel: ClassVar = "cnnshape.kernels.indexing"
    types: ClassVar = {"assign": None}
    arity: ClassVar = (1, 2)

    items: tuple[Item, ...]
    value: Number | None = None

    def part(self, x: Shape) -> Shape:
        """The shape of what is replaced."""
        return tuple(part.size for part in self.kept(x))

    def check(self, x: Shape, *others: Shape) -> None:
        if (self.value is None) != bool(others):
            raise RuleError("invalid-value", "needs a second input, or a `value`", field="value")
        part = self.part(x)
        for shape in others:
            leading = len(shape) - len(part)
            ones = all(size == 1 for size in shape[: max(leading, 0)])
            fits = zip(shape[max(leading, 0) :], part[max(-leading, 0) :], strict=True)
            if not ones or any(a not in (b, 1) for a, b in fits):
                raise RuleError(
                    "shape-mismatch",
                    f"puts {show(shape)} into a part of {show(x)} that is {show(part)}",
                    operand=1,
                    expected=list(part),
                    found=list(shape),
                )

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        kept = self.kept(x)
        own = tuple(range(len(x)))
        if not others:
            return (own,)
        offset = len(kept) - len(others[0])
        value = tuple(
            _whole_axis(kept[axis + offset], x) if axis + offset >= 0 else None
            for axis in range(len(others[0]))
        )
        return own, value


def _whole_axis(part: Part, x: Shape) -> int | None:
    """The axis of which a part keeps everything."""
    return part.axis if part.axis is not None and part.size == x[part.axis] else None


class AssignAt(Layer):
    """The input with other values where a mask or tensors of indices say (PyTorch, x[index] = y).

    Operands: x, the value, and what it is indexed by.
    """

    types: ClassVar = {"assign_at": None}
    in_files: ClassVar = False
    arity: ClassVar = (2, None)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return x

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return (tuple(range(len(x))), *((None,) * len(shape) for shape in others))
