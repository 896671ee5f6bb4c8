"""Linear algebra on the last two axes: inverses, determinants, factors. 0 MACs."""

from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Layer, Shape, Size, show
from cnnshape.layers.merge import broadcast, first_clash
from cnnshape.layers.shape import Flow


class Matrix(Layer):
    """A function of each matrix (*, m, n)."""

    in_files: ClassVar = False
    reads: ClassVar = "floats"
    square: ClassVar = False
    """Whether m must be n."""

    def check(self, x: Shape, *others: Shape) -> None:
        if len(x) < 2:
            raise RuleError(
                "bad-rank",
                f"takes matrices (*, m, n), but {show(x)} arrives",
                expected=2,
                found=len(x),
            )
        if self.square and x[-1] != x[-2]:
            raise RuleError(
                "shape-mismatch",
                f"takes square matrices, but {show(x)} arrives",
                expected=x[-2],
                found=x[-1],
            )

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((*range(len(x) - 2), None, None),)


class Square(Matrix):
    """A square matrix of each (PyTorch, linalg.inv, cholesky, matrix_exp, eigh's vectors)."""

    types: ClassVar = dict.fromkeys(("inverse", "cholesky", "matrix_exp", "eigenvectors"))
    square: ClassVar = True


class Determinant(Matrix):
    """A number of each square matrix, or its logarithm or sign (PyTorch, linalg.det, slogdet)."""

    types: ClassVar = dict.fromkeys(("determinant", "log_determinant", "determinant_sign"))
    square: ClassVar = True

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return x[:-2]


class Eigenvalues(Matrix):
    """The eigenvalues of each square matrix (PyTorch, linalg.eigh)."""

    types: ClassVar = {"eigenvalues": None}
    square: ClassVar = True

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return x[:-1]


class PseudoInverse(Matrix):
    """(*, m, n) → (*, n, m) (PyTorch, linalg.pinv)."""

    types: ClassVar = {"pinverse": None}

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x[:-2], x[-1], x[-2])


class Factor(Matrix):
    """A factor of each matrix: A = QR, A = U·S·Vh (PyTorch, linalg.qr, linalg.svd).

    `full` makes the square factors (*, m, m) and (*, n, n), in the place of (*, m, k) and (*, k, n)
    with k = min(m, n).
    """

    types: ClassVar = dict.fromkeys(("qr_q", "qr_r", "svd_u", "svd_s", "svd_vh"))

    full: bool = False

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        *lead, m, n = x
        k = min(m, n)
        sides: dict[str, tuple[Size, ...]] = {
            "qr_q": (m, m if self.full else k),
            "qr_r": (m if self.full else k, n),
            "svd_u": (m, m if self.full else k),
            "svd_s": (k,),
            "svd_vh": (n if self.full else k, n),
        }
        return (*lead, *sides[self.type])


class Solve(Matrix):
    """X of AX = B: (*, n, n), (*, n, k) → (*, n, k), or vectors (*, n) (PyTorch, linalg.solve)."""

    types: ClassVar = {"solve": None}
    square: ClassVar = True
    arity: ClassVar = (2, 2)

    def of_vectors(self, x: Shape, b: Shape) -> bool:
        """Whether B holds one vector a matrix."""
        return len(b) == 1 or (len(b) == len(x) - 1 and b == x[:-1])

    def check(self, x: Shape, *others: Shape) -> None:
        super().check(x)
        (b,) = others
        vectors = self.of_vectors(x, b)
        rows = b[-1] if vectors else b[-2] if len(b) > 1 else None
        leads = (x[:-2], b[: -1 if vectors else -2])
        if rows != x[-1] or first_clash(*leads):
            raise RuleError(
                "shape-mismatch",
                f"solves {show(x)} for {show(b)}, which do not belong together",
                operand=1,
                expected=x[-1],
                found=rows,
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        (b,) = others
        own = 1 if self.of_vectors(x, b) else 2
        return (*broadcast(x[:-2], b[:-own]), *b[-own:])

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return tuple((None,) * len(shape) for shape in (x, *others))
