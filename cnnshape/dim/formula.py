"""Formulas as a person would write them: `20·floor((H - 12)/4)·floor((W - 12)/4)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import gcd, prod
from typing import NamedTuple

from cnnshape.dim.atom import Atom, Monomial, Size, Terms
from cnnshape.dim.expression import Dim, single
from cnnshape.dim.extremum import arms, rank


class Product(NamedTuple):
    """coefficient · (atom + shift)·…, every factor with an atom of its own."""

    coefficient: int
    factors: tuple[tuple[Atom, int], ...]


def products(size: Dim) -> tuple[list[Product], int]:
    """A formula as a sum of products, with constants drawn into factors, and what is left."""
    left: Terms = {**dict(size.terms), (): size.constant}
    found = []
    for monomial, _ in size.terms:
        if left.get(monomial):
            product = _factored(left, monomial) or Product(
                left[monomial], tuple((atom, 0) for atom in monomial)
            )
            for key, number in _expanded(product).items():
                left[key] = left.get(key, 0) - number
            found.append(product)
    return found, left[()]


def _factored(left: Terms, monomial: Monomial) -> Product | None:
    """The product whose expansion begins with a monomial and takes terms away, adding none."""
    if len(monomial) < 2:
        return None
    coefficient = left[monomial]
    factors = []
    for place, atom in enumerate(monomial):
        rest = (*monomial[:place], *monomial[place + 1 :])
        shift, over = divmod(left.get(rest, 0), coefficient * monomial.count(atom))
        if over:
            return None
        factors.append((atom, shift))
    product = Product(coefficient, tuple(factors))
    lower = [key for key in _expanded(product) if key]
    return product if all(left.get(key) for key in lower) else None


def _expanded(product: Product) -> Terms:
    terms: Terms = {(): product.coefficient}
    for atom, shift in product.factors:
        grown: Terms = {}
        for key, number in terms.items():
            grown[*key, atom] = grown.get((*key, atom), 0) + number
            if shift:
                grown[key] = grown.get(key, 0) + number * shift
        terms = grown
    return {key: number for key, number in terms.items() if number}


def show(size: Size, residues: Mapping[str, tuple[int, int]] | None = None) -> str:
    """A size as a formula.

    `residues` says what is known of names, (modulus, rest): where H is known to be a multiple of
    32, `floor((H + 1)/32)` is `H/32`.
    """
    if not isinstance(size, Dim):
        return str(size)
    exact = _exact(size, residues) if residues else None
    if exact is None:
        return _text(size)[0]
    numerator, denominator = exact
    if not isinstance(numerator, Dim) or denominator == 1:
        return _text(numerator)[0]
    whole, over = divmod(numerator.constant, denominator)
    if over:
        return _quotient(numerator, denominator)
    rest = numerator.shifted(-numerator.constant)
    return _joined([(False, _quotient(rest, denominator))], whole)[0]


def _quotient(numerator: Size, denominator: int) -> str:
    text, is_sum = _text(numerator)
    return f"({text})/{denominator}" if is_sum else f"{text}/{denominator}"


def _exact(size: Dim, residues: Mapping[str, tuple[int, int]]) -> tuple[Size, int] | None:
    """The formula without floors, as a numerator and a denominator; None: floors are left.

    H = m·t + r is put in, with t from 1 on, which is what is known of names; where no floor is
    left of it, t is (H - r)/m again.
    """
    known = {
        name: (residues[name][0], -(-residues[name][1] % residues[name][0]))
        for name in size.names & residues.keys()
    }
    whole = size.replaced({name: single(name) * m + r for name, (m, r) in known.items()})
    if not known or not isinstance(whole, Dim):
        return None if not known else (whole, 1)
    atoms = [atom for monomial, _ in whole.terms for atom in monomial]
    if any(atom.depth and not atom.names.isdisjoint(known) for atom in atoms):
        return None
    return _returned(whole, known)


def _returned(whole: Dim, known: Mapping[str, tuple[int, int]]) -> tuple[Size, int]:
    """A sum of products of t, with (H - r)/m for t: the numerator and the denominator."""
    terms = [*whole.terms, ((), whole.constant)]
    counts = [Counter(atom.name for atom in key) for key, _ in terms]
    power = {name: max(count[name] for count in counts) for name in known}
    denominator = prod(known[name][0] ** power[name] for name in known)
    numerator: Size = 0
    for (key, number), count in zip(terms, counts, strict=True):
        term: Size = number * prod(known[n][0] ** (power[n] - count[n]) for n in known)
        for atom in key:
            term = term * (single(atom) - (known[atom.name][1] if atom.name in known else 0))
        numerator = numerator + term
    if not isinstance(numerator, Dim):
        return numerator // denominator, 1
    common = gcd(denominator, numerator.constant, *(number for _, number in numerator.terms))
    return numerator.scaled(common), denominator // common


Part = tuple[bool, str]
"""Whether a summand is taken away, and its text."""


def _text(size: Size) -> tuple[str, bool]:
    """A size as text, and whether it reads as a sum."""
    if not isinstance(size, Dim):
        return str(size), size < 0
    remainder = _remainder(size)
    if remainder:
        return remainder
    drawn = _drawn(size)
    if drawn:
        return drawn
    extremes, left = _extremes(size)
    if not isinstance(left, Dim):
        return _joined(extremes, left)
    found, constant = products(left)
    if not extremes and len(found) == 1 and len(found[0].factors) == 1:
        (atom, _), number = found[0].factors[0], found[0].coefficient
        if number == 1:
            return _shifted(atom, constant)
        if atom.depth and number > 0 and constant % number == 0:
            return _product(number, ((atom, constant // number),)), False
    parts = [
        (part.coefficient < 0, _product(abs(part.coefficient), part.factors)) for part in found
    ]
    return _joined([*extremes, *parts], constant)


def _joined(parts: list[Part], constant: int) -> tuple[str, bool]:
    """Summands in a row, one that is added first where there is any."""
    rest = [(constant < 0, str(abs(constant)))] if constant else []
    row = [*parts, *rest] or [(False, "0")]
    first = next((place for place, (taken, _) in enumerate(row) if not taken), 0)
    row = [row[first], *row[:first], *row[first + 1 :]]
    text = "".join(f" {'-' if taken else '+'} {part}" for taken, part in row)
    return ("-" if row[0][0] else "") + text[3:], len(row) > 1 or row[0][0]


def _alone(size: Dim) -> tuple[Atom, int, Dim, int] | None:
    """The only floor of a sum, its divisor and what is within, and how often it is added."""
    floors = [(key, number) for key, number in size.terms if any(atom.depth for atom in key)]
    if len(floors) != 1 or len(floors[0][0]) > 1:
        return None
    ((atom,), number) = floors[0]
    if atom.divisor is None or atom.inside is None:
        return None
    return atom, atom.divisor, atom.inside, number


def _remainder(size: Dim) -> tuple[str, bool] | None:
    """Write x - c·floor(x/c) as x mod c; None: it is something else."""
    found = _alone(size)
    if found is None or found[3] % found[1]:
        return None
    atom, divisor, inside, number = found
    times = -number // divisor
    rest = size - number * single(atom) - times * inside
    if isinstance(rest, Dim):
        return None
    highest = -times * (divisor - 1)
    if rest == highest > 0:  # c·ceil(x/c) - x is -x mod c
        times, inside, rest = -times, -inside.shifted(1 - divisor), 0
    text, is_sum = _text(inside)
    text = f"({text}) mod {divisor}" if is_sum else f"{text} mod {divisor}"
    if times == 1 and not rest:
        return text, True
    text = f"({text})" if abs(times) == 1 else f"{abs(times)}·({text})"
    return _joined([(times < 0, text)], rest)


def _drawn(size: Dim) -> tuple[str, bool] | None:
    """Write x + floor(x/2) as floor(3·x/2); None: it is something else."""
    found = _alone(size)
    if found is None or abs(found[3]) != 1 or len(size.terms) == 1:
        return None
    atom, divisor, inside, sign = found
    rest = size - sign * single(atom)
    assert isinstance(rest, Dim)
    if not {key for key, _ in rest.terms} <= {key for key, _ in inside.terms}:
        return None
    whole = rest * divisor + sign * inside + (0 if sign > 0 else divisor - 1)
    if not isinstance(whole, Dim):
        return None
    if all(number < 0 for _, number in whole.terms):
        text, rest = _floor((-whole).shifted(divisor - 1), divisor, 0)
        return _joined([(True, text)], -rest)
    text, rest = _floor(whole, divisor, 0)
    return _joined([(False, text)], rest)


def _extremes(size: Size) -> tuple[list[Part], Size]:
    """The largest and smallest of sizes that a sum begins with, and what is left of it."""
    parts = []
    for sign, name, opposite in ((1, "max", "min"), (-1, "min", "max")):
        found = arms(size, sign)
        if len(found) < 2:
            continue
        size = _common(found)
        found = [arm - size for arm in found]
        taken = all(_negative(arm) for arm in found)
        found = [-arm for arm in found] if taken else found
        scale = gcd(*(number for arm in found for number in _numbers(arm)))
        texts = [_text(arm // scale)[0] for arm in sorted(found, key=rank)]
        text = f"{opposite if taken else name}({', '.join(texts)})"
        parts.append((taken, text if scale == 1 else f"{scale}·{text}"))
    return parts, size


def _common(sizes: list[Size]) -> Size:
    """What all of some sizes have in common: the least of each term, the constant if it is one."""
    terms = [dict(size.terms) if isinstance(size, Dim) else {} for size in sizes]
    constants = {size.constant if isinstance(size, Dim) else size for size in sizes}
    total: Size = constants.pop() if len(constants) == 1 else 0
    for key in terms[0]:
        numbers = [each.get(key, 0) for each in terms]
        number = min(numbers) if min(numbers) > 0 else min(0, *numbers) and max(numbers)
        if number * numbers[0] > 0:
            product: Size = number
            for atom in key:
                product = product * single(atom)
            total = total + product
    return total


def _numbers(size: Size) -> list[int]:
    if not isinstance(size, Dim):
        return [size]
    return [size.constant, *(number for _, number in size.terms)]


def _negative(size: Size) -> bool:
    return all(number <= 0 for number in _numbers(size))


def _product(coefficient: int, factors: tuple[tuple[Atom, int], ...]) -> str:
    texts = [] if coefficient == 1 else [str(coefficient)]
    for factor, power in Counter(factors).items():
        text, is_sum = _shifted(*factor)
        raised = {1: "", 2: "²", 3: "³"}.get(power, f"^{power}")
        texts.append((f"({text})" if is_sum else text) + raised)
    return "·".join(texts)


def _shifted(atom: Atom, shift: int) -> tuple[str, bool]:
    """Of atom + shift: the text, and whether it reads as a sum."""
    if atom.inside is None:
        return _joined([(False, atom.name)], shift)
    if atom.divisor is None:
        return _text(single(atom).shifted(shift))
    text, rest = _floor(atom.inside, atom.divisor, shift)
    return _joined([(False, text)], rest)


def _floor(inside: Dim, divisor: int, shift: int) -> tuple[str, int]:
    """How a person would write floor((x + constant)/divisor) + shift, and what stays outside.

    `ceil(H/4)` where it is one; all of it inside, `floor((H - 12)/4)`, unless small numbers do:
    `floor((H + 1)/32) - 1`.
    """
    constant, bare = inside.constant, inside.shifted(-inside.constant)
    total = constant + shift * divisor
    if total == divisor - 1:
        return f"ceil({_quotient(bare, divisor)})", 0
    forms = [(total, 0)]
    if constant % divisor:
        below = constant % divisor
        forms += [(below, total // divisor), (below - divisor, total // divisor + 1)]
    inner, outer = min(forms, key=lambda form: abs(form[0]) + abs(form[1]) + (0 not in form))
    return f"floor({_quotient(bare.shifted(inner), divisor)})", outer
