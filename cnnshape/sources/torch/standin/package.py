"""The modules that `import torch` and its likes find."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module, resources
from itertools import repeat
from types import ModuleType
from typing import Any

from cnnshape.layers._index import TORCH as LAYERS
from cnnshape.sources.torch.standin import (
    cells,
    containers,
    context,
    dtype,
    extras,
    init,
    leaf,
    module,
    normalised,
    offer,
    operators,
    packed,
    parametrized,
    quantised,
    tensor,
    transformer,
)
from cnnshape.sources.torch.standin.functions import (
    algebra,
    arrangement,
    composed,
    creation,
    indexing,
    matrices,
    network,
    pointwise,
    reduction,
    spectral,
)
from cnnshape.sources.torch.standin.shape import Size
from cnnshape.sources.torch.standin.unmodelled import Unmodelled

FAMILIES = (algebra, arrangement, composed, creation, indexing, matrices, network, pointwise,
            reduction, spectral)  # fmt: skip
VERSION = "2.13.0"


@cache
def known_names() -> Mapping[str, frozenset[str]]:
    """The names that PyTorch's modules have (written by tests/data/make_torch_known_names.py)."""
    text = resources.files(__package__).joinpath("names.txt").read_text("utf-8")
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: frozenset(names.split()) for name, _, names in pairs}


class StandinModule(ModuleType):
    """A module of the stand-in; what PyTorch has in it and we have not is told when it is used."""

    def __init__(self, name: str, names: Mapping[str, Any], finder: Callable[[str], Any]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        vars(self).update(names)
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._exported()
        if name.startswith("__"):
            raise AttributeError(name)
        if name in STANDARD and name in known_names().get(self.__name__, ()):
            return import_module(name)
        found = self._finder(name)
        if found is not None:
            return found
        full = f"{self.__name__}.{name}"
        if full in PACKAGE:
            return PACKAGE[full]
        listed = known_names().get(self.__name__)
        if listed is None or name in listed:  # of modules that are not listed, we cannot say
            return Unmodelled(full)
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def _exported(self) -> list[str]:
        """What `from torch.nn import *` brings: all that is modelled."""
        listed = {*known_names().get(self.__name__, ()), *vars(self)}
        public = sorted(name for name in listed if not name.startswith("_"))
        return [name for name in public if not isinstance(getattr(self, name), Unmodelled)]


STANDARD = ("math", "warnings")
"""Python's modules that are found in PyTorch's, too."""


class Package(dict[str, ModuleType]):
    """The modules by name, each made when it is first asked for."""

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __missing__(self, name: str) -> ModuleType:
        if name not in NAMES:
            raise KeyError(name)
        made = self[name] = StandinModule(name, NAMES[name](), FINDERS.get(name, lambda _: None))
        return made

    def missing(self, name: str) -> ModuleType:
        """A module of PyTorch's that is not modelled: it does no harm until it is used."""
        return StandinModule(name, {}, lambda attribute: Unmodelled(f"{name}.{attribute}"))


PACKAGE = Package()


def nn_name(name: str) -> Any:
    """A class of `torch.nn`, made when it is first asked for."""
    plain = name.removeprefix("Lazy")
    if name == "SyncBatchNorm":
        return _sync_batch_norm()
    if name in LAYERS or (plain != name and plain in LAYERS):
        return leaf.nn_class(name)
    if name in cells.LOSSES:
        return _loss(name)
    if name in ("Conv1d", "parameter", "modules", "functional", "init", "utils"):
        return None
    return leaf.base_class(name) if name in BASES else None


BASES = (*leaf.BASES.values(), "_NormBase")


@cache
def _sync_batch_norm() -> Any:
    one = leaf.base_class("_BatchNorm")

    def convert(cls: Any, model: Any, process_group: Any = None) -> Any:
        return model

    members = {
        "layer_type": "batch_norm",
        "_watched": frozenset(leaf.layer_class("batch_norm").model_fields),
        "convert_sync_batchnorm": classmethod(convert),
        "__module__": "torch.nn.modules",
    }
    return type("SyncBatchNorm", (one,), members)


@cache
def _loss(name: str) -> Any:
    members = {"function": cells.LOSSES[name], "__module__": "torch.nn.modules"}
    return type(name, (cells.Loss,), members)


def _nn() -> dict[str, Any]:
    classes = (
        *(module.Module, containers.Sequential, containers.ModuleList, containers.ModuleDict),
        *(containers.ParameterList, containers.ParameterDict, cells.RNNCellBase, cells.RNNCell),
        *(cells.GRUCell, cells.LSTMCell, cells.EmbeddingBag, cells.UpsamplingNearest2d),
        *(cells.UpsamplingBilinear2d, cells.RReLU, cells.Softmax2d, cells.FeatureAlphaDropout),
        *(cells.DataParallel, transformer.TransformerEncoderLayer, tensor.Parameter),
        *(transformer.TransformerDecoderLayer, transformer.TransformerEncoder, tensor.Buffer),
        *(transformer.TransformerDecoder, transformer.Transformer),
    )
    return {cls.__name__: cls for cls in classes}


def _torch() -> dict[str, Any]:
    return {
        **offer.TORCH,
        **dtype.NAMES,
        **creation.LEGACY,
        "Size": Size,
        "dtype": dtype.DType,
        "device": dtype.Device,
        "finfo": dtype.FInfo,
        "iinfo": dtype.IInfo,
        "Generator": extras.Generator,
        "pi": math.pi,
        "e": math.e,
        "inf": math.inf,
        "nan": math.nan,
        "newaxis": None,
        "__version__": VERSION,
        "no_grad": context.NoGrad,
        "enable_grad": context.NoGrad,
        "inference_mode": context.NoGrad,
        "set_grad_enabled": context.Block,
        "autocast": context.Autocast,
        "strided": "strided",
        "contiguous_format": "contiguous_format",
        "channels_last": "channels_last",
        "channels_last_3d": "channels_last_3d",
        "preserve_format": "preserve_format",
        "memory_format": str,
        "layout": str,
        "compile": extras.decorator,
        "manual_seed": extras.Generator().manual_seed,
        "seed": extras.nothing,
        "initial_seed": lambda: 0,
        "set_num_threads": extras.nothing,
        "get_num_threads": lambda: 1,
        "set_printoptions": extras.nothing,
        "set_float32_matmul_precision": extras.nothing,
        "use_deterministic_algorithms": extras.nothing,
        "are_deterministic_algorithms_enabled": extras.no,
        "set_default_tensor_type": extras.nothing,
        "set_default_device": extras.nothing,
        "get_default_device": lambda: dtype.CPU,
        "is_grad_enabled": extras.no,
        "is_inference_mode_enabled": extras.no,
        "is_autocast_enabled": extras.no,
        "is_autocast_cpu_enabled": extras.no,
        "get_autocast_dtype": lambda *_: dtype.float16,
        "get_autocast_gpu_dtype": lambda *_: dtype.float16,
        "get_autocast_cpu_dtype": lambda *_: dtype.bfloat16,
        "is_storage": extras.no,
        "_assert": _assert,
        "_assert_async": extras.nothing,
        "save": extras.nothing,
        "promote_types": dtype.promoted,
        "typename": lambda value: type(value).__name__,
        "result_type": lambda a, b: dtype.promoted(a.dtype, getattr(b, "dtype", a.dtype)),
    }


def _assert(condition: Any, message: str = "") -> None:
    if isinstance(condition, tensor.Tensor) and condition.known_values() is None:
        return
    if not condition:
        raise AssertionError(message)


def _tuple_of(count: int) -> Callable[[Any], tuple[Any, ...]]:
    def parse(value: Any) -> tuple[Any, ...]:
        return tuple(value) if hasattr(value, "__iter__") else tuple(repeat(value, count))

    return parse


def _utils_of_modules() -> dict[str, Any]:
    names = ("_single", "_pair", "_triple", "_quadruple")
    return {
        **{name: _tuple_of(count) for count, name in enumerate(names, 1)},
        "_ntuple": _tuple_of,
        "_reverse_repeat_tuple": lambda t, n: tuple(x for x in reversed(t) for _ in range(n)),
    }


def _jit() -> dict[str, Any]:
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
        "Final": _Final,
        "ScriptModule": module.Module,
        "ScriptFunction": extras.Inert,
        "Attribute": lambda value, kind: value,
        "isinstance": isinstance,
    }  # fmt: skip


class _Final:
    def __class_getitem__(cls, item: Any) -> Any:
        return Any


def _optimisers() -> dict[str, Any]:
    names = ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam",
             "LBFGS", "Rprop", "Optimizer", "ASGD", "SparseAdam")  # fmt: skip
    return {name: type(name, (extras.Inert,), {}) for name in names}


def _data() -> dict[str, Any]:
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


def _cuda() -> dict[str, Any]:
    return {
        "is_available": extras.no,
        "device_count": lambda: 0,
        "current_device": lambda: 0,
        **creation.LEGACY,
        "is_bf16_supported": extras.no,
        "get_device_name": lambda *_: "cpu",
        "get_device_capability": lambda *_: (0, 0),
        **dict.fromkeys(("empty_cache", "synchronize", "manual_seed", "manual_seed_all",
                         "set_device",
                         "memory_allocated", "max_memory_allocated", "reset_peak_memory_stats"),
                        extras.nothing),
    }  # fmt: skip


def _normalisers() -> dict[str, Any]:
    return {
        "weight_norm": normalised.weight_norm,
        "spectral_norm": normalised.spectral_norm,
        "remove_weight_norm": normalised.remove,
        "remove_spectral_norm": normalised.remove,
        "clip_grad_norm_": normalised.clip_grad_norm_,
        "clip_grad_value_": normalised.clip_grad_norm_,
        "parameters_to_vector": normalised.parameters_to_vector,
    }


def _packing() -> dict[str, Any]:
    return {
        "PackedSequence": packed.PackedSequence,
        "pack_padded_sequence": packed.pack_padded_sequence,
        "pad_packed_sequence": packed.pad_packed_sequence,
        "pad_sequence": packed.pad_sequence,
    }


def _autograd() -> dict[str, Any]:
    return {
        "Variable": creation.VARIABLE,
        "Function": extras.Function,
        "grad": extras.nothing,
        "backward": extras.nothing,
        "no_grad": context.NoGrad,
        "enable_grad": context.NoGrad,
        "set_detect_anomaly": extras.nothing,
    }


def _norm(x: Any, *arguments: Any, **named: Any) -> Any:
    """`ord` is the `p` of `torch.norm`."""
    if "ord" in named:
        named["p"] = named.pop("ord")
    return offer.TORCH["norm"](x, *arguments, **named)


def _swapped(x: Any, *_: Any, **__: Any) -> Any:
    return offer.TORCH["transpose"](x, -2, -1)


def _functional() -> dict[str, Any]:
    return dict(offer.FUNCTIONAL)


def _amp() -> dict[str, Any]:
    return {
        "autocast": context.Autocast,
        "GradScaler": extras.Inert,
        "custom_fwd": extras.decorator,
        "custom_bwd": extras.decorator,
    }


def _one(**names: Any) -> Callable[[], dict[str, Any]]:
    return lambda: names


def _parameters() -> dict[str, Any]:
    return {
        "Parameter": tensor.Parameter,
        "Buffer": tensor.Buffer,
        "UninitializedParameter": tensor.Parameter,
    }


def _fx() -> dict[str, Any]:
    return {"wrap": extras.decorator, "Proxy": type("Proxy", (), {}), "GraphModule": module.Module,
            "Graph": type("Graph", (), {}), "Tracer": type("Tracer", (), {}),
            "Node": type("Node", (), {}), "symbolic_trace": extras.same}  # fmt: skip


def _distributions() -> dict[str, Any]:
    from cnnshape.sources.torch.standin import distributions

    return distributions.NAMES


def _sparse() -> dict[str, Any]:
    return {"mm": offer.TORCH["mm"], "sum": offer.TORCH["sum"], "softmax": offer.TORCH["softmax"],
            "addmm": offer.TORCH["addmm"]}  # fmt: skip


def _hub() -> dict[str, Any]:
    import re
    from urllib.parse import urlparse

    return {
        "load_state_dict_from_url": extras.nothing,
        "get_dir": lambda: ".",
        "_get_torch_home": lambda: ".",
        "set_dir": extras.nothing,
        "download_url_to_file": extras.nothing,
        "urlparse": urlparse,
        "HASH_REGEX": re.compile(r"-([a-f0-9]*)\."),
    }


MODULES_OF = ("conv", "batchnorm", "linear", "activation", "pooling", "normalization", "dropout",
              "container", "module", "rnn", "instancenorm", "loss", "padding", "flatten",
              "upsampling", "sparse", "transformer", "pixelshuffle", "fold", "lazy")  # fmt: skip

DISTRIBUTIONS = ("distribution", "normal", "laplace", "uniform", "bernoulli", "categorical",
                 "one_hot_categorical", "independent", "kl")  # fmt: skip

NAMES: dict[str, Callable[[], dict[str, Any]]] = {
    "torch": _torch,
    "torch.nn": _nn,
    "torch.nn.functional": _functional,
    "torch.nn.init": lambda: init.NAMES,
    "torch.nn.parameter": _parameters,
    "torch.nn.modules": _nn,
    "torch.nn.modules.utils": _utils_of_modules,
    **{f"torch.nn.modules.{name}": _nn for name in MODULES_OF},
    "torch.nn.common_types": _one(**{f"_size_{n}_t": Any for n in (1, 2, 3)}),
    "torch.nn.parallel": _one(
        DataParallel=cells.DataParallel, DistributedDataParallel=cells.DataParallel
    ),
    "torch.nn.utils": _normalisers,
    "torch.nn.utils.rnn": _packing,
    "torch.nn.utils.parametrizations": lambda: {
        **_normalisers(),
        "orthogonal": extras.same,
    },
    "torch.nn.utils.parametrize": lambda: parametrized.NAMES,
    "torch.nn.utils.fusion": _one(fuse_conv_bn_eval=extras.same),
    "torch.nn.attention": _one(sdpa_kernel=context.Block, SDPBackend=extras.Inert()),
    "torch.jit": _jit,
    "torch.jit.annotations": _one(List=list, BroadcastingList2=list),
    "torch._jit_internal": _jit,
    "torch.sparse": _sparse,
    "torch.fx": _fx,
    "torch.fx.proxy": _fx,
    "torch.fx.node": _fx,
    "torch.fx.graph_module": _fx,
    "torch.utils": dict,
    "torch.utils.data": _data,
    "torch.utils.data.dataset": _data,
    "torch.utils.data.dataloader": _data,
    "torch.utils.checkpoint": _one(
        checkpoint=extras.checkpoint, checkpoint_sequential=extras.checkpoint_sequential
    ),
    "torch.utils.model_zoo": _one(load_url=extras.nothing),
    "torch.utils.tensorboard": _one(SummaryWriter=extras.Inert),
    "torch.utils._pytree": dict,
    "torch.autograd": _autograd,
    "torch.autograd.function": _autograd,
    "torch.cuda": _cuda,
    "torch.cuda.amp": _amp,
    "torch.amp": _amp,
    "torch.mps": _cuda,
    "torch.backends": dict,
    "torch.backends.cudnn": _one(benchmark=False, deterministic=False, enabled=False),
    "torch.backends.cuda": _one(matmul=extras.Inert(), is_built=extras.no),
    "torch.backends.mps": _one(is_available=extras.no, is_built=extras.no),
    "torch.optim": _optimisers,
    "torch.optim.optimizer": _optimisers,
    "torch.optim.lr_scheduler": _one(
        **{
            name: type(name, (extras.Inert,), {})
            for name in (
                "StepLR",
                "MultiStepLR",
                "CosineAnnealingLR",
                "ReduceLROnPlateau",
                "LambdaLR",
                "ExponentialLR",
                "OneCycleLR",
                "CosineAnnealingWarmRestarts",
                "LRScheduler",
                "_LRScheduler",
                "LinearLR",
                "SequentialLR",
                "PolynomialLR",
                "CyclicLR",
            )
        }
    ),
    "torch.distributed": _one(
        is_available=extras.no,
        is_initialized=extras.no,
        get_rank=lambda *_: 0,
        get_world_size=lambda *_: 1,
    ),
    "torch.hub": _hub,
    "torch.onnx": _one(
        is_in_onnx_export=extras.no,
        export=extras.nothing,
        register_custom_op_symbolic=extras.nothing,
    ),
    "torch.onnx.symbolic_helper": _one(parse_args=operators.leaves),
    "torch.linalg": lambda: matrices.LINALG,
    "torch.fft": lambda: spectral.FFT,
    "torch.special": _one(expit=offer.TORCH["sigmoid"]),
    "torch.distributions": _distributions,
    **{f"torch.distributions.{name}": _distributions for name in DISTRIBUTIONS},
    "torch.compiler": _one(
        is_compiling=extras.no,
        disable=extras.decorator,
        is_exporting=extras.no,
        allow_in_graph=extras.same,
    ),
    "torch._dynamo": _one(
        is_compiling=extras.no, disable=extras.decorator, allow_in_graph=extras.same
    ),
    "torch._C": lambda: operators.INTERNAL,
    "torch.ao": dict,
    **dict.fromkeys(("torch.ao.quantization", "torch.quantization"), lambda: quantised.STUBS),
    **dict.fromkeys(("torch.ao.nn.quantized", "torch.nn.quantized"), lambda: quantised.FUNCTIONS),
    "torch.library": lambda: operators.LIBRARY,
    "torch._custom_ops": dict,
    "torch.random": _one(manual_seed=extras.nothing, fork_rng=context.Block),
    "torch.types": _one(Number=Any, Device=Any, _dtype=Any, _size=Any),
    "torch.version": _one(__version__=VERSION, cuda=None, hip=None),
    "torch.overrides": _one(
        has_torch_function=extras.no,
        handle_torch_function=extras.nothing,
        has_torch_function_unary=extras.no,
        has_torch_function_variadic=extras.no,
    ),
    "torch.profiler": _one(profile=context.Block, record_function=context.Block),
}

FINDERS: dict[str, Callable[[str], Any]] = {
    "torch": lambda name: operators.OPERATORS if name == "ops" else None,
    "torch.nn": nn_name,
    "torch.nn.modules": nn_name,
    **{f"torch.nn.modules.{name}": nn_name for name in MODULES_OF},
}
tensor.KNOWN = known_names().get("torch.Tensor", frozenset())
