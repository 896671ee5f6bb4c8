"""The error function, which NumPy lacks (Cody 1969, Rational Chebyshev approximations for erf)."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from cnnshape.kernels.arena import Array

NEAR = 0.46875
FAR = 4.0
# Numerators and denominators, from the highest power down: erf(x)/x in x² below NEAR; the scaled
# complement exp(x²)·erfc(x) in x up to FAR, and in 1/x² beyond.
NEAR_TOP = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
            3.77485237685302021e2, 3.20937758913846947e3)  # fmt: skip
NEAR_BOTTOM = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
               2.84423683343917062e3)  # fmt: skip
MIDDLE_TOP = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
              6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
              1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3)  # fmt: skip
MIDDLE_BOTTOM = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
                 1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
                 3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
FAR_TOP = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
           1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
FAR_BOTTOM = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
              6.05183413124413191e-2, 2.33520497626869185e-3)  # fmt: skip


def erf(x: Array) -> Array:
    """2/√π ∫ exp(-t²) dt from 0 to x, to the last digits of double precision."""
    size = np.minimum(np.abs(x), 6).astype(np.float64)  # beyond 6 it is 1
    square = size * size
    near = size * np.polyval(NEAR_TOP, square) / np.polyval(NEAR_BOTTOM, square)
    middle = np.polyval(MIDDLE_TOP, size) / np.polyval(MIDDLE_BOTTOM, size)
    inverse = 1 / np.maximum(square, 1)
    tail = inverse * np.polyval(FAR_TOP, inverse) / np.polyval(FAR_BOTTOM, inverse)
    far = (1 / sqrt(pi) - tail) / np.maximum(size, 1)
    beyond = 1 - np.exp(-square) * np.where(size > FAR, far, middle)
    return np.copysign(np.where(size < NEAR, near, beyond), x).astype(x.dtype)
