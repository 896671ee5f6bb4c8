import torch
import torch.nn as nn


class Quantizer(nn.Module):
    def __init__(self, n_codes=128, code_dim=16):
        super().__init__()
        self.register_buffer("codes", torch.randn(n_codes, code_dim))
        self.register_buffer("usage", torch.zeros(n_codes))

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).flatten(0, 2)
        dist = (flat.pow(2).sum(1, keepdim=True)
                - 2 * flat @ self.codes.t()
                + self.codes.pow(2).sum(1))
        idx = dist.argmin(dim=1)
        q = self.codes.index_select(0, idx)
        q = q.view(z.shape[0], *z.shape[2:], -1).permute(0, 3, 1, 2)
        return z + (q - z).detach(), idx
