"""`torch.nn.functional`: layers as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnshape.diagnostics import RuleError
from cnnshape.sources.torch.standin.binding import bound, layer_class, plain
from cnnshape.sources.torch.standin.dtype import bool_
from cnnshape.sources.torch.standin.functions.algebra import same_dtype
from cnnshape.sources.torch.standin.functions.arrangement import reshape, unsqueeze
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.leaf import unbatched
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH, needed, offer
from cnnshape.sources.torch.standin.shape import as_shape, as_size, is_size
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor, apply, carried_out
from cnnshape.sources.torch.standin.trace import (
    BadArgumentError,
    layer_of,
    of_shape_alone,
    refuse,
)


def as_layer(name: str, layer_type: str, input: Any, arguments: Any, named: Any) -> Tensor:
    """A function whose arguments are a layer's, in the layer's order."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    fields = {key: plain(value) for key, value in bound(name, layer_type, arguments, named).items()}
    for key, info in layer_class(layer_type).model_fields.items():
        if info.annotation is bool and key in fields:
            fields[key] = bool(fields[key])
    try:
        layer = layer_of(layer_type, fields)
    except BadArgumentError as error:
        fault = RuleError("invalid-value", f"has `{error.field}` = {error.given!r}: {error.text}")
        raise refuse(fault, name, input) from None
    if layer_type in LEADING and input.ndim != 4 and input.ndim > 2:
        lead, rest = tuple(input.shape[:-3]), tuple(input.shape[-3:])
        found = carried_out(layer_type, layer, (reshape(input, (-1, *rest)),))
        return reshape(found, (*lead, *found.shape[1:]))
    if layer_type == "adaptive_avg_pool2d" and input.ndim != 4 and _is_one(layer.output_size):  # type: ignore[attr-defined]
        return apply("mean", input, dim=(input.ndim - 2, input.ndim - 1), keepdim=True)
    if unbatched(layer, input):
        return carried_out(layer_type, layer, (unsqueeze(input, 0),)).squeeze(0)
    return carried_out(layer_type, layer, (input,))


LEADING = ("pixel_shuffle", "pixel_unshuffle")
"""Take any number of axes before (C, H, W)."""


def _is_one(size: Any) -> bool:
    return size in (1, (1, 1))


def _layer(layer_type: str, *names: str, in_place: bool = False) -> Callable[..., Any]:
    short = names[0].partition(".")[2]

    def function(input: Any, *arguments: Any, **named: Any) -> Tensor:
        return as_layer(short, layer_type, input, arguments, named)

    function.__name__ = short
    return offer(*names, in_place=in_place)(function)


for _name in ("relu", "selu", "celu", "elu", "leaky_relu"):
    _layer(_name, f"F.{_name}", f"torch.{_name}", in_place=True)
_layer("relu", "torch.relu", "Tensor.relu", "F.relu", in_place=True)
for _name in ("sigmoid", "tanh"):
    _layer(_name, f"torch.{_name}", f"Tensor.{_name}", f"F.{_name}", in_place=True)
for _name in ("relu6", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "softplus", "gelu",
              "softsign", "logsigmoid", "tanhshrink", "hardshrink", "softshrink", "threshold",
              "glu",
              "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "local_response_norm",
              "unfold", "fold"):  # fmt: skip
    _layer(_name, f"F.{_name}")
for _name in ("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "threshold", "hardshrink"):
    TORCH[_name] = FUNCTIONAL[_name]
FUNCTIONAL["relu6_"] = FUNCTIONAL["relu6"]
FUNCTIONAL["hardtanh_"] = FUNCTIONAL["hardtanh"]
FUNCTIONAL["threshold_"] = FUNCTIONAL["threshold"]
METHODS["hardshrink"] = FUNCTIONAL["hardshrink"]
for _axes in (1, 2, 3):
    for _name in (f"avg_pool{_axes}d", f"adaptive_avg_pool{_axes}d"):
        _layer(_name, f"F.{_name}", f"torch.{_name}")
_layer("lp_pool2d", "F.lp_pool2d")

TORCH["special_expit"] = TORCH["sigmoid"]


@offer("F.prelu", "torch.prelu", "Tensor.prelu")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    count = weight.shape.numel()
    if count != 1 and count != input.shape[1]:
        raise RuntimeError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            f"{count} and channel size = {input.shape[1]}."
        )
    scale = reshape(weight, (1, -1, *([1] * (input.ndim - 2)))) if count != 1 else weight
    return TORCH["where"](input > 0, input, input * scale)


@offer("F.rrelu", "F.rrelu_", "torch.rrelu")
def rrelu(input: Tensor, lower: float = 0.125, upper: float = 1 / 3, *_: Any, **__: Any) -> Tensor:
    return apply("leaky_relu", input, negative_slope=(lower + upper) / 2)


def _max_pool(layer_type: str, short: str) -> None:
    def function(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        steps = None if stride in ([], ()) else stride
        values = (kernel_size, steps, padding, dilation, bool(return_indices), ceil_mode)
        result = as_layer(short, layer_type, input, values, {})
        return (result, indices_of(result)) if return_indices else result

    function.__name__ = short
    offer(f"F.{short}", f"torch.{short}")(function)
    FUNCTIONAL[f"{short}_with_indices"] = lambda *given, **named: function(
        *given, **{**named, "return_indices": True}
    )


@of_shape_alone
def indices_of(result: Tensor) -> Tensor:
    """Where each maximum stood: integers of the same shape."""
    from cnnshape.sources.torch.standin.dtype import int64

    return later("argsort", result, dtype=int64, dim=-1)


for _axes in (1, 2, 3):
    _max_pool(f"max_pool{_axes}d", f"max_pool{_axes}d")


def _adaptive_max(layer_type: str) -> None:
    def function(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        result = as_layer(layer_type, layer_type, input, (output_size,), {})
        return (result, indices_of(result)) if return_indices else result

    offer(f"F.{layer_type}", f"torch.{layer_type}")(function)


for _axes in (1, 2, 3):
    _adaptive_max(f"adaptive_max_pool{_axes}d")


def _dropout(layer_type: str) -> None:
    def function(
        input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        return as_layer(layer_type, layer_type, input, (float(p),), {})

    function.__name__ = layer_type
    offer(f"F.{layer_type}", f"torch.{layer_type}", in_place=True)(function)


for _name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout"):
    _dropout(_name)
FUNCTIONAL["feature_alpha_dropout"] = TORCH["feature_dropout"] = FUNCTIONAL["alpha_dropout"]


@offer("F.linear")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    same_dtype(needed(input, "linear"), weight)
    return apply("functional_linear", input, *_given(weight, bias))


def _given(*tensors: Tensor | None) -> tuple[Tensor, ...]:
    return tuple(one for one in tensors if one is not None)


@offer("F.bilinear")
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    result = TORCH["einsum"]("...i,kij,...j->...k", input1, weight, input2)
    return result if bias is None else result + bias


CONVOLUTION = ("stride", "padding", "dilation", "groups")
TRANSPOSED = ("stride", "padding", "output_padding", "groups", "dilation")


def _convolution(short: str, names: tuple[str, ...]) -> None:
    def function(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, *values: Any, **named: Any
    ) -> Tensor:
        fields = {**dict(zip(names, values, strict=False)), **named}
        unknown = next((key for key in fields if key not in names), None)
        if unknown or len(values) > len(names):
            raise TypeError(f"{short}() got an unexpected argument '{unknown}'")
        fields = {key: _unwrapped(plain(value)) for key, value in fields.items()}
        same_dtype(needed(input, short), weight)
        if fields.get("padding") == "same" and {fields.get("stride", 1)} - {1, (1, 1), (1, 1, 1)}:
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        operands = (input, *_given(weight, bias))
        if input.ndim == weight.ndim - 1:
            return apply(
                f"functional_{short}", unsqueeze(input, 0), *operands[1:], **fields
            ).squeeze(0)
        return apply(f"functional_{short}", *operands, **fields)

    function.__name__ = short
    offer(f"F.{short}", f"torch.{short}")(function)


def _unwrapped(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


for _axes in (1, 2, 3):
    _convolution(f"conv{_axes}d", CONVOLUTION)
    _convolution(f"conv_transpose{_axes}d", TRANSPOSED)


def within_table(input: Tensor, count: Any) -> None:
    """IndexError as PyTorch's where integers that are known lie beyond a table."""
    found = (
        input.known_values() if input.name is None and not input.dtype.is_floating_point else None
    )
    if found is not None and found.size and not 0 <= found.min() <= found.max() < count:
        raise IndexError(f"index out of range in self: {found.max()} of {count} rows")


def whole_indices(input: Tensor) -> None:
    """RuntimeError as PyTorch's where a table is looked into by what is no index."""
    if input.dtype.name not in ("int64", "int32"):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {METHODS['type'](input)} instead"
        )


@offer("F.embedding")
def embedding(input: Tensor, weight: Tensor, *_: Any, **__: Any) -> Tensor:
    whole_indices(needed(input, "embedding"))
    within_table(input, weight.shape[0])
    return apply("functional_embedding", input, weight, dtype=weight.dtype)


TORCH["embedding"] = lambda weight, indices, *_, **__: embedding(indices, weight)


@offer("F.pad", "torch.constant_pad_nd")
def pad(input: Tensor, pad: Any, mode: str = "constant", value: Any = None) -> Tensor:
    numbers = tuple(as_size(one) for one in pad)
    return apply("pad", input, pad=numbers, mode=mode, value=0.0 if value is None else float(value))


@offer("F.interpolate", "F.upsample")
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Tensor:
    kind = "bilinear" if mode == "area" else mode
    if mode == "area":
        return _area(input, size, scale_factor)
    sizes = None
    if size is not None:
        sizes = as_size(size) if is_size(size) or isinstance(size, Tensor) else as_shape((size,))
        if isinstance(sizes, tuple) and len(sizes) != input.ndim - 2:
            raise ValueError(
                f"Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(input.shape[2:])} and output size of "
                f"{list(sizes)}."
            )
    fields = {"size": sizes, "scale_factor": _scale(scale_factor), "mode": kind}
    if align_corners is not None:
        fields["align_corners"] = bool(align_corners)
    return apply("upsample", input, **fields)


def _area(input: Tensor, size: Any, scale_factor: Any) -> Tensor:
    """Interpolation by areas is adaptive average pooling."""
    if size is None:
        sizes = apply("upsample", input, scale_factor=_scale(scale_factor)).shape[2:]
    else:
        sizes = size
    return FUNCTIONAL[f"adaptive_avg_pool{input.ndim - 2}d"](input, sizes)


def _scale(factor: Any) -> Any:
    if factor is None:
        return None
    if isinstance(factor, list | tuple):
        return tuple(float(one) for one in factor)
    return float(factor)


FUNCTIONAL["upsample_nearest"] = lambda input, size=None, scale_factor=None: interpolate(
    input, size, scale_factor, "nearest"
)
FUNCTIONAL["upsample_bilinear"] = lambda input, size=None, scale_factor=None: interpolate(
    input, size, scale_factor, "bilinear", True
)


@offer("F.grid_sample", "torch.grid_sampler")
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: Any = None,
) -> Tensor:  # fmt: skip
    same_dtype(input, grid)
    return apply(
        "grid_sample", input, grid, mode=mode, padding_mode=padding_mode,
        align_corners=bool(align_corners),
    )  # fmt: skip


@offer("F.affine_grid")
def affine_grid(theta: Tensor, size: Any, align_corners: Any = None) -> Tensor:
    return apply("affine_grid", theta, size=as_shape((size,)), align_corners=bool(align_corners))


@offer("F.scaled_dot_product_attention")
def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
) -> Tensor:
    mask = _given(attn_mask)
    if mask and not (mask[0].dtype is bool_ or mask[0].dtype.is_floating_point):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {mask[0].dtype}"
        )
    named: dict[str, Any] = {"enable_gqa": True} if enable_gqa else {}
    if scale is not None and not isinstance(scale, Tensor):
        named["scale"] = float(scale)
    if is_causal and not mask:
        named["is_causal"] = True
    return apply(
        "scaled_dot_product_attention", query, key, value, *mask, dtype=query.dtype, **named
    )


@offer("F.gumbel_softmax")
@of_shape_alone
def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: Any = 0, dim: int = -1
) -> Tensor:
    return apply("softmax", logits / tau, dim=dim)


@offer("F.max_unpool2d", "F.max_unpool1d", "F.max_unpool3d")
def max_unpool(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    axes = input.ndim - 2
    sizes = None if output_size is None else as_shape((output_size,))[-axes:]
    fields = {"kernel_size": plain(kernel_size), "padding": plain(padding), "output_size": sizes}
    if stride is not None:
        fields["stride"] = plain(stride)
    return apply(f"max_unpool{axes}d", input, indices, dtype=input.dtype, **fields)


@offer("F.embedding_bag")
@of_shape_alone
def embedding_bag(input: Tensor, weight: Tensor, offsets: Any = None, *_: Any, **__: Any) -> Tensor:
    found = embedding(input, weight)
    if input.ndim == 2:
        return TORCH["mean"](found, 1)
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    picked = found[slice(0, 1)]
    return apply("expand", picked, sizes=(offsets.shape[0], weight.shape[1]))
