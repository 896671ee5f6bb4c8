"""What a pass through a network costs: the NumPy executor against PyTorch on the same thread.

Both compute the same network from the same weights, taking turns in one process; times are CPU
times of one thread, the least of several rounds. Losses and gradients are compared too. Peak
memory is that of processes of their own. Without PyTorch, the executor's own times are printed.

    python benchmarks/executor.py                     # all five networks
    python benchmarks/executor.py lenet5 --rounds 20  # one of them
    python benchmarks/executor.py --fast              # faster, less accurate convolutions too
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before any library reads them

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import cnnshape
from cnnshape.execute.executor import Settings, forward
from cnnshape.execute.losses import cross_entropy
from cnnshape.execute.plan import Stage, plan
from cnnshape.execute.run import drawn_inputs
from cnnshape.execute.weights import weights_of
from cnnshape.kernels.arena import Arena

NETWORKS = {
    "lenet5": 64,
    "alexnet-torchvision": 16,
    "vgg16": 2,
    "resnet50": 8,
    "mobilenet-v2": 8,
}
GOALS = {"mobilenet-v2": 3.0}
GOAL = 1.2


class Passes(NamedTuple):
    """One library's network: the scores, and the loss with the gradients by the weights."""

    forward: Callable[[], np.ndarray]
    both: Callable[[], tuple[float, dict[str, np.ndarray]]]


class Setting:
    """A network with its input, its labels and its weights."""

    def __init__(self, name: str, batch: int, *, fast: bool = False) -> None:
        self.graph = cnnshape.load(name).graph
        self.plan = plan(self.graph, batch)
        self.fast = fast
        self.weights = weights_of(self.plan, seed=1)
        self.inputs = drawn_inputs(self.graph, batch, seed=2)
        (self.output,) = self.graph.outputs
        classes = self.plan.shapes[self.output][1]
        self.labels = np.random.default_rng(3).integers(0, classes, batch)


def with_numpy(setting: Setting) -> Passes:
    """The executor; its memory is used again from pass to pass."""
    arena, planned = Arena(), setting.plan

    def settings(*, backward: bool) -> Settings:
        return Settings(
            training=True,
            backward=backward,
            fast=setting.fast,
            keep=frozenset(),
            inputs=frozenset(),
        )

    def scores() -> np.ndarray:
        done = forward(planned, setting.inputs, setting.weights, settings(backward=False), arena)
        return done.values[setting.output]

    def both() -> tuple[float, dict[str, np.ndarray]]:
        done = forward(planned, setting.inputs, setting.weights, settings(backward=True), arena)
        loss = cross_entropy(done.values[setting.output], setting.labels)
        return loss.value, done.backward({setting.output: loss.gradient})[1]

    return Passes(scores, both)


def module_of(stage: Stage) -> Any:
    """The module of torch.nn that a layer names, with what it infers filled in."""
    from torch import nn

    layer = stage.layer
    arguments = {n: v for n, v in vars(layer).items() if n in type(layer).model_fields}
    for name, stated in layer.stated.items():
        arguments[name] = stage.x[min(stated.operand, len(stage.x) - 1)][stated.axis]
    for name in ("type", "connection_table"):
        arguments.pop(name, None)
    if "inplace" in arguments:
        arguments["inplace"] = layer.type.startswith("relu")
    names = dict(zip(type(layer).types, type(layer).torch, strict=False))
    kind = names.get(layer.type) or f"BatchNorm{len(stage.y) - 2}d"
    return getattr(nn, kind)(**arguments)


def with_torch(setting: Setting) -> Passes:
    """The same network built of PyTorch's modules."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    modules = nn.ModuleDict()
    keys = {stage.name: stage.name.replace(".", "/") for stage in setting.plan.stages}
    for stage in setting.plan.stages:
        if stage.layer.type not in ("add", "concat"):
            modules[keys[stage.name]] = module_of(stage)
    stored = {f"{keys[n.rpartition('.')[0]]}.{n.rpartition('.')[2]}": torch.from_numpy(w.copy())
              for n, w in setting.weights.items()}  # fmt: skip
    modules.load_state_dict(stored)
    values_in = {n: torch.from_numpy(x.copy()) for n, x in setting.inputs.items()}
    labels = torch.from_numpy(setting.labels)

    def compute() -> Any:
        values = dict(values_in)
        for stage in setting.plan.stages:
            given = [values[name] for name in stage.node.inputs]
            if stage.layer.type == "add":
                values[stage.name] = sum(given[1:], given[0])
            elif stage.layer.type == "concat":
                values[stage.name] = torch.cat(given, 1)
            else:
                values[stage.name] = modules[keys[stage.name]](*given)
            for name in stage.node.inputs:
                if setting.plan.last_readers.get(name) == stage.name:
                    values.pop(name, None)
        return values[setting.output]

    def scores() -> np.ndarray:
        with torch.no_grad():
            return compute().numpy()

    def both() -> tuple[float, dict[str, np.ndarray]]:
        modules.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(compute(), labels)
        loss.backward()
        return loss.item(), {n.replace("/", "."): p.grad.numpy()
                             for n, p in modules.named_parameters()}  # fmt: skip

    return Passes(scores, both)


def seconds(function: Callable[[], object]) -> float:
    """CPU time of this thread."""
    start = time.thread_time()
    function()
    return time.thread_time() - start


def measure(passes: dict[str, Passes], rounds: int) -> dict[str, tuple[float, float]]:
    """The least time of each library: forward, and forward with backward."""
    times: dict[str, list[tuple[float, float]]] = {library: [] for library in passes}
    for item in passes.values():
        item.both()
    for _ in range(rounds):
        for library, item in passes.items():
            times[library].append((seconds(item.forward), seconds(item.both)))
    return {library: tuple(map(min, zip(*all_, strict=True))) for library, all_ in times.items()}


def peak(name: str, library: str, *, fast: bool) -> float:
    """MiB that two passes need at most, in a process of their own."""
    command = [sys.executable, __file__, name, "--memory-of", library]
    command += ["--fast"] if fast else []
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout))


def memory_of(name: str, library: str, *, fast: bool) -> float:
    """The peak of two passes beyond what is held before: libraries, weights and input (Linux)."""
    setting = Setting(name, NETWORKS[name], fast=fast)
    passes = (with_numpy if library == "numpy" else with_torch)(setting)
    if library == "torch":
        setting.weights.clear()  # the modules have theirs
    PROCESS.joinpath("clear_refs").write_text("5", "ascii")  # the peak begins anew
    before = kibibytes("VmRSS")
    passes.both()
    passes.both()
    return (kibibytes("VmHWM") - before) / 1024


PROCESS = Path("/", "proc", "self")


def kibibytes(field: str) -> int:
    """A figure of this process."""
    lines = (PROCESS / "status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def has_torch() -> bool:
    """Whether PyTorch is installed here."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def differences(passes: dict[str, Passes]) -> str:
    """How far losses and gradients are apart."""
    (loss, ours), (other_loss, theirs) = (passes[name].both() for name in ("numpy", "torch"))
    worst = max(
        float(np.abs(g - theirs[name]).max() / (np.abs(theirs[name]).max() or 1))
        for name, g in ours.items()
    )
    return f"loss {loss:.5f} / {other_loss:.5f}, gradients differ by {worst:.0e}"


def compare(name: str, rounds: int, *, fast: bool, memory: bool) -> str:
    """A row of the table."""
    setting = Setting(name, NETWORKS[name], fast=fast)
    passes = {"numpy": with_numpy(setting)}
    if has_torch():
        passes["torch"] = with_torch(setting)
    times = measure(passes, rounds)
    ours = times["numpy"]
    row = f"{name:20} {NETWORKS[name]:3}  {ours[0] * 1e3:8.1f} {ours[1] * 1e3:8.1f} ms"
    if "torch" not in times:
        return row
    theirs = times["torch"]
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    row += f"  {theirs[0] * 1e3:8.1f} {theirs[1] * 1e3:8.1f} ms  {ratios[0]:5.2f} {ratios[1]:5.2f}"
    row += f"  (goal {GOALS.get(name, GOAL)})"
    if memory:
        row += "".join(f"  {peak(name, library, fast=fast):6.0f} MiB" for library in passes)
    dropout = any("dropout" in stage.layer.type for stage in setting.plan.stages)
    return row if dropout else f"{row}  {differences(passes)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--memory-of", choices=("numpy", "torch"))
    options = parser.parse_args()
    if options.memory_of:
        print(json.dumps(memory_of(options.networks[0], options.memory_of, fast=options.fast)))
        return
    print(
        "network            batch   numpy: forward, + backward   torch: the same   ratios   peaks"
    )
    for name in options.networks:
        print(compare(name, options.rounds, fast=options.fast, memory=not options.no_memory),
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
