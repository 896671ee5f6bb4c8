"""Real files and random models, broken at random: always an answer in the contract's form."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Callable
from math import prod
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.explanation import explain
from cnnshape.analysis.result import Analysis, unreadable
from cnnshape.diagnostics import Span, UnreadableError
from cnnshape.layers import types_of_files
from cnnshape.report.delimited import as_csv, as_markdown
from cnnshape.report.snippet import plain, render
from cnnshape.report.text import verdict
from cnnshape.sources import bundled
from cnnshape.sources.options import Options
from cnnshape.sources.spec.document import Document, parse
from cnnshape.sources.spec.plain import from_mapping
from cnnshape.sources.spec.reader import read

FILES = {name: (bundled.folder() / f"{name}.yaml").read_bytes() for name in bundled.names()}
TREES = {name: yaml.safe_load(text) for name, text in FILES.items()}
TYPES = types_of_files()
SECONDS = 1.5

TOKENS = [
    *(b"-1", b"0", b"1", b"7", b"1e400", b".nan", b"null", b"~", b"true", b"99999999999999999999"),
    *(b"2147483647", b"-2147483648", b"0.5", b"[]", b"{}", b"[[[]]]", b"[1, 2]", b"[[1, 2], [3]]"),
    *(b'"${index}"', b'"${9**9**9}"', b'"${1/0}"', b'"${"', b"*a", b"&a ", b"<<: ", b"!x ", b"? "),
    *(b"input", b"input.0", b"add", b"linear", b"same", b"-", b":", b",", b"]", b"}", b'"', b"'"),
    *(b"#", b"| ", b"> ", b"%", b"---\n", b"...\n", b"\t", b"\r", b"\xff", b"\x00", b"\xc3\xa9"),
    *(b"\xef\xbb\xbf", b"repeat: 3", b"from: [input, input]", b"channels_last", b"weights_from: a"),
]
VALUES: list[Any] = [
    *(-1, 0, 1, 2, 3, 5, 2**31 - 1, 2**31, 2**62, 10**18, 0.5, -0.5, 1e308),
    *(float("nan"), float("inf"), None, True, False, "", "x", "input", "same", "valid", "relu"),
    *("add", "${index}", "${1/0}", "${9**9**9}", "${", "${a if b else c}", "a.b", "\n", "é", "0"),
    *("\u202e", "\x7f", "\x85", "..", "conv1", "fc", "layer1", "layer1.0", "layer1.0.conv1"),
    *("N", "int64", "channels_last", "5M", ">= 3", "2GiB", "input.0", "yes"),
    *([], [[]], {}, [1, 2], [0, 0], [1, 2, 3], [-1, -1], [None], ["x"], [["a"]], [[1, 2], [3, 4]]),
    *([1] * 9, ["input", "input"], ["input"] * 9, [3, 8, 8], {"a": 1}, {"type": "relu"}),
    *({"shape": [1, 2]}, {"type": "conv2d", "out_channels": 3, "kernel_size": 3}),
]
KEYS = [
    *("type", "name", "from", "repeat", "if", "expect", "weights_from", "trainable", "<<", "x"),
    *("input", "inputs", "layout", "vars", "blocks", "layers", "outputs", "loss", "limits"),
    *("cnnshape", "params", "output", "shape", "dtype", "macs", "receptive_field", "memory"),
    *dict.fromkeys(field for layer in TYPES.values() for field in layer.model_fields),
]


# Ways to break a file


def delete_line(text: bytes, random: Random) -> bytes:
    lines = text.split(b"\n")
    del lines[random.randrange(len(lines))]
    return b"\n".join(lines)


def copy_line(text: bytes, random: Random) -> bytes:
    lines = text.split(b"\n")
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return b"\n".join(lines)


def replace_line(text: bytes, random: Random) -> bytes:
    lines = text.split(b"\n")
    lines[random.randrange(len(lines))] = random.choice(lines)
    return b"\n".join(lines)


def change_byte(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + bytes([random.randrange(256)]) + text[at + random.randrange(2) :]


def insert_token(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(TOKENS) + text[at:]


def cut(text: bytes, random: Random) -> bytes:
    at = random.randrange(len(text) + 1)
    return text[:at] + text[at + random.randrange(40) :]


def swap_words(text: bytes, random: Random) -> bytes:
    words = list(re.finditer(rb"[A-Za-z_0-9]+", text))
    if len(words) < 2:
        return text
    one, other = sorted(random.sample(words, 2), key=re.Match.start)
    return (
        text[: one.start()]
        + other[0]
        + text[one.end() : other.start()]
        + one[0]
        + text[other.end() :]
    )


def change_number(text: bytes, random: Random) -> bytes:
    numbers = list(re.finditer(rb"\d+", text))
    if not numbers:
        return text
    one = random.choice(numbers)
    new = random.choice([*TOKENS, *(str(n).encode() for n in (0, 1, 2, 3, 5, 7, 64, 100))])
    return text[: one.start()] + new + text[one.end() :]


def change_type(text: bytes, random: Random) -> bytes:
    types = list(re.finditer(rb"type: ([a-z0-9_]+)", text))
    if not types:
        return text
    one = random.choice(types)
    return text[: one.start(1)] + random.choice(list(TYPES)).encode() + text[one.end(1) :]


BREAKS: list[Callable[[bytes, Random], bytes]] = [
    *(delete_line, copy_line, replace_line, change_byte, insert_token, cut, swap_words),
    *(change_number, change_type),
]


def broken_text(random: Random) -> bytes:
    text = FILES[random.choice(list(FILES))]
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        text = random.choice(BREAKS)(text, random)
    return text


def positions(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with every key or index of it."""
    found: list[tuple[Any, Any]] = []
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        found.append((tree, key))
        if isinstance(value, dict | list):
            found += positions(value)
    return found


def broken_tree(random: Random, tree: Any) -> Any:
    tree = copy.deepcopy(tree)
    for _ in range(random.choice([1, 1, 2, 4])):
        places = positions(tree)
        if not places:
            break
        holder, key = random.choice(places)
        value = random_layer(random) if random.random() < 0.2 else random.choice(VALUES)
        value = copy.deepcopy(value)
        way = random.randrange(5)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, dict):
            holder[random.choice(KEYS)] = value
        elif way == 2 and isinstance(holder, dict):
            holder[random.choice(KEYS)] = holder.pop(key)
        elif way == 3 and isinstance(holder, list):
            holder.insert(key, value)
        else:
            holder[key] = value
    return tree


# Models made up


def random_layer(random: Random) -> dict[str, Any]:
    name = random.choice(list(TYPES))
    layer: dict[str, Any] = {"type": name}
    for field, info in TYPES[name].model_fields.items():
        if field != "type" and random.random() < (0.95 if info.is_required() else 0.3):
            sound = [1, 2, 3, 4, 8, [1, 2], [2, 3], True, False, 0.5]
            layer[field] = random.choice([*sound, random.choice(VALUES)])
    extras: dict[str, list[Any]] = {
        "repeat": [0, 1, 2, 3, "${2}"],
        "name": ["a", "b", "c"],
        "from": ["input", "a", "b", ["a", "b"], ["input", "a"], ["input"] * 3],
        "expect": [[1, 2], {"params": 3}, {"receptive_field": 3}, {"macs": 1, "shape": [1]}],
        "weights_from": ["a", "b", "c"],
    }
    for key, values in extras.items():
        if random.random() < 0.15:
            layer[key] = random.choice(values)
    return layer


def random_model(random: Random) -> dict[str, Any]:
    sizes = [random.choice([1, 2, 3, 4, 6, 8, 16]) for _ in range(random.randrange(1, 5))]
    model: dict[str, Any] = {
        "input": random.choice([sizes, sizes, sizes, {"shape": [5], "dtype": "int64"}]),
        "layers": [random_layer(random) for _ in range(random.randrange(1, 7))],
    }
    if random.random() < 0.3:
        model["layout"] = "channels_last"
    if random.random() < 0.2:
        del model["input"]
        model["inputs"] = {"a": [3, 4, 4], "b": {"shape": [3], "dtype": "int64"}}
    if random.random() < 0.2:
        model["limits"] = {"params": 1, "memory": "1KiB", "receptive_field": 3, "output": [3]}
    return model


# What must hold of every answer


def answer(make: Callable[[], Document]) -> Analysis:
    """All that the commands do with a file; nothing but UnreadableError may come of it."""
    started = time.process_time()
    try:
        graph = read(make(), Options())
        found = analyse(graph)
        explain(graph)
    except UnreadableError as error:
        found = unreadable(error, "m.yaml")
    report(found)
    large = len(found.layers) / 2000  # thousands of layers, by a number put at a `repeat`
    assert time.process_time() - started < SECONDS + large
    return found


def report(found: Analysis) -> None:
    json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=True).encode()
    plain([verdict(found)]).encode()
    as_csv(found)
    as_markdown(found, None, connections=True)
    for item in found.diagnostics:
        assert item.rule
        assert item.message
        assert item.message.isprintable()
        assert len(item.message) < 700
        assert "Error" not in item.message
        assert " object at " not in item.message
        plain(render(item, found.texts)).encode()
        for span in (item.span, *(label.span for label in item.labels)):
            assert span is None or lies_inside(span, found.texts.get(span.file, ""))
    if found.readable and found.ok:
        assert found.outputs
        assert all(layer.output_shape is not None for layer in found.layers)
    else:
        assert found.diagnostics


def lies_inside(span: Span, text: str) -> bool:
    if not text:
        return True
    lines = text.split("\n")
    ends = ((span.line, span.column), (span.end_line, span.end_column))
    return (span.line, span.column) <= (span.end_line, span.end_column) and all(
        line == len(lines) + 1
        if line > len(lines)
        else line >= 1 and 1 <= column <= len(lines[line - 1]) + 1
        for line, column in ends
    )


RANDOM = st.integers(0, 2**32).map(Random)
SETTINGS = settings(max_examples=220, derandomize=True, deadline=None, database=None)


@SETTINGS
@given(RANDOM)
def test_a_broken_file(random: Random) -> None:
    text = broken_text(random)
    answer(lambda: parse("m.yaml", text))


@SETTINGS
@given(RANDOM)
def test_a_file_with_values_of_any_kind_anywhere(random: Random) -> None:
    tree = broken_tree(random, TREES[random.choice(list(TREES))])
    if isinstance(tree, dict):
        answer(lambda: from_mapping(tree))


@SETTINGS
@given(RANDOM)
def test_a_model_made_up(random: Random) -> None:
    model = random_model(random)
    answer(lambda: from_mapping(model))


@SETTINGS
@given(RANDOM, st.sampled_from([None, True, False]))
def test_a_model_made_up_and_written(random: Random, flow: bool | None) -> None:
    tree = broken_tree(random, random_model(random))
    text = yaml.safe_dump(tree, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    answer(lambda: parse("m.yaml", text.encode()))


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
@pytest.mark.parametrize("rank", range(8))
def test_every_type_on_every_rank(rank: int, layout: str) -> None:
    """Also on (N,), which a squeeze can leave, and with an expectation of yet another rank."""
    random = Random(rank)
    sizes = [random.choice([1, 2, 3, 4, 6]) for _ in range(rank)]
    made: list[Any] = [{"type": "reshape", "shape": sizes}] if sizes else ["squeeze"]
    for name, cls in TYPES.items():
        layer: dict[str, Any] = {"type": name, "expect": random.choice([[], [1], [1, 2, 3]])}
        for field, info in cls.model_fields.items():
            if field != "type" and (info.is_required() or random.random() < 0.2):
                layer[field] = random.choice([1, 1, 2, 3, [1, 1], [1, 2], True, 0.5, -1, 0])
        after = ["relu", {"type": "concat", "from": ["relu_1", "relu_1"]}]
        model = {"input": [prod(sizes)], "layout": layout, "layers": [*made, layer, *after]}
        answer(lambda model=model: from_mapping(model))


def test_made_up_models_are_of_every_kind() -> None:
    """Enough of them hold, or the rules behind the reader would never be met."""
    found = [answer(lambda i=i: from_mapping(random_model(Random(i)))) for i in range(300)]
    assert sum(item.ok for item in found) >= 5
    assert len({item.rule for analysis in found for item in analysis.diagnostics}) >= 10


@pytest.mark.parametrize("name", FILES)
def test_sound_files_stay_what_they_are(name: str) -> None:
    faulty = {"mnist-net-broken", "alexnet-lecture"}
    assert answer(lambda: parse("m.yaml", FILES[name])).ok == (name not in faulty)
