"""Blocks: what they take, what they hold, and that none reaches itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cnnshape.layers import find_in_files
from cnnshape.sources.spec.document import Value
from cnnshape.sources.spec.entry import KEYS, Entry, read_entries
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.words import describe, nearest

BLOCK_KEYS = ("params", "layers", "output")
DEEPEST = 40
MOST_SHOWN = 12
MOST_PARAMS = 100


@dataclass(slots=True, eq=False)
class Block:
    """A named list of layers with parameters."""

    name: str
    params: dict[str, Value]
    entries: list[Entry]
    output: Value | None
    faulty: bool = False
    """What it gives is not known, which was reported."""


def read_blocks(value: Value | None, findings: Findings) -> dict[str, Block]:
    """The model's blocks; those that reach themselves are reported and left empty."""
    if value is None:
        return {}
    if not isinstance(value.data, dict):
        found = describe(value.data)
        findings.add("invalid-value", f"`blocks` must be a mapping of blocks, not {found}", value)
        return {}
    blocks: dict[str, Block] = {}
    for name, body in value.data.items():
        key = value.keys[name]
        if find_in_files(name) is not None:
            findings.add(
                "duplicate-name", f"`{name}` is a layer's type already; a block needs another", key
            )
        blocks[name] = _read_block(name, body, key, findings)
    for name in _endless(blocks, findings):
        blocks[name].faulty = True
    return blocks


def _read_block(name: str, body: Value, key: Value, findings: Findings) -> Block:
    if not isinstance(body.data, dict):
        found = describe(body.data)
        findings.add(
            "invalid-value", f"the block `{name}` must be a mapping with `layers`, not {found}", key
        )
        return Block(name, {}, [], None, faulty=True)
    unknown = [item for item in body.data if item not in BLOCK_KEYS]
    for item in unknown:
        findings.unknown_key(item, body.keys[item], BLOCK_KEYS, f"the block `{name}`")
    if "layers" not in body.data:
        if not any(nearest(item, ["layers"]) for item in unknown):
            findings.add("invalid-value", f"the block `{name}` has no `layers`", key)
        return Block(name, {}, [], None, faulty=True)
    params = body.data.get("params", Value({}))
    faulty = not isinstance(params.data, dict | None) or not isinstance(
        body.data["layers"].data, list
    )
    if params.data is None:
        params = Value({})
    if not isinstance(params.data, dict):
        found = describe(params.data)
        findings.add(
            "invalid-value",
            f"the params of `{name}` must be a mapping, not {found}",
            params,
            help="write each with its default, `params: {channels: , stride: 1}`",
        )
        params = Value({})
    if len(params.data) > MOST_PARAMS:
        findings.add("invalid-value", f"`{name}` has more than {MOST_PARAMS} params", params)
        return Block(name, {}, [], None, faulty=True)
    for param in [param for param in params.data if param in KEYS]:
        findings.add(
            "invalid-value",
            f"the block `{name}` cannot have a param `{param}`: every layer takes that key",
            params.keys[param],
        )
    entries = read_entries(body.data["layers"], findings, f"`layers` of the block `{name}`")
    return Block(name, dict(params.data), entries, body.data.get("output"), faulty)


def _endless(blocks: Mapping[str, Block], findings: Findings) -> set[str]:
    """Blocks that use themselves, or nest too deep; each ring is reported once."""
    depths: dict[str, int] = {}
    faulty: set[str] = set()
    for start in blocks:
        path = {} if start in depths else {start: _uses(blocks, start)}
        while path:
            name = next(reversed(path))
            entry = next(path[name], None)
            if entry is None:
                path.popitem()
                used = list(_uses(blocks, name))
                depths[name] = 1 + max((depths.get(item.type, 0) for item in used), default=0)
                if depths[name] == DEEPEST + 1:
                    message = f"the block `{name}` nests blocks more than {DEEPEST} deep"
                    findings.add("invalid-value", message, used[0].type_value)
                if depths[name] > DEEPEST:
                    faulty.add(name)
            elif entry.type in path:
                names = list(path)
                ring = " → ".join([*names[names.index(entry.type) :][-MOST_SHOWN:], entry.type])
                message = f"the block `{name}` uses itself: {ring}"
                findings.add("cyclic-reference", message, entry.type_value)
                faulty.add(name)
            elif entry.type not in depths:
                path[entry.type] = _uses(blocks, entry.type)
    return faulty


def _uses(blocks: Mapping[str, Block], name: str) -> Iterator[Entry]:
    """The uses of blocks in a block."""
    return (entry for entry in blocks[name].entries if entry.type in blocks)


def count_layers(
    entries: list[Entry], blocks: Mapping[str, Block], known: dict[str, int] | None = None
) -> int:
    """How many layers a list makes at least; repeats that are expressions count as one."""
    known = {} if known is None else known
    total = 0
    for entry in entries:
        repeat = entry.keys.get("repeat")
        times = repeat.data if repeat is not None and type(repeat.data) is int else 1
        block = blocks.get(entry.type)
        if block is None or block.faulty:
            inside = 1
        else:
            if entry.type not in known:
                known[entry.type] = count_layers(block.entries, blocks, known)
            inside = known[entry.type]
        total += max(times, 0) * inside if "if" not in entry.keys else 0
    return total
