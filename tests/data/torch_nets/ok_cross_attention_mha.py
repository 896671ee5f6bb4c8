import torch
import torch.nn as nn


class CrossAttention(nn.Module):
    def __init__(self, dim, kv_dim, heads):
        super().__init__()
        self.norm_q = nn.LayerNorm(dim)
        self.norm_kv = nn.LayerNorm(kv_dim)
        self.mha = nn.MultiheadAttention(dim, heads, kdim=kv_dim, vdim=kv_dim, batch_first=True)

    def forward(self, q, kv, key_padding_mask=None):
        kv = self.norm_kv(kv)
        out, w = self.mha(self.norm_q(q), kv, kv, key_padding_mask=key_padding_mask, need_weights=True)
        return q + out, w


class Perceiver(nn.Module):
    def __init__(self, n_latents=8, dim=32, in_dim=20, heads=4, depth=2, out=3):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(n_latents, dim) * 0.02)
        self.cross = CrossAttention(dim, in_dim, heads)
        layer = nn.TransformerEncoderLayer(d_model=dim, nhead=heads, dim_feedforward=dim * 4,
                                           activation="gelu", batch_first=True, norm_first=True)
        self.self_attn = nn.TransformerEncoder(layer, num_layers=depth, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = nn.Linear(dim, out)

    def forward(self, x, mask):
        latents = self.latents.unsqueeze(0).repeat(x.size(0), 1, 1)
        latents, weights = self.cross(latents, x, key_padding_mask=~(mask | True))
        latents = self.self_attn(latents)
        return self.head(latents.mean(1)), weights
