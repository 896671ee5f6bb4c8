"""What model files use of torch around the model: compilers, optimisers, data, devices."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

from cnnshape.sources.torch.standin import (
    context,
    extras,
    module,
    operators,
)
from cnnshape.sources.torch.standin.functions import (
    legacy,
)
from cnnshape.sources.torch.standin.unmodelled import unmodelled_class

NOT_TRACED = "models are not traced symbolically"


def tuple_of(count: int) -> Callable[[Any], tuple[Any, ...]]:
    def parse(value: Any) -> tuple[Any, ...]:
        return tuple(value) if hasattr(value, "__iter__") else tuple(repeat(value, count))

    return parse


def utils_of_modules() -> dict[str, Any]:
    names = ("_single", "_pair", "_triple", "_quadruple")
    return {
        **{name: tuple_of(count) for count, name in enumerate(names, 1)},
        "_ntuple": tuple_of,
        "_reverse_repeat_tuple": lambda t, n: tuple(x for x in reversed(t) for _ in range(n)),
    }


def jit() -> dict[str, Any]:
    return {
        "script": extras.same,
        "trace": extras.same,
        "freeze": extras.same,
        "optimize_for_inference": extras.same,
        **dict.fromkeys(("ignore", "unused", "export", "script_method", "interface",
                         "script_if_tracing", "_overload_method", "_overload",
                         "_script_if_tracing"),
                        extras.decorator),
        "is_scripting": extras.no,
        "is_tracing": extras.no,
        "annotate": lambda kind, value: value,
        "Final": Final,
        "ScriptModule": module.Module,
        "ScriptFunction": extras.Inert,
        "Attribute": lambda value, kind: value,
        "isinstance": isinstance,
    }  # fmt: skip


class Final:
    def __class_getitem__(cls, item: Any) -> Any:
        return Any


def optimisers() -> dict[str, Any]:
    names = ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam",
             "LBFGS", "Rprop", "Optimizer", "ASGD", "SparseAdam")  # fmt: skip
    return {name: type(name, (extras.Inert,), {}) for name in names}


def data() -> dict[str, Any]:
    names = ("TensorDataset", "Subset", "ConcatDataset", "Sampler", "RandomSampler", "BatchSampler",
             "SubsetRandomSampler", "WeightedRandomSampler", "IterableDataset",
             "SequentialSampler")  # fmt: skip
    kinds = {name: type(name, (extras.Dataset, extras.Inert), {}) for name in names}
    return {
        "Dataset": extras.Dataset,
        "DataLoader": extras.DataLoader,
        "random_split": lambda data, lengths, **_: [extras.Inert() for _ in lengths],
        "get_worker_info": extras.nothing,
        "default_collate": extras.same,
        **kinds,
    }


def cuda() -> dict[str, Any]:
    return {
        "is_available": extras.no,
        "device_count": lambda: 0,
        "current_device": lambda: 0,
        **legacy.LEGACY,
        "is_bf16_supported": extras.no,
        "get_device_name": lambda *_: "cpu",
        "get_device_capability": lambda *_: (0, 0),
        **dict.fromkeys(("empty_cache", "synchronize", "manual_seed", "manual_seed_all",
                         "set_device",
                         "memory_allocated", "max_memory_allocated", "reset_peak_memory_stats"),
                        extras.nothing),
    }  # fmt: skip


def autograd() -> dict[str, Any]:
    return {
        "Variable": legacy.VARIABLE,
        "Function": extras.Function,
        "grad": extras.nothing,
        "backward": extras.nothing,
        "no_grad": context.NoGrad,
        "enable_grad": context.NoGrad,
        "set_detect_anomaly": extras.nothing,
    }


def amp() -> dict[str, Any]:
    return {
        "autocast": context.Autocast,
        "GradScaler": extras.Inert,
        "custom_fwd": extras.decorator,
        "custom_bwd": extras.decorator,
    }


def one(**names: Any) -> Callable[[], dict[str, Any]]:
    return lambda: names


def fx() -> dict[str, Any]:
    names = ("Proxy", "Graph", "Tracer", "Node")
    return {
        "wrap": extras.decorator,
        "GraphModule": module.Module,
        "symbolic_trace": extras.same,
        **{name: unmodelled_class(f"torch.fx.{name}", NOT_TRACED) for name in names},
    }


def hub() -> dict[str, Any]:
    import re
    from urllib.parse import urlparse

    return {
        "load": operators.hub_load,
        "load_state_dict_from_url": extras.nothing,
        "get_dir": lambda: ".",
        "_get_torch_home": lambda: ".",
        "set_dir": extras.nothing,
        "download_url_to_file": extras.nothing,
        "urlparse": urlparse,
        "HASH_REGEX": re.compile(r"-([a-f0-9]*)\."),
    }
