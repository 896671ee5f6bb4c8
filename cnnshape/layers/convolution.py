"""Convolutions: direct, transposed, and with unshared weights."""

from collections.abc import Mapping
from math import prod
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    Formulas,
    Layer,
    PerAxis,
    PerAxisFrom0,
    PositiveInt,
    Shape,
    Size,
    Stated,
    division,
    per_axis_formulas,
    show,
)
from cnnshape.layers.sliding import Padding, Sliding, check_padding_mode
from cnnshape.window import Spread, Window

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


def _rectangular(table: tuple[tuple[Literal[0, 1], ...], ...]) -> tuple[tuple[int, ...], ...]:
    if not table or len({len(row) for row in table}) != 1 or not table[0]:
        raise PydanticCustomError("table", "must have rows of one length, one row an output map")
    if not all(map(any, table)):
        raise PydanticCustomError("table", "has a row of zeros: a map connected to nothing")
    return table


Table = Annotated[tuple[tuple[Literal[0, 1], ...], ...], AfterValidator(_rectangular)]


class Conv(Sliding):
    """Slides `out_channels` kernels over the input.

    Per axis floor((W + p_before + p_after - d(k - 1) - 1)/s) + 1, which is (W - F + 2P)/S + 1
    undilated and symmetric; F·F·D1·K/groups weights and K biases (PyTorch, Conv2d; Dumoulin and
    Visin 2016). With a `connection_table` (outputs by inputs), one kernel a 1 (LeCun et al. 1998,
    table I).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.convolution"
    linear: ClassVar = True
    types: ClassVar = {"conv1d": 1, "conv2d": 2, "conv3d": 3}
    torch: ClassVar = ("Conv1d", "Conv2d", "Conv3d")
    stated: ClassVar = {"in_channels": Stated("channels", 1)}

    in_channels: PositiveInt | None = None
    out_channels: PositiveInt
    kernel_size: PerAxis
    stride: PerAxis = 1
    padding: Padding = 0
    dilation: PerAxis = 1
    groups: PositiveInt = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"
    connection_table: Table | None = None

    def check(self, x: Shape, *others: Shape) -> None:
        check_groups(self.groups, x[1], self.out_channels)
        if self.connection_table is not None:
            self._check_table(self.connection_table, x[1])
        if self.padding_mode != "zeros":
            slides = self.slides(x)
            check_padding_mode(
                self.padding_mode, [(slide.size, slide.before, slide.after) for slide in slides]
            )

    def _check_table(self, table: Table, channels: Size) -> None:
        if self.groups != 1:
            raise RuleError(
                "bad-groups",
                f"has a connection table and {self.groups} groups; the table says it all",
                field="groups",
                expected=1,
                found=self.groups,
                choices=(1,),
            )
        if len(table) != self.out_channels:
            raise RuleError(
                "size-mismatch",
                f"has {self.out_channels} output channels, but {len(table)} rows in its table",
                field="connection_table",
                against="out_channels",
                expected=self.out_channels,
                found=len(table),
            )
        if len(table[0]) != channels:
            raise RuleError(
                "size-mismatch",
                f"connects {len(table[0])} channels in its table, but {channels} arrive",
                field="connection_table",
                expected=channels,
                found=len(table[0]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], self.out_channels, *self.output_sizes(x))

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        kernel = self.kernel_sizes
        if self.connection_table is not None:
            weight: Shape = (sum(map(sum, self.connection_table)), *kernel)
        else:
            weight = (self.out_channels, x[1] // self.groups, *kernel)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        positions = prod(y[2:])
        return dict.fromkeys(self.weights(x), positions)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return flow_of_channels(y, x, self.groups)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "out_channels" if axis == 1 else super().decided_by(axis, y, x)


class ConvTranspose(Layer):
    """Spreads every input value over a kernel: the gradient of a convolution.

    Per axis (W - 1)s - p_before - p_after + d(k - 1) + output_padding + 1, with output_padding
    smaller than the stride or the dilation; D1·F·F·K/groups weights and K biases (PyTorch,
    ConvTranspose2d; Dumoulin and Visin 2016, section 4).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.convolution"
    linear: ClassVar = True
    types: ClassVar = {"conv_transpose1d": 1, "conv_transpose2d": 2, "conv_transpose3d": 3}
    torch: ClassVar = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
    channels: ClassVar = True
    stated: ClassVar = {"in_channels": Stated("channels", 1)}

    in_channels: PositiveInt | None = None
    out_channels: PositiveInt
    kernel_size: PerAxis
    stride: PerAxis = 1
    padding: PerAxisFrom0 = 0
    output_padding: PerAxisFrom0 = 0
    groups: PositiveInt = 1
    bias: bool = True
    dilation: PerAxis = 1
    padding_mode: Literal["zeros"] = "zeros"

    def spreads(self, x: Shape) -> list[Spread]:
        """The transposed windows, one a spatial axis."""
        count = len(x) - 2
        names = ("kernel_size", "stride", "dilation", "padding", "padding", "output_padding")
        columns = [self.along(name, count) for name in names]
        return [Spread(*values) for values in zip(x[2:], *columns, strict=True)]

    def check(self, x: Shape, *others: Shape) -> None:
        check_groups(self.groups, x[1], self.out_channels)
        for spread in self.spreads(x):
            bound = max(spread.stride, spread.dilation)
            if spread.output_padding >= bound:
                raise RuleError(
                    "bad-padding",
                    f"has an output_padding of {spread.output_padding}, which must be smaller than "
                    f"its stride ({spread.stride}) or its dilation ({spread.dilation})",
                    field="output_padding",
                    expected=bound - 1,
                    found=spread.output_padding,
                    help=f"write at most {bound - 1}",
                    choices=(bound - 1,),
                )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        spreads = self.spreads(x)
        sizes = tuple(spread.output_size() for spread in spreads)
        for spread in spreads:
            if spread.output_size() < 1:
                raise RuleError(
                    "empty-output",
                    f"leaves nothing of its input {show(x)}: its padding takes it all away",
                    field="padding",
                    note=spread.formula(),
                    help="reduce `padding`",
                )
        return (x[0], self.out_channels, *sizes)

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        kernel = self.along("kernel_size", len(x) - 2)
        weight = (x[1], self.out_channels // self.groups, *kernel)
        return {"weight": weight, "bias": (self.out_channels,)} if self.bias else {"weight": weight}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        """A weight is used once an input position, a bias once an output position."""
        uses = {"weight": prod(x[2:])}
        return {**uses, "bias": prod(y[2:])} if self.bias else uses

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {axis: spread.window() for axis, spread in enumerate(self.spreads(x), 2)}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return flow_of_channels(y, x, self.groups)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        if axis == 1:
            return "out_channels"
        return "stride" if "stride" in self.model_fields_set else "kernel_size"

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        return per_axis_formulas([spread.formula() for spread in self.spreads(x)])


class LocallyConnected(Sliding):
    """A convolution whose weights are not shared: each output position has its own kernel.

    F·F·D1·K weights and K biases an output position (Keras, LocallyConnected2D).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.convolution"
    linear: ClassVar = True
    types: ClassVar = {"locally_connected2d": 2}
    stated: ClassVar = {"in_channels": Stated("channels", 1)}

    in_channels: PositiveInt | None = None
    out_channels: PositiveInt
    kernel_size: PerAxis
    stride: PerAxis = 1
    padding: Padding = 0
    dilation: PerAxis = 1
    bias: bool = True

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (x[0], self.out_channels, *self.output_sizes(x))

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        positions = self.output_sizes(x)
        weight = (self.out_channels, x[1], *self.kernel_sizes, *positions)
        if not self.bias:
            return {"weight": weight}
        return {"weight": weight, "bias": (self.out_channels, *positions)}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        return dict.fromkeys(self.weights(x), 1)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return flow_of_channels(y, x, 1)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "out_channels" if axis == 1 else super().decided_by(axis, y, x)


def flow_of_channels(y: Shape, x: Shape, groups: int) -> tuple[tuple[int | None, ...], ...]:
    """Channels are mixed, unless each goes its own way; the other axes keep their places."""
    channels = 1 if groups == x[1] == y[1] else None
    return ((0, channels, *range(2, len(x))),)


def check_groups(groups: int, channels: Size, out_channels: Size) -> None:
    """Groups split the input's and the output's channels evenly (PyTorch, Conv2d, `groups`)."""
    for count, what, against in (
        (channels, "arrive", None),
        (out_channels, "leave", "out_channels"),
    ):
        if count % groups:
            most = min(channels, out_channels, 4096) if isinstance(channels, int) else 1
            divisors = [d for d in range(1, most + 1)
                        if channels % d == 0 and out_channels % d == 0]  # fmt: skip
            near = sorted(divisors, key=lambda d: abs(d - groups))[:3]
            raise RuleError(
                "bad-groups",
                f"has {groups} groups, which do not divide the {count} channels that {what}",
                field="groups",
                against=against,
                found=groups,
                choices=near,
                note=division(count, groups),
                help="write "
                + " or ".join(f"`groups: {divisor}`" for divisor in sorted(near))
                + f", which divide{'s' * (len(near) == 1)} {channels} and {out_channels}",
            )
