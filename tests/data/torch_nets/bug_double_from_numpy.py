import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class NeRF(nn.Module):
    def __init__(self, n_freq=6, width=64, depth=4, skips=(2,)):
        super().__init__()
        self.freqs = torch.from_numpy(2.0 ** np.arange(n_freq))
        self.skips = skips
        in_ch = 3 + 3 * 2 * n_freq
        self.pts_linears = nn.ModuleList(
            [nn.Linear(in_ch, width)]
            + [nn.Linear(width, width) if i not in skips else nn.Linear(width + in_ch, width) for i in range(depth - 1)])
        self.alpha_linear = nn.Linear(width, 1)
        self.rgb_linear = nn.Linear(width, 3)

    def encode(self, x):
        scaled = x[..., None, :] * self.freqs[:, None]
        return torch.cat([x, scaled.sin().flatten(-2), scaled.cos().flatten(-2)], dim=-1)

    def forward(self, pts):
        emb = self.encode(pts)
        h = emb
        for i, l in enumerate(self.pts_linears):
            h = F.relu(l(h))
            if i in self.skips:
                h = torch.cat([emb, h], -1)
        return torch.cat([torch.sigmoid(self.rgb_linear(h)), self.alpha_linear(h)], -1)
