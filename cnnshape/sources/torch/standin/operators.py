"""Operators that are compiled elsewhere: `torch.ops`, `torch.library`, and torchvision's own."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from cnnshape.sources.torch.standin.context import Block
from cnnshape.sources.torch.standin.extras import Inert, nothing
from cnnshape.sources.torch.standin.later import later
from cnnshape.sources.torch.standin.tensor import Tensor, apply
from cnnshape.sources.torch.standin.trace import UnsupportedError
from cnnshape.sources.torch.standin.unmodelled import Unmodelled

KEPT = "how many boxes are kept depends on values that only the real computation gives"


def _deform_conv2d(
    input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, *rest: Any
) -> Tensor:
    bias, *sizes, groups, offset_groups, use_mask = rest
    stride, padding, dilation = sizes[:2], sizes[2:4], sizes[4:6]
    masks = (mask,) if use_mask else ()
    return apply(
        "deform_conv2d", input, weight, offset, bias, *masks, stride=tuple(stride),
        padding=tuple(padding), dilation=tuple(dilation), groups=groups,
        offset_groups=offset_groups,
    )  # fmt: skip


def _roi_align(input: Tensor, rois: Tensor, spatial_scale: float, *rest: Any) -> Tensor:
    return apply("roi_align", input, rois, output_size=(rest[0], rest[1]))


def _of_channels_apart(input: Tensor, rois: Tensor, scale: float, *rest: Any) -> Any:
    """Each bin reads channels of its own."""
    size = (rest[0], rest[1])
    found = apply("ps_roi_align", input, rois, output_size=size)
    return found, later("ps_roi_align", input, rois, output_size=size)


def _roi_pool(input: Tensor, rois: Tensor, scale: float, *size: Any) -> Any:
    return (
        apply("roi_align", input, rois, output_size=size),
        later("roi_align", input, rois, output_size=size),
    )


def _suppression(*_: Any, **__: Any) -> Tensor:
    raise UnsupportedError("torchvision.ops.nms", KEPT)


class Operator:
    """An operator, and its overloads, which are alike here."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    @property
    def default(self) -> Operator:
        return self


class Namespace:
    """`torch.ops.torchvision`: operators by name."""

    def __init__(self, name: str, known: dict[str, Callable[..., Any]]) -> None:
        self._name = name
        self._known = known

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = self._known.get(name)
        return Operator(known) if known else Unmodelled(f"torch.ops.{self._name}.{name}")


NAMESPACES: dict[str, Namespace] = {
    "torchvision": Namespace(
        "torchvision",
        {
            "deform_conv2d": _deform_conv2d,
            "roi_align": _roi_align,
            "roi_pool": _roi_pool,
            "ps_roi_align": _of_channels_apart,
            "ps_roi_pool": _of_channels_apart,
            "nms": _suppression,
            "_cuda_version": lambda: -1,
        },
    )
}


class Operators:
    """`torch.ops`: operators by their library."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return NAMESPACES.get(name) or Unmodelled(f"torch.ops.{name}")

    def load_library(self, path: Any) -> None:
        """Nothing compiled is loaded; of some libraries we know the operators."""
        if not any(f"/{name}/" in str(path).replace("\\", "/") for name in NAMESPACES):
            raise OSError("compiled operators are not loaded")


class CustomOperator:
    """`torch.library.custom_op`: what the Python function behind it does."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    register_fake = register_kernel = register_autograd = register_vmap = nothing


def custom_op(name: str, function: Any = None, **_: Any) -> Any:
    """A decorator that makes a function an operator, found as `torch.ops.LIBRARY.NAME`, too."""

    def register(body: Callable[..., Any]) -> CustomOperator:
        library, _, short = name.partition("::")
        own = NAMESPACES.setdefault(library, Namespace(library, {}))
        own._known[short] = body
        return CustomOperator(body)

    return register if function is None else register(function)


def leaves(*_: Any, **__: Any) -> Callable[[Any], Any]:
    """A decorator that leaves the function as it is."""
    return lambda function: function


LIBRARY = {
    "Library": Inert,
    "custom_op": custom_op,
    "register_fake": leaves,
    "register_kernel": leaves,
    "impl": leaves,
    "register_autograd": nothing,
    "define": nothing,
}


def hub_load(repo_or_dir: str, model: str, *arguments: Any, **named: Any) -> Any:
    """`torch.hub.load`: torchvision's builders, where it is installed; nothing is downloaded."""
    for name in ("source", "trust_repo", "force_reload", "verbose", "skip_validation"):
        named.pop(name, None)
    if str(repo_or_dir).partition(":")[0] != "pytorch/vision":
        raise UnsupportedError("torch.hub.load", "nothing is downloaded")
    try:
        models = import_module("torchvision.models")
    except ImportError:
        raise UnsupportedError("torch.hub.load", "torchvision is not installed") from None
    return models.get_model_builder(model)(*arguments, **named)


class Keys:
    """`torch._C.DispatchKey` and sets of them: nothing is dispatched."""

    def __init__(self, *_: Any) -> None:
        """None is kept."""

    def __or__(self, other: Keys) -> Keys:
        return self

    AutocastCPU = AutocastCUDA = AutocastXPU = Meta = None


INTERNAL = {
    "DispatchKey": Keys,
    "DispatchKeySet": Keys,
    "_ExcludeDispatchKeyGuard": Block,
    "DisableTorchFunctionSubclass": Block,
    "_get_tracing_state": nothing,
    "_log_api_usage_once": nothing,
}
OPERATORS = Operators()
