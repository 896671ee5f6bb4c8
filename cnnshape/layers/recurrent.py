"""Recurrent layers over sequences (N, L, E): RNN, LSTM, GRU."""

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

from cnnshape.diagnostics import RuleError
from cnnshape.layer import (
    Batch,
    Count,
    Formulas,
    Kept,
    Layer,
    PositiveInt,
    Probability,
    Shape,
    Size,
    Stated,
)
from cnnshape.window import Window


class Recurrent(Layer):
    """Reads a sequence step by step; its output is the sequence of the last layer's states.

    The batch axis is the one that holds N, so the sequence is the other, whatever `batch_first`.
    """

    stated: ClassVar = {"input_size": Stated("features", -1)}
    gates: ClassVar[int]
    kept_states: ClassVar[int]
    """Values that each step keeps, a state: gates, and states before and after."""

    if TYPE_CHECKING:  # fields of every subclass, declared there in PyTorch's order
        hidden_size: PositiveInt
        num_layers: PositiveInt
        bias: bool
        bidirectional: bool

    def ranks(self) -> tuple[int, ...]:
        return (3,)

    @property
    def projection(self) -> int:
        """The size that the states are projected to; 0: they are not."""
        return 0

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:-1], self.directions * (self.projection or self.hidden_size))

    def weights(self, x: Shape, *others: Shape) -> dict[str, Shape]:
        rows, state = self.gates * self.hidden_size, self.projection or self.hidden_size
        weights: dict[str, Shape] = {}
        for number in range(self.num_layers):
            columns = x[-1] if number == 0 else self.directions * state
            for reverse in ("", "_reverse")[: self.directions]:
                suffix = f"l{number}{reverse}"
                weights[f"weight_ih_{suffix}"] = (rows, columns)
                weights[f"weight_hh_{suffix}"] = (rows, state)
                if self.bias:
                    weights[f"bias_ih_{suffix}"] = weights[f"bias_hh_{suffix}"] = (rows,)
                if self.projection:
                    weights[f"weight_hr_{suffix}"] = (self.projection, self.hidden_size)
        return weights

    def uses(self, y: Shape, x: Shape, *others: Shape) -> dict[str, Size]:
        """Every weight once a step."""
        return dict.fromkeys(self.weights(x), x[1 - self.batch_axis(x)])

    def batch_axis(self, x: Shape) -> int:
        return batch_axis(x, vars(self)["batch_first"])

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """The input, and what each step, layer and direction computed."""
        states = prod(x[:-1]) * self.hidden_size * self.num_layers * self.directions
        return Kept(inputs=True, values=self.kept_states * states)

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return {1 - self.batch_axis(x): None}

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return ((0, 1, None),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return "hidden_size" if axis == 2 else None

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        state = self.projection or self.hidden_size
        return [("features", f"{self.directions}·{state} = {y[-1]}")]


def batch_axis(x: Shape, batch_first: bool) -> int:
    """The axis that holds N; where none is marked, the one that `batch_first` says."""
    marked = [axis for axis in (0, 1) if isinstance(x[axis], Batch)]
    return marked[0] if marked else 0 if batch_first else 1


class FinalState(Layer):
    """The state after the last step, of every layer and direction: (layers·directions, N, size).

    Its input is the sequence that the recurrent layer gives (PyTorch, LSTM, h_n and c_n).
    """

    types: ClassVar = {"final_state": None}
    in_files: ClassVar = False

    layers: PositiveInt
    directions: PositiveInt
    size: PositiveInt
    batch_first: bool = False

    def ranks(self) -> tuple[int, ...]:
        return (3,)

    def batch_axis(self, x: Shape) -> int:
        return batch_axis(x, self.batch_first)

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (self.layers * self.directions, x[self.batch_axis(x)], self.size)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> tuple[tuple[int | None, ...], ...]:
        return (tuple(1 if axis == self.batch_axis(x) else None for axis in range(3)),)

    def decided_by(self, axis: int, y: Shape, x: Shape, *others: Shape) -> str | None:
        return {0: "layers", 2: "size"}.get(axis)


class RNN(Recurrent):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with ReLU: (N, L, E) → (N, L, D·H).

    A layer and direction hold H·E + H·H weights and 2H biases (PyTorch, RNN).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.recurrent"
    types: ClassVar = {"rnn": None}
    torch: ClassVar = ("RNN",)
    gates: ClassVar = 1
    kept_states: ClassVar = 1

    input_size: PositiveInt | None = None
    hidden_size: PositiveInt
    num_layers: PositiveInt = 1
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    bias: bool = True
    batch_first: bool = False
    dropout: Probability = 0.0
    bidirectional: bool = False


class LSTM(Recurrent):
    """Long short-term memory, four gates: (N, L, E) → (N, L, D·H), or D·proj_size.

    A layer and direction hold 4H·E + 4H·H weights and 8H biases (Hochreiter and Schmidhuber 1997;
    PyTorch, LSTM).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.recurrent"
    types: ClassVar = {"lstm": None}
    torch: ClassVar = ("LSTM",)
    gates: ClassVar = 4
    kept_states: ClassVar = 6

    input_size: PositiveInt | None = None
    hidden_size: PositiveInt
    num_layers: PositiveInt = 1
    bias: bool = True
    batch_first: bool = False
    dropout: Probability = 0.0
    bidirectional: bool = False
    proj_size: Count = 0

    @property
    def projection(self) -> int:
        return self.proj_size

    def check(self, x: Shape, *others: Shape) -> None:
        if self.proj_size >= self.hidden_size:
            raise RuleError(
                "invalid-value",
                f"projects to {self.proj_size}, not smaller than its hidden_size of "
                f"{self.hidden_size}",
                field="proj_size",
                expected=self.hidden_size - 1,
                found=self.proj_size,
            )


class GRU(Recurrent):
    """Gated recurrent units, three gates: (N, L, E) → (N, L, D·H).

    A layer and direction hold 3H·E + 3H·H weights and 6H biases (Cho et al. 2014; PyTorch, GRU).
    """

    reads: ClassVar = "floats"
    kernel: ClassVar = "cnnshape.kernels.recurrent"
    types: ClassVar = {"gru": None}
    torch: ClassVar = ("GRU",)
    gates: ClassVar = 3
    kept_states: ClassVar = 7

    input_size: PositiveInt | None = None
    hidden_size: PositiveInt
    num_layers: PositiveInt = 1
    bias: bool = True
    batch_first: bool = False
    dropout: Probability = 0.0
    bidirectional: bool = False
