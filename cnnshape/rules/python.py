"""Rules of PyTorch source, whose code is run to be checked."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

INPUT = "--input N,3,32,32"

RULES = (
    Rule(
        "python-error",
        "error",
        "The code raises an exception, with these shapes, at the line that is named.",
        prose("""PyTorch's users would see the same one, or the one that PyTorch raises there.
            Nothing behind the line was checked."""),
        "Mend the line; the notes name the lines that called it.",
        text("""
            import torch.nn as nn


            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 8, 3)

                def forward(self, x):
                    return self.convolution(x)
        """),
        file="net.py",
        options=INPUT,
    ),
    Rule(
        "batch-mixed",
        "warning",
        "A view makes rows of another number than there are samples.",
        prose("""With `view(-1, features)` a row takes as many values as it is told, whichever
            sample they are of. PyTorch accepts it, and rows then hold parts of several
            samples."""),
        "Write `x.view(x.size(0), -1)`, and make the next layer take what arrives.",
        text("""
            import torch.nn as nn


            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 8, 3)
                    self.relu = nn.ReLU()
                    self.fc = nn.Linear(8 * 15 * 15, 10)

                def forward(self, x):
                    x = self.relu(self.conv(x))
                    return self.fc(x.view(-1, 8 * 15 * 15))
        """),
        file="net.py",
        options="--input 4,3,32,32",
    ),
    Rule(
        "unsupported-operation",
        "error",
        "The model uses something of PyTorch's that cnnshape does not model. The exit code is 2.",
        prose("""Its shape is not known, so nothing behind it is: the model was not checked, and
            does not pass."""),
        prose("""Write it with what is modelled: [pytorch-names.md](pytorch-names.md) lists that.
            A report of what is missing is welcome."""),
        text("""
            import torch
            import torch.nn as nn


            class Net(nn.Module):
                def forward(self, x):
                    return torch.lobpcg(x)
        """),
        file="net.py",
        options=INPUT,
    ),
    Rule(
        "refused",
        "error",
        "The code asks for what no model needs, and was not given it. The exit code is 2.",
        prose("""While a file is checked its code has no network, starts no programs, writes and
            deletes no files: [pytorch.md](pytorch.md#safety)."""),
        "Leave it out of the model, or check with `--trust` what you trust.",
        text("""
            import os

            import torch.nn as nn


            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    os.remove("net.py")

                def forward(self, x):
                    return x
        """),
        file="net.py",
        options=INPUT,
    ),
    Rule(
        "missing-package",
        "error",
        "The model uses a package that is not installed. The exit code is 2.",
        prose("""An import alone does no harm: a placeholder stands there, and is an error where
            the model's path uses it."""),
        "Install the package beside cnnshape.",
        text("""
            import no_such_package
            import torch.nn as nn


            class Net(nn.Module):
                def forward(self, x):
                    return no_such_package.act(x)
        """),
        file="net.py",
        options=INPUT,
    ),
    Rule(
        "timed-out",
        "error",
        "The code ran longer than `--timeout` allows, by default 60 seconds. The exit code is 2.",
        "Shapes take a fraction of a second, so a loop is likely not to end.",
        "Mend the line that was running, or allow more time.",
        text("""
            import torch.nn as nn


            class Net(nn.Module):
                def forward(self, x):
                    while x is not None:
                        pass
                    return x
        """),
        file="net.py",
        options=f"{INPUT} --timeout 1",
    ),
    Rule(
        "out-of-memory",
        "error",
        "The code asked for more memory than it may have, 4 GiB. The exit code is 2.",
        "Tensors have no values here, so something else is that large.",
        "Make the model without it: a table as `torch.zeros(…)` takes no memory here.",
        text("""
            import torch.nn as nn


            class Net(nn.Module):
                def forward(self, x):
                    table = bytearray(1 << 40)
                    return x
        """),
        file="net.py",
        options=INPUT,
    ),
    Rule(
        "crashed",
        "error",
        "The code ended the process that it was run in. The exit code is 2.",
        "What it would have given is not known.",
        "Leave the call out, such as `sys.exit()`, or the library that crashes.",
        text("""
            import sys

            import torch.nn as nn


            class Net(nn.Module):
                def forward(self, x):
                    sys.exit(1)
        """),
        file="net.py",
        options=INPUT,
    ),
)
