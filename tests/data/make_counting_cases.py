"""Records what other tools count: torchinfo, fvcore, thop, ptflops, calflops, onnx-tool, torch.

    python tests/data/make_counting_cases.py

Needs PyTorch, torchvision, onnx and the tools; the project needs none of them. `layers` holds one
layer each, as the tool counts the module by itself; `networks` holds whole networks. Null: the tool
fails on it. Of a function call instead of a module there is `call`, for one of a kind.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import warnings
from copy import deepcopy
from pathlib import Path

import torch
import torchvision.models as tv
from torch import nn
from torch.nn import functional

OUTPUT = Path(__file__).with_name("counting_cases.json")


class Call(nn.Module):
    """A function as a network of its own."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


class Function(nn.Module):
    """A function of `torch.nn.functional`, looked up when it is called: tools replace it."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def forward(self, x):
        return getattr(functional, self.name)(x)


class Attend(nn.Module):
    """A sequence that attends to itself."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


class Indices(nn.Module):
    """An embedding; every tool gives floats."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 6)

    def forward(self, x):
        return self.embedding(x.long())


class Twice(nn.Module):
    """A module of two inputs, given the same."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x, x)


class Mnist(nn.Module):
    """A lecture's network: poolings as modules, activations as functions."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.pool1, self.pool2 = nn.MaxPool2d(2), nn.MaxPool2d(2)
        self.fc = nn.Linear(320, 10)

    def forward(self, x):
        x = functional.relu(self.pool1(self.conv1(x)))
        x = functional.relu(self.pool2(self.conv2(x)))
        return functional.log_softmax(self.fc(torch.flatten(x, 1)), dim=1)


MAP = (6, 7, 9)
LAYERS = [
    (nn.Conv1d(6, 8, 3), {"type": "conv1d", "out_channels": 8, "kernel_size": 3}, (6, 9)),
    (
        nn.Conv2d(6, 8, 3, stride=2, padding=1, groups=2),
        {
            "type": "conv2d",
            "out_channels": 8,
            "kernel_size": 3,
            "stride": 2,
            "padding": 1,
            "groups": 2,
        },
        MAP,
    ),
    (
        nn.Conv2d(6, 8, 3, bias=False),
        {"type": "conv2d", "out_channels": 8, "kernel_size": 3, "bias": False},
        MAP,
    ),
    (nn.Conv3d(2, 3, 2), {"type": "conv3d", "out_channels": 3, "kernel_size": 2}, (2, 4, 5, 6)),
    (
        nn.ConvTranspose2d(6, 8, 3, stride=2, groups=2),
        {"type": "conv_transpose2d", "out_channels": 8, "kernel_size": 3, "stride": 2, "groups": 2},
        MAP,
    ),
    (
        nn.ConvTranspose1d(6, 8, 3, bias=False),
        {"type": "conv_transpose1d", "out_channels": 8, "kernel_size": 3, "bias": False},
        (6, 9),
    ),
    (
        nn.ConvTranspose3d(2, 3, 2),
        {"type": "conv_transpose3d", "out_channels": 3, "kernel_size": 2},
        (2, 4, 5, 6),
    ),
    (nn.Linear(6, 8), {"type": "linear", "out_features": 8}, (6,)),
    (nn.Linear(6, 8, bias=False), {"type": "linear", "out_features": 8, "bias": False}, (6,)),
    (nn.Linear(6, 8), {"type": "linear", "out_features": 8}, (5, 6)),
    (nn.MaxPool1d(2), {"type": "max_pool1d", "kernel_size": 2}, (6, 9)),
    (nn.MaxPool2d((3, 2)), {"type": "max_pool2d", "kernel_size": [3, 2]}, MAP),
    (nn.MaxPool3d((2, 3, 2)), {"type": "max_pool3d", "kernel_size": [2, 3, 2]}, (2, 4, 5, 6)),
    (nn.AvgPool1d(2), {"type": "avg_pool1d", "kernel_size": 2}, (6, 9)),
    (nn.AvgPool2d((3, 2)), {"type": "avg_pool2d", "kernel_size": [3, 2]}, MAP),
    (nn.AvgPool3d((2, 3, 2)), {"type": "avg_pool3d", "kernel_size": [2, 3, 2]}, (2, 4, 5, 6)),
    (nn.LPPool2d(2, 2), {"type": "lp_pool2d", "norm_type": 2, "kernel_size": 2}, MAP),
    (nn.AdaptiveAvgPool1d(1), {"type": "adaptive_avg_pool1d", "output_size": 1}, (6, 9)),
    (nn.AdaptiveAvgPool2d(1), {"type": "adaptive_avg_pool2d", "output_size": 1}, MAP),
    (nn.AdaptiveAvgPool2d(2), {"type": "adaptive_avg_pool2d", "output_size": 2}, (6, 8, 4)),
    (nn.AdaptiveAvgPool3d(1), {"type": "adaptive_avg_pool3d", "output_size": 1}, (2, 4, 5, 6)),
    (nn.AdaptiveMaxPool1d(1), {"type": "adaptive_max_pool1d", "output_size": 1}, (6, 9)),
    (nn.AdaptiveMaxPool2d(1), {"type": "adaptive_max_pool2d", "output_size": 1}, MAP),
    (nn.AdaptiveMaxPool3d(1), {"type": "adaptive_max_pool3d", "output_size": 1}, (2, 4, 5, 6)),
    (nn.BatchNorm1d(6), {"type": "batch_norm1d"}, (6, 9)),
    (nn.BatchNorm2d(6), {"type": "batch_norm2d"}, MAP),
    (nn.BatchNorm2d(6, affine=False), {"type": "batch_norm2d", "affine": False}, MAP),
    (nn.BatchNorm3d(2), {"type": "batch_norm3d"}, (2, 4, 5, 6)),
    (nn.InstanceNorm1d(6), {"type": "instance_norm1d"}, (6, 9)),
    (nn.InstanceNorm2d(6), {"type": "instance_norm2d"}, MAP),
    (nn.InstanceNorm2d(6, affine=True), {"type": "instance_norm2d", "affine": True}, MAP),
    (nn.InstanceNorm3d(2), {"type": "instance_norm3d"}, (2, 4, 5, 6)),
    (nn.LayerNorm(9), {"type": "layer_norm"}, MAP),
    (
        nn.LayerNorm(9, elementwise_affine=False),
        {"type": "layer_norm", "elementwise_affine": False},
        MAP,
    ),
    (nn.RMSNorm(9), {"type": "rms_norm"}, MAP),
    (nn.GroupNorm(2, 6), {"type": "group_norm", "num_groups": 2}, MAP),
    (
        nn.GroupNorm(2, 6, affine=False),
        {"type": "group_norm", "num_groups": 2, "affine": False},
        MAP,
    ),
    (nn.LocalResponseNorm(5), {"type": "local_response_norm", "size": 5}, MAP),
    *(
        (getattr(nn, name)(), {"type": type_}, MAP)
        for name, type_ in {
            "ReLU": "relu",
            "ReLU6": "relu6",
            "LeakyReLU": "leaky_relu",
            "PReLU": "prelu",
            "ELU": "elu",
            "SELU": "selu",
            "CELU": "celu",
            "GELU": "gelu",
            "SiLU": "silu",
            "Mish": "mish",
            "Hardswish": "hardswish",
            "Hardsigmoid": "hardsigmoid",
            "Hardtanh": "hardtanh",
            "Sigmoid": "sigmoid",
            "Tanh": "tanh",
            "Softplus": "softplus",
            "Softsign": "softsign",
            "Identity": "identity",
            "Flatten": "flatten",
            "Dropout": "dropout",
        }.items()
    ),
    (nn.GELU("tanh"), {"type": "gelu", "approximate": "tanh"}, MAP),
    (nn.PReLU(6), {"type": "prelu", "num_parameters": 6}, MAP),
    (nn.Softmax(1), {"type": "softmax"}, MAP),
    (nn.LogSoftmax(1), {"type": "log_softmax"}, MAP),
    (nn.GLU(1), {"type": "glu", "dim": 1}, MAP),
    (nn.Upsample(scale_factor=2), {"type": "upsample", "scale_factor": 2}, MAP),
    (nn.Upsample(size=(10, 12)), {"type": "upsample", "size": [10, 12]}, MAP),
    (
        nn.Upsample(scale_factor=2, mode="bilinear"),
        {"type": "upsample", "scale_factor": 2, "mode": "bilinear"},
        MAP,
    ),
    (
        nn.Upsample(scale_factor=2, mode="bicubic"),
        {"type": "upsample", "scale_factor": 2, "mode": "bicubic"},
        MAP,
    ),
    (nn.PixelShuffle(2), {"type": "pixel_shuffle", "upscale_factor": 2}, (8, 3, 5)),
    (nn.ZeroPad2d(1), {"type": "zero_pad2d", "padding": 1}, MAP),
    (nn.ReflectionPad2d(1), {"type": "reflection_pad2d", "padding": 1}, MAP),
    (nn.Unfold(3), {"type": "unfold", "kernel_size": 3}, MAP),
    (
        nn.RNN(6, 8, batch_first=True),
        {"type": "rnn", "hidden_size": 8, "batch_first": True},
        (5, 6),
    ),
    (
        nn.LSTM(6, 8, num_layers=2, bidirectional=True, batch_first=True),
        {
            "type": "lstm",
            "hidden_size": 8,
            "num_layers": 2,
            "bidirectional": True,
            "batch_first": True,
        },
        (5, 6),
    ),
    (
        nn.LSTM(6, 8, batch_first=True),
        {"type": "lstm", "hidden_size": 8, "batch_first": True},
        (5, 6),
    ),
    (
        nn.GRU(6, 8, batch_first=True, bias=False),
        {"type": "gru", "hidden_size": 8, "batch_first": True, "bias": False},
        (5, 6),
    ),
    (
        nn.GRU(6, 8, batch_first=True),
        {"type": "gru", "hidden_size": 8, "batch_first": True},
        (5, 6),
    ),
]

LAYERS += [
    (Attend(), {"type": "multihead_attention", "num_heads": 2, "batch_first": True}, (5, 6)),
    (
        nn.TransformerEncoderLayer(6, 2, dim_feedforward=7, batch_first=True),
        {
            "type": "transformer_encoder_layer",
            "nhead": 2,
            "dim_feedforward": 7,
            "batch_first": True,
        },
        (5, 6),
    ),
    (Indices(), {"type": "embedding", "num_embeddings": 10, "embedding_dim": 6}, (5,)),
    (
        Twice(nn.Bilinear(6, 6, 8)),
        {"type": "bilinear", "out_features": 8, "from": ["input", "input"]},
        (6,),
    ),
    (Call(lambda x: x.mean((2, 3))), {"type": "global_avg_pool"}, MAP),
    (Call(lambda x: x.amax((2, 3))), {"type": "global_max_pool"}, MAP),
    *(
        (Call(function), {"type": type_, "from": ["input", "input"]}, MAP)
        for function, type_ in (
            (lambda x: x + x, "add"),
            (lambda x: x - x, "subtract"),
            (lambda x: x * x, "multiply"),
            (lambda x: torch.maximum(x, x), "maximum"),
            (lambda x: (x + x) / 2, "average"),
            (lambda x: torch.cat([x, x], 1), "concat"),
        )
    ),
    (Call(lambda x: torch.matmul(x, x)), {"type": "matmul", "from": ["input", "input"]}, (6, 7, 7)),
]

CALLS = [
    (Function("relu"), {"type": "relu"}, MAP),
    (Function("gelu"), {"type": "gelu"}, MAP),
    (Function("leaky_relu"), {"type": "leaky_relu"}, MAP),
    (Function("relu6"), {"type": "relu6"}, MAP),
    (
        Call(lambda x: functional.max_pool2d(x, (3, 2))),
        {"type": "max_pool2d", "kernel_size": [3, 2]},
        MAP,
    ),
    (
        Call(lambda x: functional.avg_pool2d(x, (3, 2))),
        {"type": "avg_pool2d", "kernel_size": [3, 2]},
        MAP,
    ),
    (
        Call(lambda x: functional.adaptive_avg_pool2d(x, 1)),
        {"type": "adaptive_avg_pool2d", "output_size": 1},
        MAP,
    ),
    (Call(lambda x: functional.softmax(x, 1)), {"type": "softmax"}, MAP),
    (
        Call(lambda x: functional.interpolate(x, scale_factor=2)),
        {"type": "upsample", "scale_factor": 2},
        MAP,
    ),
]

IMAGE = (3, 224, 224)
NETWORKS = {
    "mnist-net": (Mnist, (1, 28, 28)),
    "alexnet-torchvision": (tv.alexnet, IMAGE),
    "vgg16": (tv.vgg16, IMAGE),
    "squeezenet1-1": (tv.squeezenet1_1, IMAGE),
    "resnet18": (tv.resnet18, IMAGE),
    "resnet50": (tv.resnet50, IMAGE),
    "mobilenet-v2": (tv.mobilenet_v2, IMAGE),
    "densenet121": (tv.densenet121, IMAGE),
    "googlenet-torchvision": (
        lambda: tv.googlenet(aux_logits=False, init_weights=False),
        IMAGE,
    ),
}


def torchinfo(model, shape):
    from torchinfo import summary

    return summary(model, input_size=(1, *shape), verbose=0).total_mult_adds


def fvcore(model, shape):
    from fvcore.nn import FlopCountAnalysis

    found = FlopCountAnalysis(model, torch.zeros(1, *shape))
    return found.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()


def thop(model, shape):
    from thop import profile

    return profile(model, inputs=(torch.zeros(1, *shape),), verbose=False)[0]


def ptflops(model, shape):
    from ptflops import get_model_complexity_info

    found, _ = get_model_complexity_info(model, shape, as_strings=False, print_per_layer_stat=False)
    return found


def calflops(model, shape):
    from calflops import calculate_flops

    if not any(True for _ in model.parameters()):  # it fails on a model without any
        model.register_parameter("unused", nn.Parameter(torch.zeros(1)))
    found = calculate_flops(
        model, input_shape=(1, *shape), print_results=False, output_as_string=False
    )
    return {"FLOPs": found[0], "MACs": found[1]}


def onnx_tool(model, shape):
    import onnx_tool as tool

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        torch.onnx.export(model, torch.zeros(1, *shape), path, dynamo=False)
        graph = tool.loadmodel(path, {"verbose": False}).graph
    graph.shape_infer()
    graph.profile()
    return graph.macs[0]


def torch_flops(model, shape):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *shape))
    return counter.get_total_flops()


METHODS = ("matmul", "mm", "bmm", "addmm", "mul", "add")
TOOLS = {
    "torchinfo": torchinfo,
    "fvcore": fvcore,
    "thop": thop,
    "ptflops": ptflops,
    "calflops": calflops,
    "onnx-tool": onnx_tool,
    "torch": torch_flops,
}


@contextlib.contextmanager
def unpatched():
    """PyTorch's functions are put back, whatever a tool that failed left in their place."""
    spaces = [(space, dict(vars(space))) for space in (functional, torch)]
    methods = {name: getattr(torch.Tensor, name) for name in METHODS}
    try:
        yield
    finally:
        for space, known in spaces:
            vars(space).update(known)
        for name, method in methods.items():
            setattr(torch.Tensor, name, method)


def counted(build, shape):
    """What each tool prints for a model."""
    totals, model = {}, build().eval()
    for name, tool in TOOLS.items():
        try:
            with unpatched(), contextlib.redirect_stdout(io.StringIO()):
                found = tool(deepcopy(model), shape)
        except Exception as error:  # noqa: BLE001
            print(name, "fails:", str(error)[:100].replace("\n", " "))
            found = None
        totals[name] = int(found) if isinstance(found, float) else found
    return totals


def main():
    warnings.simplefilter("ignore")
    data = {"torch": torch.__version__.split("+")[0], "layers": [], "calls": [], "networks": {}}
    for key, cases in (("layers", LAYERS), ("calls", CALLS)):
        for module, layer, shape in cases:
            print(layer)
            data[key].append({"layer": layer, "input": shape, **counted(lambda m=module: m, shape)})
    for name, (build, shape) in NETWORKS.items():
        print(name)
        data["networks"][name] = {"input": shape, **counted(build, shape)}
    lines = json.dumps(data).replace('{"layer"', '\n{"layer"').replace('"networks"', '\n"networks"')
    OUTPUT.write_text(lines.replace('}, "', '},\n"') + "\n")


if __name__ == "__main__":
    main()
