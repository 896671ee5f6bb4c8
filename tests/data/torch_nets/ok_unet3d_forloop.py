import torch
import torch.nn as nn
import torch.nn.functional as F


def conv(in_channels, out_channels, order="gcr"):
    modules = []
    for char in order:
        if char == 'r':
            modules.append(('ReLU', nn.ReLU(inplace=True)))
        elif char == 'c':
            modules.append(('conv', nn.Conv3d(in_channels, out_channels, 3, padding=1, bias='g' not in order)))
        elif char == 'g':
            groups = 8 if in_channels >= 8 else 1
            assert in_channels % groups == 0, f'Expected number of channels in input to be divisible by num_groups. num_channels={in_channels}, num_groups={groups}'
            modules.append(('groupnorm', nn.GroupNorm(num_groups=groups, num_channels=in_channels)))
        else:
            raise ValueError(f"Unsupported layer type '{char}'")
    return modules


class SingleConv(nn.Sequential):
    def __init__(self, i, o, order="gcr"):
        super().__init__()
        for name, module in conv(i, o, order):
            self.add_module(name, module)


class UNet3D(nn.Module):
    def __init__(self, in_channels=1, out_channels=2, f_maps=8, num_levels=3):
        super().__init__()
        f_maps = [f_maps * 2 ** k for k in range(num_levels)]
        encoders = []
        for i, out in enumerate(f_maps):
            pool = nn.Identity() if i == 0 else nn.MaxPool3d(2)
            encoders.append(nn.Sequential(pool, SingleConv(in_channels if i == 0 else f_maps[i - 1], out)))
        self.encoders = nn.ModuleList(encoders)
        rev = list(reversed(f_maps))
        self.decoders = nn.ModuleList([SingleConv(rev[i] + rev[i + 1], rev[i + 1]) for i in range(len(rev) - 1)])
        self.final_conv = nn.Conv3d(f_maps[0], out_channels, 1)

    def forward(self, x):
        encoders_features = []
        for encoder in self.encoders:
            x = encoder(x)
            # reverse the encoder outputs to be aligned with the decoder
            encoders_features.insert(0, x)
        encoders_features = encoders_features[1:]
        for decoder, feats in zip(self.decoders, encoders_features):
            x = F.interpolate(x, size=feats.size()[2:], mode='nearest')
            x = decoder(torch.cat((feats, x), dim=1))
        x = self.final_conv(x)
        if not self.training:
            x = torch.softmax(x, 1)
        return x
