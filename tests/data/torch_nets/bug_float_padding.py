import torch
import torch.nn as nn


class DilatedConv(nn.Module):
    def __init__(self, ch=8, kernel_size=5, dilation=2):
        super().__init__()
        self.conv = nn.Conv1d(ch, ch, kernel_size, dilation=dilation,
                              padding=dilation * (kernel_size - 1) / 2)
        self.bn = nn.BatchNorm1d(ch)

    def forward(self, x):
        y = torch.relu(self.bn(self.conv(x)))
        return x + y
