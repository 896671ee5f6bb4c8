"""Operations of programs in a graph: named sizes, kinds of numbers, runs, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from operation_cases import CASES, inputs_of, layer_of, recorded
from operation_cases import weights_of as stored

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.named import analyse_named
from cnnshape.diagnostics import RuleError
from cnnshape.dim import recording, size
from cnnshape.execute.executor import quiet
from cnnshape.execute.gradient_check import check_gradients
from cnnshape.execute.plan import plan
from cnnshape.execute.run import drawn_inputs, run
from cnnshape.execute.weights import weights_of
from cnnshape.graph import Graph, Input, Node
from cnnshape.kernels.kernel import Context
from cnnshape.kernels.kernel import find as find_kernel
from cnnshape.layer import Shape
from cnnshape.layers import find


def node(name: str, type: str, *inputs: str, **arguments: Any) -> Node:
    cls = find(type)
    assert cls is not None
    return Node(name, type, cls(type=type, **arguments), inputs)


def graph(shape: Shape, *nodes: Node, sizes: Any = None, dtype: str = "float32") -> Graph:
    inputs = (Input("x", shape, dtype),)
    return Graph("ours", "", inputs, nodes, (nodes[-1].name,), sizes=sizes or {})


N, H = size("N"), size("H")
CHANNEL_ATTENTION = graph(
    (N, 6, H, 7),
    node("flat", "view", "x", shape=(N, 6, -1)),
    node("turned", "transpose", "flat", dim0=1, dim1=2),
    node("energy", "einsum", "flat", "turned", equation="bch,bhd->bcd"),
    node("mean", "divide_number", "energy", number=H * 7),
    node("positive", "greater_number", "mean", number=0),
    node("leak", "multiply_number", "mean", number=0.1),
    node("bent", "where", "positive", "mean", "leak"),
    node("total", "sum", "bent", dim=(1, 2)),
    sizes={"N": 2, "H": 5},
)


def test_formulas_flow_through_operations_and_their_arguments() -> None:
    analysis = analyse_named(CHANNEL_ATTENTION)
    assert analysis.diagnostics == ()
    shapes = {layer.name: str(layer.output_shape) for layer in analysis.layers}
    assert shapes["flat"] == "(N, 6, 7·H)"
    assert shapes["energy"] == "(N, 6, 6)"
    assert shapes["total"] == "(N,)"
    macs = {layer.name: str(layer.macs) for layer in analysis.layers}
    assert macs["energy"] == "252·H"


def test_a_run_puts_the_sizes_that_arrive_into_arguments() -> None:
    x = np.random.default_rng(0).standard_normal((3, 6, 4, 7)).astype(np.float32)
    found = run(CHANNEL_ATTENTION, {"x": x})
    energy = np.einsum("bchw,bdhw->bcd", x, x) / (4 * 7)
    wanted = np.where(energy > 0, energy, 0.1 * energy).sum(axis=(1, 2))
    np.testing.assert_allclose(found.outputs["total"], wanted, rtol=1e-5)
    assert found.outputs["total"].dtype == np.float32
    assert found.values["positive"].dtype == np.bool_


def test_gradients_are_slopes_across_a_graph_of_operations() -> None:
    planned = plan(CHANNEL_ATTENTION, 1)
    inputs = drawn_inputs(planned.graph, 1, seed=1, dtype=np.float64)
    weights = weights_of(planned, seed=2, dtype=np.float64)
    slopes = list(check_gradients(planned, inputs, weights, training=False, directions=3))
    assert len(slopes) == 3
    assert max(slope.error for slope in slopes) < 1e-6


def test_an_argument_is_worked_out_only_where_it_is_a_formula() -> None:
    plain, open_ = (node("a", "view", "x", shape=shape).layer for shape in ((2, -1), (N, -1)))
    assert plain is not None
    assert open_ is not None
    assert plain.at({"N": 3}) is plain
    assert open_.at({"N": 3}) == node("a", "view", "x", shape=(3, -1)).layer


@pytest.mark.parametrize(
    ("name", "arguments", "x", "y"),
    [
        ("view", {"shape": (-1, 16 * 5 * 5)}, (N, 16, 5, 5), "(N, 400)"),
        ("view", {"shape": (N, -1)}, (N, 16, 5, H), "(N, 80·H)"),
        ("view", {"shape": (N, 4, 4, 5, H)}, (N, 16, 5, H), "(N, 4, 4, 5, H)"),
        ("view", {"shape": (N * 16, 5, H)}, (N, 16, 5, H), "(16·N, 5, H)"),
        ("flatten", {"start_dim": 0, "end_dim": 1}, (N, 16, 5, H), "(16·N, 5, H)"),
        ("concat", {"dim": 0}, (N, 16), "(N, 16)"),
        ("slice", {"dim": 0, "start": 1}, (N, 16), "(N - 1, 16)"),
        ("index", {"items": ("...", (None, H - 2, None))}, (N, H), "(N, H - 2)"),
        ("index", {"items": ((None, None, 2), 0)}, (H, N), "(ceil(H/2),)"),
        ("pad", {"pad": (0, 8 - H)}, (N, H), "(N, 8)"),
        ("expand", {"sizes": (N, -1, H)}, (1, 16, 1), "(N, 16, H)"),
        ("repeat", {"repeats": (N, 1)}, (2, H), "(2·N, H)"),
        ("roll", {"shifts": (-1, H // 2), "dims": (0, 1)}, (N, H), "(N, H)"),
        ("upsample", {"size": (H, 2 * H)}, (N, 3, 4, 4), "(N, 3, H, 2·H)"),
        ("max_pool2d", {"kernel_size": (H, 1)}, (N, 3, H, 4), "(N, 3, 1, 4)"),
        ("adaptive_avg_pool2d", {"output_size": (H, 1)}, (N, 3, 9, 4), "(N, 3, H, 1)"),
        ("layer_norm", {"normalized_shape": (3, H)}, (N, 3, H), "(N, 3, H)"),
        ("topk", {"k": H - 1}, (N, H), "(N, H - 1)"),
        ("affine_grid", {"size": (N, 3, H, 4)}, (N, 2, 3), "(N, H, 4, 2)"),
    ],
    ids=str,
)
def test_sizes_may_be_formulas_in_arguments_and_in_shapes(
    name: str, arguments: dict[str, Any], x: Shape, y: str
) -> None:
    layer = node("a", name, "x", **arguments).layer
    assert layer is not None
    with recording({"N": 3, "H": 6}):
        layer.check(x)
        assert str(layer.output_shape(x)) == y
        layer.flow(layer.output_shape(x), x)
        layer.windows(x)


def test_groups_may_be_as_many_as_samples() -> None:
    """Filters computed for each sample: the batch is moved into the channels."""
    layer = node("a", "functional_conv2d", "x", "w", padding=1, groups=N).layer
    assert layer is not None
    with recording({"N": 3}):
        x, weight = (1, 6 * N, 8, 8), (4 * N, 6, 3, 3)
        layer.check(x, weight)
        assert str(layer.output_shape(x, weight)) == "(1, 4·N, 8, 8)"


# --- kinds of numbers ---------------------------------------------------------------------------


def faults(*nodes: Node, dtype: str = "int64") -> list[str]:
    return [item.message for item in analyse(graph((2, 6), *nodes, dtype=dtype)).diagnostics]


def linear(source: str) -> Node:
    return node("linear", "linear", source, out_features=3)


@pytest.mark.parametrize(
    ("type", "arguments"),
    [
        ("divide_number", {"number": 255}),
        ("multiply_number", {"number": 0.5}),
        ("cast", {"dtype": "float32"}),
        ("exp", {}),
        ("clamp", {"min": 0.0}),
    ],
)
def test_what_gives_floats_may_be_read_as_floats(type: str, arguments: dict[str, Any]) -> None:
    assert faults(node("a", type, "x", **arguments), linear("a")) == []


@pytest.mark.parametrize(
    ("type", "arguments"),
    [("add_number", {"number": 1}), ("neg", {}), ("cast", {"dtype": "int32"}), ("isnan", {})],
)
def test_what_gives_integers_may_not(type: str, arguments: dict[str, Any]) -> None:
    assert faults(node("a", type, "x", **arguments), linear("a")) == [
        "`linear` reads floats, but integers arrive"
    ]


@pytest.mark.parametrize(
    ("type", "arguments"), [("argmax", {"dim": 1}), ("greater_number", {"number": 0})]
)
def test_places_and_truths_are_integers(type: str, arguments: dict[str, Any]) -> None:
    embedding = node("e", "embedding", "a", num_embeddings=9, embedding_dim=4)
    assert faults(node("a", type, "x", **arguments), embedding, dtype="float32") == []


def test_a_mean_of_integers_is_told() -> None:
    [found] = analyse(graph((2, 6), node("a", "mean", "x"), dtype="int64")).diagnostics
    assert found.message == "`a` reads floats, but integers arrive"
    assert found.help == "write `.float()` before it"


SINGLE = [case for case in CASES if case.get("values")]


@pytest.mark.parametrize("case", SINGLE, ids=[case["id"] for case in SINGLE])
def test_single_precision_stays_single(case: dict[str, Any]) -> None:
    a, layer = recorded(), layer_of(case)
    given = [a[f"{case['id']}/in{n}"] for n in range(len(case["inputs"]))]
    inputs = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in given]
    kernel = find_kernel(type(layer))
    assert kernel is not None
    with quiet():
        shapes = inputs_of(case)
        weights = {n: w.astype(np.float32) for n, w in stored(layer, shapes).items()}
        step = kernel.forward(layer, Context(shapes=shapes, weights=weights), *inputs)
        assert step.output.dtype != np.float64
        if step.output.dtype.kind == "f":
            found = step.pullback(np.ones_like(step.output)).inputs
            assert {by_x.dtype for by_x in found if by_x is not None} <= {np.dtype(np.float32)}


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_gradients_of_bags_are_slopes(mode: Any) -> None:
    arguments = {"num_embeddings": 7, "embedding_dim": 3, "mode": mode, "padding_idx": 2}
    planned = plan(graph((4, 5), node("a", "embedding_bag", "x", **arguments), dtype="int64"), 1)
    inputs = {"x": np.random.default_rng(3).integers(0, 7, (4, 5))}
    weights = weights_of(planned, seed=2, dtype=np.float64)
    slopes = list(check_gradients(planned, inputs, weights, training=False, directions=3))
    assert [slope.name for slope in slopes] == ["a.weight"] * 3
    assert max(slope.error for slope in slopes) < 1e-6


@pytest.mark.parametrize(
    ("type", "arguments", "shapes"),
    [
        ("gather", {"dim": 1}, ((2, 3), (2, 1))),
        ("index_select", {"dim": 1}, ((2, 3), (1,))),
        ("scatter_add", {"dim": 1}, ((2, 3), (2, 1), (2, 1))),
        ("take_index", {"items": ((None, None, None), "tensor")}, ((2, 3), (2,))),
        ("functional_embedding", {}, ((2,), (3, 4))),
        ("one_hot", {"num_classes": 3}, ((2,),)),
        ("embedding_bag", {"num_embeddings": 3, "embedding_dim": 2}, ((2, 2),)),
    ],
    ids=str,
)
@pytest.mark.parametrize("index", [3, -4])
def test_an_index_beyond_the_axis_is_told(
    type: str, arguments: dict[str, Any], shapes: tuple[Shape, ...], index: int
) -> None:
    layer = node("a", type, "x", **arguments).layer
    assert layer is not None
    inputs = [np.full(shape, 1.5) for shape in shapes]
    first = layer.reads == "integers" or type == "functional_embedding"
    inputs[not first] = np.full(shapes[not first], index)
    context = Context(shapes=shapes, weights=stored(layer, shapes))
    kernel = find_kernel(layer.__class__)
    assert kernel is not None
    with pytest.raises(RuleError, match=rf"^looks up the index {index}, but there are 3, "):
        kernel.forward(layer, context, *inputs)
