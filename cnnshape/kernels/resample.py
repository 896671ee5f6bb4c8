"""Resampling: interpolation, and channels moved into space or among themselves."""

from __future__ import annotations

from cnnshape.kernels import interpolation
from cnnshape.kernels.arena import Array
from cnnshape.kernels.kernel import Context, Gradients, Step, kernel
from cnnshape.kernels.linear_map import mapped, mapped_gradient
from cnnshape.layers.resample import ChannelShuffle, PixelShuffle, PixelUnshuffle, Upsample


def _matrix(layer: Upsample, size: int, outputs: int, scale: float | None) -> Array:
    if layer.mode.startswith("nearest"):
        exact = layer.mode == "nearest-exact"
        return interpolation.nearest(size, outputs, scale, exact=exact)
    curve = interpolation.cubic if layer.mode == "bicubic" else interpolation.linear
    return curve(size, outputs, scale, corners=bool(layer.align_corners))


@kernel(Upsample)
def interpolate(layer: Upsample, context: Context, x: Array) -> Step:
    sizes, count = layer.output_sizes(x.shape), x.ndim - 2
    given = layer.size is not None or layer.recompute_scale_factor
    scales = (None,) * count if given else layer.along("scale_factor", count)
    matrices = [_matrix(layer, *one) for one in zip(x.shape[2:], sizes, scales, strict=True)]
    return Step(
        mapped(matrices, x), lambda g: Gradients((mapped_gradient(matrices, g),)), loose=True
    )


@kernel(PixelShuffle)
def shuffle_pixels(layer: PixelShuffle, context: Context, x: Array) -> Step:
    r = layer.upscale_factor
    return Step(_into_space(x, r), lambda g: Gradients((_into_channels(g, r),)))


@kernel(PixelUnshuffle)
def unshuffle_pixels(layer: PixelUnshuffle, context: Context, x: Array) -> Step:
    r = layer.downscale_factor
    return Step(_into_channels(x, r), lambda g: Gradients((_into_space(g, r),)))


def _into_space(x: Array, r: int) -> Array:
    """(N, C·r², H, W) → (N, C, H·r, W·r)."""
    samples, channels, height, width = x.shape
    split = x.reshape(samples, channels // r**2, r, r, height, width)
    return split.transpose(0, 1, 4, 2, 5, 3).reshape(samples, -1, height * r, width * r)


def _into_channels(x: Array, r: int) -> Array:
    """(N, C, H·r, W·r) → (N, C·r², H, W)."""
    samples, channels, height, width = x.shape
    split = x.reshape(samples, channels, height // r, r, width // r, r)
    return split.transpose(0, 1, 3, 5, 2, 4).reshape(samples, -1, height // r, width // r)


@kernel(ChannelShuffle)
def shuffle_channels(layer: ChannelShuffle, context: Context, x: Array) -> Step:
    groups, each = layer.groups, x.shape[1] // layer.groups
    return Step(_in_turn(x, groups), lambda g: Gradients((_in_turn(g, each),)))


def _in_turn(x: Array, groups: int) -> Array:
    """The first channel of every group, then the second, …"""
    split = x.reshape(len(x), groups, -1, *x.shape[2:])
    return split.swapaxes(1, 2).reshape(x.shape)
