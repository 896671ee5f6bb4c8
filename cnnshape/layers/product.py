"""Products of tensors: einsum, outer, attention, distances."""

from typing import ClassVar, NamedTuple

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Layer, Probability, Real, Shape, Size, division, show
from cnnshape.layers.merge import broadcast, first_clash
from cnnshape.layers.shape import Flow

ELLIPSIS = "."
"""What axes that `...` stands for are called, from the last to the first: `.0`, `.1`, …"""


class Terms(NamedTuple):
    """An equation for operands of given ranks: the label of every axis."""

    operands: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]


class Einsum(Layer):
    """A sum over the products of values at indices that labels tie together (PyTorch, einsum).

    MACs: operands are multiplied in turn, from the left; a product that sums over labels both have
    costs all sizes of its labels, one that does not sum costs none.
    """

    kernel: ClassVar = "cnnshape.kernels.product"
    types: ClassVar = {"einsum": None}
    in_files: ClassVar = False
    arity: ClassVar = (1, None)

    equation: str

    def terms(self, *shapes: Shape) -> Terms:
        """The labels of every operand's axes, and of the output's."""
        left, arrow, right = self.equation.replace(" ", "").partition("->")
        written = left.split(",")
        if len(written) != len(shapes):
            raise self._wrong(
                f"names {len(written)} operands in `{self.equation}`, but {len(shapes)} arrive"
            )
        for letters in (*written, right):
            rest = letters.replace("...", "", 1)
            if rest and not (rest.isascii() and rest.isalpha()):
                raise self._wrong(f"has an equation `{self.equation}` that is none")
        operands = tuple(
            self._labels(letters, shape, operand)
            for operand, (letters, shape) in enumerate(zip(written, shapes, strict=True))
        )
        dots = sorted({a for labels in operands for a in labels if ELLIPSIS in a}, key=_from_end)
        if arrow:
            before, found, after = right.partition("...")
            output = (*before, *(dots if found else ()), *after)
        else:
            names = sorted(letter for letter in set(left) if left.count(letter) == 1)
            output = (*dots, *(name for name in names if name.isalpha()))
        self._check_output(operands, output)
        return Terms(operands, output)

    def _labels(self, letters: str, shape: Shape, operand: int) -> tuple[str, ...]:
        before, dots, after = letters.partition("...")
        more = len(shape) - len(before) - len(after)
        if more < 0 or (more and not dots):
            raise RuleError(
                "bad-rank",
                f"names {len(before) + len(after)} axes by `{letters}`, but {show(shape)} has "
                f"{len(shape)}",
                field="equation",
                operand=operand,
                expected=len(shape),
                found=len(before) + len(after),
            )
        return (*before, *(f"{ELLIPSIS}{n}" for n in range(more - 1, -1, -1)), *after)

    def _check_output(self, operands: tuple[tuple[str, ...], ...], output: tuple[str, ...]) -> None:
        known = {label for labels in operands for label in labels}
        for label in output:
            if label not in known:
                raise self._wrong(f"puts `{label}` out, which no operand has")
            if output.count(label) > 1:
                raise self._wrong(f"puts `{label}` out twice")

    def _wrong(self, message: str) -> RuleError:
        return RuleError("invalid-value", message, field="equation", found=self.equation)

    def sizes(self, *shapes: Shape) -> dict[str, Size]:
        """The size of every label; a size of 1 is repeated, other ones agree."""
        sizes: dict[str, Size] = {}
        first: dict[str, int] = {}
        for operand, (labels, shape) in enumerate(
            zip(self.terms(*shapes).operands, shapes, strict=True)
        ):
            for label, size in zip(labels, shape, strict=True):
                known = sizes.setdefault(label, size)
                twice = first.setdefault(label, operand) == operand and labels.count(label) > 1
                if first_clash((known,), (size,)) is not None or (twice and known != size):
                    raise RuleError(
                        "shape-mismatch",
                        f"has two sizes for `{_spoken(label)}` of `{self.equation}`: {known} in "
                        f"{show(shapes[first[label]])}, {size} in {show(shape)}",
                        operand=operand,
                        expected=known,
                        found=size,
                    )
                (sizes[label],) = broadcast((known,), (size,))
        return sizes

    def check(self, x: Shape, *others: Shape) -> None:
        self.sizes(x, *others)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        sizes = self.sizes(x, *others)
        return tuple(sizes[label] for label in self.terms(x, *others).output)

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        """Of one sample, so without the output's first axis where a product has it."""
        operands, output = self.terms(x, *others)
        sizes = self.sizes(x, *others)
        found: dict[str, Shape] = {}
        left = [*operands[0]]
        for number, right in enumerate(operands[1:], 1):
            later = {label for labels in operands[number + 1 :] for label in labels}
            left, used = _contract(left, right, later.union(output))
            if used:
                found[f"product {number}"] = tuple(sizes[a] for a in used if a not in output[:1])
        return found

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        operands, output = self.terms(x, *others)
        return tuple(
            tuple(output.index(a) if a in output and labels.count(a) == 1 else None for a in labels)
            for labels in operands
        )

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        sizes = self.sizes(x, *others)
        listed = ", ".join(f"{_spoken(label)} = {size}" for label, size in sizes.items())
        return [("sizes", listed)]


def _from_end(label: str) -> int:
    return -int(label.removeprefix(ELLIPSIS))


def _spoken(label: str) -> str:
    return "..." if ELLIPSIS in label else label


def _contract(
    left: list[str], right: tuple[str, ...], kept: set[str]
) -> tuple[list[str], list[str]]:
    """The labels of a product, and those that it runs over, none where it sums over none.

    What only one of both has, and nothing later, is summed beforehand.
    """
    ours = [a for a in dict.fromkeys(left) if a in kept or a in right]
    theirs = [a for a in dict.fromkeys(right) if a in kept or a in left]
    both = list(dict.fromkeys([*ours, *theirs]))
    summed = [a for a in both if a not in kept]
    return [a for a in both if a in kept], both if summed else []


class Outer(Layer):
    """The product of each value of one vector with each of another (PyTorch, outer)."""

    kernel: ClassVar = "cnnshape.kernels.product"
    types: ClassVar = {"outer": None}
    in_files: ClassVar = False
    arity: ClassVar = (2, 2)

    def ranks(self) -> tuple[int, ...]:
        return (1,)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], others[0][0])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return (0,), (1,)


class ScaledDotProductAttention(Layer):
    """softmax(QKᵀ·scale)V of operands (*, L, E), (*, S, E), (*, S, V), by default scale = 1/√E.

    A fourth operand is a mask: what is true takes part, or numbers that are added. MACs: L·S·E for
    the scores, L·S·V for the values (Vaswani et al. 2017; PyTorch).
    """

    kernel: ClassVar = "cnnshape.kernels.product"
    types: ClassVar = {"scaled_dot_product_attention": None}
    in_files: ClassVar = False
    arity: ClassVar = (3, 4)

    dropout_p: Probability = 0.0
    is_causal: bool = False
    scale: Real | None = None
    enable_gqa: bool = False

    def check(self, x: Shape, *others: Shape) -> None:
        key, value, *mask = others
        for operand, shape in enumerate((x, key, value)):
            if len(shape) < 2:
                raise RuleError(
                    "bad-rank",
                    f"takes steps of features, but {show(shape)} arrives",
                    operand=operand,
                    expected=2,
                    found=len(shape),
                )
        if x[-1] != key[-1]:
            raise differ("queries", x, "keys", key, "features", x[-1], key[-1], 1)
        if key[-2] != value[-2]:
            raise differ("keys", key, "values", value, "steps", key[-2], value[-2], 2)
        self._check_leading(x, key, value)
        if mask and self.is_causal:
            raise RuleError("invalid-value", "has a mask and is_causal", field="is_causal",
                            help="leave one of them out")  # fmt: skip
        for shape in mask:
            self._check_mask(shape, self.scores(x, *others))

    def _check_leading(self, x: Shape, key: Shape, value: Shape) -> None:
        """Axes before the last two are broadcast; with `enable_gqa` heads are shared."""
        for operand, shape in enumerate((key, value), 1):
            if self.enable_gqa and len(x) > 2 and len(shape) > 2:
                if x[-3] % shape[-3]:
                    raise RuleError(
                        "bad-groups",
                        f"shares {shape[-3]} heads of {show(shape)} among {x[-3]} of queries, "
                        "which they do not divide",
                        operand=operand,
                        expected=x[-3],
                        found=shape[-3],
                        note=division(x[-3], shape[-3]),
                    )
                clash = first_clash(x[:-3], shape[:-3])
            else:
                clash = first_clash(x[:-2], shape[:-2])
            if clash is not None:
                name = "keys" if operand == 1 else "values"
                raise differ("queries", x, name, shape, "leading sizes", *clash, operand)

    def _check_mask(self, mask: Shape, scores: Shape) -> None:
        if len(mask) > len(scores) or first_clash(scores, mask) is not None:
            raise RuleError(
                "shape-mismatch",
                f"masks scores of {show(scores)} by {show(mask)}",
                operand=3,
                expected=list(scores),
                found=list(mask),
            )

    def _leading(self, x: Shape, key: Shape, value: Shape) -> Shape:
        if self.enable_gqa:
            return x[:-2]
        return broadcast(broadcast(x[:-2], key[:-2]), value[:-2])

    def scores(self, x: Shape, *others: Shape) -> Shape:
        """The shape of QKᵀ."""
        return (*self._leading(x, others[0], others[0]), x[-2], others[0][-2])

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*self._leading(x, others[0], others[1]), x[-2], others[1][-1])

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        rows, steps = y[:-1][1:], others[0][-2]
        return {"scores": (*rows, steps, x[-1]), "weighted values": (*rows, steps, y[-1])}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        """Every query sees every key; features of queries and keys are mixed."""

        def target(shape: Shape, axis: int) -> int | None:
            aligned = axis + len(y) - len(shape)
            return aligned if axis < len(shape) - 2 and y[aligned] == shape[axis] else None

        queries, key, value = (
            tuple(target(shape, axis) for axis in range(len(shape))) for shape in (x, *others[:2])
        )
        return (*queries[:-2], len(y) - 2, None), key, (*value[:-1], len(y) - 1)


def differ(
    one: str, x: Shape, other: str, shape: Shape, of: str, left: Size, right: Size, operand: int
) -> RuleError:
    return RuleError(
        "shape-mismatch",
        f"has {one} {show(x)} and {other} {show(shape)}, whose {of} differ: {left} against {right}",
        operand=operand,
        expected=left,
        found=right,
    )
