"""Transformers, made of the modules that PyTorch makes them of."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from cnnshape.sources.torch.standin.containers import ModuleList
from cnnshape.sources.torch.standin.leaf import nn_class
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH
from cnnshape.sources.torch.standin.tensor import Tensor


def _activation(given: Any) -> Any:
    if isinstance(given, str):
        if given not in ("relu", "gelu"):
            raise RuntimeError(f"activation should be relu/gelu, not {given}")
        return FUNCTIONAL[given]
    return given


class Step(Module):
    """What encoder and decoder layers share: a feed-forward part behind attention."""

    def _parts(
        self, d_model: int, nhead: int, dim_feedforward: int, dropout: float, activation: Any,
        eps: float, batch_first: bool, norm_first: bool, bias: bool, norms: int,
    ) -> None:  # fmt: skip
        attention = nn_class("MultiheadAttention")
        self.self_attn = attention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first
        )
        if norms == 3:
            self.multihead_attn = attention(
                d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first
            )
        self.linear1 = nn_class("Linear")(d_model, dim_feedforward, bias=bias)
        self.dropout = nn_class("Dropout")(dropout)
        self.linear2 = nn_class("Linear")(dim_feedforward, d_model, bias=bias)
        self.norm_first = norm_first
        for number in range(1, norms + 1):
            norm = nn_class("LayerNorm")(d_model, eps=eps, bias=bias)
            setattr(self, f"norm{number}", norm)
        for number in range(1, norms + 1):
            setattr(self, f"dropout{number}", nn_class("Dropout")(dropout))
        self.activation = _activation(activation)

    def _attended(self, attention: Module, x: Tensor, memory: Any, mask: Any, padding: Any) -> Any:
        key = x if memory is None else memory
        return attention(x, key, key, attn_mask=mask, key_padding_mask=padding, need_weights=False)[
            0
        ]

    def _fed(self, x: Any, last: Module) -> Any:
        return last(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoderLayer(Step):
    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Any = "relu", layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._parts(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
                    batch_first, norm_first, bias, 2)  # fmt: skip

    def forward(
        self, src: Tensor, src_mask: Any = None, src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:  # fmt: skip
        x: Any = src
        mask, padding = src_mask, src_key_padding_mask
        if self.norm_first:
            seen = self.norm1(x)
            x = x + self.dropout1(self._attended(self.self_attn, seen, None, mask, padding))
            return x + self._fed(self.norm2(x), self.dropout2)
        x = self.norm1(x + self.dropout1(self._attended(self.self_attn, x, None, mask, padding)))
        return self.norm2(x + self._fed(x, self.dropout2))


class TransformerDecoderLayer(Step):
    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Any = "relu", layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._parts(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
                    batch_first, norm_first, bias, 3)  # fmt: skip

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Any = None, memory_mask: Any = None,
        tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ) -> Any:  # fmt: skip
        x: Any = tgt
        own, other = self.self_attn, self.multihead_attn
        if self.norm_first:
            x = x + self.dropout1(
                self._attended(own, self.norm1(x), None, tgt_mask, tgt_key_padding_mask)
            )
            seen = self._attended(
                other, self.norm2(x), memory, memory_mask, memory_key_padding_mask
            )
            x = x + self.dropout2(seen)
            return x + self._fed(self.norm3(x), self.dropout3)
        seen = self._attended(own, x, None, tgt_mask, tgt_key_padding_mask)
        x = self.norm1(x + self.dropout1(seen))
        seen = self._attended(other, x, memory, memory_mask, memory_key_padding_mask)
        x = self.norm2(x + self.dropout2(seen))
        return self.norm3(x + self._fed(x, self.dropout3))


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([deepcopy(layer) for _ in range(count)])


class TransformerEncoder(Module):
    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Any = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, src: Tensor, mask: Any = None, src_key_padding_mask: Any = None, is_causal: Any = None
    ) -> Any:
        x: Any = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    def __init__(self, decoder_layer: Module, num_layers: int, norm: Any = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(self, tgt: Tensor, memory: Tensor, tgt_mask: Any = None, memory_mask: Any = None,
                tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
                tgt_is_causal: Any = None, memory_is_causal: bool = False) -> Any:  # fmt: skip
        x: Any = tgt
        for layer in self.layers:
            x = layer(
                x, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
            )  # fmt: skip
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6,
        num_decoder_layers: int = 6, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Any = "relu", custom_encoder: Any = None, custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        shared = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
                  batch_first, norm_first, bias)  # fmt: skip
        norm = nn_class("LayerNorm")
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*shared), num_encoder_layers,
            norm(d_model, eps=layer_norm_eps, bias=bias),
        )  # fmt: skip
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*shared), num_decoder_layers,
            norm(d_model, eps=layer_norm_eps, bias=bias),
        )  # fmt: skip
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(self, src: Tensor, tgt: Tensor, src_mask: Any = None, tgt_mask: Any = None,
                memory_mask: Any = None, src_key_padding_mask: Any = None,
                tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
                *_: Any, **__: Any) -> Any:  # fmt: skip
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask)
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: Any, device: Any = None, dtype: Any = None) -> Tensor:
        return TORCH["triu"](TORCH["full"]((sz, sz), float("-inf")), 1)
