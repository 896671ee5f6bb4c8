import random
import torch
import torch.nn as nn


class DynamicNet(nn.Module):
    """Deep pyramid CNN: one shared block is run until a single position is left."""

    def __init__(self, channels=20, classes=3):
        super().__init__()
        self.channels = channels
        self.region = nn.Conv1d(1, channels, 3, padding=1)
        self.padding_conv = nn.ConstantPad1d((1, 1), 0)
        self.padding_pool = nn.ConstantPad1d((0, 1), 0)
        self.conv = nn.Conv1d(channels, channels, 3, stride=1)
        self.pooling = nn.MaxPool1d(3, 2)
        self.act_fun = nn.ReLU()
        self.linear_out = nn.Linear(2 * channels, classes)

    def forward(self, x):
        x = self.act_fun(self.region(x))
        while x.size()[-1] > 2:
            x = self._block(x)
        if x.shape[-1] == 1:
            x = torch.cat([x, x], dim=-1)
        x = x.view(x.shape[0], 2 * self.channels)
        return self.linear_out(x)

    def _block(self, x):
        x = self.padding_pool(x)
        px = self.pooling(x)
        x = self.padding_conv(px)
        x = nn.functional.relu(x)
        x = self.conv(x)
        x = x + px  # short cut
        return x
