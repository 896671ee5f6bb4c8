"""Where the values of a model file stand, what holds them, and which are layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cnnshape.diagnostics import Span
from cnnshape.sources.spec.document import Document, Value


class Entry(NamedTuple):
    """A layer as written, and the list that it stands in."""

    value: Value
    parent: Value


class Sites:
    """A document looked at from the places of its values."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values: dict[Span, Value] = {}
        self.holders: dict[int, list[tuple[Value, str | int]]] = {}
        """Values by their id → what holds them, several where an alias or a merge is used."""
        self.entries: dict[Span, Entry] = {}
        """Layers by the place of their name, and of their type."""
        self._index()
        self._find_entries()

    def _index(self) -> None:
        waiting = [self.document.root]
        while waiting:
            value = waiting.pop()
            span = self.document.span(value)
            if span is not None:
                self.values[span] = value
            for key, item in _items(value):
                known = self.holders.setdefault(id(item), [])
                known.append((value, key))
                if len(known) == 1:
                    waiting.append(item)

    def _find_entries(self) -> None:
        data = self.document.root.data
        lists = [data.get("layers"), *(_layers(block) for block in self.blocks.values())]
        for parent in lists:
            if parent is not None and isinstance(parent.data, list):
                for value in parent.data:
                    self._add_entry(Entry(value, parent))

    def _add_entry(self, entry: Entry) -> None:
        data = entry.value.data
        keys = [data[key] for key in ("type", "name") if key in data] if _is_dict(data) else []
        for head in keys or [entry.value]:
            span = self.document.span(head)
            if span is not None:
                self.entries.setdefault(span, entry)

    @property
    def blocks(self) -> dict[str, Value]:
        return self.section("blocks")

    def section(self, name: str) -> dict[str, Value]:
        """A mapping at the top of the file; empty where there is none."""
        value = self.document.root.data.get(name)
        return value.data if value is not None and isinstance(value.data, dict) else {}

    def keys_of(self, value: Value) -> set[str | int]:
        """The keys, or places in lists, at which a value stands."""
        return {key for _, key in self.holders.get(id(value), ())}

    def is_inside(self, value: Value, outer: Value) -> bool:
        """Whether a value is written within another one, not brought there by an alias."""
        one, other = self.document.span(value), self.document.span(outer)
        if one is None or other is None:
            return False
        return (other.line, other.column) <= (one.line, one.column) and (
            (one.end_line, one.end_column) <= (other.end_line, other.end_column)
        )


def mentions(root: Value, name: str) -> Iterator[Value]:
    """The values whose expressions may use a name."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    waiting, seen = [("", root)], set[int]()
    while waiting:
        key, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        data = value.data
        if isinstance(data, str) and ("${" in data or key == "if") and word.search(data):
            yield value
        waiting += [(str(inner), item) for inner, item in _items(value)]


def _items(value: Value) -> list[tuple[str | int, Value]]:
    data = value.data
    if isinstance(data, dict):
        return list(data.items())
    return list(enumerate(data)) if isinstance(data, list) else []


def _layers(block: Value) -> Value | None:
    return block.data.get("layers") if _is_dict(block.data) else None


def _is_dict(data: object) -> bool:
    return isinstance(data, dict)
