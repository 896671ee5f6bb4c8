import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalConv1d(nn.Conv1d):
    """1-D convolution that sees the past only."""

    def __init__(self, in_channels, out_channels, kernel_size, dilation=1, **kw):
        self.left = (kernel_size - 1) * dilation
        super().__init__(in_channels, out_channels, kernel_size, dilation=dilation, **kw)

    def forward(self, x):
        return super().forward(F.pad(x, (self.left, 0)))


class WaveNet(nn.Module):
    def __init__(self, layers=6, blocks=2, residual=24, skip=48, classes=64):
        super().__init__()
        self.start = CausalConv1d(1, residual, 1)
        self.filters, self.gates = nn.ModuleList(), nn.ModuleList()
        self.res, self.skips = nn.ModuleList(), nn.ModuleList()
        self.receptive_field = 1
        for b in range(blocks):
            for d in (2 ** i for i in range(layers)):
                self.filters.append(CausalConv1d(residual, residual, 2, dilation=d))
                self.gates.append(CausalConv1d(residual, residual, 2, dilation=d))
                self.res.append(nn.Conv1d(residual, residual, 1))
                self.skips.append(nn.Conv1d(residual, skip, 1))
                self.receptive_field += d
        self.end1 = nn.Conv1d(skip, skip, 1)
        self.end2 = nn.Conv1d(skip, classes, 1)

    def forward(self, x):
        x = self.start(x)
        skip = 0
        for f, g, r, s in zip(self.filters, self.gates, self.res, self.skips):
            z = torch.tanh(f(x)) * torch.sigmoid(g(x))
            skip = skip + s(z)
            x = x + r(z)
        y = self.end2(F.relu(self.end1(F.relu(skip))))
        return y[..., -min(self.receptive_field, y.shape[-1]):]
