import torch
import torch.nn as nn


class MaskedEncoder(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, dim * 2), nn.ReLU(), nn.Linear(dim * 2, dim))

    def forward(self, x, pad_mask):
        y, _ = self.attn(x, x, x, attn_mask=pad_mask)
        x = self.norm(x + y)
        return x + self.ff(x)
