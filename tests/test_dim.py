"""Sizes as formulas against plain integers, against sympy, and against the laws of floors."""

from __future__ import annotations

import copy
import operator
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnshape.dim import Dim, TooDeepError, ceiling, maximum, minimum, recording, size

H, W, C = size("H"), size("W"), size("C")
NAMES = ("H", "W", "C")

thorough = settings(max_examples=250, derandomize=True, deadline=None)


class Number(int):
    """An integer that is more than an int."""


# Random expressions, as trees: a name, a number, or an operation and its operands.

Tree = Any
NUMBERS = st.integers(-40, 40)
DIVISORS = st.integers(-9, 33).filter(bool)


def grown(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "max", "min"]), trees, trees),
        st.tuples(st.just("*"), trees, st.one_of(NUMBERS, trees)),
        st.tuples(st.sampled_from(["//", "%", "ceil"]), trees, DIVISORS),
        st.tuples(st.just("**"), trees, st.integers(0, 2)),
    )


TREES = st.recursive(st.one_of(st.sampled_from(NAMES), NUMBERS), grown, max_leaves=9)
POLYNOMIALS = st.recursive(
    st.one_of(st.sampled_from(NAMES), NUMBERS),
    lambda trees: st.tuples(st.sampled_from("+-*"), trees, trees),
    max_leaves=6,
)
LINEAR = st.builds(
    lambda a, b, c, d: ("+", ("*", "H", a), ("+", ("*", "W", b), ("+", ("*", "C", c), d))),
    *(NUMBERS,) * 4,
)
SIZES = st.fixed_dictionaries({name: st.integers(1, 60) for name in NAMES})
MANY_SIZES = st.lists(SIZES, min_size=8, max_size=8)

OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "ceil": ceiling,
}
FORMULAS = {**OPERATIONS, "max": maximum, "min": minimum}
INTEGERS = {**OPERATIONS, "max": max, "min": min}
SYMPY = {
    **OPERATIONS,
    "//": lambda a, b: sympy.floor(sympy.Rational(1, b) * a),
    "%": sympy.Mod,
    "ceil": lambda a, b: sympy.ceiling(sympy.Rational(1, b) * a),
    "max": sympy.Max,
    "min": sympy.Min,
}


def evaluated(tree: Tree, names: dict[str, Any], operations: dict[str, Callable[..., Any]]) -> Any:
    if isinstance(tree, tuple):
        operation, *operands = tree
        return operations[operation](*(evaluated(each, names, operations) for each in operands))
    return names[tree] if isinstance(tree, str) else tree


def formula(tree: Tree) -> Any:
    return evaluated(tree, {"H": H, "W": W, "C": C}, FORMULAS)


def number(tree: Tree, sizes: dict[str, int]) -> int:
    result = evaluated(tree, sizes, INTEGERS)
    assert isinstance(result, int)
    return result


def value(found: Any, sizes: dict[str, int]) -> Any:
    return found.value(sizes) if isinstance(found, Dim) else found


def integers_of(found: Any) -> list[Any]:
    """Every number within a formula."""
    if not isinstance(found, Dim):
        return [found]
    atoms = [atom for monomial, _ in found.terms for atom in monomial]
    inner = [n for atom in atoms if atom.inside is not None for n in integers_of(atom.inside)]
    divisors = [atom.divisor for atom in atoms if atom.divisor is not None]
    return [found.constant, *(n for _, n in found.terms), *divisors, *inner]


# Against integers


@thorough
@given(TREES, MANY_SIZES)
def test_a_formula_is_what_integers_give(tree: Tree, cases: list[dict[str, int]]) -> None:
    found = formula(tree)
    for sizes in cases:
        expected = number(tree, sizes)
        assert value(found, sizes) == expected
        if isinstance(found, Dim):
            assert found(**sizes) == expected
            assert type(found(**sizes)) is int


@thorough
@given(TREES)
def test_a_formula_holds_integers_and_nothing_else(tree: Tree) -> None:
    assert {type(each) for each in integers_of(formula(tree))} == {int}


@thorough
@given(TREES, MANY_SIZES)
def test_no_value_is_below_the_least(tree: Tree, cases: list[dict[str, int]]) -> None:
    found = formula(tree)
    if isinstance(found, Dim) and found.least is not None:
        assert min(found.value(sizes) for sizes in [*cases, dict.fromkeys(NAMES, 1)]) >= found.least


@thorough
@given(TREES, TREES, SIZES)
def test_a_formula_takes_the_place_of_a_name(
    tree: Tree, other: Tree, sizes: dict[str, int]
) -> None:
    """A name is a size from 1 on, and so must be what takes its place."""
    assume(number(other, sizes) >= 1)
    found, inner = formula(tree), formula(other)
    put_in = found(H=inner) if isinstance(found, Dim) else found
    assert value(put_in, sizes) == number(tree, {**sizes, "H": number(other, sizes)})
    if isinstance(put_in, Dim) and isinstance(inner, Dim):
        assert put_in.names <= (found.names - {"H"}) | inner.names


@thorough
@given(TREES, SIZES)
def test_sizes_are_put_in_one_by_one_or_together(tree: Tree, sizes: dict[str, int]) -> None:
    found = formula(tree)
    for name in NAMES:
        found = found(**{name: sizes[name]}) if isinstance(found, Dim) else found
    assert found == number(tree, sizes)


@pytest.mark.parametrize("huge", [2**64 + 1, 10**40, -(10**40) - 7])
def test_numbers_may_be_huge(huge: int) -> None:
    found = (H * huge + huge // 3) // (huge // 7) - huge
    assert found(H=10**30) == (10**30 * huge + huge // 3) // (huge // 7) - huge


# Against sympy


@settings(max_examples=150, derandomize=True, deadline=None)
@given(TREES, SIZES)
def test_a_formula_is_what_sympy_gives(tree: Tree, sizes: dict[str, int]) -> None:
    symbols = {name: sympy.Symbol(name, integer=True, positive=True) for name in NAMES}
    expected = sympy.sympify(evaluated(tree, symbols, SYMPY))
    assert value(formula(tree), sizes) == int(expected.subs({symbols[n]: sizes[n] for n in NAMES}))


@thorough
@given(TREES, TREES)
def test_sums_and_products_expand_as_in_sympy(left: Tree, right: Tree) -> None:
    """With floors as opaque symbols: the polynomial is the same one, term by term."""
    assume(not ({"//", "%", "ceil", "max", "min"} & ({*flat(left)} | {*flat(right)})))
    names = {name: sympy.Symbol(name) for name in NAMES}
    expected = sympy.expand(evaluated(("*", left, right), names, OPERATIONS))
    found = formula(("*", left, right))
    terms = [*found.terms, ((), found.constant)] if isinstance(found, Dim) else [((), found)]
    polynomial = sum(n * sympy.Mul(*(names[atom.name] for atom in key)) for key, n in terms)
    assert polynomial == expected


def flat(tree: Tree) -> list[str]:
    if isinstance(tree, tuple):
        return [tree[0], *(name for part in tree[1:] for name in flat(part))]
    return []


# One form


def same(left: Any, right: Any) -> None:
    """Equal, of equal hash, and without an assumption."""
    with recording(dict.fromkeys(NAMES, 7)) as record:
        assert left == right
        assert (left != right) is False
        assert hash(left) == hash(right)
    assert not record.found
    assert repr(left) == repr(right)


@thorough
@given(TREES, TREES, TREES)
def test_sums_and_products_have_one_form(x: Tree, y: Tree, z: Tree) -> None:
    x, y, z = formula(x), formula(y), formula(z)
    same(x + y, y + x)
    same(x + (y + z), (x + y) + z)
    same(x * y, y * x)
    same(x * (y * z), (x * y) * z)
    same(x * (y + z), x * y + x * z)
    same(x - (y - z), x - y + z)
    same(x - x, 0)
    same((x + y) ** 2, x * x + 2 * x * y + y * y)


@thorough
@given(POLYNOMIALS, st.integers(1, 33), st.integers(1, 33), NUMBERS, NUMBERS)
def test_the_two_identities(tree: Tree, b: int, d: int, a: int, c: int) -> None:
    """`floor((floor((x + a)/b) + c)/d)` is one floor; multiples go out of a floor."""
    x = formula(tree)
    same(((x + a) // b + c) // d, (x + a + b * c) // (b * d))
    same((x + a * b) // b, x // b + a)
    odd = 2 * b + 1  # a half may stand either way
    same(((H // odd + x) * 2 + a) // (2 * d), (H + x * odd + a // 2 * odd) // (odd * d))


@thorough
@given(TREES, LINEAR, st.integers(1, 33), NUMBERS)
def test_multiples_of_formulas_go_out_of_a_floor(x: Tree, y: Tree, c: int, times: int) -> None:
    x, y = formula(x), formula(y)
    divisor = 2 * c + 1  # where a half may stand either way, Hermite's identity would be needed
    same((x + y * times * divisor) // divisor, x // divisor + y * times)
    same((x * divisor) // divisor, x)
    same((x * divisor + times) // (divisor * c), (x + times // divisor) // c)


@thorough
@given(LINEAR, LINEAR, st.integers(2, 33))
def test_halves_go_out_of_a_floor(x: Tree, y: Tree, half: int) -> None:
    whole = H * 2 + formula(x) * 2 * half + half * formula(y)
    y = formula(y)
    assume(half % 2)
    same((whole - 2 * half * y) // (2 * half), whole // (2 * half) - y)


@thorough
@given(TREES, st.integers(1, 33))
def test_ceilings_and_remainders_are_floors(tree: Tree, c: int) -> None:
    x = formula(tree)
    same(x // c * c + x % c, x)
    same(x // -c, -x // c)
    same(x % -c, -(-x % c))
    same(divmod(x, c), (x // c, x % c))
    same(x % c % c, x % c)


@thorough
@given(LINEAR, st.integers(1, 33))
def test_a_ceiling_is_a_floor(tree: Tree, c: int) -> None:
    x = formula(tree)
    same(-(-x // c), (x + c - 1) // c)
    same(ceiling(x, c), -(-x // c))
    same(ceiling(ceiling(x, c), 2), ceiling(x, 2 * c))


@thorough
@given(LINEAR, LINEAR, LINEAR)
def test_the_order_of_sizes_does_not_matter_to_the_largest(x: Tree, y: Tree, z: Tree) -> None:
    x, y, z = formula(x), formula(y), formula(z)
    for extreme in (maximum, minimum):
        same(extreme(x, y), extreme(y, x))
        same(extreme(x, x), x)
        same(extreme(x, extreme(x, y)), extreme(x, y))
        same(extreme(x, y, z), extreme(z, y, x))
        same(extreme(extreme(x, y), z), extreme(x, extreme(y, z)))
    same(-maximum(x, y), minimum(-x, -y))
    same(maximum(x, y) + minimum(x, y), x + y)


def test_a_chain_of_layers_is_one_floor() -> None:
    """Convolutions 7/2 and 3/2 with padding, ten poolings: one floor, however many there are."""
    x: Any = H
    for kernel, padding in [(7, 3), (3, 1), *[(2, 0)] * 10]:
        x = (x + 2 * padding - kernel) // 2 + 1
    assert len(x.terms) == x.depth == 1
    same(x, -(-H // 4) // 1024)


@pytest.mark.parametrize("wrap", [int, Number])
def test_subclasses_of_int_are_their_numbers(wrap: Callable[[int], int]) -> None:
    three, minus = wrap(3), wrap(-3)
    same(H + three, H + 3)
    same(three - H, 3 - H)
    same(three * H, H * 3)
    same(H // three, H // 3)
    same(H // minus, -H // 3)
    same(H % three, H % 3)
    same(H**three, H * H * H)
    assert {type(each) for each in integers_of((H * three + three) // three % minus)} == {int}


def test_a_name_is_itself() -> None:
    assert size("H") == H != W
    assert len({H, size("H"), W, H + 0, H * 1, H // 1, +H, H * -1 * -1}) == 2
    assert not isinstance(H, int)
    assert H != "H"
    assert H.names == {"H"}


def test_formulas_are_copied_and_pickled() -> None:
    found = maximum(20 * ((H - 12) // 4) * ((W - 12) // 4) % 7, 3 * W**2, C)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        same(pickle.loads(pickle.dumps(found, protocol)), found)
    assert copy.copy(found) is copy.deepcopy(found) is found


@thorough
@given(TREES)
def test_a_pickled_formula_is_the_same(tree: Tree) -> None:
    found = formula(tree)
    same(pickle.loads(pickle.dumps(found)), found)


# Division


@thorough
@given(LINEAR, TREES, st.integers(1, 12))
def test_a_product_is_divided_by_its_factor(x: Tree, y: Tree, times: int) -> None:
    x, y = formula(x), formula(y)
    assume(isinstance(x, Dim))
    same(x * y // x, y)
    same(x * y % x, 0)
    same(x * y * times // (x * times), y)
    same(x * y // (x * times), y // times)


def test_polynomials_are_divided() -> None:
    same((H**3 - 1) // (H - 1), H**2 + H + 1)
    same((H * W + H - W - 1) // (W + 1), H - 1)
    same(4 * H * W * C // (2 * W), 2 * H * C)
    same(0 // H, 0)
    same((H // 2 * W) // (H // 2), W)


def test_what_is_no_exact_quotient_needs_the_number() -> None:
    with pytest.raises(TypeError, match=r"^W is a formula: give it its sizes for a number$"):
        H // W
    sizes = {"H": 17, "W": 5}
    with recording(sizes) as record:
        found = H // W, 7 // W, H % W, 7 % W, *divmod(H, W), *divmod(7, W), 2**W
    assert [value(each, sizes) for each in found] == [3, 1, 2, 2, 3, 2, 1, 2, 32]
    assert [(str(each.size), each.relation) for each in record.found] == [("W - 5", "==")]


@pytest.mark.parametrize("zero", [0, False, Number(0)])
def test_nothing_is_divided_by_zero(zero: int) -> None:
    for division in (operator.floordiv, operator.mod, divmod):
        with pytest.raises(ZeroDivisionError):
            division(H, zero)


def test_nothing_is_divided_by_a_formula_that_is_zero() -> None:
    with recording({"H": 1, "W": 3}) as record, pytest.raises(ZeroDivisionError):
        (H - 1) * W // (H - 1)
    assert [str(each.size) for each in record.found] == ["H - 1"]


# What is no integer


@pytest.mark.parametrize(
    "operation",
    [
        lambda: H / 2,
        lambda: 2 / H,
        lambda: H * 1.5,
        lambda: 1.5 + H,
        lambda: H - 0.5,
        lambda: H // 2.0,
        lambda: 7.0 // H,
        lambda: H % 1.5,
        lambda: H**0.5,
        lambda: H**-1,
        lambda: H < 2.5,
        lambda: H + "1",
        lambda: H(H=2.5),
        lambda: (H * W)(W="2"),
        lambda: H * None,
        lambda: divmod(H, 2.0),
    ],
)
def test_only_integers_and_formulas_take_part(operation: Callable[[], Any]) -> None:
    with pytest.raises(TypeError), recording({"H": 4, "W": 4}):
        operation()


def test_a_size_that_is_no_number_is_named() -> None:
    with pytest.raises(TypeError, match=r"^W is a size, not 2\.5$"):
        (H + 1)(W=2.5)  # type: ignore[arg-type]


# Limits


def deepened(x: Any) -> Any:
    return (x * 2 + x // 3 * 5 + 1) // 7


def squared(x: Any) -> Any:
    return x * x + W


def crossed(x: Any) -> Any:
    """Twice as long in every step, though never deep."""
    return (x // 3 * 5 + x // 5 * 7 + H) // 11


def extended(x: Any) -> Any:
    return maximum(W, (x * 2) // 3 - 5)


@pytest.mark.parametrize("step", [deepened, squared, crossed, extended])
def test_what_grows_without_end_is_refused(step: Callable[[Any], Any]) -> None:
    started = time.process_time()
    x: Any = H
    with pytest.raises(TooDeepError):  # noqa: PT012
        for _ in range(1000):
            x = step(x)
            x.value({"H": 9, "W": 5})
    assert issubclass(TooDeepError, ArithmeticError)
    assert time.process_time() - started < 5
    pickle.loads(pickle.dumps(x))
    assert str(x)


def test_products_of_long_sums_are_refused() -> None:
    x = sum((H // n for n in range(2, 200)), start=W)
    with pytest.raises(TooDeepError, match=r"^a product of sums of 199 and 199 terms$"):
        x * x
    with pytest.raises(TooDeepError, match="more than 60 sizes"):
        H**61


def test_long_sums_are_fast() -> None:
    started = time.process_time()
    total: Any = 0
    for number in range(20_000):
        total = total + ((H + number) // 2) * (W // (1 + number % 7)) * 3 + number
    assert total(H=100, W=50) == sum(
        (100 + n) // 2 * (50 // (1 + n % 7)) * 3 + n for n in range(20_000)
    )
    distinct = sum((H // number for number in range(1, 400)), start=W)
    assert distinct(H=1000, W=0) == sum(1000 // number for number in range(1, 400))
    assert time.process_time() - started < 5
