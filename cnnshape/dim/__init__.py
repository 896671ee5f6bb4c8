"""Sizes as formulas: exact integer expressions over named sizes.

A `Dim` stands where a size stands, and remembers how it was computed. It is kept in one form: a sum
of products of atoms with integer coefficients, and a constant. An atom is a named size (an integer
from 1 on), a floor of a quotient, or the positive part of a Dim. Two identities fold what
convolutions and poolings build up into one floor:

    floor((floor((x + a)/b) + c)/d) = floor((x + a + b·c)/(b·d))
    floor((x + m·b)/b) = floor(x/b) + m

Two Dims are equal where their formulas are. Within a `recording` every named size has an example
value: comparisons go by it, and what they found is assumed of all that follows.
"""

from cnnshape.dim.assumption import AT_LEAST, EQUAL, Condition, Recording, recording
from cnnshape.dim.atom import Size, TooDeepError
from cnnshape.dim.expression import Dim, size
from cnnshape.dim.extremum import ceiling, maximum, minimum
from cnnshape.dim.formula import show

__all__ = [
    "AT_LEAST",
    "EQUAL",
    "Condition",
    "Dim",
    "Recording",
    "Size",
    "TooDeepError",
    "ceiling",
    "maximum",
    "minimum",
    "recording",
    "show",
    "size",
]
