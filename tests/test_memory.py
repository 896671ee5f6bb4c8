"""Memory: the peak of a forward pass against a simulation, and nets worked out by hand."""

from __future__ import annotations

from math import prod
from random import Random
from typing import Any

import pytest
from checked import check, check_bundled, sequence
from generators.models import Drawn, graph
from naive import Counted

SEED = 1998
FLOAT = 4
VIEWS = {"flatten", "dropout", "identity", "reshape", "permute", "slice", "crop"}
"""Layers whose output is their input's memory."""


def outermost(name: str, model: dict[str, Any]) -> str:
    """The tensor that holds the values of a name."""
    by_name = {entry["name"]: entry for entry in model["layers"]}
    while name in by_name and by_name[name]["type"] in VIEWS:
        name = by_name[name]["from"][0]
    return name


def simulated_peak(model: dict[str, Any], sizes: dict[str, int], outputs: list[str]) -> int:
    """Step by step: what must lie in memory while a layer runs.

    A tensor is needed from the layer that makes it up to the last one that reads it, by whatever
    name; an output to the end.
    """
    names = [entry["name"] for entry in model["layers"]]
    peak = 0
    for step, name in enumerate(names):
        later = model["layers"][step:]
        needed = {outermost(source, model) for entry in later for source in entry["from"]}
        made = {"input", *names[: step + 1]}
        kept = {outermost(output, model) for output in outputs}
        alive = {outermost(name, model)} | ((needed | kept) & made)
        peak = max(peak, sum(sizes[tensor] for tensor in alive))
    return peak


def tensors(drawn: Drawn) -> dict[str, int]:
    """Bytes of everything that is stored, by the naive shapes."""
    names = [entry["name"] for entry in drawn.model["layers"]]
    sizes = {name: prod(row.shape) for name, row in zip(names, drawn.rows, strict=True)}
    sizes["input"] = prod(drawn.model["input"])
    return {name: FLOAT * size for name, size in sizes.items()
            if outermost(name, drawn.model) == name}  # fmt: skip


def with_views(rng: Random, drawn: Drawn) -> Drawn:
    """The graph with a dropout before some of the layers that read from others."""
    layers: list[dict[str, Any]] = []
    rows = []
    for entry, row in zip(drawn.model["layers"], drawn.rows, strict=True):
        source, changed = entry["from"][0], entry
        if rng.random() < 0.4 and source != "input":
            view = {"name": f"v{len(layers)}", "type": rng.choice(["dropout", "identity"])}
            layers.append({**view, "from": [source]})
            named = {item["name"]: made.shape for item, made in zip(layers, rows, strict=False)}
            rows.append(Counted(named[source]))
            changed = {**entry, "from": [view["name"], *entry["from"][1:]]}
        layers.append(changed)
        rows.append(row)
    return Drawn({**drawn.model, "layers": layers}, rows)


@pytest.mark.parametrize("number", range(30))
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_peak_is_the_simulated_one(outputs: int, number: int) -> None:
    rng = Random(f"{SEED} {outputs} {number}")
    drawn = with_views(rng, graph(rng, 1, 14))
    names = [entry["name"] for entry in drawn.model["layers"]]
    chosen = [*rng.sample(names[:-1], outputs - 1), names[-1]]
    totals = check({**drawn.model, "outputs": chosen}).totals
    sizes = tensors(drawn)
    assert totals.memory.forward == simulated_peak(drawn.model, sizes, chosen)
    assert totals.memory.params == FLOAT * sum(row.params for row in drawn.rows)
    stored = sum(2 * row.params + row.buffers for row in drawn.rows)
    assert totals.memory.training == FLOAT * stored + sum(sizes.values())


# --- by hand ------------------------------------------------------------------------------------


def conv(channels: int, name: str | None = None, **arguments: Any) -> dict[str, Any]:
    named = {"name": name} if name else {}
    return {**named, "type": "conv1d", "out_channels": channels, "kernel_size": 1, **arguments}


def test_a_chain_holds_an_input_and_an_output_at_a_time() -> None:
    memory = sequence(conv(8), conv(3), conv(5), given=[2, 10]).totals.memory
    values, params = (20, 80, 30, 50), (24, 27, 20)
    assert memory.forward == FLOAT * (80 + 30)
    assert memory.params == FLOAT * sum(params)
    assert memory.training == FLOAT * (sum(values) + 2 * sum(params))


def test_a_shortcut_lives_until_it_is_added() -> None:
    layers = [conv(8, "a"), conv(9, "b"), conv(8, "c"), {"type": "add", "from": ["a", "c"]}]
    memory = check({"input": [2, 10], "layers": layers}).totals.memory
    # while c runs: a, b and c; while the sum runs: a, c and the sum
    assert memory.forward == FLOAT * (80 + 90 + 80)


def test_a_view_holds_no_memory_of_its_own() -> None:
    plain = sequence(conv(8), conv(3), given=[2, 10]).totals.memory
    views = sequence("dropout", conv(8), "identity", conv(3), "flatten", given=[2, 10])
    assert views.totals.memory == plain
    assert [item.activations for item in views.layers] == [20, 80, 80, 30, 30]


def test_a_view_keeps_what_it_looks_at() -> None:
    """A slice of one channel holds all eight, while the convolution writes seventy values."""
    cut = {"type": "slice", "dim": 1, "end": 1}
    memory = sequence(conv(8), cut, conv(7), given=[2, 10]).totals.memory
    assert memory.forward == FLOAT * (80 + 70)


def test_an_output_lives_to_the_end() -> None:
    layers = [conv(8, "a"), conv(3, "b"), conv(6, "c")]
    model = {"input": [2, 10], "layers": layers}
    assert check(model).totals.memory.forward == FLOAT * (80 + 30)
    kept = {**model, "outputs": ["a", "c"]}
    assert check(kept).totals.memory.forward == FLOAT * (80 + 30 + 60)


def test_an_integer_takes_the_bytes_of_its_dtype() -> None:
    table = {"type": "embedding", "num_embeddings": 10, "embedding_dim": 3}
    tokens = {"tokens": {"shape": [7], "dtype": "int64"}}
    memory = check({"inputs": tokens, "layers": [table]}).totals.memory
    assert memory.forward == 7 * 8 + 21 * FLOAT
    assert memory.training == 2 * 30 * FLOAT + 7 * 8 + 21 * FLOAT


def test_frozen_weights_have_no_gradients() -> None:
    layers = [conv(8, trainable=False), conv(3)]
    memory = check({"input": [2, 10], "layers": layers}).totals.memory
    assert memory.training == FLOAT * (24 + 27 + 27) + FLOAT * (20 + 80 + 30)


def test_shared_weights_are_stored_once() -> None:
    layers = [conv(2, "a"), conv(2, weights_from="a")]
    memory = check({"input": [2, 10], "layers": layers}).totals.memory
    assert memory.params == FLOAT * 6
    assert memory.training == FLOAT * (2 * 6 + 3 * 20)


def test_buffers_are_stored_and_not_trained() -> None:
    memory = sequence("batch_norm", given=[2, 10]).totals.memory
    assert memory.params == FLOAT * 4
    assert memory.training == FLOAT * (4 + 4 + 4 + 2 * 20)


def test_the_peak_of_lenet_is_at_its_first_tanh() -> None:
    memory = check_bundled("lenet5").totals.memory
    assert memory.params == FLOAT * 61_706
    assert memory.forward == FLOAT * 2 * 6 * 28 * 28
