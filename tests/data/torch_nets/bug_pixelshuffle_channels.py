import functools
import torch.nn as nn
import torch.nn.functional as F


def make_layer(block, n_layers):
    layers = []
    for _ in range(n_layers):
        layers.append(block())
    return nn.Sequential(*layers)


class ResidualBlock_noBN(nn.Module):
    def __init__(self, nf=64):
        super(ResidualBlock_noBN, self).__init__()
        self.conv1 = nn.Conv2d(nf, nf, 3, 1, 1, bias=True)
        self.conv2 = nn.Conv2d(nf, nf, 3, 1, 1, bias=True)

    def forward(self, x):
        identity = x
        out = F.relu(self.conv1(x), inplace=True)
        out = self.conv2(out)
        return identity + out


class SRResNet(nn.Module):
    def __init__(self, in_nc=3, out_nc=3, nf=30, nb=2, upscale=4):
        super(SRResNet, self).__init__()
        self.conv_first = nn.Conv2d(in_nc, nf, 3, 1, 1, bias=True)
        basic_block = functools.partial(ResidualBlock_noBN, nf=nf)
        self.recon_trunk = make_layer(basic_block, nb)
        self.upconv = nn.Conv2d(nf, nf * upscale, 3, 1, 1, bias=True)
        self.pixel_shuffle = nn.PixelShuffle(upscale)
        self.HRconv = nn.Conv2d(nf, out_nc, 3, 1, 1, bias=True)
        self.lrelu = nn.LeakyReLU(0.1, inplace=True)
        self.scale = upscale

    def forward(self, x):
        fea = self.lrelu(self.conv_first(x))
        out = self.recon_trunk(fea)
        out = self.lrelu(self.pixel_shuffle(self.upconv(out)))
        out = self.HRconv(out)
        base = F.interpolate(x, scale_factor=self.scale, mode='bilinear', align_corners=False)
        return out + base
