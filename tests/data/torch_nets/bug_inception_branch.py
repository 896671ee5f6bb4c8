import torch
import torch.nn as nn


class BasicConv(nn.Module):
    def __init__(self, cin, cout, **kw):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, bias=False, **kw)
        self.bn = nn.BatchNorm2d(cout, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class InceptionStem(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = BasicConv(3, 32, kernel_size=3, stride=2)
        self.branch1x1 = BasicConv(32, 16, kernel_size=1)
        self.branch3x3 = BasicConv(32, 32, kernel_size=3)
        self.branch5x5 = BasicConv(32, 16, kernel_size=5, padding=2)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.head = nn.Conv2d(96, 10, 1)

    def forward(self, x):
        x = self.stem(x)
        branches = [self.branch1x1(x), self.branch3x3(x), self.branch5x5(x), self.pool(x)]
        return self.head(torch.cat(branches, 1)).mean((2, 3))
