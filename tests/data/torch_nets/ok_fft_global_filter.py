import math
import torch
import torch.fft
import torch.nn as nn


class GlobalFilter(nn.Module):
    def __init__(self, dim, h=8, w=5):
        super().__init__()
        self.complex_weight = nn.Parameter(torch.randn(h, w, dim, 2, dtype=torch.float32) * 0.02)
        self.w = w
        self.h = h

    def forward(self, x):
        B, N, C = x.shape
        a = b = int(math.sqrt(N))
        x = x.view(B, a, b, C)
        x = x.to(torch.float32)
        x = torch.fft.rfft2(x, dim=(1, 2), norm='ortho')
        weight = torch.view_as_complex(self.complex_weight)
        x = x * weight
        x = torch.fft.irfft2(x, s=(a, b), dim=(1, 2), norm='ortho')
        return x.reshape(B, N, C)


class FNetMix(nn.Module):
    def forward(self, x):
        return torch.fft.fft(torch.fft.fft(x, dim=-1), dim=-2).real


class GFNet(nn.Module):
    def __init__(self, dim=24, depth=2, classes=10):
        super().__init__()
        self.patch = nn.Conv2d(3, dim, 4, 4)
        self.pos = nn.Parameter(torch.zeros(1, 64, dim))
        self.blocks = nn.ModuleList([GlobalFilter(dim) for _ in range(depth)])
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(depth))
        self.mix = FNetMix()
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2) + self.pos
        for norm, block in zip(self.norms, self.blocks):
            x = x + block(norm(x))
        x = x + self.mix(x)
        return self.head(x.mean(1))
