from dataclasses import dataclass, field
from typing import List

import torch
import torch.nn as nn


@dataclass
class Config:
    n_num: int = 9
    d_token: int = 50
    heads: int = 8
    hidden: List[int] = field(default_factory=lambda: [64, 32])


class Tabular(nn.Module):
    """Feature-tokenizer transformer for tables of numbers."""

    def __init__(self, cfg: Config = None):
        super().__init__()
        cfg = cfg if cfg is not None else Config()
        self.weight = nn.Parameter(torch.randn(cfg.n_num, cfg.d_token) * 0.01)
        self.bias = nn.Parameter(torch.zeros(cfg.n_num, cfg.d_token))
        self.attn = nn.MultiheadAttention(cfg.d_token, cfg.heads, batch_first=True)
        dims = [cfg.d_token, *cfg.hidden]
        self.mlp = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(dims, dims[1:])])

    def forward(self, x):
        tokens = x.unsqueeze(-1) * self.weight + self.bias
        tokens = tokens + self.attn(tokens, tokens, tokens)[0]
        return self.mlp(tokens.mean(dim=1))
