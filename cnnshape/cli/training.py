"""The options of `cnnshape train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DATA, LEARNING, FILES = "Data", "Learning", "Files"


class OptimiserName(StrEnum):
    """The optimisers there are."""

    adam = "adam"
    sgd = "sgd"


DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="FILE",
        help="An .npz file with x and y, the MNIST files, or a folder of .npy files.",
        rich_help_panel=DATA,
        show_default=False,
    ),
]
ValidOption = Annotated[
    Path | None,
    typer.Option("--valid", metavar="FILE", help="Data to validate with.", rich_help_panel=DATA),
]
SplitOption = Annotated[
    float | None,
    typer.Option(
        "--split",
        metavar="SHARE",
        help="The share of the data to validate with, 0.2; 0: none.",
        rich_help_panel=DATA,
    ),
]
NoScaleOption = Annotated[
    bool,
    typer.Option(
        "--no-scale", help="Leave bytes as they are; else 0..255 become 0..1.", rich_help_panel=DATA
    ),
]
OverfitOption = Annotated[
    int | None,
    typer.Option(
        "--overfit",
        min=1,
        metavar="K",
        help="Only check that the model can learn K samples by heart.",
        rich_help_panel=LEARNING,
    ),
]
EpochsOption = Annotated[
    int | None,
    typer.Option(
        "--epochs", min=1, metavar="N", help="How often to see the data, 10.",
        rich_help_panel=LEARNING,
    ),
]  # fmt: skip
BatchSizeOption = Annotated[
    int | None,
    typer.Option(
        "--batch-size", min=1, metavar="N", help="Samples a step, 64.", rich_help_panel=LEARNING
    ),
]
OptimiserOption = Annotated[
    OptimiserName | None,
    typer.Option(
        "--optimiser", "--optimizer", help="The optimiser, adam.", rich_help_panel=LEARNING
    ),
]
RateOption = Annotated[
    str | None,
    typer.Option(
        "--lr",
        metavar="SCHEDULE",
        help="The learning rate: 0.01, linear:0.1:0.001, cosine:0.1:0, step:0.1:0.5:10.",
        rich_help_panel=LEARNING,
    ),
]
MomentumOption = Annotated[
    str | None,
    typer.Option(
        "--momentum", metavar="SCHEDULE", help="SGD's momentum, 0.9.", rich_help_panel=LEARNING
    ),
]
NesterovOption = Annotated[
    bool, typer.Option("--nesterov", help="Nesterov's momentum.", rich_help_panel=LEARNING)
]
WeightDecayOption = Annotated[
    float | None,
    typer.Option(
        "--weight-decay", metavar="VALUE", help="Weight decay, 0.", rich_help_panel=LEARNING
    ),
]
PatienceOption = Annotated[
    int | None,
    typer.Option(
        "--patience",
        min=1,
        metavar="N",
        help="Stop after N epochs without a lower loss.",
        rich_help_panel=LEARNING,
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, metavar="N", help="Draws weights, batches and dropout, 0.",
        rich_help_panel=LEARNING,
    ),
]  # fmt: skip
CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Write the state after every epoch (.npz).",
        rich_help_panel=FILES,
    ),
]
ResumeOption = Annotated[
    Path | None,
    typer.Option(
        "--resume", metavar="FILE", help="Go on from a checkpoint.", rich_help_panel=FILES
    ),
]
SaveOption = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE",
        help="Write the weights of the best epoch (.npz).",
        rich_help_panel=FILES,
    ),
]
CurveOption = Annotated[
    Path | None,
    typer.Option("--curve", metavar="FILE", help="Draw the losses (.svg).", rich_help_panel=FILES),
]
QuietTrainOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print what came of it, and no table.")
]
