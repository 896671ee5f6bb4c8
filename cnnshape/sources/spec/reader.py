"""A model file's top level: from a document to a graph."""

from __future__ import annotations

from math import prod
from pathlib import PurePath
from typing import Any

from cnnshape import collector
from cnnshape.diagnostics import Diagnostic
from cnnshape.graph import DTYPE_BYTES, Claim, Graph, Input, Node
from cnnshape.layer import N, Shape
from cnnshape.sources.options import Options
from cnnshape.sources.spec.block import read_blocks
from cnnshape.sources.spec.claims import read_limits
from cnnshape.sources.spec.document import Document, Value, syntax_error
from cnnshape.sources.spec.entry import read_entries
from cnnshape.sources.spec.expand import Expansion
from cnnshape.sources.spec.expression import FAILED, ExpressionError
from cnnshape.sources.spec.findings import Findings, TooLargeError
from cnnshape.sources.spec.frame import Reference
from cnnshape.sources.spec.shape import (
    MOST_AXES,
    NamedSize,
    UsageError,
    Written,
    add_example,
    as_sizes,
    as_written,
    given_examples,
)
from cnnshape.sources.spec.wire import FAULTY, Wiring
from cnnshape.sources.words import clip, describe, nearest, printable, suggest

KEYS = (
    "cnnshape",
    "name",
    "description",
    "reference",
    "input",
    "inputs",
    "layout",
    "vars",
    "blocks",
    "layers",
    "outputs",
    "loss",
    "limits",
)
INPUT_KEYS = ("shape", "dtype")
LAYOUTS = ("channels_first", "channels_last")
MOST_INPUTS = 32
MOST_VARIABLES = 200
MOST_INPUT_VALUES = 2**62


def read(document: Document, options: Options) -> Graph:
    """The graph of a model file; what is wrong in it is in `findings`.

    Raises UnreadableError for a document that is no model, UsageError for an option that does not
    fit it.
    """
    root = document.root
    if not isinstance(root.data, dict):
        message = f"a model file is a mapping with `input` and `layers`, not {describe(root.data)}"
        error = syntax_error(document.file, message, document.span(root))
        error.text = document.text
        raise error
    with collector.paused():
        return _Reader(document, options).graph()


class _Reader:
    def __init__(self, document: Document, options: Options) -> None:
        self.data: dict[str, Value] = document.root.data
        self.root = document.root
        self.document = document
        self.options = options
        self.findings = Findings(document)
        self.resized = False
        self.sizes: dict[str, int | None] = {}

    def graph(self) -> Graph:
        """The graph; without a layer where the model is too large to read."""
        try:
            return self._graph()
        except TooLargeError as error:
            span = self.findings.span(error.at or self.root.keys.get("layers"))
            fault = Diagnostic("invalid-value", str(error), span=span)
            findings = (*self.findings.items, fault)
        return self._assembled((), (), (), (), findings)

    def _graph(self) -> Graph:
        self._check_top()
        names = self._variables()
        inputs = self._inputs(names)
        blocks = read_blocks(self.data.get("blocks"), self.findings)
        entries = (
            read_entries(self.data["layers"], self.findings, "`layers`")
            if "layers" in self.data
            else []
        )
        channels_last = self._layout(names) == "channels_last"
        expansion = Expansion(blocks, names, self.findings)
        expansion.channels_last = channels_last
        given = tuple(Reference(item.name) for item in inputs) or (Reference(FAULTY),)
        last = expansion.run(entries, given)
        if "layers" in self.data and not entries and not self.findings.items:
            self.findings.add("invalid-value", "`layers` is empty", self.data["layers"])
        wiring = Wiring(expansion, [item.name for item in inputs], self.findings)
        nodes = wiring.nodes()
        outputs = self._outputs(wiring, last) if entries else ()
        limits = read_limits(self.data.get("limits"), names, self.findings)
        findings = tuple(self.findings.items)
        return self._assembled(inputs, nodes, outputs, limits, findings, last=channels_last)

    def _assembled(
        self,
        inputs: tuple[Input, ...],
        nodes: tuple[Node, ...],
        outputs: tuple[str, ...],
        limits: tuple[Claim, ...],
        findings: tuple[Diagnostic, ...],
        *,
        last: bool = False,
    ) -> Graph:
        return Graph(
            name=self._name(),
            path=self.document.file,
            inputs=inputs,
            nodes=nodes,
            outputs=outputs,
            channels_last=last,
            sizes=self.sizes,
            resized=self.resized,
            limits=limits,
            findings=findings,
            texts={self.document.file: self.document.text} if self.document.text else {},
            loss=self._loss(),
        )

    def _loss(self) -> str | dict[str, Any] | None:
        """What is written there, numbers and names as they are."""
        loss = self.data.get("loss")
        return _bare(loss) if loss is not None and isinstance(loss.data, str | dict) else None

    def _check_top(self) -> None:
        for key in [key for key in self.data if key not in KEYS]:
            self.findings.unknown_key(key, self.root.keys[key], KEYS, "a model file", self.data)
        version = self.data.get("cnnshape")
        if version is not None and (type(version.data) is not int or version.data != 1):
            found = describe(version.data)
            message = f"`cnnshape` is the format's version, which is 1, not {found}"
            self.findings.add("invalid-value", message, version)
        for key in ("name", "description", "reference"):
            self._text(key)
        loss = self.data.get("loss")
        if loss is not None and not isinstance(loss.data, str | dict):
            self.findings.add("invalid-value", "`loss` must name a loss", loss)
        if "layers" not in self.data:
            self._missing("layers", "a model file has a list of `layers`")

    def _missing(self, key: str, message: str) -> None:
        """A key that is not there is reported, unless a misspelt one was."""
        unknown = [name for name in self.data if name not in KEYS]
        if not any(suggest(name, [key]) == f"write `{key}`" for name in unknown if len(name) > 2):
            self.findings.add("invalid-value", message, self._head())

    def _head(self) -> Value:
        return next(iter(self.root.keys.values()), self.root)

    def _text(self, key: str) -> str | None:
        """A line of text, or several for `reference`; None where there is none."""
        value = self.data.get(key)
        if value is None or value.data is None:
            return None
        if isinstance(value.data, str):
            return value.data
        if key == "reference" and isinstance(value.data, list):
            return None
        if isinstance(value.data, bool | int | float) and key == "name":
            return str(value.data)
        found = describe(value.data)
        self.findings.add("invalid-value", f"`{key}` must be text, not {found}", value)
        return None

    def _name(self) -> str:
        """The model's name; by default that of its file."""
        value = self.data.get("name")
        given = None if value is None else value.data
        usable = isinstance(given, str | bool | int | float) and given != ""
        return printable(str(given)) if usable else PurePath(self.document.file).stem

    def _layout(self, names: dict[str, Any]) -> str:
        value = self.data.get("layout")
        layout = "channels_first" if value is None else self._plain(value, names, "`layout`")
        if layout is not FAILED and layout not in LAYOUTS:
            found = describe(layout)
            message = f"`layout` must be {' or '.join(LAYOUTS)}, not {found}"
            self.findings.add("invalid-value", message, value)
        return str(layout)

    def _plain(self, value: Value, names: dict[str, Any], what: str) -> Any:
        try:
            return self.findings.plain(value, names)
        except ExpressionError as error:
            self.findings.no_value(what, error, value, names)
            return FAILED

    def _variables(self) -> dict[str, Any]:
        """`vars`, each of which may use those above it, with the command line's values in place."""
        value = self.data.get("vars")
        names: dict[str, Any] = {}
        if value is not None and not isinstance(value.data, dict):
            found = describe(value.data)
            self.findings.add("invalid-value", f"`vars` must be a mapping, not {found}", value)
            value = None
        given = {} if value is None else value.data
        if len(given) > MOST_VARIABLES:
            raise TooLargeError(f"more than {MOST_VARIABLES} variables", value)
        for name in self.options.variables:
            if name not in given:
                help = suggest(name, given)
                raise UsageError(
                    f"no variable is called `{clip(name)}` in {self.document.file}"
                    + (f"; {help}" if help else "")
                )
        for name, item in given.items():
            if not name.isidentifier() or name == "index":
                reason = "is the number of a repetition" if name == "index" else "is no name"
                key = None if value is None else value.keys[name]
                self.findings.add(
                    "invalid-value", f"a variable cannot be called `{clip(name)}`: it {reason}", key
                )
            if name in self.options.variables:
                names[name] = self.options.variables[name]
            else:
                names[name] = self._plain(item, names, f"`{name}`")
        return names

    def _inputs(self, names: dict[str, Any]) -> tuple[Input, ...]:
        one, several = self.data.get("input"), self.data.get("inputs")
        if one is not None and several is not None:
            self.findings.add(
                "invalid-value",
                "`input` and `inputs`: a model file has one of them",
                self.root.keys["inputs"],
            )
        if one is None and several is None:
            if not self.options.shapes:
                self._missing("input", "a model file says its `input`, such as `[3, 224, 224]`")
                return ()
            one = Value(list(map(Value, next(iter(self.options.shapes.values())))))
        if one is not None:
            items = {"input": one}
        elif several is not None and isinstance(several.data, dict) and several.data:
            items = dict(list(several.data.items())[:MOST_INPUTS])
            if len(several.data) > MOST_INPUTS:
                message = f"{len(several.data):,} inputs; {MOST_INPUTS} at most"
                self.findings.add("invalid-value", message, self.root.keys["inputs"])
        else:
            self.findings.add(
                "invalid-value", "`inputs` must be a mapping of names to shapes", several
            )
            return ()
        shapes = self._given_shapes(list(items))
        found = [self._input(name, item, shapes.get(name), names) for name, item in items.items()]
        return tuple(item for item in found if item is not None)

    def _given_shapes(self, names: list[str]) -> dict[str, tuple[Written, ...]]:
        """The command line's shapes by the names of inputs."""
        shapes: dict[str, tuple[Written, ...]] = {}
        unnamed = sum(isinstance(name, int) for name in self.options.shapes)
        if unnamed and unnamed != len(names):
            has = f"{len(names)} input{'s' * (len(names) != 1)} ({', '.join(names)})"
            raise UsageError(f"the model has {has}, {unnamed} given: write --input {names[0]}=…")
        for name, shape in self.options.shapes.items():
            key = names[name] if isinstance(name, int) else name
            if key not in names:
                raise UsageError(f"the model has no input `{clip(key)}`, but {', '.join(names)}")
            shapes[key] = shape
        self.sizes = given_examples(shapes)
        return shapes

    def _input(
        self, name: str, value: Value, override: tuple[Written, ...] | None, names: dict[str, Any]
    ) -> Input | None:
        dtype = "float32"
        shape_value: Value | None = value
        if isinstance(value.data, dict):
            for key in [key for key in value.data if key not in INPUT_KEYS]:
                self.findings.unknown_key(key, value.keys[key], INPUT_KEYS, f"the input `{name}`")
            shape_value = value.data.get("shape")
            if shape_value is None and any(nearest(key, ["shape"]) for key in value.data):
                return None
            dtype = self._dtype(value.data.get("dtype"), names)
        if override is not None:
            shape = (N, *as_sizes(override))
            sizes = dict(self.sizes)  # the file's own names do not count
            if shape_value is None or self._shape(name, shape_value, names) != shape:
                self.resized = True
            self.sizes = sizes
            return Input(name, shape, dtype, self.findings.span(value))
        if shape_value is None:
            self.findings.add("invalid-value", f"the input `{name}` has no `shape`", value)
            return None
        written = self._shape(name, shape_value, names)
        if written is None:
            return None
        return Input(name, written, dtype, self.findings.span(shape_value))

    def _dtype(self, value: Value | None, names: dict[str, Any]) -> str:
        dtype = "float32" if value is None else self._plain(value, names, "`dtype`")
        if isinstance(dtype, str) and dtype in DTYPE_BYTES:
            return dtype
        if dtype is not FAILED:
            help = suggest(str(dtype), DTYPE_BYTES)
            self.findings.add(
                "invalid-value", f"no dtype is called {describe(dtype)}", value, help=help
            )
        return "float32"

    def _shape(self, name: str, value: Value, names: dict[str, Any]) -> Shape | None:
        sizes = self._plain(value, names, f"the shape of `{name}`")
        if sizes is FAILED:
            return None
        if not isinstance(sizes, tuple) or not 0 < len(sizes) <= MOST_AXES:
            found = describe(sizes)
            wanted = "a list of sizes such as `[3, 224, 224]`"
            message = f"the shape of `{name}` must be {wanted}, not {found}"
            self.findings.add("invalid-value", message, value)
            return None
        written: list[Written] = []
        for number, size in enumerate(sizes):
            item = value.data[number] if isinstance(value.data, list) else value
            one = self._size(name, size, item)
            if one is None:
                return None
            written.append(one)
        values = prod(item for item in written if isinstance(item, int))
        if values > MOST_INPUT_VALUES:
            message = f"`{name}` has {values:,} values, more than any memory holds"
            self.findings.add("invalid-value", message, value)
            return None
        return (N, *as_sizes(written))

    def _size(self, name: str, size: Any, item: Value) -> Written | None:
        """One size of an input: an integer, or a name."""
        found = as_written(size, name)
        problem = found if isinstance(found, str) else None
        if isinstance(found, NamedSize):
            clash = add_example(self.sizes, found)
            problem = clash and f"the shape of `{name}`: {clash}"
        if problem is not None:
            self.findings.add("invalid-value", problem, item, found=size)
        return None if problem is not None or isinstance(found, str) else found

    def _outputs(self, wiring: Wiring, last: tuple[Reference, ...]) -> tuple[str, ...]:
        """The names in `outputs`, less those that an `if` leaves out; by default the last layer."""
        value = self.data.get("outputs")
        references = list(last)
        if value is not None:
            items = value.data if isinstance(value.data, list) else [value]
            references = []
            if not items:
                self.findings.add("invalid-value", "`outputs` names no layer", value)
            for item in items:
                name = str(item.data) if type(item.data) is int else item.data
                if not isinstance(name, str) or not name:
                    found = describe(name)
                    self.findings.add(
                        "invalid-value", f"`outputs` must be layers' names, not {found}", item
                    )
                elif name not in wiring.expansion.absent:
                    references.append(Reference(name, item))
        resolved = (name for item in references or last for name in wiring.resolve(item))
        return tuple(dict.fromkeys(name for name in resolved if name != FAULTY))


def _bare(value: Value) -> Any:
    """A value without its places."""
    if isinstance(value.data, dict):
        return {name: _bare(item) for name, item in value.data.items()}
    return list(map(_bare, value.data)) if isinstance(value.data, list) else value.data
