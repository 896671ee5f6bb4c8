"""What some modules take beyond the inputs that their layer is for."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.binding import bound
from cnnshape.sources.torch.standin.leaf import LayerModule
from cnnshape.sources.torch.standin.tensor import Parameter, Tensor
from cnnshape.sources.torch.standin.trace import layer_of


class Padding:
    """Pads as many axes as it is told, of any tensor."""

    def forward(self: Any, input: Tensor) -> Any:
        layer = self.current_layer()
        if isinstance(input, Tensor) and (input.ndim not in layer.ranks() or not self._fits(layer)):
            from cnnshape.sources.torch.standin.offer import FUNCTIONAL

            sizes = (
                self.padding
                if isinstance(self.padding, tuple)
                else (self.padding,) * 2 * layer.axes
            )
            return FUNCTIONAL["pad"](input, sizes, value=getattr(self, "value", 0.0))
        return self.applied(input)

    def _fits(self: Any, layer: Any) -> bool:
        return not isinstance(self.padding, tuple) or len(self.padding) == 2 * layer.axes


class ByInstance:
    """An instance norm: without weights it takes any number of channels."""

    def forward(self: Any, input: Tensor) -> Any:
        layer = self.current_layer()
        if not isinstance(input, Tensor) or self.affine or self.track_running_stats:
            return self.applied(input)
        axis = 1 if input.ndim in layer.ranks() else 0
        if input.ndim not in (layer.axes + 1, layer.axes + 2):
            return self.applied(input)
        fields = {**self._arguments(), "num_features": input.shape[axis]}
        return self.applied(input, layer=layer_of(self.layer_type, fields))


class Shuffling:
    """Takes any number of axes before (C, H, W)."""

    def forward(self: Any, input: Tensor) -> Any:
        if not isinstance(input, Tensor) or input.ndim in (1, 2, 4):
            return self.applied(input)
        lead, rest = tuple(input.shape[:-3]), tuple(input.shape[-3:])
        found = self.applied(input.reshape(-1, *rest))
        return found.reshape(*lead, *found.shape[1:])


class Averaging:
    """Adaptive average pooling to one value is a mean, of whatever tensor."""

    def forward(self: Any, input: Tensor) -> Any:
        one = self.output_size in (1, (1, 1))
        if isinstance(input, Tensor) and one and input.ndim not in (0, 1, 3, 4):
            return input.mean((-2, -1), keepdim=True)
        return self.applied(input)


class Projecting:
    """A linear layer; of no features, too."""

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:
        LayerModule.__init__(self, *arguments, **named)
        if self._postponed is not None:
            fields = bound("Linear", "linear", arguments, named)
            self._postponed = None
            self.in_features, self.out_features = fields["in_features"], fields["out_features"]
            shapes = {"weight": (self.out_features, self.in_features), "bias": (self.out_features,)}
            for name, parameter in self._parameters.items():
                if parameter is not None:
                    self._parameters[name] = Parameter(Tensor(shapes[name]))
            self.__dict__["_empty"] = True

    def forward(self: Any, *inputs: Any, **named: Any) -> Any:
        if self.__dict__.get("_empty"):
            from cnnshape.sources.torch.standin.offer import FUNCTIONAL

            return FUNCTIONAL["linear"](*inputs, **named, weight=self.weight, bias=self.bias)
        result = LayerModule.forward(self, *inputs, **named)
        if self.bias is not None and self.bias.shape[0] not in (1, result.shape[-1]):
            raise RuntimeError(
                f"The expanded size of the tensor ({result.shape[-1]}) must match the existing "
                f"size ({self.bias.shape[0]}): the bias does not belong to the weight"
            )
        return result
