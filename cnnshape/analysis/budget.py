"""The memory of a batch: what inference holds at its peak, and what training holds.

`docs/memory.md` writes the model down, and says how far it is from what PyTorch keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

from cnnshape.analysis.counts import stored_by
from cnnshape.analysis.named import chosen_examples
from cnnshape.analysis.sizes.naming import at_sizes
from cnnshape.analysis.walk import Applied, Walk, walk
from cnnshape.graph import DTYPE_BYTES, NOTHING, Graph, Stored, is_integer
from cnnshape.layer import Batch, Shape

STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
"""Optimiser → values that it stores beside each trained parameter."""
PRECISIONS = ("float32", "float16", "bfloat16")
HALF_BYTES = 2
STATISTIC_BYTES = 4
"""Means and deviations are float32 whatever the precision (PyTorch, autocast)."""


class Setting(NamedTuple):
    """What is trained how: the batch, the optimiser, and the precision of tensors.

    In mixed precision parameters, gradients and the optimiser's state are float32, and tensors
    and a copy of the parameters have two bytes a value.
    """

    batch: int = 1
    optimizer: str = "sgd"
    dtype: str = "float32"
    mixed: bool = False

    @property
    def parameter_bytes(self) -> int:
        """The bytes of a parameter, and of its gradient."""
        return DTYPE_BYTES["float32" if self.mixed else self.dtype]

    @property
    def value_bytes(self) -> int:
        """The bytes of a value that a layer gives."""
        return HALF_BYTES if self.mixed else DTYPE_BYTES[self.dtype]


class Share(NamedTuple):
    """A layer's part: bytes of its output, and of what it is the first to keep for backward."""

    output: int = 0
    kept: int = 0


class Budget(NamedTuple):
    """Bytes that a batch takes, part by part."""

    setting: Setting
    params: int
    buffers: int
    copies: int
    gradients: int
    state: int
    kept: int
    beside: int
    peak: int
    peak_at: str
    layers: Mapping[str, Share] = NOTHING
    sizes: Mapping[str, int] = NOTHING
    """Named sizes that the figures are for."""

    @property
    def inference(self) -> int:
        """Parameters, buffers, and the tensors that are alive at once, at their most."""
        return self.params + self.buffers + self.copies + self.peak

    @property
    def training(self) -> int:
        """Parameters, buffers, gradients, the optimiser's state, and what backward keeps.

        And what is alive beside that, in the forward pass, where both together are most.
        """
        fixed = self.params + self.buffers + self.copies + self.gradients + self.state
        return fixed + self.kept + self.beside


class Largest(NamedTuple):
    """The largest batches that an amount of memory holds; 0: not one sample."""

    memory: int
    inference: int
    training: int


class Network:
    """A network whose memory is asked for, at one batch or another."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sizes = chosen_examples(graph) if graph.sizes else {}
        self.axis = _batch_name(graph)
        self._known: dict[int, Walk] = {}

    @property
    def has_batch(self) -> bool:
        """Whether its inputs have an axis of samples."""
        return self.axis is not None

    def budget(self, setting: Setting) -> Budget:
        """The bytes that a batch takes."""
        taken = self._walk(setting.batch)
        sizes = {name: size for name, size in self.sizes.items() if name != self.axis}
        return _budget(taken, setting)._replace(sizes=sizes)

    def _walk(self, batch: int) -> Walk:
        """The shapes; a batch that is a named size of the inputs has to be put into them."""
        key = batch if self.axis else 0
        if key not in self._known:
            graph = self.graph
            if graph.sizes or not isinstance(graph.batch, int):
                named = {self.axis: batch} if self.axis else {}
                graph = at_sizes(graph, {**self.sizes, **named})
            self._known[key] = walk(graph)
        return self._known[key]

    def largest(self, setting: Setting, memory: int) -> Largest:
        """The largest batch of inference and of training that fits."""
        return Largest(
            memory,
            self._largest(setting, memory, training=False),
            self._largest(setting, memory, training=True),
        )

    def _largest(self, setting: Setting, memory: int, *, training: bool) -> int:
        def fits(batch: int) -> bool:
            budget = self.budget(setting._replace(batch=batch))
            return (budget.training if training else budget.inference) <= memory

        low, high = 0, 1
        while high <= MOST_SAMPLES and fits(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low


MOST_SAMPLES = 2**40
"""No batch is larger; it is met by networks that store nothing."""


def _batch_name(graph: Graph) -> str | None:
    """The named size that is the first axis of every input; empty: the axis is implied."""
    if not isinstance(graph.batch, int):
        return str(graph.batch)
    first = {item.shape[0] if item.shape else 0 for item in graph.inputs}
    if all(isinstance(size, Batch) for size in first):
        return ""
    names = {str(size) for size in first}
    name = names.pop() if len(names) == 1 else None
    return name if name in graph.sizes else None


def _budget(taken: Walk, setting: Setting) -> Budget:
    params, trained, buffers = _parameters(taken)
    each = setting.parameter_bytes
    peak, peak_at = _Tensors(taken, setting, training=False).peak()
    trained_on = _Tensors(taken, setting, training=True)
    layers = trained_on.kept()
    kept = sum(share.kept for share in layers.values())
    return Budget(
        setting=setting,
        params=each * params,
        buffers=each * buffers,
        copies=HALF_BYTES * params if setting.mixed else 0,
        gradients=each * trained,
        state=each * trained * STATES[setting.optimizer],
        kept=kept,
        beside=trained_on.peak()[0] - kept,
        peak=peak,
        peak_at=peak_at,
        layers=layers,
    )


def _parameters(taken: Walk) -> tuple[int, int, int]:
    """Parameters, those of them that are trained, and buffers; those of others count there."""
    found = [
        *(stored_by(applied) for applied in taken.applied.values()),
        *(item.stored for item in taken.graph.held),
    ]
    params, trained, buffers = (sum(column) for column in zip(Stored(), *found, strict=True))
    return params, trained, buffers


class _Tensors:
    """The tensors of a pass: how large each is, and which of them a name stands for."""

    def __init__(self, taken: Walk, setting: Setting, *, training: bool) -> None:
        self.taken, self.setting = taken, setting
        self.sizes: dict[str, int] = {}
        self.holder: dict[str, str] = {}
        self.lasting: set[str] = set()
        """Tensors that the backward pass reads."""
        self.own: dict[str, int] = {}
        """Layer → bytes that its backward pass reads and no other does."""
        for item in taken.graph.inputs:
            each = DTYPE_BYTES[item.dtype] if is_integer(item.dtype) else setting.value_bytes
            self._add(item.name, each * self._values(item.shape))
        for name, applied in taken.applied.items():
            source = applied.node.inputs[0] if applied.node.inputs else name
            if source in self.holder and applied.layer.shares_input(training=training):
                self.holder[name] = self.holder[source]
            else:
                self._add(name, setting.value_bytes * self._values(applied.y))

    def _add(self, name: str, size: int) -> None:
        self.sizes[name], self.holder[name] = size, name

    def _values(self, shape: Shape) -> int:
        return prod(shape) * self._samples(shape)

    def _samples(self, shape: Shape) -> int:
        """How often a figure of one sample counts."""
        return self.setting.batch if any(isinstance(size, Batch) for size in shape) else 1

    def peak(self) -> tuple[int, str]:
        """The most bytes alive at once, and the layer at which they are.

        A tensor lives from the layer that makes it to the last one that reads it; in training, to
        the end if the backward pass reads it, with what layers keep of their own.
        """
        dying = self._dying()
        alive = sum(self.sizes[item.name] for item in self.taken.graph.inputs)
        peak, at = alive, "input"
        for name in self.taken.applied:
            alive += self.sizes.get(name, 0) + self.own.get(name, 0)
            if alive > peak:
                peak, at = alive, name
            alive -= sum(self.sizes[tensor] for tensor in dying.get(name, ()))
        return peak, at

    def _dying(self) -> Mapping[str, list[str]]:
        """Layer → the tensors that nothing behind it reads."""
        last: dict[str, str] = {}
        for name, applied in self.taken.applied.items():
            for source in (name, *applied.node.inputs):
                if source in self.holder:
                    last[self.holder[source]] = name
        given = {self.holder[n] for n in self.taken.graph.outputs if n in self.holder}
        lasting = given | self.lasting
        dying: dict[str, list[str]] = {}
        for tensor, reader in last.items():
            if tensor not in lasting:
                dying.setdefault(reader, []).append(tensor)
        return dying

    def kept(self) -> dict[str, Share]:
        """Each layer's output, and what it is the first to keep for the backward pass."""
        learning = {item.name for item in self.taken.graph.held if item.stored.trainable}
        shares: dict[str, Share] = {}
        for name, applied in self.taken.applied.items():
            weights = applied.node.trainable and applied.layer.weights(*applied.x)
            kept = 0
            if weights or not learning.isdisjoint(applied.node.inputs):
                learning.add(name)
                for tensor in self._read(name, applied):
                    kept += 0 if tensor in self.lasting else self.sizes[tensor]
                    self.lasting.add(tensor)
                self.own[name] = self._own(applied)
                kept += self.own[name]
            shares[name] = Share(self.sizes.get(name, 0), kept)
        return shares

    def _read(self, name: str, applied: Applied) -> Iterator[str]:
        """The network's tensors that a layer's backward pass reads."""
        found = applied.layer.keeps(applied.y, *applied.x)
        names = (*(applied.node.inputs if found.inputs else ()), *((name,) if found.output else ()))
        for item in names:
            if item in self.holder:
                yield self.holder[item]

    def _own(self, applied: Applied) -> int:
        """Bytes that the backward pass of a layer reads and no other does."""
        found = applied.layer.keeps(applied.y, *applied.x)
        sample = (
            self.setting.value_bytes * found.values
            + STATISTIC_BYTES * found.statistics
            + found.bytes
        )
        return sample * self._samples(applied.x[0]) + STATISTIC_BYTES * found.shared
