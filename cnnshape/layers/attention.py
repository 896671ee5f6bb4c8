"""Attention: multi-head attention, and the transformer's encoder layer."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    Kept,
    Layer,
    PositiveInt,
    Probability,
    Shape,
    Size,
    Stated,
    division,
    show,
)
from cnnshape.layers.normalisation import Epsilon, near_divisors, nearest_divisors
from cnnshape.layers.recurrent import batch_axis
from cnnshape.window import Window


class Attention(Layer):
    """Mixes the steps of a sequence (N, L, E); the batch axis is the one that holds N."""

    def ranks(self) -> tuple[int, ...]:
        return (3,)

    def batch_axis(self, x: Shape) -> int:
        return batch_axis(x, vars(self)["batch_first"])

    def steps(self, x: Shape) -> Size:
        """L of (N, L, E), or of (L, N, E)."""
        return x[1 - self.batch_axis(x)]

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {1 - self.batch_axis(x): None}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        """Every output step sees every step; so nothing of keys and values keeps its place."""
        return ((0, 1, None), *((0, None, None) for _ in others))


def check_heads(heads: int, features: Size, field: str) -> None:
    """The features are shared out evenly among the heads."""
    if features % heads:
        raise RuleError(
            "bad-groups",
            f"has {heads} heads, which do not divide its {features} features",
            field=field,
            found=heads,
            note=division(features, heads),
            help=nearest_divisors(field, features, heads),
            choices=near_divisors(features, heads),
        )


class MultiheadAttention(Attention):
    """softmax(QKᵀ/√d)V of projected inputs, in num_heads parts (Vaswani et al. 2017; PyTorch).

    One input attends to itself; two are queries and keys with values; three are queries, keys and
    values. 4E² weights and 4E biases; MACs: the projections once a step, and twice L·S·E for the
    products of queries with keys and of weights with values.
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.attention"
    types: ClassVar = {"multihead_attention": None}
    torch: ClassVar = ("MultiheadAttention",)
    arity: ClassVar = (1, 3)
    stated: ClassVar = {
        "embed_dim": Stated("features", -1),
        "kdim": Stated("features", -1, 1),
        "vdim": Stated("features", -1, 2),
    }

    embed_dim: PositiveInt | None = None
    num_heads: PositiveInt
    dropout: Probability = 0.0
    bias: bool = True
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    kdim: PositiveInt | None = None
    vdim: PositiveInt | None = None
    batch_first: bool = False

    def check(self, x: Shape, *others: Shape) -> None:
        check_heads(self.num_heads, x[-1], "num_heads")
        if len(others) == 2 and others[0][:-1] != others[1][:-1]:
            raise RuleError(
                "shape-mismatch",
                f"has keys {show(others[0])} and values {show(others[1])} of different lengths",
                operand=2,
                expected=list(others[0][1:-1]),
                found=list(others[1][1:-1]),
            )

    def key_and_value(self, x: Shape, *others: Shape) -> tuple[Shape, Shape]:
        """The shapes of keys and values; what is not given is the input before it."""
        key = others[0] if others else x
        return key, others[1] if len(others) > 1 else key

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        features = x[-1]
        key, value = self.key_and_value(x, *others)
        weights: dict[str, Shape] = {"in_proj_weight": (3 * features, features)}
        if (key[-1], value[-1]) != (features, features):
            weights = {
                "q_proj_weight": (features, features),
                "k_proj_weight": (features, key[-1]),
                "v_proj_weight": (features, value[-1]),
            }
        if self.bias:
            weights["in_proj_bias"] = (3 * features,)
        if self.add_bias_kv:
            weights["bias_k"] = weights["bias_v"] = (1, 1, features)
        weights["out_proj.weight"] = (features, features)
        if self.bias:
            weights["out_proj.bias"] = (features,)
        return weights

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Inputs, queries, keys, values, the result of attention, and a sum a head and step.

        That of fused attention (Dao et al. 2022), which keeps no scores.
        """
        features = x[-1]
        key, value = self.key_and_value(x, *others)
        sources = sum(prod(shape[:-1]) * features for shape in (key, value))
        sums = prod(x[:-1]) * self.num_heads
        return Kept(inputs=True, values=2 * prod(x) + sources, statistics=sums)

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        features = x[-1]
        key, value = self.key_and_value(x, *others)
        steps, sources = self.steps(x), self.steps(key)
        attended = sources + self.add_bias_kv + self.add_zero_attn
        return {
            "queries": (steps, features, features),
            "keys": (sources, key[-1], features),
            "values": (sources, value[-1], features),
            "scores": (steps, attended, features),
            "weighted values": (steps, attended, features),
            "output": (steps, features, features),
        }


class TransformerEncoderLayer(Attention):
    """Self-attention and two linear layers, each with a shortcut and a layer norm.

    (N, L, E) → (N, L, E); 4E² + 2E·F weights for F = dim_feedforward (Vaswani et al. 2017;
    PyTorch, TransformerEncoderLayer).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.attention"
    types: ClassVar = {"transformer_encoder_layer": None}
    torch: ClassVar = ("TransformerEncoderLayer",)
    stated: ClassVar = {"d_model": Stated("features", -1)}

    d_model: PositiveInt | None = None
    nhead: PositiveInt
    dim_feedforward: PositiveInt = 2048
    dropout: Probability = 0.1
    activation: Literal["relu", "gelu"] = "relu"
    layer_norm_eps: Epsilon = Field(default=1e-5)
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True

    def check(self, x: Shape, *others: Shape) -> None:
        check_heads(self.nhead, x[-1], "nhead")

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        features, hidden = x[-1], self.dim_feedforward
        weights: dict[str, Shape] = {
            "self_attn.in_proj_weight": (3 * features, features),
            "self_attn.in_proj_bias": (3 * features,),
            "self_attn.out_proj.weight": (features, features),
            "self_attn.out_proj.bias": (features,),
            "linear1.weight": (hidden, features),
            "linear1.bias": (hidden,),
            "linear2.weight": (features, hidden),
            "linear2.bias": (features,),
            "norm1.weight": (features,),
            "norm1.bias": (features,),
            "norm2.weight": (features,),
            "norm2.bias": (features,),
        }
        return {name: w for name, w in weights.items() if self.bias or not name.endswith("bias")}

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """Attention's, the inputs and statistics of both norms, and of both linear layers.

        ReLU gives what the second linear layer keeps; GELU keeps what it was given as well, and
        dropout a mask for each value that it drops and a tensor of what passes.
        """
        steps, values = prod(x[:-1]), prod(x)
        hidden = steps * self.dim_feedforward
        dropped = self.dropout > 0
        copies = 1 + (self.activation == "gelu") + dropped
        return Kept(
            inputs=True,
            values=4 * values + 3 * values + copies * hidden,
            statistics=steps * (self.nhead + 4),
            bytes=2 * values + hidden if dropped else 0,
        )

    def products(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Shape]:
        features, hidden, steps = x[-1], self.dim_feedforward, self.steps(x)
        return {
            "queries, keys, values": (steps, features, 3 * features),
            "scores": (steps, steps, features),
            "weighted values": (steps, steps, features),
            "output": (steps, features, features),
            "linear1": (steps, features, hidden),
            "linear2": (steps, hidden, features),
        }


class AttentionWeights(Layer):
    """How much each step attends to each: (N, L, S), or (N, num_heads, L, S) unless averaged.

    Its inputs are the queries and the keys (PyTorch, MultiheadAttention, attn_output_weights).
    """

    types: ClassVar = {"attention_weights": None}
    in_files: ClassVar = False
    arity: ClassVar = (2, 2)

    num_heads: PositiveInt
    average: bool = True
    batch_first: bool = False

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        batch = batch_axis(x, self.batch_first)
        heads = () if self.average else (self.num_heads,)
        return (x[batch], *heads, x[1 - batch], others[0][1 - batch])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return tuple((None,) * len(shape) for shape in (x, *others))
