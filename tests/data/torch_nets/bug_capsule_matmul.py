import torch
import torch.nn as nn


class CapsuleLayer(nn.Module):
    def __init__(self, num_caps=10, num_routes=8 * 4 * 4, in_dim=8, out_dim=16, iters=3):
        super(CapsuleLayer, self).__init__()
        self.iters = iters
        self.in_dim = in_dim
        self.primary = nn.Conv2d(32, 64, kernel_size=5, stride=2)
        self.W = nn.Parameter(0.01 * torch.randn(1, num_routes, num_caps, in_dim, out_dim))

    @staticmethod
    def squash(s, dim=-1):
        sq = torch.sum(s ** 2, dim=dim, keepdim=True)
        return sq / (1 + sq) * s / (sq.sqrt() + 1e-8)

    def forward(self, x):
        u = self.primary(x)
        u = self.squash(u.view(u.size(0), -1, self.in_dim))      # B, routes, 8
        u = u[:, :, None, :, None]                               # B, routes, 1, 8, 1
        u_hat = torch.matmul(self.W, u).squeeze(-1)              # B, routes, caps, 16
        b = torch.zeros_like(u_hat[..., :1])
        for _ in range(self.iters):
            v = self.squash((b.softmax(dim=2) * u_hat).sum(1, keepdim=True))
            b = b + (u_hat * v).sum(-1, keepdim=True)
        return v.squeeze(1)
