"""Fourier transforms and complex numbers: `torch.fft`, `torch.stft`, `torch.view_as_real`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnshape.sources.torch.standin.dtype import DType, complex64, complex128, float32, float64
from cnnshape.sources.torch.standin.functions.arrangement import axis_of, roll
from cnnshape.sources.torch.standin.functions.creation import made
from cnnshape.sources.torch.standin.offer import offer
from cnnshape.sources.torch.standin.shape import as_size
from cnnshape.sources.torch.standin.tensor import METHODS, Tensor, apply

FFT: dict[str, Callable[..., Any]] = {}
"""`torch.fft`."""


def complex_of(dtype: DType) -> DType:
    """The complex numbers of a precision."""
    return complex128 if dtype in (float64, complex128) else complex64


def real_of(dtype: DType) -> DType:
    """The real numbers of a precision."""
    return {complex64: float32, complex128: float64}.get(dtype, dtype)


def _kind(name: str, input: Tensor) -> DType:
    """What comes out; RuntimeError where PyTorch has no such transform."""
    if input.dtype.name in ("float16", "bfloat16"):
        raise RuntimeError(f"Unsupported dtype {input.dtype}")
    if name == "rfftn" and input.dtype.is_complex:
        raise RuntimeError(f"rfft expects a real input tensor, but got {input.dtype}")
    return (real_of if name == "irfftn" else complex_of)(
        input.dtype if input.dtype.is_floating_point or input.dtype.is_complex else float32
    )


def _along(name: str, input: Tensor, s: Any, dim: Any) -> Tensor:
    """The transform along some axes."""
    sizes = None if s is None else tuple(as_size(one) for one in s)
    axes = None if dim is None else tuple(axis_of(int(one), input.ndim) for one in dim)
    return apply(name, input, s=sizes, dim=axes, dtype=_kind(name, input))


def _family(name: str) -> None:
    def along_one(
        input: Tensor, n: Any = None, dim: int = -1, norm: Any = None, **_: Any
    ) -> Tensor:
        return _along(f"{name}n", input, None if n is None else (n,), (dim,))

    def along_two(
        input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: Any = None, **_: Any
    ) -> Tensor:
        return _along(f"{name}n", input, s, dim)

    def along_all(
        input: Tensor, s: Any = None, dim: Any = None, norm: Any = None, **_: Any
    ) -> Tensor:
        return _along(f"{name}n", input, s, dim)

    FFT.update({name: along_one, f"{name}2": along_two, f"{name}n": along_all})


for _name in ("fft", "ifft", "rfft", "irfft"):
    _family(_name)


def _unshift(input: Tensor, dim: Any = None) -> Tensor:
    return _shift(input, dim, -1)


def _shift(input: Tensor, dim: Any = None, way: int = 1) -> Tensor:
    axes = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    places = [axis_of(int(one), input.ndim) for one in axes]
    return roll(input, tuple(way * (input.shape[axis] // 2) for axis in places), tuple(places))


def _frequencies(count: Callable[[Any], Any]) -> Callable[..., Tensor]:
    return lambda n, d=1.0, dtype=None, **_: made((count(as_size(n)),), dtype)


FFT.update(
    fftshift=_shift,
    ifftshift=_unshift,
    fftfreq=_frequencies(lambda n: n),
    rfftfreq=_frequencies(lambda n: n // 2 + 1),
)


@offer("torch.stft", "Tensor.stft")
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    **_: Any,
) -> Tensor:
    if return_complex is None and not input.dtype.is_complex:
        raise RuntimeError("stft requires the return_complex parameter be given for real inputs")
    _window(n_fft, win_length, window)
    half = not input.dtype.is_complex if onesided is None else onesided
    found = apply(
        "stft", input, n_fft=int(n_fft), hop_length=int(hop_length or n_fft // 4),
        center=bool(center), onesided=bool(half), dtype=complex_of(input.dtype),
    )  # fmt: skip
    return found if return_complex or input.dtype.is_complex else view_as_real(found)


def _window(n_fft: int, win_length: int | None, window: Tensor | None) -> None:
    length = n_fft if win_length is None else win_length
    if not 0 < length <= n_fft:
        raise RuntimeError(f"expected 0 < win_length <= n_fft, but got win_length={length}")
    if window is not None and tuple(window.shape) != (length,):
        raise RuntimeError(
            f"expected a 1D window tensor of size equal to win_length={length}, "
            f"but got window with size {list(window.shape)}"
        )


@offer("torch.istft", "Tensor.istft")
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: Any = None,
    return_complex: bool = False,
) -> Tensor:
    if not input.dtype.is_complex:
        raise RuntimeError("istft requires a complex-valued input tensor")
    _window(n_fft, win_length, window)
    half = not return_complex if onesided is None else onesided
    return apply(
        "istft", input, n_fft=int(n_fft), hop_length=int(hop_length or n_fft // 4),
        center=bool(center), onesided=bool(half),
        length=None if length is None else as_size(length),
        dtype=input.dtype if return_complex else real_of(input.dtype),
    )  # fmt: skip


@offer("torch.view_as_real")
def view_as_real(input: Tensor) -> Tensor:
    if not input.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return apply("view_as_real", input, dtype=real_of(input.dtype))


@offer("torch.view_as_complex")
def view_as_complex(input: Tensor) -> Tensor:
    if not input.dtype.is_floating_point:
        raise RuntimeError("view_as_complex is only supported for floating point tensors")
    return apply("view_as_complex", input, dtype=complex_of(input.dtype))


@offer("torch.complex")
def complex_(real: Tensor, imag: Tensor, *, out: Any = None) -> Tensor:
    return apply("complex", real, imag, dtype=complex_of(real.dtype))


@offer("torch.polar")
def polar(abs: Tensor, angle: Tensor, *, out: Any = None) -> Tensor:
    return apply("polar", abs, angle, dtype=complex_of(abs.dtype))


@offer("torch.real")
def real(input: Tensor) -> Tensor:
    if not input.dtype.is_complex:
        return input
    return apply("real", input, dtype=real_of(input.dtype))


@offer("torch.imag")
def imag(input: Tensor) -> Tensor:
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return apply("imag", input, dtype=real_of(input.dtype))


@offer("torch.angle", "Tensor.angle")
def angle(input: Tensor) -> Tensor:
    kind = input.dtype if input.dtype.is_floating_point else float32
    return apply("angle", input, dtype=real_of(input.dtype) if input.dtype.is_complex else kind)


@offer("torch.conj", "Tensor.conj")
def conj(input: Tensor) -> Tensor:
    return apply("conj", input, dtype=input.dtype) if input.dtype.is_complex else input


def complex_cast(tensor: Tensor, dtype: DType) -> Tensor:
    """Real numbers as complex ones, or the real parts of these."""
    if dtype.is_complex:
        return apply("as_complex", tensor, dtype=dtype)
    from cnnshape.sources.torch.standin.functions.casts import cast

    return cast(real(tensor), dtype)


def magnitude(input: Tensor) -> Tensor:
    """How large each complex number is."""
    return apply("modulus", input, dtype=real_of(input.dtype))


Tensor.real = property(real)  # type: ignore[attr-defined]
Tensor.imag = property(imag)  # type: ignore[attr-defined]
METHODS["cfloat"] = lambda self: complex_cast(self, complex64)
METHODS["cdouble"] = lambda self: complex_cast(self, complex128)
