import torch.nn as nn


class DepthwiseSeparable(nn.Module):
    def __init__(self, cin, cout, groups=1):
        super().__init__()
        self.spatial = nn.Conv2d(cin, cout, 3, padding=1, groups=groups, bias=False)
        self.point = nn.Conv2d(cout, cout, 1)
        self.act = nn.Hardswish()

    def forward(self, x):
        return self.act(self.point(self.spatial(x)))


class MobileBlocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.dw1 = DepthwiseSeparable(3, 32)
        self.dw2 = DepthwiseSeparable(32, 48, groups=32)
        self.dw3 = DepthwiseSeparable(48, 64, groups=16)
        self.pool = nn.AvgPool2d(8)

    def forward(self, x):
        x = self.pool(self.dw1(x))
        x = self.dw2(x)
        return self.dw3(x)
