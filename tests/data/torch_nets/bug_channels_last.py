import torch
import torch.nn as nn


class KerasLike(nn.Module):
    # images come from numpy as N x H x W x C
    def __init__(self):
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(3, 16, 3, padding='same'), nn.ELU(), nn.MaxPool2d(2))
        self.block2 = nn.Sequential(nn.Conv2d(16, 32, 3, padding='same'), nn.ELU(), nn.MaxPool2d(2))
        self.gap = nn.AdaptiveAvgPool2d(output_size=1)
        self.out = nn.Linear(32, 2)

    def forward(self, x):
        x = x.permute(0, 2, 1, 3)
        x = self.block1(x)
        x = self.block2(x)
        x = self.gap(x).flatten(1)
        return self.out(x)
