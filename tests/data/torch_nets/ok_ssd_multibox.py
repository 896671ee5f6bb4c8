from itertools import product
from math import sqrt

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init


class L2Norm(nn.Module):
    def __init__(self, n_channels, scale):
        super(L2Norm, self).__init__()
        self.n_channels = n_channels
        self.gamma = scale or None
        self.eps = 1e-10
        self.weight = nn.Parameter(torch.Tensor(self.n_channels))
        self.reset_parameters()

    def reset_parameters(self):
        init.constant_(self.weight, self.gamma)

    def forward(self, x):
        norm = x.pow(2).sum(dim=1, keepdim=True).sqrt() + self.eps
        x = torch.div(x, norm)
        out = self.weight.unsqueeze(0).unsqueeze(2).unsqueeze(3).expand_as(x) * x
        return out


class SSD(nn.Module):
    mbox = [4, 6, 4]

    def __init__(self, num_classes=21):
        super(SSD, self).__init__()
        self.num_classes = num_classes
        self.vgg = nn.ModuleList([
            nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(True),
            nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(True),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(64, 96, 3, padding=2, dilation=2), nn.ReLU(True)])
        self.L2Norm = L2Norm(64, 20)
        self.extras = nn.ModuleList([nn.Conv2d(96, 32, 1), nn.Conv2d(32, 64, 3, stride=2, padding=1)])
        source_channels = [64, 96, 64]
        self.loc = nn.ModuleList()
        self.conf = nn.ModuleList()
        for c, k in zip(source_channels, self.mbox):
            self.loc += [nn.Conv2d(c, k * 4, kernel_size=3, padding=1)]
            self.conf += [nn.Conv2d(c, k * num_classes, kernel_size=3, padding=1)]
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, x):
        sources, loc, conf = list(), list(), list()
        for k in range(4):
            x = self.vgg[k](x)
        sources.append(self.L2Norm(x))
        for k in range(4, len(self.vgg)):
            x = self.vgg[k](x)
        sources.append(x)
        for k, v in enumerate(self.extras):
            x = F.relu(v(x), inplace=True)
            if k % 2 == 1:
                sources.append(x)
        # apply multibox head to source layers
        for (x, l, c) in zip(sources, self.loc, self.conf):
            loc.append(l(x).permute(0, 2, 3, 1).contiguous())
            conf.append(c(x).permute(0, 2, 3, 1).contiguous())
        loc = torch.cat([o.view(o.size(0), -1) for o in loc], 1)
        conf = torch.cat([o.view(o.size(0), -1) for o in conf], 1)
        return (loc.view(loc.size(0), -1, 4),
                self.softmax(conf.view(conf.size(0), -1, self.num_classes)))
