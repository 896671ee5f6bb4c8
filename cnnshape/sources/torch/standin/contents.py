"""What the modules of torch hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from cnnshape.layers._index import TORCH as LAYERS
from cnnshape.sources.torch.standin import (
    binding,
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
    surroundings,
    tensor,
    transformer,
)
from cnnshape.sources.torch.standin.functions import (
    about,
    algebra,
    arrangement,
    casts,
    composed,
    creation,
    indexing,
    joining,
    legacy,
    losses,
    matrices,
    network,
    normalising,
    pointwise,
    reduction,
    spectral,
)
from cnnshape.sources.torch.standin.shape import Size

FAMILIES = (
    *(about, algebra, arrangement, casts, composed, creation, indexing, joining, legacy, losses),
    *(matrices, network, normalising, pointwise, reduction, spectral),
)
"""What offers functions; importing them is what fills the tables."""
VERSION = "2.13.0"


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
        "_watched": frozenset(binding.layer_class("batch_norm").model_fields),
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
        **legacy.LEGACY,
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


def _norm(x: Any, *arguments: Any, **named: Any) -> Any:
    """`ord` is the `p` of `torch.norm`."""
    if "ord" in named:
        named["p"] = named.pop("ord")
    return offer.TORCH["norm"](x, *arguments, **named)


def _swapped(x: Any, *_: Any, **__: Any) -> Any:
    return offer.TORCH["transpose"](x, -2, -1)


def _functional() -> dict[str, Any]:
    return dict(offer.FUNCTIONAL)


def _parameters() -> dict[str, Any]:
    return {
        "Parameter": tensor.Parameter,
        "Buffer": tensor.Buffer,
        "UninitializedParameter": tensor.Parameter,
    }


def _distributions() -> dict[str, Any]:
    from cnnshape.sources.torch.standin import distributions

    return distributions.NAMES


def _sparse() -> dict[str, Any]:
    return {"mm": offer.TORCH["mm"], "sum": offer.TORCH["sum"], "softmax": offer.TORCH["softmax"],
            "addmm": offer.TORCH["addmm"]}  # fmt: skip


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
    "torch.nn.modules.utils": surroundings.utils_of_modules,
    **{f"torch.nn.modules.{name}": _nn for name in MODULES_OF},
    "torch.nn.common_types": surroundings.one(**{f"_size_{n}_t": Any for n in (1, 2, 3)}),
    "torch.nn.parallel": surroundings.one(
        DataParallel=cells.DataParallel, DistributedDataParallel=cells.DataParallel
    ),
    "torch.nn.utils": _normalisers,
    "torch.nn.utils.rnn": _packing,
    "torch.nn.utils.parametrizations": lambda: {
        **_normalisers(),
        "orthogonal": extras.same,
    },
    "torch.nn.utils.parametrize": lambda: parametrized.NAMES,
    "torch.nn.utils.fusion": surroundings.one(fuse_conv_bn_eval=extras.same),
    "torch.nn.attention": surroundings.one(sdpa_kernel=context.Block, SDPBackend=extras.Inert()),
    "torch.jit": surroundings.jit,
    "torch.jit.annotations": surroundings.one(List=list, BroadcastingList2=list),
    "torch._jit_internal": surroundings.jit,
    "torch.sparse": _sparse,
    "torch.fx": surroundings.fx,
    "torch.fx.proxy": surroundings.fx,
    "torch.fx.node": surroundings.fx,
    "torch.fx.graph_module": surroundings.fx,
    "torch.utils": dict,
    "torch.utils.data": surroundings.data,
    "torch.utils.data.dataset": surroundings.data,
    "torch.utils.data.dataloader": surroundings.data,
    "torch.utils.checkpoint": surroundings.one(
        checkpoint=extras.checkpoint, checkpoint_sequential=extras.checkpoint_sequential
    ),
    "torch.utils.model_zoo": surroundings.one(load_url=extras.nothing),
    "torch.utils.tensorboard": surroundings.one(SummaryWriter=extras.Inert),
    "torch.utils._pytree": dict,
    "torch.autograd": surroundings.autograd,
    "torch.autograd.function": surroundings.autograd,
    "torch.cuda": surroundings.cuda,
    "torch.cuda.amp": surroundings.amp,
    "torch.amp": surroundings.amp,
    "torch.mps": surroundings.cuda,
    "torch.backends": dict,
    "torch.backends.cudnn": surroundings.one(benchmark=False, deterministic=False, enabled=False),
    "torch.backends.cuda": surroundings.one(matmul=extras.Inert(), is_built=extras.no),
    "torch.backends.mps": surroundings.one(is_available=extras.no, is_built=extras.no),
    "torch.optim": surroundings.optimisers,
    "torch.optim.optimizer": surroundings.optimisers,
    "torch.optim.lr_scheduler": surroundings.one(
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
    "torch.distributed": surroundings.one(
        is_available=extras.no,
        is_initialized=extras.no,
        get_rank=lambda *_: 0,
        get_world_size=lambda *_: 1,
    ),
    "torch.hub": surroundings.hub,
    "torch.onnx": surroundings.one(
        is_in_onnx_export=extras.no,
        export=extras.nothing,
        register_custom_op_symbolic=extras.nothing,
    ),
    "torch.onnx.symbolic_helper": surroundings.one(parse_args=operators.leaves),
    "torch.linalg": lambda: matrices.LINALG,
    "torch.fft": lambda: spectral.FFT,
    "torch.special": surroundings.one(expit=offer.TORCH["sigmoid"]),
    "torch.distributions": _distributions,
    **{f"torch.distributions.{name}": _distributions for name in DISTRIBUTIONS},
    "torch.compiler": surroundings.one(
        is_compiling=extras.no,
        disable=extras.decorator,
        is_exporting=extras.no,
        allow_in_graph=extras.same,
    ),
    "torch._dynamo": surroundings.one(
        is_compiling=extras.no, disable=extras.decorator, allow_in_graph=extras.same
    ),
    "torch._C": lambda: operators.INTERNAL,
    "torch.ao": dict,
    **dict.fromkeys(("torch.ao.quantization", "torch.quantization"), lambda: quantised.STUBS),
    **dict.fromkeys(("torch.ao.nn.quantized", "torch.nn.quantized"), lambda: quantised.FUNCTIONS),
    "torch.library": lambda: operators.LIBRARY,
    "torch._custom_ops": dict,
    "torch.random": surroundings.one(manual_seed=extras.nothing, fork_rng=context.Block),
    "torch.types": surroundings.one(Number=Any, Device=Any, _dtype=Any, _size=Any),
    "torch.version": surroundings.one(__version__=VERSION, cuda=None, hip=None),
    "torch.overrides": surroundings.one(
        has_torch_function=extras.no,
        handle_torch_function=extras.nothing,
        has_torch_function_unary=extras.no,
        has_torch_function_variadic=extras.no,
    ),
    "torch.profiler": surroundings.one(profile=context.Block, record_function=context.Block),
}

FINDERS: dict[str, Callable[[str], Any]] = {
    "torch": lambda name: operators.OPERATORS if name == "ops" else None,
    "torch.nn": nn_name,
    "torch.nn.modules": nn_name,
    **{f"torch.nn.modules.{name}": nn_name for name in MODULES_OF},
}
