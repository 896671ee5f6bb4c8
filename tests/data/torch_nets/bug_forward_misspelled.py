import torch
import torch.nn as nn


class Squeeze(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Conv2d(c, c, 1)

    def foward(self, x):
        return x * torch.sigmoid(self.fc(self.pool(x)))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.se = Squeeze(4)

    def forward(self, x):
        x = self.conv(x)
        x = self.se(x)
        return x.sum((1, 2, 3))
