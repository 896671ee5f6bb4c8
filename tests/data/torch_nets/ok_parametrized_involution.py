import torch
import torch.nn as nn
from torch.nn.utils import parametrizations, parameters_to_vector


class Involution(nn.Module):
    def __init__(self, channels, kernel_size, stride, group_channels=4, reduction_ratio=4):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.channels = channels
        self.group_channels = group_channels
        self.groups = self.channels // self.group_channels
        self.conv1 = nn.Conv2d(channels, channels // reduction_ratio, 1)
        self.conv2 = nn.Conv2d(channels // reduction_ratio, kernel_size ** 2 * self.groups, 1)
        if stride > 1:
            self.avgpool = nn.AvgPool2d(stride, stride)
        self.unfold = nn.Unfold(kernel_size, 1, (kernel_size - 1) // 2, stride)

    def forward(self, x):
        weight = self.conv2(self.conv1(x if self.stride == 1 else self.avgpool(x)))
        b, c, h, w = weight.shape
        weight = weight.view(b, self.groups, self.kernel_size ** 2, h, w).unsqueeze(2)
        out = self.unfold(x).view(b, self.groups, self.group_channels, self.kernel_size ** 2, h, w)
        out = (weight * out).sum(dim=3).view(b, self.channels, h, w)
        return out


class InvolutionNet(nn.Module):
    def __init__(self, ch=16):
        super().__init__()
        self.inv1 = Involution(ch, 7, 1)
        self.inv2 = Involution(ch, 3, 2)
        self.lin = parametrizations.weight_norm(nn.Linear(ch, 4))
        self.fold = nn.Fold((4, 4), 2, stride=2)
        self.patches = nn.Unfold(2, stride=2)
        self.cn = nn.ChannelShuffle(4)
        self.un = nn.PixelUnshuffle(2)
        print("number of parameters:", parameters_to_vector(self.inv1.parameters()).numel())

    def forward(self, x):
        y = self.inv2(self.inv1(x).relu())
        small = nn.functional.adaptive_avg_pool2d(self.cn(y), 4)
        again = self.fold(self.patches(small))
        assert again.shape == small.shape
        return self.lin(again.mean((2, 3))), self.un(again)
