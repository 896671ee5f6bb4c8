import math
import torch
import torch.nn as nn
from torch.nn.modules.utils import _triple


class SpatioTemporalConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super(SpatioTemporalConv, self).__init__()
        kernel_size = _triple(kernel_size)
        stride = _triple(stride)
        padding = _triple(padding)

        spatial_kernel_size = [1, kernel_size[1], kernel_size[2]]
        spatial_stride = [1, stride[1], stride[2]]
        spatial_padding = [0, padding[1], padding[2]]
        temporal_kernel_size = [kernel_size[0], 1, 1]
        temporal_stride = [stride[0], 1, 1]
        temporal_padding = [padding[0], 0, 0]

        # number of intermediate channels, section 3.5 of the paper
        intermed_channels = int(math.floor((kernel_size[0] * kernel_size[1] * kernel_size[2] * in_channels * out_channels) /
                                           (kernel_size[1] * kernel_size[2] * in_channels + kernel_size[0] * out_channels)))
        self.spatial_conv = nn.Conv3d(in_channels, intermed_channels, spatial_kernel_size, stride=spatial_stride, padding=spatial_padding, bias=False)
        self.bn = nn.BatchNorm3d(intermed_channels)
        self.relu = nn.ReLU()
        self.temporal_conv = nn.Conv3d(intermed_channels, out_channels, temporal_kernel_size, stride=temporal_stride, padding=temporal_padding, bias=False)

    def forward(self, x):
        x = self.relu(self.bn(self.spatial_conv(x)))
        return self.temporal_conv(x)


class Block(nn.Module):
    def __init__(self, cin, cout, downsample=False):
        super().__init__()
        self.downsample = downsample
        if downsample:
            self.dconv = SpatioTemporalConv(cin, cout, 1, stride=2)
            self.dbn = nn.BatchNorm3d(cout)
        self.conv1 = SpatioTemporalConv(cin, cout, 3, stride=2 if downsample else 1, padding=1)
        self.bn1 = nn.BatchNorm3d(cout)
        self.conv2 = SpatioTemporalConv(cout, cout, 3, padding=3 // 2)
        self.bn2 = nn.BatchNorm3d(cout)

    def forward(self, x):
        res = torch.relu(self.bn1(self.conv1(x)))
        res = self.bn2(self.conv2(res))
        if self.downsample:
            x = self.dbn(self.dconv(x))
        return torch.relu(x + res)


class R2Plus1D(nn.Module):
    def __init__(self, num_classes=51):
        super().__init__()
        self.conv1 = SpatioTemporalConv(3, 16, [3, 7, 7], stride=[1, 2, 2], padding=[1, 3, 3])
        self.conv2 = Block(16, 16)
        self.conv3 = Block(16, 32, downsample=True)
        self.pool = nn.AdaptiveAvgPool3d(1)
        self.linear = nn.Linear(32, num_classes)

    def forward(self, x):
        x = self.pool(self.conv3(self.conv2(self.conv1(x))))
        return self.linear(x.view(-1, 32))
