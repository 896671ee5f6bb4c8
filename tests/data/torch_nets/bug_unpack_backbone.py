import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.s1 = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU())
        self.s2 = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU())
        self.s3 = nn.Sequential(nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU())

    def forward(self, x):
        c1 = self.s1(x)
        c2 = self.s2(c1)
        c3 = self.s3(c2)
        return c1, c2, c3


class DualHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        self.depth = nn.Conv2d(32, 1, 1)
        self.cls = nn.Linear(64, 8)

    def forward(self, x):
        low, high = self.backbone(x)
        return self.depth(low), self.cls(high.mean((2, 3)))
