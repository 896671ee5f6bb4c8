"""Where in the user's code something happens: frames, kept as they are until they are needed."""

from __future__ import annotations

import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

Stack = tuple[tuple[CodeType, int], ...]
"""Code and the instruction in it, the innermost first."""

OURS = str(Path(__file__).parents[3])
STANDARD = sysconfig.get_path("stdlib")
PACKAGES = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
READER = str(Path(__file__).parents[1] / "reader.py")
"""What runs the user's code: the frames outside it are those of whoever asked for a check."""
DEEPEST = 40


@cache
def is_foreign(file: str) -> bool:
    """Whether code is neither ours nor the standard library's."""
    if file.startswith(("<", OURS)):
        return False
    return file.startswith(PACKAGES) or not file.startswith(STANDARD)


def stack(frame: FrameType | None = None) -> Stack:
    """The user's frames, from the one that is running outwards."""
    found: list[tuple[CodeType, int]] = []
    frame = frame or sys._getframe(1)
    while frame is not None and len(found) < DEEPEST:
        if frame.f_code.co_filename == READER:
            break
        if is_foreign(frame.f_code.co_filename):
            found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(found)


def asserted() -> bool:
    """Whether the user's frame that is running decides whether an `assert` holds."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_foreign(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None and frame.f_lasti in _assertions(frame.f_code)


@cache
def _assertions(code: CodeType) -> frozenset[int]:
    """Where the last instructions before the error of an `assert` stand."""
    import dis

    found: set[int] = set()
    behind: list[int] = []
    for instruction in dis.get_instructions(code):
        raises = "AssertionError" in (instruction.argrepr, str(instruction.argval))
        if instruction.opname == "LOAD_ASSERTION_ERROR" or raises:
            found.update(behind[-3:])
        behind.append(instruction.offset)
    return frozenset(found)
