import torch
from torch import nn
from torch.nn import functional as F


class SwishImplementation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        result = i * torch.sigmoid(i)
        ctx.save_for_backward(i)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        i = ctx.saved_tensors[0]
        sigmoid_i = torch.sigmoid(i)
        return grad_output * (sigmoid_i * (1 + i * (1 - sigmoid_i)))


class MemoryEfficientSwish(nn.Module):
    def forward(self, x):
        return SwishImplementation.apply(x)


class Conv2dDynamicSamePadding(nn.Conv2d):
    """2D Convolutions like TensorFlow, for a dynamic image size."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, dilation=1, groups=1, bias=True):
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.stride = self.stride if len(self.stride) == 2 else [self.stride[0]] * 2

    def forward(self, x):
        ih, iw = x.size()[-2:]
        kh, kw = self.weight.size()[-2:]
        sh, sw = self.stride
        oh, ow = -(-ih // sh), -(-iw // sw)
        pad_h = max((oh - 1) * self.stride[0] + (kh - 1) * self.dilation[0] + 1 - ih, 0)
        pad_w = max((ow - 1) * self.stride[1] + (kw - 1) * self.dilation[1] + 1 - iw, 0)
        if pad_h > 0 or pad_w > 0:
            x = F.pad(x, [pad_w // 2, pad_w - pad_w // 2, pad_h // 2, pad_h - pad_h // 2])
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class MBConv(nn.Module):
    def __init__(self, inp, oup, k, s, expand, se_ratio=0.25):
        super().__init__()
        mid, squeezed = inp * expand, max(1, int(inp * se_ratio))
        self._expand = Conv2dDynamicSamePadding(inp, mid, 1, bias=False) if expand != 1 else None
        self._depthwise = Conv2dDynamicSamePadding(mid, mid, k, stride=s, groups=mid, bias=False)
        self._bn = nn.BatchNorm2d(num_features=mid, momentum=0.01, eps=1e-3)
        self._se_reduce = nn.Conv2d(mid, squeezed, 1)
        self._se_expand = nn.Conv2d(squeezed, mid, 1)
        self._project = Conv2dDynamicSamePadding(mid, oup, 1, bias=False)
        self._swish = MemoryEfficientSwish()
        self.skip = s == 1 and inp == oup

    def forward(self, inputs):
        x = inputs
        if self._expand is not None:
            x = self._swish(self._expand(inputs))
        x = self._swish(self._bn(self._depthwise(x)))
        s = F.adaptive_avg_pool2d(x, 1)
        s = self._se_expand(self._swish(self._se_reduce(s)))
        x = self._project(torch.sigmoid(s) * x)
        return x + inputs if self.skip else x


class EfficientStem(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Conv2dDynamicSamePadding(3, 16, 3, stride=2)
        self.blocks = nn.ModuleList([MBConv(16, 16, 3, 1, 1), MBConv(16, 24, 5, 2, 6), MBConv(24, 24, 5, 1, 6)])

    def forward(self, x):
        x = self.stem(x)
        for idx, block in enumerate(self.blocks):
            x = block(x)
        return x
