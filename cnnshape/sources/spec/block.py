"""Blocks: what they take, what they hold, and that none reaches itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnshape.layers import find
from cnnshape.sources.spec.document import Value
from cnnshape.sources.spec.entry import KEYS, Entry, read_entries
from cnnshape.sources.spec.findings import Findings, describe

BLOCK_KEYS = ("params", "layers", "output")


@dataclass(slots=True, eq=False)
class Block:
    """A named list of layers with parameters."""

    name: str
    params: dict[str, Value]
    entries: list[Entry]
    output: Value | None


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
        if find(name) is not None:
            findings.add(
                "duplicate-name", f"`{name}` is a layer's type already; a block needs another", key
            )
            continue
        block = _read_block(name, body, key, findings)
        if block is not None:
            blocks[name] = block
    for name in _cyclic(blocks, findings):
        blocks[name].entries = []
    return blocks


def _read_block(name: str, body: Value, key: Value, findings: Findings) -> Block | None:
    if not isinstance(body.data, dict):
        found = describe(body.data)
        findings.add(
            "invalid-value", f"the block `{name}` must be a mapping with `layers`, not {found}", key
        )
        return None
    for unknown in [item for item in body.data if item not in BLOCK_KEYS]:
        findings.unknown_key(unknown, body.keys[unknown], BLOCK_KEYS, f"the block `{name}`")
    if "layers" not in body.data:
        findings.add("invalid-value", f"the block `{name}` has no `layers`", key)
        return None
    params = body.data.get("params", Value({}))
    if not isinstance(params.data, dict):
        found = describe(params.data)
        findings.add(
            "invalid-value",
            f"the params of `{name}` must be a mapping, not {found}",
            params,
            help="write each with its default, `params: {channels: , stride: 1}`",
        )
        params = Value({})
    for param in [param for param in params.data if param in KEYS]:
        findings.add(
            "invalid-value",
            f"the block `{name}` cannot have a param `{param}`: every layer takes that key",
            params.keys[param],
        )
    entries = read_entries(body.data["layers"], findings, f"`layers` of the block `{name}`")
    return Block(name, dict(params.data), entries, body.data.get("output"))


def _cyclic(blocks: Mapping[str, Block], findings: Findings) -> set[str]:
    """Blocks that use themselves, by way of others or not; each ring is reported once."""
    finished: set[str] = set()
    cyclic: set[str] = set()
    for start in blocks:
        path: list[tuple[str, list[Entry]]] = [(start, list(blocks[start].entries))]
        while path:
            name, rest = path[-1]
            if not rest or name in finished:
                finished.add(path.pop()[0])
                continue
            entry = rest.pop(0)
            names = [step for step, _ in path]
            if entry.type in names:
                ring = " → ".join([*names[names.index(entry.type) :], entry.type])
                findings.add(
                    "cyclic-reference", f"the block `{name}` uses itself: {ring}", entry.type_value
                )
                cyclic.add(name)
            elif entry.type in blocks and entry.type not in finished:
                path.append((entry.type, list(blocks[entry.type].entries)))
    return cyclic


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
        if block is None:
            inside = 1
        else:
            if entry.type not in known:
                known[entry.type] = count_layers(block.entries, blocks, known)
            inside = known[entry.type]
        total += max(times, 0) * inside if "if" not in entry.keys else 0
    return total
