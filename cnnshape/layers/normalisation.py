"""Normalisation: of batches, layers, groups, instances, and of neighbouring channels."""

from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    Batch,
    Centring,
    Kept,
    Layer,
    PositiveInt,
    Real,
    Shape,
    Stated,
    division,
    show,
)

Epsilon = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ChannelNorm(Layer):
    """A normalisation with a gain and a bias a channel, and running statistics, if it has them."""

    channels: ClassVar = True
    reads: ClassVar = "floats"

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (x[1],), "bias": (x[1],)} if vars(self)["affine"] else {}

    def buffers(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        if not vars(self).get("track_running_stats"):
            return {}
        return {"running_mean": (x[1],), "running_var": (x[1],)}


class BatchNorm(ChannelNorm):
    """Each channel over the batch and all positions: γ(x - μ)/√(σ² + ε) + β.

    2C parameters if `affine`; 2C buffers, the running mean and variance, if `track_running_stats`
    (Ioffe and Szegedy 2015; PyTorch, BatchNorm2d). 0 MACs.
    """

    kernel: ClassVar = "cnnshape.kernels.normalisation"
    types: ClassVar = {"batch_norm": None, "batch_norm1d": 1, "batch_norm2d": 2, "batch_norm3d": 3}
    torch: ClassVar = ("", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
    stated: ClassVar = {"num_features": Stated("channels", 1)}

    num_features: PositiveInt | None = None
    eps: Epsilon = 1e-5
    momentum: Real | None = 0.1
    affine: bool = True
    track_running_stats: bool = True

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its input, and a mean and a deviation a channel."""
        return Kept(inputs=True, shared=2 * x[1])

    def ranks(self) -> tuple[int, ...]:
        return (2, 3) if self.axes == 1 else super().ranks() or (2, 3, 4, 5)

    def centring(self, x: Shape) -> Centring:
        return Centring(prod(x[2:]), by_channel=True, over_batch=True)


class InstanceNorm(ChannelNorm):
    """Each channel of each sample over its positions (Ulyanov 2016; PyTorch, InstanceNorm2d).

    2C parameters only if `affine`, 2C buffers only if `track_running_stats`. 0 MACs.
    """

    kernel: ClassVar = "cnnshape.kernels.normalisation"
    types: ClassVar = {
        "instance_norm": None,
        "instance_norm1d": 1,
        "instance_norm2d": 2,
        "instance_norm3d": 3,
    }
    torch: ClassVar = ("", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
    stated: ClassVar = {"num_features": Stated("channels", 1)}

    num_features: PositiveInt | None = None
    eps: Epsilon = 1e-5
    momentum: Real = 0.1
    affine: bool = False
    track_running_stats: bool = False

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its input, a mean and a deviation a map, and the gain repeated for each sample."""
        return Kept(inputs=True, statistics=(3 if self.affine else 2) * prod(x[:2]))

    def ranks(self) -> tuple[int, ...]:
        return super().ranks() or (3, 4, 5)

    def centring(self, x: Shape) -> Centring:
        return Centring(prod(x[2:]), by_channel=True)

    def check(self, x: Shape, *others: Shape) -> None:
        if prod(x[2:]) == 1 and not self.track_running_stats:
            raise RuleError(
                "empty-output",
                f"normalises {show(x)}, one value a channel, so nothing but its mean is left",
                help="leave it out, or normalise where the map is larger",
            )


class Trailing(Layer):
    """A normalisation over the last axes; `normalized_shape` left out means the last one."""

    def shape_of(self, x: Shape) -> Shape:
        """The normalised axes."""
        given = getattr(self, "normalized_shape", None)
        if given is None:
            return x[-1:]
        return given if isinstance(given, tuple) else (given,)

    def check(self, x: Shape, *others: Shape) -> None:
        wanted = self.shape_of(x)
        axes = x[1:] if any(isinstance(size, Batch) for size in x[:1]) else x
        arrived = axes[-len(wanted) :]
        if arrived != wanted:
            listed = ", ".join(map(str, arrived))
            raise RuleError(
                "size-mismatch",
                f"normalises {show(wanted)}, but the last axes of {show(x)} are {show(arrived)}",
                field="normalized_shape",
                expected=arrived[0] if len(arrived) == 1 else list(arrived),
                found=wanted[0] if len(wanted) == 1 else list(wanted),
                choices=(arrived,),
                help=f"write `normalized_shape: [{listed}]`",
            )

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        if not getattr(self, "elementwise_affine", True):
            return {}
        shape = self.shape_of(x)
        return (
            {"weight": shape, "bias": shape} if getattr(self, "bias", False) else {"weight": shape}
        )


class LayerNorm(Trailing):
    """Each sample over its last axes (Ba et al. 2016; PyTorch, LayerNorm).

    One gain and one bias an element of `normalized_shape`, by default the last axis. 0 MACs.
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.normalisation"
    types: ClassVar = {"layer_norm": None}
    torch: ClassVar = ("LayerNorm",)

    normalized_shape: PositiveInt | tuple[PositiveInt, ...] | None = None
    eps: Epsilon = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def centring(self, x: Shape) -> Centring:
        return Centring(prod(self.shape_of(x)), by_channel=False)

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its input, and a mean and a deviation for each that is normalised."""
        return Kept(inputs=True, statistics=2 * (prod(x) // prod(self.shape_of(x))))


class RMSNorm(Trailing):
    """Each sample's last axes by their root mean square (Zhang, Sennrich 2019; PyTorch, RMSNorm).

    One gain an element of `normalized_shape`, by default the last axis. 0 MACs.
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.normalisation"
    types: ClassVar = {"rms_norm": None}
    torch: ClassVar = ("RMSNorm",)

    normalized_shape: PositiveInt | tuple[PositiveInt, ...] | None = None
    eps: Epsilon | None = None
    elementwise_affine: bool = True

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its input, that without the gain, and a root for each that is normalised."""
        return Kept(inputs=True, values=prod(x) + prod(x) // prod(self.shape_of(x)))


class GroupNorm(ChannelNorm):
    """Each sample over groups of C/num_groups channels (Wu and He 2018; PyTorch, GroupNorm).

    2C parameters if `affine`; C is divisible by `num_groups`. 0 MACs.
    """

    kernel: ClassVar = "cnnshape.kernels.normalisation"
    types: ClassVar = {"group_norm": None}
    torch: ClassVar = ("GroupNorm",)
    stated: ClassVar = {"num_channels": Stated("channels", 1)}

    num_groups: PositiveInt
    num_channels: PositiveInt | None = None
    eps: Epsilon = 1e-5
    affine: bool = True

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its input, and a mean and a deviation a group."""
        return Kept(inputs=True, statistics=2 * x[0] * self.num_groups)

    def ranks(self) -> tuple[int, ...]:
        return (2, 3, 4, 5)

    def centring(self, x: Shape) -> Centring:
        channels = x[1] // self.num_groups
        return Centring(channels * prod(x[2:]), by_channel=channels == 1)

    def check(self, x: Shape, *others: Shape) -> None:
        if x[1] % self.num_groups:
            raise RuleError(
                "bad-groups",
                f"has {self.num_groups} groups, "
                f"which do not divide the {x[1]} channels that arrive",
                field="num_groups",
                found=self.num_groups,
                note=division(x[1], self.num_groups),
                help=nearest_divisors("num_groups", x[1], self.num_groups),
                choices=near_divisors(x[1], self.num_groups),
            )


class LocalResponseNorm(Layer):
    """Each value by the squares of its neighbouring channels, x/(k + α/n Σ x²)^β.

    No parameters, 0 MACs (Krizhevsky et al. 2012, section 3.3; PyTorch, LocalResponseNorm).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.normalisation"
    types: ClassVar = {"local_response_norm": None}
    torch: ClassVar = ("LocalResponseNorm",)
    channels: ClassVar = True

    size: PositiveInt
    alpha: Real = 1e-4
    beta: Real = 0.75
    k: Real = 1.0

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Its input, the squares with their padding, the sums, and their powers."""
        padded = x[0] * (x[1] + self.size - 1) * prod(x[2:])
        return Kept(inputs=True, values=padded + 2 * prod(x))

    def ranks(self) -> tuple[int, ...]:
        return (3, 4, 5)


def nearest_divisors(field: str, channels: int, wanted: int) -> str:
    """Help that names the divisors of a number of channels nearest to the wanted one."""
    near = sorted(near_divisors(channels, wanted))
    if not near:
        return f"write a divisor of {channels}"
    written = " or ".join(f"`{field}: {divisor}`" for divisor in near)
    return f"write {written}, which divide{'s' * (len(near) == 1)} {channels}"


def near_divisors(channels: int, wanted: int) -> list[int]:
    """The three divisors nearest to the wanted one, the nearest first; none of a formula."""
    if not isinstance(channels, int):
        return []
    divisors = [d for d in range(1, min(channels, 4096) + 1) if channels % d == 0]
    return sorted(divisors, key=lambda d: abs(d - wanted))[:3]
