import torch
import torch.nn as nn


class CausalBlock(nn.Module):
    def __init__(self, c_in, c_out, k, d):
        super().__init__()
        self.conv = nn.Conv1d(c_in, c_out, k,
                              padding=(k - 1) * d, dilation=d)
        self.res = nn.Conv1d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x):
        y = torch.relu(self.conv(x))
        return y + self.res(x)


class CausalNet(nn.Module):
    def __init__(self, n_feats=6, hidden=(16, 16, 16), k=3):
        super().__init__()
        blocks, c = [], n_feats
        for i, h in enumerate(hidden):
            blocks.append(CausalBlock(c, h, k, 2 ** i))
            c = h
        self.tcn = nn.Sequential(*blocks)
        self.head = nn.Linear(c, 1)

    def forward(self, x):
        return self.head(self.tcn(x)[..., -1])
