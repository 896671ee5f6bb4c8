import torch.nn as nn
import torch.nn.functional as F


def stage(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class PyramidNet(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.c1, self.c2, self.c3 = stage(3, 16), stage(16, 24), stage(24, 32)
        self.c4, self.c5 = stage(32, 48), stage(48, 64)
        self.lat3 = nn.Conv2d(32, d, 1)
        self.lat4 = nn.Conv2d(48, d, 1)
        self.lat5 = nn.Conv2d(64, d, 1)
        self.head = nn.Conv2d(d, 5, 3, padding=1)

    def forward(self, x):
        c3 = self.c3(self.c2(self.c1(x)))
        c4 = self.c4(c3)
        c5 = self.c5(c4)
        p5 = self.lat5(c5)
        p4 = self.lat4(c4) + F.interpolate(p5, scale_factor=2, mode='nearest')
        p3 = self.lat3(c3) + F.interpolate(p4, scale_factor=2, mode='nearest')
        return [self.head(p) for p in (p3, p4, p5)]
