"""Blocks and repeats written out: from entries to nodes whose references are still names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from cnnshape.diagnostics import Label
from cnnshape.graph import Claim, Place, Scope, Use
from cnnshape.layer import Layer
from cnnshape.layers import find_in_files, types_of_files
from cnnshape.sources.spec.arguments import build
from cnnshape.sources.spec.block import Block, count_layers
from cnnshape.sources.spec.claims import read_expectations
from cnnshape.sources.spec.document import Value, is_name
from cnnshape.sources.spec.entry import KEYS, UNKNOWN, Entry
from cnnshape.sources.spec.expression import FAILED, ExpressionError, evaluate, substitute
from cnnshape.sources.spec.findings import Findings, TooLargeError
from cnnshape.sources.spec.frame import Frame, Pending, Reference
from cnnshape.sources.spec.plain import is_dynamic
from cnnshape.sources.words import clip, describe, nearest, suggest

LONGEST_PATH, MOST_LAYERS = 500, 200_000
WORK_OF_LAYER, WORK_OF_BLOCK, WORK_OF_NAME = 5, 40, 10
TOO_MANY = f"more than {MOST_LAYERS:,} layers"


class Expansion:
    """The nodes of a model, and what stands for the names of blocks and repeats."""

    def __init__(
        self, blocks: Mapping[str, Block], variables: dict[str, Any], findings: Findings
    ) -> None:
        self.blocks = blocks
        self.variables = variables
        self.findings = findings
        self.pending: list[Pending] = []
        self.aliases: dict[str, tuple[Reference, ...]] = {}
        self.names: dict[str, Value | None] = {}
        """Names taken, and where they were given; None: an input's."""
        self.absent: set[str] = set()
        self.kinds: dict[str, str] = {}
        self.block_claims: list[tuple[str, tuple[Claim, ...]]] = []
        self.channels_last = False
        self.layers: dict[str, Layer] = {}
        """Layers by type and arguments: equal ones are one."""

    def run(self, entries: list[Entry], given: tuple[Reference, ...]) -> tuple[Reference, ...]:
        """Expand the model's layers; what the last of them is called."""
        total, known = 0, dict[str, int]()
        for entry in entries:
            total += count_layers([entry], self.blocks, known)
            if total > MOST_LAYERS:
                raise TooLargeError(TOO_MANY, entry.keys.get("repeat", entry.type_value))
        frame = Frame("", dict(self.variables), given, given)
        self.names.update((reference.name, None) for reference in given)
        self._expand(entries, frame)
        self.absent.difference_update(self.names)
        return frame.above

    def _expand(self, entries: list[Entry], frame: Frame) -> None:
        for entry in entries:
            self._add(entry, frame)

    def _add(self, entry: Entry, frame: Frame) -> None:
        repeat = entry.keys.get("repeat")
        if repeat is None:
            self._add_once(entry, frame)
            return
        times = self._repetitions(repeat, frame)
        names, scopes = frame.names, frame.scopes
        base: str | None = None
        for index in range(times):
            frame.names = {**names, "index": index}
            if not self._is_on(entry, frame):
                continue
            if base is None:
                base = self._taken(self._name(entry, frame), entry)
                frame.scopes = (*scopes, Scope(base, f"{entry.type} ×{times}"))
            self._add_named(entry, frame, self._taken(f"{base}.{index}", entry))
            frame.repeated = True
        frame.names, frame.scopes, frame.repeated = names, scopes, False
        if base is not None:
            self.aliases[base] = frame.above
        elif "name" in entry.keys:
            self.absent.add(self._name(entry, frame))

    def _add_once(self, entry: Entry, frame: Frame) -> None:
        if self._is_on(entry, frame):
            self._add_named(entry, frame, self._taken(self._name(entry, frame), entry))
        elif "name" in entry.keys:
            self.absent.add(self._name(entry, frame))

    def _add_named(self, entry: Entry, frame: Frame, name: str) -> None:
        block = self.blocks.get(entry.type)
        if block is not None and not block.faulty:
            self._add_block(entry, block, frame, name)
        else:
            self._add_layer(entry, frame, name)

    def _is_on(self, entry: Entry, frame: Frame) -> bool:
        self.findings.spend(WORK_OF_LAYER)
        condition = entry.keys.get("if")
        if condition is None:
            return True
        data = condition.data
        try:
            if isinstance(data, str):
                return bool(
                    substitute(data, frame.names) if "${" in data else evaluate(data, frame.names)
                )
            if type(data) in (bool, int):
                return bool(data)
            self.findings.add(
                "invalid-value", f"`if` must be an expression, not {describe(data)}", condition
            )
        except ExpressionError as error:
            self.findings.no_value("`if`", error, condition, frame.names)
        return True

    def _repetitions(self, repeat: Value, frame: Frame) -> int:
        times = self._value(repeat, frame, "`repeat`")
        if type(times) is not int or times < 0:
            if times is not FAILED:
                found = describe(times)
                self.findings.add(
                    "invalid-value", f"`repeat` must be an integer from 0 on, not {found}", repeat
                )
            return 1
        if times > MOST_LAYERS:
            raise TooLargeError(TOO_MANY, repeat)
        return times

    def _value(self, value: Value, frame: Frame, what: str) -> Any:
        """A value with its expressions evaluated, or FAILED."""
        try:
            return self.findings.plain(value, frame.names)
        except ExpressionError as error:
            self.findings.no_value(what, error, value, frame.names)
            return FAILED

    def _kind(self, name: str) -> str:
        """A type, or the one that a misspelt type is most like, so that default names hold."""
        kind = self.kinds.get(name)
        if kind is None:
            known = name == UNKNOWN or name in self.blocks or find_in_files(name) is not None
            near = None if known else nearest(name, [*types_of_files(), *self.blocks])
            kind = self.kinds[name] = near or name
        return kind

    def _name(self, entry: Entry, frame: Frame) -> str:
        """The layer's full name: its own or `<type>_<k>`, behind those of the blocks around it."""
        kind = self._kind(entry.type)
        count = frame.counts[kind] = frame.counts.get(kind, 0) + 1
        default = f"{frame.prefix}{kind}_{count}"
        given = entry.keys.get("name")
        if given is None:
            return default
        name = self._value(given, frame, "`name`")
        if type(name) is int:
            name = str(name)
        if isinstance(name, str) and is_name(name):
            if name != "input":
                return frame.prefix + name
            message = "no layer can be called `input`: that is what the model is given"
            self.findings.add("duplicate-name", message, given)
        elif name is not FAILED:
            found = describe(name)
            self.findings.add("invalid-value", f"`name` must be a line of text, not {found}", given)
        return default

    def _taken(self, name: str, entry: Entry) -> str:
        """The name, now taken; where it is another's, that is reported, and a free one is taken."""
        at = entry.keys.get("name", entry.type_value)
        if len(name) > LONGEST_PATH:
            message = (
                f"with the blocks around it, this name is longer than {LONGEST_PATH} characters"
            )
            raise TooLargeError(message, at)
        if name not in self.names:
            self.names[name] = at
            return name
        first = self.findings.span(self.names[name])
        owner = "an input" if self.names[name] is None else "a layer"
        self.findings.add(
            "duplicate-name",
            f"`{clip(name)}` is {owner}'s name already",
            at,
            layer=name,
            labels=[Label(first, "first given here")] if first else [],
        )
        free = (f"{name}_{number}" for number in count(2))
        return self._taken(next(other for other in free if other not in self.names), entry)

    def _place(self, entry: Entry, frame: Frame) -> Place:
        place = frame.places.get(id(entry))
        if place is None:
            head = entry.keys.get("name", entry.type_value)
            place = Place(self.findings.span(head), entry.spans, frame.uses)
            frame.places[id(entry)] = place
        return place

    def _add_layer(self, entry: Entry, frame: Frame, name: str) -> None:
        if len(self.pending) >= MOST_LAYERS:
            raise TooLargeError(TOO_MANY)
        references = self._references(entry, frame)
        self.findings.spend(len(references))
        node = Pending(
            name,
            entry,
            self._layer(entry, frame, name),
            references,
            self._place(entry, frame),
            frame.scopes,
        )
        self._add_keys(node, entry, frame)
        self.pending.append(node)
        frame.above = (Reference(name),)

    def _add_keys(self, node: Pending, entry: Entry, frame: Frame) -> None:
        if "expect" in entry.keys:
            node.expect = read_expectations(entry.keys["expect"], frame.names, self.findings)
        node.weights_from = self._weights_from(entry, frame, node.name)
        node.trainable, node.functional = self._flags(entry, frame)

    def _weights_from(self, entry: Entry, frame: Frame, name: str) -> Reference | None:
        """The layer or block whose weights are used: its own key's, or that of the block around."""
        value = entry.keys.get("weights_from")
        if value is not None:
            found = self._source(value, frame, "weights_from")
            return found[0] if len(found) == 1 else None
        if frame.shared:
            return Reference(frame.shared + name.removeprefix(frame.prefix))
        return None

    def _flags(self, entry: Entry, frame: Frame) -> tuple[bool, bool | None]:
        """Whether a layer is trained, not if the block around it is not; and a function's call."""
        trained = self._flag(entry, frame, "trainable") is True and frame.trainable
        return trained, self._flag(entry, frame, "functional")

    def _flag(self, entry: Entry, frame: Frame, key: str) -> bool | None:
        """What a key that is true or false says; left out, what the block around it says."""
        unsaid: bool | None = getattr(frame, key)
        if (value := entry.keys.get(key)) is None:
            return unsaid
        said = self.findings.flag(key, self._value(value, frame, f"`{key}`"), value)
        return unsaid if said is None else said

    def _layer(self, entry: Entry, frame: Frame, name: str) -> Layer | None:
        if not entry.dynamic:
            if None not in entry.built:
                entry.built[None] = self._build(entry, frame, name)
            layer: Layer | None = entry.built[None]
            return layer
        return self._build(entry, frame, name)

    def _build(self, entry: Entry, frame: Frame, name: str) -> Layer | None:
        if entry.type == UNKNOWN or entry.type in self.blocks:
            return None
        if self.findings.has("unknown-type", entry.type_value):
            return None
        cls = find_in_files(entry.type)
        if cls is None:
            known = [*types_of_files(), *self.blocks]
            self.findings.add(
                "unknown-type",
                f"no layer or block is called `{clip(entry.type)}`",
                entry.type_value,
                layer=name,
                help=suggest(entry.type, known),
                fix=self.findings.renamed(entry.type, entry.type_value, known),
            )
            return None
        arguments: dict[str, Any] = {}
        for key, value in entry.arguments.items():
            try:
                arguments[key] = self.findings.plain(value, frame.names)
            except ExpressionError as error:
                self.findings.no_value(f"`{key}` of `{name}`", error, value, frame.names)
                return None
        if self.channels_last and cls.channel_dim is not None:
            arguments.setdefault(cls.channel_dim, -1)
        key_of = f"{entry.type} {arguments!r}"  # as text, since 1, 1.0 and true are equal
        layer = self.layers.get(key_of)
        if layer is None:
            layer = build(cls, entry, arguments, name, self.findings)
            if layer is not None:
                self.layers[key_of] = layer
        return layer

    def _references(self, entry: Entry, frame: Frame) -> tuple[Reference, ...]:
        """What a layer reads: what `from` names, or the layer above.

        Each further repetition reads the one before it in place of the first that `from` names,
        unless an expression says otherwise.
        """
        value = entry.keys.get("from")
        if value is None:
            return frame.above
        found = self._source(value, frame, "from")
        if frame.repeated and not is_dynamic(value, self.findings.dynamic):
            return (*frame.above, *found[1:])
        return found

    def _source(self, value: Value, frame: Frame, key: str) -> tuple[Reference, ...]:
        """What a `from` names: `input`, a part of it, or layers of the same list."""
        items = value.data if isinstance(value.data, list) else [value]
        found: list[Reference] = []
        self.findings.spend(WORK_OF_NAME * len(items))
        for item in items:
            name = self._value(item, frame, f"`{key}`")
            if type(name) is int:
                name = str(name)
            if not isinstance(name, str) or not name:
                if name is not FAILED:
                    self.findings.add(
                        "invalid-value",
                        f"`{key}` must be a layer's name or a list of them, not {describe(name)}",
                        item,
                    )
                found.append(Reference("", item))
            elif name == "input":
                found += [Reference(given.name, item) for given in frame.given]
            elif name.startswith("input.") and frame.prefix:
                found.append(self._part(name, item, frame))
            else:
                found.append(Reference(frame.prefix + name, item, frame.prefix))
        self.findings.spend(len(found))
        return tuple(found)

    def _part(self, name: str, item: Value, frame: Frame) -> Reference:
        number = name.removeprefix("input.")
        if number.isdecimal() and int(number[:9]) < len(frame.given):
            return Reference(frame.given[int(number)].name, item)
        count = len(frame.given)
        self.findings.add(
            "unknown-reference",
            f"no `{clip(name)}`: the block is given {count} input{'s' * (count != 1)}",
            item,
        )
        return Reference("", item)

    def _add_block(self, entry: Entry, block: Block, frame: Frame, name: str) -> None:
        self.findings.spend(WORK_OF_BLOCK)
        given = self._references(entry, frame)
        names = self._bind(entry, block, frame, name)
        span = self.findings.span(entry.type_value)
        uses = (Use(block.name, name, span), *frame.uses) if span else frame.uses
        scopes = (*frame.scopes, Scope(name, block.name))
        inner = Frame(f"{name}.", names, given, given, uses, scopes)
        inner.places = self._shared_places(entry, frame)
        inner.trainable, inner.functional = self._flags(entry, frame)
        weights = self._weights_from(entry, frame, name)
        inner.shared = "" if weights is None else f"{weights.name}."
        self._expand(block.entries, inner)
        output = inner.above
        if block.output is not None:
            output = self._source(block.output, inner, "output")
        self.aliases[name] = frame.above = output
        if "expect" in entry.keys:
            claims = read_expectations(entry.keys["expect"], frame.names, self.findings)
            self.block_claims.append((name, claims))

    def _shared_places(self, entry: Entry, frame: Frame) -> dict[int, Place]:
        """Repetitions of a block stand in one place; its uses elsewhere do not."""
        if "repeat" not in entry.keys:
            return {}
        places: dict[int, Place] = entry.built.setdefault(("places", frame.uses), {})
        return places

    def _bind(self, entry: Entry, block: Block, frame: Frame, name: str) -> dict[str, Any]:
        """The names that a block's layers see: variables, its params, and `index`."""
        names = dict(self.variables)
        if "index" in frame.names:
            names["index"] = frame.names["index"]
        unknown = [key for key in entry.arguments if key not in block.params]
        for key in unknown:
            self._unknown_param(entry, block, key)
        meant = {nearest(key, [*block.params, *KEYS]) for key in unknown}
        for param, default in block.params.items():
            if param in entry.arguments:
                names[param] = self._value(entry.arguments[param], frame, f"`{param}`")
            elif default.data is not None:
                inner = Frame("", names, (), ())
                names[param] = self._value(default, inner, f"`{param}`")
            else:
                names[param] = FAILED
                if param not in meant:
                    self.findings.add(
                        "invalid-value",
                        f"the block `{block.name}` needs `{param}`",
                        entry.type_value,
                        layer=name,
                    )
        return names

    def _unknown_param(self, entry: Entry, block: Block, key: str) -> None:
        at, known = entry.value.keys[key], [*block.params, *KEYS]
        self.findings.unknown_key(key, at, known, f"the block `{block.name}`", entry.arguments)
