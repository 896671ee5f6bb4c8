import torch
import torch.nn as nn


class ChannelShuffleNet(nn.Module):
    def __init__(self, channels=12, groups=3):
        super().__init__()
        self.groups = groups
        self.gconv1 = nn.Conv2d(channels, channels, 1, groups=groups)
        self.gconv2 = nn.Conv2d(channels, channels, 1, groups=groups)
        self.dw = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def shuffle(self, x):
        b, c, h, w = x.shape
        x = x.view(b, self.groups, c // self.groups, h, w)
        x = x.permute(0, 2, 1, 3, 4)
        x = x.view(b, c, h, w)
        return x

    def forward(self, x):
        y = self.shuffle(torch.relu(self.gconv1(x)))
        y = self.gconv2(self.dw(y))
        return torch.relu(x + y)
