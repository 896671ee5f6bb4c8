"""Expressions: Python's own meaning for what is allowed, an error for all else."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnshape.sources.spec.expression import ExpressionError, evaluate, substitute

NAMES: dict[str, Any] = {"n": 7, "w": -3, "x": 2.5, "on": True, "off": False, "s": "ab", "e": ""}
FUNCTIONS = {"min": min, "max": max, "ceil": math.ceil, "floor": math.floor, "round": round}


def fault(source: str, names: dict[str, Any] = NAMES) -> str:
    with pytest.raises(ExpressionError) as raised:
        evaluate(source, names)
    return str(raised.value)


# Against Python


def joined(left: str, operator: str, right: str) -> str:
    return f"({left} {operator} {right})"


LEAVES = st.one_of(
    st.integers(-60, 60).map(lambda number: f"({number})"),
    st.sampled_from([0.5, -1.25, 3.0, 1e3]).map(lambda number: f"({number})"),
    st.sampled_from(list(NAMES)),
    st.sampled_from(["'a'", '"b c"', "True", "False"]),
)
OPERATORS = ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or"]


def grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds(joined, parts, st.sampled_from(OPERATORS), parts),
        st.builds(lambda base, power: f"({base} ** {power})", parts, st.integers(-3, 5)),
        st.builds(lambda sign, part: f"({sign} {part})", st.sampled_from(["-", "+", "not"]), parts),
        st.builds(lambda a, b, c: f"({a} if {b} else {c})", parts, parts, parts),
        st.builds(lambda a, b, c: f"({a} < {b} <= {c})", parts, parts, parts),
        st.builds(lambda f, a, b: f"{f}({a}, {b})", st.sampled_from(["min", "max"]), parts, parts),
        st.builds(
            lambda f, a: f"{f}({a})", st.sampled_from(["ceil", "floor", "round", "min"]), parts
        ),
    )


EXPRESSIONS = st.recursive(LEAVES, grown, max_leaves=12)
TEXT_ARITHMETIC = ("calculates with what is no number", "too large", "no real number", "too long")


@settings(max_examples=600, derandomize=True, deadline=None)
@given(EXPRESSIONS)
def test_a_value_is_pythons(source: str) -> None:
    """Refused beyond Python: arithmetic on text but for `+`, and what is very large."""
    try:
        expected: Any = eval(source, {"__builtins__": {}}, {**NAMES, **FUNCTIONS})
    except (ArithmeticError, TypeError, ValueError) as error:
        expected = error
    try:
        found = evaluate(source, NAMES)
    except ExpressionError as error:
        refused = any(words in str(error) for words in TEXT_ARITHMETIC)
        assert refused or isinstance(expected, Exception)
        return
    assert (type(found), found) == (type(expected), expected)


def test_the_comparison_with_python_can_fail() -> None:
    assert evaluate("7 // 2", {}) != eval("7 / 2")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("2 ** 10", 1024),
        ("2 ** 63", 2**63),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 / 2", 3.5),
        ("0.97 ** 200", 0.97**200),
        ("1 ** 1000", 1),
        ("0 ** 0", 1),
        ("ceil(2.1) + floor(-2.1)", 0),
        ("round(2.5)", 2),
        ("round(2.567, 1)", 2.6),
        ("round(1234, -2)", 1200),
        ("min(3, 1, 2)", 1),
        ("max('a', 'b')", "b"),
        ("'conv' + s", "convab"),
        ("'a' if n > 3 else 'b'", "a"),
        ("on and not off", True),
        ("true or false", True),
        ("1 < n < 8", True),
        ("e or 'none'", "none"),
        ("  n\n ", 7),
        ("0x10 + 0o7", 23),
        ("1_000", 1000),
    ],
)
def test_values(source: str, value: object) -> None:
    found = evaluate(source, NAMES)
    assert found == value
    assert type(found) is type(value)


# What is not allowed


@pytest.mark.parametrize(
    "source",
    [
        "n.real",
        "n.__class__",
        "s.upper()",
        "().__class__",
        "open('x')",
        "__import__('os')",
        "eval('1')",
        "min.__self__",
        "min(*[1])",
        "min(n, key=n)",
        "abs(n)",
        "int(x)",
        "str(n)",
        "len(s)",
        "print(n)",
        "[n]",
        "(n, n)",
        "{n}",
        "{}",
        "{1: 2}",
        "n[0]",
        "s[0]",
        "s[:1]",
        "lambda: 1",
        "lambda x: x",
        "(y := 3)",
        "[i for i in s]",
        "(i for i in s)",
        "f'{n}'",
        "b'x'",
        "1j",
        "...",
        "n @ n",
        "n << 2",
        "n >> 1",
        "n & 1",
        "n | 1",
        "n ^ 1",
        "~n",
        "n is 7",
        "n is not 7",
        "n in s",
        "n not in s",
        "await n",
        "yield n",
        "*n",
        "n = 3",
        "n; n",
        "import os",
        "",
        "   ",
        "n +",
        "(n",
        "n)",
        "1 2",
        "if n",
        "\x00",
        "n\\",
        "'open",
        "ø +",
    ],
)
def test_everything_else_is_refused(source: str) -> None:
    assert fault(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("9**9**9", "`9**9**9` is too large a number"),
        ("2 ** 64", "`2 ** 64` is too large a number"),
        ("10 ** 400 * 0", "`10 ** 400 * 0` is too large a number"),
        ("1e308 * 10", "`1e308 * 10` is too large a number"),
        ("1e308 ** 2", "`1e308 ** 2` is too large a number"),
        ("(0 - 8) ** 0.5", "`(0 - 8) ** 0.5` is no real number"),
        ("n / 0", "`n / 0` divides by zero"),
        ("n % 0", "`n % 0` divides by zero"),
        ("n // (w + 3)", "`n // (w + 3)` divides by zero"),
        ("0 ** -1", "`0 ** -1` divides by zero"),
        ("missing + 1", "`missing` is not defined"),
        ("s * 3", "`s * 3` calculates with what is no number"),
        ("s * 999999999", "`s * 999999999` calculates with what is no number"),
        ("s % n", "`s % n` calculates with what is no number"),
        ("s + n", "`s + n` calculates with what is no number"),
        ("'a' - 'b'", "`'a' - 'b'` calculates with what is no number"),
        ("n.real", "`n.real` is not allowed in an expression"),
        ("1 + [2]", "`[2]` is not allowed in an expression"),
        (
            "open('x')",
            "`open('x')` is not allowed: the functions are min, max, ceil, floor, round",
        ),
        ("n +", "`n +` is not an expression"),
        ("n in s", "`n in s` uses an operator that is not allowed"),
        ("~n", "`~n` uses an operator that is not allowed"),
        ("n << 2", "`n << 2` uses an operator that is not allowed"),
        ("round(n, -999999999)", "`round(n, -999999999)` has no value: -999999999 digits"),
        ("ceil(s)", "`ceil(s)` has no value: must be real number, not str"),
        ("+".join(["1"] * 60), f"`{'+'.join(['1'] * 60)[:60]}` is nested more than 40 deep"),
        ("1" * 1001, "an expression of 1,001 characters; 1,000 at most"),
    ],
)
def test_the_words(source: str, message: str) -> None:
    assert fault(source) == message


@pytest.mark.parametrize(
    "source",
    [
        "9**9**9",
        "9**9**9**9",
        "(9**9)**9",
        "2**2**2**2**2**2",
        "round(1, 0 - 10**15)",
        "round(1.5, 10**15)",
        "10**15 * 10**15 * 10**15",
        "(" * 499 + "1" + ")" * 499,
        "-" * 999 + "1",
        "not " * 249 + "1",
        "1 if " * 150 + "1" + " else 1" * 30,
        "1 < " * 249 + "1",
        "'" + "a" * 900 + "' + '" + "b" * 90 + "'",
        "s + " * 249 + "s",
        "9" * 999,
        "min(" * 200 + "1" + ")" * 200,
    ],
)
def test_nothing_takes_long(source: str) -> None:
    started = time.process_time()
    with suppress(ExpressionError):
        assert isinstance(evaluate(source, NAMES), int | float | str)
    assert time.process_time() - started < 0.5


def test_python_does_not_warn_of_style(recwarn: pytest.WarningsRecorder) -> None:
    assert evaluate("1if on else 2", NAMES) == 1
    assert evaluate("'\\d'", NAMES) == "\\d"
    assert not recwarn.list


# In text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${n}", 7),
        ("  ${ n * 2 } ", 14),
        ("${x}", 2.5),
        ("${on}", True),
        ("${s}", "ab"),
        ("a${n}b", "a7b"),
        ("${n}${w}", "7-3"),
        ("layer${n + 1}.${s}", "layer8.ab"),
        ("no expression", "no expression"),
        ("$n {n} $", "$n {n} $"),
        ("$${n}", "$7"),
    ],
)
def test_interpolation(text: str, value: object) -> None:
    found = substitute(text, NAMES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["${n", "a ${", "${n} ${", "${${n}}", "${'{'}", "${}", "${ }"])
def test_braces_that_do_not_match(text: str) -> None:
    with pytest.raises(ExpressionError):
        substitute(text, NAMES)


def test_a_text_of_many_expressions_is_bounded() -> None:
    with pytest.raises(ExpressionError, match="10,000 at most"):
        substitute("${n}" * 2501, NAMES)


PIECES = st.sampled_from([*"${}n+*(),.'\"0 9_s\\", "**", " if ", "é", "${n}", "${"])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_has_a_value_or_an_error(text: str) -> None:
    for read in (substitute, evaluate):
        with suppress(ExpressionError):
            value = read(text, NAMES)
            assert value is None or isinstance(value, int | float | str)
