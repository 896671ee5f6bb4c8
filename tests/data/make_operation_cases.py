"""Record what PyTorch makes of operations of programs: shapes, refusals, values, gradients.

Run by hand, with PyTorch installed: `python tests/data/make_operation_cases.py` draws cases anew
from fixed seeds, and writes `operation_cases.json.gz` and `operation_cases.npz` beside this file.
Nothing of this project is imported: `CALLS` says in PyTorch's words what each operation means.

A case is {id, type, args, inputs: [[shape, kind], …], output, macs}: `output` is a shape, or null
where PyTorch refuses, `macs` half the operations that its counter finds in all, where it finds any.
For some that it takes, values and gradients are recorded too, as `<id>/in0`, `<id>/out`, `<id>/g`
(the gradient of a scalar by the output), `<id>/grad0`.
"""

from __future__ import annotations

import gzip
import json
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
import torchvision
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from torchvision._meta_registrations import meta_ps_roi_align

HERE = Path(__file__).parent
Case = dict[str, Any]
Draw = Callable[[random.Random], tuple[dict[str, Any], list[list[Any]]]]
WITH_VALUES = 3
"""Cases of each operation whose values are recorded."""
F = functional

# --- what each operation is in PyTorch ----------------------------------------------------------


def items_of(items: list[Any], tensors: list[Tensor]) -> tuple[Any, ...]:
    """Items of an index as Python writes them between brackets."""
    left = iter(tensors)
    meant = {"...": lambda: Ellipsis, "tensor": lambda: next(left)}
    return tuple(
        meant[item]() if isinstance(item, str) else slice(*item) if isinstance(item, list) else item
        for item in items
    )


def assign(x: Tensor, *values: Tensor, items: list[Any], value: float | None = None) -> Tensor:
    y = x.clone()
    y[items_of(items, [])] = values[0] if values else value
    return y


def tuples(value: Any) -> Any:
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def dims(value: Any) -> Any:
    """PyTorch says "all axes" in more than one way."""
    return tuple(value) if isinstance(value, list) else value


def reduce_all(name: str) -> Callable[..., Tensor]:
    def call(x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        function = getattr(torch, name)
        if name == "prod":
            return function(x) if dim is None and not keepdim else function(x, dim, keepdim=keepdim)
        if name == "count_nonzero":
            return function(x, dim=dims(dim))
        if name in ("amax", "amin"):
            return function(x, () if dim is None else dims(dim), keepdim=keepdim)
        if name == "logsumexp":
            return function(x, tuple(range(x.ndim)) if dim is None else dims(dim), keepdim=keepdim)
        if dim is None and name in ("any", "all") and not keepdim:
            return function(x)
        return function(x, dim=dims(dim), keepdim=keepdim)

    return call


def pick(name: str) -> Callable[..., Tensor]:
    def call(x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        if name == "median":
            return torch.median(x) if dim is None else torch.median(x, dim, keepdim).values
        return getattr(torch, name)(x, dim, keepdim)

    return call


def pool_indices(axes: int) -> Callable[..., Tensor]:
    pool = getattr(functional, f"max_pool{axes}d")
    return lambda x, **args: pool(x, return_indices=True, **args)[1]


def attention(q: Tensor, k: Tensor, v: Tensor, *mask: Tensor, **args: Any) -> Tensor:
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v, *mask, **args)


def bags(x: Tensor, *offsets: Tensor, **args: Any) -> Tensor:
    module = torch.nn.EmbeddingBag(**args, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.arange(module.weight.numel()).reshape(module.weight.shape) / 8)
    return module(x, *offsets).detach()


def deformed(
    x: Tensor, weight: Tensor, offset: Tensor, *rest: Tensor, offset_groups: int, **args: Any
) -> Tensor:
    """A convolution that looks nowhere else; the offsets and the mask as torchvision says of them.

    (Its compiled operators are not in every build of PyTorch.)
    """
    bias, *masks = rest
    y = F.conv2d(x, weight, bias, **args)
    places = offset_groups * weight[0, 0].numel()
    for found, channels in [(offset, 2 * places), *((mask, places) for mask in masks)]:
        if found.shape != (len(x), channels, *y.shape[2:]):
            raise ValueError(found.shape)
    return y


def regions_apart(x: Tensor, boxes: Tensor, output_size: Any) -> Tensor:
    return meta_ps_roi_align(x, boxes, 1.0, *output_size, -1)[0]


def transform(name: str) -> Callable[..., Tensor]:
    def call(x: Tensor, s: Any = None, dim: Any = None) -> Tensor:
        return getattr(torch.fft, name)(x, s, dim)

    return call


def frames(x: Tensor, **args: Any) -> Tensor:
    return torch.stft(x, **args, return_complex=True)


UNARY = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"),
    *("erf", "erfc", "sinc", "abs", "neg", "square", "sign", "floor", "ceil", "round", "trunc"),
    *("frac", "isnan", "isinf", "isfinite", "logical_not"),
)
REDUCE = ("sum", "prod", "amax", "amin", "any", "all", "count_nonzero", "mean", "logsumexp")
BINARY = {
    "divide": torch.div,
    "floor_divide": torch.floor_divide,
    "remainder": torch.remainder,
    "power": torch.pow,
    "minimum": torch.minimum,
    "atan2": torch.atan2,
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
}
WITH_NUMBER: dict[str, Callable[[Any, Any], Tensor]] = {
    "add_number": lambda x, c: x + c,
    "subtract_number": lambda x, c: x - c,
    "subtract_of_number": lambda x, c: c - x,
    "multiply_number": lambda x, c: x * c,
    "divide_number": lambda x, c: x / c,
    "divide_of_number": lambda x, c: c / x,
    "floor_divide_number": lambda x, c: x // c,
    "floor_divide_of_number": lambda x, c: c // x,
    "remainder_number": lambda x, c: x % c,
    "remainder_of_number": lambda x, c: c % x,
    "power_number": lambda x, c: x**c,
    "power_of_number": lambda x, c: c**x,
    "equal_number": lambda x, c: x == c,
    "not_equal_number": lambda x, c: x != c,
    "less_number": lambda x, c: x < c,
    "less_equal_number": lambda x, c: x <= c,
    "greater_number": lambda x, c: x > c,
    "greater_equal_number": lambda x, c: x >= c,
}
CALLS: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(torch, name) for name in UNARY},
    **{name: reduce_all(name) for name in REDUCE},
    **BINARY,
    **{name: (lambda x, number, f=f: f(x, number)) for name, f in WITH_NUMBER.items()},
    "logsigmoid": F.logsigmoid,
    "tanhshrink": F.tanhshrink,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "threshold": F.threshold,
    "clamp": torch.clamp,
    "nan_to_num": torch.nan_to_num,
    "cast": lambda x, dtype: x.to(torch.float64 if dtype == "float32" else getattr(torch, dtype)),
    "where": torch.where,
    "masked_fill": torch.masked_fill,
    "lerp": lambda a, b, *w, weight=None: torch.lerp(a, b, *w or (weight,)),
    "addcmul": torch.addcmul,
    "addcdiv": torch.addcdiv,
    "var": lambda x, dim=None, **args: torch.var(x, dims(dim), **args),
    "std": lambda x, dim=None, **args: torch.std(x, dims(dim), **args),
    "norm": lambda x, p=2.0, dim=None, **args: torch.linalg.vector_norm(x, p, dims(dim), **args),
    "argmax": pick("argmax"),
    "argmin": pick("argmin"),
    "median": pick("median"),
    "cumsum": torch.cumsum,
    "cumprod": torch.cumprod,
    "logcumsumexp": torch.logcumsumexp,
    "softmin": F.softmin,
    "normalize": lambda x, dim=1, **args: F.normalize(x, dim=dims(dim), **args),
    "sort": lambda x, **args: torch.sort(x, **args).values,
    "argsort": torch.argsort,
    "topk": lambda x, **args: torch.topk(x, **args).values,
    "topk_indices": lambda x, **args: torch.topk(x, **args).indices,
    "view": lambda x, shape: x.reshape(shape),
    "flatten": torch.flatten,
    "squeeze": lambda x, dim=None: x.squeeze() if dim is None else x.squeeze(dims(dim)),
    "unsqueeze": torch.unsqueeze,
    "transpose": torch.transpose,
    "permute": lambda x, dims: x.permute(dims),
    "concat": lambda *xs, dim=1: torch.cat(xs, dim),
    "matmul": torch.matmul,
    "expand": lambda x, sizes: x.expand(sizes),
    "repeat": lambda x, repeats: x.repeat(repeats),
    "repeat_interleave": torch.repeat_interleave,
    "stack": lambda *xs, dim=0: torch.stack(xs, dim),
    "flip": torch.flip,
    "roll": lambda x, shifts, dims=None: torch.roll(x, tuples(shifts), tuples(dims)),
    "movedim": lambda x, source, destination: x.movedim(tuples(source), tuples(destination)),
    "diagonal": torch.diagonal,
    "tril": torch.tril,
    "triu": torch.triu,
    "unfold_axis": lambda x, dimension, size, step: x.unfold(dimension, size, step),
    "pad": lambda x, pad, mode="constant", value=0.0: F.pad(
        x, pad, mode, value if mode == "constant" else None
    ),
    "index": lambda x, items: x[items_of(items, [])],
    "take_index": lambda x, *indices, items: x[items_of(items, list(indices))],
    "assign": assign,
    "gather": lambda x, index, dim: torch.gather(x, dim, index),
    "index_select": lambda x, index, dim: torch.index_select(x, dim, index),
    "scatter": lambda x, index, *src, dim, value=None: torch.scatter(
        x, dim, index, src[0] if src else value
    ),
    "scatter_add": lambda x, index, src, dim: torch.scatter_add(x, dim, index, src),
    "one_hot": F.one_hot,
    "deform_conv2d": deformed,
    "roi_align": torchvision.ops.roi_align,
    "ps_roi_align": regions_apart,
    **{name: transform(name) for name in ("fftn", "ifftn", "rfftn", "irfftn")},
    "inverse": torch.linalg.inv,
    "cholesky": lambda x: torch.linalg.cholesky_ex(x).L,
    "matrix_exp": torch.linalg.matrix_exp,
    "eigenvectors": lambda x: torch.linalg.eigh(x).eigenvectors,
    "eigenvalues": lambda x: torch.linalg.eigh(x).eigenvalues,
    "determinant": torch.linalg.det,
    "log_determinant": lambda x: torch.linalg.slogdet(x).logabsdet,
    "determinant_sign": lambda x: torch.linalg.slogdet(x).sign,
    "pinverse": torch.linalg.pinv,
    "qr_q": lambda x, full: torch.linalg.qr(x, "complete" if full else "reduced").Q,
    "qr_r": lambda x, full: torch.linalg.qr(x, "complete" if full else "reduced").R,
    "svd_u": lambda x, full: torch.linalg.svd(x, full).U,
    "svd_s": lambda x, full: torch.linalg.svd(x, full).S,
    "svd_vh": lambda x, full: torch.linalg.svd(x, full).Vh,
    "solve": torch.linalg.solve,
    "diag_embed": torch.diag_embed,
    **{name: getattr(torch, name) for name in ("lgamma", "digamma", "erfinv", "i0")},
    "cummax": lambda x, dim: torch.cummax(x, dim)[0],
    "cummin": lambda x, dim: torch.cummin(x, dim)[0],
    "cummax_indices": lambda x, dim: torch.cummax(x, dim)[1],
    "cummin_indices": lambda x, dim: torch.cummin(x, dim)[1],
    "bucketize": torch.bucketize,
    "searchsorted": torch.searchsorted,
    "stft": frames,
    "istft": torch.istft,
    "view_as_real": torch.view_as_real,
    "view_as_complex": torch.view_as_complex,
    **{
        name: getattr(torch, name) for name in ("real", "imag", "angle", "conj", "complex", "polar")
    },
    "modulus": torch.abs,
    "as_complex": lambda x: x.to(torch.complex128),
    "functional_embedding": F.embedding,
    "embedding_bag": bags,
    "einsum": lambda *xs, equation: torch.einsum(equation, *xs),
    "outer": torch.outer,
    "scaled_dot_product_attention": attention,
    "cosine_similarity": F.cosine_similarity,
    "pairwise_distance": F.pairwise_distance,
    "cdist": torch.cdist,
    **{f"functional_conv{n}d": getattr(F, f"conv{n}d") for n in (1, 2, 3)},
    **{f"functional_conv_transpose{n}d": getattr(F, f"conv_transpose{n}d") for n in (1, 2, 3)},
    "functional_linear": F.linear,
    "grid_sample": F.grid_sample,
    "affine_grid": F.affine_grid,
    **{f"max_pool{n}d_indices": pool_indices(n) for n in (1, 2, 3)},
    **{f"max_unpool{n}d": getattr(F, f"max_unpool{n}d") for n in (1, 2, 3)},
}

# --- cases --------------------------------------------------------------------------------------


def sizes(r: random.Random, low: int = 1, high: int = 4, *, most: int = 6) -> list[int]:
    """A shape whose axes all differ; one in ten has an axis of 1, one in twenty of 0."""
    shape = r.sample(range(2, most + 1), r.randint(low, high))
    if shape and r.random() < 0.15:
        shape[r.randrange(len(shape))] = r.choice([0, 1, 1])
    return shape


def axis(r: random.Random, rank: int) -> int:
    """An axis, one in ten of them none."""
    return (
        r.randint(-rank - 1, rank)
        if r.random() < 0.1
        else r.randint(-max(rank, 1), max(rank - 1, 0))
    )


def some_axes(r: random.Random, rank: int) -> Any:
    """None, one axis, or several of them."""
    kind = r.random()
    if kind < 0.2:
        return None
    if kind < 0.6:
        return axis(r, rank)
    chosen = r.sample(range(rank), r.randint(1, rank)) if rank else []
    if r.random() < 0.1:
        chosen.append(axis(r, max(rank, 1)))
    return [one - rank if r.random() < 0.3 else one for one in chosen]


def broadcastable(r: random.Random, count: int, *, clash: float = 0.15) -> list[list[int]]:
    """Shapes with some axes of 1 and some missing in front."""
    whole = sizes(r, 1, 4)
    found = []
    for _ in range(count):
        shape = [1 if r.random() < 0.25 else size for size in whole]
        shape = shape[r.randint(0, len(shape)) if r.random() < 0.3 else 0 :]
        if shape and r.random() < clash:
            shape[r.randrange(len(shape))] += 1
        found.append(shape)
    return found


def floats(*shapes: list[int], kind: str = "float") -> list[list[Any]]:
    return [[shape, kind] for shape in shapes]


SHAPES_ALONE = {
    *("fftn", "ifftn", "rfftn", "irfftn", "stft", "istft", "view_as_real", "view_as_complex"),
    *("real", "imag", "angle", "conj", "complex", "polar", "modulus", "as_complex"),
    *("deform_conv2d", "roi_align", "ps_roi_align"),
    *("inverse", "cholesky", "matrix_exp", "eigenvectors", "eigenvalues", "pinverse", "solve"),
    *("determinant", "log_determinant", "determinant_sign"),
    *("qr_q", "qr_r", "svd_u", "svd_s", "svd_vh"),
    *("lgamma", "digamma", "erfinv", "i0", "cummax", "cummin", "cummax_indices"),
    *("cummin_indices", "bucketize", "searchsorted", "diag_embed"),
}
"""Operations that are not computed here, so that their values are not recorded."""
DRAWS: dict[str, tuple[int, Draw]] = {}
"""Operation → how many cases, and how one is drawn."""


def cases_of(*names: str, count: int = 16) -> Callable[[Any], Any]:
    def register(draw: Any) -> Any:
        for name in names:
            DRAWS[name] = (count, lambda r, name=name: draw(r, name))
        return draw

    return register


POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "acosh"}
UNIT = {"asin", "acos", "atanh"}


@cases_of(*UNARY, "logsigmoid", "tanhshrink", count=4)
def _(r: random.Random, name: str) -> Any:
    kind = "above 1" if name in POSITIVE else "unit" if name in UNIT else "float"
    return {}, floats(sizes(r, 0), kind=kind)


@cases_of("hardshrink", "softshrink", count=5)
def _(r: random.Random, name: str) -> Any:
    return {"lambd": r.choice([0.5, 0.25, 1.0, -0.5])}, floats(sizes(r))


@cases_of("threshold", "clamp", "nan_to_num", "cast", count=5)
def _(r: random.Random, name: str) -> Any:
    args = {
        "threshold": {"threshold": 0.25, "value": -1.5},
        "clamp": r.choice([{"min": -0.5}, {"max": 0.75}, {"min": -1, "max": 0.5}, {}]),
        "nan_to_num": r.choice([{}, {"nan": 2.0, "posinf": 9.0, "neginf": -7.0}]),
        "cast": {"dtype": r.choice(["float32", "int64", "bool", "uint8"])},
    }[name]
    kind = "broken" if name == "nan_to_num" else "above 1" if name == "cast" else "float"
    return args, floats(sizes(r), kind=kind)


@cases_of(*WITH_NUMBER, count=5)
def _(r: random.Random, name: str) -> Any:
    kind = r.choice(["above 1", "int"]) if "power" not in name else "above 1"
    number = r.choice([2, 3, 0.5, 1.5])
    if kind == "int" and "divide_of" in name + "remainder_of" * ("remainder" in name):
        kind = "above 1"
    return {"number": number}, floats(sizes(r), kind=kind)


@cases_of(*BINARY, count=12)
def _(r: random.Random, name: str) -> Any:
    logical = name.startswith("logical")
    kind = "bool" if logical else r.choice(["above 1", "above 1", "int"])
    if name in ("floor_divide", "remainder", "power", "atan2"):
        kind = "above 1"
    return {}, floats(*broadcastable(r, 2), kind=kind)


@cases_of("where", "masked_fill", "lerp", "addcmul", "addcdiv", count=16)
def _(r: random.Random, name: str) -> Any:
    one, two, three = broadcastable(r, 3, clash=0.1)
    if name == "where":
        return {}, [[one, "bool"], [two, "float"], [three, "float"]]
    if name == "masked_fill":
        return {"value": r.choice([0, -1.5])}, [[one, "float"], [two, "bool"]]
    if name == "lerp":
        if r.random() < 0.5:
            return {"weight": 0.25}, floats(one, two)
        return {}, floats(one, two, three)
    return {"value": r.choice([1, 0.5, -2])}, floats(one, two, three, kind="above 1")


@cases_of(*REDUCE, "var", "std", "norm", count=24)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0)
    dim = some_axes(r, len(shape))
    if name == "prod" and not isinstance(dim, int):
        dim = axis(r, len(shape)) if r.random() < 0.7 else None
    args: dict[str, Any] = {"dim": dim, "keepdim": r.random() < 0.4}
    if name == "count_nonzero" or (name == "prod" and dim is None):
        args.pop("keepdim")
    if name in ("var", "std"):
        args["correction"] = r.choice([0, 1])
    if name == "norm":
        args["p"] = r.choice([2.0, 1.0, 3.0, float("inf"), float("-inf"), 0.0])
    return args, floats(shape, kind="bool" if name in ("any", "all") else "float")


@cases_of("argmax", "argmin", "median", count=16)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0)
    dim = None if r.random() < 0.2 else axis(r, len(shape))
    args = {"dim": dim, "keepdim": r.random() < 0.4 and dim is not None}
    return args, floats(shape)


@cases_of("cumsum", "cumprod", "logcumsumexp", "softmin", "normalize", "sort", "argsort", count=12)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0)
    args: dict[str, Any] = {"dim": axis(r, len(shape))}
    if name == "softmin" and r.random() < 0.4:
        args = {}
        return args, floats(sizes(r, 1))
    if name == "normalize":
        args["p"] = r.choice([1.0, 2.0, 3.0])
        if len(shape) > 1 and r.random() < 0.3:
            args["dim"] = [0, -1]
    if "sort" in name:
        args["descending"] = r.random() < 0.5
        args["stable"] = True
    return args, floats(shape)


@cases_of("topk", "topk_indices", count=16)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 1)
    dim = axis(r, len(shape))
    args = {"k": r.randint(0, 5), "dim": dim, "largest": r.random() < 0.5}
    return args, floats(shape)


def factored(r: random.Random, values: int) -> list[int]:
    """Sizes whose product it is."""
    shape = []
    while values > 1 and r.random() < 0.8:
        part = r.choice([d for d in range(1, values + 1) if values % d == 0])
        shape.append(part)
        values //= part
    return [*shape, values]


@cases_of("view", count=60)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0)
    wanted = factored(r, int(np.prod(shape)))
    if r.random() < 0.5 and shape:  # a prefix or a suffix is kept
        cut = r.randint(0, len(shape))
        rest = factored(r, int(np.prod(shape[cut:])))
        wanted = [*shape[:cut], *rest]
    for chance in (0.6, 0.1):
        if r.random() < chance:
            wanted[r.randrange(len(wanted))] = -1
    if r.random() < 0.2:
        place = r.randrange(len(wanted))
        wanted[place] = max(wanted[place] + 1, 1)
    return {"shape": wanted}, floats(shape)


@cases_of("flatten", "squeeze", "unsqueeze", "transpose", "permute", count=16)
def _(r: random.Random, name: str) -> Any:
    shape = [1 if r.random() < 0.3 else size for size in sizes(r, 1)]
    rank = len(shape)
    order = r.sample(range(rank), rank)
    args = {
        "flatten": {"start_dim": axis(r, rank), "end_dim": axis(r, rank)},
        "squeeze": {"dim": some_axes(r, rank)},
        "unsqueeze": {"dim": axis(r, rank + 1)},
        "transpose": {"dim0": axis(r, rank), "dim1": axis(r, rank)},
        "permute": {"dims": order if r.random() < 0.8 else [axis(r, rank) for _ in order]},
    }[name]
    return args, floats(shape)


@cases_of("concat", "stack", count=24)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 1, most=5)
    dim = axis(r, len(shape) + (name == "stack"))
    shapes = [list(shape) for _ in range(r.randint(1, 3))]
    if name == "concat" and -len(shape) <= dim < len(shape):
        for one in shapes:
            one[dim] = r.randint(1, 4)
    if r.random() < 0.2:
        shapes[-1][r.randrange(len(shape))] += 1
    return {"dim": dim}, floats(*shapes)


@cases_of("expand", count=30)
def _(r: random.Random, name: str) -> Any:
    whole = sizes(r, 1)
    shape = [1 if r.random() < 0.4 else size for size in whole]
    cut = r.randint(0, len(shape)) if r.random() < 0.4 else 0
    wanted = [-1 if r.random() < 0.25 else size for size in whole]
    if r.random() < 0.15:
        wanted[r.randrange(len(wanted))] = 7
    return {"sizes": wanted[r.random() < 0.1 :]}, floats(shape[cut:])


@cases_of("repeat", "repeat_interleave", count=16)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0, 3)
    if name == "repeat":
        count = max(len(shape) + r.choice([-1, 0, 0, 1]), 0)
        return {
            "repeats": [r.randint(0 if r.random() < 0.1 else 1, 3) for _ in range(count)]
        }, floats(shape)
    dim = None if r.random() < 0.3 else axis(r, len(shape))
    return {"repeats": r.randint(0 if r.random() < 0.1 else 1, 3), "dim": dim}, floats(shape)


@cases_of("flip", "roll", "movedim", "diagonal", "tril", "triu", "unfold_axis", count=20)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 1)
    rank = len(shape)
    chosen = [axis(r, rank) for _ in range(r.randint(1, rank))]
    if name == "flip":
        return {"dims": chosen}, floats(shape)
    if name == "roll":
        if r.random() < 0.2:
            return {"shifts": r.randint(-9, 9)}, floats(shape)
        shifts = [r.randint(-4, 4) for _ in chosen]
        return {"shifts": shifts[r.random() < 0.1 :] or 1, "dims": chosen}, floats(shape)
    if name == "movedim":
        places = [axis(r, rank) for _ in chosen]
        return {"source": chosen, "destination": places[r.random() < 0.1 :] or 0}, floats(shape)
    if name == "diagonal":
        args = {"offset": r.randint(-3, 3), "dim1": axis(r, rank), "dim2": axis(r, rank)}
        return args, floats(shape)
    if name == "unfold_axis":
        args = {"dimension": axis(r, rank), "size": r.randint(0, 4), "step": r.randint(1, 3)}
        return args, floats(shape)
    return {"diagonal": r.randint(-3, 3)}, floats(shape)


@cases_of("pad", count=70)
def _(r: random.Random, name: str) -> Any:
    mode = r.choice(["constant", "constant", "reflect", "replicate", "circular"])
    shape = sizes(r, 1, 5)
    low = -3 if r.random() < 0.3 else 0
    count = 2 * r.randint(1, min(len(shape) + (r.random() < 0.1), 3))
    if mode != "constant" and r.random() < 0.8:
        count = 2 * max(len(shape) - r.randint(1, 2), 1)
    pad = [r.randint(low, 4) for _ in range(count)]
    args: dict[str, Any] = {"pad": pad[r.random() < 0.05 :], "mode": mode}
    if mode == "constant":
        args["value"] = r.choice([0.0, 1.5])
    return args, floats(shape)


def drawn_items(r: random.Random, shape: list[int], *, tensors: bool = False) -> list[Any]:
    items: list[Any] = []
    for size in shape[: r.randint(0, len(shape))]:
        kind = r.random()
        if tensors and kind < 0.5:
            items.append("tensor")
        elif kind < 0.3:
            bound = max(size - 1, 0)
            items.append(
                r.randint(-size, bound) if r.random() < 0.9 else r.choice([size, -size - 1])
            )
        elif kind < 0.45:
            items.append([None, None, None])
        else:
            low, high = (None if r.random() < 0.3 else r.randint(-size - 2, size + 2) for _ in "ab")
            items.append([low, high, r.choice([None, 1, 2, 3])])
    if r.random() < 0.3:
        items.insert(r.randint(0, len(items)), None)
    if r.random() < 0.3:
        items.insert(r.randint(0, len(items)), "...")
    if r.random() < 0.05:
        items.append(0)
    return items


@cases_of("index", "assign", count=60)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 1)
    items = drawn_items(r, shape)
    if name == "index":
        return {"items": items}, floats(shape)
    if r.random() < 0.3:
        return {"items": items, "value": 1.5}, floats(shape)
    try:
        part = list(torch.zeros(shape)[items_of(items, [])].shape)
    except (IndexError, ValueError):
        part = []
    part = [1 if r.random() < 0.2 else size for size in part][r.random() < 0.2 :]
    if part and r.random() < 0.15:
        part[0] += 1
    if r.random() < 0.1:
        part = [1, *part]
    return {"items": items}, floats(shape, part)


@cases_of("take_index", count=60)
def _(r: random.Random, name: str) -> Any:
    shape = [max(size, 1) for size in sizes(r, 1)]
    items = drawn_items(r, shape, tensors=True)
    if "tensor" not in items:
        items = ["tensor"]
    common = sizes(r, 0, 2)
    least = min(shape)
    shapes = []
    for _ in range(items.count("tensor")):
        one = [1 if r.random() < 0.2 else max(size, 1) for size in common]
        if one and r.random() < 0.1:
            one[0] += 1
        shapes.append(one)
    return {"items": items}, [[shape, "float"], *([one, f"below {least}"] for one in shapes)]


@cases_of("gather", "index_select", "scatter", "scatter_add", count=24)
def _(r: random.Random, name: str) -> Any:
    shape = [max(size, 1) for size in sizes(r, 1, 3)]
    dim = axis(r, len(shape))
    along = shape[dim] if -len(shape) <= dim < len(shape) else 1
    if name == "index_select":
        index = [r.randint(1, 5)] if r.random() < 0.8 else r.choice([[], [2, 2]])
        return {"dim": dim}, [[shape, "float"], [index, f"below {along}"]]
    index = [r.randint(1, size) for size in shape]
    if r.random() < 0.5:
        index[dim if -len(shape) <= dim < len(shape) else 0] = r.randint(1, 7)
    if r.random() < 0.15:
        index[r.randrange(len(index))] += 3
    if r.random() < 0.05:
        index = index[1:]
    inputs = [
        [shape, "float"],
        [index, f"distinct {along} {dim}" if name == "scatter" else f"below {along}"],
    ]
    if name == "gather":
        return {"dim": dim}, inputs
    if name == "scatter" and r.random() < 0.3:
        return {"dim": dim, "value": 2.5}, inputs
    source = [size + r.choice([0, 0, 1]) for size in index]
    if source and r.random() < 0.15:
        source[0] -= 1
    return {"dim": dim}, [*inputs, [source, "float"]]


@cases_of("one_hot", "functional_embedding", count=8)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0, 3)
    if name == "one_hot":
        return {"num_classes": r.randint(4, 6)}, [[shape, "below 4"]]
    table = [4, 3] if r.random() < 0.8 else r.choice([[4], [4, 3, 2]])
    return {}, [[shape, "below 4"], [table, "float"]]


@cases_of("embedding_bag", count=20)
def _(r: random.Random, name: str) -> Any:
    args: dict[str, Any] = {"num_embeddings": 5, "embedding_dim": 3}
    args["mode"] = r.choice(["mean", "sum", "max"])
    if r.random() < 0.3:
        args["padding_idx"] = 1
    if r.random() < 0.5:
        return args, [[sizes(r, 2, 2 + (r.random() < 0.2)), "below 5"]]
    args["include_last_offset"] = r.random() < 0.5
    offsets = [r.randint(2, 4)] if r.random() < 0.8 else [2, 2]
    return args, [[[7], "below 5"], [offsets, "rising 7"]]


@cases_of("matmul", count=40)
def _(r: random.Random, name: str) -> Any:
    n, k, m = r.sample(range(2, 7), 3)
    lead = broadcastable(r, 2, clash=0.1)
    one = [*lead[0][:2], n, k] if r.random() < 0.7 else [k]
    other = [*lead[1][:2], k, m] if r.random() < 0.7 else [k]
    if r.random() < 0.1:
        other[0] += 1
    if r.random() < 0.05:
        one = []
    return {}, floats(one, other)


EQUATIONS = [
    *("ij,jk->ik", "bij,bjk->bik", "ij,jk", "ii->i", "ii", "ij->ji", "bchw,bcd->bdhw", "i,j->ij"),
    *("nctv,vw->nctw", "bhid,bhjd->bhij", "...ij,...jk->...ik", "...c,cd->...d", "bi,bj,bk->bijk"),
    *("ij,jk,kl->il", "abc->", "ab,ab->", "ba", "nkctv,kvw->nctw", "b h i d, b h j d -> b h i j"),
    *("bi,ij,bj->b", "i...->...", "ij,kj->ki", "bxyc,bxc->byc", "ab,cd->abcd", "aab,b->a"),
    *("ij,jk->iz", "ij,jk->ii", "ij,jk,->ik", "...,...", "ij..,jk->ik", "bkl,bml->bkm"),
]


@cases_of("einsum", count=120)
def _(r: random.Random, name: str) -> Any:
    equation = r.choice(EQUATIONS)
    letters = dict(zip("abcdefhijklmntvwxyz", r.sample(range(2, 21), 19), strict=True))
    letters = {letter: size % 5 + 1 for letter, size in letters.items()}
    dots = sizes(r, 0, 2, most=3)
    shapes = []
    for part in equation.replace(" ", "").partition("->")[0].split(","):
        shape: list[int] = []
        for piece in part.replace("...", "."):
            shape += dots if piece == "." else [letters.get(piece, 2)]
        if shape and r.random() < 0.08:
            shape[r.randrange(len(shape))] += 1
        if r.random() < 0.05:
            shape = shape[1:]
        shapes.append(shape)
    return {"equation": equation}, floats(*shapes)


@cases_of("outer", "cosine_similarity", "pairwise_distance", "cdist", count=20)
def _(r: random.Random, name: str) -> Any:
    if name == "outer":
        return {}, floats(sizes(r, 1, 1), sizes(r, 1, 1 + (r.random() < 0.2)))
    if name == "cdist":
        lead = broadcastable(r, 2, clash=0.1)
        m = r.randint(1, 4)
        one, other = [*lead[0][:1], 3, m], [*lead[1][:1], 5, m + (r.random() < 0.1)]
        return {"p": r.choice([1.0, 2.0, 3.0])}, floats(one, other)
    one, two = broadcastable(r, 2)
    if name == "cosine_similarity":
        return {"dim": axis(r, max(len(one), len(two)))}, floats(one, two)
    args = {"p": r.choice([1.0, 2.0, 3.0]), "keepdim": r.random() < 0.4}
    return args, floats(one, two)


@cases_of("scaled_dot_product_attention", count=50)
def _(r: random.Random, name: str) -> Any:
    length, steps, e, v = r.sample(range(2, 7), 4)
    lead = [2, r.choice([2, 4])][: r.randint(0, 2)]
    args: dict[str, Any] = {}
    key_lead = list(lead)
    if len(lead) == 2 and r.random() < 0.4:
        args["enable_gqa"] = True
        key_lead[1] = r.choice([1, 2, 3])
    elif lead and r.random() < 0.2:
        key_lead[0] = r.choice([1, 3])
    shapes = [[*lead, length, e], [*key_lead, steps, e], [*key_lead, steps, v]]
    if r.random() < 0.15:
        shapes[r.randrange(3)][-r.randint(1, 2)] += 1
    if r.random() < 0.3:
        args["scale"] = 0.25
    if r.random() < 0.3:
        args["is_causal"] = True
    inputs = floats(*shapes)
    if r.random() < 0.4:
        mask = r.choice(
            [[length, steps], [1, steps], [steps], [*lead, length, steps], [length + 1, steps]]
        )
        inputs.append([mask, r.choice(["float", "first"])])
    return args, inputs


@cases_of(*(f"functional_conv{t}{n}d" for n in (1, 2, 3) for t in ("", "_transpose")), count=20)
def _(r: random.Random, name: str) -> Any:
    axes, transposed = int(name[-2]), "transpose" in name
    groups = r.choice([1, 1, 2])
    per_in, per_out = r.randint(1, 2), r.randint(1, 3)
    spatial = [r.randint(3, 7) for _ in range(axes)]
    kernel = [r.randint(1, 4) for _ in range(axes)]
    one, other = groups * per_in, groups * per_out
    weight = [one, per_out, *kernel] if transposed else [other, per_in, *kernel]
    args: dict[str, Any] = {"stride": r.randint(1, 3), "padding": r.randint(0, 2)}
    args |= {"dilation": r.randint(1, 2), "groups": groups}
    if transposed and r.random() < 0.4:
        args["output_padding"] = r.randint(0, 2)
    if not transposed and r.random() < 0.2:
        args |= {"stride": 1, "padding": r.choice(["same", "valid"])}
    if r.random() < 0.15:
        weight[r.randint(0, 1)] += 1
    inputs = [[2, one, *spatial], weight]
    if r.random() < 0.4:
        inputs.append([other + (r.random() < 0.15)])
    return args, floats(*inputs)


@cases_of("functional_linear", count=16)
def _(r: random.Random, name: str) -> Any:
    shape = [max(size, 1) for size in sizes(r, 1, 3)]
    weight = [4, shape[-1]] if r.random() < 0.8 else [shape[-1]]
    if r.random() < 0.1:
        weight[-1] += 1
    bias = [[weight[0] + (r.random() < 0.1)]] if r.random() < 0.4 and len(weight) == 2 else []
    return {}, floats(shape, weight, *bias)


@cases_of("grid_sample", "affine_grid", count=24)
def _(r: random.Random, name: str) -> Any:
    axes = r.choice([2, 2, 3])
    shape, out = [2, 3, *r.sample(range(3, 7), axes)], r.sample(range(2, 6), axes)
    corners = r.random() < 0.5
    if name == "affine_grid":
        theta = [2, axes, axes + 1 + (r.random() < 0.1)]
        return {"size": [2, 3, *out], "align_corners": corners}, floats(theta)
    grid = [2 + (r.random() < 0.1), *out, axes + (r.random() < 0.1)]
    args = {
        "mode": r.choice(["bilinear", "bilinear", "nearest", "bicubic"]),
        "padding_mode": r.choice(["zeros", "border", "reflection"]),
        "align_corners": corners,
    }
    return args, [[shape, "float"], [grid, "float"]]


@cases_of(*(f"max_pool{n}d_indices" for n in (1, 2, 3)), count=6)
def _(r: random.Random, name: str) -> Any:
    axes = int(name[len("max_pool")])
    args = {
        "kernel_size": r.randint(1, 3),
        "stride": r.choice([None, 1, 2]),
        "padding": r.randint(0, 1),
    }
    return args, floats([2, 3, *(r.randint(3, 6) for _ in range(axes))])


@cases_of(*(f"max_unpool{n}d" for n in (1, 2, 3)), count=12)
def _(r: random.Random, name: str) -> Any:
    axes = int(name[len("max_unpool")])
    spatial = [r.randint(2, 4) for _ in range(axes)]
    args: dict[str, Any] = {"kernel_size": 2, "stride": r.choice([None, 2, 3])}
    if r.random() < 0.5:
        stride = args["stride"] or 2
        usual = [(size - 1) * stride + 2 for size in spatial]
        args["output_size"] = [size + r.randint(-3, 3) for size in usual]
        if r.random() < 0.3:
            args["output_size"] = [2, 3, *args["output_size"]]
    shape = [2, 3, *spatial]
    index = [*shape[:-1], shape[-1] + 1] if r.random() < 0.1 else shape
    return args, [[shape, "float"], [index, f"distinct {2 * 2**axes} -1"]]


@cases_of("deform_conv2d", count=24)
def _(r: random.Random, name: str) -> Any:
    groups, offset_groups = r.choice([1, 1, 2]), r.choice([1, 2])
    per_in, outputs = r.choice([2, 4]) // groups * offset_groups, 2 * groups
    spatial, kernel = [r.randint(3, 7) for _ in "hw"], [r.randint(1, 3) for _ in "hw"]
    args: dict[str, Any] = {"stride": r.randint(1, 3), "padding": r.randint(0, 2)}
    args |= {"dilation": r.randint(1, 2), "groups": groups, "offset_groups": offset_groups}
    x, weight = [2, groups * per_in, *spatial], [outputs, per_in, *kernel]
    out = [
        (size + 2 * args["padding"] - args["dilation"] * (k - 1) - 1) // args["stride"] + 1
        for size, k in zip(spatial, kernel, strict=True)
    ]
    places = offset_groups * kernel[0] * kernel[1]
    inputs = [x, weight, [2, 2 * places, *out], [outputs]]
    if r.random() < 0.5:
        inputs.append([2, places, *out])
    if r.random() < 0.2:
        inputs[r.choice([2, len(inputs) - 1])][-1] += 1
    if any(size < 0 for shape in inputs for size in shape):
        return _(r, name)
    return args, floats(*inputs)


@cases_of("roi_align", "ps_roi_align", count=16)
def _(r: random.Random, name: str) -> Any:
    size = [r.randint(1, 3), r.randint(1, 3)]
    channels = r.randint(1, 3) * (size[0] * size[1] if name == "ps_roi_align" else 1)
    x = [2, channels + (r.random() < 0.2), 6, 5]
    return {"output_size": size}, [
        [x, "float"],
        [[r.randint(0, 3), 5 + (r.random() < 0.2)], "boxes"],
    ]


@cases_of("fftn", "ifftn", "rfftn", "irfftn", count=24)
def _(r: random.Random, name: str) -> Any:
    shape = [max(size, 1) for size in sizes(r, 1)]
    args: dict[str, Any] = {}
    if r.random() < 0.6:
        args["dim"] = [axis(r, len(shape)) for _ in range(r.randint(1, len(shape)))]
    if r.random() < 0.4:
        count = len(args.get("dim", shape)) + (r.random() < 0.1)
        args["s"] = [r.choice([-1, 1, 3, 4, 0 if r.random() < 0.1 else 8]) for _ in range(count)]
    return args, [[shape, "complex" if name in ("ifftn", "irfftn") else "float"]]


@cases_of("stft", "istft", count=16)
def _(r: random.Random, name: str) -> Any:
    args: dict[str, Any] = {"n_fft": r.randint(4, 9), "center": r.random() < 0.7}
    args["hop_length"] = r.randint(1, args["n_fft"] // 2)
    lead = [2] * r.randint(0, 1)
    if name == "stft":
        return args, floats([*lead, r.randint(3, 30)])
    if r.random() < 0.3:
        args["length"] = r.randint(5, 12)
    bins = args["n_fft"] // 2 + 1 + (r.random() < 0.2)
    return args, [[[*lead, bins, r.randint(4, 9)], "complex"]]


@cases_of("view_as_real", "imag", "real", "angle", "conj", "modulus", "as_complex", count=3)
def _(r: random.Random, name: str) -> Any:
    return {}, [[sizes(r, 0), "complex"]]


@cases_of("view_as_complex", count=6)
def _(r: random.Random, name: str) -> Any:
    return {}, floats([*sizes(r, 0, 3), r.choice([2, 2, 2, 3])])


@cases_of("complex", "polar", count=8)
def _(r: random.Random, name: str) -> Any:
    return {}, floats(*broadcastable(r, 2))


SQUARES = ("inverse", "cholesky", "matrix_exp", "eigenvectors", "eigenvalues", "determinant",
           "log_determinant", "determinant_sign")  # fmt: skip


@cases_of(*SQUARES, count=12)
def _(r: random.Random, name: str) -> Any:
    shape = [max(size, 1) for size in sizes(r, 1, 3)]
    if len(shape) > 1 and r.random() < 0.8:
        shape[-1] = shape[-2]
    return {}, floats(shape)


@cases_of("pinverse", "qr_q", "qr_r", "svd_u", "svd_s", "svd_vh", count=8)
def _(r: random.Random, name: str) -> Any:
    args = {} if name == "pinverse" else {"full": r.random() < 0.5}
    return args, floats([max(size, 1) for size in sizes(r, 1, 4)])


@cases_of("solve", count=24)
def _(r: random.Random, name: str) -> Any:
    n, lead = r.randint(2, 4), r.choice([[], [2], [3], [1, 2]])
    kind = r.random()
    other = [*lead, n] if kind < 0.3 else [n] if kind < 0.4 else [*lead, n, r.randint(1, 5)]
    if kind > 0.8:
        other = r.choice([[n + 1, 3], [5, n, 1], [1, n, n], [n + 1]])
    return {}, floats([*lead, n, n + (r.random() < 0.05)], other)


@cases_of("diag_embed", count=20)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 1, 3)
    rank = len(shape) + 1
    args = {"offset": r.randint(-2, 2)}
    if r.random() < 0.5:
        args |= {"dim1": axis(r, rank), "dim2": axis(r, rank)}
    return args, floats(shape)


@cases_of("lgamma", "digamma", "erfinv", "i0", count=3)
def _(r: random.Random, name: str) -> Any:
    return {}, floats(sizes(r, 0))


@cases_of("cummax", "cummin", "cummax_indices", "cummin_indices", count=6)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0)
    return {"dim": axis(r, len(shape))}, floats(shape)


@cases_of("bucketize", "searchsorted", count=16)
def _(r: random.Random, name: str) -> Any:
    shape = sizes(r, 0)
    lead = shape[:-1] if name == "searchsorted" and r.random() < 0.6 else []
    if name == "bucketize":
        return {}, floats(shape, [4] if r.random() < 0.8 else [2, 3])
    if lead and r.random() < 0.2:
        lead[0] += 1
    return {}, floats([*lead, r.randint(1, 5)], shape)


# --- recording ----------------------------------------------------------------------------------


def values_of(shape: list[int], kind: str, random_values: np.random.Generator) -> np.ndarray:
    """Numbers of a kind: apart from each other, so that orders and slopes are sure."""
    name, *numbers = kind.split()
    spread = np.round(random_values.standard_normal(shape) * 64) / 64 + 1 / 256
    if kind == "above 1":
        return 1 + np.abs(spread)
    if name == "unit":
        return np.round(np.tanh(spread) * 60) / 64
    if name == "broken":
        values = spread.copy()
        values.reshape(-1)[:3] = [np.nan, np.inf, -np.inf][: values.size]
        return values
    if name == "boxes":  # of two samples, as their number, and their corners
        return np.abs(spread) % 1
    if name == "complex":
        return spread + 1j * np.flip(spread)
    if name == "int":
        return random_values.integers(1, 5, shape)
    if name == "bool":
        return random_values.random(shape) < 0.5
    if name == "first":  # a mask that leaves every row something
        mask = random_values.random(shape) < 0.6
        mask[..., 0] = True
        return mask
    if name == "below":
        return random_values.integers(0, int(numbers[0]), shape)
    if name == "rising":
        values = np.sort(random_values.integers(0, int(numbers[0]), shape))
        values.reshape(-1)[:1], values.reshape(-1)[-1:] = 0, int(numbers[0])
        return values
    if name == "distinct":
        count, along = int(numbers[0]), int(numbers[1])
        order = random_values.random((*shape, count)).argsort(-1)[..., 0]
        if shape and -len(shape) <= along < len(shape) and shape[along] <= count:
            moved = [size for place, size in enumerate(shape) if place != along % len(shape)]
            drawn = random_values.random((*moved, count)).argsort(-1)[..., : shape[along]]
            return np.moveaxis(drawn, -1, along)
        return order
    return spread


def outcome(case: Case, arrays: dict[str, np.ndarray]) -> list[int] | None:
    """The output's shape, or None where PyTorch refuses; values go into `arrays`."""
    generator = np.random.default_rng(crc32(case["id"].encode()))
    given = [values_of(shape, kind, generator) for shape, kind in case["inputs"]]
    tensors = [torch.from_numpy(np.array(value)) for value in given]
    for tensor in tensors:
        if tensor.is_floating_point():
            tensor.requires_grad_()
    try:
        with FlopCounterMode(display=False) as counter:
            output = CALLS[case["type"]](*tensors, **case["args"])
    except (RuntimeError, IndexError, ValueError, TypeError, AssertionError):
        return None
    shape = list(output.shape)
    if counter.get_total_flops():
        case["macs"] = counter.get_total_flops() // 2
    if case.pop("values"):
        name = case["id"]
        arrays |= {f"{name}/in{n}": value for n, value in enumerate(given)}
        arrays[f"{name}/out"] = output.detach().numpy()
        if output.requires_grad:
            arrays |= gradients_of(name, output, tensors, generator)
        case["values"] = True
    return shape


def gradients_of(
    name: str, output: Tensor, tensors: list[Tensor], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """A gradient by the output, and those by inputs that hold floats; zeros where none flows.

    Nothing where PyTorch has no way back.
    """
    g = np.round(generator.standard_normal(tuple(output.shape)) * 64) / 64
    asked = {n: tensor for n, tensor in enumerate(tensors) if tensor.requires_grad}
    try:
        found = torch.autograd.grad(
            output, list(asked.values()), torch.from_numpy(np.array(g)), allow_unused=True
        )
    except RuntimeError:
        return {}
    return {f"{name}/g": g} | {
        f"{name}/grad{n}": np.zeros(tensor.shape) if by_input is None else by_input.numpy()
        for (n, tensor), by_input in zip(asked.items(), found, strict=True)
    }


def drawn() -> Iterator[Case]:
    for name, (count, draw) in DRAWS.items():
        r = random.Random(name)
        for number in range(count):
            args, inputs = draw(r)
            yield {"id": f"{name}-{number}", "type": name, "args": args, "inputs": inputs}


def main() -> None:
    """Record every case."""
    warnings.simplefilter("ignore")
    arrays: dict[str, np.ndarray] = {}
    cases, taken = [], dict.fromkeys(CALLS, 0)
    for case in drawn():
        small = sum(int(np.prod(shape)) for shape, _ in case["inputs"]) <= 300
        computed = case["type"] not in SHAPES_ALONE
        case["values"] = computed and small and taken[case["type"]] < WITH_VALUES
        before = len(arrays)
        case["output"] = outcome(case, arrays)
        taken[case["type"]] += len(arrays) > before
        case.pop("values", None) if len(arrays) == before else None
        cases.append(case)
    text = json.dumps(
        {"pytorch": torch.__version__.partition("+")[0], "cases": cases}, separators=(",", ":")
    )
    (HERE / "operation_cases.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    index = [[name, value.dtype.str, value.shape] for name, value in arrays.items()]
    values = np.concatenate([value.ravel().astype(np.float64) for value in arrays.values()])
    head = np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), np.uint8)
    np.savez_compressed(HERE / "operation_cases.npz", values=values, index=head)
    refused = sum(case["output"] is None for case in cases)
    print(f"{len(cases)} cases, {refused} refused, {sum(taken.values())} with values")
    for name, number in taken.items():
        if not number and name not in SHAPES_ALONE:
            print("no values:", name)


if __name__ == "__main__":
    main()
