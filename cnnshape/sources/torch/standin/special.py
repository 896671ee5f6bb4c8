"""What some modules do beside applying their layer: states, masks, several outputs."""

from __future__ import annotations

from typing import Any

from cnnshape.diagnostics import RuleError
from cnnshape.layer import show
from cnnshape.sources.torch.standin.attending import Attending
from cnnshape.sources.torch.standin.dtype import int64
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.leaf import LayerModule
from cnnshape.sources.torch.standin.lenient import (
    Averaging,
    ByInstance,
    Padding,
    Projecting,
    Shuffling,
)
from cnnshape.sources.torch.standin.packed import PackedSequence
from cnnshape.sources.torch.standin.shape import as_shape
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import layer_of, refuse


class MaxPooling:
    """Gives the places of the maxima too, if asked to."""

    def forward(self: Any, input: Tensor) -> Any:
        result = self.applied(input)
        if not self.return_indices:
            return result
        arguments = {k: v for k, v in self._arguments().items() if k != "return_indices"}
        if "adaptive" in self.layer_type:
            from cnnshape.sources.torch.standin.functions.network import indices_of

            return result, indices_of(result)
        kind = f"{self.layer_type}_indices"
        return result, later(kind, input, dtype=int64, **arguments)


class Unpooling:
    """Takes the places of the maxima, and perhaps the output's size."""

    def forward(self: Any, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        from cnnshape.sources.torch.standin.functions.network import max_unpool

        given = (self.kernel_size, self.stride, self.padding, output_size)
        return max_unpool(input, indices, *given)


class Transposed:
    """Takes the output's size in the place of `output_padding`."""

    def forward(self: Any, input: Tensor, output_size: Any = None) -> Any:
        if output_size is None:
            return self.applied(input)
        axes = self.current_layer().axes
        wanted = as_shape((output_size,))[-axes:]
        plain = self.current_layer().output_shape(tuple(input.shape))[2:]
        base = [size - pad for size, pad in zip(plain, self.output_padding, strict=True)]
        padding = tuple(size - one for size, one in zip(wanted, base, strict=True))
        if any(pad < 0 for pad in padding):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes begin at {base}"
            )
        layer = layer_of(self.layer_type, {**self._arguments(), "output_padding": padding})
        return self.applied(input, layer=layer)


class Recurring:
    """Gives the sequence of states, and the last one; takes a first one."""

    def forward(self: Any, input: Any, hx: Any = None) -> Any:
        packed = input if isinstance(input, PackedSequence) else None
        x = packed.padded if packed else input
        if not isinstance(x, Tensor):
            raise TypeError(f"{type(self).__name__} is given a {type(x).__name__}, not a Tensor")
        batched = x.ndim == 3
        source = x if batched else x.unsqueeze(0 if self.batch_first else 1)
        if x.ndim not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {x.ndim}D instead"
            )
        layer = self.current_layer()
        result = self.applied(source)
        count = self.num_layers * (2 if self.bidirectional else 1)
        samples = source.shape[0 if self.batch_first else 1]
        self._check_states(x, hx, (count, *((samples,) if batched else ())))
        last = self._last(result, layer, batched)
        result = result if batched else result.squeeze(0 if self.batch_first else 1)
        output = PackedSequence(result, packed.batch_first) if packed else result
        return output, last

    def _last(self: Any, result: Tensor, layer: Any, batched: bool) -> Any:
        def state(size: int) -> Tensor:
            found = later(
                "final_state", result, layers=self.num_layers, size=size,
                directions=2 if self.bidirectional else 1, batch_first=self.batch_first,
            )  # fmt: skip
            return found if batched else found.squeeze(1)

        projected = getattr(self, "proj_size", 0) or self.hidden_size
        if self.layer_type == "lstm":
            return state(projected), state(self.hidden_size)
        return state(projected)

    def _check_states(self: Any, x: Tensor, hx: Any, lead: tuple[Any, ...]) -> None:
        """Raise where a first state has not the shape (layers·directions, N, hidden_size)."""
        if hx is None:
            return
        both = self.layer_type == "lstm"
        if both and isinstance(hx, Tensor):
            if hx.ndim == 0 or int(hx.shape[0]) != 2:
                raise RuntimeError("For batched input, hx and cx should be a pair of states")
            hx = (hx[0], hx[1])
        states = hx if both else (hx,)
        projected = getattr(self, "proj_size", 0) or self.hidden_size
        for state, size in zip(states, (projected, self.hidden_size), strict=False):
            wanted = (*lead, size)
            if tuple(state.shape) != wanted:
                found = tuple(state.shape)
                pairs = zip(wanted, found, strict=False)
                differ = next(((a, b) for a, b in pairs if a != b), (len(wanted), len(found)))
                raise refuse(
                    RuleError(
                        "shape-mismatch",
                        f"begins with a state of {show(wanted)}, but {show(found)} is given",
                        operand=1,
                        expected=differ[0],
                        found=differ[1],
                        note=f"(layers · directions, N, hidden size) = {show(wanted)}",
                        help=f"make the first state of shape {show(wanted)}",
                    ),
                    self.layer_type,
                    x,
                    state,
                    made=self.made,
                    module=self,
                )

    def flatten_parameters(self) -> None:
        """Nothing lies anywhere, so there is nothing to lay together."""

    @property
    def all_weights(self: Any) -> Any:
        return [[*self.parameters()]]

    @property
    def _flat_weights(self: Any) -> Any:
        return [*self.parameters()]


class Passing:
    """Takes any arguments."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        LayerModule.__init__(self)  # type: ignore[arg-type]


class Along:
    """Chooses the axis by the input's, where none is given."""

    def forward(self: Any, input: Tensor) -> Any:
        from cnnshape.sources.torch.standin.functions.reduction import softmax_axis

        layer = layer_of(self.layer_type, {"dim": softmax_axis(self.dim, input)})
        return self.applied(input, layer=layer)


class Splitting:
    """Takes the sizes that `unflatten` makes, named ones too."""

    def forward(self: Any, input: Tensor) -> Any:
        return input.unflatten(self.dim, self.unflattened_size)


class Flattening:
    """Joins axes; one axis, or none, as PyTorch does."""

    def forward(self: Any, input: Tensor) -> Any:
        if isinstance(input, Tensor) and input.ndim == 0:
            return input.flatten(self.start_dim, self.end_dim)
        return self.applied(input)


class Normalising:
    """A batch norm: what it takes depends on whether it trains."""

    def forward(self: Any, input: Tensor) -> Any:
        if isinstance(input, Tensor) and self.training:
            values = 1
            for axis, size in enumerate(input.shape):
                values = values * size if axis != 1 else values
            if type(values) is int and values == 1 and input.ndim > 1:
                raise ValueError(
                    "Expected more than 1 value per channel when training, "
                    f"got input size {input.shape}"
                )
        return self.applied(input)

    def _check_input_dim(self, input: Tensor) -> None:
        """The layer's rule looks at the rank."""


class Looking:
    """An embedding; its table may be given."""

    def forward(self: Any, input: Tensor) -> Any:
        from cnnshape.sources.torch.standin.functions.network import whole_indices, within_table

        if isinstance(input, Tensor):
            if self.layer_type == "embedding" and input.dtype.name in (
                "bool",
                "uint8",
                "int8",
                "int16",
            ):
                whole_indices(input)
            try:
                within_table(input, self.num_embeddings)
            except IndexError as error:
                error.made = self.made  # type: ignore[attr-defined]
                raise
        return self.applied(input)

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, **named: Any) -> Any:
        made = cls(*embeddings.shape, **named)
        made.weight.requires_grad = not freeze  # type: ignore[attr-defined]
        return made

    def __init__(self, *arguments: Any, **named: Any) -> None:
        table, frozen = named.pop("_weight", None), named.pop("_freeze", False)
        count, place = (arguments + (None,) * 3)[:3:2]
        count, place = named.get("num_embeddings", count), named.get("padding_idx", place)
        if place is not None and not -count <= place < count:
            raise AssertionError("Padding_idx must be within num_embeddings")
        LayerModule.__init__(self, *arguments, **named)  # type: ignore[arg-type]
        if table is not None:
            self._parameters["weight"].become(table)  # type: ignore[attr-defined]
        if frozen:
            self._parameters["weight"].requires_grad = False  # type: ignore[attr-defined]


MIXINS: dict[str, type] = {
    **dict.fromkeys(("_MaxPoolNd", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d"), MaxPooling),
    "AdaptiveMaxPool3d": MaxPooling,
    **dict.fromkeys(("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"), Unpooling),
    "_ConvTransposeNd": Transposed,
    "RNNBase": Recurring,
    "MultiheadAttention": Attending,
    **dict.fromkeys(
        (f"{kind}Pad{n}d" for kind in ("Zero", "Constant") for n in (1, 2, 3)), Padding
    ),
    **dict.fromkeys(("PixelShuffle", "PixelUnshuffle"), Shuffling),
    "AdaptiveAvgPool2d": Averaging,
    "_InstanceNorm": ByInstance,
    "Linear": Projecting,
    "Identity": Passing,
    "Softmax": Along,
    "LogSoftmax": Along,
    "Unflatten": Splitting,
    "Flatten": Flattening,
    "_BatchNorm": Normalising,
    "Embedding": Looking,
}
