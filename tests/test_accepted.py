"""The sizes that networks accept against walking them with integers, size by size."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import product
from random import Random
from typing import Any

import pytest
from checked import graph as read_model
from generators.sized import sized

import cnnshape
from cnnshape.analysis.sizes.accepted import AcceptedInputs, accepted_inputs
from cnnshape.analysis.sizes.naming import at_sizes
from cnnshape.analysis.sizes.region import Point, region
from cnnshape.analysis.sizes.size_set import at_least, exactly, multiples
from cnnshape.analysis.walk import walk
from cnnshape.graph import Graph
from cnnshape.report.inputs import as_lines
from cnnshape.sources import bundled
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import parse
from cnnshape.sources.spec.reader import read

WITHOUT_SIZES = ("dcgan-generator", "torch7-mlp")


@cache
def bundled_graph(name: str) -> Graph:
    file = bundled.folder() / f"{name}.yaml"
    return read(parse(file.name, file.read_bytes()), Options())


@cache
def accepted(name: str) -> AcceptedInputs:
    return accepted_inputs(bundled_graph(name))


def walks(graph: Graph, sizes: dict[str, int]) -> bool:
    return not walk(at_sizes(graph, sizes), to_first_fault=True).faults


def wrong_points(found: AcceptedInputs, points: Iterable[Point]) -> list[Point]:
    """Where what is claimed is not what happens."""
    named = (dict(zip(found.names, point, strict=True)) for point in points)
    return [
        tuple(sizes.values())
        for sizes in named
        if found.accepts(**sizes) != walks(found.graph, sizes)
    ]


def squares(found: AcceptedInputs, end: int) -> list[Point]:
    return [(side,) * len(found.names) for side in range(1, end + 1)]


# --- bundled architectures ----------------------------------------------------------------------

NAMES = [name for name in bundled.names() if name not in WITHOUT_SIZES]


@pytest.mark.parametrize("name", NAMES)
def test_an_architecture_is_decided_for_every_size(name: str) -> None:
    found = accepted(name)
    assert found.names == ("H", "W")
    assert found.exact
    assert not any(part.relations for part in found.parts)
    assert found.tried == (0, ())


@pytest.mark.parametrize("name", WITHOUT_SIZES)
def test_an_architecture_without_free_sizes(name: str) -> None:
    found = accepted(name)
    assert (found.names, found.exact, found.accepts(), found.smallest) == ((), True, True, {})


@pytest.mark.parametrize("name", NAMES)
def test_every_square_size(name: str) -> None:
    assert wrong_points(accepted(name), squares(accepted(name), 300)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_sizes(name: str) -> None:
    assert wrong_points(accepted(name), product(range(1, 81), repeat=2)) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_edges_of_the_region(name: str) -> None:
    """The corners of all boxes and what lies beside them."""
    found = accepted(name)
    edges = {
        tuple(max(1, size + step) for size, step in zip(corner, steps, strict=True))
        for box in found.region.boxes[:6]
        for corner in product(*({sizes.smallest or 1, sizes.start} for sizes in box))
        for steps in product((-1, 0, 1), repeat=2)
    }
    assert wrong_points(found, Random(name).sample(sorted(edges), min(len(edges), 30))) == []


# torchvision.models.*_Weights.IMAGENET1K_V1.meta["min_size"], of torchvision 0.29.2
MIN_SIZE = {
    "alexnet-torchvision": 63,
    "vgg11": 32,
    "vgg13": 32,
    "vgg16": 32,
    "vgg19": 32,
    "squeezenet1-1": 17,
    "densenet121": 29,
    "inception-v3": 75,
    "resnet18": 1,
    "resnet34": 1,
    "resnet50": 1,
    "resnet101": 1,
    "resnet152": 1,
    "mobilenet-v2": 1,
    "efficientnet-v2-s": 1,  # listed with 33; PyTorch takes 1×1, too
}


@pytest.mark.parametrize(("name", "size"), MIN_SIZE.items())
def test_the_smallest_size_is_torchvisions(name: str, size: int) -> None:
    found = accepted(name)
    assert found.smallest == {"H": size, "W": size}
    assert found.region == region(2, [(at_least(size),) * 2])


def test_the_mnist_net_takes_exactly_these() -> None:
    """320 = 20·u·v with u·v = 16: u comes of the four sizes from 4u + 12 on."""
    pairs = {(u, 16 // u) for u in (1, 2, 4, 8, 16)}
    four = {u: exactly(*range(4 * u + 12, 4 * u + 16)) for u in (1, 2, 4, 8, 16)}
    assert accepted("mnist-net").region == region(2, [(four[u], four[v]) for u, v in pairs])
    assert str(accepted("mnist-net")).startswith(
        "28 ≤ H ≤ 31 and 28 ≤ W ≤ 31, or 20 ≤ H ≤ 23 and 44 ≤ W ≤ 47"
    )
    assert accepted("mnist-net").smallest == {"H": 28, "W": 28}


def test_the_broken_mnist_net_takes_no_square() -> None:
    found = accepted("mnist-net-broken")
    short, long = exactly(16, 17, 18, 19), exactly(32, 33, 34, 35)
    assert found.region == region(2, [(short, long), (long, short)])
    assert not any(found.accepts(H=side, W=side) for side in range(1, 400))


def test_unet_same_takes_multiples_of_16() -> None:
    found = accepted("unet-same")
    assert found.region == region(2, [(multiples(16), multiples(16))])
    assert str(found) == "H and W multiples of 16"
    assert found.residues == {"H": (16, 0), "W": (16, 0)}
    assert found.nearest(H=350, W=525) == [
        {"H": 352, "W": 528},
        {"H": 336, "W": 512},
    ]


def test_unet_leaves_nothing_over_for_one_residue() -> None:
    found = accepted("unet")
    assert found.region == region(2, [(at_least(188),) * 2])
    side = multiples(16, 12) & at_least(188)
    assert found.without_rest == region(2, [(side, side)])
    assert 572 in side


def test_resnets_take_any_size_and_give_the_same_for_32_of_them() -> None:
    alike = accepted("resnet50").alike(H=224, W=224)
    side = exactly(*range(193, 225))
    assert alike is not None
    assert alike.region == region(2, [(side, side)])


# --- random networks ----------------------------------------------------------------------------

SEED = "sizes"
GRAPHS = 220
MOST_UNDECIDED = GRAPHS // 50


@cache
def random_network(number: int) -> tuple[dict[str, Any], AcceptedInputs]:
    model, example = sized(Random(f"{SEED} {number}"))
    graph = read_model(model)
    assert graph.findings == ()
    given = {name: example[name] for name in graph.sizes}
    return model, accepted_inputs(graph._replace(sizes=given))


def some_points(found: AcceptedInputs, number: int) -> list[Point]:
    """Squares, every pair of a corner, and points from a wide field."""
    rng, count = Random(number), len(found.names)
    side = {1: 300, 2: 20, 3: 6, 4: 4}.get(count, 2)
    wide = [tuple(rng.randint(1, 150) for _ in range(count)) for _ in range(60)]
    return [*squares(found, 300), *product(range(1, side + 1), repeat=count), *wide]


@pytest.mark.parametrize("number", range(GRAPHS))
def test_a_random_network(number: int) -> None:
    model, found = random_network(number)
    assert wrong_points(found, some_points(found, number)) == [], model


@pytest.mark.parametrize("number", range(GRAPHS))
def test_what_is_undecided_is_not_claimed(number: int) -> None:
    _, found = random_network(number)
    assert not found.region & found.exploration.undecided
    for point in some_points(found, number)[:60]:
        if any(part.holds(point, found.names) for part in found.parts):
            assert walks(found.graph, dict(zip(found.names, point, strict=True)))
    told = found.to_dict()
    assert told["exact"] == found.exact == ("tried" not in told)
    assert ("not decided" in str(found)) == (not found.exact)


def test_few_networks_are_undecided() -> None:
    undecided = [number for number in range(GRAPHS) if not random_network(number)[1].exact]
    assert len(undecided) <= MOST_UNDECIDED, undecided


def test_random_networks_are_of_all_kinds() -> None:
    types = {layer["type"] for n in range(GRAPHS) for layer in random_network(n)[0]["layers"]}
    assert len(types) >= 40, types
    names = {len(random_network(number)[1].names) for number in range(GRAPHS)}
    assert {1, 2, 3} <= names
    restricted = sum(random_network(number)[1].region.boxes != () for number in range(GRAPHS))
    assert restricted > GRAPHS * 2 // 3


@pytest.mark.parametrize("number", range(0, GRAPHS, 4))
def test_the_smallest_and_the_nearest_are_accepted(number: int) -> None:
    _, found = random_network(number)
    target = dict.fromkeys(found.names, 57)
    for sizes in found.nearest(**target):
        assert walks(found.graph, sizes)
    if found.smallest is not None:
        assert walks(found.graph, found.smallest)
    if found.exact and found.accepts(**target):
        assert found.nearest(**target)[0] == target


@pytest.mark.parametrize("number", range(0, GRAPHS, 4))
def test_the_outputs_formula_gives_the_shape(number: int) -> None:
    _, found = random_network(number)
    if found.main is None:
        return
    points = [p for p in some_points(found, number) if found.main.region.holds(p)]
    for point in points[:20]:
        sizes = dict(zip(found.names, point, strict=True))
        if not all(literal.met(sizes) for literal in found.main.relations):
            continue
        shapes = walk(at_sizes(found.graph, sizes)).shapes
        for name, shape in found.outputs.items():
            assert at(shape, sizes) == shapes[name]


def at(shape: Any, sizes: dict[str, int]) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else size.value(sizes) for size in shape)


def test_what_holds_in_one_of_several_cases_is_no_cause() -> None:
    """Sizes that are broadcast meet in many ways, one of them at 1×1."""
    shapes = {"a": [3, "H", "W"], "b": [3, "P", "Q"]}
    model = {"inputs": shapes, "layers": [{"type": "add", "from": ["a", "b"]}]}
    assert cnnshape.load(model).accepted_inputs().causes == ()


def test_a_fault_that_is_met_on_several_ways_is_told_once() -> None:
    halves = [
        {"name": f"pool{k}", "type": "max_pool2d", "kernel_size": k, "from": "input"}
        for k in (2, 3)
    ]
    flat = [{"name": f"flat{k}", "type": "flatten", "from": f"pool{k}"} for k in (2, 3)]
    tail = [
        {"type": "concat", "from": ["flat2", "flat3"]},
        {"type": "linear", "in_features": 1000, "out_features": 3},
    ]
    model = {"input": [3, "H", "W"], "layers": [*halves, *flat, *tail]}
    found = cnnshape.load(model).accepted_inputs()
    texts = ["".join(text for text, _ in line) for line in as_lines(found, None)]
    assert sum("takes 1000 features" in text for text in texts) == 1


def test_formulas_of_outputs_tell_for_which_sizes_they_hold() -> None:
    layer = {"type": "slice", "dim": 2, "start": 0, "end": 9}
    found = cnnshape.load({"input": [3, "H", "W"], "layers": [layer]}).accepted_inputs()
    assert [str(size) for size in found.outputs["slice_1"]] == ["N", "3", "9", "W"]
    assert (str(found), found.outputs_for) == ("any", "H ≥ 10")
    assert found.to_dict()["outputs_for"] == "H ≥ 10"
    assert accepted("mnist-net").outputs_for is accepted("resnet50").outputs_for is None


def test_sizes_that_hang_on_each_other() -> None:
    """A map and its half, joined: the nearest point follows the relation, which has its cause."""
    net = {
        "inputs": {"image": [3, 64, 64], "small": [3, 32, 32]},
        "layers": [
            {"name": "down", "type": "max_pool2d", "kernel_size": 2, "from": "image"},
            {"name": "both", "type": "concat", "from": ["down", "small"]},
        ],
    }
    found = cnnshape.load(net).accepted_inputs()
    assert found.names == ("H", "W", "H2", "W2")
    assert str(found) == "H2 = floor(H/2) and W2 = floor(W/2) for H, W ≥ 2"
    nearest = found.nearest(H=101, W=64, H2=32, W2=32)
    assert nearest[0] == {"H": 101, "W": 64, "H2": 50, "W2": 32}
    assert all(found.accepts(**point) for point in nearest)
    assert [cause.layer for cause in found.causes] == ["down", "both"]
    assert found.causes[1].condition == "H2 = floor(H/2) and W2 = floor(W/2)"
