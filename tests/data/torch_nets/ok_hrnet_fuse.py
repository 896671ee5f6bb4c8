import torch
import torch.nn as nn
import torch.nn.functional as F

BN_MOMENTUM = 0.1
blocks_dict = {}


def register(cls):
    blocks_dict[cls.__name__.upper()] = cls
    return cls


@register
class Basic(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(c, momentum=BN_MOMENTUM)

    def forward(self, x):
        return F.relu_(self.bn(self.conv(x)) + x)


class HRModule(nn.Module):
    def __init__(self, num_channels=[8, 16, 32], block='BASIC'):
        super().__init__()
        Block = blocks_dict[block]
        self.num_branches = len(num_channels)
        self.stems = nn.ModuleList([nn.Conv2d(3, c, 3, stride=2 ** (i + 1), padding=1) for i, c in enumerate(num_channels)])
        self.branches = nn.ModuleList([Block(c) for c in num_channels])
        fuse_layers = []
        for i in range(self.num_branches):
            fuse_layer = []
            for j in range(self.num_branches):
                if j > i:
                    fuse_layer.append(nn.Sequential(
                        nn.Conv2d(num_channels[j], num_channels[i], 1, 1, 0, bias=False),
                        nn.BatchNorm2d(num_channels[i]),
                        nn.Upsample(scale_factor=2 ** (j - i), mode='nearest')))
                elif j == i:
                    fuse_layer.append(None)
                else:
                    conv3x3s = []
                    for k in range(i - j):
                        out = num_channels[i] if k == i - j - 1 else num_channels[j]
                        conv3x3s.append(nn.Conv2d(num_channels[j], out, 3, 2, 1, bias=False))
                    fuse_layer.append(nn.Sequential(*conv3x3s))
            fuse_layers.append(nn.ModuleList(fuse_layer))
        self.fuse_layers = nn.ModuleList(fuse_layers)

    def forward(self, x):
        x = [b(s(x)) for s, b in zip(self.stems, self.branches)]
        x_fuse = []
        for i in range(len(self.fuse_layers)):
            y = x[0] if i == 0 else self.fuse_layers[i][0](x[0])
            for j in range(1, self.num_branches):
                if i == j:
                    y = y + x[j]
                else:
                    y = y + self.fuse_layers[i][j](x[j])
            x_fuse.append(torch.relu(y))
        return x_fuse
