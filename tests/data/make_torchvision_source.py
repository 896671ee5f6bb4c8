"""Record what torchvision's own builders build: totals and output shapes, on the meta device.

Run by hand, with PyTorch and torchvision installed: `python tests/data/make_torchvision_source.py`
writes `torchvision_source.json.gz` beside this file. Nothing of this project is imported. Every
builder of classification, segmentation and video networks is measured as it is, and those with
auxiliary heads in their other forms too; of those of detection networks, the backbone. Of `LEAVES`
every call of a module that has none inside it is recorded in the order of execution, as
`leaf_columns` names the columns.
"""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

COLUMNS = [
    "name", "kind", "variant", "kwargs", "mode", "input",
    "params", "trainable", "buffers", "macs", "output",
]  # fmt: skip
LEAF_COLUMNS = ["name", "type", "input", "output", "params", "buffers", "macs"]
LEAVES = (
    *("alexnet", "densenet121", "googlenet", "mobilenet_v2", "resnet18", "resnet50"),
    *("squeezenet1_1", "vgg16"),
)
KINDS = {
    "classification": models,
    "segmentation": models.segmentation,
    "video": models.video,
    "detection": models.detection,
}
SEGMENTED = [1, 3, 520, 520]
FRAMES = 16
SMALL_CLIPS = ("mc3_18", "r2plus1d_18", "r3d_18")
"""What reads clips of 112 pixels, not 224."""


class Built(NamedTuple):
    """One network to measure."""

    name: str
    kind: str
    variant: str | None
    kwargs: dict[str, Any]
    mode: str
    input: list[int]


def networks() -> Iterator[Built]:
    """All of them."""
    for kind, module in KINDS.items():
        for name in models.list_models(module=module):
            yield from forms(name, kind)


def forms(name: str, kind: str) -> Iterator[Built]:
    """One builder as it is called without arguments, and its other forms."""
    if kind == "segmentation":
        bare = {"weights_backbone": None}
        yield Built(name, kind, "default", bare, "eval", SEGMENTED)
        if "lraspp" not in name:
            yield Built(name, kind, "aux", bare | {"aux_loss": True}, "eval", SEGMENTED)
    elif kind == "detection":
        yield Built(name, kind, None, {"weights_backbone": None}, "eval", [1, 3, 320, 320])
    elif kind == "video":
        size = 112 if name in SMALL_CLIPS else 224
        yield Built(name, kind, None, {}, "eval", [1, 3, FRAMES, size, size])
    else:
        size = crop(name)
        yield Built(name, kind, None, {}, "eval", [1, 3, size, size])
        if name in AUXILIARY:
            yield from auxiliary(name, size)


AUXILIARY = ("googlenet", "inception_v3")


def crop(name: str) -> int:
    """The smallest size that published weights of it read."""
    sizes = [weights.transforms().crop_size for weights in models.get_model_weights(name)]
    return min(size if isinstance(size, int) else size[0] for size in sizes)


def auxiliary(name: str, size: int) -> Iterator[Built]:
    """Networks that have heads for training alone."""
    for variant, kwargs, mode, batch in (
        ("train_aux", {"aux_logits": True}, "train", 2),
        ("eval_noaux", {"aux_logits": False}, "eval", 1),
        ("train_noaux", {"aux_logits": False}, "train", 2),
        ("eval_aux_transform_input", {"aux_logits": True, "transform_input": True}, "eval", 1),
    ):
        yield Built(name, "classification", variant, kwargs, mode, [batch, 3, size, size])


def shapes(value: Any) -> Any:
    """An output's shape, or the shapes within it by name."""
    if isinstance(value, Tensor):
        return list(value.shape)
    if isinstance(value, dict):
        return {key: shapes(item) for key, item in value.items()}
    return {key: shapes(getattr(value, key)) for key in value._fields}


def module_of(built: Built) -> nn.Module:
    """The network on the meta device, where need be by way of the CPU."""
    try:
        with torch.device("meta"):
            return part_of(built)
    except NotImplementedError:  # widths are computed by tensors
        return part_of(built).to("meta")


def part_of(built: Built) -> nn.Module:
    """The network, or the part of it that is measured."""
    model = models.get_model(built.name, weights=None, **built.kwargs)
    return model.backbone if built.kind == "detection" else model


def measured(built: Built) -> list[Any]:
    """One row of the table."""
    model, batch = module_of(built), torch.zeros(built.input, device="meta")
    model.train(built.mode == "train")
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        output = shapes(model(batch))
    parameters, buffers = list(model.parameters()), list(model.buffers())
    return [
        *built,
        sum(one.numel() for one in parameters),
        sum(one.numel() for one in parameters if one.requires_grad),
        sum(one.numel() for one in buffers),
        counter.get_total_flops() // 2,
        output,
    ]


def leaves(name: str) -> list[list[Any]]:
    """The calls of modules that have none inside them."""
    model = module_of(Built(name, "", None, {}, "eval", [])).eval()
    rows: list[list[Any]] = []
    for path, module in model.named_modules():
        if not [*module.children()]:
            module.register_forward_hook(recorder(path, rows))
    with torch.no_grad():
        model(torch.zeros([1, 3, 224, 224], device="meta"))
    return rows


def recorder(path: str, rows: list[list[Any]]) -> Any:
    """A hook that notes a call; what it multiplies is counted in a call of its own."""

    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        with FlopCounterMode(display=False) as counter:
            module.forward(*inputs)
        rows.append(
            [
                path,
                type(module).__name__,
                shapes(inputs[0]),
                shapes(output),
                sum(one.numel() for one in module.parameters()),
                sum(one.numel() for one in module.buffers()),
                counter.get_total_flops() // 2,
            ]
        )

    return record


def main() -> None:
    """Write the table."""
    warnings.simplefilter("ignore")
    data = {
        "pytorch": torch.__version__.partition("+")[0],
        "torchvision": torchvision.__version__.partition("+")[0],
        "columns": COLUMNS,
        "models": [measured(built) for built in networks()],
        "leaf_columns": LEAF_COLUMNS,
        "leaves": {name: leaves(name) for name in LEAVES},
    }
    target = Path(__file__).with_name("torchvision_source.json.gz")
    target.write_bytes(gzip.compress(json.dumps(data).encode(), mtime=0))


if __name__ == "__main__":
    main()
