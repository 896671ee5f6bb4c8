"""Attention, with its masks and its weights."""

from __future__ import annotations

from typing import Any

from cnnshape.diagnostics import RuleError
from cnnshape.layer import show
from cnnshape.sources.torch.standin.dtype import bool_
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import refuse


class Attending:
    """Queries, keys and values; gives the weights too, unless told not to."""

    def forward(
        self: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        given = (query, key, value)
        batched = query.ndim == 3
        if not batched:
            given = tuple(one.unsqueeze(0 if self.batch_first else 1) for one in given)
        q, k, v = given
        self._check_steps(q, k, v)
        if query is key and key is value:
            operands: tuple[Tensor, ...] = (q,)
        else:
            operands = (q, k) if key is value else given
        self._check_masks(q, k, attn_mask, key_padding_mask)
        result = self.applied(*operands)
        weights = None
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        if need_weights:
            weights = later(
                "attention_weights", q, k, num_heads=self.num_heads, dtype=q.dtype,
                average=bool(average_attn_weights), batch_first=self.batch_first,
            )  # fmt: skip
        if not batched:
            result = result.squeeze(0 if self.batch_first else 1)
            weights = weights if weights is None else weights.squeeze(0)
        return result, weights

    @property
    def head_dim(self: Any) -> Any:
        return self.embed_dim // self.num_heads

    def _axes(self: Any) -> tuple[int, int]:
        return (0, 1) if self.batch_first else (1, 0)

    def _check_steps(self: Any, q: Tensor, k: Tensor, v: Tensor) -> None:
        batch, _ = self._axes()
        if k.shape[batch] != q.shape[batch] or k.shape[:2] != v.shape[:2]:
            raise refuse(
                RuleError(
                    "shape-mismatch",
                    f"attends from {show(q.shape)} to keys {show(k.shape)} and values "
                    f"{show(v.shape)}, which do not belong together",
                    operand=1,
                    expected=q.shape[batch],
                    found=k.shape[batch],
                    help="steps of keys and values agree, and the batch of all three"
                    + ("" if self.batch_first else "; batch_first is False: (L, N, E) is meant"),
                ),
                self.layer_type,
                q,
                k,
                v,
                made=self.made,
                module=self,
            )

    def _check_masks(self: Any, q: Tensor, k: Tensor, mask: Any, padding: Any) -> None:
        batch, steps = self._axes()
        n, length, source = q.shape[batch], q.shape[steps], k.shape[steps]
        for name, given in (("attn_mask", mask), ("key_padding_mask", padding)):
            if given is not None and not (given.dtype.is_floating_point or given.dtype is bool_):
                raise AssertionError(f"only bool and floating types of {name} are supported")
        if mask is not None:
            wanted = (length, source) if mask.ndim == 2 else (n * self.num_heads, length, source)
            if tuple(mask.shape) != tuple(wanted):
                raise RuntimeError(
                    f"The shape of the {mask.ndim}D attn_mask is {tuple(mask.shape)}, "
                    f"but should be {tuple(wanted)}."
                )
        if padding is not None and tuple(padding.shape) not in ((n, source), (source,)):
            raise AssertionError(
                f"expecting key_padding_mask shape of {(n, source)}, but got {tuple(padding.shape)}"
            )
