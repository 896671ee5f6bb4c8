import torch
import torch.nn as nn


class TokenPool(nn.Module):
    def __init__(self, dim=32, n_cls=2, heads=4):
        super().__init__()
        self.cls = nn.Parameter(torch.zeros(1, n_cls, dim))
        self.attn = nn.MultiheadAttention(embed_dim=dim, num_heads=heads, batch_first=True)
        self.ln = nn.LayerNorm(dim)
        self.proj = nn.Linear(n_cls * dim, dim)

    def forward(self, tokens):
        B, N, D = tokens.shape
        cls = self.cls.expand(B, N, -1)
        out, _ = self.attn(cls, tokens, tokens)
        out = self.ln(cls + out)
        return self.proj(out.reshape(B, -1))
