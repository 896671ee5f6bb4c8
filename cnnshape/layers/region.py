"""Layers that look where other tensors say: deformable convolutions, pooling of regions."""

from collections.abc import Mapping
from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, PerAxis, PerAxisFrom0, PositiveInt, Shape, show
from cnnshape.layers.functional import Flow, FunctionalConv
from cnnshape.window import Window


class DeformConv(FunctionalConv):
    """A convolution that looks a learnt offset away (torchvision, ops.deform_conv2d; Dai 2017).

    Operands: x, a weight (K, D/groups, F, F), offsets (N, 2·offset_groups·F·F, *out), a bias (K),
    and perhaps a mask (N, offset_groups·F·F, *out).
    """

    kernel: ClassVar = ""
    types: ClassVar = {"deform_conv2d": 2}
    arity: ClassVar = (4, 5)

    stride: PerAxis = 1
    padding: PerAxisFrom0 = 0
    dilation: PerAxis = 1
    groups: PositiveInt = 1
    offset_groups: PositiveInt = 1

    def layer(self, weight: Shape) -> FunctionalConv:
        """The convolution that does not look away."""
        plain = FunctionalConv.model_construct(
            type="functional_conv2d", stride=self.stride, padding=self.padding,
            dilation=self.dilation, groups=self.groups,
        )  # fmt: skip
        return FunctionalConv.layer(plain, weight)  # type: ignore[no-any-return]

    def check(self, x: Shape, *others: Shape) -> None:
        weight, offset, bias, *masks = others
        super().check(x, weight, bias)
        y = self.output_shape(x, weight)
        places = self.offset_groups * weight[2] * weight[3]
        pairs = [("offsets", 2 * places, offset), *(("a mask", places, mask) for mask in masks)]
        for operand, (what, channels, found) in enumerate(pairs, 2):
            wanted = (x[0], channels, *y[2:])
            if found != wanted:
                raise RuleError(
                    "shape-mismatch",
                    f"takes {what} of {show(wanted)}, but {show(found)} arrives",
                    operand=operand if operand == 2 else 4,
                    expected=list(wanted),
                    found=list(found),
                )

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        """Where an output looks is computed: it may see everything."""
        return {2: None, 3: None}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        plain = super().flow(y, x, *others)[0]
        return (plain, *((None,) * len(shape) for shape in others))


class RegionPool(Layer):
    """Regions of the input, each brought to one size (torchvision, ops.roi_align, roi_pool).

    Operands: x (N, C, H, W), and regions (K, 5), the sample's number first → (K, C, *output_size).
    With `ps_roi_align` each place reads channels of its own, so C is divided by their number.
    """

    types: ClassVar = {"roi_align": 2, "ps_roi_align": 2}
    in_files: ClassVar = False
    reads: ClassVar = "any"
    arity: ClassVar = (2, 2)

    output_size: PerAxis

    def ranks(self) -> tuple[int, ...]:
        return ()

    def places(self) -> int:
        """How many places share the channels."""
        height, width = self.along("output_size", 2)
        return height * width if self.type == "ps_roi_align" else 1

    def check(self, x: Shape, *others: Shape) -> None:
        regions = others[0]
        if len(x) != 4 or len(regions) != 2 or regions[1] != 5:
            raise RuleError(
                "shape-mismatch",
                f"takes (N, C, H, W) and regions (K, 5), but {show(x)} and {show(regions)} arrive",
                operand=1,
                expected=5,
                found=regions[-1] if regions else None,
            )
        if x[1] % self.places():
            raise RuleError(
                "bad-groups",
                f"shares {x[1]} channels among {self.places()} places",
                field="output_size",
                expected=self.places(),
                found=x[1],
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (others[0][0], x[1] // self.places(), *self.along("output_size", 2))

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        channel = 1 if self.places() == 1 else None
        return (None, channel, None, None), (0, None)
