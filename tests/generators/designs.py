"""Layers of the models whose design is spoken of, in few words."""

from __future__ import annotations

from typing import Any

from checked import designs

from cnnshape.analysis.result import Analysis


def told(analysis: Analysis) -> list[tuple[str, str | None]]:
    return [(item.rule, item.layer) for item in designs(analysis)]


def conv(channels: int = 8, kernel: Any = 3, **rest: Any) -> dict[str, Any]:
    return {"type": "conv2d", "out_channels": channels, "kernel_size": kernel, **rest}


def up(kernel: int, stride: int, **rest: Any) -> dict[str, Any]:
    return {**conv(4, kernel, stride=stride, **rest), "type": "conv_transpose2d"}


def linear(features: int) -> dict[str, Any]:
    return {"type": "linear", "out_features": features}


def pool(kernel: int, **rest: Any) -> dict[str, Any]:
    return {"type": "max_pool2d", "kernel_size": kernel, **rest}


def named(name: str, layer: dict[str, Any], *sources: str) -> dict[str, Any]:
    return {"name": name, **layer, **({"from": [*sources]} if sources else {})}
