"""A settings file's text as settings; whatever is wrong with it is a diagnostic at its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from cnnshape.diagnostics import Diagnostic, Span, UnreadableError
from cnnshape.graph import Claim
from cnnshape.rules import RULES
from cnnshape.sources.demand import NO_DEMAND, Demand
from cnnshape.sources.settings.find import PROJECT
from cnnshape.sources.settings.pattern import matches, relative
from cnnshape.sources.settings.place import Path as Keys
from cnnshape.sources.settings.place import Places
from cnnshape.sources.spec.claims import read_limits
from cnnshape.sources.spec.document import BYTE_ORDER_MARK, Document, Value
from cnnshape.sources.spec.findings import Findings
from cnnshape.sources.spec.shape import UsageError, shape_of
from cnnshape.sources.words import clip, describe, printable, suggest

RULE = "invalid-settings"
ALWAYS_TOLD = ("syntax", RULE)
"""Rules that cannot be ignored: where they are found, nothing else was looked for."""
PYTHON = re.compile(r"(?P<file>.+\.py):(?P<name>[^/\\]+)")
Shapes = Mapping[Any, str]


def _rule(name: str) -> str:
    if name in ALWAYS_TOLD:
        words = "cannot be ignored: where it is found, nothing else is looked for"
        raise PydanticCustomError("rule", f"`{name}` {words}")
    if name not in RULES:
        near = suggest(name, RULES)
        raise PydanticCustomError("rule", f"no rule is called `{clip(name)}`", {"help": near or ""})
    return name


def _is_one_shape(given: object) -> bool:
    """Whether a list is a shape, and not a list of them."""
    return isinstance(given, list) and not any(
        isinstance(item, list) or (isinstance(item, str) and "," in item) for item in given
    )


def _shapes(given: object) -> Shapes:
    """`"N,3,32,32"`, `[3, 32, 32]`, several of them, or a table of names."""
    if isinstance(given, dict):
        return {name: _shape(item) for name, item in given.items()}
    items = given if isinstance(given, list) and not _is_one_shape(given) else [given]
    return {number: _shape(item) for number, item in enumerate(items)}


def _shape(given: object) -> str:
    """A shape as text; with a batch axis and a dtype behind a colon, as PyTorch source has it."""
    fits = isinstance(given, str) or (
        isinstance(given, list) and all(type(item) in (str, int) for item in given)
    )
    if not fits:
        wanted = (
            "a shape such as `3,224,224`, a list of shapes, or a table of them by inputs' names"
        )
        raise PydanticCustomError("shape", f"{describe(given)} is no shape: write {wanted}")
    items = [given] if isinstance(given, str) else given
    text = ",".join(map(str, items))  # type: ignore[call-overload]
    try:
        shape_of(text.partition(":")[0])
    except UsageError as error:
        raise PydanticCustomError("shape", str(error)) from None
    return text


RuleName = Annotated[str, AfterValidator(_rule)]


class Table(BaseModel):
    """`[tool.cnnshape]`, or all of `cnnshape.toml`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    paths: list[str] = []
    exclude: list[str] = []
    inputs: dict[str, Annotated[Any, AfterValidator(_shapes)]] = {}
    ignore: list[RuleName] = []
    per_file_ignores: dict[str, list[RuleName]] = {}
    strict: bool = False
    limits: dict[str, Any] = {}
    per_file_limits: dict[str, dict[str, Any]] = {}


KEYS = tuple(name.replace("_", "-") for name in Table.model_fields)


class Settings(NamedTuple):
    """What a project says of its models; patterns are relative to `folder`."""

    file: str
    folder: Path
    text: str
    table: Table
    limits: tuple[Claim, ...]
    per_file_limits: Mapping[str, tuple[Claim, ...]]

    @property
    def paths(self) -> list[str]:
        """What is checked where nothing is named, from the working directory."""
        from os.path import relpath

        return [relpath(self.folder / path) for path in self.table.paths]

    def excludes(self, file: Path) -> bool:
        """Whether a file or folder that is come upon in a folder is passed over."""
        path = relative(file, self.folder)
        return any(matches(pattern, path) for pattern in self.table.exclude)

    def demand(self, path: str) -> Demand:
        """What is asked of the model at a path, `net.py:Net` for a class of a Python file."""
        python = PYTHON.fullmatch(path)
        file = relative(Path(python["file"] if python else path), self.folder)
        name = python["name"].partition("(")[0] if python else None
        ignore = {*self.table.ignore}
        for pattern, rules in self.table.per_file_ignores.items():
            ignore.update(rules if _holds(pattern, file, name) else ())
        limits = list(self.limits)
        for pattern, claims in self.per_file_limits.items():
            if _holds(pattern, file, name):
                replaced = {claim.figure for claim in claims}
                limits = [claim for claim in limits if claim.figure not in replaced]
                limits += claims
        return Demand(
            self._shapes(file, name), tuple(limits), frozenset(ignore), {self.file: self.text}
        )

    def _shapes(self, file: str, name: str | None) -> Shapes:
        """Those of the last pattern that holds; one that names the class comes before others."""
        found: list[tuple[bool, Shapes]] = []
        for pattern, shapes in self.table.inputs.items():
            if _holds(pattern, file, name):
                found.append((PYTHON.fullmatch(pattern) is not None, shapes))
        named = [shapes for of_class, shapes in found if of_class]
        every = [shapes for _, shapes in found]
        return (named or every or [NO_DEMAND.shapes])[-1]


def _holds(pattern: str, file: str, name: str | None) -> bool:
    """Whether a pattern, perhaps with a class behind it, holds of a file and a class."""
    python = PYTHON.fullmatch(pattern)
    if python is None:
        return matches(pattern, file)
    return python["name"] == name and matches(python["file"], file)


def read_settings(file: Path) -> Settings:
    """The settings in a file; UnreadableError says what is wrong with it."""
    shown = _shown(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown}: {(error.strerror or str(error)).lower()}") from None
    try:
        text = content.removeprefix(BYTE_ORDER_MARK).decode().replace("\r\n", "\n")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}"
        raise _refused("", [Diagnostic(RULE, message, span=Span(shown, 1, 1, 1, 1))]) from None
    except tomllib.TOMLDecodeError as error:
        raise _refused(text, [_not_toml(shown, text, error)]) from None
    nested = file.name == PROJECT or "tool" in data
    return _Reader(shown, file.parent, text, data, nested).settings()


def _shown(file: Path) -> str:
    """The file as a user of the working directory would write it."""
    from os.path import relpath

    try:
        near = relpath(file)
    except ValueError:  # on another drive
        return str(file)
    return near if not near.startswith("..") else str(file)


def _refused(text: str, items: list[Diagnostic]) -> UnreadableError:
    error = UnreadableError(items)
    error.text = text
    return error


AT = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def _not_toml(file: str, text: str, error: tomllib.TOMLDecodeError) -> Diagnostic:
    match = AT.fullmatch(str(error))
    words = match[1] if match else str(error)
    lines = text.split("\n")
    line, column = len(lines), len(lines[-1]) + 1
    if match and match[2]:
        line, column = int(match[2]), int(match[3])
    message = f"not TOML: {printable(words[:1].lower() + words[1:])}"
    return Diagnostic(RULE, message, span=Span(file, line, column, line, column))


def _line(item: Diagnostic) -> int:
    return item.span.line if item.span else 0


class _Reader:
    def __init__(
        self, file: str, folder: Path, text: str, data: dict[str, Any], nested: bool
    ) -> None:
        self.file, self.folder, self.text = file, folder, text
        self.root: Keys = ("tool", "cnnshape") if nested else ()
        for key in self.root:
            data = data.get(str(key), {}) if isinstance(data, dict) else {}
        self.data: Any = data
        self.places = Places(text)

    def settings(self) -> Settings:
        """The settings; UnreadableError with all that is wrong."""
        try:
            table = Table.model_validate(self.data)
        except ValidationError as error:
            found = [self._diagnostic(item) for item in error.errors(include_url=False)]
            raise _refused(self.text, sorted(found, key=_line)) from None
        document = Document(self.file, Value({}), self.text)
        findings = Findings(document)
        limits = self._limits(("limits",), table.limits, findings)
        several = {
            pattern: self._limits(("per-file-limits", pattern), items, findings)
            for pattern, items in table.per_file_limits.items()
        }
        if findings.items:
            raise _refused(self.text, [item._replace(rule=RULE) for item in findings.items])
        return Settings(self.file, self.folder, self.text, table, limits, several)

    def _limits(self, path: Keys, data: Any, findings: Findings) -> tuple[Claim, ...]:
        return read_limits(self._value((*self.root, *path), data), {}, findings)

    def _value(self, path: Keys, data: Any) -> Value:
        """Plain data with the places where they stand, as a model file's are read."""
        place = self.places.nearest(path)
        start, end = (place.start, place.end) if place else (None, None)
        if isinstance(data, list):
            items = [self._value((*path, number), item) for number, item in enumerate(data)]
            return Value(items, start, end)
        if not isinstance(data, dict):
            return Value(data, start, end)
        value = Value(
            {key: self._value((*path, key), item) for key, item in data.items()}, start, end
        )
        value.keys = {key: self._key((*path, key)) for key in data}
        return value

    def _key(self, path: Keys) -> Value:
        place = self.places.keys.get(path)
        return Value(path[-1], place.start, place.end) if place else Value(path[-1])

    def _diagnostic(self, error: ErrorDetails) -> Diagnostic:
        path = (*self.root, *(key for key in error["loc"] if key != "[key]"))
        message, help = _words(error, path[len(self.root) :])
        place = self.places.nearest(path)
        if error["type"] == "extra_forbidden":
            place = self.places.keys.get(path, place)
        span = Span(self.file, 1, 1, 1, 1)
        if place is not None:
            (line, column), (end_line, end_column) = place
            span = Span(self.file, line + 1, column + 1, end_line + 1, end_column + 1)
        return Diagnostic(RULE, printable(message), span=span, help=help)


WANTED = {
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
}


def _words(error: ErrorDetails, path: Keys) -> tuple[str, str | None]:
    """What is wrong at a path, and what may be meant."""
    kind = error["type"]
    name = "`tool.cnnshape`" if not path else f"`{clip(_dotted(path))}`"
    if kind == "extra_forbidden":
        return f"there is no setting `{clip(path[-1])}`", suggest(str(path[-1]), KEYS)
    if kind in WANTED:
        return f"{name} must be {WANTED[kind]}, not {describe(error['input'])}", None
    help = str((error.get("ctx") or {}).get("help", "")) or None
    return f"{name}: {error['msg']}", help


def _dotted(path: Keys) -> str:
    return ".".join(_parts(path))


def _parts(path: Keys) -> Iterator[str]:
    return (str(key) for key in path if isinstance(key, str))
