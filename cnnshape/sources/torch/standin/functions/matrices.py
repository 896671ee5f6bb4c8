"""Linear algebra: `torch.linalg`, `torch.inverse`, `torch.svd` and their likes."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.standin.functions.algebra import matmul
from cnnshape.sources.torch.standin.functions.arrangement import axis_of
from cnnshape.sources.torch.standin.functions.composed import cross
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.offer import TORCH, offer
from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import UnsupportedError

LINALG: dict[str, Callable[..., Any]] = {}
"""`torch.linalg`."""

QR = namedtuple("QR", ["Q", "R"])
SVD = namedtuple("SVD", ["U", "S", "Vh"])
SVDTransposed = namedtuple("SVDTransposed", ["U", "S", "V"])
Signed = namedtuple("Signed", ["sign", "logabsdet"])
Eigen = namedtuple("Eigen", ["eigenvalues", "eigenvectors"])
Checked = namedtuple("Checked", ["result", "info"])


def _single(type_name: str, *names: str) -> None:
    def function(A: Tensor, *_: Any, **__: Any) -> Tensor:
        return apply(type_name, A)

    for name in names:
        LINALG[name.removeprefix("linalg.")] = function
    offer(*(f"{place}.{name}" for name in names for place in ("torch", "Tensor")))(function)


_single("inverse", "inverse")
_single("pinverse", "pinverse")
_single("determinant", "det")
_single("log_determinant", "logdet")
_single("cholesky", "cholesky")
_single("matrix_exp", "matrix_exp")


@offer("torch.slogdet", "Tensor.slogdet")
def slogdet(A: Tensor) -> Signed:
    return Signed(later("determinant_sign", A), later("log_determinant", A))


def qr(A: Tensor, mode: str = "reduced") -> QR:
    if mode == "r":
        raise UnsupportedError("torch.linalg.qr", "in mode r")
    full = mode == "complete"
    return QR(later("qr_q", A, full=full), later("qr_r", A, full=full))


@offer("torch.qr", "Tensor.qr")
def old_qr(input: Tensor, some: bool = True) -> QR:
    return qr(input, "reduced" if some else "complete")


def svd(A: Tensor, full_matrices: bool = True, **_: Any) -> SVD:
    full = bool(full_matrices)
    return SVD(later("svd_u", A, full=full), later("svd_s", A), later("svd_vh", A, full=full))


@offer("torch.svd", "Tensor.svd")
def old_svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> SVDTransposed:
    u, s, vh = svd(input, not some)
    return SVDTransposed(u, s, TORCH["transpose"](vh, -2, -1))


def eigh(A: Tensor, UPLO: str = "L") -> Eigen:
    return Eigen(later("eigenvalues", A), later("eigenvectors", A))


def solve(A: Tensor, B: Tensor, *, left: bool = True, **_: Any) -> Tensor:
    if not left:
        raise UnsupportedError("torch.linalg.solve", "from the right")
    return apply("solve", A, B)


def matrix_power(A: Tensor, n: int) -> Tensor:
    if n < 1:
        raise UnsupportedError("torch.linalg.matrix_power", f"to the power of {n}")
    found = A
    for _ in range(n - 1):
        found = matmul(found, A)
    return found


def multi_dot(tensors: Any, **_: Any) -> Any:
    found = tensors[0]
    for matrix in tensors[1:]:
        found = matmul(found, matrix)
    return found


def _norm(x: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    if ord is None or (dim is not None and not isinstance(dim, list | tuple)):
        return TORCH["norm"](x, 2.0 if ord is None else ord, dim, keepdim)
    if dim is None and x.ndim == 1:
        return TORCH["norm"](x, ord, None, keepdim)
    return matrix_norm(x, ord, (-2, -1) if dim is None else dim, keepdim)


def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    **_: Any,
) -> Tensor:
    """Of matrices; the singular values' norms are those of the sums in shape, not in values."""
    axes = tuple(axis_of(int(one), A.ndim) for one in dim)
    if len(axes) != 2:
        return TORCH["norm"](A, ord, axes, keepdim)
    if ord == "fro":
        return TORCH["norm"](A, 2.0, axes, keepdim)
    rows, columns = axes
    if ord in (1, -1, float("inf"), float("-inf")):
        along, other = (rows, columns) if ord in (1, -1) else (columns, rows)
        sums = TORCH["sum"](abs(A), along, True)
        found = TORCH["amax" if ord > 0 else "amin"](sums, other, True)
        return found if keepdim else TORCH["squeeze"](found, axes)
    raise UnsupportedError("torch.linalg.matrix_norm", f"with ord={ord!r}")


LINALG.update(
    inv=LINALG["inverse"],
    pinv=LINALG["pinverse"],
    slogdet=slogdet,
    qr=qr,
    svd=svd,
    svdvals=lambda A, **_: apply("svd_s", A),
    eigh=eigh,
    eigvalsh=lambda A, *_, **__: apply("eigenvalues", A),
    solve=solve,
    matrix_power=matrix_power,
    multi_dot=multi_dot,
    matmul=matmul,
    norm=_norm,
    vector_norm=lambda x, ord=2.0, dim=None, keepdim=False, **_: TORCH["norm"](
        x, ord, dim, keepdim
    ),
    matrix_norm=matrix_norm,
    diagonal=lambda A, *, offset=0, dim1=-2, dim2=-1: TORCH["diagonal"](A, offset, dim1, dim2),
    cross=lambda input, other, *, dim=-1: cross(input, other, dim),
    inv_ex=lambda A, **_: Checked(apply("inverse", A), None),
    cholesky_ex=lambda A, **_: Checked(apply("cholesky", A), None),
    vecdot=lambda x, y, *, dim=-1: TORCH["sum"](x * y, dim),
)
LINALG.pop("inverse", None)
LINALG.pop("pinverse", None)
LINALG.pop("logdet", None)
offer("torch.matrix_power", "Tensor.matrix_power")(matrix_power)
offer("torch.chain_matmul")(lambda *matrices: multi_dot(matrices))
