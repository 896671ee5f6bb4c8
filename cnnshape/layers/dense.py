"""Dense layers: linear, bilinear, embedding, and LeNet-5's radial basis functions."""

from math import prod
from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, PositiveInt, Real, Shape, Size, Stated, show


class Dense(Layer):
    """Acts on the last axis and leaves the others alone."""

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return tuple((*range(len(shape) - 1), None) for shape in (x, *others))

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "out_features" if axis == len(y) - 1 else None


class Linear(Dense):
    """y = xWᵀ + b on the last axis: in_features·out_features weights, out_features biases.

    (PyTorch, Linear.)
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.dense"
    linear: ClassVar = True
    types: ClassVar = {"linear": None}
    torch: ClassVar = ("Linear",)
    stated: ClassVar = {"in_features": Stated("features", -1)}

    in_features: PositiveInt | None = None
    out_features: PositiveInt
    bias: bool = True

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:-1], self.out_features)

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        weight = (self.out_features, x[-1])
        return {"weight": weight, "bias": (self.out_features,)} if self.bias else {"weight": weight}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        return dict.fromkeys(self.weights(x), prod(x[1:-1]))


class Bilinear(Dense):
    """y = x₁ᵀAx₂ + b of two inputs: in1·in2·out weights, out biases (PyTorch, Bilinear)."""

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.dense"
    types: ClassVar = {"bilinear": None}
    torch: ClassVar = ("Bilinear",)
    arity: ClassVar = (2, 2)
    stated: ClassVar = {
        "in1_features": Stated("features", -1),
        "in2_features": Stated("features", -1, 1),
    }

    in1_features: PositiveInt | None = None
    in2_features: PositiveInt | None = None
    out_features: PositiveInt
    bias: bool = True

    def check(self, x: Shape, *others: Shape) -> None:
        if x[:-1] != others[0][:-1]:
            raise RuleError(
                "shape-mismatch",
                f"joins {show(x)} and {show(others[0])}, which differ before the last axis",
                operand=1,
                expected=list(x[1:-1]),
                found=list(others[0][1:-1]),
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:-1], self.out_features)

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        weight = (self.out_features, x[-1], others[0][-1])
        return {"weight": weight, "bias": (self.out_features,)} if self.bias else {"weight": weight}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        return dict.fromkeys(self.weights(x, *others), prod(x[1:-1]))


class Embedding(Layer):
    """One vector for each integer of the input: num_embeddings·embedding_dim weights, 0 MACs.

    (N, *) → (N, *, embedding_dim) (PyTorch, Embedding).
    """

    reads: ClassVar = "integers"
    kernel: ClassVar = "cnnshape.kernels.dense"
    types: ClassVar = {"embedding": None}
    torch: ClassVar = ("Embedding",)

    num_embeddings: PositiveInt
    embedding_dim: PositiveInt
    padding_idx: int | None = None
    max_norm: Real | None = None
    norm_type: Real = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False

    def check(self, x: Shape, *others: Shape) -> None:
        index, count = self.padding_idx, self.num_embeddings
        if index is not None and not -count <= index < count:
            raise RuleError(
                "invalid-value",
                f"has a padding_idx of {index}, outside its {count} embeddings",
                field="padding_idx",
                found=index,
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x, self.embedding_dim)

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "embedding_dim" if axis == len(x) else None


class RBF(Dense):
    """Radial basis functions: y_k = Σ (x_i - c_ki)² for fixed centres c, which are a buffer.

    in_features·out_features MACs a vector (LeCun et al. 1998, equation 7).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.dense"
    types: ClassVar = {"rbf": None}
    stated: ClassVar = {"in_features": Stated("features", -1)}

    in_features: PositiveInt | None = None
    out_features: PositiveInt

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:-1], self.out_features)

    def buffers(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        return {"centres": (self.out_features, x[-1])}

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        return {"centres": prod(x[1:-1])}
