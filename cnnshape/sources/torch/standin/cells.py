"""One step of a recurrent network, and other small modules that functions make up."""

from __future__ import annotations

from typing import Any

from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH
from cnnshape.sources.torch.standin.tensor import Parameter, Tensor


class RNNCellBase(Module):
    """(N, input_size) and a state (N, hidden_size) to the next state."""

    gates = 1

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = self.gates * hidden_size
        self.weight_ih = Parameter(Tensor((rows, input_size)))
        self.weight_hh = Parameter(Tensor((rows, hidden_size)))
        self.bias_ih = Parameter(Tensor((rows,))) if bias else None
        self.bias_hh = Parameter(Tensor((rows,))) if bias else None

    def _state(self, input: Tensor, hx: Any) -> Any:
        if input.ndim not in (1, 2):
            name = type(self).__name__
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        if hx is not None:
            return hx
        return TORCH["zeros"](*input.shape[:-1], self.hidden_size, dtype=input.dtype)

    def _gated(self, input: Tensor, state: Tensor) -> Any:
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {input.shape[-1]} "
                f"expected {self.input_size}"
            )
        if state.shape[-1] != self.hidden_size:
            raise RuntimeError(
                f"hidden0 has inconsistent hidden_size: got {state.shape[-1]}, "
                f"expected {self.hidden_size}"
            )
        one = FUNCTIONAL["linear"](input, self.weight_ih, self.bias_ih)
        return one + FUNCTIONAL["linear"](state, self.weight_hh, self.bias_hh)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        return self._gated(input, self._state(input, hx)).tanh()


class RNNCell(RNNCellBase):
    pass


class GRUCell(RNNCellBase):
    gates = 3

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        state = self._state(input, hx)
        reset, update, new = self._gated(input, state).chunk(3, -1)
        gate = update.sigmoid()
        return (1 - gate) * (new * reset.sigmoid()).tanh() + gate * state


class LSTMCell(RNNCellBase):
    gates = 4

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        hidden, cell = (self._state(input, None),) * 2 if hx is None else hx
        enter, forget, new, leave = self._gated(input, hidden).chunk(4, -1)
        state = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        return leave.sigmoid() * state.tanh(), state


class EmbeddingBag(Module):
    def __init__(self, num_embeddings: int, embedding_dim: int, *_: Any, mode: str = "mean",
                 padding_idx: Any = None, **__: Any) -> None:  # fmt: skip
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.mode = num_embeddings, embedding_dim, mode
        self.weight = Parameter(Tensor((num_embeddings, embedding_dim)))

    def forward(self, input: Tensor, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        return FUNCTIONAL["embedding_bag"](input, self.weight, offsets)


class Loss(Module):
    """A loss as a module: its function applied."""

    function = ""

    def __init__(self, *arguments: Any, reduction: str = "mean", **named: Any) -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, *tensors: Any) -> Any:
        return FUNCTIONAL[self.function](*tensors, reduction=self.reduction)


LOSSES = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "KLDivLoss": "kl_div",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "CTCLoss": "ctc_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "PoissonNLLLoss": "poisson_nll_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
}


class UpsamplingNearest2d(Module):
    mode = "nearest"

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__()
        self.size, self.scale_factor = size, scale_factor

    def forward(self, input: Tensor) -> Any:
        corners = True if self.mode == "bilinear" else None
        return FUNCTIONAL["interpolate"](input, self.size, self.scale_factor, self.mode, corners)


class UpsamplingBilinear2d(UpsamplingNearest2d):
    mode = "bilinear"


class RReLU(Module):
    def __init__(self, lower: float = 0.125, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper

    def forward(self, input: Tensor) -> Any:
        return FUNCTIONAL["rrelu"](input, self.lower, self.upper)


class Softmax2d(Module):
    def forward(self, input: Tensor) -> Any:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return input.softmax(-3)


class FeatureAlphaDropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p = p

    def forward(self, input: Tensor) -> Any:
        return FUNCTIONAL["alpha_dropout"](input, self.p)


class DataParallel(Module):
    """The module behind it, on however many devices."""

    def __init__(self, module: Module, *_: Any, **__: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Any, **named: Any) -> Any:
        return self.module(*arguments, **named)
