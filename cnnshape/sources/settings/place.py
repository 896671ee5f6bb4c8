"""Where each key and value of a TOML text stands, which its reader does not say.

The text is known to be TOML, so little is needed: what a key is, and where a value ends.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

Path = tuple[str | int, ...]

BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
SPACE = re.compile(r"[ \t]*")
KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
BARE = re.compile(r"[^,\]}#\n\r]*")


class Mark(NamedTuple):
    """A position, counted from 0."""

    line: int
    column: int


class Stretch(NamedTuple):
    """From where to where something stands."""

    start: Mark
    end: Mark


class Places:
    """Keys and values by their paths: `("limits", "params")`, items of a list by their number."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: dict[Path, Stretch] = {}
        self.values: dict[Path, Stretch] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._read()

    def nearest(self, path: Path) -> Stretch | None:
        """Where a value stands; where there is none, what it would stand in."""
        for length in range(len(path), 0, -1):
            found = self.values.get(path[:length]) or self.keys.get(path[:length])
            if found is not None:
                return found
        return None

    def _read(self) -> None:
        prefix: Path = ()
        while self._skip(BLANK) < len(self.text):
            if self.text[self._at] == "[":
                self._at += 1 + self.text.startswith("[[", self._at)
                prefix = self._key(())
                self._at = self.text.index("]", self._at)
                while self.text.startswith("]", self._at):
                    self._at += 1
            else:
                self._pair(prefix)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _key(self, prefix: Path) -> Path:
        """A key, perhaps of several parts joined by points; each part has its place."""
        path = prefix
        while True:
            start = self._skip(SPACE)
            end = self._skip(KEY)
            path = (*path, _unquoted(self.text[start:end]))
            self.keys.setdefault(path, self._stretch(start, end))
            self._skip(SPACE)
            if not self.text.startswith(".", self._at):
                return path
            self._at += 1

    def _pair(self, prefix: Path) -> None:
        path = self._key(prefix)
        self._at += 1  # the sign
        self._skip(SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        start = self._at
        sign = self.text[start]
        if sign == "[":
            self._inside("]", path)
        elif sign == "{":
            self._inside("}", path)
        elif sign in "\"'":
            self._skip(STRING)
        else:
            self._skip(BARE)
            while self.text[self._at - 1] in " \t":
                self._at -= 1
        self.values[path] = self._stretch(start, self._at)

    def _inside(self, end: str, path: Path) -> None:
        self._at += 1
        number = 0
        while self.text[self._skip(BLANK)] != end:
            if end == "]":
                self._value((*path, number))
            else:
                self._pair(path)
            number += 1
            self._skip(BLANK)
            self._at += self.text.startswith(",", self._at)
        self._at += 1

    def _stretch(self, start: int, end: int) -> Stretch:
        return Stretch(self._mark(start), self._mark(end))

    def _mark(self, offset: int) -> Mark:
        line = bisect_right(self._starts, offset) - 1
        return Mark(line, offset - self._starts[line])


def _unquoted(key: str) -> str:
    """A key as its reader gives it."""
    if key[:1] == '"':
        import tomllib

        return next(iter(tomllib.loads(f"{key} = 0")))
    return key.strip("'")
