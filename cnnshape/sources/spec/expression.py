"""Expressions in model files, `${width * 2}`: bounded in size, depth and magnitude."""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Scalar = int | float | str | bool | None
Names = Mapping[str, Any]
Evaluate = Callable[[Names], Any]

LONGEST = 1000
LONGEST_TEXT = 10_000
MOST_DIGITS = 30
DEEPEST = 40
LARGEST = 2**63
PATTERN = re.compile(r"\$\{([^{}]*)\}")

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "ceil": math.ceil,
    "floor": math.floor,
    "round": lambda number, digits=0: _round(number, digits),
}
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class ExpressionError(Exception):
    """An expression cannot be read or has no value; `name` is the unknown name, if that is why."""

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class FollowsError(ExpressionError):
    """An expression uses a name whose own value was reported already."""


FAILED: Any = object()
"""Stands for a value that could not be had, which was reported."""


def has_expression(text: str) -> bool:
    """Whether a string holds `${…}`."""
    return "${" in text


def substitute(text: str, names: Names) -> Any:
    """A string with its expressions put in; one that is nothing else keeps its value's type."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"a text of {len(text):,} characters; {LONGEST_TEXT:,} at most")
    whole = PATTERN.fullmatch(text.strip())
    if whole:
        return evaluate(whole[1], names)
    if PATTERN.sub("", text).find("${") >= 0:
        raise ExpressionError(f"`{text[:60]}` has a `${{` that is not closed")
    return PATTERN.sub(lambda match: str(evaluate(match[1], names)), text)


def evaluate(source: str, names: Names) -> Any:
    """The value of an expression; ExpressionError where it has none."""
    compiled = compile_expression(source.strip())
    try:
        return compiled(names)
    except ExpressionError:
        raise
    except ZeroDivisionError:
        raise ExpressionError(f"`{source.strip()[:60]}` divides by zero") from None
    except OverflowError:
        raise ExpressionError(f"`{source.strip()[:60]}` is too large a number") from None
    except (TypeError, ValueError) as error:
        raise ExpressionError(f"`{source.strip()[:60]}` has no value: {error}") from None


@lru_cache(maxsize=4096)
def compile_expression(source: str) -> Evaluate:
    """A function from names to the expression's value."""
    if len(source) > LONGEST:
        raise ExpressionError(f"an expression of {len(source):,} characters; {LONGEST:,} at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's on style, as for `1if x else 2`
            tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"`{source[:60]}` is not an expression") from None
    return _compile(tree.body, source, DEEPEST)


def _compile(node: ast.expr, source: str, depth: int) -> Evaluate:
    if depth == 0:
        raise ExpressionError(f"`{source[:60]}` is nested more than {DEEPEST} deep")
    compiler = COMPILERS.get(type(node))
    if compiler is None:
        part = ast.get_source_segment(source, node) or source
        raise ExpressionError(f"`{part[:60]}` is not allowed in an expression")
    return compiler(node, source, depth - 1)


def _constant(node: ast.Constant, source: str, depth: int) -> Evaluate:
    value = node.value
    if not isinstance(value, int | float | str | None):
        raise ExpressionError(f"`{source[:60]}` holds a value of a kind that is not allowed")
    return lambda names: value


def _name(node: ast.Name, source: str, depth: int) -> Evaluate:
    name = node.id

    def lookup(names: Names) -> Any:
        if name in names:
            value = names[name]
            if value is FAILED:
                raise FollowsError(f"`{name}` has no value", name)
            return value
        if name in ("true", "false"):
            return name == "true"
        raise ExpressionError(f"`{name}` is not defined", name)

    return lookup


def _binary(node: ast.BinOp, source: str, depth: int) -> Evaluate:
    apply = BINARY.get(type(node.op))
    if apply is None:
        raise ExpressionError(f"`{source[:60]}` uses an operator that is not allowed")
    left, right = _compile(node.left, source, depth), _compile(node.right, source, depth)

    def value(names: Names) -> Any:
        a, b = left(names), right(names)
        joins_text = apply is operator.add and isinstance(a, str) and isinstance(b, str)
        if not joins_text and not (is_number(a) and is_number(b)):
            raise ExpressionError(f"`{source[:60]}` calculates with what is no number")
        if apply is operator.pow:
            _check_power(a, b, source)
        return _bounded(apply(a, b), source)

    return value


def _check_power(base: float, exponent: float, source: str) -> None:
    """Integers have no largest power; floats overflow by themselves."""
    whole = isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1
    if whole and exponent * math.log2(abs(base)) > 64:
        raise ExpressionError(f"`{source[:60]}` is too large a number")


def _round(number: float, digits: int = 0) -> float:
    """Python's `round`, which takes for ever over very negative digits."""
    if abs(digits) > MOST_DIGITS:
        raise ValueError(f"{digits} digits")
    return round(number, digits) if digits else round(number)


def _bounded(value: Any, source: str) -> Any:
    """A result of ordinary magnitude: text of moderate length, a real number up to 2⁶³."""
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise ExpressionError(f"`{source[:60]}` makes too long a text")
    elif isinstance(value, complex):
        raise ExpressionError(f"`{source[:60]}` is no real number")
    elif not abs(value) <= LARGEST:
        raise ExpressionError(f"`{source[:60]}` is too large a number")
    return value


def is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _unary(node: ast.UnaryOp, source: str, depth: int) -> Evaluate:
    apply = UNARY.get(type(node.op))
    if apply is None:
        raise ExpressionError(f"`{source[:60]}` uses an operator that is not allowed")
    operand = _compile(node.operand, source, depth)
    return lambda names: apply(operand(names))


def _boolean(node: ast.BoolOp, source: str, depth: int) -> Evaluate:
    parts = [_compile(value, source, depth) for value in node.values]
    stop = isinstance(node.op, ast.Or)

    def value(names: Names) -> Any:
        result = None
        for part in parts:
            result = part(names)
            if bool(result) == stop:
                break
        return result

    return value


def _compare(node: ast.Compare, source: str, depth: int) -> Evaluate:
    operators = [COMPARISONS[type(op)] for op in node.ops if type(op) in COMPARISONS]
    if len(operators) < len(node.ops):
        raise ExpressionError(f"`{source[:60]}` uses an operator that is not allowed")
    terms = [_compile(term, source, depth) for term in (node.left, *node.comparators)]

    def value(names: Names) -> bool:
        left = terms[0](names)
        for compare, term in zip(operators, terms[1:], strict=True):
            right = term(names)
            if not compare(left, right):
                return False
            left = right
        return True

    return value


def _conditional(node: ast.IfExp, source: str, depth: int) -> Evaluate:
    test, then, otherwise = (
        _compile(part, source, depth) for part in (node.test, node.body, node.orelse)
    )
    return lambda names: then(names) if test(names) else otherwise(names)


def _call(node: ast.Call, source: str, depth: int) -> Evaluate:
    function = FUNCTIONS.get(node.func.id) if isinstance(node.func, ast.Name) else None
    if function is None or node.keywords:
        raise ExpressionError(
            f"`{(ast.get_source_segment(source, node) or source)[:60]}` is not allowed: "
            f"the functions are {', '.join(FUNCTIONS)}"
        )
    arguments = [_compile(argument, source, depth) for argument in node.args]

    def value(names: Names) -> Any:
        return _bounded(function(*(argument(names) for argument in arguments)), source)

    return value


COMPILERS: dict[type[ast.expr], Callable[[Any, str, int], Evaluate]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Call: _call,
}
