"""Fourier transforms, and complex numbers seen as pairs of real ones. 0 MACs."""

from collections.abc import Mapping
from typing import ClassVar

from cnnshape.diagnostics import RuleError
from cnnshape.layer import Formulas, Kind, Layer, PositiveInt, Shape, Size, show
from cnnshape.layers.axis import Axis, axes_of
from cnnshape.layers.merge import Elementwise
from cnnshape.layers.shape import Flow
from cnnshape.layers.size import AnyExtent, AnySize
from cnnshape.window import Window


class Complex(Layer):
    """What reads or gives complex numbers."""

    in_files: ClassVar = False

    @property
    def gives(self) -> Kind:
        return "floats"


class Fourier(Complex):
    """A Fourier transform along axes, by default all of them (PyTorch, torch.fft).

    `s` cuts or pads the axes first, -1 leaves one as it is. Real values have as many frequencies as
    floor(n/2) + 1 along the last axis; back from these, n is 2(m - 1) unless `s` says it.
    """

    types: ClassVar = dict.fromkeys(("fftn", "ifftn", "rfftn", "irfftn"))

    s: tuple[AnyExtent, ...] | None = None
    dim: tuple[Axis, ...] | None = None

    def axes_in(self, x: Shape) -> tuple[int, ...]:
        """The axes that are transformed, the last of them last."""
        if self.dim is not None:
            return axes_of(self.dim, x)
        count = len(x) if self.s is None else len(self.s)
        return tuple(range(len(x) - count, len(x)))

    def points(self, x: Shape) -> dict[int, Size]:
        """Axis → how many values of the input are transformed along it."""
        axes = self.axes_in(x)
        given = self.s or (-1,) * len(axes)
        return {
            axis: x[axis] if size == -1 else size for axis, size in zip(axes, given, strict=True)
        }

    def lengths(self, x: Shape) -> dict[int, Size]:
        """Axis → how many values come out along it."""
        found = self.points(x)
        if self.type == "rfftn":
            last = self.axes_in(x)[-1]
            found[last] = found[last] // 2 + 1
        elif self.type == "irfftn" and (self.s is None or self.s[-1] == -1):
            last = self.axes_in(x)[-1]
            found[last] = 2 * (x[last] - 1)
        return found

    def check(self, x: Shape, *others: Shape) -> None:
        count = len(x) if self.dim is None else len(self.dim)
        if self.s is not None and (len(self.s) > count or (self.dim and len(self.s) < count)):
            raise RuleError(
                "bad-rank",
                f"has {len(self.s)} sizes for {count} axes",
                field="s",
                expected=count,
                found=len(self.s),
            )
        if "r" in self.type and not self.axes_in(x):
            raise RuleError("bad-rank", f"transforms {show(x)} along no axis", field="dim")
        for axis, size in {**self.points(x), **self.lengths(x)}.items():
            if size < 1:
                raise RuleError(
                    "empty-output",
                    f"transforms {size} values along axis {axis} of {show(x)}",
                    field="dim",
                    found=size,
                )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        lengths = self.lengths(x)
        return tuple(lengths.get(axis, size) for axis, size in enumerate(x))

    def windows(self, x: Shape, *others: Shape) -> Mapping[int, Window | None]:
        return dict.fromkeys(self.axes_in(x))

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        last = next(reversed(self.axes_in(x)), 0)
        if self.type == "rfftn":
            return [(f"axis {last}", f"floor({self.points(x)[last]}/2) + 1 = {y[last]}")]
        if self.type == "irfftn" and self.s is None:
            return [(f"axis {last}", f"2·({x[last]} - 1) = {y[last]}")]
        return []


class ShortTime(Complex):
    """A Fourier transform of each frame of a signal: (N, L) or (L) → (N, frequencies, frames).

    There are 1 + floor((L - n_fft)/hop_length) frames, L being n_fft//2 longer on each side if
    `center` is set (PyTorch, stft).
    """

    types: ClassVar = {"stft": None}

    n_fft: PositiveInt
    hop_length: PositiveInt
    center: bool = True
    onesided: bool = True

    def ranks(self) -> tuple[int, ...]:
        return (1, 2)

    def length(self, x: Shape) -> Size:
        """The length of the signal with what is put before and behind it."""
        return x[-1] + 2 * (self.n_fft // 2) if self.center else x[-1]

    def check(self, x: Shape, *others: Shape) -> None:
        if self.length(x) < self.n_fft:
            raise RuleError(
                "empty-output",
                f"cuts frames of {self.n_fft} values out of {self.length(x)}",
                field="n_fft",
                expected=self.length(x),
                found=self.n_fft,
            )
        if self.center and x[-1] <= self.n_fft // 2:
            raise RuleError(
                "bad-padding",
                f"reflects {self.n_fft // 2} of {x[-1]} values, which are too few",
                field="n_fft",
                found=self.n_fft,
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        frequencies = self.n_fft // 2 + 1 if self.onesided else self.n_fft
        frames = (self.length(x) - self.n_fft) // self.hop_length + 1
        return (*x[:-1], frequencies, frames)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((*range(len(x) - 1), None),)

    def formulas(self, y: Shape, x: Shape, *others: Shape) -> Formulas:
        text = f"floor(({self.length(x)} - {self.n_fft})/{self.hop_length}) + 1 = {y[-1]}"
        return [("frames", text)]


class InverseShortTime(Complex):
    """A signal from its frames: (N, frequencies, frames) → (N, L) (PyTorch, istft)."""

    types: ClassVar = {"istft": None}

    n_fft: PositiveInt
    hop_length: PositiveInt
    center: bool = True
    onesided: bool = True
    length: AnySize | None = None

    def ranks(self) -> tuple[int, ...]:
        return (2, 3)

    def check(self, x: Shape, *others: Shape) -> None:
        wanted = self.n_fft // 2 + 1 if self.onesided else self.n_fft
        if x[-2] != wanted:
            raise RuleError(
                "shape-mismatch",
                f"takes {wanted} frequencies, but {x[-2]} arrive",
                field="n_fft",
                expected=x[-2],
                found=wanted,
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        if self.length is not None:
            return (*x[:-2], self.length)
        whole = self.n_fft + self.hop_length * (x[-1] - 1)
        return (*x[:-2], whole - 2 * (self.n_fft // 2) if self.center else whole)

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((*range(len(x) - 2), None, None),)


class AsReal(Complex):
    """Complex numbers as pairs along a new last axis (PyTorch, view_as_real)."""

    types: ClassVar = {"view_as_real": None}

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return (*x, 2)


class AsComplex(Complex):
    """Pairs along the last axis as complex numbers (PyTorch, view_as_complex)."""

    types: ClassVar = {"view_as_complex": None}
    reads: ClassVar = "floats"

    def check(self, x: Shape, *others: Shape) -> None:
        if not x or x[-1] != 2:
            raise RuleError(
                "shape-mismatch",
                f"takes pairs along the last axis, but {show(x)} arrives",
                expected=2,
                found=x[-1] if x else None,
            )

    def output_shape(self, x: Shape, *others: Shape) -> Shape:
        return x[:-1]

    def flow(self, y: Shape, x: Shape, *others: Shape) -> Flow:
        return ((*range(len(x) - 1), None),)


class Part(Complex):
    """A part of each complex number, or one made of a real one (PyTorch, real, imag, angle)."""

    types: ClassVar = dict.fromkeys(("real", "imag", "angle", "conj", "modulus", "as_complex"))


class Joined(Elementwise):
    """Complex numbers of two parts, broadcast (PyTorch, complex, polar)."""

    kernel: ClassVar = ""
    types: ClassVar = dict.fromkeys(("complex", "polar"))
    in_files: ClassVar = False
    reads: ClassVar = "floats"
    arity: ClassVar = (2, 2)
