import torch
import torch.nn as nn


class AdaINDecoder(nn.Module):
    def __init__(self, style_dim=64, ch=32):
        super().__init__()
        self.norm = nn.InstanceNorm2d(ch, affine=False)
        self.style = nn.Linear(style_dim, ch * 2)
        self.up = nn.UpsamplingNearest2d(scale_factor=2)
        self.conv = nn.Conv2d(ch, 3, 5, padding=2, padding_mode='reflect')

    def forward(self, content, s):
        h = self.norm(content)
        scale, shift = self.style(s).chunk(2, dim=1)
        h = (1 + scale) * h + shift
        return torch.tanh(self.conv(self.up(h)))
