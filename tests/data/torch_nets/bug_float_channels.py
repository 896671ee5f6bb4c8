import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, channels=64, reduction=4):
        super().__init__()
        mid = channels / reduction
        self.conv1 = nn.Conv2d(channels, mid, 1)
        self.conv2 = nn.Conv2d(mid, mid, 3, padding=1)
        self.conv3 = nn.Conv2d(mid, channels, 1)

    def forward(self, x):
        y = torch.relu(self.conv1(x))
        y = torch.relu(self.conv2(y))
        return x + self.conv3(y)
