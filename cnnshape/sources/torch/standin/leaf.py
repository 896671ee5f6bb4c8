"""Modules that are one layer: their classes follow from the layers' own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, Shape
from cnnshape.layers._index import TORCH
from cnnshape.sources.torch.standin.binding import PAIRED, bound, declared, layer_class, plain
from cnnshape.sources.torch.standin.dtype import DType, float32, int64
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.tensor import Parameter, Tensor, carried_out
from cnnshape.sources.torch.standin.trace import (
    BadArgumentError,
    ShapeError,
    layer_of,
    refuse,
)

POOLINGS = ("MaxPool", "AvgPool")
"""Step by their kernel where no stride is given."""
MAY_BE_EMPTY = ("in_channels", "out_channels", "in_features", "out_features", "num_features",
                "num_channels", "normalized_shape", "kernel_size", "num_embeddings",
                "embedding_dim")  # fmt: skip
FAULTS_WHEN_MADE = ("bad-groups",)
LATE = ("stride", "padding", "dilation", "output_padding", "output_size", "scale_factor")


class LayerModule(Module):
    """A module that is one layer."""

    layer_type: ClassVar[str] = ""
    lazy: ClassVar[bool] = False
    _watched: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__()
        cls = layer_class(self.layer_type)
        self._dtype = named.get("dtype") or float32
        values = bound(type(self).__name__, self.layer_type, arguments, named, lazy=self.lazy)
        fields = {name: plain(value) for name, value in values.items()}
        self._postponed: ShapeError | None = None
        layer = self._built(cls, fields)
        self._keep(layer)
        self._layer: Layer | None = layer
        shapes = declared(layer)
        self._check(layer, shapes)
        if shapes is not None:
            try:
                self._store(layer, shapes)
            except RuleError:  # told when the module is called, as PyTorch does
                self._store(layer_of(self.layer_type, {**fields, "kernel_size": 1}), shapes)
        self._seen = self._weighed()

    def _built(self, cls: type[Layer], fields: Mapping[str, Any]) -> Layer:
        for name, info in cls.model_fields.items():
            if info.annotation is bool and name in fields:
                flag = fields[name]
                fields = {**fields, name: True if _is_tensor(flag) else bool(flag)}
        try:
            return layer_of(self.layer_type, fields)
        except BadArgumentError as error:
            late = "transpose" in self.layer_type
            if error.field == "padding" and isinstance(error.given, str) and not late:
                choices = "should be one of {'valid', 'same'}"
                raise ValueError(f"Invalid padding string {error.given!r}, {choices}") from None
            text = f"has `{error.field}` = {error.given!r}: {error.text}"
            fault = RuleError("invalid-value", text, field=error.field, found=error.given)
            refused = refuse(fault, type(self).__name__, made=self.made)
            if not (self._is_looked_at_late(cls, error.field) or self._is_empty(error)):
                raise refused from None
            self._postponed = self._postponed or refused
            kept = {name: value for name, value in fields.items() if name != error.field}
            if cls.model_fields[error.field].is_required() or error.field in cls.stated:
                kept[error.field] = 1
            return self._built(cls, kept)

    def _is_looked_at_late(self, cls: type[Layer], field: str) -> bool:
        """Whether PyTorch keeps an argument as it is, until the module is called."""
        return field in LATE or (field == "kernel_size" and "conv" not in self.layer_type)

    def _is_empty(self, error: BadArgumentError) -> bool:
        """Whether a size is 0, which PyTorch makes weights of that nothing can be done with."""
        return error.given == 0 and error.field in MAY_BE_EMPTY

    def _check(self, layer: Layer, shapes: tuple[Shape, ...] | None) -> None:
        """Raise what PyTorch raises when the module is made."""
        padding = getattr(layer, "padding", None)
        if padding == "same" and not all_ones(layer):
            raise ValueError("padding='same' is not supported for strided convolutions")
        if shapes is None or len(shapes) < layer.arity[0]:
            return
        try:
            layer.check(*shapes)
        except RuleError as error:
            if error.rule in FAULTS_WHEN_MADE:
                raise refuse(error, type(self).__name__, made=self.made) from None

    def _keep(self, layer: Layer) -> None:
        """The arguments as attributes, in the form that PyTorch keeps them in."""
        paired = PAIRED if type(layer).__name__ in ("Conv", "ConvTranspose") else ()
        for name in type(layer).model_fields:
            value = getattr(layer, name)
            if name in paired and not isinstance(value, str | tuple):
                value = (value,) * (layer.axes or 0)
            if name not in ("type", "connection_table"):
                object.__setattr__(self, name, value)
        if paired:
            self.__dict__["transposed"] = type(layer).__name__ == "ConvTranspose"
            self.__dict__.setdefault("output_padding", (0,) * (layer.axes or 0))
        if type(layer).__name__ in POOLINGS and self.stride is None:
            self.__dict__["stride"] = self.kernel_size
        if "Norm" in type(layer).__name__ and hasattr(layer, "normalized_shape"):
            shape = layer.normalized_shape
            self.__dict__["normalized_shape"] = shape if isinstance(shape, tuple) else (shape,)

    def _store(self, layer: Layer, shapes: tuple[Shape, ...]) -> None:
        """Parameters and buffers of the shapes that the layer's rules give."""
        own = layer.weights(*shapes)
        for name in ("weight", "bias"):
            if name in type(layer).model_fields or name in own or "Norm" in type(self).__name__:
                self.__dict__.pop(name, None)
                self._parameters[name] = None
        if getattr(layer, "track_running_stats", True) is False:
            self._buffers.update(dict.fromkeys(("running_mean", "running_var"), None))
        for name, shape in own.items():
            self._place(name, Parameter(Tensor(shape, self._dtype)))
        for name, shape in layer.buffers(*shapes).items():
            self._buffers[name] = Tensor(shape, self._dtype)
            if name == "running_var":
                self._buffers["num_batches_tracked"] = Tensor((), int64, recipe=lambda: 0)

    def _place(self, name: str, parameter: Parameter) -> None:
        """A parameter where its name says, in modules of this one if it has dots."""
        path, _, last = name.rpartition(".")
        if path and path not in self._modules:
            self._modules[path] = nn_class("Linear")(1, 1, bias=False)
            self._modules[path]._parameters.update({"weight": None, "bias": None})
        holder = self._modules[path] if path else self
        holder._parameters[last] = parameter
        if path and last == "weight":
            holder.__dict__["out_features"], holder.__dict__["in_features"] = parameter.shape

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in self._watched and name != "_layer":
            self.__dict__["_layer"] = None

    @property
    def holds_weights(self) -> bool:  # type: ignore[override]
        return any(True for _ in self.parameters())

    def current_layer(self) -> Layer:
        """The layer of the arguments as they are now."""
        if self._layer is None or self._weighed() is not self._seen:
            self.__dict__["_seen"] = self._weighed()
            self.__dict__["_layer"] = layer_of(self.layer_type, self._arguments())
        return self._layer  # type: ignore[return-value]

    def _weighed(self) -> Any:
        """The shape of the weight, which user code may replace."""
        computed = "parametrizations" in self._modules
        weight = getattr(self, "weight", None) if computed else self._parameters.get("weight")
        return None if weight is None else weight.shape

    def _arguments(self) -> dict[str, Any]:
        fields = layer_class(self.layer_type).model_fields
        found = {}
        for name in fields:
            if name in ("type", "connection_table"):
                continue
            value = getattr(self, name)
            is_flag = fields[name].annotation is bool
            found[name] = value is not None if is_flag and _is_tensor(value) else plain(value)
            if is_flag and value is None:
                found[name] = False
        weight = self._parameters.get("weight")
        if weight is not None and "out_channels" in found and "transpose" not in self.layer_type:
            found["out_channels"] = weight.shape[0]
            found["in_channels"] = weight.shape[1] * found["groups"]
        if weight is not None and "out_features" in found and len(weight.shape) == 2:
            found["out_features"], found["in_features"] = weight.shape
        if weight is not None and "num_features" in found:
            found["num_features"] = weight.shape[0]
        return found

    def forward(self, *inputs: Any, **named: Any) -> Any:
        if "input" in named:
            inputs = (*inputs, named.pop("input"))
        fewest, most = layer_class(self.layer_type).arity
        name = type(self).__name__
        if named:
            unknown = next(iter(named))
            raise TypeError(f"{name}.forward() got an unexpected keyword argument '{unknown}'")
        if len(inputs) < fewest:
            raise TypeError(f"{name}.forward() missing 1 required positional argument: 'input'")
        if most is not None and len(inputs) > most:
            raise TypeError(
                f"{name}.forward() takes {most + 1} positional arguments but {len(inputs) + 1} "
                "were given"
            )
        return self.applied(*inputs)

    def applied(self, *inputs: Any, layer: Layer | None = None, dtype: DType | None = None) -> Any:
        """The layer applied, to one sample without a batch axis too where PyTorch takes it."""
        if self._postponed is not None:
            raise refuse(
                self._postponed.fault.error, self.layer_type, *inputs, made=self.made, module=self
            )
        layer = layer or self.current_layer()
        tensors = tuple(_tensor(item, self) for item in inputs)
        if self.lazy and not any(True for _ in self.parameters()):
            self._materialise(layer, tensors)
            layer = self.current_layer()
        self._same_dtype(tensors)
        first = tensors[0]
        if unbatched(layer, first):
            result = carried_out(self.layer_type, layer, (first.unsqueeze(0),), dtype, self)
            return result.squeeze(0)
        return carried_out(self.layer_type, layer, tensors, dtype, self)

    def _materialise(self, layer: Layer, tensors: tuple[Tensor, ...]) -> None:
        """What a lazy module stores, once it has seen its input."""
        shapes = [tuple(item.shape) for item in tensors]
        for name, stated in layer.stated.items():
            self.__dict__[name] = shapes[stated.operand][stated.axis]
        self.__dict__["_layer"] = layer_of(self.layer_type, self._arguments())
        full = declared(self.current_layer())
        if full is not None:
            self._store(self.current_layer(), full)

    def _same_dtype(self, tensors: tuple[Tensor, ...]) -> None:
        from cnnshape.sources.torch.standin.context import AUTOCAST

        stored = (one for one in self._parameters.values() if one is not None)
        weight = self._parameters.get("weight")
        weight = next(stored, None) if weight is None else weight
        given = tensors[0].dtype
        if "norm" in self.layer_type:  # of which those of halves have weights of float32, too
            kept = weight if weight is not None else self._buffers.get("running_mean")
            weight = kept if self.layer_type != "rms_norm" else None
            narrow = weight is not None and given.bits < weight.dtype.bits
            weight = None if narrow else weight
        if weight is None or AUTOCAST.on:
            return
        if given.is_floating_point and given is not weight.dtype and self.layer_type != "embedding":
            fault = RuleError(
                "dtype-mismatch",
                f"has weights of {weight.dtype}, but {given} arrives",
                expected=weight.dtype.name,
                found=given.name,
                help=f"cast what arrives: `.to({weight.dtype})`",
            )
            raise refuse(fault, self.layer_type, *tensors, made=self.made, module=self)

    def reset_parameters(self) -> None:
        """Values are not kept, so there is nothing to draw anew."""

    reset_running_stats = _reset_parameters = reset_parameters

    def extra_repr(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in list(self._arguments().items())[:3])


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _tensor(value: Any, module: Module) -> Tensor:
    if isinstance(value, Tensor):
        return value
    what = "None" if value is None else f"a {type(value).__name__}"
    error = TypeError(f"{type(module).__name__} is given {what}, and takes a Tensor")
    error.made = module.made  # type: ignore[attr-defined]
    raise error


def all_ones(layer: Layer) -> bool:
    stride = getattr(layer, "stride", 1)
    return all(value == 1 for value in (stride if isinstance(stride, tuple) else (stride,)))


UNBATCHED = ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "LPPool", "InstanceNorm", "Pad",
             "AdaptiveAvgPool", "AdaptiveMaxPool", "ZeroPad", "ConstantPad", "ReflectionPad",
             "ReplicationPad", "CircularPad", "Unfold", "Fold")  # fmt: skip


def unbatched(layer: Layer, x: Tensor) -> bool:
    """Whether PyTorch takes the input as one sample without a batch axis."""
    ranks = layer.ranks()
    return bool(
        ranks
        and len(x.shape) not in ranks
        and len(x.shape) + 1 in ranks
        and type(layer).__name__ in UNBATCHED
    )


BASES = {
    "Conv": "_ConvNd",
    "ConvTranspose": "_ConvTransposeNd",
    "BatchNorm": "_BatchNorm",
    "InstanceNorm": "_InstanceNorm",
    "MaxPool": "_MaxPoolNd",
    "AvgPool": "_AvgPoolNd",
    "Dropout": "_DropoutNd",
    "RNN": "RNNBase",
    "LSTM": "RNNBase",
    "GRU": "RNNBase",
}
"""Layer → the class between it and Module that PyTorch's users ask for with isinstance."""


@cache
def base_class(name: str) -> type[LayerModule]:
    from cnnshape.sources.torch.standin.special import MIXINS

    own = (MIXINS[name],) if name in MIXINS else ()
    inner = {"_BatchNorm": "_NormBase", "_InstanceNorm": "_NormBase", "_ConvTransposeNd": "_ConvNd"}
    outer = (base_class(inner[name]),) if name in inner else (LayerModule,)
    return type(name, (*own, *outer), {"__module__": "torch.nn.modules"})


@cache
def nn_class(name: str) -> type[LayerModule]:
    """`torch.nn.Conv2d` by its name; KeyError where no layer is called so."""
    from cnnshape.sources.torch.standin.special import MIXINS

    lazy = name.startswith("Lazy")
    plain_name = name.removeprefix("Lazy")
    layer_type = TORCH[plain_name]
    cls = layer_class(layer_type)
    own = (MIXINS[plain_name],) if plain_name in MIXINS else ()
    base = BASES.get(cls.__name__)
    bases = (nn_class(plain_name),) if lazy else (*own, base_class(base) if base else LayerModule)
    members = {
        "layer_type": layer_type,
        "lazy": lazy,
        "_watched": frozenset(cls.model_fields),
        "__module__": "torch.nn.modules",
        "__doc__": cls.__doc__,
    }
    return type(name, bases, members)
